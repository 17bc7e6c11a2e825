/*
 * rpc.h — asking a NEAR node over JSON-RPC.
 *
 * A `struct rpc` keeps its connection open; one per thread. Every call blocks, at most for its own
 * time. What went wrong is told twice: `enum err` for callers that only want to know whether, and
 * rpc_fault() for those that act on it. A transaction that was sent and not answered must be sent
 * again with the same bytes, never signed anew: the node knows it by its hash.
 *
 * Memory: answers are appended to the caller's buf and `struct json` results borrow from it.
 * Source: the JSON-RPC pages of docs.near.org.
 */
#ifndef NEAR_RPC_H
#define NEAR_RPC_H

#include "codec/json.h"
#include "crypto/hash.h"
#include "near/key.h"

#define RPC_ANSWER_MAX (16u << 20) /* bytes of any answer */
#define RPC_CALL_MS    15000       /* of an ordinary call */
#define RPC_SEND_MS    30000       /* of a call that waits for a transaction */

enum rpc_fault {
    RPC_FINE,
    RPC_NO_ANSWER,     /* not reached, or no JSON-RPC came back: retry the same */
    RPC_NODE_FAULT,    /* internal error, busy, not synced: retry the same */
    RPC_TIMED_OUT,     /* the node gave up waiting; the transaction may still happen */
    RPC_BAD_REQUEST,   /* the node did not understand us */
    RPC_INVALID_NONCE, /* not larger than the key's, which rpc_key_nonce() may give */
    RPC_EXPIRED,       /* block hash too old or unknown */
    RPC_INVALID_TX,    /* refused for any other reason: these bytes will never be taken */
    RPC_UNKNOWN_TX,
    RPC_UNKNOWN_ACCOUNT,
    RPC_UNKNOWN_KEY,
    RPC_UNKNOWN_BLOCK,
    RPC_NO_CONTRACT,
    RPC_CONTRACT_FAILED, /* a view call panicked or trapped */
    RPC_OTHER,           /* another error of the handler */
};

struct rpc;
struct rpc *rpc_new(const char *url);
void rpc_free(struct rpc *r);
enum rpc_fault rpc_fault(const struct rpc *r); /* of the last call */
const char *rpc_fault_name(enum rpc_fault f);
bool rpc_fault_retry(enum rpc_fault f);      /* the same call may work later */
uint64_t rpc_key_nonce(const struct rpc *r); /* after RPC_INVALID_NONCE; 0: not told */

/* From here on no call lasts longer than until `mono_ms` on clock_mono_ms(); 0: they have their own
 * time only. */
void rpc_deadline(struct rpc *r, uint64_t mono_ms);

/* Any method: `params` is JSON text. `*result` borrows from `answer`, which is cleared first. */
MUST_USE enum err rpc_call(struct rpc *r, const char *method, struct str params,
                           uint64_t timeout_ms, struct buf *answer, struct json *result,
                           struct buf *why);

struct rpc_account {
    u128 amount, locked;
    uint64_t storage_usage;
    struct hash256 code_hash; /* zero: no contract */
    uint64_t block_height;
};
MUST_USE enum err rpc_view_account(struct rpc *r, struct str account_id, struct rpc_account *out,
                                   struct buf *why);

struct rpc_key_state {
    uint64_t nonce;
    bool full_access;
    uint64_t block_height;
    struct hash256 block_hash; /* good for signing */
};
MUST_USE enum err rpc_view_access_key(struct rpc *r, struct str account_id,
                                      const struct ed25519_pub *key, struct rpc_key_state *out,
                                      struct buf *why);

/* What a view call returned, a list of numbers, as bytes appended to `out`; false: it is none. */
MUST_USE bool rpc_bytes_get(struct json list, struct buf *out);

/* May this key of `account_id` send `method` to `contract_id`? ERR_DENIED: there is no such key, or
 * it may not. */
MUST_USE enum err rpc_key_may_call(struct rpc *r, struct str account_id,
                                   const struct ed25519_pub *key, struct str contract_id,
                                   const char *method, struct buf *why);

/* A read-only call at the head of the chain; the bytes it returns are appended to `out`. */
MUST_USE enum err rpc_view_call(struct rpc *r, struct str contract_id, const char *method,
                                struct str args, struct buf *out, struct buf *why);

struct rpc_block {
    uint64_t height;
    struct hash256 hash, prev_hash;
    uint64_t timestamp_ns;
};
MUST_USE enum err rpc_block_final(struct rpc *r, struct rpc_block *out, struct buf *why);
MUST_USE enum err rpc_block_at(struct rpc *r, uint64_t height, struct rpc_block *out,
                               struct buf *why);
MUST_USE enum err rpc_block_of_hash(struct rpc *r, const struct hash256 *hash,
                                    struct rpc_block *out, struct buf *why);
/* "mainnet", "testnet", "localnet", … is appended. */
MUST_USE enum err rpc_chain_id(struct rpc *r, struct buf *out, struct buf *why);
MUST_USE enum err rpc_gas_price(struct rpc *r, u128 *out, struct buf *why);

/* What must have happened before a sent transaction is answered. */
enum tx_wait {
    TX_WAIT_NONE,
    TX_WAIT_INCLUDED,
    TX_WAIT_EXECUTED_OPTIMISTIC,
    TX_WAIT_INCLUDED_FINAL,
    TX_WAIT_EXECUTED,
    TX_WAIT_FINAL,
};
/* `*result` is as outcome.h reads it. */
MUST_USE enum err rpc_send_tx(struct rpc *r, struct str signed_tx, enum tx_wait wait,
                              struct buf *answer, struct json *result, struct buf *why);
MUST_USE enum err rpc_tx(struct rpc *r, const struct hash256 *hash, struct str sender_id,
                         enum tx_wait wait, struct buf *answer, struct json *result,
                         struct buf *why);

#endif
