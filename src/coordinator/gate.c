/* gate.c — see gate.h. */
#include "coordinator/gate.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "coordinator/reply.h"
#include "near/rpc.h"

#define QUEUE_MAX     32
#define HOLD_MS       30000
#define LOOK_S        1 /* between two looks at which sessions are due */
#define CHALLENGE_LEN 512

struct gate {
    const char *rpc_url;
    char audience[SESSION_AUDIENCE_MAX + 1];
    struct sessions *sessions;
    pthread_mutex_t lock;
    pthread_cond_t due;
    struct http_req *queue[QUEUE_MAX]; /* registrations, oldest first */
    size_t n;
    bool stop;
};

struct gate *gate_new(const char *rpc_url, struct str contract_id, struct str register_id,
                      uint64_t recheck_s)
{
    struct gate *g = mem_new(struct gate);
    struct buf audience = BUF_OVER(g->audience);
    pthread_condattr_t attr;

    buf_addz(&audience, SESSION_COORDINATOR);
    buf_add_str(&audience, contract_id);
    BUG_ON(audience.full);
    g->rpc_url = rpc_url;
    g->sessions = sessions_new(register_id, buf_str(&audience), register_id);
    sessions_recheck_every(g->sessions, recheck_s * 1000);
    pthread_mutex_init(&g->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&g->due, &attr);
    pthread_condattr_destroy(&attr);
    return g;
}

void gate_free(struct gate *g)
{
    if (!g)
        return;
    sessions_free(g->sessions);
    pthread_cond_destroy(&g->due);
    pthread_mutex_destroy(&g->lock);
    mem_free(g);
}

bool gate_passes(struct gate *g, struct http_req *r)
{
    struct str id = http_req_header(r, "X-TEE-Session");

    if (id.ptr && sessions_has(g->sessions, id))
        return true;
    reply_error(r, 401,
                id.ptr ? "there is no such session, or it is over; enter one with "
                         "/workers/tee-challenge and /workers/register-tee"
                       : "the bearer token is not enough here: X-TEE-Session is missing; enter a "
                         "session with /workers/tee-challenge and /workers/register-tee");
    return false;
}

void gate_challenge(struct gate *g, struct http_req *r)
{
    struct buf out = BUF_INIT(CHALLENGE_LEN), why = WHY_INIT;
    enum err e = sessions_challenge_write(g->sessions, &out, &why);

    reply_result(r, e, &out, &why);
}

/* The server ends a request: forget it, unless the thread has taken it. */
static bool on_end(void *ctx, struct http_req *r)
{
    struct gate *g = ctx;
    size_t i = 0;
    bool mine;

    pthread_mutex_lock(&g->lock);
    while (i < g->n && g->queue[i] != r)
        i++;
    mine = i < g->n;
    if (mine) {
        g->n--;
        memmove(&g->queue[i], &g->queue[i + 1], (g->n - i) * sizeof(g->queue[0]));
    }
    pthread_mutex_unlock(&g->lock);
    return mine;
}

void gate_register(struct gate *g, struct http_req *r)
{
    bool full;

    pthread_mutex_lock(&g->lock);
    full = g->n == QUEUE_MAX || g->stop;
    if (!full) {
        http_hold(r, HOLD_MS, 504, on_end, g);
        g->queue[g->n++] = r;
        pthread_cond_signal(&g->due);
    }
    pthread_mutex_unlock(&g->lock);
    if (full)
        reply_error(r, 503, "too many workers register at once");
}

static void answer(struct gate *g, struct rpc *rpc, struct http_req *r)
{
    struct buf out = BUF_INIT(CHALLENGE_LEN), why = WHY_INIT;
    char id[SESSION_TEXT + 1];
    struct registration claim;
    struct json body;
    enum err e;

    if (!body_object(r, &body))
        return;
    e = registration_read(body, &claim, &why);
    if (!e)
        e = sessions_register(g->sessions, rpc, &claim, id, &why);
    if (e) {
        log_info("session_refused", "error=%s why=%s", err_name(e), buf_z(&why));
        reply_fault(r, e, &why);
    } else {
        session_write(&out, id);
        reply_json(r, 200, &out);
    }
    buf_release(&out);
    buf_release(&why);
}

/* The next registration; NULL: none came for LOOK_S. */
static struct http_req *next(struct gate *g, bool *stop)
{
    struct http_req *r = NULL;
    struct timespec until;
    int waited = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_S;
    pthread_mutex_lock(&g->lock);
    while (!g->n && !g->stop && !waited)
        waited = pthread_cond_timedwait(&g->due, &g->lock, &until);
    if (g->n) {
        r = g->queue[0];
        g->n--;
        memmove(g->queue, g->queue + 1, g->n * sizeof(g->queue[0]));
    }
    *stop = g->stop;
    pthread_mutex_unlock(&g->lock);
    return r;
}

void *gate_main(void *gate)
{
    struct gate *g = gate;
    struct rpc *rpc = rpc_new(g->rpc_url);
    bool stop = false;

    for (;;) {
        struct http_req *r = next(g, &stop);

        if (r)
            answer(g, rpc, r);
        else if (stop)
            break;
        sessions_recheck(g->sessions, rpc); /* cheap when none is due */
    }
    rpc_free(rpc);
    return NULL;
}

void gate_stop(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->stop = true;
    pthread_cond_signal(&g->due);
    pthread_mutex_unlock(&g->lock);
}
