/*
 * feed.h — which executions changed lately, for pages that show them as they go.
 *
 * Changes are numbered; a number is never used twice, not after a restart either.
 */
#ifndef COORDINATOR_FEED_H
#define COORDINATOR_FEED_H

#include "base/err.h"
#include "db/db.h"

#define FEED_KEPT     1024 /* changes that a reader may be behind */
#define FEED_ROWS_MAX 100  /* executions of one answer */

/* Under the coordinator's lock. */
struct feed {
    uint64_t last; /* number of the newest change */
    uint64_t first;
    uint64_t request_id[FEED_KEPT]; /* of change n at n % FEED_KEPT */
};
void feed_start(struct feed *f, uint64_t now_ms);
void feed_note(struct feed *f, uint64_t request_id);

/* What changed after some number. `reset`: too long ago, or before this start, or too much; the
 * reader takes the list anew. */
struct feed_news {
    uint64_t last;
    bool reset;
    size_t n;
    uint64_t request_id[FEED_ROWS_MAX]; /* each once, what changed last comes first */
};
/* False: nothing did. */
MUST_USE bool feed_since(const struct feed *f, uint64_t after, struct feed_news *out);
/* {"change":n,"reset":false,"executions":[…]}, without the lock. */
MUST_USE enum err feed_write(const struct feed_news *n, struct db *d, struct buf *out,
                             struct buf *why);

#endif
