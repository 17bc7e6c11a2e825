/*
 * wishes.h — quotes on request: from whoever asks to the worker that signed, and back.
 *
 * A wish names a statement, and a nonce of the asker's; without one it is for the quote over the
 * statement's record in the older layout, which is made when it is first asked for and then kept.
 * Workers wait for wishes; askers wait for quotes. The worker looks up by itself what it signed, so
 * a wish cannot make it quote anything else.
 *
 * A quote takes tens of milliseconds of a machine's only quoting service: WISHES_MAX stand in line,
 * WISHES_PER_S are taken on, more are refused. A wish stands in line while somebody waits for it.
 *
 * Thread: the caller's lock (coord.h).
 */
#ifndef COORDINATOR_WISHES_H
#define COORDINATOR_WISHES_H

#include "coordinator/coord.h"
#include "coordinator/collateral.h"
#include "coordinator/evidence.h"

#define WISHES_MAX     256
#define WISHES_PER_S   20
#define WISH_AGAIN_MS  10000 /* a worker that was told and says nothing is told again */
#define WISH_WORKER_MS 90000 /* a worker that did not ask for so long is away */
#define QUOTE_WAIT_MS  15000 /* of an asker */

struct wishes;
struct wishes *wishes_new(void);
void wishes_free(struct wishes *w); /* nobody waits any more */

/*
 * Hold `r` until the quote is here; then it gets the record (`nonce` ptr NULL) or {"quote",…}. 503
 * when it does not come.
 *
 * ERR_ABSENT  the statement's worker is away; `r` is not answered
 * ERR_BUSY    too many wishes; the same
 */
MUST_USE enum err wish_for(struct coord *c, struct http_req *r, const struct statement_row *s,
                           struct str worker, struct str nonce, struct buf *why);
/* Give `worker` its next wish, or hold `r` until there is one; 204 after `ms`. */
void wish_next(struct coord *c, struct http_req *r, struct str worker, uint64_t ms);
/* A quote has been stored, or cannot be had (`fault` not NULL): answer those who wait. */
void wish_granted(struct coord *c, const struct hash256 *digest, struct str nonce,
                  const char *fault);

/* How many wait for a quote now, and of them from `who` (throttle.h). */
size_t wish_askers(const struct coord *c, uint64_t who, size_t *each);

/* The quote as an answer. */
void wish_reply(struct db *d, struct http_req *r, const struct statement_row *s, struct str nonce,
                struct str quote);

#endif
