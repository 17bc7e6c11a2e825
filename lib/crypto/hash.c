/* hash.c — see hash.h. */
#include "crypto/hash.h"

#include <string.h>

#include "codec/base58.h"
#include "codec/hex.h"

struct hash256 sha256(struct str s)
{
    struct hash256 h;

    crypto_hash_sha256(h.b, (const uint8_t *)s.ptr, s.len);
    return h;
}

bool hash_eq(const struct hash256 *a, const struct hash256 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool hash_is_zero(const struct hash256 *h)
{
    static const struct hash256 zero;

    return hash_eq(h, &zero);
}

void hash_put_hex(struct buf *out, const struct hash256 *h)
{
    hex_put(out, h->b, sizeof(h->b));
}

void hash_put_base58(struct buf *out, const struct hash256 *h)
{
    base58_put(out, h->b, sizeof(h->b));
}

struct str hash_str(const struct hash256 *h)
{
    return str_from(h->b, sizeof(h->b));
}

bool hash_from_hex(struct str text, struct hash256 *out)
{
    return hex_get(text, out->b, sizeof(out->b));
}

bool hash_from_base58(struct str text, struct hash256 *out)
{
    return base58_get(text, out->b, sizeof(out->b));
}

void sha256_init(struct sha256 *s)
{
    crypto_hash_sha256_init(&s->st);
}

void sha256_add(struct sha256 *s, struct str bytes)
{
    crypto_hash_sha256_update(&s->st, (const uint8_t *)bytes.ptr, bytes.len);
}

struct hash256 sha256_final(struct sha256 *s)
{
    struct hash256 h;

    crypto_hash_sha256_final(&s->st, h.b);
    return h;
}
