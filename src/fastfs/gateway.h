/*
 * gateway.h — following the chain and serving what it brought.
 *
 * Two threads share `struct files` under `lock`: the follower (its own), and the HTTP server's.
 */
#ifndef FASTFS_GATEWAY_H
#define FASTFS_GATEWAY_H

#include <pthread.h>
#include <stdatomic.h>

#include "fastfs/files.h"
#include "http/server.h"

struct gateway {
    pthread_mutex_t lock;
    struct files files;
    const char *stream_url, *domain; /* domain: "fastfs.io" */
    bool has_start;
    uint64_t start_height;
    atomic_bool stop;
    atomic_uint_fast64_t height; /* next to read, 0: not begun */
};

void *gateway_follow(void *gateway);                     /* a thread's body */
void gateway_serve(void *gateway, struct http_req *req); /* the server's handler */

/* Which file a request means; false: none. Texts borrow. For tests. */
bool gateway_name(struct str host, struct str path, struct str domain, struct str *sender,
                  struct str *receiver, struct str *name);

#endif
