#include "coordinator/columns.h"

#include <string.h>

#include "codec/put.h"

void col_text(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    put_text(b, key, db_text(s, col));
}

void col_raw(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    put_raw(b, key, db_text(s, col));
}

void col_u64(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    if (db_null(s, col))
        put_null(b, key);
    else
        put_u64(b, key, db_u64(s, col));
}

void col_bool(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    if (db_null(s, col))
        put_null(b, key);
    else
        put_bool(b, key, db_bool(s, col));
}

void col_u128(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    if (db_null(s, col))
        put_null(b, key);
    else
        put_u128(b, key, db_u128(s, col));
}

void col_hex(struct buf *b, const char *key, const struct db_stmt *s, unsigned col)
{
    put_hex(b, key, db_blob(s, col));
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
