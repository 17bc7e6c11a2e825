/*
 * keeper.h — holding on to leases while the rest is busy, and letting go in time.
 *
 * A thread of its own renews every lease that is held, well before it runs out, and tells the
 * coordinator now and then that this worker is there. It also waits for
 * SIGTERM and SIGINT: then the job that is being worked on goes back to the coordinator, so that
 * another worker can take it at once, and the process ends. Answers already in the outbox are sent
 * by the next start; nothing needs to be finished first.
 */
#ifndef WORKER_KEEPER_H
#define WORKER_KEEPER_H

#include "base/err.h"
#include "worker/coordinator.h"

#define KEEPER_MAX 320 /* leases at once */

struct keeper;

/* `signal_fd` is from self_signal_fd(), asked for before any thread was started. */
MUST_USE enum err keeper_start(const char *coordinator_url, struct str token,
                               const struct worker_name *who, int signal_fd, struct keeper **out,
                               struct buf *why);
/* `working`: it is being run, not merely waiting to be sent. */
void keeper_hold(struct keeper *k, const struct lease *l, bool working);
void keeper_drop(struct keeper *k, uint64_t job_id);
/* It is in the outbox now. */
void keeper_sent(struct keeper *k, uint64_t job_id);
/* The coordinator gave the job to somebody else. */
bool keeper_lost(struct keeper *k, uint64_t job_id);

#endif
