/*
 * keccak.h — the hash functions over the Keccak permutation: SHA-3 (FIPS 202) and Keccak as it was
 * submitted (Ethereum's), which differ in one byte of padding; and SHAKE, with output of any
 * length.
 *
 * Thread: any.
 */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include "base/str.h"

void keccak256(struct str s, uint8_t out[32]);
void keccak512(struct str s, uint8_t out[64]);
void sha3_256(struct str s, uint8_t out[32]);
void sha3_384(struct str s, uint8_t out[48]);
void sha3_512(struct str s, uint8_t out[64]);

/* SHAKE: absorb as often as needed, then squeeze as often as needed; never absorb again. */
struct shake {
    uint64_t s[25];
    size_t rate, at;
    bool squeezing;
};

void shake128_init(struct shake *k);
void shake256_init(struct shake *k);
void shake_absorb(struct shake *k, const void *p, size_t n);
void shake_squeeze(struct shake *k, uint8_t *out, size_t n);

#endif
