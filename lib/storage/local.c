/* local.c — see local.h. */
#include "storage/local.h"

#include "base/clock.h"
#include "codec/wire.h"

static const struct quota quota = {STORAGE_BYTES_MAX, STORAGE_KEYS_MAX};

static enum err finish(struct db *d, enum err e, struct buf *why)
{
    if (!e)
        return db_commit(d, why);
    db_rollback(d);
    return e;
}

static enum err put(void *ctx, const struct space *s, const struct put *p, bool *done,
                    struct buf *why)
{
    struct local_store *l = ctx;
    struct buf bytes = BUF_INIT(2 * (STORAGE_KEY_MAX + STORAGE_VALUE_MAX));
    struct stored now;
    enum err e = db_begin(l->db, why);

    if (!e)
        e = finish(
            l->db,
            records_put(l->db, s, p, &quota, clock_unix_ns() / 1000000, done, &now, &bytes, why),
            why);
    buf_release(&bytes);
    return e;
}

static enum err get(void *ctx, const struct space *s, const struct hash256 *key, struct stored *out,
                    struct buf *bytes, struct buf *why)
{
    struct local_store *l = ctx;

    return records_get(l->db, s, key, out, bytes, why);
}

static enum err has(void *ctx, const struct space *s, const struct hash256 *key, bool *out,
                    struct buf *why)
{
    struct local_store *l = ctx;

    return records_has(l->db, s, key, out, why);
}

static enum err remove_one(void *ctx, const struct space *s, const struct hash256 *key, bool *was,
                           struct buf *why)
{
    struct local_store *l = ctx;
    enum err e = db_begin(l->db, why);

    return e ? e : finish(l->db, records_delete(l->db, s, key, was, why), why);
}

static enum err clear(void *ctx, const struct space *s, const struct hash256 *wasm, struct buf *why)
{
    struct local_store *l = ctx;
    enum err e = db_begin(l->db, why);

    return e ? e : finish(l->db, records_clear(l->db, s, wasm, why), why);
}

static enum err list(void *ctx, const struct space *s, const struct hash256 *after, uint64_t limit,
                     stored_fn *each, void *each_ctx, struct buf *why)
{
    struct local_store *l = ctx;

    return records_list(l->db, s, after, 0, limit, each, each_ctx, why);
}

static enum err seal(void *ctx UNUSED, const struct space *s UNUSED, struct str key,
                     struct str value, bool is_public UNUSED, struct buf *sealed_key,
                     struct buf *sealed_value, struct buf *why UNUSED)
{
    buf_add_str(sealed_key, key);
    buf_add_str(sealed_value, value);
    return ERR_OK;
}

static enum err open_one(void *ctx UNUSED, const struct space *s UNUSED, const struct stored *r,
                         struct buf *value, struct buf *why UNUSED)
{
    buf_add_str(value, r->value);
    return ERR_OK;
}

static enum err open_keys(void *ctx UNUSED, const struct space *s UNUSED, const struct stored *r,
                          size_t n, struct buf *keys, struct buf *why UNUSED)
{
    for (size_t i = 0; i < n; i++)
        wr_bytes(keys, r[i].key);
    return ERR_OK;
}

static enum err project(void *ctx UNUSED, struct str id UNUSED, struct buf *uuid UNUSED,
                        struct buf *why UNUSED)
{
    return ERR_EMPTY; /* there is one project only */
}

enum err local_store_open(struct local_store *l, const char *path, struct buf *why)
{
    const struct db_opts o = {.path = path, .durable = DB_NORMAL, .shared = path != NULL};
    enum err e;

    *l = (struct local_store){.store = {.ctx = l,
                                        .put = put,
                                        .get = get,
                                        .has = has,
                                        .remove = remove_one,
                                        .clear = clear,
                                        .list = list,
                                        .seal = seal,
                                        .open = open_one,
                                        .open_keys = open_keys,
                                        .project = project}};
    e = db_open(&o, &l->db, why);
    if (!e)
        e = records_migrate(l->db, why);
    if (e)
        local_store_close(l);
    return e;
}

void local_store_close(struct local_store *l)
{
    db_close(l->db);
    l->db = NULL;
}
