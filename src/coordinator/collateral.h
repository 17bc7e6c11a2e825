/*
 * collateral.h — what judges a quote besides the quote: collateral of processors; and quotes that
 * were made because somebody asked.
 *
 * Collateral is signed by Intel and judged by whoever reads it. Time is passed in. Functions that
 * write expect the caller's transaction.
 *
 * Memory: rows handed out live in the caller's arena.  Thread: as the connection's.
 */
#ifndef COORDINATOR_COLLATERAL_H
#define COORDINATOR_COLLATERAL_H

#include "base/arena.h"
#include "crypto/hash.h"
#include "db/db.h"

/* Collateral by the hash of its bytes; the window is what its documents say of themselves. */
struct collateral_row {
    struct hash256 sha256;
    struct str text, source;
    char fmspc[13];
    int64_t from, until;
    uint64_t received_ms;
};
/* ERR_FORMAT when it cannot be read. The same again is fine. */
MUST_USE enum err collateral_store(struct db *d, struct str text, struct str source,
                                   uint64_t now_ms, struct hash256 *id, struct buf *why);
MUST_USE enum err collateral_by_hash(struct db *d, const struct hash256 *id, struct arena *a,
                                     struct collateral_row *out, struct buf *why);
/* The one for this processor that covers `at`, else the nearest; `fmspc` ptr NULL: any. */
MUST_USE enum err collateral_for(struct db *d, struct str fmspc, int64_t at, struct arena *a,
                                 struct collateral_row *out, struct buf *why);

#define QUOTE_KEPT_MS 600000u /* those over a nonce */
/* A quote made on request: over a statement and a nonce, or (no nonce) over the record of it. */
MUST_USE enum err quote_store(struct db *d, const struct hash256 *digest, struct str nonce,
                              struct str quote, uint64_t now_ms, struct buf *why);
MUST_USE enum err quote_find(struct db *d, const struct hash256 *digest, struct str nonce,
                             struct arena *a, struct str *out, struct buf *why);

#endif
