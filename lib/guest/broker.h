/*
 * broker.h — the supervisor's decisions about a guest's HTTP requests.
 *
 * A request comes out of the exec child, is held against the run's policy (engine/net.h), made by
 * a process that can do nothing else (outlayer-fetch http), and answered. Every request is written
 * down with what became of it. The broker process serves one tenant; it is started with the first
 * request and ended with the exec child.
 *
 * Thread: that of the guest.
 */
#ifndef GUEST_BROKER_H
#define GUEST_BROKER_H

#include "engine/outcome.h"
#include "proc/frame.h"
#include "proc/spawn.h"

struct broker {
    const char *path; /* of outlayer-fetch */
    struct child child;
    struct frame told;
    struct buf message;
    /* of this run */
    uint32_t requests;
    uint64_t bytes;
};

void broker_init(struct broker *b, const char *path);
void broker_end(struct broker *b); /* ends the process; usable again */
void broker_release(struct broker *b);
void broker_begin(struct broker *b); /* a run begins */

/*
 * Answer one request of the child at `sock`.
 *
 *   body         the request's message
 *   run          the run under way
 *   deadline_ms  of the run
 *
 * ERR_OK      answered, or given up because the run ended meanwhile: read on
 * ERR_FORMAT  no request: the child cannot be trusted any more
 */
MUST_USE enum err broker_answer(struct broker *b, int sock, struct str body, uint64_t run,
                                const struct net_policy *policy, uint64_t deadline_ms,
                                struct run_result *result, struct buf *why);

#endif
