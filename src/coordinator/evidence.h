/*
 * evidence.h — what workers bring to show what they ran: epochs, statements, batches.
 *
 * Nothing of it is made here, and nothing here can change it: a statement is signed in the worker
 * with a key that a quote binds, and whoever reads it checks that for himself. What is checked here
 * (signature, order, no gap) only keeps mistakes and rubbish out of the tables.
 *
 * Time is passed in. Functions that write expect the caller's transaction.
 *
 * Memory: rows handed out live in the caller's arena.  Thread: as the connection's.
 */
#ifndef COORDINATOR_EVIDENCE_H
#define COORDINATOR_EVIDENCE_H

#include "attest/batch.h"
#include "attest/bundle.h"
#include "base/arena.h"
#include "db/db.h"

#define EVIDENCE_USD_MAX     40   /* bytes of "attached_usd" */
#define EVIDENCE_PAYLOAD_MAX 8192 /* bytes of a payload that a worker brings */

/* ptr NULL: there is none of it. */
struct epoch_row {
    struct hash256 session;
    struct str worker, manifest, quote, event_log, vm_config, app_compose;
    bool simulated, has_collateral;
    struct hash256 collateral; /* its SHA-256 */
    uint64_t received_ms;
};
/*
 * ERR_FORMAT    manifest or quote malformed, or the quote is over another manifest
 * ERR_CONFLICT  the session is known with other evidence
 */
MUST_USE enum err epoch_put(struct db *d, const struct epoch_row *e, struct buf *why);
MUST_USE enum err epoch_get(struct db *d, const struct hash256 *session, struct arena *a,
                            struct epoch_row *out, struct buf *why);

struct statement_row {
    struct hash256 session, digest;
    uint64_t seq, job_id;
    struct str bytes;
    struct ed25519_sig sig;
    enum statement_kind kind;
    /* What the record of the older layout has besides (attest/record.h). */
    int64_t created_s;
    struct str attached_usd;
    /* Payloads that stand nowhere else: of compilations and of failures. ptr NULL: not here. */
    struct str input, delivered;
};
/*
 * The next statement of its session; sets seq, digest, kind. `*next` is the number that is expected
 * after it, also with ERR_CONFLICT: a gap, or another statement of this number is here.
 *
 * ERR_ABSENT  the session is not known
 * ERR_DENIED  not signed with the session's key
 */
MUST_USE enum err statement_store(struct db *d, struct statement_row *s, uint64_t now_ms,
                                  uint64_t *next, struct buf *why);
/* The statement of a job, newest first: of its run, else of its compilation; or of `kind` alone. */
MUST_USE enum err statement_of_job(struct db *d, uint64_t job_id, const enum statement_kind *kind,
                                   struct arena *a, struct statement_row *out, struct buf *why);
MUST_USE enum err statement_by_digest(struct db *d, const struct hash256 *digest, struct arena *a,
                                      struct statement_row *out, struct buf *why);
/* How many the session has: 0 … seq without gaps. */
MUST_USE enum err statements_count(struct db *d, const struct hash256 *session, uint64_t *out,
                                   struct buf *why);

/* The head of a batch as it stands. It grows until it is closed; then it may be anchored. */
struct batch_row {
    struct batch_head head;
    struct str head_bytes;
    struct ed25519_sig sig;
    bool closed;
    struct str anchor_tx, anchor_contract; /* ptr NULL: not anchored */
    uint64_t anchor_height;
};
/* ERR_ABSENT, ERR_DENIED as above; ERR_CONFLICT: it says something else than the statements. */
MUST_USE enum err batch_put(struct db *d, const struct batch_row *b, struct buf *why);
/* The batch that holds statement `seq`. */
MUST_USE enum err batch_of(struct db *d, const struct hash256 *session, uint64_t seq,
                           struct arena *a, struct batch_row *out, struct buf *why);
/* Digests of statements first … first + n - 1, in `a`; ERR_ABSENT when one is missing. */
MUST_USE enum err leaves_get(struct db *d, const struct hash256 *session, uint64_t first,
                             uint64_t n, struct arena *a, struct hash256 **out, struct buf *why);

#endif
