/*
 * wait.h — requests held until there is news: a worker waiting for a job, a user for a step.
 *
 * All functions are called under the coordinator's lock. A held request is in the list or has been
 * answered, never both; when the server ends one by itself it asks, and is told under the same
 * lock which it is.
 */
#ifndef COORDINATOR_WAIT_H
#define COORDINATOR_WAIT_H

#include "coordinator/coord.h"

/* Hold `r` until a job can be leased to who asks; 204 after `ms`. */
void wait_for_job(struct coord *c, struct http_req *r, const struct lease_ask *ask, uint64_t ms);
/* Nobody of this worker waits for a job any more: 204 now. */
void waiters_recall(struct coord *c, struct str worker, struct str session);
/* Hold `r` until the request has a step after `after`; `timeout_status` after `ms`. */
void wait_for_step(struct coord *c, struct http_req *r, uint64_t request_id, uint64_t after,
                   uint64_t ms, unsigned timeout_status);

/* Hold `r` until an execution changes after change `after`; 204 after `ms`. */
void wait_for_feed(struct coord *c, struct http_req *r, uint64_t after, uint64_t ms);

/* Lease jobs to those who wait for one, oldest first, until jobs or workers run out. */
void waiters_serve(struct coord *c);
/* A request has changed: answer those who wait for its steps. */
void waiters_changed(struct coord *c, uint64_t request_id);
void waiters_changed_all(struct coord *c, const struct changed *list);

/* Lease a job now and answer `r` with it; ERR_EMPTY: there is none, `r` is not answered. `held`:
 * `r` is held. */
MUST_USE enum err lease_now(struct coord *c, struct http_req *r, bool held,
                            const struct lease_ask *ask, struct buf *why);

#endif
