/*
 * wait.h — requests held until there is news: a worker waiting for a job, a user for a step.
 *
 * All functions are called under the coordinator's lock, but where it is said. A held request is in
 * the list or has been answered, never both; when the server ends one by itself it asks, and is
 * told under the same lock which it is.
 */
#ifndef COORDINATOR_WAIT_H
#define COORDINATOR_WAIT_H

#include "coordinator/coord.h"

/*
 * May another request of a stranger's wait? At most WAITS_EACH of an address do, and WAITS_ALL
 * together: the rest of the connections is for those who do not.
 */
#define WAITS_EACH 64
#define WAITS_ALL  (COORD_CONNS_MAX / 2)
MUST_USE bool wait_allowed(struct coord *c, struct http_req *r);

/* Hold `r` until a job can be leased to who asks; 204 after `ms`. */
void wait_for_job(struct coord *c, struct http_req *r, const struct lease_ask *ask, uint64_t ms);
/* Nobody of this worker waits for a job any more: 204 now. */
void waiters_recall(struct coord *c, struct str worker, struct str session);
/*
 * Have `r` wait until the request has a step after `after`: then a reader answers it; 204 after
 * `ms`, or 404 when there is no such request still. False: there is such a step. Without the lock.
 */
MUST_USE bool wait_for_step(struct coord *c, struct http_req *r, struct str arg,
                            uint64_t request_id, uint64_t after, uint64_t ms);

/* Have `r` wait until an execution changes after change `after`: then a reader answers it; 204
 * after `ms`. */
void wait_for_feed(struct coord *c, struct http_req *r, uint64_t after, uint64_t ms);

/* Lease jobs to those who wait for one, oldest first, until jobs or workers run out. */
void waiters_serve(struct coord *c);
/* A request has changed: those who wait for its steps are answered by readers, those who wait for
 * any change a little later, together. */
void waiters_changed(struct coord *c, uint64_t request_id);
void waiters_changed_all(struct coord *c, const struct changed *list);
void waiters_feed(struct coord *c); /* a little later */

/* Lease a job now and answer `r` with it; ERR_EMPTY: there is none, `r` is not answered. `held`:
 * `r` is held. */
MUST_USE enum err lease_now(struct coord *c, struct http_req *r, bool held,
                            const struct lease_ask *ask, struct buf *why);

#endif
