/* put.c — members of JSON objects; see near.h. */
#include "sdk/near.h"

void put_str(struct buf *b, const char *key, struct str s)
{
    json_key(b, key);
    json_put_str(b, s);
}

void put_raw(struct buf *b, const char *key, struct str value)
{
    json_key(b, key);
    json_put_raw(b, value.len ? value : STR("null"));
}

void put_opt_str(struct buf *b, const char *key, struct str s)
{
    if (s.len)
        put_str(b, key, s);
    else
        put_raw(b, key, s);
}

void put_u64(struct buf *b, const char *key, uint64_t v)
{
    json_key(b, key);
    json_put_u64(b, v);
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

void put_id(struct buf *b, const char *key, const struct yield_id *id)
{
    json_key(b, key);
    json_arr(b);
    for (size_t i = 0; i < sizeof(id->b); i++)
        json_put_u64(b, id->b[i]);
    json_arr_end(b);
}
