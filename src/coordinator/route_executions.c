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

void route_executions(struct coord *c UNUSED, struct db *d, struct http_req *r,
                      struct str arg UNUSED)
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
    e = executions_write(d, &f, &b, &why);
    reply_result(r, e, &b, &why);
}

void route_execution(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    uint64_t id;
    enum err e;

    if (!str_u64(arg, &id) || id > INT64_MAX) {
        reply_error(r, 404, "no such execution");
        return;
    }
    e = execution_write(d, id, &b, &why);
    reply_result(r, e, &b, &why);
}

/* What changed, made once for all who wait since the same change. */
static enum err page_put(struct coord *c, struct db *d, uint64_t after,
                         const struct feed_news *news, struct buf *out, struct buf *why)
{
    struct feed_page *p = &c->feed_page;
    enum err e = ERR_OK;

    pthread_mutex_lock(&p->lock);
    if (!p->text.len || p->after != after || p->last != news->last) {
        buf_clear(&p->text);
        e = feed_write(news, d, &p->text, why);
        p->after = after;
        p->last = news->last;
    }
    if (e)
        buf_clear(&p->text);
    else
        buf_add_str(out, buf_str(&p->text));
    pthread_mutex_unlock(&p->lock);
    return e;
}

void route_executions_live(struct coord *c, struct db *d, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    struct feed_news news;
    uint64_t after, wait;
    bool any, held;
    enum err e;

    if (!query_u64(r, "after", 0, &after) || !query_u64(r, "wait_ms", 0, &wait))
        return;
    coord_lock(c);
    any = feed_since(&c->feed, after, &news);
    held = !any && wait;
    if (held)
        wait_for_feed(c, r, after, wait);
    coord_unlock(c);
    if (held)
        return;
    if (!any) {
        http_reply(r, 204, NULL, STR_NONE);
        return;
    }
    e = page_put(c, d, after, &news, &b, &why);
    reply_result(r, e, &b, &why);
}
