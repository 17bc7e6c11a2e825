/* store.c — see store.h. */
#include "devnet/store.h"

#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "codec/wire.h"
#include "db/db.h"

#define RESTORE_BLOCKS 64 /* read back into memory at start */
#define META_NAME      "chain"

struct store {
    struct db *db;
    pthread_mutex_t lock;
};

static const struct db_migration migrations[] = {
    {1, "CREATE TABLE state (k BYTEA PRIMARY KEY, v BYTEA NOT NULL) STRICT;"
        "CREATE TABLE block (height BIGINT PRIMARY KEY, hash BYTEA NOT NULL, body BYTEA NOT NULL) "
        "STRICT;"
        "CREATE TABLE ids (id BIGINT PRIMARY KEY, height BIGINT NOT NULL) STRICT;"
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value BYTEA NOT NULL) STRICT;"},
};

enum err store_open(const char *home, struct store **out, struct buf *why)
{
    struct buf path = BUF_INIT(4096);
    struct store *s = mem_new(struct store);
    struct db_opts o = {.durable = DB_NORMAL};
    enum err e;

    pthread_mutex_init(&s->lock, NULL);
    buf_addf(&path, "%s/%s", home, STORE_FILE);
    o.path = buf_z(&path);
    e = db_open(&o, &s->db, why);
    if (!e)
        e = db_migrate(s->db, "devnet", migrations, countof(migrations), why);
    if (e) {
        store_close(s);
        s = NULL;
    } else {
        *out = s;
    }
    buf_release(&path);
    return e;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    db_close(s->db);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

/* ------------------------------------------------------------------ writing */

static enum err put_rows(struct store *s, const struct kv_row *rows, size_t n, struct buf *why)
{
    struct db_stmt *put = NULL, *del = NULL;
    enum err e;

    e = db_stmt(s->db,
                "INSERT INTO state (k, v) VALUES ($1, $2)"
                " ON CONFLICT (k) DO UPDATE SET v = excluded.v",
                &put, why);
    if (!e)
        e = db_stmt(s->db, "DELETE FROM state WHERE k = $1", &del, why);
    for (size_t i = 0; !e && i < n; i++) {
        struct db_stmt *q = rows[i].after ? put : del;

        db_again(q);
        db_bind_blob(q, 1, rows[i].key);
        if (rows[i].after)
            db_bind_blob(q, 2, kv_val_str(rows[i].after));
        e = db_run(q, why);
    }
    db_done(&put);
    db_done(&del);
    return e;
}

static enum err put_block(struct store *s, const struct block *b, struct str bytes, struct buf *why)
{
    struct db_stmt *q = NULL;
    enum err e;

    e = db_stmt(s->db, "INSERT INTO block (height, hash, body) VALUES ($1, $2, $3)", &q, why);
    if (e)
        return e;
    db_bind_u64(q, 1, b->height);
    db_bind_blob(q, 2, str_from(b->hash.b, sizeof(b->hash.b)));
    db_bind_blob(q, 3, bytes);
    e = db_run(q, why);
    db_done(&q);
    return e;
}

/*
 * Ids are hashes: eight of their bytes, with the kind in the lowest two bits, are a key that is
 * never met twice in practice. Who looks something up sees in the block whether it is the one.
 */
static int64_t key_of_id(enum history_kind kind, const struct hash256 *id)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | id->b[i];
    return (int64_t)((v & ~UINT64_C(3)) | kind);
}

static enum err put_id(struct db_stmt *q, enum history_kind kind, const struct hash256 *id,
                       uint64_t height, struct buf *why)
{
    db_again(q);
    db_bind_i64(q, 1, key_of_id(kind, id));
    db_bind_u64(q, 2, height);
    return db_run(q, why);
}

static enum err put_ids(struct store *s, const struct block *b, struct buf *why)
{
    struct db_stmt *q = NULL;
    enum err e;

    e = db_stmt(s->db,
                "INSERT INTO ids (id, height) VALUES ($1, $2)"
                " ON CONFLICT (id) DO UPDATE SET height = excluded.height",
                &q, why);
    if (!e)
        e = put_id(q, HISTORY_BLOCK, &b->hash, b->height, why);
    for (size_t i = 0; !e && i < b->txs.n; i++)
        e = put_id(q, HISTORY_TX, &b->txs.at[i].hash, b->height, why);
    for (size_t i = 0; !e && i < b->receipts.n; i++)
        e = put_id(q, HISTORY_RECEIPT, &b->receipts.at[i]->id, b->height, why);
    for (size_t i = 0; !e && i < b->outcomes.n; i++)
        e = put_id(q, HISTORY_OUTCOME, &b->outcomes.at[i].id, b->height, why);
    db_done(&q);
    return e;
}

static enum err put_meta(struct store *s, const struct store_meta *m, struct buf *why)
{
    struct buf b = BUF_INIT(8192);
    struct db_stmt *q = NULL;
    enum err e;

    wr_u64(&b, m->blocks.size);
    wr_u32(&b, m->blocks.n_parts);
    for (unsigned i = 0; i < m->blocks.n_parts; i++)
        buf_add(&b, m->blocks.parts[i].b, 32);
    wr_u64(&b, m->time_offset_ns);
    wr_u128(&b, m->genesis_supply);
    e = db_stmt(s->db,
                "INSERT INTO meta (name, value) VALUES ($1, $2)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                &q, why);
    if (!e) {
        db_bind_text(q, 1, STR(META_NAME));
        db_bind_blob(q, 2, buf_str(&b));
        e = db_run(q, why);
        db_done(&q);
    }
    buf_release(&b);
    return e;
}

enum err store_commit(struct store *s, const struct block *b, struct str bytes,
                      const struct kv_row *rows, size_t n_rows, const struct store_meta *meta,
                      struct buf *why)
{
    enum err e;

    pthread_mutex_lock(&s->lock);
    e = db_begin(s->db, why);
    if (!e) {
        e = put_rows(s, rows, n_rows, why);
        if (!e)
            e = put_block(s, b, bytes, why);
        if (!e)
            e = put_ids(s, b, why);
        if (!e)
            e = put_meta(s, meta, why);
        if (!e)
            e = db_commit(s->db, why);
        else
            db_rollback(s->db);
    }
    pthread_mutex_unlock(&s->lock);
    return e;
}

enum err store_prune(struct store *s, uint64_t height, struct buf *why)
{
    static const char *const sql[] = {"DELETE FROM block WHERE height > 0 AND height < $1",
                                      "DELETE FROM ids WHERE height > 0 AND height < $1"};
    enum err e;

    pthread_mutex_lock(&s->lock);
    e = db_begin(s->db, why);
    for (size_t i = 0; !e && i < countof(sql); i++) {
        struct db_stmt *q = NULL;

        e = db_stmt(s->db, sql[i], &q, why);
        if (e)
            break;
        db_bind_u64(q, 1, height);
        e = db_run(q, why);
        db_done(&q);
    }
    if (!e)
        e = db_commit(s->db, why);
    else
        db_rollback(s->db);
    pthread_mutex_unlock(&s->lock);
    return e;
}

enum err store_copy(struct store *s, const char *path, struct buf *why)
{
    struct db_stmt *q = NULL;
    enum err e;

    pthread_mutex_lock(&s->lock);
    e = db_stmt(s->db, "VACUUM INTO $1", &q, why);
    if (!e) {
        db_bind_text(q, 1, str_of(path));
        e = db_run(q, why);
        db_done(&q);
    }
    pthread_mutex_unlock(&s->lock);
    return e;
}

/* ------------------------------------------------------------------ reading */

static enum err get_meta(struct store *s, struct store_meta *m, struct buf *why)
{
    struct db_stmt *q = NULL;
    struct rd r;
    enum err e;

    e = db_stmt(s->db, "SELECT value FROM meta WHERE name = $1", &q, why);
    if (e)
        return e;
    db_bind_text(q, 1, STR(META_NAME));
    e = db_step(q, why);
    if (!e) {
        r = rd_over(db_blob(q, 0));
        m->blocks.size = rd_u64(&r);
        m->blocks.n_parts = rd_count(&r, MERKLE_PARTS_MAX);
        for (unsigned i = 0; i < m->blocks.n_parts; i++)
            rd_copy(&r, m->blocks.parts[i].b, 32);
        m->time_offset_ns = rd_u64(&r);
        m->genesis_supply = rd_u128(&r);
        if (!rd_end(&r))
            e = err_put(why, ERR_FORMAT, "the chain's record in '%s' is damaged", STORE_FILE);
    }
    db_done(&q);
    return e;
}

static enum err get_state(struct store *s, struct kv *kv, struct buf *why)
{
    struct db_stmt *q = NULL;
    enum err e;

    e = db_stmt(s->db, "SELECT k, v FROM state", &q, why);
    if (e)
        return e;
    while ((e = db_step(q, why)) == ERR_OK)
        kv_load(kv, db_blob(q, 0), db_blob(q, 1));
    db_done(&q);
    return e == ERR_EMPTY ? ERR_OK : e;
}

static enum err get_blocks(struct store *s, struct history *h, struct buf *why)
{
    struct db_stmt *q = NULL;
    struct block *b;
    enum err e;

    e = db_stmt(s->db,
                "SELECT body FROM (SELECT height, body FROM block ORDER BY height DESC"
                " LIMIT $1) AS last ORDER BY height",
                &q, why);
    if (e)
        return e;
    db_bind_u64(q, 1, RESTORE_BLOCKS);
    while ((e = db_step(q, why)) == ERR_OK) {
        e = block_load(db_blob(q, 0), &b, why);
        if (e)
            break;
        block_prove(b);
        history_add(h, b);
    }
    db_done(&q);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err store_restore(struct store *s, struct kv *kv, struct history *h, struct store_meta *meta,
                       struct buf *why)
{
    enum err e;

    pthread_mutex_lock(&s->lock);
    e = get_meta(s, meta, why);
    if (!e)
        e = get_state(s, kv, why);
    if (!e)
        e = get_blocks(s, h, why);
    pthread_mutex_unlock(&s->lock);
    return e;
}

static enum err one_block(struct store *s, const char *sql, uint64_t height, struct block **out,
                          struct buf *why)
{
    struct db_stmt *q = NULL;
    enum err e;

    if (height > INT64_MAX)
        return err_put(why, ERR_ABSENT, "no block at height %llu", (unsigned long long)height);
    pthread_mutex_lock(&s->lock);
    e = db_stmt(s->db, sql, &q, why);
    if (!e) {
        db_bind_u64(q, 1, height);
        e = db_step(q, why);
        if (!e)
            e = block_load(db_blob(q, 0), out, why);
        if (!e)
            block_prove(*out);
        else if (e == ERR_EMPTY)
            e = err_put(why, ERR_ABSENT, "no block at height %llu", (unsigned long long)height);
        db_done(&q);
    }
    pthread_mutex_unlock(&s->lock);
    return e;
}

enum err store_block_at(struct store *s, uint64_t height, struct block **out, struct buf *why)
{
    return one_block(s, "SELECT body FROM block WHERE height = $1", height, out, why);
}

enum err store_block_after(struct store *s, uint64_t height, struct block **out, struct buf *why)
{
    return one_block(s, "SELECT body FROM block WHERE height > $1 ORDER BY height LIMIT 1", height,
                     out, why);
}

enum err store_find(struct store *s, enum history_kind kind, const struct hash256 *id,
                    uint64_t *height, struct buf *why)
{
    struct db_stmt *q = NULL;
    enum err e;

    pthread_mutex_lock(&s->lock);
    e = db_stmt(s->db, "SELECT height FROM ids WHERE id = $1", &q, why);
    if (!e) {
        db_bind_i64(q, 1, key_of_id(kind, id));
        e = db_step(q, why);
        if (!e)
            *height = db_u64(q, 0);
        else if (e == ERR_EMPTY)
            e = err_put(why, ERR_ABSENT, "no such id on this chain");
        db_done(&q);
    }
    pthread_mutex_unlock(&s->lock);
    return e;
}

enum err store_hashes(struct store *s, struct hash256 *out, size_t n, size_t *got, struct buf *why)
{
    struct db_stmt *q = NULL;
    size_t i = 0;
    enum err e;

    pthread_mutex_lock(&s->lock);
    e = db_stmt(s->db, "SELECT hash FROM block ORDER BY height LIMIT $1", &q, why);
    if (!e) {
        db_bind_u64(q, 1, n);
        while (i < n && (e = db_step(q, why)) == ERR_OK) {
            struct rd r = rd_over(db_blob(q, 0));

            rd_copy(&r, out[i++].b, 32);
        }
        db_done(&q);
        if (e == ERR_EMPTY)
            e = ERR_OK;
    }
    pthread_mutex_unlock(&s->lock);
    *got = i;
    return e;
}
