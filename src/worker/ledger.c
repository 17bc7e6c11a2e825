/* ledger.c — see ledger.h. */
#include "worker/ledger.h"

#include <string.h>

#include "db/db.h"

static const struct db_migration migrations[] = {
    {1, "CREATE TABLE epoch (session BYTEA PRIMARY KEY NOT NULL, manifest BYTEA NOT NULL,"
        " quote BYTEA NOT NULL, event_log TEXT, vm_config TEXT, app_compose TEXT, collateral TEXT,"
        " simulated BIGINT NOT NULL, begun_ms BIGINT NOT NULL, registered BIGINT NOT NULL,"
        " told BIGINT NOT NULL) STRICT;"
        "CREATE TABLE statement (session BYTEA NOT NULL, seq BIGINT NOT NULL,"
        " digest BYTEA NOT NULL, bytes BYTEA NOT NULL, sig BYTEA NOT NULL, job_id BIGINT NOT NULL,"
        " created_s BIGINT NOT NULL, attached_usd TEXT, input BYTEA, delivered BYTEA,"
        " told BIGINT NOT NULL, PRIMARY KEY (session, seq)) STRICT;"
        "CREATE INDEX statement_untold ON statement (session, seq) WHERE told = 0;"
        "CREATE INDEX statement_digest ON statement (digest);"
        "CREATE TABLE batch (session BYTEA NOT NULL, first_seq BIGINT NOT NULL,"
        " count BIGINT NOT NULL, head BYTEA NOT NULL, sig BYTEA NOT NULL, closed BIGINT NOT NULL,"
        " told BIGINT NOT NULL,"   /* how many statements of it the coordinator knows it with */
        " anchor BIGINT NOT NULL," /* 0 to be anchored, 1 anchored, 2 given up */
        " anchor_tx TEXT, anchor_height BIGINT, PRIMARY KEY (session, first_seq)) STRICT;"
        "CREATE TABLE build (key BYTEA NOT NULL, wasm BYTEA NOT NULL, digest BYTEA NOT NULL,"
        " PRIMARY KEY (key, wasm)) STRICT"},
    {2, "ALTER TABLE batch ADD COLUMN sent BYTEA"},
};

static struct str sig_str(const struct ed25519_sig *sig)
{
    return str_from(sig->b, sizeof sig->b);
}

static void bytes_col(const struct db_stmt *s, unsigned col, void *out, size_t n)
{
    struct str v = db_blob(s, col);

    memset(out, 0, n);
    if (v.len == n)
        memcpy(out, v.ptr, n);
}

static struct str kept(struct arena *a, struct str s)
{
    return s.ptr ? arena_str(a, s) : STR_NONE;
}

static struct str log_or_none(const struct str s)
{
    return s.len ? s : STR_NONE;
}

/* One call: a statement with what it binds, in a transaction. */
struct call {
    const char *sql;
    struct str blob[2];     /* $1, $2 when their ptr is set */
    const uint64_t *number; /* … then these */
    size_t numbers;
    struct str text; /* … then this, with ptr */
};

static enum err call_run(void *ctx, struct db *d, struct buf *why)
{
    const struct call *c = ctx;
    struct db_stmt *s = NULL;
    unsigned at = 1;
    enum err e = db_stmt(d, c->sql, &s, why);

    if (e)
        return e;
    for (size_t i = 0; i < 2; i++)
        if (c->blob[i].ptr)
            db_bind_blob(s, at++, c->blob[i]);
    for (size_t i = 0; i < c->numbers; i++)
        db_bind_u64(s, at++, c->number[i]);
    if (c->text.ptr)
        db_bind_text(s, at, c->text);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

static enum err change(struct outbox *o, const char *sql, const struct hash256 *session,
                       const uint64_t *number, size_t n, struct buf *why)
{
    struct call c = {.sql = sql, .number = number, .numbers = n};

    if (session)
        c.blob[0] = hash_str(session);
    return outbox_with(o, call_run, &c, why);
}

/* A key lives as long as its process: what was open before this start grows no more. */
static enum err open_in(void *ctx, struct db *d, struct buf *why)
{
    (void)ctx;
    return db_exec(d, "UPDATE batch SET closed = 1, told = 0 WHERE closed = 0", why);
}

static enum err migrate_in(void *ctx, struct db *d, struct buf *why)
{
    (void)ctx;
    return db_migrate(d, "ledger", migrations, countof(migrations), why);
}

enum err ledger_open(struct outbox *o, struct buf *why)
{
    enum err e = outbox_alone(o, migrate_in, NULL, why);

    return e ? e : outbox_with(o, open_in, NULL, why);
}

/* ------------------------------------------------------------------ writing */

static enum err begin_in(void *ctx, struct db *d, struct buf *why)
{
    const struct ledger_epoch *r = ctx;
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO epoch (session, manifest, quote, event_log, vm_config,"
                         " app_compose, collateral, simulated, begun_ms, registered, told)"
                         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)",
                         &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(&r->session));
    db_bind_blob(s, 2, r->manifest);
    db_bind_blob(s, 3, r->quote);
    db_bind_text(s, 4, log_or_none(r->event_log));
    db_bind_text(s, 5, log_or_none(r->vm_config));
    db_bind_text(s, 6, log_or_none(r->app_compose));
    db_bind_text(s, 7, log_or_none(r->collateral));
    db_bind_bool(s, 8, r->simulated);
    db_bind_u64(s, 9, r->begun_ms);
    db_bind_bool(s, 10, r->registered);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err ledger_begin(struct outbox *o, const struct ledger_epoch *e, struct buf *why)
{
    struct ledger_epoch row = *e;

    return outbox_with(o, begin_in, &row, why);
}

static enum err write_statement(struct db *d, const struct signed_statement *one,
                                const struct ledger_extra *x, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO statement (session, seq, digest, bytes, sig, job_id,"
                         " created_s, attached_usd, input, delivered, told)"
                         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)",
                         &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(&one->head.session));
    db_bind_u64(s, 2, one->seq);
    db_bind_blob(s, 3, hash_str(&one->digest));
    db_bind_blob(s, 4, buf_str(&one->bytes));
    db_bind_blob(s, 5, sig_str(&one->sig));
    db_bind_u64(s, 6, x->job_id);
    db_bind_i64(s, 7, x->created_s);
    db_bind_text(s, 8, x->attached_usd);
    db_bind_blob(s, 9, x->input);
    db_bind_blob(s, 10, x->delivered);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

static enum err write_head(struct db *d, const struct signed_statement *one, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO batch (session, first_seq, count, head, sig, closed, told,"
                         " anchor) VALUES ($1, $2, $3, $4, $5, 0, 0, 0)"
                         " ON CONFLICT (session, first_seq) DO UPDATE SET count = excluded.count,"
                         " head = excluded.head, sig = excluded.sig",
                         &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(&one->head.session));
    db_bind_u64(s, 2, one->head.first_seq);
    db_bind_u64(s, 3, one->head.count);
    db_bind_blob(s, 4, signed_statement_head(one));
    db_bind_blob(s, 5, sig_str(&one->head_sig));
    e = db_run(s, why);
    db_done(&s);
    return e;
}

#define CLOSE_SQL                                                                                  \
    "UPDATE batch SET closed = 1, told = 0"                                                        \
    " WHERE session = $1 AND first_seq < $2 AND closed = 0"

static enum err write_build(struct db *d, const struct ledger_entry *entry, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO build (key, wasm, digest) VALUES ($1, $2, $3)"
                         " ON CONFLICT (key, wasm) DO UPDATE SET digest = excluded.digest",
                         &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(entry->extra->build));
    db_bind_blob(s, 2, hash_str(entry->wasm));
    db_bind_blob(s, 3, hash_str(&entry->signed_one->digest));
    e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err ledger_write(void *ctx, struct db *d, struct buf *why)
{
    const struct ledger_entry *entry = ctx;
    const struct signed_statement *one = entry->signed_one;
    struct call c = {.sql = CLOSE_SQL,
                     .blob = {hash_str(&one->head.session)},
                     .number = &one->seq,
                     .numbers = 1};
    enum err e = write_statement(d, one, entry->extra, why);

    if (!e)
        e = write_head(d, one, why);
    if (!e && one->head.first_seq == one->seq)
        e = call_run(&c, d, why); /* a new batch: the one before is full */
    if (!e && entry->extra->build)
        e = write_build(d, entry, why);
    return e;
}

enum err ledger_close(struct outbox *o, const struct hash256 *session, uint64_t before_seq,
                      struct buf *why)
{
    return change(o, CLOSE_SQL, session, &before_seq, 1, why);
}

enum err ledger_sent(struct outbox *o, const struct ledger_batch *b, struct buf *why)
{
    struct call c = {.sql = "UPDATE batch SET sent = $2 WHERE session = $1 AND first_seq = $3",
                     .blob = {hash_str(&b->session), b->sent},
                     .number = &b->first_seq,
                     .numbers = 1};

    if (!b->sent.ptr)
        c.sql = "UPDATE batch SET sent = NULL WHERE session = $1 AND first_seq = $2";
    return outbox_with(o, call_run, &c, why);
}

enum err ledger_anchored(struct outbox *o, const struct ledger_batch *b, struct buf *why)
{
    const uint64_t number[] = {b->first_seq, b->anchor_height};
    struct call c = {
        .sql = "UPDATE batch SET anchor = 1, told = 0, sent = NULL,"
               " anchor_height = $3, anchor_tx = $4 WHERE session = $1 AND first_seq = $2",
        .blob = {hash_str(&b->session)},
        .number = number,
        .numbers = 2,
        .text = b->anchor_tx};

    return outbox_with(o, call_run, &c, why);
}

enum err ledger_give_up(struct outbox *o, const struct ledger_batch *b, struct buf *why)
{
    return change(o, "UPDATE batch SET anchor = 2 WHERE session = $1 AND first_seq = $2",
                  &b->session, &b->first_seq, 1, why);
}

/* ------------------------------------------------------------------ what was told */

enum err ledger_told_epoch(struct outbox *o, const struct hash256 *session, struct buf *why)
{
    return change(o, "UPDATE epoch SET told = 1 WHERE session = $1", session, NULL, 0, why);
}

enum err ledger_told_statements(struct outbox *o, const struct hash256 *session, uint64_t n,
                                struct buf *why)
{
    return change(o,
                  "UPDATE statement SET told = CASE WHEN seq < $2 THEN 1 ELSE 0 END"
                  " WHERE session = $1 AND told <> CASE WHEN seq < $2 THEN 1 ELSE 0 END",
                  session, &n, 1, why);
}

/* `told` is the count it was told with; a change of closed or anchor sets it back to 0. */
enum err ledger_told_batch(struct outbox *o, const struct ledger_batch *b, struct buf *why)
{
    const uint64_t number[] = {b->first_seq, b->count, b->closed, b->anchor_tx.ptr != NULL};

    return change(o,
                  "UPDATE batch SET told = $3 WHERE session = $1 AND first_seq = $2"
                  " AND closed = $4 AND (anchor = 1) = ($5 = 1)",
                  &b->session, number, countof(number), why);
}

static enum err untell_in(void *ctx, struct db *d, struct buf *why)
{
    static const char *const sql[] = {"UPDATE epoch SET told = 0 WHERE session = $1",
                                      "UPDATE statement SET told = 0 WHERE session = $1",
                                      "UPDATE batch SET told = 0 WHERE session = $1"};
    enum err e = ERR_OK;

    for (size_t i = 0; i < countof(sql) && !e; i++) {
        struct call c = {.sql = sql[i], .blob = {hash_str(ctx)}};

        e = call_run(&c, d, why);
    }
    return e;
}

enum err ledger_untell(struct outbox *o, const struct hash256 *session, struct buf *why)
{
    struct hash256 h = *session;

    return outbox_with(o, untell_in, &h, why);
}

/* ------------------------------------------------------------------ reading */

struct epoch_read {
    struct arena *a;
    struct ledger_epoch *out;
};

static enum err next_epoch_in(void *ctx, struct db *d, struct buf *why)
{
    struct epoch_read *r = ctx;
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "SELECT session, manifest, quote, event_log, vm_config, app_compose,"
                         " collateral, simulated, begun_ms, registered FROM epoch WHERE told = 0"
                         " ORDER BY begun_ms LIMIT 1",
                         &s, why);

    if (e)
        return e;
    e = db_step(s, why);
    if (!e) {
        *r->out = (struct ledger_epoch){.manifest = kept(r->a, db_blob(s, 1)),
                                        .quote = kept(r->a, db_blob(s, 2)),
                                        .event_log = kept(r->a, db_text(s, 3)),
                                        .vm_config = kept(r->a, db_text(s, 4)),
                                        .app_compose = kept(r->a, db_text(s, 5)),
                                        .collateral = kept(r->a, db_text(s, 6)),
                                        .simulated = db_bool(s, 7),
                                        .begun_ms = db_u64(s, 8),
                                        .registered = db_bool(s, 9)};
        bytes_col(s, 0, r->out->session.b, sizeof r->out->session.b);
    }
    db_done(&s);
    return e;
}

enum err ledger_next_epoch(struct outbox *o, struct arena *a, struct ledger_epoch *out,
                           struct buf *why)
{
    struct epoch_read r = {.a = a, .out = out};

    return outbox_with(o, next_epoch_in, &r, why);
}

struct statement_read {
    struct arena *a;
    struct ledger_statement *out;
    size_t max, n;
    const struct hash256 *digest;
};

#define STATEMENT_COLS                                                                             \
    "session, seq, digest, bytes, sig, job_id, created_s, attached_usd, input, delivered"

static void statement_cols(const struct db_stmt *s, struct arena *a, struct ledger_statement *out)
{
    *out = (struct ledger_statement){.seq = db_u64(s, 1),
                                     .bytes = kept(a, db_blob(s, 3)),
                                     .extra = {.job_id = db_u64(s, 5),
                                               .created_s = db_i64(s, 6),
                                               .attached_usd = kept(a, db_text(s, 7)),
                                               .input = kept(a, db_blob(s, 8)),
                                               .delivered = kept(a, db_blob(s, 9))}};
    bytes_col(s, 0, out->session.b, sizeof out->session.b);
    bytes_col(s, 2, out->digest.b, sizeof out->digest.b);
    bytes_col(s, 4, out->sig.b, sizeof out->sig.b);
}

static enum err next_statements_in(void *ctx, struct db *d, struct buf *why)
{
    struct statement_read *r = ctx;
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "SELECT " STATEMENT_COLS " FROM statement WHERE told = 0 AND session ="
                         " (SELECT session FROM statement WHERE told = 0 LIMIT 1)"
                         " ORDER BY seq LIMIT $1",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, r->max);
    while (r->n < r->max && !(e = db_step(s, why)))
        statement_cols(s, r->a, &r->out[r->n++]);
    db_done(&s);
    if (e == ERR_EMPTY && r->n)
        e = ERR_OK;
    return e;
}

enum err ledger_next_statements(struct outbox *o, size_t max, struct arena *a,
                                struct ledger_statement *out, size_t *n, struct buf *why)
{
    struct statement_read r = {.a = a, .out = out, .max = max};
    enum err e = outbox_with(o, next_statements_in, &r, why);

    *n = e ? 0 : r.n;
    return e;
}

static enum err find_in(void *ctx, struct db *d, struct buf *why)
{
    struct statement_read *r = ctx;
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d, "SELECT " STATEMENT_COLS " FROM statement WHERE digest = $1", &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(r->digest));
    e = db_step(s, why);
    if (!e)
        statement_cols(s, r->a, r->out);
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "this worker has not signed that") : e;
}

enum err ledger_find(struct outbox *o, const struct hash256 *digest, struct arena *a,
                     struct ledger_statement *out, struct buf *why)
{
    struct statement_read r = {.a = a, .out = out, .digest = digest};

    return outbox_with(o, find_in, &r, why);
}

struct batch_read {
    struct arena *a;
    struct ledger_batch *out;
    const char *sql;
};

#define BATCH_COLS                                                                                 \
    "b.session, b.first_seq, b.count, b.head, b.sig, b.closed, b.anchor_tx, b.anchor_height,"      \
    " b.sent"

static enum err batch_in(void *ctx, struct db *d, struct buf *why)
{
    struct batch_read *r = ctx;
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d, r->sql, &s, why);

    if (e)
        return e;
    e = db_step(s, why);
    if (!e) {
        *r->out = (struct ledger_batch){.first_seq = db_u64(s, 1),
                                        .count = db_u64(s, 2),
                                        .head = kept(r->a, db_blob(s, 3)),
                                        .closed = db_bool(s, 5),
                                        .anchor_tx = kept(r->a, db_text(s, 6)),
                                        .anchor_height = db_null(s, 7) ? 0 : db_u64(s, 7),
                                        .sent = kept(r->a, db_blob(s, 8))};
        bytes_col(s, 0, r->out->session.b, sizeof r->out->session.b);
        bytes_col(s, 4, r->out->sig.b, sizeof r->out->sig.b);
    }
    db_done(&s);
    return e;
}

enum err ledger_next_batch(struct outbox *o, bool closed_only, struct arena *a,
                           struct ledger_batch *out, struct buf *why)
{
    struct batch_read r = {
        .a = a,
        .out = out,
        .sql = closed_only ? "SELECT " BATCH_COLS " FROM batch b WHERE b.told = 0 AND b.closed = 1"
                             " ORDER BY b.first_seq LIMIT 1"
                           : "SELECT " BATCH_COLS " FROM batch b WHERE b.told < b.count"
                             " ORDER BY b.closed DESC, b.first_seq LIMIT 1"};

    return outbox_with(o, batch_in, &r, why);
}

/* In the order of their numbers: the register takes no gap. */
enum err ledger_unanchored(struct outbox *o, struct arena *a, struct ledger_batch *out,
                           struct buf *why)
{
    struct batch_read r = {.a = a,
                           .out = out,
                           .sql = "SELECT " BATCH_COLS " FROM batch b JOIN epoch e"
                                  " ON e.session = b.session AND e.registered = 1"
                                  " WHERE b.anchor = 0 AND b.closed = 1"
                                  " ORDER BY e.begun_ms, b.first_seq LIMIT 1"};

    return outbox_with(o, batch_in, &r, why);
}

struct build_read {
    const struct hash256 *build, *wasm;
    struct hash256 *out;
};

static enum err build_in(void *ctx, struct db *d, struct buf *why)
{
    struct build_read *r = ctx;
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d, "SELECT digest FROM build WHERE key = $1 AND wasm = $2", &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(r->build));
    db_bind_blob(s, 2, hash_str(r->wasm));
    e = db_step(s, why);
    if (!e)
        bytes_col(s, 0, r->out->b, sizeof r->out->b);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_ABSENT : e;
}

enum err ledger_build(struct outbox *o, const struct hash256 *build, const struct hash256 *wasm,
                      struct hash256 *out, struct buf *why)
{
    struct build_read r = {.build = build, .wasm = wasm, .out = out};

    return outbox_with(o, build_in, &r, why);
}

/* Whole sessions only, the newest never: a chain is there from its beginning or not at all. */
static enum err prune_in(void *ctx, struct db *d, struct buf *why)
{
#define OLD                                                                                        \
    "session IN (SELECT e.session FROM epoch e WHERE e.told = 1 AND e.begun_ms < $1"               \
    " AND e.begun_ms < (SELECT MAX(begun_ms) FROM epoch)"                                          \
    " AND NOT EXISTS (SELECT 1 FROM statement s WHERE s.session = e.session AND s.told = 0)"       \
    " AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.session = e.session"                           \
    " AND (b.told = 0 OR (b.anchor = 0 AND e.registered = 1))))"
    static const char *const sql[] = {"DELETE FROM statement WHERE " OLD,
                                      "DELETE FROM batch WHERE " OLD,
                                      "DELETE FROM epoch WHERE " OLD};
#undef OLD
    enum err e = ERR_OK;

    for (size_t i = 0; i < countof(sql) && !e; i++) {
        struct call c = {.sql = sql[i], .number = ctx, .numbers = 1};

        e = call_run(&c, d, why);
    }
    return e;
}

enum err ledger_prune(struct outbox *o, uint64_t now_ms, struct buf *why)
{
    uint64_t before = now_ms > LEDGER_KEEP_MS ? now_ms - LEDGER_KEEP_MS : 0;

    return outbox_with(o, prune_in, &before, why);
}
