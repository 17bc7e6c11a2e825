/*
 * receipt.h — what accounts send each other: in memory and as the protocol writes it.
 *
 * Receipts live in the arena of the block that made them, or of the one that read them back.
 * `tx_hash` is ours: the transaction that, over any number of steps, caused the receipt.
 * Source: NEAR nomicon, "RuntimeSpec/Receipts"; NEP-519 (yield), NEP-616 (refund_to).
 */
#ifndef DEVNET_RECEIPT_H
#define DEVNET_RECEIPT_H

#include "near/action.h"

#define RECEIPT_BYTES_MAX (16u << 20)
#define SYSTEM_ACCOUNT    "system" /* predecessor of refunds */

/* Tags on the wire; 5 and 6 are 0 and 2 with a refund receiver, made by contracts since 82. */
enum receipt_kind {
    RECEIPT_ACTION = 0,
    RECEIPT_DATA = 1,
    RECEIPT_YIELD = 2,
    RECEIPT_RESUME = 3,
    RECEIPT_GLOBAL = 4,
};

/* How it reached its receiver: what block views and later blocks need to know. */
enum receipt_route {
    ROUTE_OUT = 0,     /* runs in the next block */
    ROUTE_LOCAL = 1,   /* of a transaction to oneself: runs in the same block */
    ROUTE_INSTANT = 2, /* runs right after the receipt that made it */
};

struct data_receiver {
    struct hash256 data_id;
    struct account_id receiver_id;
};

struct receipt {
    struct hash256 id, tx_hash;
    enum receipt_kind kind;
    enum receipt_route route;
    struct account_id predecessor, receiver;

    /* ACTION and YIELD */
    bool v2; /* layout of 82 and later */
    struct account_id signer;
    struct public_key signer_key;
    bool has_refund_to;
    struct account_id refund_to;
    u128 gas_price;
    struct data_receiver *outputs;
    size_t n_outputs;
    struct hash256 *inputs;
    size_t n_inputs;
    const struct action *actions;
    size_t n_actions;

    /* DATA and RESUME */
    struct hash256 data_id;
    bool has_data;
    struct str data;

    /* GLOBAL */
    struct global_id global;
    struct str code;
    uint64_t nonce;
};

/* The protocol's bytes; and a receipt as we keep it: route, transaction hash, then those. */
void receipt_write(struct buf *b, const struct receipt *r);
void receipt_store(struct buf *b, const struct receipt *r);
/* Reads what receipt_store wrote; strings borrow from the input. Goes bad on anything else. */
struct receipt *receipt_load(struct rd *r, struct arena *a);

struct account_id account_id_of(struct str s); /* of a checked one */

#endif
