/* line.c — see line.h. */
#include "http/line.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

struct line {
    pthread_mutex_t lock;
    pthread_cond_t due;
    size_t n, max;
    uint64_t hold_ms;
    bool stop;
    struct lined *list; /* oldest first */
};

struct line *line_new(size_t max, uint64_t hold_ms)
{
    struct line *l = mem_new(struct line);
    pthread_condattr_t attr;

    l->max = max;
    l->hold_ms = hold_ms;
    l->list = mem_new_n(struct lined, max);
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->due, &attr);
    pthread_condattr_destroy(&attr);
    return l;
}

void line_free(struct line *l)
{
    if (!l)
        return;
    BUG_ON(l->n);
    pthread_cond_destroy(&l->due);
    pthread_mutex_destroy(&l->lock);
    mem_free(l->list);
    mem_free(l);
}

static void leave(struct line *l, size_t i)
{
    l->n--;
    memmove(&l->list[i], &l->list[i + 1], (l->n - i) * sizeof(l->list[0]));
}

/* The server ends a request: forget it, unless a thread has taken it. */
static bool on_end(void *ctx, struct http_req *r)
{
    struct line *l = ctx;
    size_t i = 0;
    bool mine;

    pthread_mutex_lock(&l->lock);
    while (i < l->n && l->list[i].r != r)
        i++;
    mine = i < l->n;
    if (mine)
        leave(l, i);
    pthread_mutex_unlock(&l->lock);
    return mine;
}

bool line_put(struct line *l, const struct lined *w)
{
    bool room;

    pthread_mutex_lock(&l->lock);
    room = l->n < l->max && !l->stop;
    if (room) {
        http_hold(w->r, l->hold_ms, 504, on_end, l);
        l->list[l->n++] = *w;
        pthread_cond_signal(&l->due);
    }
    pthread_mutex_unlock(&l->lock);
    return room;
}

enum err line_take(struct line *l, uint64_t ms, struct lined *out)
{
    struct timespec until;
    enum err e = ERR_OK;
    int waited = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    if (ms != UINT64_MAX) {
        until.tv_nsec += (long)(ms % 1000) * 1000000;
        until.tv_sec += (time_t)(ms / 1000) + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
    }
    pthread_mutex_lock(&l->lock);
    while (!l->n && !l->stop && waited != ETIMEDOUT)
        waited = ms == UINT64_MAX ? pthread_cond_wait(&l->due, &l->lock)
                                  : pthread_cond_timedwait(&l->due, &l->lock, &until);
    if (l->n) {
        *out = l->list[0];
        leave(l, 0);
    } else {
        e = l->stop ? ERR_CLOSED : ERR_TIMEOUT;
    }
    pthread_mutex_unlock(&l->lock);
    return e;
}

void line_stop(struct line *l)
{
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->due);
    pthread_mutex_unlock(&l->lock);
}
