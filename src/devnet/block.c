/* block.c — header hashes, and blocks as they are stored. See block.h. */
#include "devnet/block.h"

#include <string.h>

#include "base/mem.h"

#define BLOCK_FORMAT     1
#define BLOCK_ITEMS_MAX  (1u << 22) /* of any list in a stored block */
#define OUTCOME_TEXT_MAX (16u << 20)

void *list_room(struct arena *a, void *at, size_t n, size_t *cap, size_t size)
{
    void *more;

    if (n < *cap)
        return at;
    *cap = *cap ? *cap * 2 : 4;
    more = arena_alloc_n(a, *cap, size);
    if (n)
        memcpy(more, at, n * size);
    return more;
}

struct block *block_new(void)
{
    return mem_new(struct block);
}

void block_free(struct block *b)
{
    if (!b)
        return;
    kv_sealed_release(&b->sealed);
    arena_release(&b->arena);
    mem_free(b);
}

void block_prove(struct block *b)
{
    struct hash256 *leaves = mem_new_n(struct hash256, b->outcomes.n);

    for (size_t i = 0; i < b->outcomes.n; i++)
        leaves[i] = outcome_leaf(&b->outcomes.at[i]);
    b->proofs = merkle_full(&b->arena, leaves, b->outcomes.n);
    mem_free(leaves);
}

size_t block_find_outcome(const struct block *b, const struct hash256 *id)
{
    size_t i = 0;

    while (i < b->outcomes.n && !hash_eq(&b->outcomes.at[i].id, id))
        i++;
    return i;
}

/* ------------------------------------------------------------------ writing pieces */

static void put_hash(struct buf *b, const struct hash256 *h)
{
    buf_add(b, h->b, sizeof(h->b));
}

static struct hash256 get_hash(struct rd *r)
{
    struct hash256 h;

    rd_copy(r, h.b, sizeof(h.b));
    return h;
}

static void put_id(struct buf *b, const struct account_id *id)
{
    wr_bytes(b, account_id_str(id));
}

static struct account_id get_id(struct rd *r)
{
    const struct str s = rd_text(r, ACCOUNT_ID_MAX);

    return account_id_of(r->bad ? STR_NONE : s);
}

/* ------------------------------------------------------------------ header */

void block_inner_lite(const struct block *b, struct buf *out)
{
    wr_u64(out, b->height);
    put_hash(out, &b->epoch_id);
    put_hash(out, &b->next_epoch_id);
    put_hash(out, &b->prev_state_root);
    put_hash(out, &b->outcome_root);
    wr_u64(out, b->timestamp);
    put_hash(out, &b->next_bp_hash);
    put_hash(out, &b->block_merkle_root);
}

static void put_chunk(struct buf *out, const struct chunk_header *c)
{
    put_hash(out, &c->prev_block_hash);
    put_hash(out, &c->outcome_root);
    put_hash(out, &c->prev_state_root);
    put_hash(out, &c->encoded_merkle_root);
    put_hash(out, &c->outgoing_receipts_root);
    put_hash(out, &c->tx_root);
    wr_u64(out, c->encoded_length);
    wr_u64(out, c->height);
    wr_u64(out, c->gas_used);
    wr_u128(out, c->balance_burnt);
}

static void get_chunk(struct rd *r, struct chunk_header *c)
{
    c->prev_block_hash = get_hash(r);
    c->outcome_root = get_hash(r);
    c->prev_state_root = get_hash(r);
    c->encoded_merkle_root = get_hash(r);
    c->outgoing_receipts_root = get_hash(r);
    c->tx_root = get_hash(r);
    c->encoded_length = rd_u64(r);
    c->height = rd_u64(r);
    c->gas_used = rd_u64(r);
    c->balance_burnt = rd_u128(r);
}

/* What light clients take on trust: the rest of the header. */
static void put_inner_rest(struct buf *out, const struct block *b)
{
    put_hash(out, &b->chunk.hash);
    put_hash(out, &b->random_value);
    put_hash(out, &b->last_final);
    wr_u128(out, b->gas_price);
    wr_u128(out, b->total_supply);
    wr_u64(out, b->prev_height);
    wr_u64(out, b->ordinal);
    wr_u32(out, b->protocol);
}

static struct hash256 tx_root(const struct block *b)
{
    struct hash256 *leaves = mem_new_n(struct hash256, b->txs.n), root;

    for (size_t i = 0; i < b->txs.n; i++)
        leaves[i] = b->txs.at[i].hash;
    root = merkle_root(leaves, b->txs.n);
    mem_free(leaves);
    return root;
}

void block_seal_header(struct block *b, const struct ed25519_key *validator)
{
    struct buf bytes = BUF_INIT(4096);
    const struct hash256 chunk_root = sha256(str_from(b->chunk.outcome_root.b, 32));
    struct hash256 h;

    b->chunk.height = b->height;
    b->chunk.prev_block_hash = b->prev_hash;
    b->chunk.tx_root = tx_root(b);
    b->chunk.encoded_length = 8;
    b->outcome_root = merkle_root(&chunk_root, 1);
    put_chunk(&bytes, &b->chunk);
    b->chunk.hash = sha256(buf_str(&bytes));
    buf_clear(&bytes);
    put_inner_rest(&bytes, b);
    b->inner_rest_hash = sha256(buf_str(&bytes));
    buf_clear(&bytes);
    block_inner_lite(b, &bytes);
    h = sha256(buf_str(&bytes));
    h = merkle_combine(&h, &b->inner_rest_hash);
    b->hash = merkle_combine(&h, &b->prev_hash);
    buf_release(&bytes);
    b->signature = ed25519_sign(validator, str_from(b->hash.b, 32));
    b->chunk_signature = ed25519_sign(validator, str_from(b->chunk.hash.b, 32));
}

/* ------------------------------------------------------------------ outcomes */

const char *cost_category(const struct cost_gas *c)
{
    return c->kind == COST_ACTION ? "ACTION_COST" : "WASM_HOST_COST";
}

void cost_put_name(struct buf *out, const struct cost_gas *c)
{
    switch (c->kind) {
    case COST_ACTION:
        buf_addz(out, action_cost_name((enum action_cost)c->index));
        break;
    case COST_HOST:
        buf_addz(out, ext_cost_name((enum ext_cost)c->index));
        break;
    case COST_WASM:
        buf_addz(out, "WASM_INSTRUCTION");
        break;
    }
}

static void put_outcome(struct buf *b, const struct outcome *o)
{
    put_hash(b, &o->id);
    wr_u8(b, o->is_tx);
    wr_u32(b, o->index);
    put_id(b, &o->executor);
    wr_u32(b, (uint32_t)o->n_logs);
    for (size_t i = 0; i < o->n_logs; i++)
        wr_bytes(b, o->logs[i]);
    wr_u32(b, (uint32_t)o->n_receipt_ids);
    for (size_t i = 0; i < o->n_receipt_ids; i++)
        put_hash(b, &o->receipt_ids[i]);
    wr_u64(b, o->gas_burnt);
    wr_u128(b, o->tokens_burnt);
    wr_u8(b, (uint8_t)o->status);
    wr_bytes(b, o->status == STATUS_FAILURE ? o->failure : o->value);
    put_hash(b, &o->receipt_id);
    wr_u8(b, o->metadata_version);
    wr_u32(b, (uint32_t)o->n_profile);
    for (size_t i = 0; i < o->n_profile; i++) {
        wr_u8(b, (uint8_t)o->profile[i].kind);
        wr_u8(b, o->profile[i].index);
        wr_u64(b, o->profile[i].gas);
    }
    wr_u32(b, (uint32_t)o->n_contracts);
    for (size_t i = 0; i < o->n_contracts; i++) {
        wr_u8(b, o->contracts[i].kind);
        put_hash(b, &o->contracts[i].hash);
        put_id(b, &o->contracts[i].account);
    }
}

/* A count of items that take `least` bytes each at least, 0 when the reader is bad. */
static size_t get_count(struct rd *r, size_t least)
{
    const uint32_t n = rd_count(r, BLOCK_ITEMS_MAX);

    if (n > rd_left(r) / least)
        rd_fail(r);
    return r->bad ? 0 : n;
}

static void get_outcome(struct rd *r, struct arena *a, struct outcome *o)
{
    uint8_t status;
    struct str text;

    o->id = get_hash(r);
    o->is_tx = rd_bool(r);
    o->index = rd_u32(r);
    o->executor = get_id(r);
    o->n_logs = get_count(r, 4);
    o->logs = arena_new_n(a, struct str, o->n_logs);
    for (size_t i = 0; i < o->n_logs; i++)
        o->logs[i] = rd_bytes(r, OUTCOME_TEXT_MAX);
    o->n_receipt_ids = get_count(r, 32);
    o->receipt_ids = arena_new_n(a, struct hash256, o->n_receipt_ids);
    for (size_t i = 0; i < o->n_receipt_ids; i++)
        o->receipt_ids[i] = get_hash(r);
    o->gas_burnt = rd_u64(r);
    o->tokens_burnt = rd_u128(r);
    status = rd_u8(r);
    if (status > STATUS_RECEIPT)
        rd_fail(r);
    o->status = r->bad ? STATUS_UNKNOWN : (enum status)status;
    text = rd_bytes(r, OUTCOME_TEXT_MAX);
    if (o->status == STATUS_FAILURE)
        o->failure = text;
    else
        o->value = text;
    o->receipt_id = get_hash(r);
    o->metadata_version = rd_u8(r);
    o->n_profile = get_count(r, 10);
    o->profile = arena_new_n(a, struct cost_gas, o->n_profile);
    for (size_t i = 0; i < o->n_profile; i++) {
        const uint8_t kind = rd_u8(r);

        if (kind > COST_WASM)
            rd_fail(r);
        o->profile[i].kind = r->bad ? COST_WASM : (enum cost_kind)kind;
        o->profile[i].index = rd_u8(r);
        o->profile[i].gas = rd_u64(r);
    }
    o->n_contracts = get_count(r, 37);
    o->contracts = arena_new_n(a, struct contract_ref, o->n_contracts);
    for (size_t i = 0; i < o->n_contracts; i++) {
        o->contracts[i].kind = rd_u8(r);
        o->contracts[i].hash = get_hash(r);
        o->contracts[i].account = get_id(r);
    }
}

/* ------------------------------------------------------------------ all of it */

static void put_header(struct buf *b, const struct block *x)
{
    wr_u64(b, x->height);
    wr_u64(b, x->prev_height);
    wr_u64(b, x->ordinal);
    put_hash(b, &x->hash);
    put_hash(b, &x->prev_hash);
    put_hash(b, &x->epoch_id);
    put_hash(b, &x->next_epoch_id);
    put_hash(b, &x->prev_state_root);
    put_hash(b, &x->outcome_root);
    put_hash(b, &x->next_bp_hash);
    put_hash(b, &x->block_merkle_root);
    put_hash(b, &x->inner_rest_hash);
    put_hash(b, &x->random_value);
    put_hash(b, &x->last_final);
    wr_u64(b, x->timestamp);
    wr_u64(b, x->epoch_height);
    wr_u64(b, x->epoch_start);
    wr_u32(b, x->protocol);
    wr_u128(b, x->gas_price);
    wr_u128(b, x->total_supply);
    put_chunk(b, &x->chunk);
    put_hash(b, &x->chunk.hash);
    buf_add(b, x->signature.b, sizeof(x->signature.b));
    buf_add(b, x->chunk_signature.b, sizeof(x->chunk_signature.b));
    put_hash(b, &x->post_state_root);
    put_hash(b, &x->post_outcome_root);
    wr_u64(b, x->post_gas_used);
    wr_u128(b, x->post_burnt);
}

static void get_header(struct rd *r, struct block *x)
{
    x->height = rd_u64(r);
    x->prev_height = rd_u64(r);
    x->ordinal = rd_u64(r);
    x->hash = get_hash(r);
    x->prev_hash = get_hash(r);
    x->epoch_id = get_hash(r);
    x->next_epoch_id = get_hash(r);
    x->prev_state_root = get_hash(r);
    x->outcome_root = get_hash(r);
    x->next_bp_hash = get_hash(r);
    x->block_merkle_root = get_hash(r);
    x->inner_rest_hash = get_hash(r);
    x->random_value = get_hash(r);
    x->last_final = get_hash(r);
    x->timestamp = rd_u64(r);
    x->epoch_height = rd_u64(r);
    x->epoch_start = rd_u64(r);
    x->protocol = rd_u32(r);
    x->gas_price = rd_u128(r);
    x->total_supply = rd_u128(r);
    get_chunk(r, &x->chunk);
    x->chunk.hash = get_hash(r);
    rd_copy(r, x->signature.b, sizeof(x->signature.b));
    rd_copy(r, x->chunk_signature.b, sizeof(x->chunk_signature.b));
    x->post_state_root = get_hash(r);
    x->post_outcome_root = get_hash(r);
    x->post_gas_used = rd_u64(r);
    x->post_burnt = rd_u128(r);
}

void block_store(const struct block *x, struct buf *b)
{
    wr_u8(b, BLOCK_FORMAT);
    put_header(b, x);
    wr_u32(b, (uint32_t)x->tx_bytes.n);
    for (size_t i = 0; i < x->tx_bytes.n; i++)
        wr_bytes(b, x->tx_bytes.at[i]);
    wr_u32(b, (uint32_t)x->receipts.n);
    for (size_t i = 0; i < x->receipts.n; i++)
        receipt_store(b, x->receipts.at[i]);
    wr_u32(b, (uint32_t)x->outcomes.n);
    for (size_t i = 0; i < x->outcomes.n; i++)
        put_outcome(b, &x->outcomes.at[i]);
    wr_u32(b, (uint32_t)x->changes.n);
    for (size_t i = 0; i < x->changes.n; i++) {
        const struct change *c = &x->changes.at[i];

        wr_bytes(b, c->key);
        wr_u8(b, c->value.ptr != NULL);
        if (c->value.ptr)
            wr_bytes(b, c->value);
        wr_u8(b, (uint8_t)c->cause.kind);
        put_hash(b, &c->cause.hash);
    }
}

static void get_change(struct rd *r, struct change *c)
{
    uint8_t kind;

    c->key = rd_bytes(r, KV_KEY_MAX);
    if (rd_bool(r))
        c->value = rd_bytes(r, KV_VALUE_MAX);
    kind = rd_u8(r);
    if (kind > CAUSE_MIGRATION)
        rd_fail(r);
    else
        c->cause.kind = (enum cause_kind)kind;
    c->cause.hash = get_hash(r);
}

static void get_body(struct rd *r, struct block *x)
{
    struct arena *a = &x->arena;
    size_t n = get_count(r, 4);

    for (size_t i = 0; i < n && !r->bad; i++) {
        const struct str bytes = rd_bytes(r, SIGNED_TX_MAX);

        if (r->bad || signed_tx_read(bytes, a, list_add(a, &x->txs), NULL) != ERR_OK)
            rd_fail(r);
        *list_add(a, &x->tx_bytes) = bytes;
    }
    n = get_count(r, 32);
    for (size_t i = 0; i < n && !r->bad; i++)
        *list_add(a, &x->receipts) = receipt_load(r, a);
    n = get_count(r, 32);
    for (size_t i = 0; i < n && !r->bad; i++)
        get_outcome(r, a, list_add(a, &x->outcomes));
    n = get_count(r, 32);
    for (size_t i = 0; i < n && !r->bad; i++)
        get_change(r, list_add(a, &x->changes));
}

enum err block_load(struct str bytes, struct block **out, struct buf *why)
{
    struct block *x = block_new();
    struct rd r = rd_over(arena_str(&x->arena, bytes));

    if (rd_u8(&r) != BLOCK_FORMAT)
        rd_fail(&r);
    get_header(&r, x);
    get_body(&r, x);
    if (!rd_end(&r)) {
        block_free(x);
        return err_put(why, ERR_FORMAT, "a stored block is damaged at byte %zu", r.at);
    }
    x->bytes = bytes.len * 3;
    *out = x;
    return ERR_OK;
}
