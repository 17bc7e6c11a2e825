#include "coordinator/wait.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "coordinator/ack.h"
#include "coordinator/reply.h"
#include "coordinator/readers.h"
#include "coordinator/results.h"
#include "coordinator/throttle.h"
#include "coordinator/wishes.h"

#define WAITS_LATER_S 5 /* when one may try again who may not wait now */

struct waiter {
    struct waiter *prev, *next; /* newest first */
    struct http_req *r;
    enum { FOR_STEP, FOR_JOB, FOR_FEED } what;
    char worker[JOB_WORKER_MAX + 1], session[JOB_WORKER_MAX + 1];
    uint64_t owner_slots;
    uint64_t request_id, after;
    uint64_t who;   /* a stranger: throttle.h */
    struct str arg; /* of the path, for the reader */
};

static const struct route route_of_steps = {.read = route_request},
                          route_of_feed = {.read = route_executions_live};

static void drop(struct coord *c, struct waiter *w)
{
    if (w->prev)
        w->prev->next = w->next;
    else
        c->waiters = w->next;
    if (w->next)
        w->next->prev = w->prev;
    c->nwaiters--;
    mem_free(w);
}

/* The server ends a request: its deadline, its client, or the server's stop. */
static bool on_end(void *ctx, struct http_req *r)
{
    struct coord *c = ctx;
    bool mine = false;

    coord_lock(c);
    for (struct waiter *w = c->waiters; w && !mine; w = w->next) {
        if (w->r != r)
            continue;
        drop(c, w);
        mine = true;
        break;
    }
    coord_unlock(c);
    return mine;
}

static struct waiter *hold(struct coord *c, struct http_req *r, uint64_t ms, unsigned status)
{
    struct waiter *w = mem_new(struct waiter);

    w->r = r;
    w->next = c->waiters;
    if (w->next)
        w->next->prev = w;
    c->waiters = w;
    c->nwaiters++;
    http_hold(r, ms, status, on_end, c);
    return w;
}

static void copy_id(char out[JOB_WORKER_MAX + 1], struct str s)
{
    s = str_head(s, JOB_WORKER_MAX);
    if (s.len)
        memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
}

void wait_for_job(struct coord *c, struct http_req *r, const struct lease_ask *ask, uint64_t ms)
{
    struct waiter *w = hold(c, r, ms, 204);

    w->what = FOR_JOB;
    copy_id(w->worker, ask->worker);
    copy_id(w->session, ask->session);
    w->owner_slots = ask->owner_slots;
}

void waiters_recall(struct coord *c, struct str worker, struct str session)
{
    struct waiter *w = c->waiters, *next;

    for (; w; w = next) {
        next = w->next;
        if (w->what != FOR_JOB || !str_eqz(worker, w->worker) || !str_eqz(session, w->session))
            continue;
        http_reply(w->r, 204, NULL, STR_NONE);
        drop(c, w);
    }
}

static uint64_t who_asks(const struct coord *c, struct http_req *r)
{
    return throttle_who(c->throttle, http_req_peer(r), http_req_header(r, "X-Forwarded-For"));
}

bool wait_allowed(struct coord *c, struct http_req *r)
{
    const uint64_t who = who_asks(c, r);
    size_t each, all = wish_askers(c, who, &each);

    for (const struct waiter *w = c->waiters; w; w = w->next) {
        all += w->what != FOR_JOB;
        each += w->what != FOR_JOB && w->who == who;
    }
    return each < WAITS_EACH && all < WAITS_ALL;
}

/* Under the lock; `r` is answered when it may not. */
static struct waiter *hold_stranger(struct coord *c, struct http_req *r, uint64_t ms,
                                    unsigned status)
{
    struct waiter *w;

    if (wait_allowed(c, r)) {
        w = hold(c, r, ms < COORD_WAIT_MAX ? ms : COORD_WAIT_MAX, status);
        w->who = who_asks(c, r);
        return w;
    }
    reply_later(r, 429, "too many requests wait from this address", WAITS_LATER_S);
    return NULL;
}

bool wait_for_step(struct coord *c, struct http_req *r, struct str arg, uint64_t request_id,
                   uint64_t after, uint64_t ms)
{
    struct buf why = WHY_INIT;
    struct waiter *w;
    uint64_t last;
    bool waits;

    coord_lock(c);
    waits = !step_last(c->db, request_id, &last, &why) && last <= after &&
            (last || gone_request(c->db, request_id, &why) != ERR_GONE);
    w = waits ? hold_stranger(c, r, ms, last ? 204 : 404) : NULL;
    if (w) {
        w->what = FOR_STEP;
        w->request_id = request_id;
        w->after = after;
        w->arg = arg;
    }
    coord_unlock(c);
    buf_release(&why);
    return waits;
}

static void job_write(const struct coord *c, const struct job *j, struct buf *b)
{
    char text[65];
    struct buf hex = BUF_OVER(text);

    hex_put(&hex, j->data_id.b, sizeof(j->data_id.b));
    json_obj(b);
    put_u64(b, "job_id", j->id);
    put_u64(b, "token", j->token);
    put_u64(b, "attempt", j->attempt);
    put_u64(b, "request_id", j->request_id);
    put_text(b, "data_id", buf_str(&hex));
    put_text(b, "contract_id", c->filter.contract_id);
    put_u64(b, "block_height", j->block_height);
    put_u64(b, "block_timestamp", j->block_timestamp_ns);
    put_text(b, "transaction_hash", j->transaction_hash);
    put_text(b, "receipt_id", j->receipt_id);
    put_text(b, "signer_id", j->signer_id);
    put_text(b, "predecessor_id", j->predecessor_id);
    put_text(b, "signer_public_key", j->signer_public_key);
    put_u64(b, "gas_burnt", j->gas_burnt);
    put_u64(b, "deadline_height", j->deadline_height);
    put_u64(b, "lease_ms", c->lease_ms);
    put_raw(b, "request_data", str_trim(j->request_data));
    json_obj_end(b);
}

enum err lease_now(struct coord *c, struct http_req *r, bool held, const struct lease_ask *ask,
                   struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct buf b = BUF_INIT(COORD_BODY_MAX);
    struct job j = {0};
    enum err e = db_begin(c->db, why);

    if (e)
        goto out;
    e = jobq_lease(c->db, &a, ask, c->lease_ms, now_ms(), &j, why);
    e = db_end(c->db, e, why);
    if (e)
        goto out;
    job_write(c, &j, &b);
    ack_reply(c, r, held, buf_str(&b));
    c->leases++;
    (void)worker_seen(c, ask->worker, ask->session, now_ms());
    log_info("job_leased", "id=%llu request=%llu worker=%.*s attempt=%llu",
             (unsigned long long)j.id, (unsigned long long)j.request_id, STR_ARG(ask->worker),
             (unsigned long long)j.attempt);
    waiters_changed(c, j.request_id);
out:
    arena_release(&a);
    buf_release(&b);
    return e;
}

void waiters_serve(struct coord *c)
{
    struct buf why = WHY_INIT;
    struct waiter *w = c->waiters, *older;

    while (w && w->next)
        w = w->next;
    for (; w; w = older) {
        const struct lease_ask ask = {str_of(w->worker), str_of(w->session), w->owner_slots};
        enum err e;

        if (w->what != FOR_JOB) {
            older = w->prev;
            continue;
        }
        e = lease_now(c, w->r, true, &ask, &why);
        older = w->prev; /* not sooner: those who wait for the step may be gone */
        if (!e)
            drop(c, w);
        /* What one may not have because of its share, the next may. */
        if (e == ERR_EMPTY && ask.owner_slots)
            continue;
        if (e && e != ERR_EMPTY)
            log_unusual("lease", "%s", buf_z(&why));
        if (e)
            break; /* they go on waiting; the next change or their own retry asks again */
    }
    buf_release(&why);
}

void wait_for_feed(struct coord *c, struct http_req *r, uint64_t after, uint64_t ms)
{
    struct waiter *w = hold_stranger(c, r, ms, 204);

    if (w) {
        w->what = FOR_FEED;
        w->after = after;
    }
}

/* A reader answers it: it has what it waited for. */
static void hand_over(struct coord *c, struct waiter *w, const struct route *route)
{
    readers_put(c->readers, w->r, route, w->arg);
    drop(c, w);
}

void waiters_feed(struct coord *c)
{
    struct waiter *w = c->waiters, *next;

    for (; w; w = next) {
        next = w->next;
        if (w->what == FOR_FEED && w->after != c->feed.last)
            hand_over(c, w, &route_of_feed);
    }
}

void waiters_changed(struct coord *c, uint64_t request_id)
{
    struct buf why = WHY_INIT;
    struct waiter *w = c->waiters, *next;
    uint64_t last = 0;

    feed_note(&c->feed, request_id);
    for (; w; w = next) {
        next = w->next;
        if (w->what != FOR_STEP || w->request_id != request_id)
            continue;
        if (!last && step_last(c->db, request_id, &last, &why))
            break;
        if (last > w->after)
            hand_over(c, w, &route_of_steps);
    }
    buf_release(&why);
}

void waiters_changed_all(struct coord *c, const struct changed *list)
{
    for (size_t i = 0; i < list->n; i++)
        waiters_changed(c, list->request_id[i]);
}
