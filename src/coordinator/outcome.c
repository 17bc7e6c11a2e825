/*
 * outcome.c — how jobs end: what the worker reports, what the contract says, or that nobody can
 * answer any more. See jobq.h; the contract has the last word.
 */
#include <string.h>

#include "codec/put.h"
#include "coordinator/held.h"
#include "coordinator/results.h"
#include "coordinator/totals.h"

enum err job_fail(struct db *d, const struct held *h, const char *error, uint64_t now_ms,
                  struct buf *why)
{
    char text[512];
    struct buf detail = BUF_OVER(text);
    struct counted was;
    enum err e = total_take(d, h->id, &was, why);

    if (!e)
        e = db_do(d,
                  "INSERT INTO result (id, status, success, by_worker, worker, done_ms, error) "
                  "VALUES ($1, 'failed', 0, 0, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
                  why, AS_U64(h->id), AS_TEXT(h->worker[0] ? str_of(h->worker) : STR_NONE),
                  AS_U64(now_ms), AS_TEXT(str_of(error)));
    if (!e)
        e = total_put(d, h->id, &was, why);
    if (!e)
        e = job_set_state(d, h->id, JOB_DONE, h->attempts, 0, why);
    if (e)
        return e;
    json_obj(&detail);
    put_z(&detail, "error", error);
    json_obj_end(&detail);
    return step_add(d, h->id, "failed", buf_str(&detail), 0, now_ms, why);
}

bool job_status_ok(struct str status, bool success)
{
    static const char *const failures[] = {
        "compilation_failed",   "execution_failed", "access_denied",
        "insufficient_payment", "custom",           "failed",
    };

    if (success)
        return str_eqz(status, "completed");
    for (size_t i = 0; i < countof(failures); i++)
        if (str_eqz(status, failures[i]))
            return true;
    return false;
}

/* The worker's report. What the contract said before (success, amounts) stays. */
static enum err report(struct db *d, const struct held *h, const struct job_result *r,
                       uint64_t now_ms, struct buf *why)
{
    return db_do(
        d,
        "INSERT INTO result (id, status, success, by_worker, worker, done_ms, output, error, "
        "instructions, time_ms, wasm_sha256, resolve_tx, charged, run, refund_usd) "
        "VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
        "ON CONFLICT (id) DO UPDATE SET by_worker = 1, worker = excluded.worker, "
        "status = CASE WHEN result.completed_height IS NULL OR result.success = excluded.success "
        "  THEN excluded.status ELSE result.status END, "
        "success = CASE WHEN result.completed_height IS NULL THEN excluded.success "
        "  ELSE result.success END, "
        "error = CASE WHEN result.completed_height IS NULL THEN excluded.error "
        "  ELSE COALESCE(result.error, excluded.error) END, "
        "charged = COALESCE(result.charged, excluded.charged), output = excluded.output, "
        "instructions = excluded.instructions, time_ms = excluded.time_ms, "
        "wasm_sha256 = excluded.wasm_sha256, resolve_tx = excluded.resolve_tx, "
        "run = excluded.run, refund_usd = excluded.refund_usd",
        why, AS_U64(h->id), AS_TEXT(r->status), AS_BOOL(r->success),
        AS_TEXT(h->worker[0] ? str_of(h->worker) : STR_NONE), AS_U64(now_ms), AS_TEXT(r->output),
        AS_TEXT(r->error.ptr ? str_head(r->error, JOB_ERROR_MAX) : STR_NONE),
        r->has_use ? AS_U64(r->instructions) : AS_NULL, r->has_use ? AS_U64(r->time_ms) : AS_NULL,
        AS_TEXT(r->wasm_sha256), AS_TEXT(r->resolve_tx),
        r->has_charged ? AS_U128(r->charged) : AS_NULL, AS_TEXT(r->run),
        r->refund_usd ? AS_U64(r->refund_usd) : AS_NULL);
}

enum err jobq_complete(struct db *d, uint64_t id, uint64_t token, const struct job_result *r,
                       uint64_t now_ms, uint64_t *request_id, struct buf *why)
{
    uint64_t reported = 0;
    struct counted was;
    struct held h;
    enum err e = held_check(d, id, token, &h, why);

    if (!e)
        e = db_number(d, "SELECT by_worker FROM result WHERE id = $1", &reported, why, AS_U64(id));
    if (!e && !reported) {
        e = total_take(d, id, &was, why);
        if (!e)
            e = report(d, &h, r, now_ms, why);
        if (!e)
            e = total_put(d, id, &was, why);
        if (!e && h.state != JOB_DONE)
            e = job_set_state(d, id, JOB_DONE, h.attempts, 0, why);
    }
    if (!e)
        *request_id = h.request_id;
    return e;
}

/* The step of the timeline that says what the contract did. */
static enum err completed_step(struct db *d, uint64_t id, const struct block_event *ev,
                               uint64_t height, uint64_t now_ms, struct buf *why)
{
    struct buf detail = BUF_INIT(DETAIL_MAX);
    enum err e;

    json_obj(&detail);
    put_bool(&detail, "success", ev->success);
    if (ev->error.ptr) {
        put_str(&detail, "error", str_head(ev->error, JOB_ERROR_MAX / 8));
    }
    put_u128(&detail, "charged", ev->charged);
    put_u128(&detail, "refunded", ev->refunded);
    json_obj_end(&detail);
    e = step_add(d, id, "completed", detail.full ? STR_NONE : buf_str(&detail), height, now_ms,
                 why);
    buf_release(&detail);
    return e;
}

static enum err finish_one(struct db *d, uint64_t id, const struct block_event *ev, uint64_t height,
                           uint64_t now_ms, struct buf *why)
{
    struct counted was;
    enum err e = total_take(d, id, &was, why);

    if (!e)
        e = db_do(
            d,
            "INSERT INTO result (id, status, success, by_worker, done_ms, error, charged, "
            "refunded, completed_height) VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8) "
            "ON CONFLICT (id) DO UPDATE SET "
            "status = CASE WHEN result.success = excluded.success THEN result.status "
            "  ELSE excluded.status END, success = excluded.success, "
            "error = COALESCE(excluded.error, CASE WHEN excluded.success = 0 THEN result.error "
            "  END), "
            "charged = excluded.charged, refunded = excluded.refunded, "
            "completed_height = excluded.completed_height",
            why, AS_U64(id), AS_TEXT(ev->success ? STR("completed") : STR("execution_failed")),
            AS_BOOL(ev->success), AS_U64(now_ms),
            AS_TEXT(ev->error.ptr ? str_head(ev->error, JOB_ERROR_MAX) : STR_NONE),
            AS_U128(ev->charged), AS_U128(ev->refunded), AS_U64(height));
    if (!e)
        e = total_put(d, id, &was, why);
    if (!e)
        e = db_do(d, "UPDATE job SET state = 2 WHERE id = $1 AND state <> 2", why, AS_U64(id));
    return e ? e : completed_step(d, id, ev, height, now_ms, why);
}

enum err jobq_finish(struct db *d, const struct block_event *ev, uint64_t height, uint64_t now_ms,
                     struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t ids[16];
    size_t n = 0;
    enum err e = db_ask(d,
                        "SELECT r.id FROM request r LEFT JOIN result t ON t.id = r.id "
                        "WHERE r.request_id = $1 AND t.completed_height IS NULL LIMIT 16",
                        &s, why, AS_U64(ev->request_id));

    if (e)
        return e;
    while (n < countof(ids) && !(e = db_step(s, why)))
        ids[n++] = db_u64(s, 0);
    db_done(&s);
    if (e == ERR_EMPTY)
        e = ERR_OK;
    for (size_t i = 0; !e && i < n; i++)
        e = finish_one(d, ids[i], ev, height, now_ms, why);
    return e;
}
