/*
 * results.h — what became of requests: their timeline and the rows that anybody may read.
 *
 * A timeline is numbered from 1: queued, leased, fetched, ran, resolved, completed; between them,
 * where something went wrong: released, expired, failed.
 *
 * Thread: the caller's lock (coord.h).
 */
#ifndef COORDINATOR_RESULTS_H
#define COORDINATOR_RESULTS_H

#include "base/err.h"
#include "db/db.h"

#define STEPS_MAX  200   /* of a job; later ones are not kept */
#define DETAIL_MAX 16384 /* bytes of JSON of a step */

/* Add a step in the caller's transaction. `block_height` 0: of no block. */
MUST_USE enum err step_add(struct db *d, uint64_t job_id, const char *step, struct str detail,
                           uint64_t block_height, uint64_t now_ms, struct buf *why);

/* The steps after number `after` as a JSON array. */
MUST_USE enum err steps_write(struct db *d, uint64_t job_id, uint64_t after, struct buf *out,
                              struct buf *why);
/* The number of the last step of a request's newest job; 0: there is no such request. */
MUST_USE enum err step_last(struct db *d, uint64_t request_id, uint64_t *out, struct buf *why);
/* What a job that has no result yet is called: "queued", "running". */
const char *job_state_name(uint64_t state);

/*
 * Write the state of a request as one JSON object, with the steps after number `after` of its
 * newest job.  ERR_ABSENT: no such request.
 */
MUST_USE enum err request_write(struct db *d, uint64_t request_id, uint64_t after, struct buf *out,
                                struct buf *why);

struct jobs_filter {
    uint64_t limit, offset;
    struct str user; /* ptr NULL: of all */
    uint64_t job_id; /* 0: all */
    bool https_only; /* calls over HTTPS: none are made here */
};
/* A JSON array of job rows, newest first. */
MUST_USE enum err jobs_write(struct db *d, const struct jobs_filter *f, struct buf *out,
                             struct buf *why);

#endif
