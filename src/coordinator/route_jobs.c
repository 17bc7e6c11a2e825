/*
 * route_jobs.c — the workers' side: take a job, keep it, tell how it goes, end it.
 */
#include <string.h>

#include "base/log.h"
#include "coordinator/ack.h"
#include "coordinator/reply.h"
#include "coordinator/report.h"
#include "coordinator/results.h"
#include "coordinator/routes.h"
#include "coordinator/wait.h"

#define REASON_MAX 2048 /* bytes of a release's reason */

static bool id_ok(struct str s)
{
    if (!s.len || s.len > JOB_WORKER_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
            return false;
    return true;
}

/* "worker" and, optional, "session" of the body. */
static bool worker_of(struct http_req *r, struct json body, struct str *id, struct str *session)
{
    struct json s = json_get(body, "session");

    *session = STR("");
    if (!json_plain(json_get(body, "worker"), id) || !id_ok(*id)) {
        reply_error(r, 400, "'worker' must be 1 to 128 printable characters");
        return false;
    }
    if (!json_is_null(s) && (!json_plain(s, session) || !id_ok(*session))) {
        reply_error(r, 400, "'session' must be 1 to 128 printable characters");
        return false;
    }
    return true;
}

/* A worker that was started anew does not know the jobs it held: back with them at once. */
static enum err forget_old_session(struct coord *c, struct str id, struct str session,
                                   struct buf *why)
{
    struct changed list = {.n = 0};
    enum err e = db_begin(c->db, why);

    if (e)
        return e;
    e = jobq_expire_worker(c->db, id, session, now_ms(), &list, why);
    if (!e)
        e = db_commit(c->db, why);
    else
        db_rollback(c->db);
    if (!e && list.n) {
        log_unusual("worker_restarted", "worker=%.*s jobs_given_back=%zu", STR_ARG(id), list.n);
        waiters_changed_all(c, &list);
    }
    return e;
}

/* An optional number. */
static bool number_of(struct http_req *r, struct json body, const char *name, uint64_t *out)
{
    struct json v = json_get(body, name);
    char room[64];
    struct buf text = BUF_OVER(room);

    if (json_is_null(v) || (json_u64(v, out) && *out <= INT64_MAX))
        return true;
    buf_addf(&text, "'%s' must be a number", name);
    reply_error(r, 400, room);
    return false;
}

void route_lease(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT;
    struct lease_ask ask = {.owner_slots = 0};
    const struct worker *known;
    uint64_t wait = 0;
    struct json body;
    bool restarted;
    enum err e = ERR_OK;

    if (!body_object(r, &body) || !worker_of(r, body, &ask.worker, &ask.session))
        return;
    if (!number_of(r, body, "wait_ms", &wait) ||
        !number_of(r, body, "owner_slots", &ask.owner_slots))
        return;
    coord_lock(c);
    known = worker_find(c, ask.worker);
    restarted = ask.session.len && (!known || !str_eqz(ask.session, known->session));
    (void)worker_seen(c, ask.worker, ask.session, now_ms());
    if (restarted)
        e = forget_old_session(c, ask.worker, ask.session, &why);
    if (!e)
        e = lease_now(c, r, false, &ask, &why);
    if (e == ERR_EMPTY && wait)
        wait_for_job(c, r, &ask, wait < COORD_WAIT_MAX ? wait : COORD_WAIT_MAX);
    else if (e == ERR_EMPTY)
        http_reply(r, 204, NULL, STR_NONE);
    else if (e)
        reply_fault(r, e, &why);
    coord_unlock(c);
    buf_release(&why);
}

/* The job of the path and the "token" of the body. */
static bool job_of(struct http_req *r, struct str arg, struct json *body, uint64_t *id,
                   uint64_t *token)
{
    if (!body_object(r, body))
        return false;
    if (!str_u64(arg, id)) {
        reply_error(r, 404, "no such job");
        return false;
    }
    if (!json_u64(json_get(*body, "token"), token)) {
        reply_error(r, 400, "'token' must be the number that came with the job");
        return false;
    }
    return true;
}

/* Commit or undo, answer (`safe`: when the disk has it), wake those who wait for the request. Under
 * the lock. */
static enum err settle(struct coord *c, struct http_req *r, enum err e, bool safe,
                       uint64_t request_id, const char *json, struct buf *why)
{
    if (!e)
        e = db_commit(c->db, why);
    else
        db_rollback(c->db);
    if (e) {
        reply_fault(r, e, why);
        return e;
    }
    if (safe)
        ack_reply(c, r, false, str_of(json));
    else
        http_reply(r, 200, "application/json", str_of(json));
    if (request_id != UINT64_MAX)
        waiters_changed(c, request_id);
    return ERR_OK;
}

void route_renew(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT;
    uint64_t id, token;
    struct json body;
    char text[64];
    struct buf answer = BUF_OVER(text);
    enum err e;

    if (!job_of(r, arg, &body, &id, &token))
        return;
    json_obj(&answer);
    json_key(&answer, "lease_ms");
    json_put_u64(&answer, c->lease_ms);
    json_obj_end(&answer);
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = jobq_renew(c->db, id, token, c->lease_ms, now_ms(), &why);
    (void)settle(c, r, e, false, UINT64_MAX, text, &why);
    coord_unlock(c);
    buf_release(&why);
}

void route_progress(struct coord *c, struct http_req *r, struct str arg)
{
    static const char *const steps[] = {"compiling", "compiled", "fetched", "ran", "resolved"};
    struct buf why = WHY_INIT;
    uint64_t id, token, request_id = 0, height = 0;
    const char *step = NULL;
    struct json body, detail;
    enum err e;

    if (!job_of(r, arg, &body, &id, &token))
        return;
    for (size_t i = 0; i < countof(steps); i++)
        if (json_str_eq(json_get(body, "step"), str_of(steps[i])))
            step = steps[i];
    if (!step) {
        reply_error(r, 400, "'step' must be compiling, compiled, fetched, ran or resolved");
        return;
    }
    detail = json_get(body, "detail");
    if (!json_is_null(detail) &&
        (json_type(detail) != JSON_OBJECT || detail.text.len > DETAIL_MAX)) {
        reply_error(r, 400, "'detail' must be an object of at most 16384 bytes");
        return;
    }
    if (!json_u64(json_get(detail, "block_height"), &height) || height > INT64_MAX)
        height = 0;
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = jobq_progress(c->db, id, token, step, json_is_null(detail) ? STR_NONE : detail.text,
                          height, now_ms(), &request_id, &why);
    e = settle(c, r, e, false, request_id, "{\"ok\":true}", &why);
    if (!e && strcmp(step, "ran") == 0)
        waiters_serve(c); /* its sender has a slot more */
    coord_unlock(c);
    buf_release(&why);
}

void route_release(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, reason = BUF_INIT(REASON_MAX);
    uint64_t id, token, request_id = 0;
    struct json body, text;
    enum err e;

    if (!job_of(r, arg, &body, &id, &token))
        return;
    text = json_get(body, "reason");
    if (!json_is_null(text) && !json_str(text, &reason)) {
        reply_error(r, 400, "'reason' must be a text of at most 2048 bytes");
        buf_release(&reason);
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = jobq_release(c->db, id, token, buf_str(&reason), !str_eqz(buf_str(&reason), "shutdown"),
                         now_ms(), &request_id, &why);
    e = settle(c, r, e, false, request_id, "{\"ok\":true}", &why);
    if (!e)
        waiters_serve(c);
    coord_unlock(c);
    buf_release(&reason);
    buf_release(&why);
}

void route_complete(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT;
    uint64_t id, token, request_id = 0;
    struct job_result result;
    const char *wrong;
    struct json body;
    enum err e;

    if (!job_of(r, arg, &body, &id, &token))
        return;
    wrong = report_parse(body, http_req_arena(r), &result);
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = jobq_complete(c->db, id, token, &result, now_ms(), &request_id, &why);
    e = settle(c, r, e, true, request_id, "{\"ok\":true}", &why);
    if (!e) {
        c->completions++;
        log_info("job_completed", "id=%llu request=%llu status=%.*s", (unsigned long long)id,
                 (unsigned long long)request_id, STR_ARG(result.status));
        waiters_serve(c);
    }
    coord_unlock(c);
    buf_release(&why);
}

void route_heartbeat(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct str id, session;
    struct json body;
    bool recall;

    if (!body_object(r, &body) || !worker_of(r, body, &id, &session))
        return;
    if (!json_bool(json_get(body, "recall"), &recall))
        recall = false;
    coord_lock(c);
    (void)worker_seen(c, id, session, now_ms());
    if (recall)
        waiters_recall(c, id, session);
    coord_unlock(c);
    http_reply(r, 200, "application/json", STR("{\"ok\":true}"));
}
