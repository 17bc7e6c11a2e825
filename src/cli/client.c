/* client.c — see client.h. */
#include "cli/client.h"

#include <string.h>

#include "base/clock.h"
#include "near/tx.h"

#define AGAIN_MS 200

enum err client_open(struct client *c, const struct client_opts *o, bool need_key, struct buf *why)
{
    enum err e = ERR_OK;

    memset(c, 0, sizeof(*c));
    if (need_key && !o->key_file)
        return err_put(why, ERR_FORMAT, "--key-file is missing");
    if (!account_id_valid(str_of(o->contract_id)))
        return err_put(why, ERR_FORMAT, "'%s' is no account id", o->contract_id);
    if (o->key_file)
        e = near_key_load(o->key_file, &c->key, why);
    if (e)
        return e;
    c->contract_id = str_of(o->contract_id);
    c->rpc = rpc_new(o->rpc_url);
    return ERR_OK;
}

void client_close(struct client *c)
{
    if (c->rpc)
        rpc_free(c->rpc);
    near_key_wipe(&c->key);
    c->rpc = NULL;
}

struct str client_account(const struct client *c)
{
    return account_id_str(&c->key.account);
}

enum err client_view(struct client *c, const char *method, struct str args, struct buf *answer,
                     struct json *out, struct buf *why)
{
    enum err e = rpc_view_call(c->rpc, c->contract_id, method, args, answer, why);

    if (!e && !json_parse(buf_str(answer), out, NULL))
        e = err_put(why, ERR_UPSTREAM, "what %s() of '%.*s' answered is no JSON", method,
                    STR_ARG(c->contract_id));
    return e;
}

/*
 * Until the chain says how these bytes went. A node that was reached may have taken them although
 * its answer was lost: then they are asked for by their hash, and sent again when nobody knows it.
 */
static enum err settle(struct client *c, const struct hash256 *hash, struct str bytes,
                       uint64_t wait_ms, struct buf *answer, struct outcome *out, struct buf *why)
{
    const uint64_t end = clock_mono_ms() + wait_ms;
    bool sent = false, tried = false;
    char room[64];
    struct buf name = BUF_OVER(room);

    for (;;) {
        struct json result;
        enum err e =
            sent ? rpc_tx(c->rpc, hash, client_account(c), TX_WAIT_FINAL, answer, &result, why)
                 : rpc_send_tx(c->rpc, bytes, TX_WAIT_FINAL, answer, &result, why);
        const enum rpc_fault fault = rpc_fault(c->rpc);

        if (!e && !outcome_read(result, out))
            e = err_put(why, ERR_UPSTREAM, "the node's answer says nothing of the transaction");
        else if (!e && out->status != OUTCOME_PENDING)
            return ERR_OK;
        else if (!e || fault == RPC_TIMED_OUT)
            sent = true;
        else if (fault == RPC_UNKNOWN_TX)
            sent = false;
        else if (fault == RPC_INVALID_NONCE && tried)
            sent = true;
        else if (!rpc_fault_retry(fault))
            return e;
        if (clock_mono_ms() >= end) {
            hash_put_base58(&name, hash);
            return err_put(why, ERR_TIMEOUT,
                           "transaction %s has no end after %llu s; it may still have one", room,
                           (unsigned long long)(wait_ms / 1000));
        }
        tried = true;
        if (e)
            clock_sleep_ms(AGAIN_MS);
    }
}

enum err client_send(struct client *c, const struct client_call *call, struct buf *answer,
                     struct outcome *out, struct buf *why)
{
    struct buf bytes = BUF_INIT(SIGNED_TX_MAX);
    struct action action = {.kind = ACTION_FUNCTION_CALL};
    struct rpc_key_state state;
    struct hash256 hash;
    struct tx tx;
    enum err e = rpc_view_access_key(c->rpc, client_account(c), &c->key.key.pub, &state, why);

    if (e)
        return e;
    action.call.method = str_of(call->method);
    action.call.args = call->args;
    action.call.gas = call->gas;
    action.call.deposit = call->deposit;
    tx = (struct tx){.signer_id = client_account(c),
                     .key = public_key_of(&c->key.key.pub),
                     .nonce.nonce = state.nonce + 1,
                     .receiver_id = c->contract_id,
                     .block_hash = state.block_hash,
                     .actions = &action,
                     .nactions = 1};
    hash = tx_sign(&tx, &c->key.key, &bytes);
    if (bytes.full)
        e = err_put(why, ERR_TOO_BIG, "the arguments of %s are too large for a transaction",
                    call->method);
    else
        e = settle(c, &hash, buf_str(&bytes), call->wait_ms, answer, out, why);
    if (!e)
        out->tx_hash = hash;
    buf_release(&bytes);
    return e;
}

enum err client_transact(struct client *c, const struct client_call *call, struct hash256 *tx,
                         struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX), text = BUF_INIT(WHY_MAX);
    struct outcome outcome = {.status = OUTCOME_PENDING};
    enum err e = client_send(c, call, &answer, &outcome, why);

    if (!e && outcome.status == OUTCOME_FAILED) {
        outcome_failure_text(&outcome, &text);
        e = err_put(why, ERR_DENIED, "%s failed: %s", call->method, buf_z(&text));
    } else if (!e && tx) {
        *tx = outcome.tx_hash;
    }
    buf_release(&answer);
    buf_release(&text);
    return e;
}
