/*
 * route_evidence.c — the workers' side of evidence: epochs, statements, batches. Foreign to us like
 * any body; evidence.c checks that it is signed and in order.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "coordinator/attestation.h"
#include "coordinator/reply.h"
#include "coordinator/routes.h"
#include "coordinator/wait.h"
#include "coordinator/wishes.h"

#define LOG_MAX        (1u << 20) /* bytes of an event log, of a configuration */
#define STATEMENTS_MAX 256        /* of one request */
#define HASH_TEXT_MAX  64

/* Base64 into the arena; absent and null leave STR_NONE. False: malformed or too long. */
static bool bytes_of(struct json v, size_t max, struct arena *a, struct str *out)
{
    struct buf b = BUF_INIT(max);
    struct str text;
    bool ok = true;

    *out = STR_NONE;
    if (!json_is_null(v)) {
        ok = json_plain(v, &text) && base64_get(text, &b) && !b.full;
        if (ok)
            *out = arena_str(a, b.len ? buf_str(&b) : STR(""));
    }
    buf_release(&b);
    return ok;
}

static bool text_of(struct json v, size_t max, struct arena *a, struct str *out)
{
    struct buf b = BUF_INIT(max);
    bool ok = true;

    *out = STR_NONE;
    if (!json_is_null(v)) {
        ok = json_str(v, &b) && !b.full;
        if (ok)
            *out = arena_str(a, b.len ? buf_str(&b) : STR(""));
    }
    buf_release(&b);
    return ok;
}

static bool hash_of(struct json v, struct hash256 *out)
{
    struct str text;

    return json_plain(v, &text) && hash_from_hex(text, out);
}

static bool sig_of(struct json v, struct ed25519_sig *out)
{
    struct str text;

    return json_plain(v, &text) && hex_get(text, out->b, sizeof out->b);
}

/* Commit or undo, and answer with how many statements of the session are here. Under the lock. */
static void settle(struct coord *c, struct http_req *r, enum err e, uint64_t next, struct buf *why)
{
    char room[256];
    struct buf b = BUF_OVER(room);

    if (!e)
        e = db_commit(c->db, why);
    else
        db_rollback(c->db);
    if (e && e != ERR_CONFLICT) {
        reply_fault(r, e, why);
        return;
    }
    json_obj(&b);
    if (e) {
        json_key(&b, "error");
        json_put_str(&b, str_head(buf_str(why), 120));
    }
    json_key(&b, "statements");
    json_put_u64(&b, next);
    json_obj_end(&b);
    reply_json(r, e ? 409 : 200, &b);
}

static const char *epoch_parse(struct json body, struct arena *a, struct epoch_row *e,
                               struct str *collateral)
{
    if (!hash_of(json_get(body, "session_id"), &e->session))
        return "'session_id' must be 64 hex digits";
    if (!text_of(json_get(body, "worker"), JOB_WORKER_MAX, a, &e->worker) || !e->worker.len)
        return "'worker' must be a text";
    if (!json_bool(json_get(body, "simulated"), &e->simulated))
        return "'simulated' must be true or false";
    if (!bytes_of(json_get(body, "manifest"), MANIFEST_MAX, a, &e->manifest) || !e->manifest.ptr)
        return "'manifest' must be base64";
    if (!bytes_of(json_get(body, "quote"), QUOTE_MAX, a, &e->quote) || !e->quote.ptr)
        return "'quote' must be base64";
    if (!text_of(json_get(body, "event_log"), LOG_MAX, a, &e->event_log) ||
        !text_of(json_get(body, "vm_config"), LOG_MAX, a, &e->vm_config) ||
        !text_of(json_get(body, "app_compose"), LOG_MAX, a, &e->app_compose))
        return "'event_log', 'vm_config' and 'app_compose' must be texts";
    if (!text_of(json_get(body, "collateral"), COLLATERAL_MAX, a, collateral))
        return "'collateral' must be a text";
    return NULL;
}

void route_epoch_put(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct epoch_row row = {.received_ms = now_ms()};
    struct buf why = WHY_INIT;
    struct str collateral;
    const char *wrong;
    struct json body;
    uint64_t next = 0;
    enum err e;

    if (!body_object(r, &body))
        return;
    wrong = epoch_parse(body, http_req_arena(r), &row, &collateral);
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e && collateral.ptr) {
        e = collateral_store(c->db, collateral, row.simulated ? STR("SIMULATED") : row.worker,
                             row.received_ms, &row.collateral, &why);
        row.has_collateral = !e;
    }
    if (!e)
        e = epoch_put(c->db, &row, &why);
    if (!e)
        e = statements_count(c->db, &row.session, &next, &why);
    settle(c, r, e, next, &why);
    coord_unlock(c);
    if (!e)
        log_info("epoch", "worker=%.*s simulated=%d", STR_ARG(row.worker), row.simulated);
    buf_release(&why);
}

static const char *statement_parse(struct json v, struct arena *a, struct statement_row *s)
{
    uint64_t created = 0;

    if (!bytes_of(json_get(v, "statement"), STATEMENT_MAX, a, &s->bytes) || !s->bytes.ptr)
        return "'statement' must be base64";
    if (!sig_of(json_get(v, "signature"), &s->sig))
        return "'signature' must be 128 hex digits";
    if (!json_u64(json_get(v, "job_id"), &s->job_id) || s->job_id > INT64_MAX)
        return "'job_id' must be a number";
    if (!json_u64(json_get(v, "created_at"), &created) || created > INT64_MAX)
        return "'created_at' must be a number";
    s->created_s = (int64_t)created;
    if (!text_of(json_get(v, "attached_usd"), EVIDENCE_USD_MAX, a, &s->attached_usd))
        return "'attached_usd' must be a text";
    if (!bytes_of(json_get(v, "input"), EVIDENCE_PAYLOAD_MAX, a, &s->input) ||
        !bytes_of(json_get(v, "delivered"), EVIDENCE_PAYLOAD_MAX, a, &s->delivered))
        return "'input' and 'delivered' must be base64 of at most 8192 bytes";
    return NULL;
}

/* The request that a job answers; 0 when it is not known here. */
static uint64_t request_of(struct coord *c, uint64_t job_id)
{
    struct buf why = WHY_INIT;
    struct db_stmt *s = NULL;
    uint64_t id = 0;

    if (!db_stmt(c->db, "SELECT request_id FROM request WHERE id = $1", &s, &why)) {
        db_bind_u64(s, 1, job_id);
        if (!db_step(s, &why))
            id = db_u64(s, 0);
    }
    db_done(&s);
    buf_release(&why);
    return id;
}

void route_statements_put(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct statement_row *rows =
        arena_new_n(http_req_arena(r), struct statement_row, STATEMENTS_MAX);
    struct buf why = WHY_INIT;
    struct hash256 session;
    const char *wrong = NULL;
    struct json_iter it;
    struct json body;
    uint64_t next = 0;
    size_t n = 0;
    enum err e;

    if (!body_object(r, &body))
        return;
    if (!hash_of(json_get(body, "session_id"), &session))
        wrong = "'session_id' must be 64 hex digits";
    if (json_type(json_get(body, "statements")) != JSON_ARRAY)
        wrong = "'statements' must be a list";
    it = json_iter(json_get(body, "statements"));
    while (!wrong && json_next(&it)) {
        if (n == STATEMENTS_MAX) {
            wrong = "at most 256 statements at once";
            break;
        }
        rows[n].session = session;
        wrong = statement_parse(it.value, http_req_arena(r), &rows[n++]);
    }
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    for (size_t i = 0; i < n && !e; i++)
        e = statement_store(c->db, &rows[i], now_ms(), &next, &why);
    settle(c, r, e, next, &why);
    for (size_t i = 0; i < n && !e; i++)
        waiters_changed(c, request_of(c, rows[i].job_id));
    coord_unlock(c);
    buf_release(&why);
}

static const char *batch_parse(struct json body, struct arena *a, struct batch_row *b)
{
    struct json height = json_get(body, "block_height");

    if (!bytes_of(json_get(body, "head"), BATCH_HEAD_LEN, a, &b->head_bytes) ||
        !b->head_bytes.ptr || batch_head_read(b->head_bytes, &b->head, NULL) ||
        b->head.first_seq > INT64_MAX)
        return "'head' must be the base64 of a batch head";
    if (!sig_of(json_get(body, "signature"), &b->sig))
        return "'signature' must be 128 hex digits";
    if (!json_bool(json_get(body, "closed"), &b->closed))
        return "'closed' must be true or false";
    if (!text_of(json_get(body, "transaction"), HASH_TEXT_MAX, a, &b->anchor_tx) ||
        !text_of(json_get(body, "contract"), HASH_TEXT_MAX, a, &b->anchor_contract))
        return "'transaction' and 'contract' must be texts";
    if (!json_is_null(height) &&
        (!json_u64(height, &b->anchor_height) || b->anchor_height > INT64_MAX))
        return "'block_height' must be a number";
    return NULL;
}

/* Who looks at one of the batch's executions sees that it is anchored now. */
static void tell_batch(struct coord *c, const struct batch_head *h)
{
    struct buf why = WHY_INIT;
    struct db_stmt *s = NULL;
    uint64_t *ids = mem_alloc(h->count * sizeof *ids);
    size_t n = 0;

    if (!db_stmt(c->db,
                 "SELECT DISTINCT r.request_id FROM statement s JOIN request r ON r.id = s.job_id "
                 "WHERE s.session = $1 AND s.seq >= $2 AND s.seq < $3",
                 &s, &why)) {
        db_bind_blob(s, 1, str_from(h->session.b, sizeof h->session.b));
        db_bind_u64(s, 2, h->first_seq);
        db_bind_u64(s, 3, h->first_seq + h->count);
        while (n < h->count && !db_step(s, &why))
            ids[n++] = db_u64(s, 0);
    }
    db_done(&s);
    for (size_t i = 0; i < n; i++)
        waiters_changed(c, ids[i]);
    mem_free(ids);
    buf_release(&why);
}

void route_batch_put(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct batch_row row = {.closed = false};
    struct buf why = WHY_INIT;
    const char *wrong;
    struct json body;
    uint64_t next = 0;
    enum err e;

    if (!body_object(r, &body))
        return;
    wrong = batch_parse(body, http_req_arena(r), &row);
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = batch_put(c->db, &row, &why);
    if (!e || e == ERR_ABSENT)
        (void)!statements_count(c->db, &row.head.session, &next, &why);
    settle(c, r, e, next, &why);
    if (!e)
        tell_batch(c, &row.head);
    coord_unlock(c);
    buf_release(&why);
}

/* ------------------------------------------------------------------ quotes on request */

/* {"worker","wait_ms"} */
void route_wishes(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct json body;
    struct str worker;
    uint64_t wait = 0;

    if (!body_object(r, &body))
        return;
    if (!text_of(json_get(body, "worker"), JOB_WORKER_MAX, http_req_arena(r), &worker) ||
        !worker.len || !json_u64(json_get(body, "wait_ms"), &wait)) {
        reply_error(r, 400, "'worker' must be a text and 'wait_ms' a number");
        return;
    }
    coord_lock(c);
    wish_next(c, r, worker, wait < COORD_WAIT_MAX ? wait : COORD_WAIT_MAX);
    coord_unlock(c);
}

/* Is it over this statement and nonce, or over the statement's record? */
static enum err quote_check(const struct statement_row *s, struct str nonce, struct str quote,
                            struct arena *a, struct buf *why)
{
    uint8_t want[REPORT_DATA_LEN];
    struct record record;
    struct quote q;
    enum err e = ERR_OK;

    if (nonce.len) {
        statement_quote_data(&s->digest, (const uint8_t *)nonce.ptr, want);
    } else {
        e = record_of_row(s, a, &record, why);
        if (!e)
            e = record_report_data(&record, want, why);
    }
    if (e)
        return e;
    return quote_read(quote, &q) == ATTEST_OK &&
                   str_eq(quote_report_data(&q), str_from(want, sizeof want))
               ? ERR_OK
               : err_put(why, ERR_FORMAT, "the quote is over something else");
}

/* {"digest","nonce","quote"} or {"digest","nonce","error"} */
void route_quote_put(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct arena *a = http_req_arena(r);
    struct buf why = WHY_INIT;
    struct str quote, error, hex;
    struct hash256 digest;
    uint8_t nonce_bytes[32];
    struct str nonce = STR("");
    struct statement_row row;
    struct json body;
    enum err e;

    if (!body_object(r, &body))
        return;
    if (!hash_of(json_get(body, "digest"), &digest) ||
        !bytes_of(json_get(body, "quote"), QUOTE_MAX, a, &quote) ||
        !text_of(json_get(body, "error"), WHY_MAX, a, &error) || (!quote.ptr && !error.ptr)) {
        reply_error(r, 400, "'digest' must be 64 hex digits, and 'quote' base64 or 'error' a text");
        return;
    }
    if (!json_is_null(json_get(body, "nonce"))) {
        if (!json_plain(json_get(body, "nonce"), &hex) || !hex_get(hex, nonce_bytes, 32)) {
            reply_error(r, 400, "'nonce' must be 64 hex digits");
            return;
        }
        nonce = str_from(nonce_bytes, sizeof nonce_bytes);
    }
    coord_lock(c);
    e = statement_by_digest(c->db, &digest, a, &row, &why);
    if (!e && quote.ptr)
        e = quote_check(&row, nonce, quote, a, &why);
    if (!e && quote.ptr)
        e = db_begin(c->db, &why);
    if (!e && quote.ptr) {
        e = quote_store(c->db, &digest, nonce, quote, now_ms(), &why);
        if (e)
            db_rollback(c->db);
        else
            e = db_commit(c->db, &why);
    }
    if (e)
        reply_fault(r, e, &why);
    else
        http_reply(r, 200, "application/json", STR("{\"ok\":true}"));
    wish_granted(c, &digest, nonce,
                 e            ? "the worker brought a quote over something else"
                 : !quote.ptr ? "the machine could not be quoted"
                              : NULL);
    coord_unlock(c);
    buf_release(&why);
}
