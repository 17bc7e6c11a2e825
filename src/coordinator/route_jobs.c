/*
 * route_jobs.c — the workers' side: take a job, keep it, tell how it goes, end it.
 */
#include <string.h>

#include "base/log.h"
#include "coordinator/ack.h"
#include "coordinator/bodies.h"
#include "codec/put.h"
#include "coordinator/reply.h"
#include "coordinator/report.h"
#include "coordinator/results.h"
#include "coordinator/routes.h"
#include "coordinator/wait.h"

/* A worker that was started anew does not know the jobs it held: back with them at once. */
static enum err forget_old_session(struct coord *c, struct str id, struct str session,
                                   struct buf *why)
{
    struct changed list = {.n = 0};
    enum err e = db_begin(c->db, why);

    if (e)
        return e;
    e = jobq_expire_worker(c->db, id, session, now_ms(), &list, why);
    e = db_end(c->db, e, why);
    if (!e && list.n) {
        log_unusual("worker_restarted", "worker=%.*s jobs_given_back=%zu", STR_ARG(id), list.n);
        waiters_changed_all(c, &list);
    }
    return e;
}

void route_lease(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT;
    struct lease_ask ask;
    const struct worker *known;
    const char *wrong;
    uint64_t wait;
    struct json body;
    bool restarted;
    enum err e = ERR_OK;

    if (!body_object(r, &body))
        return;
    wrong = lease_body(body, &ask, &wait);
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
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
    e = db_end(c->db, e, why);
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
    put_u64(&answer, "lease_ms", c->lease_ms);
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
    struct buf why = WHY_INIT;
    uint64_t id, token, request_id = 0;
    struct step_told told;
    const char *wrong;
    struct json body;
    enum err e;

    if (!job_of(r, arg, &body, &id, &token))
        return;
    wrong = progress_body(body, &told);
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = jobq_progress(c->db, id, token, told.step, told.detail, told.height, now_ms(),
                          &request_id, &why);
    e = settle(c, r, e, false, request_id, "{\"ok\":true}", &why);
    if (!e && strcmp(told.step, "ran") == 0)
        waiters_serve(c); /* its sender has a slot more */
    coord_unlock(c);
    buf_release(&why);
}

void route_release(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT;
    uint64_t id, token, request_id = 0;
    struct str reason;
    const char *wrong;
    struct json body;
    enum err e;

    if (!job_of(r, arg, &body, &id, &token))
        return;
    wrong = release_body(body, http_req_arena(r), &reason);
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = jobq_release(c->db, id, token, reason, !str_eqz(reason, "shutdown"), now_ms(),
                         &request_id, &why);
    e = settle(c, r, e, false, request_id, "{\"ok\":true}", &why);
    if (!e)
        waiters_serve(c);
    coord_unlock(c);
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
    const char *wrong;
    struct json body;
    bool recall;

    if (!body_object(r, &body))
        return;
    wrong = worker_body(body, &id, &session);
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    if (!json_bool(json_get(body, "recall"), &recall))
        recall = false;
    coord_lock(c);
    (void)worker_seen(c, id, session, now_ms());
    if (recall)
        waiters_recall(c, id, session);
    coord_unlock(c);
    http_reply(r, 200, "application/json", STR("{\"ok\":true}"));
}
