/*
 * route_executions.c — the lists behind the pages: newest first, one in full, what changes.
 */
#include "coordinator/executions.h"
#include "coordinator/reply.h"
#include "coordinator/results.h"
#include "coordinator/routes.h"
#include "coordinator/wait.h"

static bool status_ok(struct str s)
{
    return !s.len || str_eqz(s, "queued") || str_eqz(s, "running") || job_status_ok(s, true) ||
           job_status_ok(s, false);
}

void route_executions(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    struct executions_filter f = {.account = http_req_query(r, "account"),
                                  .project = http_req_query(r, "project"),
                                  .status = http_req_query(r, "status")};
    enum err e;

    if (!query_u64(r, "limit", EXECUTIONS_PAGE, &f.limit) || !query_u64(r, "before", 0, &f.before))
        return;
    if (f.limit > EXECUTIONS_PAGE_MAX)
        f.limit = EXECUTIONS_PAGE_MAX;
    if (!f.limit || !status_ok(f.status)) {
        reply_error(r, 400,
                    f.limit ? "'status' must be queued, running, completed, failed or a category "
                              "of failure"
                            : "'limit' must be at least 1");
        return;
    }
    coord_lock(c);
    e = executions_write(c->db, &f, &b, &why);
    coord_unlock(c);
    reply_result(r, e, &b, &why);
}

void route_execution(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    uint64_t id;
    enum err e;

    if (!str_u64(arg, &id) || id > INT64_MAX) {
        reply_error(r, 404, "no such execution");
        return;
    }
    coord_lock(c);
    e = execution_write(c->db, id, &b, &why);
    coord_unlock(c);
    reply_result(r, e, &b, &why);
}

void route_executions_live(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    uint64_t after, wait;
    enum err e;

    if (!query_u64(r, "after", 0, &after) || !query_u64(r, "wait_ms", 0, &wait))
        return;
    if (wait > COORD_WAIT_MAX)
        wait = COORD_WAIT_MAX;
    coord_lock(c);
    e = feed_write(&c->feed, c->db, after, &b, &why);
    if (e == ERR_EMPTY && wait)
        wait_for_feed(c, r, after, wait);
    else if (e == ERR_EMPTY)
        http_reply(r, 204, NULL, STR_NONE);
    else if (e)
        reply_fault(r, e, &why);
    else
        reply_json(r, 200, &b);
    coord_unlock(c);
    buf_release(&b);
    buf_release(&why);
}
