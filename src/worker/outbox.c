/* outbox.c — see outbox.h. */
#include "worker/outbox.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "db/db.h"

struct outbox {
    struct db *db;
    pthread_mutex_t lock;
};

static const struct db_migration migrations[] = {
    {1, "CREATE TABLE parcel (id BIGSERIAL PRIMARY KEY, contract_id TEXT NOT NULL,"
        " request_id BIGINT NOT NULL, data_id BYTEA NOT NULL, job_id BIGINT NOT NULL,"
        " token BIGINT NOT NULL, method TEXT NOT NULL, args BYTEA NOT NULL, report TEXT NOT NULL,"
        " state BIGINT NOT NULL, nonce BIGINT NOT NULL, tx BYTEA, tx_hash BYTEA,"
        " outcome TEXT NOT NULL, changed_ms BIGINT NOT NULL,"
        " UNIQUE (contract_id, request_id, data_id)) STRICT;"
        "CREATE INDEX parcel_state ON parcel (state, id)"},
};

enum err outbox_open(const char *path, struct outbox **out, struct buf *why)
{
    /* The end of the process loses nothing; what a loss of power undoes is done again. */
    const struct db_opts opts = {.path = path, .durable = DB_NORMAL};
    struct outbox *o = mem_new(struct outbox);
    enum err e;

    pthread_mutex_init(&o->lock, NULL);
    e = db_open(&opts, &o->db, why);
    if (!e)
        e = db_migrate(o->db, "outbox", migrations, countof(migrations), why);
    if (e)
        outbox_close(o);
    else
        *out = o;
    return e;
}

void outbox_close(struct outbox *o)
{
    if (!o)
        return;
    db_close(o->db);
    pthread_mutex_destroy(&o->lock);
    mem_free(o);
}

static uint64_t now_ms(void)
{
    return clock_unix_ns() / 1000000;
}

/* The end of a transaction that was begun when `e` was still ERR_OK. */
static enum err settle(struct outbox *o, enum err e, struct buf *why)
{
    if (e)
        db_rollback(o->db);
    else
        e = db_commit(o->db, why);
    return e;
}

enum err outbox_with(struct outbox *o, outbox_fn *fn, void *ctx, struct buf *why)
{
    enum err e;

    pthread_mutex_lock(&o->lock);
    e = db_begin(o->db, why);
    if (!e)
        e = settle(o, fn(ctx, o->db, why), why);
    pthread_mutex_unlock(&o->lock);
    return e;
}

enum err outbox_alone(struct outbox *o, outbox_fn *fn, void *ctx, struct buf *why)
{
    enum err e;

    pthread_mutex_lock(&o->lock);
    e = fn(ctx, o->db, why);
    pthread_mutex_unlock(&o->lock);
    return e;
}

static enum err insert(struct outbox *o, struct parcel *p, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e =
        db_stmt(o->db,
                "INSERT INTO parcel (contract_id, request_id, data_id, job_id, token, method, args,"
                " report, state, nonce, outcome, changed_ms)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, '', $9) RETURNING id",
                &s, why);

    if (e)
        return e;
    db_bind_text(s, 1, p->contract_id);
    db_bind_u64(s, 2, p->request_id);
    db_bind_blob(s, 3, hash_str(&p->data_id));
    db_bind_u64(s, 4, p->job_id);
    db_bind_u64(s, 5, p->token);
    db_bind_text(s, 6, p->method);
    db_bind_blob(s, 7, p->args);
    db_bind_text(s, 8, p->report);
    db_bind_u64(s, 9, now_ms());
    e = db_step(s, why);
    if (!e)
        p->id = db_u64(s, 0);
    if (!e)
        e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err outbox_put(struct outbox *o, struct parcel *p, outbox_fn *beside, void *ctx,
                    struct buf *why)
{
    enum err e;

    pthread_mutex_lock(&o->lock);
    e = db_begin(o->db, why);
    if (!e) {
        e = insert(o, p, why);
        if (!e && beside)
            e = beside(ctx, o->db, why);
        e = settle(o, e, why);
    }
    pthread_mutex_unlock(&o->lock);
    return e;
}

enum err outbox_adopt(struct outbox *o, struct str contract_id, uint64_t request_id,
                      const struct hash256 *data_id, uint64_t job_id, uint64_t token, uint64_t *id,
                      struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t found = 0;
    enum err e;

    pthread_mutex_lock(&o->lock);
    e = db_stmt(o->db,
                "UPDATE parcel SET job_id = $4, token = $5,"
                " state = CASE WHEN state = 3 THEN 2 ELSE state END"
                " WHERE contract_id = $1 AND request_id = $2 AND data_id = $3 RETURNING id",
                &s, why);
    if (!e) {
        db_bind_text(s, 1, contract_id);
        db_bind_u64(s, 2, request_id);
        db_bind_blob(s, 3, hash_str(data_id));
        db_bind_u64(s, 4, job_id);
        db_bind_u64(s, 5, token);
        e = db_step(s, why);
    }
    if (!e)
        found = db_u64(s, 0);
    if (!e)
        e = db_run(s, why);
    db_done(&s);
    pthread_mutex_unlock(&o->lock);
    if (!e)
        *id = found;
    return e;
}

static void row_read(struct db_stmt *s, struct arena *a, struct parcel *p)
{
    memset(p, 0, sizeof(*p));
    p->id = db_u64(s, 0);
    p->contract_id = arena_str(a, db_text(s, 1));
    p->request_id = db_u64(s, 2);
    if (db_blob(s, 3).len == sizeof(p->data_id.b))
        memcpy(p->data_id.b, db_blob(s, 3).ptr, sizeof(p->data_id.b));
    p->job_id = db_u64(s, 4);
    p->token = db_u64(s, 5);
    p->method = arena_str(a, db_text(s, 6));
    p->args = arena_str(a, db_blob(s, 7));
    p->report = arena_str(a, db_text(s, 8));
    p->state = (enum outbox_state)db_u64(s, 9);
    p->nonce = db_u64(s, 10);
    if (!db_null(s, 11))
        p->tx = arena_str(a, db_blob(s, 11));
    if (!db_null(s, 12) && db_blob(s, 12).len == sizeof(p->tx_hash.b))
        memcpy(p->tx_hash.b, db_blob(s, 12).ptr, sizeof(p->tx_hash.b));
    p->outcome = arena_str(a, db_text(s, 13));
}

enum err outbox_get(struct outbox *o, uint64_t id, struct arena *a, struct parcel *out,
                    struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e;

    pthread_mutex_lock(&o->lock);
    e = db_stmt(o->db,
                "SELECT id, contract_id, request_id, data_id, job_id, token, method, args, report,"
                " state, nonce, tx, tx_hash, outcome FROM parcel WHERE id = $1",
                &s, why);
    if (!e) {
        db_bind_u64(s, 1, id);
        e = db_step(s, why);
    }
    if (!e)
        row_read(s, a, out);
    db_done(&s);
    pthread_mutex_unlock(&o->lock);
    return e;
}

enum err outbox_open_ids(struct outbox *o, uint64_t *ids, size_t max, size_t *n, struct buf *why)
{
    struct db_stmt *s = NULL;
    size_t count = 0;
    enum err e;

    pthread_mutex_lock(&o->lock);
    e = db_stmt(o->db, "SELECT id FROM parcel WHERE state < 3 ORDER BY id LIMIT $1", &s, why);
    if (!e)
        db_bind_u64(s, 1, max);
    while (!e) {
        e = db_step(s, why);
        if (!e)
            ids[count++] = db_u64(s, 0);
    }
    db_done(&s);
    pthread_mutex_unlock(&o->lock);
    if (e != ERR_EMPTY)
        return e;
    *n = count;
    return ERR_OK;
}

/* Run one update of one row; $1 is its id, $2 the time. */
static enum err update(struct outbox *o, const char *sql, uint64_t id,
                       void (*bind)(struct db_stmt *s, const void *what), const void *what,
                       struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e;

    pthread_mutex_lock(&o->lock);
    e = db_stmt(o->db, sql, &s, why);
    if (!e) {
        db_bind_u64(s, 1, id);
        db_bind_u64(s, 2, now_ms());
        if (bind)
            bind(s, what);
        e = db_run(s, why);
    }
    db_done(&s);
    pthread_mutex_unlock(&o->lock);
    return e;
}

static void bind_signed(struct db_stmt *s, const void *what)
{
    const struct parcel *p = what;

    db_bind_u64(s, 3, p->nonce);
    db_bind_blob(s, 4, p->tx);
    db_bind_blob(s, 5, hash_str(&p->tx_hash));
}

enum err outbox_signed(struct outbox *o, uint64_t id, uint64_t nonce, struct str tx,
                       const struct hash256 *hash, struct buf *why)
{
    const struct parcel p = {.nonce = nonce, .tx = tx, .tx_hash = *hash};

    return update(o,
                  "UPDATE parcel SET state = 1, changed_ms = $2, nonce = $3, tx = $4, tx_hash = $5"
                  " WHERE id = $1",
                  id, bind_signed, &p, why);
}

enum err outbox_unsigned(struct outbox *o, uint64_t id, struct buf *why)
{
    return update(o, "UPDATE parcel SET state = 0, changed_ms = $2 WHERE id = $1 AND state = 1", id,
                  NULL, NULL, why);
}

static void bind_outcome(struct db_stmt *s, const void *what)
{
    db_bind_text(s, 3, *(const struct str *)what);
}

enum err outbox_answered(struct outbox *o, uint64_t id, struct str outcome, struct buf *why)
{
    return update(o, "UPDATE parcel SET state = 2, changed_ms = $2, outcome = $3 WHERE id = $1", id,
                  bind_outcome, &outcome, why);
}

enum err outbox_told(struct outbox *o, uint64_t id, struct buf *why)
{
    return update(o, "UPDATE parcel SET state = 3, changed_ms = $2 WHERE id = $1", id, NULL, NULL,
                  why);
}

enum err outbox_prune(struct outbox *o, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e;

    pthread_mutex_lock(&o->lock);
    e = db_stmt(o->db, "DELETE FROM parcel WHERE state = 3 AND changed_ms < $1", &s, why);
    if (!e) {
        db_bind_u64(s, 1, now_ms() - OUTBOX_KEEP_MS);
        e = db_run(s, why);
    }
    db_done(&s);
    pthread_mutex_unlock(&o->lock);
    return e;
}
