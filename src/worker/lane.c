/* lane.c — see lane.h. */
#include "worker/lane.h"

#include "base/clock.h"

void lane_init(struct lane *l, struct rpc *rpc, const struct near_key *key)
{
    *l = (struct lane){.rpc = rpc, .key = key};
}

void lane_forget(struct lane *l)
{
    l->known = false;
}

enum err lane_refresh(struct lane *l, struct buf *why)
{
    uint64_t now = clock_mono_ms();
    struct rpc_key_state state;
    enum err e;

    if (l->known && now - l->asked_ms < LANE_HASH_FRESH_MS)
        return ERR_OK;
    e = rpc_view_access_key(l->rpc, account_id_str(&l->key->account), &l->key->key.pub, &state,
                            why);
    if (e)
        return e;
    /* Ours may be ahead of the chain: transactions on their way. */
    if (state.nonce > l->nonce)
        l->nonce = state.nonce;
    l->block_hash = state.block_hash;
    l->asked_ms = now;
    l->known = true;
    return ERR_OK;
}

enum err lane_sign(struct lane *l, struct str receiver_id, struct str method, struct str args,
                   struct buf *tx, uint64_t *nonce, struct hash256 *hash, struct buf *why)
{
    struct action call = {.kind = ACTION_FUNCTION_CALL};
    struct tx t = {.signer_id = account_id_str(&l->key->account),
                   .key = public_key_of(&l->key->key.pub),
                   .receiver_id = receiver_id,
                   .actions = &call,
                   .nactions = 1};
    enum err e = lane_refresh(l, why);

    if (e)
        return e;
    call.call.method = method;
    call.call.args = args;
    call.call.gas = LANE_GAS;
    t.nonce.nonce = l->nonce + 1;
    t.block_hash = l->block_hash;
    *hash = tx_sign(&t, &l->key->key, tx);
    if (tx->full)
        return err_put(why, ERR_TOO_BIG, "a call of '%.*s' with %zu bytes is too large to be sent",
                       STR_ARG(method), args.len);
    *nonce = ++l->nonce;
    return ERR_OK;
}
