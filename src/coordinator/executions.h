/*
 * executions.h — executions as the pages show them: a list, and one in full.
 *
 * Everything in it comes from the chain, from workers or from guests, and is text to whoever shows
 * it. Thread: as the connection's.
 */
#ifndef COORDINATOR_EXECUTIONS_H
#define COORDINATOR_EXECUTIONS_H

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#define EXECUTIONS_PAGE     50
#define EXECUTIONS_PAGE_MAX 200

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
/* The row of a request's newest execution; nothing when it is not known. */
MUST_USE enum err newest_write(struct db *d, uint64_t request_id, struct buf *out, struct buf *why);

#endif
