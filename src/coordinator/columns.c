#include "coordinator/columns.h"

#include <string.h>

#include "codec/hex.h"

void col_text(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    struct str v = db_text(s, col);

    json_key(b, key);
    if (v.ptr)
        json_put_str(b, v);
    else
        json_put_null(b);
}

void col_raw(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    struct str v = db_text(s, col);

    json_key(b, key);
    if (v.ptr)
        json_put_raw(b, v);
    else
        json_put_null(b);
}

void col_u64(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    json_key(b, key);
    if (db_null(s, col))
        json_put_null(b);
    else
        json_put_u64(b, db_u64(s, col));
}

void col_bool(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    json_key(b, key);
    if (db_null(s, col))
        json_put_null(b);
    else
        json_put_bool(b, db_bool(s, col));
}

void col_u128(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    json_key(b, key);
    if (db_null(s, col))
        json_put_null(b);
    else
        json_put_u128_str(b, db_u128(s, col));
}

void col_hex(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    struct str v = db_blob(s, col);
    char text[65];
    struct buf hex = BUF_OVER(text);

    hex_put(&hex, v.ptr, v.len);
    json_key(b, key);
    json_put_str(b, buf_str(&hex));
}

void col_none(struct buf *b, const char *key)
{
    json_key(b, key);
    json_put_null(b);
}

enum err rows_write(struct db_stmt **s, void (*put)(struct buf *b, const struct db_stmt *s),
                    struct buf *out, struct buf *why)
{
    enum err e;

    json_arr(out);
    while (!(e = db_step(*s, why))) {
        json_obj(out);
        put(out, *s);
        json_obj_end(out);
    }
    json_arr_end(out);
    db_done(s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

struct str kept(struct arena *a, struct str s)
{
    return s.ptr ? arena_str(a, s) : STR_NONE;
}

struct hash256 hash_col(const struct db_stmt *s, unsigned col)
{
    struct hash256 h = {{0}};
    struct str v = db_blob(s, col);

    if (v.len == sizeof(h.b))
        memcpy(h.b, v.ptr, v.len);
    return h;
}
