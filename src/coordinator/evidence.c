#include "coordinator/evidence.h"

#include <string.h>

#include "attest/quote.h"
#include "coordinator/columns.h"

static void sig_col(const struct db_stmt *s, unsigned col, struct ed25519_sig *out)
{
    struct str v = db_blob(s, col);

    memset(out, 0, sizeof *out);
    if (v.len == sizeof out->b)
        memcpy(out->b, v.ptr, v.len);
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
    enum err e = db_ask(d,
                        "SELECT worker, simulated, manifest, quote, event_log, vm_config, "
                        "app_compose, collateral, received_ms FROM epoch WHERE session = $1",
                        &s, why, AS_BLOB(hash_str(session)));

    if (e)
        return e;
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
            out->collateral = hash_col(s, 7);
    }
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "no such session") : e;
}

static enum err epoch_insert(struct db *d, const struct epoch_row *r, struct buf *why)
{
    return db_do(d,
                 "INSERT INTO epoch (session, worker, simulated, manifest, quote, "
                 "event_log, vm_config, app_compose, collateral, received_ms) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                 why, AS_BLOB(hash_str(&r->session)), AS_TEXT(r->worker), AS_BOOL(r->simulated),
                 AS_BLOB(r->manifest), AS_BLOB(r->quote), AS_TEXT(r->event_log),
                 AS_TEXT(r->vm_config), AS_TEXT(r->app_compose),
                 r->has_collateral ? AS_BLOB(hash_str(&r->collateral)) : AS_NULL,
                 AS_U64(r->received_ms));
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
    enum err e = db_ask(d, "SELECT COALESCE(MAX(seq) + 1, 0) FROM statement WHERE session = $1", &s,
                        why, AS_BLOB(hash_str(session)));

    if (e)
        return e;
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
    out->session = hash_col(s, 0);
    out->digest = hash_col(s, 2);
    sig_col(s, 4, &out->sig);
}

/* The row of a statement that has been bound; `absent`: what is said where there is none. */
static enum err statement_row(struct db_stmt *s, struct arena *a, struct statement_row *out,
                              const char *absent, struct buf *why)
{
    enum err e = db_step(s, why);

    if (!e)
        statement_cols(s, a, out);
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "%s", absent) : e;
}

static enum err statement_get(struct db *d, const struct hash256 *session, uint64_t seq,
                              struct arena *a, struct statement_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e =
        db_ask(d, "SELECT " STATEMENT_COLS " FROM statement WHERE session = $1 AND seq = $2", &s,
               why, AS_BLOB(hash_str(session)), AS_U64(seq));

    return e ? e : statement_row(s, a, out, "no such statement", why);
}

static enum err statement_insert(struct db *d, const struct statement_row *r, uint64_t now_ms,
                                 struct buf *why)
{
    return db_do(d,
                 "INSERT INTO statement (" STATEMENT_COLS ", received_ms) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                 why, AS_BLOB(hash_str(&r->session)), AS_U64(r->seq), AS_BLOB(hash_str(&r->digest)),
                 AS_BLOB(r->bytes), AS_BLOB(str_from(r->sig.b, sizeof r->sig.b)), AS_U64(r->kind),
                 AS_U64(r->job_id), AS_I64(r->created_s), AS_TEXT(r->attached_usd),
                 AS_BLOB(r->input), AS_BLOB(r->delivered), AS_U64(now_ms));
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
    enum err e = db_ask(d,
                        "SELECT " STATEMENT_COLS " FROM statement "
                        "WHERE job_id = $1 AND ($2 < 0 OR kind = $2) "
                        "ORDER BY kind DESC, received_ms DESC, seq DESC LIMIT 1",
                        &s, why, AS_U64(job_id), AS_I64(kind ? (int64_t)*kind : -1));

    return e ? e : statement_row(s, a, out, "No attestation found for this job", why);
}

enum err statement_by_digest(struct db *d, const struct hash256 *digest, struct arena *a,
                             struct statement_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d, "SELECT " STATEMENT_COLS " FROM statement WHERE digest = $1", &s, why,
                        AS_BLOB(hash_str(digest)));

    return e ? e : statement_row(s, a, out, "no such statement", why);
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
    e = db_ask(d,
               "SELECT digest FROM statement WHERE session = $1 AND seq >= $2 AND seq < $3 "
               "ORDER BY seq",
               &s, why, AS_BLOB(hash_str(session)), AS_U64(first), AS_U64(first + n));
    if (e)
        return e;
    while (!(e = db_step(s, why)))
        leaf[got++] = hash_col(s, 0);
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
    enum err e = db_ask(d,
                        "SELECT " BATCH_COLS " FROM batch WHERE session = $1 AND first_seq <= $2 "
                        "AND first_seq + count > $2 ORDER BY first_seq DESC LIMIT 1",
                        &s, why, AS_BLOB(hash_str(session)), AS_U64(seq));

    if (e)
        return e;
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
    enum err e = batch_check(d, b, why);

    if (!e)
        e = db_do(d,
                  "INSERT INTO batch (session, first_seq, count, " BATCH_COLS ") "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
                  "ON CONFLICT (session, first_seq) DO UPDATE SET count = excluded.count, "
                  "head = excluded.head, sig = excluded.sig, closed = excluded.closed, "
                  "anchor_tx = COALESCE(excluded.anchor_tx, batch.anchor_tx), "
                  "anchor_contract = COALESCE(excluded.anchor_contract, batch.anchor_contract), "
                  "anchor_height = COALESCE(excluded.anchor_height, batch.anchor_height) "
                  "WHERE excluded.count >= batch.count",
                  why, AS_BLOB(hash_str(&b->head.session)), AS_U64(b->head.first_seq),
                  AS_U64(b->head.count), AS_BLOB(b->head_bytes),
                  AS_BLOB(str_from(b->sig.b, sizeof b->sig.b)), AS_BOOL(b->closed),
                  AS_TEXT(b->anchor_tx), AS_TEXT(b->anchor_contract),
                  b->anchor_height ? AS_U64(b->anchor_height) : AS_NULL);
    return e;
}
