#include "coordinator/results.h"

#include <stdio.h>
#include <string.h>

#include "codec/put.h"
#include "coordinator/columns.h"
#include "coordinator/prune.h"

enum err step_add(struct db *d, uint64_t job_id, const char *step, struct str detail,
                  uint64_t block_height, uint64_t now_ms, struct buf *why)
{
    return db_do(d,
                 "INSERT INTO step (job_id, n, step, at_ms, block_height, detail) "
                 "SELECT $1, COALESCE(MAX(n), 0) + 1, $2, $3, $4, $5 FROM step "
                 "WHERE job_id = $1 HAVING COALESCE(MAX(n), 0) < $6",
                 why, AS_U64(job_id), AS_TEXT(str_of(step)), AS_U64(now_ms),
                 block_height ? AS_U64(block_height) : AS_NULL, AS_TEXT(detail), AS_U64(STEPS_MAX));
}

const char *job_state_name(uint64_t state)
{
    return state == 0 ? "queued" : "running";
}

enum err steps_write(struct db *d, uint64_t job_id, uint64_t after, struct buf *out,
                     struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT n, step, at_ms, block_height, detail FROM step "
                        "WHERE job_id = $1 AND n > $2 ORDER BY n",
                        &s, why, AS_U64(job_id), AS_U64(after));

    if (e)
        return e;
    json_arr(out);
    while (!(e = db_step(s, why))) {
        json_obj(out);
        col_u64(out, "n", s, 0);
        col_text(out, "step", s, 1);
        col_u64(out, "at_ms", s, 2);
        if (!db_null(s, 3))
            col_u64(out, "block_height", s, 3);
        if (!db_null(s, 4))
            col_raw(out, "detail", s, 4);
        json_obj_end(out);
    }
    json_arr_end(out);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err step_last(struct db *d, uint64_t request_id, uint64_t *out, struct buf *why)
{
    return db_number(d,
                     "SELECT MAX(n) FROM step WHERE job_id = "
                     "(SELECT MAX(id) FROM request WHERE request_id = $1)",
                     out, why, AS_U64(request_id));
}

enum err request_write(struct db *d, uint64_t request_id, uint64_t after, struct buf *out,
                       struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t id;
    enum err e = db_ask(
        d,
        "SELECT r.id, r.data_id, j.state, j.attempts, t.status, t.success, t.output, t.error, "
        "t.instructions, t.time_ms, t.resolve_tx, t.charged, t.refunded, t.completed_height, "
        "r.transaction_hash, r.block_height, r.sender_id, r.predecessor_id, t.wasm_sha256, t.run, "
        "t.refund_usd FROM request r JOIN job j ON j.id = r.id LEFT JOIN result t ON t.id = r.id "
        "WHERE r.request_id = $1 ORDER BY r.id DESC LIMIT 1",
        &s, why, AS_U64(request_id));

    if (e)
        return e;
    e = db_step(s, why);
    if (e) {
        db_done(&s);
        if (e == ERR_EMPTY)
            e = gone_request(d, request_id, why);
        return e ? e
                 : err_put(why, ERR_ABSENT, "no request '%llu'", (unsigned long long)request_id);
    }
    id = db_u64(s, 0);
    json_obj(out);
    put_u64(out, "request_id", request_id);
    col_u64(out, "job_id", s, 0);
    col_hex(out, "data_id", s, 1);
    json_key(out, "status");
    if (db_null(s, 4))
        json_putz(out, job_state_name(db_u64(s, 2)));
    else
        json_put_str(out, db_text(s, 4));
    col_u64(out, "attempts", s, 3);
    col_bool(out, "success", s, 5);
    col_raw(out, "output", s, 6);
    col_text(out, "error", s, 7);
    col_u64(out, "instructions", s, 8);
    col_u64(out, "time_ms", s, 9);
    col_text(out, "wasm_sha256", s, 18);
    col_text(out, "transaction_hash", s, 14);
    col_text(out, "resolve_tx", s, 10);
    col_u64(out, "block_height", s, 15);
    col_u64(out, "completed_height", s, 13);
    col_u128(out, "charged_yocto", s, 11);
    col_u128(out, "refunded_yocto", s, 12);
    col_u64(out, "refund_usd", s, 20);
    col_text(out, "sender_id", s, 16);
    col_text(out, "predecessor_id", s, 17);
    col_raw(out, "run", s, 19);
    db_done(&s);
    json_key(out, "steps");
    e = steps_write(d, id, after, out, why);
    json_obj_end(out);
    return e;
}

/* `whole`: with what the run did, which is long. */
static void job_row(struct buf *b, const struct db_stmt *s, bool whole)
{
    bool over = !db_null(s, 5);

    json_obj(b);
    col_u64(b, "id", s, 0);
    col_u64(b, "job_id", s, 0);
    col_u64(b, "request_id", s, 1);
    col_hex(b, "data_id", s, 2);
    put_str(b, "worker_id", db_null(s, 4) ? STR("") : db_text(s, 4));
    put_bool(b, "success", over && db_bool(s, 6));
    json_key(b, "status");
    if (over)
        json_put_str(b, db_text(s, 5));
    else
        json_putz(b, job_state_name(db_u64(s, 3)));
    col_text(b, "error_details", s, 7);
    put_z(b, "job_type", "execute");
    col_u64(b, "execution_time_ms", s, 8);
    col_u64(b, "compile_time_ms", s, 20);
    col_u64(b, "instructions_used", s, 9);
    col_text(b, "resolve_tx_id", s, 10);
    col_text(b, "user_account_id", s, 11);
    col_u128(b, "near_payment_yocto", s, 12);
    col_u128(b, "actual_cost_yocto", s, 13);
    col_u128(b, "compile_cost_yocto", s, 21);
    col_text(b, "github_repo", s, 14);
    col_text(b, "github_commit", s, 15);
    col_text(b, "transaction_hash", s, 16);
    put_u64(b, "created_at", db_u64(s, 17) / 1000);
    put_bool(b, "is_https_call", false);
    put_null(b, "call_id");
    col_text(b, "project_id", s, 18);
    put_null(b, "compute_cost_usd");
    /* how far compiling has come, while it does */
    if (!over && !db_null(s, 22))
        col_raw(b, "compiling", s, 22);
    if (whole)
        col_raw(b, "run", s, 19);
    json_obj_end(b);
}

enum err jobs_write(struct db *d, const struct jobs_filter *f, struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(
        d,
        "SELECT r.id, r.request_id, r.data_id, j.state, j.worker, t.status, t.success, t.error, "
        "t.time_ms, t.instructions, t.resolve_tx, r.sender_id, r.payment, t.charged, r.repo, "
        "r.commit_ref, r.transaction_hash, r.created_ms, r.project_id, t.run, "
        "CASE WHEN b.cached = 0 THEN b.compile_ms END, "
        "CASE WHEN b.cached = 0 THEN b.cost END, "
        "(SELECT p.detail FROM step p WHERE p.job_id = r.id AND p.step = 'compiling' "
        "ORDER BY p.n DESC LIMIT 1) "
        "FROM request r JOIN job j ON j.id = r.id LEFT JOIN result t ON t.id = r.id "
        "LEFT JOIN job_build b ON b.job_id = r.id "
        "WHERE ($1 = '' OR r.sender_id = $1) AND ($2 = 0 OR r.id = $2) "
        "ORDER BY r.id DESC LIMIT $3 OFFSET $4",
        &s, why, AS_TEXT(f->user.ptr ? f->user : STR("")), AS_U64(f->job_id),
        AS_U64(f->https_only ? 0 : f->limit), AS_U64(f->offset));

    if (e)
        return e;
    json_arr(out);
    while (!(e = db_step(s, why)))
        job_row(out, s, f->job_id != 0);
    json_arr_end(out);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}
