/* queue.c — requests from the server's thread to the threads that answer, see keystore.h. */
#include <string.h>

#include "base/log.h"
#include "keystore/keystore.h"

/* The server ends a request: forget it, unless a thread has taken it. */
static bool on_end(void *ctx, struct http_req *r)
{
    struct keystore *k = ctx;
    bool mine = false;

    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < k->nqueue && !mine; i++) {
        if (k->queue[i] != r)
            continue;
        k->nqueue--;
        memmove(&k->queue[i], &k->queue[i + 1], (k->nqueue - i) * sizeof(k->queue[0]));
        mine = true;
    }
    pthread_mutex_unlock(&k->lock);
    return mine;
}

void queue_handle(void *keystore, struct http_req *r)
{
    struct keystore *k = keystore;
    bool full;

    pthread_mutex_lock(&k->lock);
    full = k->nqueue == KEYSTORE_QUEUE || k->stop;
    if (!full) {
        http_hold(r, KEYSTORE_HOLD_MS, 504, on_end, k);
        k->queue[k->nqueue++] = r;
        pthread_cond_signal(&k->due);
    }
    pthread_mutex_unlock(&k->lock);
    if (full)
        http_reply(r, 503, "application/json", STR("{\"error\":\"too many requests at once\"}"));
}

void *queue_main(void *keystore)
{
    struct keystore *k = keystore;
    struct rpc *rpc = rpc_new(k->rpc_url);

    for (;;) {
        struct http_req *r = NULL;

        pthread_mutex_lock(&k->lock);
        while (!k->nqueue && !k->stop)
            pthread_cond_wait(&k->due, &k->lock);
        if (!k->stop) {
            r = k->queue[0];
            k->nqueue--;
            memmove(&k->queue[0], &k->queue[1], k->nqueue * sizeof(k->queue[0]));
        }
        pthread_mutex_unlock(&k->lock);
        if (!r)
            break;
        routes_answer(k, rpc, r);
    }
    rpc_free(rpc);
    return NULL;
}

void queue_stop(struct keystore *k)
{
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_broadcast(&k->due);
    pthread_mutex_unlock(&k->lock);
}
