#include "coordinator/evidence.h"

#include <string.h>

#include "attest/quote.h"
#include "codec/hex.h"

static const struct db_migration migrations[] = {
    {1, "CREATE TABLE epoch ("
        "  session BYTEA PRIMARY KEY NOT NULL,"
        "  worker TEXT NOT NULL,"
        "  simulated BIGINT NOT NULL,"
        "  manifest BYTEA NOT NULL,"
        "  quote BYTEA NOT NULL,"
        "  event_log TEXT,"
        "  vm_config TEXT,"
        "  app_compose TEXT,"
        "  collateral BYTEA,"
        "  received_ms BIGINT NOT NULL"
        ") STRICT;"
        "CREATE TABLE statement ("
        "  session BYTEA NOT NULL REFERENCES epoch (session),"
        "  seq BIGINT NOT NULL,"
        "  digest BYTEA NOT NULL,"
        "  bytes BYTEA NOT NULL,"
        "  sig BYTEA NOT NULL,"
        "  kind BIGINT NOT NULL,"
        "  job_id BIGINT NOT NULL,"
        "  created_s BIGINT NOT NULL,"
        "  attached_usd TEXT,"
        "  input BYTEA,"
        "  delivered BYTEA,"
        "  received_ms BIGINT NOT NULL,"
        "  PRIMARY KEY (session, seq)"
        ") STRICT;"
        "CREATE INDEX statement_job ON statement (job_id);"
        "CREATE INDEX statement_digest ON statement (digest);"
        "CREATE TABLE batch ("
        "  session BYTEA NOT NULL REFERENCES epoch (session),"
        "  first_seq BIGINT NOT NULL,"
        "  count BIGINT NOT NULL,"
        "  head BYTEA NOT NULL,"
        "  sig BYTEA NOT NULL,"
        "  closed BIGINT NOT NULL,"
        "  anchor_tx TEXT,"
        "  anchor_contract TEXT,"
        "  anchor_height BIGINT,"
        "  PRIMARY KEY (session, first_seq)"
        ") STRICT;"
        "CREATE TABLE collateral ("
        "  sha256 BYTEA PRIMARY KEY NOT NULL,"
        "  text TEXT NOT NULL,"
        "  source TEXT NOT NULL,"
        "  fmspc TEXT NOT NULL,"
        "  from_s BIGINT NOT NULL,"
        "  until_s BIGINT NOT NULL,"
        "  received_ms BIGINT NOT NULL"
        ") STRICT;"
        "CREATE TABLE quote (" /* nonce empty: over the record */
        "  digest BYTEA NOT NULL,"
        "  nonce BYTEA NOT NULL,"
        "  quote BYTEA NOT NULL,"
        "  made_ms BIGINT NOT NULL,"
        "  PRIMARY KEY (digest, nonce)"
        ") STRICT"},
    {2, "CREATE INDEX quote_made ON quote (made_ms) WHERE length(nonce) > 0"},
};

enum err evidence_migrate(struct db *d, struct buf *why)
{
    return db_migrate(d, "evidence", migrations, countof(migrations), why);
}

static struct str hash_str(const struct hash256 *h)
{
    return str_from(h->b, sizeof h->b);
}

static void hash_col(const struct db_stmt *s, unsigned col, struct hash256 *out)
{
    struct str v = db_blob(s, col);

    memset(out, 0, sizeof *out);
    if (v.len == sizeof out->b)
        memcpy(out->b, v.ptr, v.len);
}

static void sig_col(const struct db_stmt *s, unsigned col, struct ed25519_sig *out)
{
    struct str v = db_blob(s, col);

    memset(out, 0, sizeof *out);
    if (v.len == sizeof out->b)
        memcpy(out->b, v.ptr, v.len);
}

/* Text that outlives the row; NULL stays NULL. */
static struct str kept(struct arena *a, struct str s)
{
    return s.ptr ? arena_str(a, s) : STR_NONE;
}

/* ------------------------------------------------------------------ epochs */

/* Does the quote bind the manifest, and has it the session's id? */
static enum err epoch_check(const struct epoch_row *e, struct buf *why)
{
    struct manifest m;
    struct quote q;
    uint8_t data[REPORT_DATA_LEN];
    enum err err = manifest_read(e->manifest, &m, why);

    if (err)
        return err;
    if (quote_read(e->quote, &q) != ATTEST_OK)
        return err_put(why, ERR_FORMAT, "the quote is malformed");
    label_report_data(LABEL_WORKER, e->manifest, data);
    if (!str_eq(quote_report_data(&q), str_from(data, sizeof data)) ||
        !str_eq(hash_str(&e->session), str_from(data, 32)))
        return err_put(why, ERR_FORMAT, "the quote is over another manifest");
    return ERR_OK;
}

enum err epoch_get(struct db *d, const struct hash256 *session, struct arena *a,
                   struct epoch_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "SELECT worker, simulated, manifest, quote, event_log, vm_config, "
                         "app_compose, collateral, received_ms FROM epoch WHERE session = $1",
                         &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(session));
    e = db_step(s, why);
    if (!e) {
        *out = (struct epoch_row){.session = *session,
                                  .worker = kept(a, db_text(s, 0)),
                                  .simulated = db_bool(s, 1),
                                  .manifest = kept(a, db_blob(s, 2)),
                                  .quote = kept(a, db_blob(s, 3)),
                                  .event_log = kept(a, db_text(s, 4)),
                                  .vm_config = kept(a, db_text(s, 5)),
                                  .app_compose = kept(a, db_text(s, 6)),
                                  .has_collateral = !db_null(s, 7),
                                  .received_ms = db_u64(s, 8)};
        if (out->has_collateral)
            hash_col(s, 7, &out->collateral);
    }
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "no such session") : e;
}

static enum err epoch_insert(struct db *d, const struct epoch_row *r, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO epoch (session, worker, simulated, manifest, quote, "
                         "event_log, vm_config, app_compose, collateral, received_ms) "
                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                         &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(&r->session));
    db_bind_text(s, 2, r->worker);
    db_bind_bool(s, 3, r->simulated);
    db_bind_blob(s, 4, r->manifest);
    db_bind_blob(s, 5, r->quote);
    db_bind_text(s, 6, r->event_log);
    db_bind_text(s, 7, r->vm_config);
    db_bind_text(s, 8, r->app_compose);
    if (r->has_collateral)
        db_bind_blob(s, 9, hash_str(&r->collateral));
    db_bind_u64(s, 10, r->received_ms);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err epoch_put(struct db *d, const struct epoch_row *r, struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct epoch_row old = {.quote = STR_NONE};
    struct buf absent = WHY_INIT;
    enum err e = epoch_check(r, why);

    if (!e) {
        e = epoch_get(d, &r->session, &a, &old, &absent);
        if (e == ERR_ABSENT)
            e = epoch_insert(d, r, why);
        else if (e)
            err_put(why, e, "%s", buf_z(&absent));
        else if (!str_eq(old.quote, r->quote))
            e = err_put(why, ERR_CONFLICT, "the session is known with another quote");
    }
    buf_release(&absent);
    arena_release(&a);
    return e;
}

/* ------------------------------------------------------------------ statements */

enum err statements_count(struct db *d, const struct hash256 *session, uint64_t *out,
                          struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e =
        db_stmt(d, "SELECT COALESCE(MAX(seq) + 1, 0) FROM statement WHERE session = $1", &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(session));
    e = db_step(s, why);
    if (!e)
        *out = db_u64(s, 0);
    db_done(&s);
    return e;
}

/* The key that signs in a session. */
static enum err session_key(struct db *d, const struct hash256 *session, struct ed25519_pub *out,
                            struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct epoch_row row = {.manifest = STR_NONE};
    struct manifest m = {.network = STR_NONE};
    enum err e = epoch_get(d, session, &a, &row, why);

    if (!e)
        e = manifest_read(row.manifest, &m, why);
    if (!e)
        memcpy(out->b, m.statement_key, sizeof out->b);
    arena_release(&a);
    return e;
}

#define STATEMENT_COLS                                                                             \
    "session, seq, digest, bytes, sig, kind, job_id, created_s, attached_usd, input, delivered"

static void statement_cols(const struct db_stmt *s, struct arena *a, struct statement_row *out)
{
    *out = (struct statement_row){.seq = db_u64(s, 1),
                                  .bytes = kept(a, db_blob(s, 3)),
                                  .kind = (enum statement_kind)db_u64(s, 5),
                                  .job_id = db_u64(s, 6),
                                  .created_s = db_i64(s, 7),
                                  .attached_usd = kept(a, db_text(s, 8)),
                                  .input = kept(a, db_blob(s, 9)),
                                  .delivered = kept(a, db_blob(s, 10))};
    hash_col(s, 0, &out->session);
    hash_col(s, 2, &out->digest);
    sig_col(s, 4, &out->sig);
}

static enum err statement_get(struct db *d, const struct hash256 *session, uint64_t seq,
                              struct arena *a, struct statement_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(
        d, "SELECT " STATEMENT_COLS " FROM statement WHERE session = $1 AND seq = $2", &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(session));
    db_bind_u64(s, 2, seq);
    e = db_step(s, why);
    if (!e)
        statement_cols(s, a, out);
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "no such statement") : e;
}

static enum err statement_insert(struct db *d, const struct statement_row *r, uint64_t now_ms,
                                 struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO statement (" STATEMENT_COLS ", received_ms) "
                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                         &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(&r->session));
    db_bind_u64(s, 2, r->seq);
    db_bind_blob(s, 3, hash_str(&r->digest));
    db_bind_blob(s, 4, r->bytes);
    db_bind_blob(s, 5, str_from(r->sig.b, sizeof r->sig.b));
    db_bind_u64(s, 6, r->kind);
    db_bind_u64(s, 7, r->job_id);
    db_bind_i64(s, 8, r->created_s);
    db_bind_text(s, 9, r->attached_usd);
    db_bind_blob(s, 10, r->input);
    db_bind_blob(s, 11, r->delivered);
    db_bind_u64(s, 12, now_ms);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

/* It is the next one, or the very one that is here under its number (then ERR_EMPTY). */
static enum err statement_place(struct db *d, const struct statement_row *r, uint64_t *next,
                                struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct statement_row other = {.bytes = STR_NONE};
    enum err e = statements_count(d, &r->session, next, why);

    if (!e && r->seq > *next)
        e = err_put(why, ERR_CONFLICT, "statement %llu leaves a gap; %llu is next",
                    (unsigned long long)r->seq, (unsigned long long)*next);
    else if (!e && r->seq < *next)
        e = statement_get(d, &r->session, r->seq, &a, &other, why);
    else if (!e && r->seq)
        e = statement_get(d, &r->session, r->seq - 1, &a, &other, why);
    if (!e && r->seq < *next)
        e = hash_eq(&other.digest, &r->digest)
                ? ERR_EMPTY
                : err_put(why, ERR_CONFLICT, "another statement %llu is here",
                          (unsigned long long)r->seq);
    else if (!e)
        e = statement_follows(other.bytes, r->bytes, why);
    arena_release(&a);
    return e;
}

enum err statement_store(struct db *d, struct statement_row *r, uint64_t now_ms, uint64_t *next,
                         struct buf *why)
{
    struct statement s;
    struct ed25519_pub key;
    enum err e = statement_read(r->bytes, &s, why);

    if (e)
        return e;
    if (s.seq > INT64_MAX || !hash_eq(&s.session, &r->session))
        return err_put(why, ERR_FORMAT, "the statement is of another session");
    e = session_key(d, &r->session, &key, why);
    if (e)
        return e;
    if (!statement_signed_by(&key, r->bytes, &r->sig))
        return err_put(why, ERR_DENIED, "the statement is not signed with the session's key");
    r->seq = s.seq;
    r->kind = s.kind;
    r->digest = statement_digest(r->bytes);
    e = statement_place(d, r, next, why);
    if (e == ERR_EMPTY)
        return ERR_OK;
    if (!e)
        e = statement_insert(d, r, now_ms, why);
    if (!e)
        ++*next;
    return e;
}

enum err statement_of_job(struct db *d, uint64_t job_id, const enum statement_kind *kind,
                          struct arena *a, struct statement_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "SELECT " STATEMENT_COLS " FROM statement "
                         "WHERE job_id = $1 AND ($2 < 0 OR kind = $2) "
                         "ORDER BY kind DESC, received_ms DESC, seq DESC LIMIT 1",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, job_id);
    db_bind_i64(s, 2, kind ? (int64_t)*kind : -1);
    e = db_step(s, why);
    if (!e)
        statement_cols(s, a, out);
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "No attestation found for this job") : e;
}

enum err statement_by_digest(struct db *d, const struct hash256 *digest, struct arena *a,
                             struct statement_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d, "SELECT " STATEMENT_COLS " FROM statement WHERE digest = $1", &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(digest));
    e = db_step(s, why);
    if (!e)
        statement_cols(s, a, out);
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "no such statement") : e;
}

enum err leaves_get(struct db *d, const struct hash256 *session, uint64_t first, uint64_t n,
                    struct arena *a, struct hash256 **out, struct buf *why)
{
    struct hash256 *leaf = n <= BATCH_LEAVES_MAX ? arena_new_n(a, struct hash256, n) : NULL;
    struct db_stmt *s = NULL;
    uint64_t got = 0;
    enum err e;

    if (!leaf)
        return err_put(why, ERR_TOO_BIG, "a batch has at most %u statements", BATCH_LEAVES_MAX);
    e = db_stmt(d,
                "SELECT digest FROM statement WHERE session = $1 AND seq >= $2 AND seq < $3 "
                "ORDER BY seq",
                &s, why);
    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(session));
    db_bind_u64(s, 2, first);
    db_bind_u64(s, 3, first + n);
    while (!(e = db_step(s, why)))
        hash_col(s, 0, &leaf[got++]);
    db_done(&s);
    if (e != ERR_EMPTY)
        return e;
    if (got != n)
        return err_put(why, ERR_ABSENT, "not all statements of the batch are here");
    *out = leaf;
    return ERR_OK;
}

/* ------------------------------------------------------------------ batches */

#define BATCH_COLS "head, sig, closed, anchor_tx, anchor_contract, anchor_height"

static enum err batch_cols(const struct db_stmt *s, struct arena *a, struct batch_row *out,
                           struct buf *why)
{
    *out = (struct batch_row){.head_bytes = kept(a, db_blob(s, 0)),
                              .closed = db_bool(s, 2),
                              .anchor_tx = kept(a, db_text(s, 3)),
                              .anchor_contract = kept(a, db_text(s, 4)),
                              .anchor_height = db_null(s, 5) ? 0 : db_u64(s, 5)};
    sig_col(s, 1, &out->sig);
    return batch_head_read(out->head_bytes, &out->head, why);
}

enum err batch_of(struct db *d, const struct hash256 *session, uint64_t seq, struct arena *a,
                  struct batch_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "SELECT " BATCH_COLS " FROM batch WHERE session = $1 AND first_seq <= $2 "
                         "AND first_seq + count > $2 ORDER BY first_seq DESC LIMIT 1",
                         &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(session));
    db_bind_u64(s, 2, seq);
    e = db_step(s, why);
    if (!e)
        e = batch_cols(s, a, out, why);
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "it stands in no batch yet") : e;
}

/* Signed by the session, and its root is the one of the statements that are here. */
static enum err batch_check(struct db *d, const struct batch_row *b, struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct ed25519_pub key;
    struct hash256 *leaf = NULL, root;
    enum err e = session_key(d, &b->head.session, &key, why);

    if (!e && !ed25519_verify(&key, b->head_bytes, &b->sig))
        e = err_put(why, ERR_DENIED, "the batch is not signed with the session's key");
    if (!e)
        e = leaves_get(d, &b->head.session, b->head.first_seq, b->head.count, &a, &leaf, why);
    if (!e) {
        root = batch_root(leaf, b->head.count);
        if (!hash_eq(&root, &b->head.root))
            e = err_put(why, ERR_CONFLICT, "the batch's root is not that of its statements");
    }
    arena_release(&a);
    return e;
}

enum err batch_put(struct db *d, const struct batch_row *b, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = batch_check(d, b, why);

    if (!e)
        e = db_stmt(d,
                    "INSERT INTO batch (session, first_seq, count, " BATCH_COLS ") "
                    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
                    "ON CONFLICT (session, first_seq) DO UPDATE SET count = excluded.count, "
                    "head = excluded.head, sig = excluded.sig, closed = excluded.closed, "
                    "anchor_tx = COALESCE(excluded.anchor_tx, batch.anchor_tx), "
                    "anchor_contract = COALESCE(excluded.anchor_contract, batch.anchor_contract), "
                    "anchor_height = COALESCE(excluded.anchor_height, batch.anchor_height) "
                    "WHERE excluded.count >= batch.count",
                    &s, why);
    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(&b->head.session));
    db_bind_u64(s, 2, b->head.first_seq);
    db_bind_u64(s, 3, b->head.count);
    db_bind_blob(s, 4, b->head_bytes);
    db_bind_blob(s, 5, str_from(b->sig.b, sizeof b->sig.b));
    db_bind_bool(s, 6, b->closed);
    db_bind_text(s, 7, b->anchor_tx);
    db_bind_text(s, 8, b->anchor_contract);
    if (b->anchor_height)
        db_bind_u64(s, 9, b->anchor_height);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

/* ------------------------------------------------------------------ collateral */

enum err collateral_store(struct db *d, struct str text, struct str source, uint64_t now_ms,
                          struct hash256 *id, struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct collateral *c = arena_new(&a, struct collateral);
    struct attest_verdict *v = arena_new(&a, struct attest_verdict);
    struct attest_input in = {.collateral = c, .at = 0, .crypto = &attest_crypto_native};
    struct hash256 h = sha256(text);
    struct db_stmt *s = NULL;
    char room[16];
    struct buf fmspc = BUF_OVER(room);
    enum err e = collateral_read(text, &a, c, why);

    if (!e) {
        (void)attest_check_collateral(&in, v); /* for the window alone */
        hex_put(&fmspc, c->tcb.fmspc, sizeof c->tcb.fmspc);
        e = db_stmt(d,
                    "INSERT INTO collateral (sha256, text, source, fmspc, from_s, until_s, "
                    "received_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) "
                    "ON CONFLICT (sha256) DO NOTHING",
                    &s, why);
    }
    if (!e) {
        db_bind_blob(s, 1, hash_str(&h));
        db_bind_text(s, 2, text);
        db_bind_text(s, 3, source);
        db_bind_text(s, 4, buf_str(&fmspc));
        db_bind_i64(s, 5, v->window.from);
        db_bind_i64(s, 6, v->window.until);
        db_bind_u64(s, 7, now_ms);
        e = db_run(s, why);
        db_done(&s);
    }
    if (!e)
        *id = h;
    arena_release(&a);
    return e;
}

#define COLLATERAL_COLS "sha256, text, source, fmspc, from_s, until_s, received_ms"

/* The row of a statement that has been bound. */
static enum err collateral_row(struct db_stmt *s, struct arena *a, struct collateral_row *out,
                               struct buf *why)
{
    struct str fmspc;
    enum err e = db_step(s, why);

    if (!e) {
        *out = (struct collateral_row){.text = kept(a, db_text(s, 1)),
                                       .source = kept(a, db_text(s, 2)),
                                       .from = db_i64(s, 4),
                                       .until = db_i64(s, 5),
                                       .received_ms = db_u64(s, 6)};
        hash_col(s, 0, &out->sha256);
        fmspc = str_head(db_text(s, 3), sizeof out->fmspc - 1);
        memcpy(out->fmspc, fmspc.ptr, fmspc.len);
    }
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "there is no such collateral") : e;
}

enum err collateral_by_hash(struct db *d, const struct hash256 *id, struct arena *a,
                            struct collateral_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e =
        db_stmt(d, "SELECT " COLLATERAL_COLS " FROM collateral WHERE sha256 = $1", &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(id));
    return collateral_row(s, a, out, why);
}

enum err collateral_for(struct db *d, struct str fmspc, int64_t at, struct arena *a,
                        struct collateral_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "SELECT " COLLATERAL_COLS " FROM collateral "
                         "WHERE ($1 = '' OR fmspc = $1) "
                         "ORDER BY CASE WHEN $2 < from_s THEN from_s - $2 "
                         "WHEN $2 >= until_s THEN $2 - until_s ELSE 0 END, received_ms DESC "
                         "LIMIT 1",
                         &s, why);

    if (e)
        return e;
    db_bind_text(s, 1, fmspc.ptr ? fmspc : STR(""));
    db_bind_i64(s, 2, at);
    return collateral_row(s, a, out, why);
}

/* ------------------------------------------------------------------ quotes on request */

/* Whoever asked has those over a nonce; and anybody may ask for as many as there are numbers. */
static enum err quotes_forget(struct db *d, uint64_t before_ms, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d, "DELETE FROM quote WHERE length(nonce) > 0 AND made_ms < $1", &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, before_ms);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err quote_store(struct db *d, const struct hash256 *digest, struct str nonce, struct str quote,
                     uint64_t now_ms, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO quote (digest, nonce, quote, made_ms) "
                         "VALUES ($1, $2, $3, $4) ON CONFLICT (digest, nonce) DO NOTHING",
                         &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(digest));
    db_bind_blob(s, 2, nonce);
    db_bind_blob(s, 3, quote);
    db_bind_u64(s, 4, now_ms);
    e = db_run(s, why);
    db_done(&s);
    if (!e && nonce.len && now_ms > QUOTE_KEPT_MS)
        e = quotes_forget(d, now_ms - QUOTE_KEPT_MS, why);
    return e;
}

enum err quote_find(struct db *d, const struct hash256 *digest, struct str nonce, struct arena *a,
                    struct str *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d, "SELECT quote FROM quote WHERE digest = $1 AND nonce = $2", &s, why);

    if (e)
        return e;
    db_bind_blob(s, 1, hash_str(digest));
    db_bind_blob(s, 2, nonce);
    e = db_step(s, why);
    if (!e)
        *out = kept(a, db_blob(s, 0));
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "there is no such quote") : e;
}
