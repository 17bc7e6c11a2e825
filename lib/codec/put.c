/* put.c — see put.h. */
#include "codec/put.h"

#include "codec/base64.h"
#include "codec/hex.h"

void put_str(struct buf *b, const char *key, struct str s)
{
    json_key(b, key);
    json_put_str(b, s);
}

void put_opt_str(struct buf *b, const char *key, struct str s)
{
    if (s.len)
        put_str(b, key, s);
    else
        put_null(b, key);
}

void put_text(struct buf *b, const char *key, struct str s)
{
    if (s.ptr)
        put_str(b, key, s);
    else
        put_null(b, key);
}

void put_z(struct buf *b, const char *key, const char *z)
{
    put_str(b, key, str_of(z));
}

void put_u64(struct buf *b, const char *key, uint64_t v)
{
    json_key(b, key);
    json_put_u64(b, v);
}

void put_opt_u64(struct buf *b, const char *key, uint64_t v)
{
    if (v)
        put_u64(b, key, v);
    else
        put_null(b, key);
}

void put_u128(struct buf *b, const char *key, u128 v)
{
    json_key(b, key);
    json_put_u128_str(b, v);
}

void put_bool(struct buf *b, const char *key, bool v)
{
    json_key(b, key);
    json_put_bool(b, v);
}

void put_null(struct buf *b, const char *key)
{
    put_raw(b, key, STR_NONE);
}

void put_raw(struct buf *b, const char *key, struct str value)
{
    json_key(b, key);
    json_put_raw(b, value.len ? value : STR("null"));
}

void put_hex(struct buf *b, const char *key, struct str bytes)
{
    json_key(b, key);
    json_str_open(b);
    hex_put(b, bytes.ptr, bytes.len);
    json_str_close(b);
}

void put_base64(struct buf *b, const char *key, struct str bytes)
{
    json_key(b, key);
    json_str_open(b);
    base64_put(b, bytes.ptr, bytes.len);
    json_str_close(b);
}
