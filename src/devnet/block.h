/*
 * block.h — one block: header, transactions, the receipts it emitted, outcomes, state changes.
 *
 * One shard, one chunk per block. As on the network the header of a block commits to what applying
 * the block before it gave: `outcome_root`, `prev_state_root`, `gas_used` and `balance_burnt` are
 * of the previous block; what applying this one gave is kept as `post_*` and goes into the next
 * header.
 *
 * Memory: everything a block holds lies in its arena (state values in `sealed`); a block is not
 * changed once it is committed.  Thread: made by the block producer, read by any after that.
 * Source: NEAR nomicon "ChainSpec/Block", "ChainSpec/LightClient".
 */
#ifndef DEVNET_BLOCK_H
#define DEVNET_BLOCK_H

#include "base/err.h"
#include "devnet/kv.h"
#include "devnet/merkle.h"
#include "devnet/receipt.h"
#include "near/tx.h"
#include "vm/params.h"

/* A list that grows while the block is made. */
#define LIST(type)                                                                                 \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t n, cap;                                                                             \
    }
/* Make room for one more and give a pointer to it, zeroed. */
#define list_add(a, list)                                                                          \
    ((list)->at = list_room((a), (list)->at, (list)->n, &(list)->cap, sizeof((list)->at[0])),      \
     &(list)->at[(list)->n++])
void *list_room(struct arena *a, void *at, size_t n, size_t *cap, size_t size);

enum status { STATUS_UNKNOWN, STATUS_FAILURE, STATUS_VALUE, STATUS_RECEIPT };

enum cost_kind { COST_ACTION, COST_HOST, COST_WASM };

struct cost_gas {
    enum cost_kind kind;
    uint8_t index; /* enum action_cost or enum ext_cost */
    uint64_t gas;
};
/* "ACTION_COST" and the like; "STORAGE_READ_BASE" and the like, put into `out`. */
const char *cost_category(const struct cost_gas *c);
void cost_put_name(struct buf *out, const struct cost_gas *c);

/* The contract that an account had just before an action. */
struct contract_ref {
    uint8_t kind; /* enum code_kind */
    struct hash256 hash;
    struct account_id account;
};

struct outcome {
    struct hash256 id;
    bool is_tx;
    uint32_t index; /* of a transaction: into `txs` */
    struct account_id executor;
    struct str *logs;
    size_t n_logs;
    struct hash256 *receipt_ids;
    size_t n_receipt_ids;
    uint64_t gas_burnt;
    u128 tokens_burnt;
    enum status status;
    struct str value;          /* STATUS_VALUE */
    struct hash256 receipt_id; /* STATUS_RECEIPT */
    struct str failure;        /* STATUS_FAILURE: {"ActionError":…} or {"InvalidTxError":…} */
    uint8_t metadata_version;
    struct cost_gas *profile;
    size_t n_profile;
    struct contract_ref *contracts;
    size_t n_contracts;
};

enum cause_kind {
    CAUSE_NOT_WRITABLE, /* changes that no view shows */
    CAUSE_INITIAL,
    CAUSE_TX,
    CAUSE_STARTED,
    CAUSE_REWARD,
    CAUSE_RECEIPT,
    CAUSE_POSTPONED,
    CAUSE_DELAYED,
    CAUSE_MIGRATION,
};

struct cause {
    enum cause_kind kind;
    struct hash256 hash;
};

struct change {
    struct str key, value; /* of the state; value.ptr NULL: deleted */
    struct cause cause;
};

struct chunk_header {
    struct hash256 hash, prev_block_hash, outcome_root, prev_state_root, encoded_merkle_root;
    struct hash256 outgoing_receipts_root, tx_root;
    uint64_t encoded_length, height, gas_used;
    u128 balance_burnt;
};

struct block {
    struct arena arena;

    /* header */
    uint64_t height, prev_height, ordinal;
    struct hash256 hash, prev_hash, epoch_id, next_epoch_id, prev_state_root, outcome_root;
    struct hash256 next_bp_hash, block_merkle_root, inner_rest_hash, random_value;
    struct hash256 last_final;
    uint64_t timestamp, epoch_height, epoch_start;
    uint32_t protocol;
    u128 gas_price, total_supply;
    struct chunk_header chunk;
    struct ed25519_sig signature, chunk_signature;

    /* body */
    LIST(struct signed_tx) txs;      /* those with an outcome */
    LIST(struct str) tx_bytes;       /* of each, as sent */
    LIST(struct receipt *) receipts; /* emitted, in order, whatever their route */
    LIST(struct outcome) outcomes;   /* in order of execution, transactions first */
    LIST(struct change) changes;     /* by key, then in order */

    struct merkle_full proofs; /* over the outcomes; made when the block is complete */

    /* what applying it gave */
    struct hash256 post_state_root, post_outcome_root;
    uint64_t post_gas_used;
    u128 post_burnt; /* tokens */

    struct kv_sealed sealed; /* state rows with what they were before */
    bool has_rows;           /* `sealed` is there: not in blocks read back from disk */
    size_t bytes;            /* memory that it takes, about */
};

struct block *block_new(void);
void block_free(struct block *b);

/* The stored form, complete; `out` gets it appended. */
void block_store(const struct block *b, struct buf *out);
/* ERR_FORMAT when the bytes are not a block of ours. */
MUST_USE enum err block_load(struct str bytes, struct block **out, struct buf *why);

/* Fill hashes, roots and signatures of the header from its other fields and the body. */
void block_seal_header(struct block *b, const struct ed25519_key *validator);
/* The part of the header that light clients hash, as borsh. */
void block_inner_lite(const struct block *b, struct buf *out);

/* Make `proofs`. */
void block_prove(struct block *b);

/* Index of the outcome with `id`, or n. */
size_t block_find_outcome(const struct block *b, const struct hash256 *id);

#endif
