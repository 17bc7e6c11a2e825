/*
 * coord.h — the coordinator's state, shared by its threads.
 *
 * Its threads: the HTTP server's (routes), those that answer what only reads (readers.h), the
 * follower (block stream), one that waits for the disk (ack.h), one that reads prices (pricing.h),
 * and the main one (leases that run out, signals); those of forward.h and gate.h know nothing of
 * the rest. They share one database connection (readers have their own), the list of requests held
 * for a long poll and a few figures, all under `lock`; nothing that waits for the network happens
 * under it. libhttp's own lock is taken inside it, never the other way round.
 *
 * A transaction is opened and closed under one holding of the lock:
 *
 *     coord_lock(c);
 *     e = db_begin(c->db, &why);
 *     …
 *     e = db_commit(c->db, &why);
 *     waiters_changed(c, request_id);
 *     coord_unlock(c);
 */
#ifndef COORDINATOR_COORD_H
#define COORDINATOR_COORD_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/err.h"
#include "coordinator/events.h"
#include "coordinator/feed.h"
#include "coordinator/jobq.h"
#include "coordinator/pricing.h"
#include "coordinator/prune.h"
#include "crypto/hash.h"
#include "db/db.h"
#include "http/server.h"
#include "storage/records.h"

#define COORD_BODY_MAX   (12u << 20)  /* bytes of a request's body, of a worker … */
#define PUBLIC_BODY_MAX  (512u << 10) /* … and of anybody */
#define COORD_CONNS_MAX  1024
#define COORD_WAIT_MAX   60000 /* milliseconds of a long poll */
#define WORKERS_MAX      1024
#define WORKER_ONLINE_MS 120000 /* heard of so recently: online */

struct ack;
struct forwarder;
struct gate;
struct pages;
struct readers;
struct throttle;
struct waiter;
struct wishes;

/* A worker as heard of; its totals are in the database. */
struct worker {
    char id[JOB_WORKER_MAX + 1];
    char session[JOB_WORKER_MAX + 1];
    uint64_t first_ms, last_ms;
};

/* What the follower knows, for /readyz and metrics. */
struct stream {
    uint64_t height;     /* the next to read */
    uint64_t last_final; /* the chain's, when last asked */
    uint64_t heard_ms;   /* the last proper answer */
    bool caught_up;
    char fault[160]; /* why it does not go on; empty: it does */
};

/* What those who wait for changes are all told, as they all wait since the same one. */
struct feed_page {
    pthread_mutex_t lock;
    uint64_t after, last;
    struct buf text; /* empty: none yet */
};

struct coord {
    /* Settings, fixed once started. */
    const char *neardata_url, *rpc_url; /* rpc_url NULL: none */
    struct event_filter filter;
    uint64_t lease_ms, deadline_blocks;
    bool has_start;
    uint64_t start_height;
    struct hash256 worker_token; /* its SHA-256 */
    const char *collateral_url;  /* a cache; NULL: Intel's */
    bool flush;                  /* answers wait for the disk */
    struct forwarder *keystore;  /* NULL: none */
    struct gate *gate;           /* NULL: the bearer token is enough */
    struct quota storage_quota;  /* of each project */
    struct keep keep;
    struct pages *pages; /* NULL: none are served */
    struct readers *readers;
    struct throttle *throttle; /* of the HTTP server's thread */

    pthread_mutex_t lock;
    struct db *db;
    struct waiter *waiters;
    size_t nwaiters;
    struct ack *acks;
    pthread_cond_t ack_due;
    bool ack_stop;
    struct worker workers[WORKERS_MAX];
    size_t nworkers;
    struct stream stream;
    struct pricing pricing;
    struct feed feed;
    struct feed_page feed_page;
    struct wishes *wishes;
    uint64_t started_ms;
    uint64_t leases, completions; /* since the start */

    atomic_bool stop;
};

static inline uint64_t now_ms(void)
{
    return clock_unix_ns() / 1000000;
}

static inline void coord_lock(struct coord *c)
{
    pthread_mutex_lock(&c->lock);
}

static inline void coord_unlock(struct coord *c)
{
    pthread_mutex_unlock(&c->lock);
}

/* follow.c: read blocks until c->stop. A thread's main function. */
void *follow_main(void *coord);

/* routes.c: the handler of the HTTP server. */
void routes_handle(void *coord, struct http_req *r);
struct http_terms routes_terms(void *coord, struct http_req *r); /* http/server.h */

/* workers.c, under the lock but for the last. NULL: not known; the table is full. */
const struct worker *worker_find(const struct coord *c, struct str id);
struct worker *worker_seen(struct coord *c, struct str id, struct str session, uint64_t now);
uint64_t workers_online(const struct coord *c, uint64_t now);
MUST_USE enum err workers_write(struct coord *c, struct db *d, struct arena *a, struct buf *out,
                                struct buf *why);

#endif
