/*
 * host.h — the supervisor answers a guest's calls to the platform's interfaces (engine/host.h).
 *
 * A call comes out of the exec child, is counted, given to whoever serves its interface in this
 * run (run_job.servers) and answered; the time it takes is the run's. Everything that goes wrong
 * is told to the guest in its answer.
 *
 * Thread: that of the guest.
 */
#ifndef GUEST_HOST_H
#define GUEST_HOST_H

#include "engine/outcome.h"

struct host_desk {
    struct buf message; /* reused; wiped after each call */
    struct host_reply reply;
    uint32_t calls[HOST_FACES]; /* of this run */
};

void host_desk_init(struct host_desk *d);
void host_desk_begin(struct host_desk *d); /* a run begins */
void host_desk_release(struct host_desk *d);

/* The interfaces that have a server, by bit. */
uint32_t host_served(const struct host_server *servers);

/*
 * Answer one call of the child at `sock`.
 *
 *   body         the call's message
 *   run          the run under way
 *   servers      [HOST_FACES] of the run; NULL: none
 *   deadline_ms  of the run
 *
 * ERR_OK      answered, or given up because the run ended meanwhile: read on
 * ERR_FORMAT  no call: the child cannot be trusted any more
 */
MUST_USE enum err host_desk_answer(struct host_desk *d, int sock, struct str body, uint64_t run,
                                   const struct host_server *servers, uint64_t deadline_ms,
                                   struct buf *why);

/*
 * Was a call that began then cut off by the end of its run, before it had a fair time? Then that it
 * came to nothing is the program's doing, and no fault of whoever was asked.
 */
MUST_USE bool host_cut_off(uint64_t began_ms, uint64_t deadline_ms);

#endif
