/*
 * broker.h — the supervisor's decisions about a guest's HTTP requests.
 *
 * The head of a request comes out of the exec child and is held against the run's policy
 * (engine/net.h) and the program's manifest (egress.h). When it may go, the child gets one end of a
 * stream and a process that can do nothing else (outlayer-fetch http) gets the other, with the
 * request: bodies do not pass through here, and the supervisor waits for nobody. Every request is
 * written down with what became of it. The broker process serves one tenant; it is started with the
 * first request and ended with the exec child.
 *
 * Thread: that of the guest.
 */
#ifndef GUEST_BROKER_H
#define GUEST_BROKER_H

#include "engine/outcome.h"
#include "guest/egress.h"
#include "proc/frame.h"
#include "proc/spawn.h"

struct broker {
    const char *path; /* of outlayer-fetch */
    struct child child;
    struct frame told;
    struct buf message;
    /* of this run */
    const struct egress *egress;
    bool connector;
    uint32_t requests; /* the number of the next one */
    uint32_t under_way;
    uint64_t bytes;
    bool open[NET_ATTEMPTS_MAX]; /* by number: nothing was told of it yet */
};

void broker_init(struct broker *b, const char *path);
void broker_end(struct broker *b); /* ends the process; usable again */
void broker_release(struct broker *b);
/* A run begins, of a program with this manifest. */
void broker_begin(struct broker *b, const struct egress *egress, bool connector);

/*
 * Answer one request of the child at `sock`, at once.
 *
 *   body  the request's message
 *   run   the run under way
 *
 * ERR_FORMAT  no request: the child cannot be trusted any more
 */
MUST_USE enum err broker_answer(struct broker *b, int sock, struct str body, uint64_t run,
                                const struct net_policy *policy, struct run_result *result,
                                struct buf *why);

/* The run is over, its streams are closed: what became of its requests. */
void broker_finish(struct broker *b, uint64_t run, struct run_result *result);

#endif
