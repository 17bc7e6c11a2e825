/*
 * ed25519_loose.h — Ed25519 verification as nodes of NEAR do it: R must be the encoding of
 * s·B - H(R ‖ A ‖ M)·A, s must be below the order, and nothing more is asked.
 *
 * Unlike libsodium's, it takes keys and R of small order, and keys whose y is not reduced: what
 * ed25519-dalek's `verify` takes. Who wants only good keys asks ed25519_verify().
 *
 * Public data only: nothing here is constant time.  Memory: none.  Thread: any.
 * Source: RFC 8032, 5.1.7, without the cofactor; the choice is the ed25519-dalek 2 crate's.
 */
#ifndef CRYPTO_ED25519_LOOSE_H
#define CRYPTO_ED25519_LOOSE_H

#include "crypto/ed25519.h"

MUST_USE bool ed25519_verify_loose(const struct ed25519_pub *pub, struct str msg,
                                   const struct ed25519_sig *sig);

#endif
