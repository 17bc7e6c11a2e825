/*
 * gateway.h — following the chain and serving what it brought.
 *
 * Two threads: the follower writes (`kept`), the HTTP server reads (`served`); neither waits for
 * the other. What the follower knows of itself is told in `status`, under `lock`.
 */
#ifndef FASTFS_GATEWAY_H
#define FASTFS_GATEWAY_H

#include <pthread.h>
#include <stdatomic.h>

#include "fastfs/files.h"
#include "http/server.h"

#define GATEWAY_FAULT_MAX 256

struct gateway_status {
    uint64_t height, final; /* next to read, the last that is final; 0: not begun */
    uint64_t heard_ms;      /* clock_mono_ms() of the last proper answer */
    uint64_t files, bytes;
    bool full;                     /* a file had no room */
    char fault[GATEWAY_FAULT_MAX]; /* why it does not go on; "": it does */
};

struct gateway {
    struct files kept, served;
    const char *stream_url, *domain; /* domain: "fastfs.io" */
    struct str only;                 /* "a.near,b.near": files from or to these; empty: all */
    bool has_start;
    uint64_t start_height;
    atomic_bool stop;
    pthread_mutex_t lock;
    struct gateway_status status;
};

void *gateway_follow(void *gateway);                     /* a thread's body */
void gateway_serve(void *gateway, struct http_req *req); /* the server's handler */
struct gateway_status gateway_status(struct gateway *g);

/* What an address means. Texts borrow from the arguments. */
enum gateway_what {
    GATEWAY_NOTHING,
    GATEWAY_HOME,   /* nobody's */
    GATEWAY_SENDER, /* whom has this one sent files to? */
    GATEWAY_FOLDER, /* `path` is empty or ends with a '/' */
    GATEWAY_FILE,
};
struct gateway_name {
    struct str sender, receiver, path;
    bool by_host; /* the sender stands in the host's name */
};
enum gateway_what gateway_name(struct str host, struct str path, struct str domain,
                               struct gateway_name *out);

#endif
