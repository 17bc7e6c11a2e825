/*
 * notary.h — the worker's word about what it did: a quote for each epoch, a statement for each
 * execution, and the root of each batch on the chain.
 *
 * An epoch begins with new keys in memory and one quote that binds them (attest/epoch.h). It takes
 * on executions for `epoch_s`; its manifest holds EPOCH_GRACE_S longer, so that what began in an
 * epoch is signed in it. When no new quote can be had, the old epoch goes on until its manifest
 * ends, and then this worker takes no work: what it did could not be shown.
 *
 * Nothing here stands between a run and its answer but one signature and a few rows in the
 * transaction that keeps the answer anyway. Quotes, the coordinator and the chain are for a thread
 * of its own.
 *
 * Thread: any. A `struct notary *` of NULL is a worker that attests nothing.
 */
#ifndef WORKER_NOTARY_H
#define WORKER_NOTARY_H

#include "near/key.h"
#include "worker/ledger.h"

#define EPOCH_S       21600 /* six hours */
#define EPOCH_S_MAX   85000
#define EPOCH_GRACE_S 900 /* longer than the longest execution, compiling included */
#define BATCH_S       60  /* from a batch's first statement to its end */
#define QUOTE_SOURCE  "auto"
#define QUOTE_NONE    "none"

struct notary;
struct pass;

/* Whoever lets a machine in by its quote. All calls may take long; NULL: nobody does. */
struct notary_register {
    struct str contract; /* where batches are anchored */
    void *ctx;
    /* The challenge that the next manifest must carry. */
    enum err (*challenge)(void *ctx, uint8_t out[32], struct buf *why);
    enum err (*enrol)(void *ctx, struct str manifest, struct str quote, struct buf *why);
    /* Sign the transaction that puts the batch's root on the chain: sets sent (in `a`), which is to
     * be on disk before anchor() sends it. */
    enum err (*sign)(void *ctx, struct ledger_batch *b, struct arena *a, struct buf *why);
    /* Send that transaction; `before`: it may have been sent, look for it first. Sets anchor_tx (in
     * `a`) and anchor_height. ERR_DENIED: the contract will never take the batch. ERR_ABSENT: the
     * chain has not taken this transaction and never will; another is to be signed. */
    enum err (*anchor)(void *ctx, struct ledger_batch *b, bool before, struct arena *a,
                       struct buf *why);
    /* Does the OutLayer contract take answers only with their statements? */
    enum err (*required)(void *ctx, bool *out, struct buf *why);
};

struct notary_opts {
    const char *source; /* as for quote_source_open(), or "none" */
    struct outbox *outbox;
    const struct near_key *key;
    const char *rpc_url, *coordinator_url, *worker_id;
    struct str token, network_id, outlayer_contract, register_contract;
    struct pass *pass;  /* as for coordinator_new() */
    struct str box_key; /* X25519 of 32 bytes; ptr NULL: none */
    uint64_t epoch_s, batch_s;
    const struct notary_register *registrar;
};

/*
 * Begin the first epoch. `*out` becomes NULL when the source is "none", or "auto" and this machine
 * has none: a log line says so. A source that was named and fails is an error.
 *
 * Borrows all of `o` for good: a notary works until the process ends.
 */
MUST_USE enum err notary_start(const struct notary_opts *o, struct notary **out, struct buf *why);

/* The session that was registered last; false when none was. */
bool notary_session(struct notary *n, struct hash256 *out);

/* Can executions be taken on now? */
bool notary_open(struct notary *n);

/* An execution's hold on the epoch it began in. */
struct sitting {
    struct term *term; /* NULL: nothing is attested */
};
/* ERR_CLOSED: there is no epoch now; take no work. */
MUST_USE enum err notary_enter(struct notary *n, struct sitting *out, struct buf *why);
void notary_leave(struct notary *n, struct sitting *s);

/*
 * Sign `s` and keep it, together with `parcel` when there is one (outbox_put; its errors). Without
 * a notary only the parcel is kept. `digest` may be NULL.
 */
MUST_USE enum err notary_sign(struct notary *n, const struct sitting *at, struct statement *s,
                              const struct ledger_extra *extra, const struct hash256 *wasm,
                              struct outbox *outbox, struct parcel *parcel, struct hash256 *digest,
                              struct buf *why);

#endif
