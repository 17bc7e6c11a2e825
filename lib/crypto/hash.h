/* hash.h — SHA-256, at once and in pieces (libsodium). */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <sodium.h>

#include "base/buf.h"
#include "crypto/hash256.h"

struct hash256 sha256(struct str s);
bool hash_eq(const struct hash256 *a, const struct hash256 *b); /* not constant time */
bool hash_is_zero(const struct hash256 *h);
void hash_put_hex(struct buf *out, const struct hash256 *h);
void hash_put_base58(struct buf *out, const struct hash256 *h);
struct str hash_str(const struct hash256 *h); /* borrowed */
MUST_USE bool hash_from_hex(struct str text, struct hash256 *out);
MUST_USE bool hash_from_base58(struct str text, struct hash256 *out);

struct sha256 {
    crypto_hash_sha256_state st;
};
void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, struct str bytes);
struct hash256 sha256_final(struct sha256 *s);

#endif
