#include "coordinator/jobq.h"

#include <stdio.h>
#include <string.h>

#include "codec/json.h"
#include "coordinator/results.h"

/*
 * A request is split by how often its parts change: `request` is written once, `job` with every
 * lease and therefore small, `result` once or twice.
 */
static const struct db_migration migrations[] = {
    {1, "CREATE TABLE request ("
        "  id BIGSERIAL PRIMARY KEY,"
        "  request_id BIGINT NOT NULL,"
        "  data_id BYTEA NOT NULL,"
        "  created_ms BIGINT NOT NULL,"
        "  block_height BIGINT NOT NULL,"
        "  block_timestamp_ns BIGINT NOT NULL,"
        "  deadline_height BIGINT NOT NULL,"
        "  transaction_hash TEXT,"
        "  receipt_id TEXT,"
        "  signer_id TEXT,"
        "  predecessor_id TEXT,"
        "  signer_public_key TEXT,"
        "  gas_burnt BIGINT NOT NULL,"
        "  request_data TEXT NOT NULL,"
        "  sender_id TEXT,"
        "  payment BYTEA NOT NULL,"
        "  project_id TEXT,"
        "  repo TEXT,"
        "  commit_ref TEXT,"
        "  UNIQUE (request_id, data_id)"
        ") STRICT;"
        "CREATE INDEX request_sender ON request (sender_id, id);"
        "CREATE TABLE job ("
        "  id BIGINT PRIMARY KEY REFERENCES request (id),"
        "  state BIGINT NOT NULL," /* enum job_state */
        "  token BIGINT NOT NULL,"
        "  attempts BIGINT NOT NULL,"
        "  not_before_ms BIGINT NOT NULL,"
        "  lease_until_ms BIGINT NOT NULL,"
        "  worker TEXT,"
        "  session TEXT"
        ") STRICT;"
        "CREATE INDEX job_queued ON job (id) WHERE state = 0;"
        "CREATE INDEX job_leased ON job (lease_until_ms) WHERE state = 1;"
        "CREATE TABLE result ("
        "  id BIGINT PRIMARY KEY REFERENCES job (id),"
        "  status TEXT NOT NULL,"
        "  success BIGINT NOT NULL,"
        "  by_worker BIGINT NOT NULL," /* the worker's report is in it */
        "  worker TEXT,"
        "  done_ms BIGINT NOT NULL,"
        "  output TEXT,"
        "  error TEXT,"
        "  instructions BIGINT,"
        "  time_ms BIGINT,"
        "  wasm_sha256 TEXT,"
        "  resolve_tx TEXT,"
        "  charged BYTEA,"
        "  refunded BYTEA,"
        "  completed_height BIGINT" /* of the execution_completed event */
        ") STRICT;"
        "CREATE INDEX result_done ON result (done_ms);"
        "CREATE INDEX result_worker ON result (worker);"
        "CREATE TABLE step ("
        "  job_id BIGINT NOT NULL REFERENCES job (id),"
        "  n BIGINT NOT NULL,"
        "  step TEXT NOT NULL,"
        "  at_ms BIGINT NOT NULL,"
        "  block_height BIGINT,"
        "  detail TEXT,"
        "  PRIMARY KEY (job_id, n)"
        ") STRICT;"
        "CREATE TABLE cursor (" /* follow.c */
        "  name TEXT PRIMARY KEY NOT NULL,"
        "  height BIGINT NOT NULL,"
        "  hash TEXT NOT NULL"
        ") STRICT"},
    {2, "ALTER TABLE result ADD COLUMN run TEXT"}, /* JSON: stderr, requests, figures */
    /* Whose turn it is (jobq_add), and who of them has a guest running where. */
    {3, "ALTER TABLE job ADD COLUMN sender TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE job ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE job ADD COLUMN running BIGINT NOT NULL DEFAULT 0;" /* leased, before "ran" */
        "DROP INDEX job_queued;"
        "CREATE INDEX job_queued ON job (turn, id) WHERE state = 0;"
        "CREATE INDEX job_oldest ON job (id) WHERE state = 0;"
        "CREATE INDEX job_sender ON job (sender, turn) WHERE state = 0;"
        "CREATE INDEX job_running ON job (worker, sender) WHERE state = 1 AND running = 1"},
    {4, "ALTER TABLE result ADD COLUMN refund_usd BIGINT"},
};

enum err jobq_migrate(struct db *d, struct buf *why)
{
    return db_migrate(d, "coordinator", migrations, countof(migrations), why);
}

/* A job's lease as it stands. */
struct held {
    uint64_t id, request_id, token, attempts, deadline;
    enum job_state state;
    char worker[JOB_WORKER_MAX + 1];
};

static void held_read(const struct db_stmt *s, struct held *out)
{
    struct str w = db_text(s, 6);

    *out = (struct held){
        .id = db_u64(s, 0),
        .request_id = db_u64(s, 1),
        .state = (enum job_state)db_u64(s, 2),
        .token = db_u64(s, 3),
        .attempts = db_u64(s, 4),
        .deadline = db_u64(s, 5),
    };
    if (w.len && w.len <= JOB_WORKER_MAX)
        memcpy(out->worker, w.ptr, w.len);
}

#define HELD_SQL                                                                                   \
    "SELECT j.id, r.request_id, j.state, j.token, j.attempts, r.deadline_height, j.worker "        \
    "FROM job j JOIN request r ON r.id = j.id "

static enum err held_get(struct db *d, uint64_t id, struct held *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e;

    if (id > INT64_MAX)
        return err_put(why, ERR_ABSENT, "no such job");
    e = db_stmt(d, HELD_SQL "WHERE j.id = $1", &s, why);
    if (e)
        return e;
    db_bind_u64(s, 1, id);
    e = db_step(s, why);
    if (!e)
        held_read(s, out);
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "no job '%llu'", (unsigned long long)id) : e;
}

/* The job, if `token` is still the one that counts. */
static enum err held_check(struct db *d, uint64_t id, uint64_t token, struct held *out,
                           struct buf *why)
{
    enum err e = held_get(d, id, out, why);

    if (e)
        return e;
    if (!token || out->token != token)
        return err_put(why, ERR_CONFLICT, "job '%llu' has been leased anew since",
                       (unsigned long long)id);
    return ERR_OK;
}

static enum err set_state(struct db *d, uint64_t id, enum job_state state, uint64_t attempts,
                          uint64_t not_before_ms, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(
        d, "UPDATE job SET state = $2, attempts = $3, not_before_ms = $4 WHERE id = $1", &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, id);
    db_bind_u64(s, 2, state);
    db_bind_u64(s, 3, attempts);
    db_bind_u64(s, 4, not_before_ms);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

/* The first column of the only row; NULL counts as 0. Ends `s`. */
static enum err number(struct db_stmt *s, uint64_t *out, struct buf *why)
{
    enum err e = db_step(s, why);

    if (!e || e == ERR_EMPTY)
        *out = e || db_null(s, 0) ? 0 : db_u64(s, 0);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

/*
 * Senders take turns. A job's turn is one after the last that its sender has waiting, and not
 * before the turn that is being served: a sender with a thousand jobs waiting has one of them
 * served, then everybody else has one, and who comes anew does not wait for the thousand.
 */
static enum err turn_of(struct db *d, struct str sender, uint64_t now_ms, uint64_t *out,
                        struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t own = 0, served = 0;
    enum err e =
        db_stmt(d, "SELECT MAX(turn) + 1 FROM job WHERE state = 0 AND sender = $1", &s, why);

    if (e)
        return e;
    db_bind_text(s, 1, sender);
    e = number(s, &own, why);
    if (!e)
        e = db_stmt(d,
                    "SELECT turn FROM job WHERE state = 0 AND not_before_ms <= $1 "
                    "ORDER BY turn, id LIMIT 1",
                    &s, why);
    if (e)
        return e;
    db_bind_u64(s, 1, now_ms);
    e = number(s, &served, why);
    if (!e)
        *out = own > served ? own : served;
    return e;
}

static enum err insert_job(struct db *d, uint64_t id, struct str sender, uint64_t now_ms,
                           struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t turn;
    enum err e;

    if (!sender.ptr)
        sender = STR("");
    e = turn_of(d, sender, now_ms, &turn, why);
    if (!e)
        e = db_stmt(d,
                    "INSERT INTO job (id, state, token, attempts, not_before_ms, lease_until_ms, "
                    "sender, turn) VALUES ($1, 0, 0, 0, 0, 0, $2, $3)",
                    &s, why);
    if (e)
        return e;
    db_bind_u64(s, 1, id);
    db_bind_text(s, 2, sender);
    db_bind_u64(s, 3, turn);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err jobq_add(struct db *d, const struct block_event *ev, const struct block_head *head,
                  uint64_t deadline_blocks, uint64_t now_ms, uint64_t *id, struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t got = 0;
    enum err e = db_stmt(
        d,
        "INSERT INTO request (request_id, data_id, created_ms, block_height, block_timestamp_ns, "
        "deadline_height, transaction_hash, receipt_id, signer_id, predecessor_id, "
        "signer_public_key, gas_burnt, request_data, sender_id, payment, project_id, repo, "
        "commit_ref) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
        "$16, $17, $18) ON CONFLICT (request_id, data_id) DO NOTHING RETURNING id",
        &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, ev->request_id);
    db_bind_blob(s, 2, str_from(ev->data_id.b, sizeof(ev->data_id.b)));
    db_bind_u64(s, 3, now_ms);
    db_bind_u64(s, 4, head->height);
    db_bind_u64(s, 5, head->timestamp_ns);
    db_bind_u64(s, 6, head->height + deadline_blocks);
    db_bind_text(s, 7, ev->tx_hash);
    db_bind_text(s, 8, ev->receipt_id);
    db_bind_text(s, 9, ev->signer_id);
    db_bind_text(s, 10, ev->predecessor_id);
    db_bind_text(s, 11, ev->signer_public_key);
    db_bind_u64(s, 12, ev->gas_burnt);
    db_bind_text(s, 13, ev->request_data);
    db_bind_text(s, 14, ev->sender_id);
    db_bind_u128(s, 15, ev->payment);
    db_bind_text(s, 16, ev->project_id);
    db_bind_text(s, 17, ev->repo);
    db_bind_text(s, 18, ev->commit);
    e = db_step(s, why);
    if (!e)
        got = db_u64(s, 0);
    db_done(&s);
    if (e == ERR_EMPTY)
        return err_put(why, ERR_CONFLICT, "request '%llu' is in the queue already",
                       (unsigned long long)ev->request_id);
    if (!e)
        e = insert_job(d, got, ev->sender_id, now_ms, why);
    if (!e)
        e = step_add(d, got, "queued", STR_NONE, head->height, now_ms, why);
    if (!e)
        *id = got;
    return e;
}

/* Text that outlives the row; NULL stays NULL. */
static struct str kept(struct arena *a, struct str s)
{
    return s.ptr ? arena_str(a, s) : STR_NONE;
}

static enum err job_load(struct db *d, struct arena *a, struct job *j, struct buf *why)
{
    struct db_stmt *s = NULL;
    struct str id;
    enum err e = db_stmt(d,
                         "SELECT request_id, data_id, block_height, block_timestamp_ns, "
                         "deadline_height, gas_burnt, transaction_hash, receipt_id, signer_id, "
                         "predecessor_id, signer_public_key, request_data "
                         "FROM request WHERE id = $1",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, j->id);
    e = db_step(s, why);
    if (!e) {
        j->request_id = db_u64(s, 0);
        id = db_blob(s, 1);
        memcpy(j->data_id.b, id.ptr, id.len < sizeof(j->data_id.b) ? id.len : sizeof(j->data_id.b));
        j->block_height = db_u64(s, 2);
        j->block_timestamp_ns = db_u64(s, 3);
        j->deadline_height = db_u64(s, 4);
        j->gas_burnt = db_u64(s, 5);
        j->transaction_hash = kept(a, db_text(s, 6));
        j->receipt_id = kept(a, db_text(s, 7));
        j->signer_id = kept(a, db_text(s, 8));
        j->predecessor_id = kept(a, db_text(s, 9));
        j->signer_public_key = kept(a, db_text(s, 10));
        j->request_data = kept(a, db_text(s, 11));
    }
    db_done(&s);
    return e;
}

enum err jobq_lease(struct db *d, struct arena *a, const struct lease_ask *ask, uint64_t lease_ms,
                    uint64_t now_ms, struct job *out, struct buf *why)
{
    char text[256];
    struct buf detail = BUF_OVER(text);
    struct db_stmt *s = NULL;
    struct job j = {0};
    enum err e = db_stmt(d,
                         "UPDATE job SET state = 1, token = token + 1, attempts = attempts + 1, "
                         "worker = $1, session = $2, lease_until_ms = $3, running = 1 "
                         "WHERE id = (SELECT id FROM job WHERE state = 0 AND not_before_ms <= $4 "
                         "AND ($5 = 0 OR sender NOT IN (SELECT sender FROM job "
                         "  WHERE state = 1 AND running = 1 AND worker = $1 "
                         "  GROUP BY sender HAVING COUNT(*) >= $5)) "
                         "ORDER BY turn, id LIMIT 1) RETURNING id, token, attempts",
                         &s, why);

    if (e)
        return e;
    db_bind_text(s, 1, ask->worker);
    db_bind_text(s, 2, ask->session);
    db_bind_u64(s, 3, now_ms + lease_ms);
    db_bind_u64(s, 4, now_ms);
    db_bind_u64(s, 5, ask->owner_slots);
    e = db_step(s, why);
    if (!e) {
        j.id = db_u64(s, 0);
        j.token = db_u64(s, 1);
        j.attempt = db_u64(s, 2);
    }
    db_done(&s);
    if (e)
        return e;
    e = job_load(d, a, &j, why);
    if (e)
        return e;
    json_obj(&detail);
    json_key(&detail, "worker");
    json_put_str(&detail, ask->worker);
    json_key(&detail, "attempt");
    json_put_u64(&detail, j.attempt);
    json_obj_end(&detail);
    e = step_add(d, j.id, "leased", buf_str(&detail), 0, now_ms, why);
    if (!e)
        *out = j;
    return e;
}

enum err jobq_renew(struct db *d, uint64_t id, uint64_t token, uint64_t lease_ms, uint64_t now_ms,
                    struct buf *why)
{
    struct db_stmt *s = NULL;
    struct held h = {0};
    enum err e = held_check(d, id, token, &h, why);

    if (e)
        return e;
    if (h.state != JOB_LEASED)
        return err_put(why, ERR_CONFLICT, "job '%llu' is not leased any more",
                       (unsigned long long)id);
    e = db_stmt(d, "UPDATE job SET lease_until_ms = $2 WHERE id = $1", &s, why);
    if (e)
        return e;
    db_bind_u64(s, 1, id);
    db_bind_u64(s, 2, now_ms + lease_ms);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

/* A result of the coordinator's own, when no worker can bring one any more. */
static enum err fail(struct db *d, const struct held *h, const char *error, uint64_t now_ms,
                     struct buf *why)
{
    char text[512];
    struct buf detail = BUF_OVER(text);
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO result (id, status, success, by_worker, worker, done_ms, "
                         "error) VALUES ($1, 'failed', 0, 0, $2, $3, $4) "
                         "ON CONFLICT (id) DO NOTHING",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, h->id);
    db_bind_text(s, 2, h->worker[0] ? str_of(h->worker) : STR_NONE);
    db_bind_u64(s, 3, now_ms);
    db_bind_text(s, 4, str_of(error));
    e = db_run(s, why);
    db_done(&s);
    if (!e)
        e = set_state(d, h->id, JOB_DONE, h->attempts, 0, why);
    if (e)
        return e;
    json_obj(&detail);
    json_key(&detail, "error");
    json_putz(&detail, error);
    json_obj_end(&detail);
    return step_add(d, h->id, "failed", buf_str(&detail), 0, now_ms, why);
}

/* A leased job goes back, or fails if it has been tried often enough. */
static enum err give_back(struct db *d, const struct held *h, const char *step, struct str reason,
                          bool counts, uint64_t now_ms, struct buf *why)
{
    struct buf detail = BUF_INIT(DETAIL_MAX);
    uint64_t wait = 0, attempts = h->attempts;
    enum err e;

    json_obj(&detail);
    json_key(&detail, "worker");
    json_putz(&detail, h->worker);
    json_key(&detail, "attempt");
    json_put_u64(&detail, h->attempts);
    if (reason.ptr) {
        json_key(&detail, "reason");
        json_put_str(&detail, str_head(reason, JOB_ERROR_MAX / 8));
    }
    json_obj_end(&detail);
    e = step_add(d, h->id, step, detail.full ? STR_NONE : buf_str(&detail), 0, now_ms, why);
    buf_release(&detail);
    if (e)
        return e;
    if (!counts) {
        attempts = attempts ? attempts - 1 : 0;
    } else if (attempts >= JOB_LEASES_MAX) {
        return fail(d, h, "given up after the last of its leases", now_ms, why);
    } else {
        wait = (uint64_t)JOB_BACKOFF_MS << (attempts ? attempts - 1 : 0);
        if (wait > JOB_BACKOFF_MAX)
            wait = JOB_BACKOFF_MAX;
    }
    return set_state(d, h->id, JOB_QUEUED, attempts, now_ms + wait, why);
}

enum err jobq_release(struct db *d, uint64_t id, uint64_t token, struct str reason, bool counts,
                      uint64_t now_ms, uint64_t *request_id, struct buf *why)
{
    struct held h = {0};
    enum err e = held_check(d, id, token, &h, why);

    if (e)
        return e;
    if (h.state != JOB_LEASED)
        return err_put(why, ERR_CONFLICT, "job '%llu' is not leased any more",
                       (unsigned long long)id);
    e = give_back(d, &h, "released", reason, counts, now_ms, why);
    if (!e)
        *request_id = h.request_id;
    return e;
}

/* The guest is through; what is left is telling the contract. The slot is free. */
static enum err stopped_running(struct db *d, uint64_t id, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d, "UPDATE job SET running = 0 WHERE id = $1", &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, id);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err jobq_progress(struct db *d, uint64_t id, uint64_t token, const char *step,
                       struct str detail, uint64_t block_height, uint64_t now_ms,
                       uint64_t *request_id, struct buf *why)
{
    struct held h = {0};
    enum err e = held_check(d, id, token, &h, why);

    if (e)
        return e;
    /* A step that comes after the contract's event still belongs to the timeline. */
    e = step_add(d, id, step, detail, block_height, now_ms, why);
    if (!e && strcmp(step, "ran") == 0)
        e = stopped_running(d, id, why);
    if (!e)
        *request_id = h.request_id;
    return e;
}

enum err jobq_running(struct db *d, struct str worker, uint64_t *id, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(
        d, "SELECT MIN(id) FROM job WHERE state = 1 AND running = 1 AND worker = $1", &s, why);

    if (e)
        return e;
    db_bind_text(s, 1, worker);
    return number(s, id, why);
}

enum err jobq_held(struct db *d, uint64_t id, uint64_t token, struct arena *a, struct str *worker,
                   struct buf *why)
{
    struct held h = {0};
    enum err e = held_check(d, id, token, &h, why);

    if (!e)
        *worker = arena_str(a, str_of(h.worker));
    return e;
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

/* What stands in the result table about a job. */
struct outcome {
    bool there, by_worker, completed, success;
};

static enum err outcome_get(struct db *d, uint64_t id, struct outcome *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(
        d, "SELECT by_worker, completed_height IS NOT NULL, success FROM result WHERE id = $1", &s,
        why);

    if (e)
        return e;
    db_bind_u64(s, 1, id);
    e = db_step(s, why);
    *out = (struct outcome){0};
    if (!e)
        *out = (struct outcome){true, db_bool(s, 0), db_bool(s, 1), db_bool(s, 2)};
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

/* The worker's report. What the contract said before (success, amounts) stays. */
static enum err report(struct db *d, const struct held *h, const struct job_result *r,
                       uint64_t now_ms, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(
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
        &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, h->id);
    db_bind_text(s, 2, r->status);
    db_bind_bool(s, 3, r->success);
    db_bind_text(s, 4, h->worker[0] ? str_of(h->worker) : STR_NONE);
    db_bind_u64(s, 5, now_ms);
    db_bind_text(s, 6, r->output);
    db_bind_text(s, 7, r->error.ptr ? str_head(r->error, JOB_ERROR_MAX) : STR_NONE);
    if (r->has_use) {
        db_bind_u64(s, 8, r->instructions);
        db_bind_u64(s, 9, r->time_ms);
    }
    db_bind_text(s, 10, r->wasm_sha256);
    db_bind_text(s, 11, r->resolve_tx);
    if (r->has_charged)
        db_bind_u128(s, 12, r->charged);
    db_bind_text(s, 13, r->run);
    if (r->refund_usd)
        db_bind_u64(s, 14, r->refund_usd);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err jobq_complete(struct db *d, uint64_t id, uint64_t token, const struct job_result *r,
                       uint64_t now_ms, uint64_t *request_id, struct buf *why)
{
    struct outcome o = {0};
    struct held h = {0};
    enum err e = held_check(d, id, token, &h, why);

    if (e)
        return e;
    e = outcome_get(d, id, &o, why);
    if (e)
        return e;
    if (!o.by_worker) {
        e = report(d, &h, r, now_ms, why);
        if (!e && h.state != JOB_DONE)
            e = set_state(d, id, JOB_DONE, h.attempts, 0, why);
        if (e)
            return e;
    }
    *request_id = h.request_id;
    return ERR_OK;
}

static enum err finish_one(struct db *d, uint64_t id, const struct block_event *ev, uint64_t height,
                           uint64_t now_ms, struct buf *why)
{
    struct buf detail = BUF_INIT(DETAIL_MAX);
    struct db_stmt *s = NULL;
    enum err e = db_stmt(
        d,
        "INSERT INTO result (id, status, success, by_worker, done_ms, error, charged, refunded, "
        "completed_height) VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8) "
        "ON CONFLICT (id) DO UPDATE SET "
        "status = CASE WHEN result.success = excluded.success THEN result.status "
        "  ELSE excluded.status END, success = excluded.success, "
        "error = COALESCE(excluded.error, CASE WHEN excluded.success = 0 THEN result.error END), "
        "charged = excluded.charged, refunded = excluded.refunded, "
        "completed_height = excluded.completed_height",
        &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, id);
    db_bind_text(s, 2, ev->success ? STR("completed") : STR("execution_failed"));
    db_bind_bool(s, 3, ev->success);
    db_bind_u64(s, 4, now_ms);
    db_bind_text(s, 5, ev->error.ptr ? str_head(ev->error, JOB_ERROR_MAX) : STR_NONE);
    db_bind_u128(s, 6, ev->charged);
    db_bind_u128(s, 7, ev->refunded);
    db_bind_u64(s, 8, height);
    e = db_run(s, why);
    db_done(&s);
    if (!e)
        e = db_stmt(d, "UPDATE job SET state = 2 WHERE id = $1 AND state <> 2", &s, why);
    if (e)
        return e;
    db_bind_u64(s, 1, id);
    e = db_run(s, why);
    db_done(&s);
    if (e)
        return e;
    json_obj(&detail);
    json_key(&detail, "success");
    json_put_bool(&detail, ev->success);
    if (ev->error.ptr) {
        json_key(&detail, "error");
        json_put_str(&detail, str_head(ev->error, JOB_ERROR_MAX / 8));
    }
    json_key(&detail, "charged");
    json_put_u128_str(&detail, ev->charged);
    json_key(&detail, "refunded");
    json_put_u128_str(&detail, ev->refunded);
    json_obj_end(&detail);
    e = step_add(d, id, "completed", detail.full ? STR_NONE : buf_str(&detail), height, now_ms,
                 why);
    buf_release(&detail);
    return e;
}

enum err jobq_finish(struct db *d, const struct block_event *ev, uint64_t height, uint64_t now_ms,
                     struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t ids[16];
    size_t n = 0;
    enum err e = db_stmt(d,
                         "SELECT r.id FROM request r LEFT JOIN result t ON t.id = r.id "
                         "WHERE r.request_id = $1 AND t.completed_height IS NULL LIMIT 16",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, ev->request_id);
    while (!(e = db_step(s, why)) && n < countof(ids))
        ids[n++] = db_u64(s, 0);
    db_done(&s);
    if (e && e != ERR_EMPTY)
        return e;
    for (size_t i = 0; i < n; i++) {
        e = finish_one(d, ids[i], ev, height, now_ms, why);
        if (e)
            return e;
    }
    return ERR_OK;
}

/* Give back all of `list`; notes the requests in `out`. */
static enum err expire_all(struct db *d, const struct held *list, size_t n, uint64_t now_ms,
                           struct changed *out, struct buf *why)
{
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        enum err e = give_back(d, &list[i], "expired", STR_NONE, true, now_ms, why);

        if (e)
            return e;
        out->request_id[out->n++] = list[i].request_id;
    }
    return ERR_OK;
}

/* Read the rows of `s` and end it. */
static enum err held_list(struct db_stmt *s, struct held *list, size_t *n, struct buf *why)
{
    enum err e;

    *n = 0;
    while (*n < JOB_EXPIRE_BATCH && !(e = db_step(s, why)))
        held_read(s, &list[(*n)++]);
    e = *n < JOB_EXPIRE_BATCH ? e : ERR_EMPTY;
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err jobq_expire(struct db *d, uint64_t now_ms, struct changed *out, struct buf *why)
{
    struct held list[JOB_EXPIRE_BATCH];
    struct db_stmt *s = NULL;
    size_t n = 0;
    enum err e = db_stmt(d,
                         HELD_SQL "WHERE j.state = 1 AND j.lease_until_ms <= $1 "
                                  "ORDER BY j.lease_until_ms LIMIT 256",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, now_ms);
    e = held_list(s, list, &n, why);
    return e ? e : expire_all(d, list, n, now_ms, out, why);
}

enum err jobq_expire_worker(struct db *d, struct str worker, struct str session, uint64_t now_ms,
                            struct changed *out, struct buf *why)
{
    struct held list[JOB_EXPIRE_BATCH];
    struct db_stmt *s = NULL;
    size_t n = 0;
    enum err e = db_stmt(d,
                         HELD_SQL "WHERE j.state = 1 AND j.worker = $1 "
                                  "AND COALESCE(j.session, '') <> $2 LIMIT 256",
                         &s, why);

    if (e)
        return e;
    db_bind_text(s, 1, worker);
    db_bind_text(s, 2, session.ptr ? session : STR(""));
    e = held_list(s, list, &n, why);
    return e ? e : expire_all(d, list, n, now_ms, out, why);
}

enum err jobq_deadline(struct db *d, uint64_t height, uint64_t now_ms, struct changed *out,
                       struct buf *why)
{
    struct held list[JOB_EXPIRE_BATCH];
    struct db_stmt *s = NULL;
    size_t n = 0;
    /* Jobs are numbered in the order of their blocks: the oldest have the first deadlines. */
    enum err e = db_stmt(d, HELD_SQL "WHERE j.state = 0 ORDER BY j.id LIMIT 256", &s, why);

    if (e)
        return e;
    e = held_list(s, list, &n, why);
    out->n = 0;
    for (size_t i = 0; !e && i < n && list[i].deadline < height; i++) {
        e = fail(d, &list[i], "no worker took it before its deadline", now_ms, why);
        out->request_id[out->n++] = list[i].request_id;
    }
    return e;
}

enum err jobq_count(struct db *d, struct jobq_counts *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "SELECT (SELECT COUNT(*) FROM job WHERE state = 0), "
                         "(SELECT COUNT(*) FROM job WHERE state = 1)",
                         &s, why);

    if (e)
        return e;
    e = db_step(s, why);
    if (!e)
        *out = (struct jobq_counts){db_u64(s, 0), db_u64(s, 1)};
    db_done(&s);
    return e;
}

enum err jobq_next(struct db *d, uint64_t *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d, "SELECT MIN(not_before_ms) FROM job WHERE state = 0", &s, why);

    if (e)
        return e;
    e = db_step(s, why);
    if (!e)
        *out = db_null(s, 0) ? UINT64_MAX : db_u64(s, 0);
    db_done(&s);
    return e;
}
