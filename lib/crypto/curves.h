/*
 * curves.h — ECDSA over secp256k1 (libsecp256k1) and P-256 (OpenSSL), as contracts may ask for.
 *
 * Public data only: nothing here is constant time.  Thread: any.
 */
#ifndef CRYPTO_CURVES_H
#define CRYPTO_CURVES_H

#include "base/str.h"

/*
 * The key that signed `hash`, as x ‖ y. `sig` is r ‖ s, `v` 0…3. False when there is none, when r
 * or s is not below the order, or, with `low_s`, when s is in its upper half.
 */
MUST_USE bool secp256k1_recover_key(const uint8_t hash[32], const uint8_t sig[64], unsigned v,
                                    bool low_s, uint8_t out[64]);

/* Is r ‖ s a signature at all: both in 1 … order-1? */
bool p256_signature_ok(const uint8_t sig[64]);
/* `key` is a point of 33 bytes, compressed (2, 3) or compact (5: the lesser y); `digest` is the
 * hash itself, 16 bytes at least. */
MUST_USE bool p256_verify_digest(const uint8_t sig[64], struct str digest, const uint8_t key[33]);

#endif
