/*
 * route_public.c — what anybody may read.
 */
#include "coordinator/reply.h"
#include "coordinator/results.h"
#include "coordinator/totals.h"
#include "coordinator/routes.h"
#include "coordinator/wait.h"
#include "near/account_id.h"

#define JOBS_LIMIT     50
#define JOBS_LIMIT_MAX 100

void route_request(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    uint64_t id, after, wait;
    bool news = false;
    enum err e;

    if (!str_u64(arg, &id) || id > INT64_MAX) {
        reply_error(r, 404, "no such request");
        return;
    }
    if (!query_u64(r, "after", 0, &after) || !query_u64(r, "wait_ms", 0, &wait))
        return;
    if (wait > COORD_WAIT_MAX)
        wait = COORD_WAIT_MAX;
    coord_lock(c);
    e = request_write(c->db, id, after, &b, &news, &why);
    /* A request may be asked for before its block has been read. */
    if (wait && (e == ERR_ABSENT || (!e && !news)))
        wait_for_step(c, r, id, after, wait, e ? 404 : 204);
    else if (e)
        reply_fault(r, e, &why);
    else
        reply_json(r, 200, &b);
    coord_unlock(c);
    buf_release(&b);
    buf_release(&why);
}

void route_jobs_list(struct coord *c, struct http_req *r, struct str arg UNUSED)
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
    if (source.len && !str_eqz(source, "near") && !str_eqz(source, "https")) {
        reply_error(r, 400, "'source' must be near or https");
        return;
    }
    f.https_only = str_eqz(source, "https");
    if (user.len)
        f.user = user;
    coord_lock(c);
    e = jobs_write(c->db, &f, &b, &why);
    coord_unlock(c);
    reply_result(r, e, &b, &why);
}

void route_stats(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e;

    coord_lock(c);
    e = stats_write(c->db, workers_online(c, now_ms()), &b, &why);
    coord_unlock(c);
    reply_result(r, e, &b, &why);
}

void route_per_day(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e;

    coord_lock(c);
    e = per_day_write(c->db, now_ms(), &b, &why);
    coord_unlock(c);
    reply_result(r, e, &b, &why);
}

void route_user(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e;

    if (!account_id_valid(arg)) {
        reply_error(r, 400, "not an account id");
        return;
    }
    coord_lock(c);
    e = user_write(c->db, arg, &b, &why);
    coord_unlock(c);
    reply_result(r, e, &b, &why);
}

void route_workers(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e;

    coord_lock(c);
    e = workers_write(c, &b, &why);
    coord_unlock(c);
    reply_result(r, e, &b, &why);
}

void route_repos(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e;

    coord_lock(c);
    e = repos_write(c->db, &b, &why);
    coord_unlock(c);
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
