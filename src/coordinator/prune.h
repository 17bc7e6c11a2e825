/*
 * prune.h — what is kept, and for how long.
 *
 * An execution (what was asked, its timeline, output, log and figures) is kept for some days after
 * it was asked for, and longer than a day only while all that is stored has room. What shows that
 * it ran is kept for ever where the chain has its anchor: statement, epoch, batch, quote,
 * collateral. Evidence that never was anchored goes when its session has been silent for those
 * days; payloads, which only repeat what went in and out, go with their execution. Totals stay
 * (totals.h), and whoever asks for what is gone is told that it was here.
 *
 * Executions end in the order they came in, so all of them up to a number are gone.
 */
#ifndef COORDINATOR_PRUNE_H
#define COORDINATOR_PRUNE_H

#include "base/err.h"
#include "db/db.h"

#define KEEP_DAYS   180
#define KEEP_MB     20480
#define KEEP_LEAST  UINT64_C(86400000) /* ms: whatever room there is */
#define PRUNE_BATCH 64                 /* rows that go in one transaction */

struct keep {
    uint64_t days, mb; /* 0: no limit */
};

/* Prune one batch of what is due, each call in a transaction of its own. `*n`: what went. */
MUST_USE enum err prune_step(struct db *d, const struct keep *k, uint64_t now_ms, uint64_t *n,
                             struct buf *why);

/* ERR_GONE when there has been such an execution, such a request; else ERR_OK. */
MUST_USE enum err gone_execution(struct db *d, uint64_t id, struct buf *why);
MUST_USE enum err gone_request(struct db *d, uint64_t request_id, struct buf *why);

/* Until c->stop; a thread's main function. */
void *prune_main(void *coord);

#endif
