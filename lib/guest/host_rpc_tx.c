/* host_rpc_tx.c — transactions that a guest signs with a key of its own; see host_rpc.h. */
#include "guest/host_rpc.h"

#include <string.h>

#include "guest/rpc_ask.h"
#include "near/account_id.h"
#include "near/outcome.h"
#include "near/tx.h"

#define NONCE_TRIES 3 /* others sign with the same key */

/* What both functions take, read. */
struct order {
    struct str signer_id, receiver_id;
    struct ed25519_key key;
    struct action action;
    enum tx_wait wait;
};

static enum err amount_get(struct str s, u128 *out, struct buf *why)
{
    if (!str_u128(s, out))
        return err_put(why, ERR_FORMAT, "'%.*s' is no amount: give yoctoNEAR in decimal digits",
                       STR_ARG(str_head(s, 60)));
    return ERR_OK;
}

static enum err call_read(const struct host_val *a, struct order *o, struct buf *why)
{
    o->action.kind = ACTION_FUNCTION_CALL;
    o->action.call.method = a[3].s;
    o->action.call.args = a[4].s;
    if (!a[3].s.len || a[3].s.len > 256)
        return err_put(why, ERR_FORMAT, "a method's name has 1 to 256 bytes");
    if (!str_u64(a[6].s, &o->action.call.gas))
        return err_put(why, ERR_FORMAT, "'%.*s' is no gas: give decimal digits",
                       STR_ARG(str_head(a[6].s, 60)));
    return amount_get(a[5].s, &o->action.call.deposit, why);
}

static enum err order_read(const struct host_call *c, struct order *o, struct buf *why)
{
    const struct host_val *a = c->args;
    bool call = c->fn == &host_faces[HOST_RPC].fns[HOST_RPC_CALL];
    enum err e = rpc_ask_wait(a[call ? 7 : 4].s, TX_WAIT_FINAL, &o->wait, why);

    o->signer_id = a[0].s;
    o->receiver_id = a[2].s;
    if (!e && (!account_id_valid(o->signer_id) || !account_id_valid(o->receiver_id)))
        e = err_put(why, ERR_FORMAT, "signer-id or receiver-id is no account id");
    if (!e && call) {
        e = call_read(a, o, why);
    } else if (!e) {
        o->action.kind = ACTION_TRANSFER;
        e = amount_get(a[3].s, &o->action.deposit, why);
    }
    /* Not quoted: it is a secret, however it is spelled. */
    if (!e && (!str_starts(a[1].s, STR("ed25519:")) || !ed25519_secret_get(a[1].s, &o->key)))
        e = err_put(why, ERR_FORMAT, "signer-key is not ed25519: and a secret key in base58");
    return e;
}

/* Its bytes with the next nonce; with `told` the one that the node has named. */
static enum err sign(struct host_rpc *h, const struct order *o, uint64_t told, struct buf *bytes,
                     struct hash256 *hash, struct buf *why)
{
    struct rpc_key_state state;
    struct tx tx;
    enum err e = rpc_view_access_key(h->rpc, o->signer_id, &o->key.pub, &state, why);

    if (e)
        return host_rpc_fault(h, e, why);
    if (state.nonce < told)
        state.nonce = told;
    if (memcmp(&h->key, &o->key.pub, sizeof(h->key)) == 0 && state.nonce < h->nonce)
        state.nonce = h->nonce;
    tx = (struct tx){.signer_id = o->signer_id,
                     .key = public_key_of(&o->key.pub),
                     .nonce.nonce = state.nonce + 1,
                     .receiver_id = o->receiver_id,
                     .block_hash = state.block_hash,
                     .actions = &o->action,
                     .nactions = 1};
    buf_clear(bytes);
    *hash = tx_sign(&tx, &o->key, bytes);
    if (bytes->full)
        return err_put(why, ERR_TOO_BIG, "the transaction has more than %u bytes", TX_SIZE_MAX);
    h->key = o->key.pub;
    h->nonce = state.nonce + 1;
    return ERR_OK;
}

/* The hash goes into every sentence from here on: the transaction may be on its way. */
static enum err sent(struct host_rpc *h, enum err e, const struct hash256 *hash, struct json result,
                     struct buf *why)
{
    char id_room[64];
    struct buf id = BUF_OVER(id_room), text = BUF_INIT(WHY_MAX);
    struct outcome outcome;
    enum rpc_fault fault = rpc_fault(h->rpc);

    hash_put_base58(&id, hash);
    if (!e && outcome_read(result, &outcome) && outcome.status == OUTCOME_FAILED) {
        outcome_failure_text(&outcome, &text);
        e = err_put(why, ERR_DENIED, "transaction %s failed: %s", buf_z(&id), buf_z(&text));
    } else if (e && (fault == RPC_NO_ANSWER || rpc_fault_retry(fault))) {
        e = err_put(why, ERR_TIMEOUT,
                    "the node did not say what became of transaction %s; ask tx-status before "
                    "sending another",
                    buf_z(&id));
    } else if (e) {
        buf_add_str(&text, buf_str(why));
        e = err_put(why, e, "transaction %s was refused: %s", buf_z(&id), buf_z(&text));
    }
    buf_release(&text);
    return e;
}

enum err host_rpc_transact(struct host_rpc *h, const struct host_call *c, struct buf *out,
                           struct buf *why)
{
    struct buf bytes = BUF_INIT(SIGNED_TX_MAX), answer = BUF_INIT(RPC_ANSWER_MAX);
    struct json result = JSON_NONE;
    struct order o = {.signer_id = STR_NONE};
    struct hash256 hash;
    uint64_t told = 0;
    enum err e = h->read_only
                     ? err_put(why, ERR_DENIED, "this worker sends no transactions of guests")
                     : order_read(c, &o, why);

    for (unsigned i = 0; i < NONCE_TRIES && !e; i++) {
        e = sign(h, &o, told, &bytes, &hash, why);
        if (e)
            goto out;
        e = rpc_send_tx(h->rpc, buf_str(&bytes), o.wait, &answer, &result, why);
        h->bytes += answer.len;
        if (rpc_fault(h->rpc) != RPC_INVALID_NONCE || i + 1 == NONCE_TRIES)
            break;
        told = rpc_key_nonce(h->rpc);
        e = ERR_OK;
    }
    if (o.signer_id.len && bytes.len)
        e = sent(h, e, &hash, result, why);
    if (!e)
        hash_put_base58(out, &hash);
out:
    ed25519_wipe(&o.key);
    buf_wipe(&bytes);
    buf_release(&answer);
    return e;
}
