/* queue.c — requests from the server's thread to the threads that answer, see keystore.h. */
#include "keystore/keystore.h"

void queue_handle(void *keystore, struct http_req *r)
{
    struct keystore *k = keystore;

    if (!line_put(k->line, &(struct lined){.r = r}))
        http_reply(r, 503, "application/json", STR("{\"error\":\"too many requests at once\"}"));
}

void *queue_main(void *keystore)
{
    struct keystore *k = keystore;
    struct rpc *rpc = rpc_new(k->rpc_url);
    struct lined w;

    while (!line_take(k->line, UINT64_MAX, &w))
        routes_answer(k, rpc, w.r);
    rpc_free(rpc);
    return NULL;
}
