/*
 * courier.h — taking answers from the outbox to the chain, and the news of it to the coordinator.
 *
 * A thread of its own works on all open rows at once, so that one answer waiting for its block
 * does not keep the next one from being sent. Each row moves on its own clock:
 *
 *     sign, write the row, send, look until the transaction has an outcome, tell the coordinator
 *
 * "Unable to resume execution promise" means that the yield is not there yet, or no longer: the
 * contract is asked which, and a request that still waits is answered again a little later. A
 * transaction without an answer is sent again with the same bytes; it is signed anew only after
 * the node has said that it will never take the old one.
 */
#ifndef WORKER_COURIER_H
#define WORKER_COURIER_H

#include "near/key.h"
#include "worker/keeper.h"
#include "worker/outbox.h"

struct courier;

struct courier_opts {
    struct outbox *outbox;
    const struct near_key *key;
    const char *rpc_url, *coordinator_url;
    struct str token;
    struct pass *pass;     /* as for coordinator_new() */
    struct keeper *keeper; /* leases end here; NULL: none */
};

/* All options are borrowed for good: a courier works until the process ends. */
MUST_USE enum err courier_start(const struct courier_opts *o, struct courier **out,
                                struct buf *why);
/* A row was put or adopted. */
void courier_wake(struct courier *c);
/* Rows on their way. */
size_t courier_open(struct courier *c);

#endif
