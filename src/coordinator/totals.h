/*
 * totals.h — how much has been run: by all, on each day, by each account, of each repository and by
 * each worker.
 *
 * The counts are kept in the transaction that changes a result, so what is shown is never behind,
 * and showing it costs a row, however long the history is and whatever of it has been pruned.
 *
 * Whoever changes a result takes what it counts for before and puts what it counts for after:
 *
 *     e = total_take(d, id, &was, why);
 *     …                                     the result is inserted or changed
 *     e = total_put(d, id, &was, why);
 *
 * Thread: as the connection's.
 */
#ifndef COORDINATOR_TOTALS_H
#define COORDINATOR_TOTALS_H

#include "base/err.h"
#include "db/db.h"

#define TOTAL_COLUMNS    16
#define TOTAL_WORKER_MAX 64 /* bytes */
#define REPOS_MAX        20

enum total_kind { TOTAL_ALL, TOTAL_ACCOUNT, TOTAL_REPO, TOTAL_WORKER, TOTAL_DAY };

/* What a result counts for. */
struct counted {
    int64_t n[TOTAL_COLUMNS];
    char worker[TOTAL_WORKER_MAX + 1]; /* empty: none */
};

/* Count what is in a database from before there were totals; nothing to do for another. */
MUST_USE enum err totals_fill(struct db *d, struct buf *why);
/* In the caller's transaction. */
MUST_USE enum err total_take(struct db *d, uint64_t job_id, struct counted *was, struct buf *why);
MUST_USE enum err total_put(struct db *d, uint64_t job_id, const struct counted *was,
                            struct buf *why);

/* One JSON object. */
MUST_USE enum err stats_write(struct db *d, uint64_t active_workers, struct buf *out,
                              struct buf *why);
/* `[{"date","count"}]`, the last 30 days that had any. */
MUST_USE enum err per_day_write(struct db *d, uint64_t now_ms, struct buf *out, struct buf *why);
/* The REPOS_MAX repositories that ran most often: a JSON array, each with its counts. */
MUST_USE enum err repos_write(struct db *d, struct buf *out, struct buf *why);
/* What an account used. */
MUST_USE enum err user_write(struct db *d, struct str account, struct buf *out, struct buf *why);

struct worker_totals {
    uint64_t completed, failed;
};
MUST_USE enum err worker_totals(struct db *d, struct str worker, struct worker_totals *out,
                                struct buf *why);

#endif
