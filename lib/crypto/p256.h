/*
 * p256.h — ECDSA over P-256 with keys as x ‖ y, and SHA-384 (OpenSSL), as TDX evidence uses them.
 *
 * Signatures are r ‖ s, big-endian, both in 1 … order-1; a high s is as good as a low one.
 * Verification handles public data only and is not constant time.  Thread: any.
 */
#ifndef CRYPTO_P256_H
#define CRYPTO_P256_H

#include "base/str.h"

#define P256_KEY_BYTES 64
#define P256_SIG_BYTES 64
#define SHA384_BYTES   48

/* False also when `key` is no point of the curve. */
MUST_USE bool p256_verify(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64]);

struct p256_key; /* a private key */
struct p256_key *p256_generate(void);
/* The key of a scalar, big-endian; NULL when it is 0 or not below the order. */
struct p256_key *p256_from_scalar(const uint8_t scalar[32]);
void p256_free(struct p256_key *k); /* wipes */
void p256_public(const struct p256_key *k, uint8_t out[64]);
void p256_sign(const struct p256_key *k, const uint8_t digest[32], uint8_t out[64]);

void sha384(struct str s, uint8_t out[48]);

#endif
