/*
 * ack.h — answers that may be given only once nothing can undo what they say.
 *
 * A worker that was told "it is yours" or "taken, thank you" acts on it: a lease that a power cut
 * took back would give its token out twice. So with --durable full these answers wait for the disk,
 * all that come meanwhile share the next wait (db_flush), and nobody holds the lock during it.
 */
#ifndef COORDINATOR_ACK_H
#define COORDINATOR_ACK_H

#include "coordinator/coord.h"

/* Answer 200 with this JSON when all that is committed by now is safe. Under the lock. `held`: the
 * request is held already, by a holder that does not list it any more. */
void ack_reply(struct coord *c, struct http_req *r, bool held, struct str json);

/* The thread that waits for the disk. Ends after ack_stop(). */
void *ack_main(void *coord);
void ack_stop(struct coord *c);

#endif
