/* apply.c — one block: transactions, receipts in order, expired yields. See apply.h. */
#include "devnet/apply_internal.h"

#include <string.h>

#include "devnet/fail.h"

/* ------------------------------------------------------------------ ids and groups */

struct hash256 derive_id(const struct hash256 *base, uint64_t height, uint64_t salt)
{
    char bytes[48];

    memcpy(bytes, base->b, 32);
    for (int i = 0; i < 8; i++) {
        bytes[32 + i] = (char)(height >> (8 * i));
        bytes[40 + i] = (char)(salt >> (8 * i));
    }
    return sha256(str_from(bytes, sizeof(bytes)));
}

struct hash256 action_hash(const struct receipt *r, uint64_t height, size_t action)
{
    return derive_id(&r->id, height, UINT64_MAX - action);
}

static uint32_t apply_group(struct apply *ap, enum cause_kind kind, const struct hash256 *hash)
{
    struct cause *c = list_add(ap->a, &ap->causes);

    c->kind = kind;
    if (hash)
        c->hash = *hash;
    return (uint32_t)(ap->causes.n - 1);
}

void apply_close(struct apply *ap, enum cause_kind kind, const struct hash256 *hash)
{
    kv_close_group(ap->kv, apply_group(ap, kind, hash));
}

/* ------------------------------------------------------------------ receipts and outcomes */

struct receipt *receipt_new(struct apply *ap, const struct hash256 *tx_hash, struct str predecessor,
                            struct str receiver)
{
    struct receipt *r = arena_new(ap->a, struct receipt);

    r->tx_hash = *tx_hash;
    r->predecessor = account_id_of(predecessor);
    r->receiver = account_id_of(receiver);
    return r;
}

struct receipt *refund_new(struct apply *ap, const struct hash256 *tx_hash, struct str receiver,
                           u128 amount)
{
    static const char zeros[32];
    struct receipt *r = receipt_new(ap, tx_hash, STR(SYSTEM_ACCOUNT), receiver);
    struct action *x = arena_new(ap->a, struct action);

    x->kind = ACTION_TRANSFER;
    x->deposit = amount;
    r->kind = RECEIPT_ACTION;
    r->signer = account_id_of(STR(SYSTEM_ACCOUNT));
    r->signer_key = (struct public_key){CURVE_ED25519, str_from(zeros, sizeof(zeros))};
    r->actions = x;
    r->n_actions = 1;
    return r;
}

void apply_emit(struct apply *ap, struct receipt *r)
{
    *list_add(ap->a, &ap->b->receipts) = r;
    if (r->route == ROUTE_INSTANT)
        *list_add(ap->a, &ap->instant) = r;
}

struct outcome *apply_outcome(struct apply *ap, const struct hash256 *id)
{
    struct outcome *o = list_add(ap->a, &ap->b->outcomes);

    o->id = *id;
    return o;
}

/* ------------------------------------------------------------------ transactions */

static void take_tx(struct apply *ap, const struct pending_tx *t)
{
    *list_add(ap->a, &ap->b->txs) = t->tx;
    *list_add(ap->a, &ap->b->tx_bytes) = t->bytes;
}

/* A refused transaction leaves an outcome since version 83; before, nothing. */
static void tx_refused(struct apply *ap, const struct pending_tx *t, struct str e)
{
    struct outcome *o;

    if (ap->p->protocol < 83)
        return;
    o = apply_outcome(ap, &t->tx.hash);
    o->is_tx = true;
    o->index = (uint32_t)ap->b->txs.n;
    o->executor = account_id_of(t->tx.tx.signer_id);
    o->status = STATUS_FAILURE;
    o->failure = fail_in(ap->a, "InvalidTxError", e);
    o->metadata_version = 1;
    take_tx(ap, t);
}

static void tx_apply(struct apply *ap, const struct pending_tx *p)
{
    const struct signed_tx *t = &p->tx;
    const struct tx *tx = &t->tx;
    struct tx_charge c;
    struct receipt *r;
    struct outcome *o;
    struct str e = tx_verify(ap->a, ap->p, ap->kv, t, ap->b->height, ap->gas_price, &c);

    if (e.ptr) {
        tx_refused(ap, p, e);
        return;
    }
    account_put(ap->kv, tx->signer_id, &c.account);
    key_put(ap->kv, tx->signer_id, tx->key, &c.key);
    apply_close(ap, CAUSE_TX, &t->hash);

    r = receipt_new(ap, &t->hash, tx->signer_id, tx->receiver_id);
    r->id = derive_id(&t->hash, ap->b->height, 0);
    r->kind = RECEIPT_ACTION;
    r->route = str_eq(tx->signer_id, tx->receiver_id) ? ROUTE_LOCAL : ROUTE_OUT;
    r->signer = account_id_of(tx->signer_id);
    r->signer_key = tx->key;
    r->gas_price = c.cost.price;
    r->actions = tx->actions;
    r->n_actions = tx->nactions;
    apply_emit(ap, r);

    o = apply_outcome(ap, &t->hash);
    o->is_tx = true;
    o->index = (uint32_t)ap->b->txs.n;
    o->executor = r->signer;
    o->receipt_ids = arena_new(ap->a, struct hash256);
    o->receipt_ids[0] = r->id;
    o->n_receipt_ids = 1;
    o->gas_burnt = c.cost.burnt;
    o->tokens_burnt = c.cost.burnt_amount;
    o->status = STATUS_RECEIPT;
    o->receipt_id = r->id;
    o->metadata_version = 1;
    take_tx(ap, p);
    ap->gas_used += c.cost.burnt;
    ap->burnt += c.cost.burnt_amount;
}

/* ------------------------------------------------------------------ receipts */

static void store_record(struct apply *ap, struct str key, const struct receipt *r)
{
    struct buf b = BUF_INIT(RECEIPT_BYTES_MAX);

    receipt_store(&b, r);
    BUG_ON(b.full);
    kv_put(ap->kv, key, buf_str(&b));
    buf_release(&b);
}

/* A stored receipt with its strings in the block's arena: the record is about to go. */
static struct receipt *load_record(struct apply *ap, struct str record)
{
    struct rd rd = rd_over(arena_str(ap->a, record));
    struct receipt *r = receipt_load(&rd, ap->a);

    BUG_ON(!rd_end(&rd));
    return r;
}

static void store_data(struct apply *ap, const struct receipt *r)
{
    struct buf b = BUF_INIT(RECEIPT_BYTES_MAX);
    struct skey k;

    wr_u8(&b, r->has_data);
    if (r->has_data)
        wr_bytes(&b, r->data);
    kv_put(ap->kv,
           skey_sub(&k, COL_RECEIVED_DATA, account_id_str(&r->receiver), hash_str(&r->data_id)),
           buf_str(&b));
    buf_release(&b);
}

/* Data has arrived: count it, and run the receipt that had waited for the last of them. */
static void data_arrived(struct apply *ap, const struct receipt *r)
{
    const struct str to = account_id_str(&r->receiver);
    struct skey by_data, count, postponed;
    struct str id;
    uint64_t left;
    struct receipt *ready;

    store_data(ap, r);
    id = kv_get(ap->kv, skey_sub(&by_data, COL_POSTPONED_ID, to, hash_str(&r->data_id)));
    if (!id.ptr) {
        apply_close(ap, CAUSE_NOT_WRITABLE, &r->id);
        return;
    }
    id = arena_str(ap->a, id);
    kv_del(ap->kv, str_from(by_data.b, by_data.len));
    left = u64_get(ap->kv, skey_sub(&count, COL_PENDING_COUNT, to, id));
    if (left > 1) {
        u64_put(ap->kv, str_from(count.b, count.len), left - 1);
        apply_close(ap, CAUSE_POSTPONED, &r->id);
        return;
    }
    kv_del(ap->kv, str_from(count.b, count.len));
    ready = load_record(ap, kv_get(ap->kv, skey_sub(&postponed, COL_POSTPONED, to, id)));
    kv_del(ap->kv, str_from(postponed.b, postponed.len));
    apply_close(ap, CAUSE_STARTED, &ready->id);
    exec_receipt(ap, ready);
}

static void action_arrived(struct apply *ap, const struct receipt *r)
{
    const struct str to = account_id_str(&r->receiver);
    struct skey k;
    uint64_t missing = 0;

    for (size_t i = 0; i < r->n_inputs; i++) {
        const struct str data = hash_str(&r->inputs[i]);

        if (kv_has(ap->kv, skey_sub(&k, COL_RECEIVED_DATA, to, data)))
            continue;
        kv_put(ap->kv, skey_sub(&k, COL_POSTPONED_ID, to, data), hash_str(&r->id));
        missing++;
    }
    if (missing == 0) {
        exec_receipt(ap, r);
        return;
    }
    u64_put(ap->kv, skey_sub(&k, COL_PENDING_COUNT, to, hash_str(&r->id)), missing);
    store_record(ap, skey_sub(&k, COL_POSTPONED, to, hash_str(&r->id)), r);
    apply_close(ap, CAUSE_POSTPONED, &r->id);
}

static void resume_arrived(struct apply *ap, const struct receipt *r)
{
    struct receipt *stored = yield_take(ap, r);

    if (!stored)
        return;
    store_data(ap, r);
    apply_close(ap, CAUSE_STARTED, &stored->id);
    exec_receipt(ap, stored);
}

static void global_arrived(struct apply *ap, const struct receipt *r)
{
    struct skey k;

    if (u64_get(ap->kv, skey_global(&k, COL_GLOBAL_NONCE, &r->global)) > r->nonce)
        return; /* a later deploy was faster */
    kv_put(ap->kv, skey_global(&k, COL_GLOBAL_CODE, &r->global), r->code);
    apply_close(ap, CAUSE_RECEIPT, &r->id);
}

static void process_one(struct apply *ap, const struct receipt *r)
{
    switch (r->kind) {
    case RECEIPT_ACTION:
        action_arrived(ap, r);
        return;
    case RECEIPT_DATA:
        data_arrived(ap, r);
        return;
    case RECEIPT_YIELD:
        yield_arrived(ap, r);
        return;
    case RECEIPT_RESUME:
        resume_arrived(ap, r);
        return;
    case RECEIPT_GLOBAL:
        global_arrived(ap, r);
        return;
    }
}

/* One receipt and the instant ones that come of it. */
static void process(struct apply *ap, const struct receipt *r)
{
    process_one(ap, r);
    for (size_t i = 0; i < ap->instant.n; i++)
        process_one(ap, ap->instant.at[i]);
    ap->instant.n = 0;
}

/* Run it, or put it off when the block is full. */
static void process_or_delay(struct apply *ap, const struct receipt *r)
{
    struct buf b = BUF_INIT(RECEIPT_BYTES_MAX);

    if (ap->gas_used < ap->gas_limit) {
        process(ap, r);
        return;
    }
    receipt_store(&b, r);
    queue_push(ap->kv, COL_DELAYED, COL_DELAYED, buf_str(&b));
    buf_release(&b);
    apply_close(ap, CAUSE_DELAYED, NULL);
}

static void process_delayed(struct apply *ap)
{
    /* Those that this block puts off come after, and wait for the next one. */
    uint64_t n = queue_get(ap->kv, COL_DELAYED).next - queue_get(ap->kv, COL_DELAYED).first;

    for (; n > 0 && ap->gas_used < ap->gas_limit; n--) {
        const struct receipt *r = load_record(ap, queue_first(ap->kv, COL_DELAYED, COL_DELAYED));

        queue_pop(ap->kv, COL_DELAYED, COL_DELAYED);
        apply_close(ap, CAUSE_DELAYED, NULL);
        process(ap, r);
    }
}

/* ------------------------------------------------------------------ the block */

static void finish(struct apply *ap)
{
    struct block *b = ap->b;

    block_prove(b);
    b->post_outcome_root = merkle_full_root(&b->proofs);
    b->post_gas_used = ap->gas_used;
    b->post_burnt = ap->burnt - ap->minted;
}

void apply_block(struct apply *ap, const struct pending_tx *txs, size_t n_txs,
                 const struct receipt *const *incoming, size_t n_incoming)
{
    size_t emitted;

    for (size_t i = 0; i < n_txs; i++)
        tx_apply(ap, &txs[i]);
    emitted = ap->b->receipts.n;
    for (size_t i = 0; i < emitted; i++) {
        if (ap->b->receipts.at[i]->route == ROUTE_LOCAL)
            process_or_delay(ap, ap->b->receipts.at[i]);
    }
    process_delayed(ap);
    for (size_t i = 0; i < n_incoming; i++)
        process_or_delay(ap, incoming[i]);
    yields_expire(ap);
    finish(ap);
}
