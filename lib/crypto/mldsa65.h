/*
 * mldsa65.h — verifying signatures of ML-DSA-65, with an empty context.
 *
 * Public data only: nothing here is constant time.  Memory: none.  Thread: any.
 * Source: FIPS 204, algorithms 3 and 8 and what they call.
 */
#ifndef CRYPTO_MLDSA65_H
#define CRYPTO_MLDSA65_H

#include "base/str.h"

#define MLDSA65_KEY 1952
#define MLDSA65_SIG 3309

MUST_USE bool mldsa65_verify(const uint8_t key[MLDSA65_KEY], struct str msg,
                             const uint8_t sig[MLDSA65_SIG]);

#endif
