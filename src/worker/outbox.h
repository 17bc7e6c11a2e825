/*
 * outbox.h — answers on their way to the chain, on disk before they are sent.
 *
 * A row is one answer to one request. It goes through these states, each written before the act
 * that follows it:
 *
 *     ready     the run is over; what is to be said stands in the row
 *     signed    a transaction that says it stands in the row, so what is sent after a restart is
 *               the same transaction, which a node knows by its hash
 *     answered  the contract no longer waits; the coordinator is to be told
 *     told      done; kept for a while so that a job leased again is not run again
 *
 * A signed row goes back to ready when its transaction can never be taken. The contract takes only
 * the first answer to a request, so the worst a lost row can do is a second run whose answer is
 * refused.
 *
 * Thread: any; calls take turns. Memory: rows handed out live in the caller's arena.
 */
#ifndef WORKER_OUTBOX_H
#define WORKER_OUTBOX_H

#include "base/arena.h"
#include "base/err.h"
#include "crypto/hash.h"

#define OUTBOX_KEEP_MS  UINT64_C(86400000) /* told rows, for a day */
#define OUTBOX_OPEN_MAX 256                /* rows that are not told; more work is not taken */

struct outbox;

enum outbox_state { OUTBOX_READY, OUTBOX_SIGNED, OUTBOX_ANSWERED, OUTBOX_TOLD };

struct parcel {
    uint64_t id;
    struct str contract_id;
    uint64_t request_id;
    struct hash256 data_id;
    uint64_t job_id, token; /* of the last lease */
    struct str method, args;
    struct str report; /* JSON members for the coordinator, without braces */
    enum outbox_state state;
    uint64_t nonce;
    struct str tx; /* signed */
    struct hash256 tx_hash;
    struct str outcome; /* JSON members found on the chain: with ANSWERED */
};

MUST_USE enum err outbox_open(const char *path, struct outbox **out, struct buf *why);
void outbox_close(struct outbox *o);

/* What else lies in the same file: `fn` runs in a transaction of its own, and nobody else writes
 * meanwhile. It must not call into this module. */
struct db;
typedef enum err outbox_fn(void *ctx, struct db *d, struct buf *why);
MUST_USE enum err outbox_with(struct outbox *o, outbox_fn *fn, void *ctx, struct buf *why);
/* The same without a transaction: for migrations. */
MUST_USE enum err outbox_alone(struct outbox *o, outbox_fn *fn, void *ctx, struct buf *why);

/* Keep an answer; sets p->id. ERR_CONFLICT: there is one for this request already. `beside` (may be
 * NULL) runs in the same transaction: what it writes is kept with the answer or not at all. */
MUST_USE enum err outbox_put(struct outbox *o, struct parcel *p, outbox_fn *beside, void *ctx,
                             struct buf *why);
/*
 * Is there an answer to this request? Then its row belongs to this lease from now on, and what was
 * told is to be told again.
 *
 * ERR_OK, ERR_EMPTY, ERR_DB
 */
MUST_USE enum err outbox_adopt(struct outbox *o, struct str contract_id, uint64_t request_id,
                               const struct hash256 *data_id, uint64_t job_id, uint64_t token,
                               uint64_t *id, struct buf *why);
MUST_USE enum err outbox_get(struct outbox *o, uint64_t id, struct arena *a, struct parcel *out,
                             struct buf *why);
/* Ids of the rows that are not told, oldest first; at most `max`. */
MUST_USE enum err outbox_open_ids(struct outbox *o, uint64_t *ids, size_t max, size_t *n,
                                  struct buf *why);

MUST_USE enum err outbox_signed(struct outbox *o, uint64_t id, uint64_t nonce, struct str tx,
                                const struct hash256 *hash, struct buf *why);
MUST_USE enum err outbox_unsigned(struct outbox *o, uint64_t id, struct buf *why);
MUST_USE enum err outbox_answered(struct outbox *o, uint64_t id, struct str outcome,
                                  struct buf *why);
MUST_USE enum err outbox_told(struct outbox *o, uint64_t id, struct buf *why);
/* Forget told rows older than OUTBOX_KEEP_MS. */
MUST_USE enum err outbox_prune(struct outbox *o, struct buf *why);

#endif
