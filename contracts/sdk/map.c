/* map.c — see map.h. Rows: prefix 'n' → count, prefix 'k' key → index value, prefix 'i' index →
 * key. */
#include "sdk/map.h"

struct map map_of(char tag, struct str rest)
{
    return (struct map){near_key(tag, rest)};
}

static struct str row_key(struct map m, char kind, struct str rest)
{
    struct buf b = near_buf();
    buf_add_str(&b, m.prefix);
    buf_add_byte(&b, (uint8_t)kind);
    buf_add_str(&b, rest);
    REQUIRE(!b.full, "too long");
    return buf_str(&b);
}

static struct str index_key(struct map m, uint32_t i)
{
    const uint8_t be[] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
    return row_key(m, 'i', str_from(be, sizeof(be)));
}

uint32_t map_count(struct map m)
{
    struct str row;
    if (!near_read(row_key(m, 'n', STR_NONE), &row))
        return 0;
    struct rd r = rd_over(row);
    return rd_u32(&r);
}

static void set_count(struct map m, uint32_t n)
{
    struct buf b = BUF_INIT(4);
    struct str key = row_key(m, 'n', STR_NONE);
    wr_u32(&b, n);
    if (n)
        near_write_buf(key, &b);
    else
        near_remove(key);
}

static void put_row(struct map m, struct str key, uint32_t index, struct str value)
{
    struct buf b = near_buf();
    wr_u32(&b, index);
    buf_add_str(&b, value);
    near_write_buf(row_key(m, 'k', key), &b);
}

static bool get_row(struct map m, struct str key, uint32_t *index, struct str *value)
{
    struct str row;
    if (!near_read(row_key(m, 'k', key), &row))
        return false;
    struct rd r = rd_over(row);
    *index = rd_u32(&r);
    *value = str_skip(row, 4);
    return true;
}

bool map_get(struct map m, struct str key, struct str *value)
{
    uint32_t index;
    return get_row(m, key, &index, value);
}

bool map_has(struct map m, struct str key)
{
    return near_has(row_key(m, 'k', key));
}

bool map_put(struct map m, struct str key, struct str value)
{
    uint32_t index;
    struct str old;
    if (get_row(m, key, &index, &old)) {
        put_row(m, key, index, value);
        return false;
    }
    index = map_count(m);
    put_row(m, key, index, value);
    near_write(index_key(m, index), key);
    set_count(m, index + 1);
    return true;
}

bool map_remove(struct map m, struct str key)
{
    uint32_t index, last;
    struct str value, last_key;
    if (!get_row(m, key, &index, &value))
        return false;
    near_remove(row_key(m, 'k', key));
    last = map_count(m) - 1;
    BUG_ON(!near_take(index_key(m, last), &last_key));
    if (last != index) {
        uint32_t was;
        BUG_ON(!get_row(m, last_key, &was, &value));
        put_row(m, last_key, index, value);
        near_write(index_key(m, index), last_key);
    }
    set_count(m, last);
    return true;
}

bool map_at(struct map m, uint32_t i, struct str *key, struct str *value)
{
    if (!near_read(index_key(m, i), key))
        return false;
    return !value || map_get(m, *key, value);
}
