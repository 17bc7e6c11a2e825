/*
 * epoch.h — a TEE's working period: one quote, one statement key that lives in memory only, and
 * the chain of statements signed with it.
 *
 * epoch_sign() numbers and chains; a statement exists for every execution, so a gap shows. Every
 * so often epoch_batch() makes a Merkle tree of those since the last one, for the chain.
 *
 * Memory: the epoch owns its key and evidence, and wipes the key.  Thread: any; calls wait for
 * each other.
 */
#ifndef ATTEST_EPOCH_H
#define ATTEST_EPOCH_H

#include "attest/batch.h"
#include "attest/manifest.h"
#include "attest/source.h"
#include "attest/statement.h"

#define EPOCH_BATCH_MAX 65536 /* statements between two batches; then a batch is due at once */

struct epoch;

/*
 * Make a statement key and a nonce, complete `m` (its statement_key, box key and nonce are written
 * over; `box_key` may be NULL for none) and let `source` quote it.
 */
MUST_USE enum err epoch_begin(struct quote_source *source, struct manifest *m,
                              const uint8_t box_key[32], struct epoch **out, struct buf *why);
void epoch_end(struct epoch *e);

struct str epoch_manifest(const struct epoch *e); /* borrowed */
const struct evidence *epoch_evidence(const struct epoch *e);
struct hash256 epoch_session(const struct epoch *e);

struct signed_statement {
    struct buf bytes;
    struct ed25519_sig sig;
    struct hash256 digest;
    uint64_t seq;
};
void signed_statement_release(struct signed_statement *s);

/* `s` gets session, number and predecessor. ERR_BUSY: a batch is due first. */
MUST_USE enum err epoch_sign(struct epoch *e, struct statement *s, struct signed_statement *out,
                             struct buf *why);

struct batch {
    struct batch_head head;
    struct buf message; /* the signed head */
    struct ed25519_sig sig;
    struct hash256 *leaf; /* head.count of them */
};
void batch_release(struct batch *b);

/* Of all statements since the last batch; ERR_EMPTY when there is none. */
MUST_USE enum err epoch_batch(struct epoch *e, uint64_t time_ms, struct batch *out,
                              struct buf *why);

#endif
