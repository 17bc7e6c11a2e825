/* rpc.c — requests in, answers out: the queue between HTTP and the chain. See rpc.h. */
#include "devnet/rpc_internal.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define HOLD_MS       120000 /* no request outlives this, whatever it waits for */
#define LOOK_EVERY_MS 50     /* how late a deadline may be noticed */
#define THREAD_STACK  (16u << 20)
#define JSON_TYPE     "application/json"
#define NEARDATA_TYPE "application/json; charset=utf-8"

enum job_state { JOB_QUEUED, JOB_TAKEN, JOB_WAITING };

struct job {
    struct job *prev, *next;
    struct rpc *rpc;
    struct http_req *req;
    enum job_state state;
    uint64_t seen; /* blocks made when it was last tried */
    struct memory mem;
};

struct list {
    struct job *first, *last;
};

struct rpc {
    struct chain *chain;
    struct http_server *http;
    pthread_t threads[RPC_THREADS];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct list queued, waiting;
    size_t n;
    uint64_t blocks; /* made so far */
    uint64_t looked; /* how many there were when those that wait were last looked at */
    bool stop;
};

/* ------------------------------------------------------------------ lists */

static void push(struct list *l, struct job *j)
{
    j->next = NULL;
    j->prev = l->last;
    if (l->last)
        l->last->next = j;
    else
        l->first = j;
    l->last = j;
}

static void take_out(struct list *l, struct job *j)
{
    if (j->prev)
        j->prev->next = j->next;
    else
        l->first = j->next;
    if (j->next)
        j->next->prev = j->prev;
    else
        l->last = j->prev;
}

/* ------------------------------------------------------------------ answering one */

static struct str path_of(const struct http_req *req)
{
    const struct str p = http_req_path(req);

    return p.len > 1 && p.ptr[p.len - 1] == '/' ? str_head(p, p.len - 1) : p;
}

static void cors(struct http_req *req)
{
    http_reply_header(req, "Access-Control-Allow-Origin", "*");
    http_reply_header(req, "Access-Control-Allow-Methods", "GET, POST, HEAD, OPTIONS");
    http_reply_header(req, "Access-Control-Allow-Headers", "*");
}

static bool is_get(const struct http_req *req)
{
    const struct str m = str_of(http_req_method(req));

    return str_eqz(m, "GET") || str_eqz(m, "HEAD");
}

/* Paths without an envelope. False: none of them. */
static bool answer_get(struct rpc *r, struct http_req *req, struct buf *out)
{
    const struct str path = path_of(req);

    if (!is_get(req))
        return false;
    if (str_eqz(path, "/status"))
        status_put(r->chain, out);
    else if (str_eqz(path, "/health"))
        json_put_null(out);
    else if (str_eqz(path, "/network_info"))
        network_info_put(r->chain, out);
    else
        return false;
    return true;
}

static bool park(struct job *j)
{
    struct rpc *r = j->rpc;
    bool again;

    pthread_mutex_lock(&r->lock);
    again = j->seen != r->blocks; /* a block was made while it looked */
    j->state = again ? JOB_QUEUED : JOB_WAITING;
    push(again ? &r->queued : &r->waiting, j);
    if (again)
        pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
    return true;
}

/* The answer is out, or the request went back to wait (false). */
static bool answer_job(struct job *j)
{
    struct rpc *r = j->rpc;
    struct http_req *req = j->req;
    struct buf out = BUF_INIT(RPC_RESULT_MAX);
    struct neardata_answer how = {.status = 200};
    enum answer answer = ANSWERED;
    unsigned status = 200;
    const char *type = JSON_TYPE;

    if (answer_get(r, req, &out)) {
        ;
    } else if (is_get(req) && neardata_handle(r->chain, req, &j->mem, &out, &how, &answer)) {
        status = how.status;
        type = NEARDATA_TYPE;
    } else if (str_eqz(str_of(http_req_method(req)), "POST") && str_eqz(path_of(req), "/")) {
        answer =
            rpc_dispatch(r->chain, http_req_arena(req), &j->mem, http_req_body(req), &out, &status);
    } else if (str_eqz(str_of(http_req_method(req)), "OPTIONS")) {
        status = 204;
    } else {
        status = 404;
    }
    if (answer == WAITING) {
        buf_release(&out);
        park(j);
        return false;
    }
    cors(req);
    if (how.location)
        http_reply_header(req, "Location", how.location);
    if (out.full) {
        log_unusual("answer_too_big", "path=%.*s", STR_ARG(path_of(req)));
        buf_clear(&out);
        status = 500;
    }
    http_reply(req, status, type, buf_str(&out));
    buf_release(&out);
    return true;
}

/* ------------------------------------------------------------------ threads */

/* Most that wait follow a transaction: a look at its outcomes is enough to let them sleep on. */
static void requeue_due(struct rpc *r)
{
    const uint64_t now = clock_mono_ms();
    struct reader reader;
    const bool looks = r->looked != r->blocks && chain_try_read(r->chain, &reader);

    if (looks)
        r->looked = r->blocks;
    for (struct job *j = r->waiting.first, *next; j; j = next) {
        const bool over = j->mem.deadline_ms != 0 && j->mem.deadline_ms <= now;

        next = j->next;
        if (!over && (!looks || j->seen == r->blocks))
            continue;
        if (!over && j->mem.follows && tx_still_waits(&reader, &j->mem)) {
            j->seen = r->blocks;
            continue;
        }
        take_out(&r->waiting, j);
        j->state = JOB_QUEUED;
        push(&r->queued, j);
    }
    if (looks)
        chain_read_end(&reader);
}

static struct timespec in_ms(uint64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += (long)ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* The next job, taken; NULL when the server stops. */
static struct job *next_job(struct rpc *r)
{
    struct job *j = NULL;

    pthread_mutex_lock(&r->lock);
    while (!r->stop) {
        if (r->waiting.first)
            requeue_due(r);
        if (r->queued.first)
            break;
        if (r->waiting.first) {
            const struct timespec until = in_ms(LOOK_EVERY_MS);

            pthread_cond_timedwait(&r->wake, &r->lock, &until);
        } else {
            pthread_cond_wait(&r->wake, &r->lock);
        }
    }
    if (!r->stop) {
        j = r->queued.first;
        take_out(&r->queued, j);
        j->state = JOB_TAKEN;
        j->seen = r->blocks;
        if (r->queued.first)
            pthread_cond_signal(&r->wake);
    }
    pthread_mutex_unlock(&r->lock);
    return j;
}

static void *work(void *arg)
{
    struct rpc *r = arg;
    struct job *j;

    while ((j = next_job(r)) != NULL) {
        if (!answer_job(j))
            continue;
        pthread_mutex_lock(&r->lock);
        r->n--;
        pthread_mutex_unlock(&r->lock);
        mem_free(j);
    }
    return NULL;
}

void rpc_on_block(void *arg)
{
    struct rpc *r = arg;

    pthread_mutex_lock(&r->lock);
    r->blocks++;
    if (r->waiting.first)
        pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

/* ------------------------------------------------------------------ the HTTP side */

static bool on_end(void *ctx, struct http_req *req)
{
    struct job *j = ctx;
    struct rpc *r = j->rpc;
    bool ours;

    (void)req;
    pthread_mutex_lock(&r->lock);
    ours = j->state != JOB_TAKEN;
    if (ours) {
        take_out(j->state == JOB_QUEUED ? &r->queued : &r->waiting, j);
        r->n--;
        mem_free(j);
    }
    pthread_mutex_unlock(&r->lock);
    return ours;
}

static void handle(void *ctx, struct http_req *req)
{
    struct rpc *r = ctx;
    struct job *j = mem_new(struct job);

    j->rpc = r;
    j->req = req;
    pthread_mutex_lock(&r->lock);
    if (r->n >= RPC_QUEUE_MAX || r->stop) {
        pthread_mutex_unlock(&r->lock);
        mem_free(j);
        http_reply(req, 503, JSON_TYPE, STR_NONE);
        return;
    }
    r->n++;
    /* Held before a thread can answer it: the job enters the queue under our lock only now. */
    http_hold(req, HOLD_MS, 503, on_end, j);
    push(&r->queued, j);
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

static void end_threads(struct rpc *r, size_t n)
{
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->lock);
    for (size_t i = 0; i < n; i++)
        pthread_join(r->threads[i], NULL);
}

enum err rpc_start(struct chain *c, const char *host, uint16_t port, struct rpc **out,
                   struct buf *why)
{
    struct rpc *r = mem_new(struct rpc);
    const struct http_server_opts o = {.host = host,
                                       .port = port,
                                       .max_body = RPC_BODY_MAX,
                                       .max_conns = RPC_CONNS_MAX,
                                       .handle = handle,
                                       .ctx = r};
    pthread_condattr_t cond;
    pthread_attr_t attr;
    enum err e;

    r->chain = c;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&cond);
    pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wake, &cond);
    pthread_condattr_destroy(&cond);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    for (size_t i = 0; i < RPC_THREADS; i++) {
        BUG_ON(pthread_create(&r->threads[i], &attr, work, r) != 0);
        pthread_setname_np(r->threads[i], "answers");
    }
    pthread_attr_destroy(&attr);
    e = http_server_start(&o, &r->http, why);
    if (e) {
        end_threads(r, RPC_THREADS);
        mem_free(r);
        return e;
    }
    *out = r;
    return ERR_OK;
}

void rpc_stop(struct rpc *r)
{
    if (!r)
        return;
    end_threads(r, RPC_THREADS);
    http_server_stop(r->http); /* ends what still waits, through on_end */
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->wake);
    mem_free(r);
}

uint16_t rpc_port(const struct rpc *r)
{
    return http_server_port(r->http);
}
