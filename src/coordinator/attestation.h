/*
 * attestation.h — what is stored of an execution, put together for whoever checks it: a bundle
 * (attest/bundle.h), or a record in the layout that existing verifiers know (attest/record.h).
 *
 * Thread: the caller's lock (coord.h).
 */
#ifndef COORDINATOR_ATTESTATION_H
#define COORDINATOR_ATTESTATION_H

#include "attest/record.h"
#include "coordinator/collateral.h"
#include "coordinator/evidence.h"

/* `payloads`: with input and delivered output, as far as they are here. */
MUST_USE enum err bundle_write(struct db *d, const struct statement_row *s, bool payloads,
                               struct arena *a, struct buf *out, struct buf *why);

/*
 * The published record. `quote` is the one over it; ptr NULL: there is none yet, and the record is
 * written without.
 */
MUST_USE enum err record_write(struct db *d, const struct statement_row *s, struct str quote,
                               struct arena *a, struct buf *out, struct buf *why);
/* What a quote over the statement's record carries. */
MUST_USE enum err record_of_row(const struct statement_row *s, struct arena *a, struct record *out,
                                struct buf *why);

/* An epoch with its evidence decoded and its batches. `whole`: quote and event log, too. */
MUST_USE enum err epoch_write(struct db *d, const struct epoch_row *e, bool whole, struct buf *out,
                              struct buf *why);
/* The newest sessions. */
MUST_USE enum err epochs_write(struct db *d, uint64_t limit, struct buf *out, struct buf *why);
/* The statements first … of a session, at most `limit`, as they were signed. */
MUST_USE enum err chain_write(struct db *d, const struct hash256 *session, uint64_t first,
                              uint64_t limit, struct buf *out, struct buf *why);

#endif
