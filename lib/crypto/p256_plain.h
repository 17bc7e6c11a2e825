/*
 * p256_plain.h — ECDSA over P-256 without a library: what smart contracts verify with.
 *
 * The same answer as p256_verify() of p256.h for every input; made for a machine that counts each
 * 64-bit operation and has no wider multiplication. Public data only: the time it takes depends on
 * the input.  Freestanding.  Thread: any.
 * Rule: FIPS 186-5, section 6.4; SP 800-186, section 3.2.1.3.
 */
#ifndef CRYPTO_P256_PLAIN_H
#define CRYPTO_P256_PLAIN_H

#include "base/def.h"

/* Key x ‖ y, signature r ‖ s, big-endian. False also when the key is no point of the curve. */
MUST_USE bool p256_plain_verify(const uint8_t key[64], const uint8_t digest[32],
                                const uint8_t sig[64]);
/* Is x ‖ y a point of the curve? */
MUST_USE bool p256_plain_on_curve(const uint8_t key[64]);

/* Odd multiples 1, 3, 5 … of the generator: x and y times 2^261 modulo p, in limbs of 29 bits,
 * least first. */
#define P256_LIMBS    9
#define P256_MULTIPLE 32
extern const int32_t p256_plain_multiples[P256_MULTIPLE][2][P256_LIMBS];

#endif
