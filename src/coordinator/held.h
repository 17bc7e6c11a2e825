/*
 * held.h — a job's lease as it stands, for jobq.c (leases) and outcome.c (how jobs end).
 */
#ifndef COORDINATOR_HELD_H
#define COORDINATOR_HELD_H

#include "coordinator/jobq.h"

struct held {
    uint64_t id, request_id, token, attempts, deadline;
    enum job_state state;
    char worker[JOB_WORKER_MAX + 1];
};

/* Its columns, and what they are read into. */
#define HELD_SQL                                                                                   \
    "SELECT j.id, r.request_id, j.state, j.token, j.attempts, r.deadline_height, j.worker "        \
    "FROM job j JOIN request r ON r.id = j.id "

struct held held_read(const struct db_stmt *s);
/* The job, if `token` is still the one that counts: ERR_ABSENT, ERR_CONFLICT. */
MUST_USE enum err held_check(struct db *d, uint64_t id, uint64_t token, struct held *out,
                             struct buf *why);
/* Read at most JOB_EXPIRE_BATCH rows of `s` and end it. */
MUST_USE enum err held_list(struct db_stmt *s, struct held *list, size_t *n, struct buf *why);

MUST_USE enum err job_set_state(struct db *d, uint64_t id, enum job_state state, uint64_t attempts,
                                uint64_t not_before_ms, struct buf *why);
/* A result of the coordinator's own, when no worker can bring one any more. */
MUST_USE enum err job_fail(struct db *d, const struct held *h, const char *error, uint64_t now_ms,
                           struct buf *why);

#endif
