/*
 * lane.h — signing one key's transactions in order.
 *
 * A node takes a transaction only when its nonce is larger than the key's last one, so one lane
 * per key signs one after another. Nonce and a recent block hash are asked for once and the nonce
 * is counted on here; the hash is renewed before it grows old. After a refusal lane_forget() makes
 * the next signature ask again.
 *
 * Thread: one.
 */
#ifndef WORKER_LANE_H
#define WORKER_LANE_H

#include "near/rpc.h"
#include "near/tx.h"

#define LANE_GAS           UINT64_C(300000000000000) /* attached to each call: 300 Tgas */
#define LANE_HASH_FRESH_MS 10000

struct lane {
    struct rpc *rpc;
    const struct near_key *key;
    bool known;
    uint64_t nonce; /* last one used */
    struct hash256 block_hash;
    uint64_t asked_ms;
};

void lane_init(struct lane *l, struct rpc *rpc, const struct near_key *key);
void lane_forget(struct lane *l);
/* Ask for nonce and hash now when they are missing or old, so that signing need not. */
MUST_USE enum err lane_refresh(struct lane *l, struct buf *why);
/* A signed call of `method` without a deposit. Only as the last step it uses up a nonce. */
MUST_USE enum err lane_sign(struct lane *l, struct str receiver_id, struct str method,
                            struct str args, struct buf *tx, uint64_t *nonce, struct hash256 *hash,
                            struct buf *why);

#endif
