/*
 * apply.h — the runtime: what a block's transactions and receipts do to the state.
 *
 * Order within a block: transactions (verify, charge, one receipt each), local receipts (to
 * oneself), delayed receipts of earlier blocks, receipts that the block before emitted, expired
 * yields. What runs emits receipts for the next block; a stored yield and a lone DeleteAccount made
 * by a contract run right after their maker (protocol 83).
 *
 * One receipt is one atomic unit: if an action fails, everything it did is undone, the gas is
 * burnt. A fault of the machine itself is logged as broken and fails the call it happened in.
 *
 * Source: NEAR nomicon "RuntimeSpec"; nearcore runtime/runtime; NEP-519, NEP-616, NEP-642.
 */
#ifndef DEVNET_APPLY_H
#define DEVNET_APPLY_H

#include "devnet/block.h"
#include "devnet/gas.h"
#include "devnet/state.h"
#include "vm/vm.h"

#define REGISTRAR_ACCOUNT    "registrar"
#define NONCE_RANGE          UINT64_C(1000000) /* new keys start at (height - 1) times this */
#define TOP_LEVEL_LENGTH_MIN 65 /* shorter names without a dot are the registrar's to make */
#define GAS_LIMIT_DEFAULT    UINT64_C(1000000000000000)

struct apply {
    const struct params *p;
    struct kv *kv;
    struct vm *vm;
    struct block *b;
    struct arena *a; /* of the block */
    struct str chain_id;
    struct account_id validator; /* the only one */
    u128 validator_stake;
    u128 gas_price; /* current: that of the block before */
    uint64_t gas_limit;
    uint64_t yield_blocks;

    LIST(struct cause) causes; /* indexed by group number */
    LIST(const struct receipt *) instant;
    uint64_t gas_used;
    u128 burnt;  /* tokens that left the supply */
    u128 minted; /* yocto that one-yocto calls made (they may attach what the account lacks) */
};

/* An admitted transaction: shape and signature are checked. All of it lives as long as the block.
 */
struct pending_tx {
    struct signed_tx tx;
    struct str bytes;
};

/*
 * Apply block `ap->b`, whose header is filled but for what applying gives. `incoming`: receipts
 * that the block before emitted. Fills the block's body and post values; the state is changed but
 * not sealed.
 */
void apply_block(struct apply *ap, const struct pending_tx *txs, size_t n_txs,
                 const struct receipt *const *incoming, size_t n_incoming);

/* ---- checks that need no block; errors are finished JSON (InvalidTxError), ptr NULL: fine */

/* Shape, limits and signature. */
struct str tx_check(struct arena *a, const struct params *p, const struct signed_tx *t);

struct tx_charge {
    struct account account; /* of the signer, charged */
    struct access_key key;
    struct tx_cost cost;
};
/* Against the state. `height` 0: the upper bound of the nonce is not checked. */
struct str tx_verify(struct arena *a, const struct params *p, const struct kv *kv,
                     const struct signed_tx *t, uint64_t height, u128 gas_price,
                     struct tx_charge *out);

/* ActionsValidationError of a list of actions that are sent to `receiver`. */
struct str actions_check(struct arena *a, const struct params *p, struct str receiver,
                         const struct action *x, size_t n);
/* ReceiptValidationError of a receipt that a contract made. */
struct str receipt_check(struct arena *a, const struct params *p, const struct receipt *r);

/* What a function-call key refuses: InvalidAccessKeyError. */
struct str key_check(struct arena *a, const struct params *p, const struct access_key *k,
                     struct str receiver, const struct action *x, size_t n);

/* Missing balance for the storage used; 0: enough. */
u128 storage_lack(const struct params *p, const struct account *acct);

/*
 * Every yocto: accounts, deposits and prepaid gas in receipts that wait or travel.
 * For tests and the internal check: equals the total supply.
 */
u128 supply_count(const struct params *p, const struct kv *kv,
                  const struct receipt *const *travelling, size_t n);

#endif
