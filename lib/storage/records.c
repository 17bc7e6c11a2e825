/* records.c — see records.h. */
#include "storage/records.h"

/*
 * `storage_use` has one row for each project that ever kept something, with the sums that each
 * change brings up to date, so that a quota costs one look and no count.
 */
static const struct db_migration migrations[] = {
    {1, "CREATE TABLE storage ("
        "  project TEXT NOT NULL,"
        "  account TEXT NOT NULL,"
        "  key_hash BYTEA NOT NULL,"
        "  key BYTEA NOT NULL,"
        "  value BYTEA NOT NULL,"
        "  wasm BYTEA NOT NULL,"
        "  is_public BIGINT NOT NULL,"
        "  changed_ms BIGINT NOT NULL,"
        "  PRIMARY KEY (project, account, key_hash)"
        ") STRICT;"
        "CREATE TABLE storage_use ("
        "  project TEXT PRIMARY KEY NOT NULL,"
        "  bytes BIGINT NOT NULL,"
        "  records BIGINT NOT NULL,"
        "  erased BIGINT NOT NULL"
        ") STRICT"},
};

enum err records_migrate(struct db *d, struct buf *why)
{
    return db_migrate(d, "storage", migrations, countof(migrations), why);
}

static void bind_space(struct db_stmt *st, const struct space *s)
{
    db_bind_text(st, 1, s->project);
    db_bind_text(st, 2, s->account);
}

static void hash_read(struct hash256 *out, struct str blob)
{
    BUG_ON(blob.len != sizeof(out->b));
    for (size_t i = 0; i < blob.len; i++)
        out->b[i] = (uint8_t)blob.ptr[i];
}

enum err records_get(struct db *d, const struct space *s, const struct hash256 *key,
                     struct stored *out, struct buf *bytes, struct buf *why)
{
    struct db_stmt *st = NULL;
    enum err e = db_stmt(d,
                         "SELECT key, value, wasm, is_public FROM storage"
                         " WHERE project = $1 AND account = $2 AND key_hash = $3",
                         &st, why);
    size_t at = bytes->len, mid;

    if (e)
        return e;
    bind_space(st, s);
    db_bind_blob(st, 3, hash_str(key));
    e = db_step(st, why);
    if (!e) {
        *out = (struct stored){.key_hash = *key, .is_public = db_bool(st, 3)};
        buf_add_str(bytes, db_blob(st, 0));
        mid = bytes->len;
        buf_add_str(bytes, db_blob(st, 1));
        hash_read(&out->wasm, db_blob(st, 2));
        out->key = str_head(str_skip(buf_str(bytes), at), mid - at);
        out->value = str_skip(buf_str(bytes), mid);
        if (bytes->full)
            e = err_put(why, ERR_TOO_BIG, "a record is larger than there is room for");
    }
    db_done(&st);
    return e;
}

enum err records_has(struct db *d, const struct space *s, const struct hash256 *key, bool *out,
                     struct buf *why)
{
    struct db_stmt *st = NULL;
    enum err e = db_stmt(
        d, "SELECT 1 FROM storage WHERE project = $1 AND account = $2 AND key_hash = $3", &st, why);

    if (e)
        return e;
    bind_space(st, s);
    db_bind_blob(st, 3, hash_str(key));
    e = db_step(st, why);
    db_done(&st);
    if (e && e != ERR_EMPTY)
        return e;
    *out = !e;
    return ERR_OK;
}

/* What a project uses; ERR_ABSENT when it was erased. */
static enum err use_get(struct db *d, struct str project, struct quota *out, struct buf *why)
{
    struct db_stmt *st = NULL;
    enum err e =
        db_stmt(d, "SELECT bytes, records, erased FROM storage_use WHERE project = $1", &st, why);

    *out = (struct quota){0};
    if (e)
        return e;
    db_bind_text(st, 1, project);
    e = db_step(st, why);
    if (!e && db_bool(st, 2))
        e = err_put(why, ERR_ABSENT, "the project was deleted, and its storage with it");
    else if (!e)
        *out = (struct quota){.bytes = db_u64(st, 0), .keys = db_u64(st, 1)};
    db_done(&st);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err records_use(struct db *d, struct str project, struct quota *out, struct buf *why)
{
    enum err e = use_get(d, project, out, why);

    if (e == ERR_ABSENT && why)
        buf_clear(why);
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err use_set(struct db *d, struct str project, const struct quota *use, bool erased,
                        struct buf *why)
{
    struct db_stmt *st = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO storage_use (project, bytes, records, erased)"
                         " VALUES ($1, $2, $3, $4) ON CONFLICT (project) DO UPDATE SET"
                         " bytes = excluded.bytes, records = excluded.records,"
                         " erased = excluded.erased",
                         &st, why);

    if (e)
        return e;
    db_bind_text(st, 1, project);
    db_bind_u64(st, 2, use->bytes);
    db_bind_u64(st, 3, use->keys);
    db_bind_bool(st, 4, erased);
    e = db_run(st, why);
    db_done(&st);
    return e;
}

static enum err write(struct db *d, const struct space *s, const struct stored *r, uint64_t now_ms,
                      struct buf *why)
{
    struct db_stmt *st = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO storage (project, account, key_hash, key, value, wasm,"
                         " is_public, changed_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                         " ON CONFLICT (project, account, key_hash) DO UPDATE SET"
                         " key = excluded.key, value = excluded.value, wasm = excluded.wasm,"
                         " is_public = excluded.is_public, changed_ms = excluded.changed_ms",
                         &st, why);

    if (e)
        return e;
    bind_space(st, s);
    db_bind_blob(st, 3, hash_str(&r->key_hash));
    db_bind_blob(st, 4, r->key);
    db_bind_blob(st, 5, r->value.ptr ? r->value : STR(""));
    db_bind_blob(st, 6, hash_str(&r->wasm));
    db_bind_bool(st, 7, r->is_public);
    db_bind_u64(st, 8, now_ms);
    e = db_run(st, why);
    db_done(&st);
    return e;
}

/* Would the project stay within its quota, and what would it use then? */
static enum err charge(const struct quota *q, const struct stored *old, const struct stored *r,
                       struct quota *use, struct buf *why)
{
    uint64_t was = old ? old->key.len + old->value.len : 0, is = r->key.len + r->value.len;

    use->bytes = use->bytes - was + is;
    use->keys += !old;
    if (use->bytes > q->bytes && is > was)
        return err_put(why, ERR_TOO_BIG,
                       "the project's storage is full: it may keep %llu bytes; delete what is no "
                       "longer needed",
                       (unsigned long long)q->bytes);
    if (use->keys > q->keys && !old)
        return err_put(why, ERR_TOO_BIG,
                       "the project's storage is full: it may keep %llu keys; delete what is no "
                       "longer needed",
                       (unsigned long long)q->keys);
    return ERR_OK;
}

enum err records_put(struct db *d, const struct space *s, const struct put *p,
                     const struct quota *q, uint64_t now_ms, bool *done, struct stored *now,
                     struct buf *bytes, struct buf *why)
{
    const struct stored *r = &p->record;
    struct quota use;
    bool there, go;
    enum err e;

    if (r->key.len > STORAGE_KEY_MAX + STORAGE_SEALED_MORE ||
        r->value.len > STORAGE_VALUE_MAX + STORAGE_SEALED_MORE)
        return err_put(why, ERR_TOO_BIG, "a key has at most %u bytes and a value %u",
                       STORAGE_KEY_MAX, STORAGE_VALUE_MAX);
    e = use_get(d, s->project, &use, why);
    if (e)
        return e;
    *now = (struct stored){0};
    e = records_get(d, s, &r->key_hash, now, bytes, why);
    if (e && e != ERR_EMPTY)
        return e;
    there = !e;
    go = p->when == WHEN_ALWAYS || (p->when == WHEN_ABSENT && !there) ||
         (p->when == WHEN_EQUAL && there && str_eq(now->value, p->expected));
    *done = go;
    if (!go)
        return ERR_OK;
    e = charge(q, there ? now : NULL, r, &use, why);
    if (!e)
        e = write(d, s, r, now_ms, why);
    return e ? e : use_set(d, s->project, &use, false, why);
}

/* Delete and take off the sums. `more` narrows it down to $3. */
static enum err drop(struct db *d, const char *sum, const char *sql, const struct space *s,
                     struct str third, uint64_t *n, struct buf *why)
{
    struct db_stmt *st = NULL;
    struct quota use, gone = {0};
    enum err e = use_get(d, s->project, &use, why);

    *n = 0;
    if (e == ERR_ABSENT) {
        if (why)
            buf_clear(why);
        return ERR_OK;
    }
    if (!e)
        e = db_stmt(d, sum, &st, why);
    if (e)
        return e;
    bind_space(st, s);
    if (third.ptr)
        db_bind_blob(st, 3, third);
    e = db_step(st, why);
    if (!e)
        gone = (struct quota){.bytes = db_u64(st, 0), .keys = db_u64(st, 1)};
    db_done(&st);
    if (e || !gone.keys)
        return e;
    e = db_stmt(d, sql, &st, why);
    if (e)
        return e;
    bind_space(st, s);
    if (third.ptr)
        db_bind_blob(st, 3, third);
    e = db_run(st, why);
    db_done(&st);
    use.bytes -= gone.bytes;
    use.keys -= gone.keys;
    *n = gone.keys;
    return e ? e : use_set(d, s->project, &use, false, why);
}

#define OF_SPACE " FROM storage WHERE project = $1 AND account = $2"
#define SUM      "SELECT COALESCE(SUM(LENGTH(key) + LENGTH(value)), 0), COUNT(*)" OF_SPACE

enum err records_delete(struct db *d, const struct space *s, const struct hash256 *key, bool *was,
                        struct buf *why)
{
    uint64_t n;
    enum err e = drop(d, SUM " AND key_hash = $3", "DELETE" OF_SPACE " AND key_hash = $3", s,
                      hash_str(key), &n, why);

    if (!e)
        *was = n > 0;
    return e;
}

enum err records_clear(struct db *d, const struct space *s, const struct hash256 *wasm,
                       struct buf *why)
{
    uint64_t n;

    if (wasm)
        return drop(d, SUM " AND wasm = $3", "DELETE" OF_SPACE " AND wasm = $3", s, hash_str(wasm),
                    &n, why);
    return drop(d, SUM, "DELETE" OF_SPACE, s, STR_NONE, &n, why);
}

enum err records_erase(struct db *d, struct str project, struct buf *why)
{
    const struct quota nothing = {0};
    struct db_stmt *st = NULL;
    enum err e = db_stmt(d, "DELETE FROM storage WHERE project = $1", &st, why);

    if (e)
        return e;
    db_bind_text(st, 1, project);
    e = db_run(st, why);
    db_done(&st);
    return e ? e : use_set(d, project, &nothing, true, why);
}

enum err records_list(struct db *d, const struct space *s, const struct hash256 *after,
                      uint64_t offset, uint64_t limit, stored_fn *each, void *ctx, struct buf *why)
{
    struct db_stmt *st = NULL;
    enum err e = db_stmt(d,
                         "SELECT key_hash, key, wasm, is_public FROM storage"
                         " WHERE project = $1 AND account = $2 AND key_hash > $3"
                         " ORDER BY key_hash LIMIT $4 OFFSET $5",
                         &st, why);

    if (e)
        return e;
    bind_space(st, s);
    db_bind_blob(st, 3, after ? hash_str(after) : STR(""));
    db_bind_u64(st, 4, limit);
    db_bind_u64(st, 5, offset);
    while (!(e = db_step(st, why))) {
        struct stored r = {.key = db_blob(st, 1), .is_public = db_bool(st, 3)};

        hash_read(&r.key_hash, db_blob(st, 0));
        hash_read(&r.wasm, db_blob(st, 2));
        e = each(ctx, &r, why);
        if (e)
            break;
    }
    db_done(&st);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err records_count(struct db *d, const struct space *s, uint64_t *out, struct buf *why)
{
    struct db_stmt *st = NULL;
    enum err e = db_stmt(d, "SELECT COUNT(*)" OF_SPACE, &st, why);

    if (e)
        return e;
    bind_space(st, s);
    e = db_step(st, why);
    if (!e)
        *out = db_u64(st, 0);
    db_done(&st);
    return e;
}
