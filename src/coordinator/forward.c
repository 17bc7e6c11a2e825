/* forward.c — see forward.h. */
#include "coordinator/forward.h"

#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "coordinator/reply.h"
#include "http/client.h"

#define THREADS    2
#define QUEUE_MAX  32
#define HOLD_MS    30000
#define CALL_MS    10000
#define BODY_MAX   262144 /* what a keystore takes */
#define ANSWER_MAX 262144
#define URL_MAX    2048

struct waiting {
    struct http_req *r;
    const char *path;
};
struct forwarder {
    const char *url;
    pthread_t thread[THREADS];
    pthread_mutex_t lock;
    pthread_cond_t due;
    struct waiting queue[QUEUE_MAX]; /* oldest first */
    size_t n;
    bool stop;
};

static void drop(struct forwarder *f, size_t i)
{
    f->n--;
    memmove(&f->queue[i], &f->queue[i + 1], (f->n - i) * sizeof(f->queue[0]));
}

/* The server ends a request: forget it, unless a thread has taken it. */
static bool on_end(void *ctx, struct http_req *r)
{
    struct forwarder *f = ctx;
    size_t i = 0;
    bool mine;

    pthread_mutex_lock(&f->lock);
    while (i < f->n && f->queue[i].r != r)
        i++;
    mine = i < f->n;
    if (mine)
        drop(f, i);
    pthread_mutex_unlock(&f->lock);
    return mine;
}

static void answer(struct forwarder *f, struct http_client *http, const struct waiting *w)
{
    char room[URL_MAX + 1];
    struct buf url = BUF_OVER(room), body = BUF_INIT(ANSWER_MAX), why = WHY_INIT;
    bool post = strcmp(http_req_method(w->r), "POST") == 0;
    const struct http_call call = {.method = post ? "POST" : "GET",
                                   .url = room,
                                   .body = post ? http_req_body(w->r) : STR_NONE,
                                   .content_type = post ? "application/json" : NULL,
                                   .timeout_ms = CALL_MS,
                                   .max_body = ANSWER_MAX};
    unsigned status = 0;

    buf_addf(&url, "%s%s", f->url, w->path);
    if (url.full || http_client_call(http, &call, &status, &body, &why)) {
        log_unusual("keystore_away", "path=%s why=%s", w->path, buf_z(&why));
        reply_error(w->r, 502, "the keystore does not answer");
    } else {
        http_reply(w->r, status, "application/json", buf_str(&body));
    }
    buf_release(&body);
    buf_release(&why);
}

static void *forwarder_main(void *ctx)
{
    struct forwarder *f = ctx;
    struct http_client *http = http_client_new();

    for (;;) {
        struct waiting w = {NULL, NULL};

        pthread_mutex_lock(&f->lock);
        while (!f->n && !f->stop)
            pthread_cond_wait(&f->due, &f->lock);
        if (f->n) {
            w = f->queue[0];
            drop(f, 0);
        }
        pthread_mutex_unlock(&f->lock);
        if (!w.r)
            break;
        answer(f, http, &w);
    }
    http_client_free(http);
    return NULL;
}

struct forwarder *forwarder_start(const char *url)
{
    struct forwarder *f = mem_new(struct forwarder);

    f->url = url;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->due, NULL);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&f->thread[i], NULL, forwarder_main, f))
            BUG("no threads");
    return f;
}

void forwarder_stop(struct forwarder *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_cond_broadcast(&f->due);
    pthread_mutex_unlock(&f->lock);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(f->thread[i], NULL);
    pthread_cond_destroy(&f->due);
    pthread_mutex_destroy(&f->lock);
    mem_free(f);
}

void forward(struct forwarder *f, struct http_req *r, const char *path)
{
    bool full;

    if (http_req_body(r).len > BODY_MAX) {
        reply_error(r, 413, "the body is larger than a keystore takes");
        return;
    }
    pthread_mutex_lock(&f->lock);
    full = f->n == QUEUE_MAX || f->stop;
    if (!full) {
        http_hold(r, HOLD_MS, 504, on_end, f);
        f->queue[f->n++] = (struct waiting){r, path};
        pthread_cond_signal(&f->due);
    }
    pthread_mutex_unlock(&f->lock);
    if (full)
        reply_error(r, 503, "too many questions to the keystore at once");
}
