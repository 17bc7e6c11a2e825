/*
 * executions.h — executions as the pages show them: a list, one in full, and what changes.
 *
 * Everything in it comes from the chain, from workers or from guests, and is text to whoever shows
 * it. Thread: the caller's lock (coord.h).
 */
#ifndef COORDINATOR_EXECUTIONS_H
#define COORDINATOR_EXECUTIONS_H

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#define EXECUTIONS_PAGE     50
#define EXECUTIONS_PAGE_MAX 200
#define FEED_KEPT           1024 /* changes that a reader may be behind */

struct executions_filter {
    struct str account, project; /* empty: of all */
    struct str status;           /* queued, running, failed (any failure) or a job's status */
    uint64_t before;             /* only ids below; 0: from the newest */
    uint64_t limit;
};
/* {"executions":[…],"next":id or null}: newest first, `next` goes into `before`. A page of a state
 * may have fewer than `limit`, none even, and yet a next one. */
MUST_USE enum err executions_write(struct db *d, const struct executions_filter *f, struct buf *out,
                                   struct buf *why);
/* One with everything that is known. ERR_ABSENT. */
MUST_USE enum err execution_write(struct db *d, uint64_t job_id, struct buf *out, struct buf *why);

/* The last requests that changed, numbered; a number is never used twice, not after a restart
 * either. */
struct feed {
    uint64_t last; /* number of the newest change */
    uint64_t first;
    uint64_t request_id[FEED_KEPT]; /* of change n at n % FEED_KEPT */
};
void feed_start(struct feed *f, uint64_t now_ms);
void feed_note(struct feed *f, uint64_t request_id);
/*
 * {"change":n,"reset":false,"executions":[…]}: those that changed after number `after`. `reset`:
 * too long ago, or before this start; the reader takes the list anew. ERR_EMPTY: nothing did.
 */
MUST_USE enum err feed_write(const struct feed *f, struct db *d, uint64_t after, struct buf *out,
                             struct buf *why);

#endif
