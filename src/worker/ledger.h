/*
 * ledger.h — what this worker has signed, on disk: epochs, statements, batches.
 *
 * It lies in the outbox's file, so that a statement and the answer it is about are written in one
 * transaction: there is never one without the other. A statement carries the head of its batch as
 * it then stood, so after kill -9 the last head of each session still covers all of its
 * statements; ledger_open() closes the batches of sessions whose key died.
 *
 * Each row says whether the coordinator has it. What it has, and what is anchored, goes after
 * LEDGER_KEEP_MS.
 *
 * Thread: any (the outbox's lock). Memory: rows handed out live in the caller's arena.
 */
#ifndef WORKER_LEDGER_H
#define WORKER_LEDGER_H

#include "attest/epoch.h"
#include "worker/outbox.h"

#define LEDGER_KEEP_MS (7 * UINT64_C(86400000))

MUST_USE enum err ledger_open(struct outbox *o, struct buf *why);

/* ptr NULL: there is none of it. */
struct ledger_epoch {
    struct hash256 session;
    struct str manifest, quote, event_log, vm_config, app_compose, collateral;
    bool simulated, registered;
    uint64_t begun_ms;
};
MUST_USE enum err ledger_begin(struct outbox *o, const struct ledger_epoch *e, struct buf *why);

/* What goes with a statement to the coordinator. */
struct ledger_extra {
    uint64_t job_id;
    int64_t created_s;
    struct str attached_usd, input, delivered; /* ptr NULL: none */
    const struct hash256 *build;               /* of a compilation: its key, else NULL */
};
struct ledger_entry {
    const struct signed_statement *signed_one;
    const struct ledger_extra *extra;
    const struct hash256 *wasm; /* with `build`: what came of it */
};
/* An outbox_fn; `ctx` is a struct ledger_entry. */
MUST_USE enum err ledger_write(void *entry, struct db *d, struct buf *why);
/* The digest of the statement about the compilation `build` that made `wasm`. ERR_ABSENT. */
MUST_USE enum err ledger_build(struct outbox *o, const struct hash256 *build,
                               const struct hash256 *wasm, struct hash256 *out, struct buf *why);

/* A batch's head as it stands; closed ones grow no more. */
struct ledger_batch {
    struct hash256 session;
    uint64_t first_seq, count;
    struct str head;
    struct ed25519_sig sig;
    bool closed;
    struct str anchor_tx; /* ptr NULL: not anchored */
    uint64_t anchor_height;
    struct str sent; /* the signed transaction that is to anchor it; ptr NULL: not signed yet */
};
/* The batches of the session that begin before `seq` grow no more. */
MUST_USE enum err ledger_close(struct outbox *o, const struct hash256 *session, uint64_t before_seq,
                               struct buf *why);
/* The oldest closed batch that is to be anchored, of a registered session. ERR_EMPTY. */
MUST_USE enum err ledger_unanchored(struct outbox *o, struct arena *a, struct ledger_batch *out,
                                    struct buf *why);
/* Keep b->sent before it is sent: after a restart the chain is asked what became of it, for it
 * takes a batch only once. ptr NULL: it can never be taken, forget it. */
MUST_USE enum err ledger_sent(struct outbox *o, const struct ledger_batch *b, struct buf *why);
MUST_USE enum err ledger_anchored(struct outbox *o, const struct ledger_batch *b, struct buf *why);
/* No registered key vouches for it: it stays as it is. */
MUST_USE enum err ledger_give_up(struct outbox *o, const struct ledger_batch *b, struct buf *why);

/* What the coordinator has not: the oldest, ERR_EMPTY when it has all. */
MUST_USE enum err ledger_next_epoch(struct outbox *o, struct arena *a, struct ledger_epoch *out,
                                    struct buf *why);
struct ledger_statement {
    struct hash256 session, digest;
    uint64_t seq;
    struct str bytes;
    struct ed25519_sig sig;
    struct ledger_extra extra;
};
/* Statements of one session in their order, at most `max`. */
MUST_USE enum err ledger_next_statements(struct outbox *o, size_t max, struct arena *a,
                                         struct ledger_statement *out, size_t *n, struct buf *why);
/* `closed_only`: those that still grow can wait. */
MUST_USE enum err ledger_next_batch(struct outbox *o, bool closed_only, struct arena *a,
                                    struct ledger_batch *out, struct buf *why);
MUST_USE enum err ledger_told_epoch(struct outbox *o, const struct hash256 *session,
                                    struct buf *why);
/* The coordinator has the session's statements 0 … n - 1, and no others. */
MUST_USE enum err ledger_told_statements(struct outbox *o, const struct hash256 *session,
                                         uint64_t n, struct buf *why);
/* The batch as it was handed out; when it has grown since it is told again. */
MUST_USE enum err ledger_told_batch(struct outbox *o, const struct ledger_batch *b,
                                    struct buf *why);
/* The coordinator does not know the session: all of it is to be told again. */
MUST_USE enum err ledger_untell(struct outbox *o, const struct hash256 *session, struct buf *why);

/* The statement with this digest. ERR_ABSENT. */
MUST_USE enum err ledger_find(struct outbox *o, const struct hash256 *digest, struct arena *a,
                              struct ledger_statement *out, struct buf *why);
MUST_USE enum err ledger_prune(struct outbox *o, uint64_t now_ms, struct buf *why);

#endif
