/*
 * rpc_tx.c — sending transactions and following them.
 *
 * What a transaction has reached is computed from the outcomes there are: the tree of receipts is
 * walked from the transaction on. The newest block is final, so INCLUDED and INCLUDED_FINAL, and
 * EXECUTED_OPTIMISTIC and EXECUTED, are reached together.
 */
#include "devnet/rpc_internal.h"

#include "codec/base64.h"
#include "codec/put.h"
#include "devnet/fail.h"
#include "devnet/view.h"

#define TREE_MAX 65536 /* receipts of one transaction that are looked at */

enum level {
    LEVEL_NONE,
    LEVEL_INCLUDED,
    LEVEL_EXECUTED_OPTIMISTIC,
    LEVEL_INCLUDED_FINAL,
    LEVEL_EXECUTED,
    LEVEL_FINAL
};

static const char *const level_names[] = {"NONE",           "INCLUDED", "EXECUTED_OPTIMISTIC",
                                          "INCLUDED_FINAL", "EXECUTED", "FINAL"};

static bool satisfies(enum level reached, enum level wanted)
{
    switch (wanted) {
    case LEVEL_NONE:
        return true;
    case LEVEL_INCLUDED:
        return reached != LEVEL_NONE;
    case LEVEL_EXECUTED_OPTIMISTIC:
        return reached == LEVEL_EXECUTED_OPTIMISTIC || reached >= LEVEL_EXECUTED;
    case LEVEL_INCLUDED_FINAL:
        return reached >= LEVEL_INCLUDED_FINAL;
    case LEVEL_EXECUTED:
        return reached >= LEVEL_EXECUTED;
    case LEVEL_FINAL:
        return reached == LEVEL_FINAL;
    }
    return false;
}

/* ------------------------------------------------------------------ the tree of a transaction */

struct found {
    const struct block *block;
    size_t at;
};

struct tree {
    struct reader *r;
    struct arena *a;
    const struct block *block; /* of the transaction */
    size_t at;
    const struct signed_tx *tx;
    struct found *outcomes; /* of receipts that have one: depth first */
    size_t n, cap;
    bool all, all_but_refunds; /* every receipt, every one that is no refund, has its outcome */
};

/*
 * The last id of a receipt's list is taken for its gas refund, as nodes do; the transaction's own
 * list has none.
 */
static void walk(struct tree *t, const struct hash256 *id, bool refund, unsigned depth)
{
    struct found f;
    const struct outcome *o;

    if (t->n >= TREE_MAX || depth > 1024)
        return;
    f.block = reader_find(t->r, HISTORY_OUTCOME, id, &f.at);
    if (!f.block || f.at >= f.block->outcomes.n) {
        t->all = false;
        t->all_but_refunds &= refund;
        return;
    }
    if (t->n == t->cap) {
        struct found *more = arena_new_n(t->a, struct found, t->cap ? t->cap * 2 : 16);

        for (size_t i = 0; i < t->n; i++)
            more[i] = t->outcomes[i];
        t->outcomes = more;
        t->cap = t->cap ? t->cap * 2 : 16;
    }
    t->outcomes[t->n++] = f;
    o = &f.block->outcomes.at[f.at];
    for (size_t i = 0; i < o->n_receipt_ids; i++)
        walk(t, &o->receipt_ids[i], i + 1 == o->n_receipt_ids, depth + 1);
}

/* False: no such transaction in any block. */
static bool tree_of(struct tree *t, struct reader *r, struct arena *a, const struct hash256 *hash)
{
    const struct outcome *o;

    *t = (struct tree){.r = r, .a = a, .all = true, .all_but_refunds = true};
    t->block = reader_find(r, HISTORY_OUTCOME, hash, &t->at);
    if (!t->block || t->at >= t->block->outcomes.n || !t->block->outcomes.at[t->at].is_tx)
        return false;
    o = &t->block->outcomes.at[t->at];
    t->tx = &t->block->txs.at[o->index];
    for (size_t i = 0; i < o->n_receipt_ids; i++)
        walk(t, &o->receipt_ids[i], false, 0);
    return true;
}

static enum level reached(const struct tree *t)
{
    if (t->all)
        return LEVEL_FINAL;
    return t->all_but_refunds ? LEVEL_EXECUTED : LEVEL_INCLUDED_FINAL;
}

static const struct outcome *in_tree(const struct tree *t, const struct hash256 *id)
{
    for (size_t i = 0; i < t->n; i++)
        if (hash_eq(&t->outcomes[i].block->outcomes.at[t->outcomes[i].at].id, id))
            return &t->outcomes[i].block->outcomes.at[t->outcomes[i].at];
    return NULL;
}

/* Where the chain of returned receipts ends. */
static void put_status(struct buf *b, const struct tree *t)
{
    const struct outcome *o = &t->block->outcomes.at[t->at];

    while (o && o->status == STATUS_RECEIPT)
        o = in_tree(t, &o->receipt_id);
    json_key(b, "status");
    if (!o || o->status == STATUS_UNKNOWN) {
        json_putz(b, "Started");
        return;
    }
    json_obj(b);
    json_key(b, o->status == STATUS_VALUE ? "SuccessValue" : "Failure");
    if (o->status == STATUS_VALUE)
        view_base64(b, o->value);
    else
        json_put_raw(b, o->failure);
    json_obj_end(b);
}

static void put_receipts(struct buf *b, const struct tree *t)
{
    const bool local = str_eq(t->tx->tx.signer_id, t->tx->tx.receiver_id);

    json_key(b, "receipts");
    json_arr(b);
    for (size_t i = local ? 1 : 0; i < t->n; i++) {
        const struct receipt *r =
            reader_receipt(t->r, &t->outcomes[i].block->outcomes.at[t->outcomes[i].at].id);

        if (r)
            view_receipt(b, r);
    }
    json_arr_end(b);
}

static void put_tree(struct buf *b, const struct tree *t, bool receipts)
{
    json_obj(b);
    put_z(b, "final_execution_status", level_names[reached(t)]);
    put_status(b, t);
    json_key(b, "transaction");
    view_signed_tx(b, t->tx);
    json_key(b, "transaction_outcome");
    view_outcome(b, t->a, t->block, t->at);
    json_key(b, "receipts_outcome");
    json_arr(b);
    for (size_t i = 0; i < t->n; i++)
        view_outcome(b, t->a, t->outcomes[i].block, t->outcomes[i].at);
    json_arr_end(b);
    if (receipts)
        put_receipts(b, t);
    json_obj_end(b);
}

/* ------------------------------------------------------------------ waiting */

static enum answer invalid(struct call *c, struct str error)
{
    return call_handler_error(
        c, "INVALID_TRANSACTION", STR("{}"),
        fail_in(c->a, "TxExecutionError", fail_in(c->a, "InvalidTxError", error)));
}

/* Strip {"InvalidTxError":…}: a transaction that its block refused answers like one refused before.
 */
static enum answer refused(struct call *c, struct str failure)
{
    return call_handler_error(c, "INVALID_TRANSACTION", STR("{}"),
                              fail_in(c->a, "TxExecutionError", failure));
}

static enum answer unknown_tx(struct call *c, const struct hash256 *hash)
{
    struct buf b = BUF_INIT(128);
    enum answer a;

    hash_put_base58(&b, hash);
    a = call_handler_text(c, "UNKNOWN_TRANSACTION",
                          call_json(c, "{\"requested_transaction_hash\":\"%s\"}", buf_z(&b)),
                          "Transaction %s doesn't exist", buf_z(&b));
    buf_release(&b);
    return a;
}

static enum answer follow(struct call *c, const struct hash256 *hash, enum level wanted,
                          bool receipts, bool sent)
{
    struct reader r;
    struct tree t;
    struct arena a = ARENA_INIT;
    enum answer answer = WAITING;

    chain_read(c->chain, &r);
    if (tree_of(&t, &r, &a, hash)) {
        const struct outcome *o = &t.block->outcomes.at[t.at];

        if (sent && o->status == STATUS_FAILURE) {
            answer = refused(c, o->failure);
        } else if (satisfies(reached(&t), wanted)) {
            put_tree(&c->out, &t, receipts);
            answer = ANSWERED;
        }
    } else if (wanted == LEVEL_NONE) {
        answer = chain_knows_pending(c->chain, hash) ? ANSWERED : unknown_tx(c, hash);
        if (answer == ANSWERED)
            json_put_raw(&c->out, STR("{\"final_execution_status\":\"NONE\"}"));
    }
    chain_read_end(&r);
    arena_release(&a);
    if (answer == WAITING && !call_may_wait(c, RPC_TX_WAIT_MS))
        return call_timeout(c);
    c->mem->follows = answer == WAITING;
    c->mem->level = wanted;
    return answer;
}

bool tx_still_waits(struct reader *r, const struct memory *mem)
{
    struct arena a = ARENA_INIT;
    struct tree t;
    bool waits = true;

    if (tree_of(&t, r, &a, &mem->hash))
        waits = t.block->outcomes.at[t.at].status != STATUS_FAILURE &&
                !satisfies(reached(&t), (enum level)mem->level);
    arena_release(&a);
    return waits;
}

/* ------------------------------------------------------------------ parameters */

static bool want(struct call *c, enum level *out, enum answer *fail)
{
    const struct json v =
        json_type(c->params) == JSON_OBJECT ? json_get(c->params, "wait_until") : JSON_NONE;

    *out = LEVEL_EXECUTED_OPTIMISTIC;
    if (json_is_null(v))
        return true;
    for (size_t i = 0; i < countof(level_names); i++) {
        if (json_str_eq(v, str_of(level_names[i]))) {
            *out = (enum level)i;
            return true;
        }
    }
    *fail =
        call_parse_error(c, STR("Failed parsing args: unknown variant of `wait_until`, expected "
                                "one of `NONE`, `INCLUDED`, `EXECUTED_OPTIMISTIC`, "
                                "`INCLUDED_FINAL`, `EXECUTED`, `FINAL`"));
    return false;
}

static bool tx_bytes(struct call *c, struct str *out, enum answer *fail)
{
    const struct json v = call_param(c, "signed_tx_base64", 0);
    struct buf b = BUF_INIT(SIGNED_TX_MAX);
    struct str text;
    bool good;

    if (json_type(v) != JSON_STRING) {
        *fail = call_parse_error(c, STR("Failed parsing args: missing field `signed_tx_base64`"));
        return false;
    }
    good = json_plain(v, &text) && base64_get(text, &b) && !b.full;
    if (good)
        *out = arena_str(c->a, buf_str(&b));
    else
        *fail = call_parse_error(c, STR("Failed to decode transaction: invalid base64"));
    buf_release(&b);
    return good;
}

/* ------------------------------------------------------------------ sending */

/* Put it into the pool, once per request. False: `*fail` is the answer. */
static bool submit(struct call *c, bool lenient, enum answer *fail)
{
    struct str bytes, error = STR_NONE;

    if (c->mem->sent)
        return true;
    if (!tx_bytes(c, &bytes, fail))
        return false;
    switch (chain_submit(c->chain, bytes, c->a, &c->mem->hash, &error)) {
    case SUBMIT_TAKEN:
    case SUBMIT_KNOWN:
        break;
    case SUBMIT_MALFORMED:
        *fail =
            call_parse_error(c, call_json(c, "Failed to decode transaction: %.*s", STR_ARG(error)));
        return false;
    case SUBMIT_INVALID:
        if (lenient)
            break; /* such a call promises nothing */
        *fail = invalid(c, error);
        return false;
    }
    c->mem->sent = true;
    return true;
}

static enum answer send_and_wait(struct call *c, enum level wanted)
{
    enum answer fail;

    if (!submit(c, wanted == LEVEL_NONE, &fail))
        return fail;
    if (wanted == LEVEL_NONE) {
        json_put_raw(&c->out, STR("{\"final_execution_status\":\"NONE\"}"));
        return ANSWERED;
    }
    return follow(c, &c->mem->hash, wanted, false, true);
}

enum answer rpc_send_tx(struct call *c)
{
    enum level wanted;
    enum answer fail;

    return want(c, &wanted, &fail) ? send_and_wait(c, wanted) : fail;
}

enum answer rpc_broadcast_commit(struct call *c)
{
    return send_and_wait(c, LEVEL_EXECUTED_OPTIMISTIC);
}

enum answer rpc_broadcast_async(struct call *c)
{
    enum answer fail;

    if (!submit(c, true, &fail))
        return fail;
    view_hash(&c->out, &c->mem->hash);
    return ANSWERED;
}

/* ------------------------------------------------------------------ following */

static enum answer status_of(struct call *c, bool receipts)
{
    struct signed_tx tx;
    struct str bytes;
    enum level wanted;
    enum answer fail;

    if (!want(c, &wanted, &fail))
        return fail;
    if (!c->mem->sent) {
        const struct json text = call_param(c, "signed_tx_base64", -1);
        const bool positional = json_type(c->params) == JSON_ARRAY && json_count(c->params) == 1;

        if (json_type(text) == JSON_STRING || positional) {
            if (!tx_bytes(c, &bytes, &fail))
                return fail;
            if (signed_tx_read(bytes, c->a, &tx, NULL))
                return call_parse_error(c, STR("Failed to decode transaction: unexpected bytes"));
            c->mem->hash = tx.hash;
        } else if (!call_hash(c, "tx_hash", 0, &c->mem->hash, &fail)) {
            return fail;
        }
        c->mem->sent = true;
    }
    return follow(c, &c->mem->hash, wanted, receipts, false);
}

enum answer rpc_tx(struct call *c)
{
    return status_of(c, false);
}

enum answer rpc_tx_status(struct call *c)
{
    return status_of(c, true);
}

/* ------------------------------------------------------------------ receipts */

static enum answer unknown_receipt(struct call *c, const struct hash256 *id)
{
    struct buf b = BUF_INIT(128);
    enum answer a;

    hash_put_base58(&b, id);
    a = call_handler_text(c, "UNKNOWN_RECEIPT", call_json(c, "{\"receipt_id\":\"%s\"}", buf_z(&b)),
                          "Receipt with id %s has never been observed on this node", buf_z(&b));
    buf_release(&b);
    return a;
}

enum answer rpc_receipt(struct call *c)
{
    struct hash256 id;
    struct reader r;
    const struct receipt *found;
    enum answer answer = ANSWERED;

    if (!call_hash(c, "receipt_id", 0, &id, &answer))
        return answer;
    chain_read(c->chain, &r);
    found = reader_receipt(&r, &id);
    /* Those that never travelled between blocks are not kept. */
    if (found && found->route != ROUTE_LOCAL)
        view_receipt(&c->out, found);
    else
        answer = unknown_receipt(c, &id);
    chain_read_end(&r);
    return answer;
}

enum answer rpc_receipt_to_tx(struct call *c)
{
    struct hash256 id;
    struct reader r;
    const struct receipt *found;
    const struct block *b;
    size_t at;
    enum answer answer = ANSWERED;

    if (!call_hash(c, "receipt_id", 0, &id, &answer))
        return answer;
    chain_read(c->chain, &r);
    found = reader_receipt(&r, &id);
    b = found ? reader_find(&r, HISTORY_TX, &found->tx_hash, &at) : NULL;
    if (b && at < b->txs.n) {
        json_obj(&c->out);
        json_key(&c->out, "transaction_hash");
        view_hash(&c->out, &found->tx_hash);
        put_str(&c->out, "sender_account_id", b->txs.at[at].tx.signer_id);
        json_obj_end(&c->out);
    } else {
        answer = unknown_receipt(c, &id);
    }
    chain_read_end(&r);
    return answer;
}
