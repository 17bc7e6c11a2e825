/*
 * route_evidence.c — the workers' side of evidence: epochs, statements, batches. Foreign to us like
 * any body; evidence.c checks that it is signed and in order.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "coordinator/attestation.h"
#include "coordinator/bodies.h"
#include "codec/put.h"
#include "coordinator/columns.h"
#include "coordinator/reply.h"
#include "coordinator/routes.h"
#include "coordinator/wait.h"
#include "coordinator/wishes.h"

/* Commit or undo, and answer with how many statements of the session are here. Under the lock. */
static void settle(struct coord *c, struct http_req *r, enum err e, uint64_t next, struct buf *why)
{
    char room[256];
    struct buf b = BUF_OVER(room);

    e = db_end(c->db, e, why);
    if (e && e != ERR_CONFLICT) {
        reply_fault(r, e, why);
        return;
    }
    json_obj(&b);
    if (e) {
        put_str(&b, "error", str_head(buf_str(why), 120));
    }
    put_u64(&b, "statements", next);
    json_obj_end(&b);
    reply_json(r, e ? 409 : 200, &b);
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
    wrong = epoch_body(body, http_req_arena(r), &row, &collateral);
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

/* The request that a job answers; 0 when it is not known here. */
static uint64_t request_of(struct coord *c, uint64_t job_id)
{
    struct buf why = WHY_INIT;
    uint64_t id = 0;

    if (db_number(c->db, "SELECT request_id FROM request WHERE id = $1", &id, &why, AS_U64(job_id)))
        id = 0;
    buf_release(&why);
    return id;
}

void route_statements_put(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct statement_row *rows;
    struct buf why = WHY_INIT;
    struct hash256 session;
    const char *wrong;
    struct json body;
    uint64_t next = 0;
    size_t n;
    enum err e;

    if (!body_object(r, &body))
        return;
    wrong = statements_body(body, http_req_arena(r), &session, &rows, &n);
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

/* Who looks at one of the batch's executions sees that it is anchored now. */
static void tell_batch(struct coord *c, const struct batch_head *h)
{
    struct buf why = WHY_INIT;
    struct db_stmt *s = NULL;
    uint64_t *ids = mem_alloc(h->count * sizeof *ids);
    size_t n = 0;

    if (!db_ask(c->db,
                "SELECT DISTINCT r.request_id FROM statement s JOIN request r ON r.id = s.job_id "
                "WHERE s.session = $1 AND s.seq >= $2 AND s.seq < $3",
                &s, &why, AS_BLOB(hash_str(&h->session)), AS_U64(h->first_seq),
                AS_U64(h->first_seq + h->count)))
        while (n < h->count && !db_step(s, &why))
            ids[n++] = db_u64(s, 0);
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
    wrong = batch_body(body, http_req_arena(r), &row);
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
    const char *wrong;
    struct json body;
    struct str worker;
    uint64_t wait;

    if (!body_object(r, &body))
        return;
    wrong = wishes_body(body, &worker, &wait);
    if (wrong) {
        reply_error(r, 400, wrong);
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
    struct statement_row row;
    struct quote_told q;
    const char *wrong;
    struct json body;
    enum err e;

    if (!body_object(r, &body))
        return;
    wrong = quote_body(body, a, &q);
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    coord_lock(c);
    e = statement_by_digest(c->db, &q.digest, a, &row, &why);
    if (!e && q.quote.ptr)
        e = quote_check(&row, q.nonce, q.quote, a, &why);
    if (!e && q.quote.ptr)
        e = db_begin(c->db, &why);
    if (!e && q.quote.ptr) {
        e = quote_store(c->db, &q.digest, q.nonce, q.quote, now_ms(), &why);
        e = db_end(c->db, e, &why);
    }
    if (e)
        reply_fault(r, e, &why);
    else
        http_reply(r, 200, "application/json", STR("{\"ok\":true}"));
    wish_granted(c, &q.digest, q.nonce,
                 e              ? "the worker brought a quote over something else"
                 : !q.quote.ptr ? "the machine could not be quoted"
                                : NULL);
    coord_unlock(c);
    buf_release(&why);
}
