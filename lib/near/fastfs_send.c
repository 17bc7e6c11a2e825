/* fastfs_send.c — see fastfs_send.h. */
#include "near/fastfs_send.h"

#include "base/clock.h"
#include "near/tx.h"

#define TRIES_MAX     6
#define WAIT_FIRST_MS 200

uint32_t fastfs_nonce(void)
{
    return (uint32_t)(clock_unix_ns() / 1000000000 - FASTFS_EPOCH_S);
}

static struct hash256 sign(const struct near_key *key, const struct fastfs_file *f, size_t part,
                           uint64_t nonce, const struct hash256 *block, struct buf *tx)
{
    const struct fastfs_call c = fastfs_part(f->path, f->mime, f->content, part, f->nonce);
    struct buf args = BUF_INIT(FASTFS_CALL_MAX);
    struct action call = {.kind = ACTION_FUNCTION_CALL};
    const struct tx t = {.signer_id = account_id_str(&key->account),
                         .key = public_key_of(&key->key.pub),
                         .nonce.nonce = nonce,
                         .receiver_id = f->receiver,
                         .block_hash = *block,
                         .actions = &call,
                         .nactions = 1};
    struct hash256 hash;

    fastfs_write(&args, &c);
    call.call.method = STR(FASTFS_METHOD);
    call.call.args = buf_str(&args);
    call.call.gas = FASTFS_SEND_GAS;
    hash = tx_sign(&t, &key->key, tx);
    BUG_ON(args.full || tx->full);
    buf_release(&args);
    return hash;
}

/* The same bytes until somebody says that they are in a block, or never will be. */
static enum err send(struct rpc *rpc, const struct near_key *key, struct str tx,
                     const struct hash256 *hash, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX);
    struct json result;
    enum err e = ERR_OK;

    for (unsigned i = 0; i < TRIES_MAX; i++) {
        if (i)
            clock_sleep_ms((uint64_t)WAIT_FIRST_MS << i);
        e = rpc_send_tx(rpc, tx, TX_WAIT_INCLUDED, &answer, &result, why);
        if (!e)
            break;
        /* Sent before and taken, when it seemed that nobody answered? */
        if (i && !rpc_tx(rpc, hash, account_id_str(&key->account), TX_WAIT_INCLUDED, &answer,
                         &result, why)) {
            e = ERR_OK;
            break;
        }
        if (rpc_fault(rpc) == RPC_INVALID_TX || rpc_fault(rpc) == RPC_UNKNOWN_KEY ||
            rpc_fault(rpc) == RPC_UNKNOWN_ACCOUNT || rpc_fault(rpc) == RPC_BAD_REQUEST) {
            e = ERR_DENIED;
            break;
        }
        if (rpc_fault(rpc) == RPC_INVALID_NONCE || rpc_fault(rpc) == RPC_EXPIRED)
            break; /* the whole file again, by whoever called */
    }
    buf_release(&answer);
    return e;
}

enum err fastfs_send(struct rpc *rpc, const struct near_key *key, const struct fastfs_file *f,
                     fastfs_sent *sent, void *ctx, struct buf *why)
{
    struct rpc_key_state state;
    enum err e;

    if (f->content.len > FASTFS_FILE_MAX)
        return err_put(why, ERR_TOO_BIG, "a file of %zu bytes is over the limit of %u",
                       f->content.len, FASTFS_FILE_MAX);
    if (!fastfs_path_ok(f->path) || f->mime.len > FASTFS_MIME_MAX)
        return err_put(why, ERR_FORMAT, "'%.*s' cannot be the path of a file", STR_ARG(f->path));
    e = rpc_view_access_key(rpc, account_id_str(&key->account), &key->key.pub, &state, why);
    if (e)
        return rpc_fault(rpc) == RPC_UNKNOWN_KEY || rpc_fault(rpc) == RPC_UNKNOWN_ACCOUNT
                   ? ERR_DENIED
                   : e;
    for (size_t i = 0; !e && i < fastfs_parts(f->content.len); i++) {
        struct buf tx = BUF_INIT(SIGNED_TX_MAX);
        struct hash256 hash = sign(key, f, i, state.nonce + 1 + i, &state.block_hash, &tx);

        e = send(rpc, key, buf_str(&tx), &hash, why);
        if (!e && sent)
            sent(ctx, &hash);
        buf_release(&tx);
    }
    return e;
}
