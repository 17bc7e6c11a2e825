/* registrar.c — see registrar.h. */
#include "worker/registrar.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "near/outcome.h"
#include "worker/lane.h"

#define CALL_BYTES_MAX (256u * 1024)
#define TRIES          40 /* of a transaction that is not answered */
#define TRY_AGAIN_MS   250
#define REFUSALS       4    /* of one transaction, before it is believed */
#define OPEN_BLOCKS    500u /* a challenge that lies open longer may be too old when it arrives */

struct registrar {
    struct rpc *rpc;
    struct lane lane;
    struct str contract, outlayer, account;
    const struct ed25519_pub *worker;
    bool own_challenge; /* ask for one of our own: the open one was no good */
    struct notary_register hooks;
    pthread_mutex_t lock;
};

/* The node refused the bytes for good. */
static bool refused(enum rpc_fault f)
{
    return f == RPC_INVALID_NONCE || f == RPC_EXPIRED || f == RPC_INVALID_TX;
}

/* Send the bytes until the node says what became of them; `before`: they may have been sent before,
 * so it is asked first. */
static enum err outcome_of(struct registrar *r, struct str tx, const struct hash256 *hash,
                           bool before, struct buf *answer, struct outcome *out, struct buf *why)
{
    unsigned refusals = 0;
    struct json result;
    enum err e = ERR_OK;

    for (int i = 0; i < TRIES; i++) {
        if (i)
            clock_sleep_ms(TRY_AGAIN_MS);
        if (i || before)
            e = rpc_tx(r->rpc, hash, r->account, TX_WAIT_EXECUTED_OPTIMISTIC, answer, &result, why);
        /* Of a transaction that it does not know a node says so, or says nothing for a while. */
        if ((!i && !before) ||
            (e && (rpc_fault(r->rpc) == RPC_UNKNOWN_TX || rpc_fault(r->rpc) == RPC_TIMED_OUT)))
            e = rpc_send_tx(r->rpc, tx, TX_WAIT_EXECUTED_OPTIMISTIC, answer, &result, why);
        if (!e && outcome_read(result, out) && out->status != OUTCOME_PENDING)
            return ERR_OK;
        /* A node that is behind the one that took them refuses what it does not know yet. */
        if (e && refused(rpc_fault(r->rpc))) {
            if (++refusals == REFUSALS)
                return e;
        } else if (e && !rpc_fault_retry(rpc_fault(r->rpc)) &&
                   rpc_fault(r->rpc) != RPC_UNKNOWN_TX) {
            return e;
        }
    }
    return e ? e : err_put(why, ERR_TIMEOUT, "the chain does not say what became of the call");
}

/* What became of a signed call. What the method returned is appended to `value`; `height` (may be
 * NULL) gets the block in which it ran. Under the lock. */
static enum err carry(struct registrar *r, const char *method, struct str tx,
                      const struct hash256 *hash, bool before, struct buf *value, uint64_t *height,
                      struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX), reason = BUF_INIT(WHY_MAX / 2);
    struct hash256 block_hash;
    struct rpc_block block;
    struct outcome o;
    struct str text;
    enum err e = outcome_of(r, tx, hash, before, &answer, &o, why);

    if (e)
        lane_forget(&r->lane);
    if (!e && o.status == OUTCOME_FAILED) {
        outcome_failure_text(&o, &reason);
        e = err_put(why, ERR_DENIED, "'%.*s' refuses '%s': %s", STR_ARG(r->contract), method,
                    buf_z(&reason));
    }
    if (!e && (!outcome_value(&o, value) || value->full))
        e = err_put(why, ERR_UPSTREAM, "'%s' of '%.*s' gave no value", method,
                    STR_ARG(r->contract));
    if (!e && height) {
        if (!json_plain(json_get(json_at(o.receipts, 0), "block_hash"), &text) ||
            !hash_from_base58(text, &block_hash))
            e = err_put(why, ERR_UPSTREAM, "the node does not say in which block '%s' ran", method);
        if (!e)
            e = rpc_block_of_hash(r->rpc, &block_hash, &block, why);
        if (!e)
            *height = block.height;
    }
    buf_release(&answer);
    buf_release(&reason);
    return e;
}

/* What the method returned is appended to `value`. */
static enum err call(struct registrar *r, const char *method, struct str args, struct buf *value,
                     struct buf *why)
{
    struct buf tx = BUF_INIT(CALL_BYTES_MAX + 1024);
    struct hash256 hash;
    uint64_t nonce;
    enum err e;

    pthread_mutex_lock(&r->lock);
    e = lane_sign(&r->lane, r->contract, str_of(method), args, &tx, &nonce, &hash, why);
    if (e)
        lane_forget(&r->lane);
    else
        e = carry(r, method, buf_str(&tx), &hash, false, value, NULL, why);
    pthread_mutex_unlock(&r->lock);
    buf_release(&tx);
    return e;
}

/* ERR_ABSENT: none lies open, or not for long. */
static enum err open_challenge(struct registrar *r, uint8_t out[32], struct buf *why)
{
    struct buf value = BUF_INIT(256);
    struct json v = JSON_NONE;
    struct rpc_block head;
    struct str hex;
    uint64_t height;
    enum err e;

    pthread_mutex_lock(&r->lock);
    e = rpc_view_call(r->rpc, r->contract, "get_challenge", STR("{}"), &value, why);
    if (!e)
        e = rpc_block_final(r->rpc, &head, why);
    pthread_mutex_unlock(&r->lock);
    if (!e &&
        (!json_parse(buf_str(&value), &v, NULL) || !json_u64(json_get(v, "height"), &height) ||
         !json_plain(json_get(v, "challenge"), &hex) || !hex_get(hex, out, 32) ||
         height + OPEN_BLOCKS < head.height))
        e = ERR_ABSENT;
    buf_release(&value);
    return e;
}

static enum err challenge(void *ctx, uint8_t out[32], struct buf *why)
{
    struct registrar *r = ctx;
    struct buf value = BUF_INIT(128);
    struct json v = JSON_NONE;
    struct str hex;
    enum err e = r->own_challenge ? ERR_ABSENT : open_challenge(r, out, why);

    if (e != ERR_ABSENT)
        return e;
    e = call(r, "request_challenge", STR("{}"), &value, why);
    if (!e &&
        (!json_parse(buf_str(&value), &v, NULL) || !json_plain(v, &hex) || !hex_get(hex, out, 32)))
        e = err_put(why, ERR_UPSTREAM, "'%.*s' gave no challenge", STR_ARG(r->contract));
    buf_release(&value);
    return e;
}

static enum err enrol(void *ctx, struct str manifest, struct str quote, struct buf *why)
{
    struct registrar *r = ctx;
    struct buf args = BUF_INIT(CALL_BYTES_MAX), key = BUF_INIT(100), value = BUF_INIT(64 * 1024);
    enum err e;

    ed25519_pub_put(&key, r->worker);
    json_obj(&args);
    put_str(&args, "public_key", buf_str(&key));
    put_hex(&args, "tdx_quote_hex", quote);
    put_base64(&args, "manifest", manifest);
    json_obj_end(&args);
    e = args.full
            ? err_put(why, ERR_TOO_BIG, "the quote has %zu bytes, too many to register", quote.len)
            : call(r, "register_worker_key", buf_str(&args), &value, why);
    /* Another worker may have been first with the open challenge. */
    r->own_challenge = e == ERR_DENIED;
    buf_release(&args);
    buf_release(&key);
    buf_release(&value);
    return e;
}

static enum err sign(void *ctx, struct ledger_batch *b, struct arena *a, struct buf *why)
{
    struct registrar *r = ctx;
    struct buf args = BUF_INIT(1024), tx = BUF_INIT(2048);
    struct hash256 hash;
    uint64_t nonce;
    enum err e;

    json_obj(&args);
    put_base64(&args, "head", b->head);
    put_base64(&args, "signature", str_from(b->sig.b, sizeof b->sig.b));
    json_obj_end(&args);
    BUG_ON(args.full);
    pthread_mutex_lock(&r->lock);
    e = lane_sign(&r->lane, r->contract, STR("anchor_batch"), buf_str(&args), &tx, &nonce, &hash,
                  why);
    if (e)
        lane_forget(&r->lane);
    pthread_mutex_unlock(&r->lock);
    if (!e)
        b->sent = arena_str(a, buf_str(&tx));
    buf_release(&args);
    buf_release(&tx);
    return e;
}

static enum err anchor(void *ctx, struct ledger_batch *b, bool before, struct arena *a,
                       struct buf *why)
{
    struct registrar *r = ctx;
    struct buf value = BUF_INIT(64), text = BUF_INIT(64);
    struct signed_tx tx;
    uint64_t height = 0;
    enum err e = signed_tx_read(b->sent, a, &tx, why);

    if (e)
        return err_put(why, ERR_ABSENT, "the transaction that was kept cannot be read");
    pthread_mutex_lock(&r->lock);
    e = carry(r, "anchor_batch", b->sent, &tx.hash, before, &value, &height, why);
    if (e && refused(rpc_fault(r->rpc)))
        e = ERR_ABSENT;
    pthread_mutex_unlock(&r->lock);
    if (!e) {
        hash_put_base58(&text, &tx.hash);
        b->anchor_tx = arena_str(a, buf_str(&text));
        b->anchor_height = height;
    }
    buf_release(&value);
    buf_release(&text);
    return e;
}

static enum err required(void *ctx, bool *out, struct buf *why)
{
    struct registrar *r = ctx;
    struct buf value = BUF_INIT(16);
    enum err e;

    pthread_mutex_lock(&r->lock);
    e = rpc_view_call(r->rpc, r->outlayer, "are_statements_required", STR("{}"), &value, why);
    pthread_mutex_unlock(&r->lock);
    if (!e)
        *out = str_eqz(buf_str(&value), "true");
    buf_release(&value);
    return e;
}

struct registrar *registrar_new(const char *rpc_url, const struct near_key *init_key,
                                struct str register_contract, struct str outlayer_contract,
                                const struct ed25519_pub *worker)
{
    struct registrar *r = mem_new(struct registrar);

    r->rpc = rpc_new(rpc_url);
    r->contract = register_contract;
    r->outlayer = outlayer_contract;
    r->account = account_id_str(&init_key->account);
    r->worker = worker;
    r->hooks = (struct notary_register){.contract = register_contract,
                                        .ctx = r,
                                        .challenge = challenge,
                                        .enrol = enrol,
                                        .sign = sign,
                                        .anchor = anchor,
                                        .required = required};
    lane_init(&r->lane, r->rpc, init_key);
    pthread_mutex_init(&r->lock, NULL);
    return r;
}

const struct notary_register *registrar_hooks(struct registrar *r)
{
    return &r->hooks;
}
