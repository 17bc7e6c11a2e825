#include "coordinator/jobq.h"

#include <string.h>

#include "codec/put.h"
#include "coordinator/columns.h"
#include "coordinator/held.h"
#include "coordinator/results.h"

/* ------------------------------------------------------------------ into the queue */

/*
 * Senders take turns. A job's turn is one after the last that its sender has waiting, and not
 * before the turn that is being served: a sender with a thousand jobs waiting has one of them
 * served, then everybody else has one, and who comes anew does not wait for the thousand.
 */
static enum err turn_of(struct db *d, struct str sender, uint64_t now_ms, uint64_t *out,
                        struct buf *why)
{
    uint64_t own, served;
    enum err e = db_number(d, "SELECT MAX(turn) + 1 FROM job WHERE state = 0 AND sender = $1", &own,
                           why, AS_TEXT(sender));

    if (!e)
        e = db_number(d,
                      "SELECT turn FROM job WHERE state = 0 AND not_before_ms <= $1 "
                      "ORDER BY turn, id LIMIT 1",
                      &served, why, AS_U64(now_ms));
    if (!e)
        *out = own > served ? own : served;
    return e;
}

static enum err insert_job(struct db *d, uint64_t id, struct str sender, uint64_t now_ms,
                           struct buf *why)
{
    uint64_t turn;
    enum err e;

    if (!sender.ptr)
        sender = STR("");
    e = turn_of(d, sender, now_ms, &turn, why);
    return e ? e
             : db_do(d,
                     "INSERT INTO job (id, state, token, attempts, not_before_ms, lease_until_ms, "
                     "sender, turn) VALUES ($1, 0, 0, 0, 0, 0, $2, $3)",
                     why, AS_U64(id), AS_TEXT(sender), AS_U64(turn));
}

enum err jobq_add(struct db *d, const struct block_event *ev, const struct block_head *head,
                  uint64_t deadline_blocks, uint64_t now_ms, uint64_t *id, struct buf *why)
{
    uint64_t got;
    enum err e = db_number(
        d,
        "INSERT INTO request (request_id, data_id, created_ms, block_height, block_timestamp_ns, "
        "deadline_height, transaction_hash, receipt_id, signer_id, predecessor_id, "
        "signer_public_key, gas_burnt, request_data, sender_id, payment, project_id, repo, "
        "commit_ref) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
        "$16, $17, $18) ON CONFLICT (request_id, data_id) DO NOTHING RETURNING id",
        &got, why, AS_U64(ev->request_id), AS_BLOB(str_from(ev->data_id.b, sizeof(ev->data_id.b))),
        AS_U64(now_ms), AS_U64(head->height), AS_U64(head->timestamp_ns),
        AS_U64(head->height + deadline_blocks), AS_TEXT(ev->tx_hash), AS_TEXT(ev->receipt_id),
        AS_TEXT(ev->signer_id), AS_TEXT(ev->predecessor_id), AS_TEXT(ev->signer_public_key),
        AS_U64(ev->gas_burnt), AS_TEXT(ev->request_data), AS_TEXT(ev->sender_id),
        AS_U128(ev->payment), AS_TEXT(ev->project_id), AS_TEXT(ev->repo), AS_TEXT(ev->commit));

    if (!e && !got)
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

/* ------------------------------------------------------------------ leases */

static enum err job_load(struct db *d, struct arena *a, struct job *j, struct buf *why)
{
    struct db_stmt *s = NULL;
    struct str id;
    enum err e = db_ask(d,
                        "SELECT request_id, data_id, block_height, block_timestamp_ns, "
                        "deadline_height, gas_burnt, transaction_hash, receipt_id, signer_id, "
                        "predecessor_id, signer_public_key, request_data "
                        "FROM request WHERE id = $1",
                        &s, why, AS_U64(j->id));

    if (!e)
        e = db_step(s, why);
    if (!e) {
        j->request_id = db_u64(s, 0);
        id = str_head(db_blob(s, 1), sizeof(j->data_id.b));
        memcpy(j->data_id.b, id.ptr, id.len);
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

/* The job whose turn it is, as leased; ERR_EMPTY. */
static enum err take_turn(struct db *d, const struct lease_ask *ask, uint64_t until_ms,
                          uint64_t now_ms, struct job *j, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "UPDATE job SET state = 1, token = token + 1, attempts = attempts + 1, "
                        "worker = $1, session = $2, lease_until_ms = $3, running = 1 "
                        "WHERE id = (SELECT id FROM job WHERE state = 0 AND not_before_ms <= $4 "
                        "AND ($5 = 0 OR sender NOT IN (SELECT sender FROM job "
                        "  WHERE state = 1 AND running = 1 AND worker = $1 "
                        "  GROUP BY sender HAVING COUNT(*) >= $5)) "
                        "ORDER BY turn, id LIMIT 1) RETURNING id, token, attempts",
                        &s, why, AS_TEXT(ask->worker), AS_TEXT(ask->session), AS_U64(until_ms),
                        AS_U64(now_ms), AS_U64(ask->owner_slots));

    if (!e)
        e = db_step(s, why);
    if (!e) {
        j->id = db_u64(s, 0);
        j->token = db_u64(s, 1);
        j->attempt = db_u64(s, 2);
    }
    db_done(&s);
    return e;
}

enum err jobq_lease(struct db *d, struct arena *a, const struct lease_ask *ask, uint64_t lease_ms,
                    uint64_t now_ms, struct job *out, struct buf *why)
{
    char text[256];
    struct buf detail = BUF_OVER(text);
    struct job j = {0};
    enum err e = take_turn(d, ask, now_ms + lease_ms, now_ms, &j, why);

    if (!e)
        e = job_load(d, a, &j, why);
    if (e)
        return e;
    json_obj(&detail);
    put_str(&detail, "worker", ask->worker);
    put_u64(&detail, "attempt", j.attempt);
    json_obj_end(&detail);
    e = step_add(d, j.id, "leased", buf_str(&detail), 0, now_ms, why);
    if (!e)
        *out = j;
    return e;
}

/* The job that is leased by this token. */
static enum err leased(struct db *d, uint64_t id, uint64_t token, struct held *out, struct buf *why)
{
    enum err e = held_check(d, id, token, out, why);

    if (!e && out->state != JOB_LEASED)
        e = err_put(why, ERR_CONFLICT, "job '%llu' is not leased any more", (unsigned long long)id);
    return e;
}

enum err jobq_renew(struct db *d, uint64_t id, uint64_t token, uint64_t lease_ms, uint64_t now_ms,
                    struct buf *why)
{
    struct held h;
    enum err e = leased(d, id, token, &h, why);

    return e ? e
             : db_do(d, "UPDATE job SET lease_until_ms = $2 WHERE id = $1", why, AS_U64(id),
                     AS_U64(now_ms + lease_ms));
}

/* A leased job goes back, or fails if it has been tried often enough. */
static enum err give_back(struct db *d, const struct held *h, const char *step, struct str reason,
                          bool counts, uint64_t now_ms, struct buf *why)
{
    struct buf detail = BUF_INIT(DETAIL_MAX);
    uint64_t wait = 0, attempts = h->attempts;
    enum err e;

    json_obj(&detail);
    put_z(&detail, "worker", h->worker);
    put_u64(&detail, "attempt", h->attempts);
    if (reason.ptr) {
        put_str(&detail, "reason", str_head(reason, JOB_ERROR_MAX / 8));
    }
    json_obj_end(&detail);
    e = step_add(d, h->id, step, detail.full ? STR_NONE : buf_str(&detail), 0, now_ms, why);
    buf_release(&detail);
    if (e)
        return e;
    if (!counts) {
        attempts = attempts ? attempts - 1 : 0;
    } else if (attempts >= JOB_LEASES_MAX) {
        return job_fail(d, h, "given up after the last of its leases", now_ms, why);
    } else {
        wait = (uint64_t)JOB_BACKOFF_MS << (attempts ? attempts - 1 : 0);
        if (wait > JOB_BACKOFF_MAX)
            wait = JOB_BACKOFF_MAX;
    }
    return job_set_state(d, h->id, JOB_QUEUED, attempts, now_ms + wait, why);
}

enum err jobq_release(struct db *d, uint64_t id, uint64_t token, struct str reason, bool counts,
                      uint64_t now_ms, uint64_t *request_id, struct buf *why)
{
    struct held h;
    enum err e = leased(d, id, token, &h, why);

    if (!e)
        e = give_back(d, &h, "released", reason, counts, now_ms, why);
    if (!e)
        *request_id = h.request_id;
    return e;
}

enum err jobq_progress(struct db *d, uint64_t id, uint64_t token, const char *step,
                       struct str detail, uint64_t block_height, uint64_t now_ms,
                       uint64_t *request_id, struct buf *why)
{
    struct held h;
    enum err e = held_check(d, id, token, &h, why);

    /* A step that comes after the contract's event still belongs to the timeline. */
    if (!e)
        e = step_add(d, id, step, detail, block_height, now_ms, why);
    /* The guest is through; what is left is telling the contract. The slot is free. */
    if (!e && strcmp(step, "ran") == 0)
        e = db_do(d, "UPDATE job SET running = 0 WHERE id = $1", why, AS_U64(id));
    if (!e)
        *request_id = h.request_id;
    return e;
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

/* ------------------------------------------------------------------ leases that end */

/* Give back all that `s` lists, and end it; notes the requests in `out`. */
static enum err expire_all(struct db *d, struct db_stmt *s, uint64_t now_ms, struct changed *out,
                           struct buf *why)
{
    struct held list[JOB_EXPIRE_BATCH];
    size_t n;
    enum err e = held_list(s, list, &n, why);

    out->n = 0;
    for (size_t i = 0; !e && i < n; i++) {
        e = give_back(d, &list[i], "expired", STR_NONE, true, now_ms, why);
        out->request_id[out->n++] = list[i].request_id;
    }
    return e;
}

enum err jobq_expire(struct db *d, uint64_t now_ms, struct changed *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        HELD_SQL "WHERE j.state = 1 AND j.lease_until_ms <= $1 "
                                 "ORDER BY j.lease_until_ms LIMIT $2",
                        &s, why, AS_U64(now_ms), AS_U64(JOB_EXPIRE_BATCH));

    return e ? e : expire_all(d, s, now_ms, out, why);
}

enum err jobq_expire_worker(struct db *d, struct str worker, struct str session, uint64_t now_ms,
                            struct changed *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        HELD_SQL "WHERE j.state = 1 AND j.worker = $1 "
                                 "AND COALESCE(j.session, '') <> $2 LIMIT $3",
                        &s, why, AS_TEXT(worker), AS_TEXT(session.ptr ? session : STR("")),
                        AS_U64(JOB_EXPIRE_BATCH));

    return e ? e : expire_all(d, s, now_ms, out, why);
}

enum err jobq_deadline(struct db *d, uint64_t height, uint64_t now_ms, struct changed *out,
                       struct buf *why)
{
    struct held list[JOB_EXPIRE_BATCH];
    struct db_stmt *s = NULL;
    size_t n = 0;
    /* Jobs are numbered in the order of their blocks: the oldest have the first deadlines. */
    enum err e = db_ask(d, HELD_SQL "WHERE j.state = 0 ORDER BY j.id LIMIT $1", &s, why,
                        AS_U64(JOB_EXPIRE_BATCH));

    if (!e)
        e = held_list(s, list, &n, why);
    out->n = 0;
    for (size_t i = 0; !e && i < n && list[i].deadline < height; i++) {
        e = job_fail(d, &list[i], "no worker took it before its deadline", now_ms, why);
        out->request_id[out->n++] = list[i].request_id;
    }
    return e;
}

/* ------------------------------------------------------------------ how it stands */

enum err jobq_running(struct db *d, struct str worker, uint64_t *id, struct buf *why)
{
    return db_number(d, "SELECT MIN(id) FROM job WHERE state = 1 AND running = 1 AND worker = $1",
                     id, why, AS_TEXT(worker));
}

enum err jobq_count(struct db *d, struct jobq_counts *out, struct buf *why)
{
    enum err e =
        db_number_n(d, "SELECT COUNT(*) FROM job WHERE state = 0", &out->queued, why, NULL, 0);

    return e ? e
             : db_number_n(d, "SELECT COUNT(*) FROM job WHERE state = 1", &out->leased, why, NULL,
                           0);
}

enum err jobq_next(struct db *d, uint64_t *out, struct buf *why)
{
    return db_number(d, "SELECT COALESCE(MIN(not_before_ms), $1) FROM job WHERE state = 0", out,
                     why, AS_U64(INT64_MAX));
}
