/*
 * route_public.c — what anybody may read: requests, lists, totals, prices. By readers (readers.h).
 */
#include "coordinator/reply.h"
#include "coordinator/results.h"
#include "coordinator/routes.h"
#include "coordinator/totals.h"
#include "coordinator/wait.h"
#include "near/account_id.h"

#define JOBS_LIMIT      50
#define JOBS_LIMIT_MAX  100
#define JOBS_OFFSET_MAX 100000 /* counted through one by one */

void route_request(struct coord *c, struct db *d, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    uint64_t id, after, wait;
    enum err e;

    if (!str_u64(arg, &id) || id > INT64_MAX) {
        reply_error(r, 404, "no such request");
        return;
    }
    if (!query_u64(r, "after", 0, &after) || !query_u64(r, "wait_ms", 0, &wait))
        return;
    /* A request may be asked for before its block has been read. */
    if (wait && wait_for_step(c, r, arg, id, after, wait))
        return;
    e = request_write(d, id, after, &b, &why);
    reply_result(r, e, &b, &why);
}

void route_jobs_list(struct coord *c UNUSED, struct db *d, struct http_req *r,
                     struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    struct str source = http_req_query(r, "source"), user = http_req_query(r, "user_account_id");
    struct jobs_filter f = {0};
    enum err e;

    if (!query_u64(r, "limit", JOBS_LIMIT, &f.limit) || !query_u64(r, "offset", 0, &f.offset) ||
        !query_u64(r, "job_id", 0, &f.job_id))
        return;
    if (f.limit > JOBS_LIMIT_MAX)
        f.limit = JOBS_LIMIT_MAX;
    if (f.offset > JOBS_OFFSET_MAX) {
        reply_error(r, 400,
                    "'offset' is at most 100000; go further back with 'before' of "
                    "/public/executions");
        return;
    }
    if (source.len && !str_eqz(source, "near") && !str_eqz(source, "https")) {
        reply_error(r, 400, "'source' must be near or https");
        return;
    }
    f.https_only = str_eqz(source, "https");
    if (user.len)
        f.user = user;
    e = jobs_write(d, &f, &b, &why);
    reply_result(r, e, &b, &why);
}

void route_stats(struct coord *c, struct db *d, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(4096);
    uint64_t online;
    enum err e;

    coord_lock(c);
    online = workers_online(c, now_ms());
    coord_unlock(c);
    e = stats_write(d, online, &b, &why);
    reply_result(r, e, &b, &why);
}

void route_per_day(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(4096);
    enum err e = per_day_write(d, now_ms(), &b, &why);

    reply_result(r, e, &b, &why);
}

void route_user(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(4096);
    enum err e;

    if (!account_id_valid(arg)) {
        reply_error(r, 400, "not an account id");
        return;
    }
    e = user_write(d, arg, &b, &why);
    reply_result(r, e, &b, &why);
}

void route_workers(struct coord *c, struct db *d, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e = workers_write(c, d, http_req_arena(r), &b, &why);

    reply_result(r, e, &b, &why);
}

void route_repos(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e = repos_write(d, &b, &why);

    reply_result(r, e, &b, &why);
}

static void pricing_reply(struct http_req *r, const struct pricing *p)
{
    struct buf b = BUF_INIT(4096);

    if (p->known) {
        pricing_write(p, &b);
        reply_json(r, 200, &b);
    } else {
        reply_error(r, 503, "the contract's prices have not been read yet");
    }
    buf_release(&b);
}

void route_pricing(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct pricing p;

    coord_lock(c);
    p = c->pricing;
    coord_unlock(c);
    pricing_reply(r, &p);
}

/* Answers with what is known; the look at the contract happens afterwards. */
void route_pricing_refresh(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct pricing p;

    coord_lock(c);
    if (!c->pricing.known || c->pricing.read_ms + PRICING_ASKED_MS < now_ms())
        c->pricing.wanted = true;
    p = c->pricing;
    coord_unlock(c);
    pricing_reply(r, &p);
}
