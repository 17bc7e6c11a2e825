/*
 * keccak.h — the hash functions over the Keccak permutation: SHA-3 (FIPS 202) and Keccak as it was
 * submitted (Ethereum's), which differ in one byte of padding.
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

#endif
