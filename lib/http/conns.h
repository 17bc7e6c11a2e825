/*
 * conns.h — a server's connections, each with a time by which its present phase must end, whatever
 * trickles in meanwhile: a head, a body, an answer being sent. And who of them gives way when there
 * are too many.
 *
 * Only sockets are known here, nothing of what serves them. Thread: any; the lock is inside, and
 * nobody is called under it.
 */
#ifndef HTTP_CONNS_H
#define HTTP_CONNS_H

#include <pthread.h>

#include "base/def.h"

#define CONN_HELD UINT64_MAX /* for `until`: no end */

struct conn {
    struct conn *prev, *next;
    int fd;                /* borrowed */
    bool known, ended;     /* its last request is of somebody known; it has been shut down */
    uint64_t since, until; /* of its phase: clock_mono_ms() */
};

struct conns {
    pthread_mutex_t lock;
    struct conn *first;
    size_t n, max;
};

void conns_init(struct conns *s, size_t max);
void conns_release(struct conns *s); /* all removed */

/* One over the maximum takes the place of the stranger that has kept its phase waiting for longest;
 * where there is none it is shut down at once: a refusal can be retried elsewhere. */
struct conn *conns_add(struct conns *s, int fd, uint64_t until);
void conns_remove(struct conns *s, struct conn *c);
/* Its next phase. */
void conns_phase(struct conns *s, struct conn *c, uint64_t until);
void conns_known(struct conns *s, struct conn *c, bool known);
/* Shut those down whose phase took too long: whoever serves them sees the socket closed. */
void conns_expire(struct conns *s, uint64_t now);

#endif
