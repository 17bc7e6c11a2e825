/* receipt.c — see receipt.h. */
#include "devnet/receipt.h"

#include <string.h>

#define TAG_ACTION_V2 5
#define TAG_YIELD_V2  6

struct account_id account_id_of(struct str s)
{
    struct account_id id;

    /* Not account_id_parse(): `system` and ids from older rules pass through here too. */
    BUG_ON(s.len > ACCOUNT_ID_MAX);
    memset(&id, 0, sizeof(id));
    id.len = (uint8_t)s.len;
    if (s.len)
        memcpy(id.s, s.ptr, s.len);
    return id;
}

static struct account_id read_id(struct rd *r)
{
    struct str s = rd_text(r, ACCOUNT_ID_MAX);

    return account_id_of(r->bad ? STR_NONE : s);
}

static void write_id(struct buf *b, const struct account_id *id)
{
    wr_bytes(b, account_id_str(id));
}

static void write_hash(struct buf *b, const struct hash256 *h)
{
    buf_add(b, h->b, sizeof(h->b));
}

static struct hash256 read_hash(struct rd *r)
{
    struct hash256 h;

    rd_copy(r, h.b, sizeof(h.b));
    return h;
}

/* ------------------------------------------------------------------ writing */

static void write_action_receipt(struct buf *b, const struct receipt *r)
{
    write_id(b, &r->signer);
    if (r->v2) {
        wr_u8(b, r->has_refund_to);
        if (r->has_refund_to)
            write_id(b, &r->refund_to);
    }
    public_key_write(b, r->signer_key);
    wr_u128(b, r->gas_price);
    wr_u32(b, (uint32_t)r->n_outputs);
    for (size_t i = 0; i < r->n_outputs; i++) {
        write_hash(b, &r->outputs[i].data_id);
        write_id(b, &r->outputs[i].receiver_id);
    }
    wr_u32(b, (uint32_t)r->n_inputs);
    for (size_t i = 0; i < r->n_inputs; i++)
        write_hash(b, &r->inputs[i]);
    actions_write(b, r->actions, r->n_actions);
}

static void write_global(struct buf *b, const struct receipt *r)
{
    wr_u8(b, 1);
    wr_u8(b, r->global.by_account);
    if (r->global.by_account)
        wr_bytes(b, r->global.account_id);
    else
        write_hash(b, &r->global.hash);
    wr_u64(b, 0); /* target shard */
    wr_u32(b, 0); /* shards that have it */
    wr_bytes(b, r->code);
    wr_u64(b, r->nonce);
}

void receipt_write(struct buf *b, const struct receipt *r)
{
    write_id(b, &r->predecessor);
    write_id(b, &r->receiver);
    write_hash(b, &r->id);
    switch (r->kind) {
    case RECEIPT_ACTION:
        wr_u8(b, r->v2 ? TAG_ACTION_V2 : RECEIPT_ACTION);
        write_action_receipt(b, r);
        break;
    case RECEIPT_YIELD:
        wr_u8(b, r->v2 ? TAG_YIELD_V2 : RECEIPT_YIELD);
        write_action_receipt(b, r);
        break;
    case RECEIPT_DATA:
    case RECEIPT_RESUME:
        wr_u8(b, (uint8_t)r->kind);
        write_hash(b, &r->data_id);
        wr_u8(b, r->has_data);
        if (r->has_data)
            wr_bytes(b, r->data);
        break;
    case RECEIPT_GLOBAL:
        wr_u8(b, RECEIPT_GLOBAL);
        write_global(b, r);
        break;
    }
}

void receipt_store(struct buf *b, const struct receipt *r)
{
    wr_u8(b, (uint8_t)r->route);
    write_hash(b, &r->tx_hash);
    receipt_write(b, r);
}

/* ------------------------------------------------------------------ reading */

static void read_action_receipt(struct rd *rd, struct arena *a, struct receipt *r)
{
    r->signer = read_id(rd);
    if (r->v2) {
        r->has_refund_to = rd_bool(rd);
        if (r->has_refund_to)
            r->refund_to = read_id(rd);
    }
    r->signer_key = public_key_read(rd);
    r->gas_price = rd_u128(rd);
    r->n_outputs = rd_count(rd, (uint32_t)(rd_left(rd) / sizeof(struct hash256)));
    if (rd->bad)
        return;
    r->outputs = arena_new_n(a, struct data_receiver, r->n_outputs);
    for (size_t i = 0; i < r->n_outputs; i++) {
        r->outputs[i].data_id = read_hash(rd);
        r->outputs[i].receiver_id = read_id(rd);
    }
    r->n_inputs = rd_count(rd, (uint32_t)(rd_left(rd) / sizeof(struct hash256)));
    if (rd->bad)
        return;
    r->inputs = arena_new_n(a, struct hash256, r->n_inputs);
    for (size_t i = 0; i < r->n_inputs; i++)
        r->inputs[i] = read_hash(rd);
    r->actions = actions_read(rd, a, &r->n_actions);
}

static void read_global(struct rd *rd, struct receipt *r)
{
    if (rd_u8(rd) != 1)
        rd_fail(rd);
    r->global.by_account = rd_bool(rd);
    if (r->global.by_account)
        r->global.account_id = account_id_read(rd);
    else
        r->global.hash = read_hash(rd);
    (void)rd_u64(rd);
    if (rd_u32(rd) != 0)
        rd_fail(rd);
    r->code = rd_bytes(rd, RECEIPT_BYTES_MAX);
    r->nonce = rd_u64(rd);
}

struct receipt *receipt_load(struct rd *rd, struct arena *a)
{
    struct receipt *r = arena_new(a, struct receipt);
    uint8_t route = rd_u8(rd), tag;

    if (route > ROUTE_INSTANT)
        rd_fail(rd);
    r->route = (enum receipt_route)route;
    r->tx_hash = read_hash(rd);
    r->predecessor = read_id(rd);
    r->receiver = read_id(rd);
    r->id = read_hash(rd);
    tag = rd_u8(rd);
    r->v2 = tag == TAG_ACTION_V2 || tag == TAG_YIELD_V2;
    switch (tag) {
    case RECEIPT_ACTION:
    case TAG_ACTION_V2:
        r->kind = RECEIPT_ACTION;
        read_action_receipt(rd, a, r);
        break;
    case RECEIPT_YIELD:
    case TAG_YIELD_V2:
        r->kind = RECEIPT_YIELD;
        read_action_receipt(rd, a, r);
        break;
    case RECEIPT_DATA:
    case RECEIPT_RESUME:
        r->kind = (enum receipt_kind)tag;
        r->data_id = read_hash(rd);
        r->has_data = rd_bool(rd);
        if (r->has_data)
            r->data = rd_bytes(rd, RECEIPT_BYTES_MAX);
        break;
    case RECEIPT_GLOBAL:
        r->kind = RECEIPT_GLOBAL;
        read_global(rd, r);
        break;
    default:
        rd_fail(rd);
    }
    return r;
}
