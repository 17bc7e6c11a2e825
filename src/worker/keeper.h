/*
 * keeper.h — holding on to leases while the rest is busy, and letting go of them.
 *
 * A thread of its own renews every lease that is held, well before it runs out, and tells the
 * coordinator now and then that this worker is there.
 *
 * Thread: any, but keeper_start().
 */
#ifndef WORKER_KEEPER_H
#define WORKER_KEEPER_H

#include "base/err.h"
#include "worker/coordinator.h"

#define KEEPER_MAX 320 /* leases at once */

struct keeper;

MUST_USE enum err keeper_start(const char *coordinator_url, struct str token, struct pass *pass,
                               const struct worker_name *who, struct keeper **out, struct buf *why);
/* `working`: it is being run, not merely waiting to be sent. */
void keeper_hold(struct keeper *k, const struct lease *l, bool working);
void keeper_drop(struct keeper *k, uint64_t job_id);
/* It is in the outbox now. */
void keeper_sent(struct keeper *k, uint64_t job_id);
/* The coordinator gave the job to somebody else. */
bool keeper_lost(struct keeper *k, uint64_t job_id);
/* Give all jobs that are being run back, over `c`; stops at the first that cannot be. Gives their
 * number. What is done for them afterwards is refused. */
size_t keeper_hand_back(struct keeper *k, struct coordinator *c, struct str reason);

#endif
