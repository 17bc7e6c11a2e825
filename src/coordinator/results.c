#include "coordinator/results.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "coordinator/columns.h"

#define DAY_MS UINT64_C(86400000)

enum err step_add(struct db *d, uint64_t job_id, const char *step, struct str detail,
                  uint64_t block_height, uint64_t now_ms, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO step (job_id, n, step, at_ms, block_height, detail) "
                         "SELECT $1, COALESCE(MAX(n), 0) + 1, $2, $3, $4, $5 FROM step "
                         "WHERE job_id = $1 HAVING COALESCE(MAX(n), 0) < $6",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, job_id);
    db_bind_text(s, 2, str_of(step));
    db_bind_u64(s, 3, now_ms);
    if (block_height)
        db_bind_u64(s, 4, block_height);
    db_bind_text(s, 5, detail);
    db_bind_u64(s, 6, STEPS_MAX);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

const char *job_state_name(uint64_t state)
{
    return state == 0 ? "queued" : "running";
}

enum err steps_write(struct db *d, uint64_t job_id, uint64_t after, struct buf *out, bool *news,
                     struct buf *why)
{
    struct db_stmt *s = NULL;
    bool any = false;
    enum err e = db_stmt(d,
                         "SELECT n, step, at_ms, block_height, detail FROM step "
                         "WHERE job_id = $1 AND n > $2 ORDER BY n",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, job_id);
    db_bind_u64(s, 2, after);
    json_arr(out);
    while (!(e = db_step(s, why))) {
        any = true;
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
    if (e != ERR_EMPTY)
        return e;
    *news = any;
    return ERR_OK;
}

enum err request_write(struct db *d, uint64_t request_id, uint64_t after, struct buf *out,
                       bool *news, struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t id;
    enum err e = db_stmt(
        d,
        "SELECT r.id, r.data_id, j.state, j.attempts, t.status, t.success, t.output, t.error, "
        "t.instructions, t.time_ms, t.resolve_tx, t.charged, t.refunded, t.completed_height, "
        "r.transaction_hash, r.block_height, r.sender_id, r.predecessor_id, t.wasm_sha256, t.run, "
        "t.refund_usd FROM request r JOIN job j ON j.id = r.id LEFT JOIN result t ON t.id = r.id "
        "WHERE r.request_id = $1 ORDER BY r.id DESC LIMIT 1",
        &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, request_id);
    e = db_step(s, why);
    if (e) {
        db_done(&s);
        return e == ERR_EMPTY
                   ? err_put(why, ERR_ABSENT, "no request '%llu'", (unsigned long long)request_id)
                   : e;
    }
    id = db_u64(s, 0);
    json_obj(out);
    json_key(out, "request_id");
    json_put_u64(out, request_id);
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
    e = steps_write(d, id, after, out, news, why);
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
    json_key(b, "worker_id");
    json_put_str(b, db_null(s, 4) ? STR("") : db_text(s, 4));
    json_key(b, "success");
    json_put_bool(b, over && db_bool(s, 6));
    json_key(b, "status");
    if (over)
        json_put_str(b, db_text(s, 5));
    else
        json_putz(b, job_state_name(db_u64(s, 3)));
    col_text(b, "error_details", s, 7);
    json_key(b, "job_type");
    json_putz(b, "execute");
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
    json_key(b, "created_at");
    json_put_u64(b, db_u64(s, 17) / 1000);
    json_key(b, "is_https_call");
    json_put_bool(b, false);
    col_none(b, "call_id");
    col_text(b, "project_id", s, 18);
    col_none(b, "compute_cost_usd");
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
    enum err e = db_stmt(
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
        &s, why);

    if (e)
        return e;
    db_bind_text(s, 1, f->user.ptr ? f->user : STR(""));
    db_bind_u64(s, 2, f->job_id);
    db_bind_u64(s, 3, f->https_only ? 0 : f->limit);
    db_bind_u64(s, 4, f->offset);
    json_arr(out);
    while (!(e = db_step(s, why)))
        job_row(out, s, f->job_id != 0);
    json_arr_end(out);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

/* Money is summed here: 128 bits are no number of the database's. */
static enum err sum_charged(struct db *d, struct str account, u128 *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    u128 sum = 0;
    enum err e = db_stmt(d,
                         "SELECT t.charged FROM result t JOIN request r ON r.id = t.id "
                         "WHERE t.charged IS NOT NULL AND ($1 = '' OR r.sender_id = $1)",
                         &s, why);

    if (e)
        return e;
    db_bind_text(s, 1, account);
    while (!(e = db_step(s, why)))
        sum += db_u128(s, 0);
    db_done(&s);
    if (e != ERR_EMPTY)
        return e;
    *out = sum;
    return ERR_OK;
}

enum err stats_write(struct db *d, uint64_t active_workers, struct buf *out, struct buf *why)
{
    static const char *const keys[] = {
        "total_executions",
        "successful_executions",
        "failed_executions",
        "access_denied_executions",
        "compilation_failed_executions",
        "execution_failed_executions",
        "insufficient_payment_executions",
        "custom_executions",
        "total_instructions_used",
        "average_execution_time_ms",
    };
    struct db_stmt *s = NULL;
    u128 charged = 0;
    enum err e = sum_charged(d, STR(""), &charged, why);

    if (e)
        return e;
    e = db_stmt(
        d,
        "SELECT COUNT(*), COALESCE(SUM(t.success), 0), COALESCE(SUM(1 - t.success), 0), "
        "COALESCE(SUM(CASE WHEN t.status = 'access_denied' THEN 1 ELSE 0 END), 0), "
        "COALESCE(SUM(CASE WHEN t.status = 'compilation_failed' THEN 1 ELSE 0 END), 0), "
        "COALESCE(SUM(CASE WHEN t.status = 'execution_failed' THEN 1 ELSE 0 END), 0), "
        "COALESCE(SUM(CASE WHEN t.status = 'insufficient_payment' THEN 1 ELSE 0 END), 0), "
        "COALESCE(SUM(CASE WHEN t.status = 'custom' THEN 1 ELSE 0 END), 0), "
        "COALESCE(SUM(t.instructions), 0), "
        "COALESCE(SUM(t.time_ms) / NULLIF(COUNT(t.time_ms), 0), 0), COUNT(DISTINCT r.sender_id) "
        "FROM result t JOIN request r ON r.id = t.id",
        &s, why);
    if (e)
        return e;
    e = db_step(s, why);
    if (!e) {
        json_obj(out);
        for (unsigned i = 0; i < countof(keys); i++)
            col_u64(out, keys[i], s, i);
        json_key(out, "total_near_paid_yocto");
        json_put_u128_str(out, charged);
        col_u64(out, "unique_users", s, countof(keys));
        json_key(out, "active_workers");
        json_put_u64(out, active_workers);
        json_obj_end(out);
    }
    db_done(&s);
    return e;
}

enum err per_day_write(struct db *d, uint64_t now_ms, struct buf *out, struct buf *why)
{
    uint64_t today = now_ms / DAY_MS;
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "SELECT done_ms / 86400000 AS day, COUNT(*) FROM result "
                         "WHERE done_ms >= $1 GROUP BY day ORDER BY day",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, today >= 29 ? (today - 29) * DAY_MS : 0);
    json_arr(out);
    while (!(e = db_step(s, why))) {
        time_t at = (time_t)(db_u64(s, 0) * (DAY_MS / 1000));
        struct tm tm;
        char date[16];

        gmtime_r(&at, &tm);
        strftime(date, sizeof(date), "%Y-%m-%d", &tm);
        json_obj(out);
        json_key(out, "date");
        json_putz(out, date);
        col_u64(out, "count", s, 1);
        json_obj_end(out);
    }
    json_arr_end(out);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err repos_write(struct db *d, struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(
        d,
        "SELECT r.repo, COUNT(*) AS n, COALESCE(SUM(t.success), 0), "
        "COALESCE(SUM(1 - t.success), 0), COALESCE(SUM(t.instructions), 0), "
        "COALESCE(SUM(t.time_ms) / NULLIF(COUNT(t.time_ms), 0), 0), "
        "(SELECT l.commit_ref FROM request l WHERE l.repo = r.repo ORDER BY l.id DESC LIMIT 1) "
        "FROM result t JOIN request r ON r.id = t.id WHERE r.repo IS NOT NULL "
        "GROUP BY r.repo ORDER BY n DESC, r.repo LIMIT $1",
        &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, REPOS_MAX);
    json_arr(out);
    while (!(e = db_step(s, why))) {
        json_obj(out);
        col_text(out, "github_repo", s, 0);
        col_u64(out, "total_executions", s, 1);
        col_u64(out, "successful_executions", s, 2);
        col_u64(out, "failed_executions", s, 3);
        col_u64(out, "total_instructions_used", s, 4);
        col_u64(out, "average_execution_time_ms", s, 5);
        col_text(out, "last_commit", s, 6);
        json_obj_end(out);
    }
    json_arr_end(out);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err user_write(struct db *d, struct str account, struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    u128 charged = 0;
    enum err e = sum_charged(d, account, &charged, why);

    if (e)
        return e;
    e = db_stmt(d,
                "SELECT COUNT(*), COALESCE(SUM(t.success), 0), COALESCE(SUM(t.instructions), 0), "
                "COALESCE(SUM(t.time_ms) / NULLIF(COUNT(t.time_ms), 0), 0) "
                "FROM result t JOIN request r ON r.id = t.id WHERE r.sender_id = $1",
                &s, why);
    if (e)
        return e;
    db_bind_text(s, 1, account);
    e = db_step(s, why);
    if (!e) {
        json_obj(out);
        json_key(out, "user_account_id");
        json_put_str(out, account);
        col_u64(out, "total_executions", s, 0);
        col_u64(out, "successful_executions", s, 1);
        json_key(out, "total_near_spent_yocto");
        json_put_u128_str(out, charged);
        col_u64(out, "total_instructions_used", s, 2);
        col_u64(out, "average_execution_time_ms", s, 3);
        json_obj_end(out);
    }
    db_done(&s);
    return e;
}

enum err worker_totals(struct db *d, struct str worker, struct worker_totals *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "SELECT COALESCE(SUM(success), 0), COALESCE(SUM(1 - success), 0) "
                         "FROM result WHERE worker = $1",
                         &s, why);

    if (e)
        return e;
    db_bind_text(s, 1, worker);
    e = db_step(s, why);
    if (!e)
        *out = (struct worker_totals){db_u64(s, 0), db_u64(s, 1)};
    db_done(&s);
    return e;
}
