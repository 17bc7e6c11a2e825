/*
 * epoch.h — a TEE's working period: one quote, one statement key that lives in memory only, and
 * the chain of statements signed with it.
 *
 * epoch_sign() numbers and chains; a statement exists for every execution, so a gap shows. With
 * each statement comes the head of the batch it belongs to, signed over all of the batch so far:
 * the key dies with the process, but whoever kept the last head can still anchor everything that
 * was signed. A batch grows until epoch_cut(), or until it holds EPOCH_BATCH_MAX.
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

#define EPOCH_BATCH_MAX 1000 /* statements of a batch; the next one begins another */

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
    /* The batch up to and with this statement. */
    struct batch_head head;
    uint8_t head_bytes[BATCH_HEAD_LEN];
    struct ed25519_sig head_sig;
};
void signed_statement_release(struct signed_statement *s);
struct str signed_statement_head(const struct signed_statement *s); /* borrowed */

/* Puts a statement where it will not be lost. On an error it was never signed: its number and its
 * place in the chain go to the next one. */
typedef enum err epoch_keep(void *ctx, const struct signed_statement *s, struct buf *why);

/* `s` gets session, number and predecessor; the head's time is its finished_ms. `keep` may be NULL;
 * it is called while other signatures wait. */
MUST_USE enum err epoch_sign(struct epoch *e, struct statement *s, epoch_keep *keep, void *ctx,
                             struct signed_statement *out, struct buf *why);
/* The next statement, whose number is `*next`, begins a batch of its own. False: it would anyway.
 */
bool epoch_cut(struct epoch *e, uint64_t *next);

#endif
