/* fastfs_send.c — see fastfs_send.h. */
#include "near/fastfs_send.h"

#include "base/clock.h"
#include "near/tx.h"

#define TRIES_MAX     6 /* of the same bytes */
#define SIGNED_MAX    8 /* of a part: others may use the key, too */
#define ROUNDS_MAX    3 /* of parts that fell out of the chain */
#define WAIT_FIRST_MS 200
#define PARTS_MAX     (FASTFS_FILE_MAX / FASTFS_PART)

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

static bool refused(const struct rpc *rpc)
{
    enum rpc_fault f = rpc_fault(rpc);

    return f == RPC_INVALID_TX || f == RPC_UNKNOWN_KEY || f == RPC_UNKNOWN_ACCOUNT ||
           f == RPC_BAD_REQUEST;
}

/* The same bytes until somebody says that they are in a block, or never will be. */
static enum err send(struct rpc *rpc, const struct near_key *key, struct str tx,
                     const struct hash256 *hash, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX), said = WHY_INIT;
    struct json result;
    enum err e = ERR_OK;

    for (unsigned i = 0; i < TRIES_MAX; i++) {
        enum rpc_fault fault;

        if (i)
            clock_sleep_ms((uint64_t)WAIT_FIRST_MS << i);
        e = rpc_send_tx(rpc, tx, TX_WAIT_INCLUDED, &answer, &result, why);
        fault = rpc_fault(rpc);
        if (!e)
            break;
        if (refused(rpc)) {
            e = ERR_DENIED;
            break;
        }
        /* Sent before and taken, when it seemed that nobody answered? */
        if (i && !rpc_tx(rpc, hash, account_id_str(&key->account), TX_WAIT_INCLUDED, &answer,
                         &result, &said)) {
            e = ERR_OK;
            break;
        }
        /* Such bytes are never taken; they are signed anew. */
        if (fault == RPC_INVALID_NONCE || fault == RPC_EXPIRED) {
            e = ERR_CONFLICT;
            break;
        }
    }
    buf_release(&answer);
    buf_release(&said);
    return e;
}

static enum err look(struct rpc *rpc, const struct near_key *key, struct rpc_key_state *state,
                     struct buf *why)
{
    enum err e = rpc_view_access_key(rpc, account_id_str(&key->account), &key->key.pub, state, why);

    return e && refused(rpc) ? ERR_DENIED : e;
}

/* One part into a block, whoever else sends transactions with this key meanwhile. */
static enum err part_send(struct rpc *rpc, const struct near_key *key, const struct fastfs_file *f,
                          size_t part, struct rpc_key_state *state, struct hash256 *hash,
                          struct buf *why)
{
    enum err e = ERR_CONFLICT;

    for (unsigned i = 0; e == ERR_CONFLICT && i < SIGNED_MAX; i++) {
        struct buf tx = BUF_INIT(SIGNED_TX_MAX);

        if (i) {
            clock_sleep_ms(WAIT_FIRST_MS / 4 + clock_mono_us() % (WAIT_FIRST_MS * (uint64_t)i));
            e = look(rpc, key, state, why);
            if (e)
                return e;
        }
        *hash = sign(key, f, part, ++state->nonce, &state->block_hash, &tx);
        e = send(rpc, key, buf_str(&tx), hash, why);
        buf_release(&tx);
    }
    return e;
}

/* A block that was not final may have been left behind, with the part in it. */
static enum err settled(struct rpc *rpc, const struct near_key *key, const struct hash256 *hash,
                        bool *is, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX);
    struct json result;
    enum err e = ERR_OK;

    for (unsigned i = 0; i < TRIES_MAX; i++) {
        if (i)
            clock_sleep_ms((uint64_t)WAIT_FIRST_MS << i);
        e = rpc_tx(rpc, hash, account_id_str(&key->account), TX_WAIT_INCLUDED_FINAL, &answer,
                   &result, why);
        if (!e || rpc_fault(rpc) == RPC_UNKNOWN_TX || !rpc_fault_retry(rpc_fault(rpc)))
            break;
    }
    *is = !e;
    buf_release(&answer);
    return e && rpc_fault(rpc) == RPC_UNKNOWN_TX ? ERR_OK : e;
}

enum err fastfs_send(struct rpc *rpc, const struct near_key *key, const struct fastfs_file *f,
                     fastfs_sent *sent, void *ctx, struct buf *why)
{
    const size_t n = fastfs_parts(f->content.len);
    struct hash256 hashes[PARTS_MAX];
    bool done[PARTS_MAX] = {false};
    struct rpc_key_state state;
    size_t left = n;
    enum err e;

    if (f->content.len > FASTFS_FILE_MAX)
        return err_put(why, ERR_TOO_BIG, "a file of %zu bytes is over the limit of %u",
                       f->content.len, FASTFS_FILE_MAX);
    if (!fastfs_path_ok(f->path) || f->mime.len > FASTFS_MIME_MAX)
        return err_put(why, ERR_FORMAT, "'%.*s' cannot be the path of a file", STR_ARG(f->path));
    e = look(rpc, key, &state, why);
    for (unsigned round = 0; !e && left && round < ROUNDS_MAX; round++) {
        for (size_t i = 0; !e && i < n; i++) {
            if (done[i])
                continue;
            e = part_send(rpc, key, f, i, &state, &hashes[i], why);
            if (!e && sent)
                sent(ctx, &hashes[i]);
        }
        for (size_t i = 0; !e && i < n; i++) {
            if (done[i])
                continue;
            e = settled(rpc, key, &hashes[i], &done[i], why);
            left -= done[i];
        }
    }
    if (!e && left)
        e = err_put(why, ERR_UPSTREAM, "%zu of %zu transactions did not stay on the chain", left,
                    n);
    return e;
}
