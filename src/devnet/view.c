/* view.c — accounts, transactions, receipts and outcomes as JSON; see also view_action.c,
 * view_block.c. */
#include "devnet/view.h"

#include <stdio.h>
#include <time.h>

#include "codec/base58.h"
#include "codec/base64.h"
#include "codec/put.h"
#include "devnet/merkle.h"

#define NS_PER_S UINT64_C(1000000000)

/* ------------------------------------------------------------------ small ones */

void view_hash(struct buf *b, const struct hash256 *h)
{
    json_str_open(b);
    hash_put_base58(b, h);
    json_str_close(b);
}

void view_base64(struct buf *b, struct str bytes)
{
    json_str_open(b);
    base64_put(b, bytes.ptr, bytes.len);
    json_str_close(b);
}

void view_key(struct buf *b, struct public_key k)
{
    json_str_open(b);
    public_key_put(b, k);
    json_str_close(b);
}

void view_id(struct buf *b, const struct account_id *id)
{
    json_put_str(b, account_id_str(id));
}

void view_signature(struct buf *b, struct signature s)
{
    json_str_open(b);
    buf_addz(b, s.curve == CURVE_SECP256K1 ? "secp256k1:" : "ed25519:");
    if (s.bytes.len <= BASE58_MAX)
        base58_put(b, s.bytes.ptr, s.bytes.len);
    json_str_close(b);
}

void view_time(struct buf *b, uint64_t ns)
{
    const time_t s = (time_t)(ns / NS_PER_S);
    struct tm tm;
    char text[64];
    size_t n;

    gmtime_r(&s, &tm);
    n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + n, sizeof(text) - n, ".%09uZ", (unsigned)(ns % NS_PER_S));
    json_putz(b, text);
}

void view_member_key(struct buf *b, struct public_key k)
{
    json_key(b, "public_key");
    view_key(b, k);
}

void view_global_id(struct buf *b, const struct global_id *g)
{
    json_obj(b);
    json_key(b, g->by_account ? "AccountId" : "CodeHash");
    if (g->by_account)
        json_put_str(b, g->account_id);
    else
        view_hash(b, &g->hash);
    json_obj_end(b);
}

/* ------------------------------------------------------------------ keys and accounts */

static void call_permission(struct buf *b, const struct access_key *k)
{
    json_key(b, "allowance");
    if (k->has_allowance)
        json_put_u128_str(b, k->allowance);
    else
        json_put_null(b);
    put_str(b, "receiver_id", k->receiver_id);
    json_key(b, "method_names");
    json_arr(b);
    for (size_t i = 0; i < k->nmethods; i++)
        json_put_str(b, k->methods[i]);
    json_arr_end(b);
}

static void gas_permission(struct buf *b, const struct access_key *k)
{
    put_u128(b, "balance", k->gas_balance);
    put_u64(b, "num_nonces", k->gas_nonces);
}

static void permission(struct buf *b, const struct access_key *k)
{
    if (k->kind == PERMISSION_FULL_ACCESS) {
        json_putz(b, "FullAccess");
        return;
    }
    json_obj(b);
    switch (k->kind) {
    case PERMISSION_FULL_ACCESS:
        break;
    case PERMISSION_FUNCTION_CALL:
        json_key(b, "FunctionCall");
        json_obj(b);
        call_permission(b, k);
        json_obj_end(b);
        break;
    case PERMISSION_GAS_KEY_FUNCTION_CALL:
        json_key(b, "GasKeyFunctionCall");
        json_obj(b);
        gas_permission(b, k);
        call_permission(b, k);
        json_obj_end(b);
        break;
    case PERMISSION_GAS_KEY_FULL_ACCESS:
        json_key(b, "GasKeyFullAccess");
        json_obj(b);
        gas_permission(b, k);
        json_obj_end(b);
        break;
    }
    json_obj_end(b);
}

void view_access_key_fields(struct buf *b, const struct access_key *k)
{
    put_u64(b, "nonce", k->nonce);
    json_key(b, "permission");
    permission(b, k);
}

void view_access_key(struct buf *b, const struct access_key *k)
{
    json_obj(b);
    view_access_key_fields(b, k);
    json_obj_end(b);
}

void view_account_fields(struct buf *b, const struct account *a)
{
    static const struct hash256 none;

    put_u128(b, "amount", a->amount);
    put_u128(b, "locked", a->locked);
    json_key(b, "code_hash");
    view_hash(b, a->code == CODE_LOCAL ? &a->code_hash : &none);
    put_u64(b, "storage_usage", a->storage_usage);
    put_u64(b, "storage_paid_at", 0);
    if (a->code == CODE_GLOBAL_HASH) {
        json_key(b, "global_contract_hash");
        view_hash(b, &a->code_hash);
    } else if (a->code == CODE_GLOBAL_ACCOUNT) {
        json_key(b, "global_contract_account_id");
        view_id(b, &a->code_account);
    }
}

/* ------------------------------------------------------------------ transactions and receipts */

void view_signed_tx(struct buf *b, const struct signed_tx *t)
{
    json_obj(b);
    put_str(b, "signer_id", t->tx.signer_id);
    view_member_key(b, t->tx.key);
    put_u64(b, "nonce", t->tx.nonce.nonce);
    put_str(b, "receiver_id", t->tx.receiver_id);
    json_key(b, "actions");
    view_actions(b, t->tx.actions, t->tx.nactions);
    put_u64(b, "priority_fee", 0);
    if (t->tx.nonce.has_index)
        put_u64(b, "nonce_index", t->tx.nonce.index);
    if (t->tx.strict_nonce) {
        put_z(b, "nonce_mode", "strict");
    }
    json_key(b, "signature");
    view_signature(b, t->signature);
    json_key(b, "hash");
    view_hash(b, &t->hash);
    json_obj_end(b);
}

static void action_receipt(struct buf *b, const struct receipt *r)
{
    json_key(b, "Action");
    json_obj(b);
    json_key(b, "signer_id");
    view_id(b, &r->signer);
    json_key(b, "signer_public_key");
    view_key(b, r->signer_key);
    put_u128(b, "gas_price", r->gas_price);
    json_key(b, "output_data_receivers");
    json_arr(b);
    for (size_t i = 0; i < r->n_outputs; i++) {
        json_obj(b);
        json_key(b, "data_id");
        view_hash(b, &r->outputs[i].data_id);
        json_key(b, "receiver_id");
        view_id(b, &r->outputs[i].receiver_id);
        json_obj_end(b);
    }
    json_arr_end(b);
    json_key(b, "input_data_ids");
    json_arr(b);
    for (size_t i = 0; i < r->n_inputs; i++)
        view_hash(b, &r->inputs[i]);
    json_arr_end(b);
    json_key(b, "actions");
    view_actions(b, r->actions, r->n_actions);
    put_bool(b, "is_promise_yield", r->kind == RECEIPT_YIELD);
    if (r->has_refund_to) {
        json_key(b, "refund_to");
        view_id(b, &r->refund_to);
    }
    json_obj_end(b);
}

static void data_receipt(struct buf *b, const struct receipt *r)
{
    json_key(b, "Data");
    json_obj(b);
    json_key(b, "data_id");
    view_hash(b, &r->data_id);
    json_key(b, "data");
    if (r->has_data)
        view_base64(b, r->data);
    else
        json_put_null(b);
    put_bool(b, "is_promise_resume", r->kind == RECEIPT_RESUME);
    json_obj_end(b);
}

static void global_receipt(struct buf *b, const struct receipt *r)
{
    json_key(b, "GlobalContractDistribution");
    json_obj(b);
    json_key(b, "id");
    view_global_id(b, &r->global);
    put_u64(b, "target_shard", 0);
    json_key(b, "already_delivered_shards");
    json_arr(b);
    json_arr_end(b);
    json_key(b, "code");
    view_base64(b, r->code);
    put_u64(b, "nonce", r->nonce);
    json_obj_end(b);
}

void view_receipt(struct buf *b, const struct receipt *r)
{
    json_obj(b);
    json_key(b, "predecessor_id");
    view_id(b, &r->predecessor);
    json_key(b, "receiver_id");
    view_id(b, &r->receiver);
    json_key(b, "receipt_id");
    view_hash(b, &r->id);
    json_key(b, "receipt");
    json_obj(b);
    switch (r->kind) {
    case RECEIPT_ACTION:
    case RECEIPT_YIELD:
        action_receipt(b, r);
        break;
    case RECEIPT_DATA:
    case RECEIPT_RESUME:
        data_receipt(b, r);
        break;
    case RECEIPT_GLOBAL:
        global_receipt(b, r);
        break;
    }
    json_obj_end(b);
    put_u64(b, "priority", 0);
    json_obj_end(b);
}

/* ------------------------------------------------------------------ outcomes */

static void outcome_status(struct buf *b, const struct outcome *o)
{
    switch (o->status) {
    case STATUS_UNKNOWN:
        json_putz(b, "Unknown");
        return;
    case STATUS_FAILURE:
        json_obj(b);
        put_raw(b, "Failure", o->failure);
        break;
    case STATUS_VALUE:
        json_obj(b);
        json_key(b, "SuccessValue");
        view_base64(b, o->value);
        break;
    case STATUS_RECEIPT:
        json_obj(b);
        json_key(b, "SuccessReceiptId");
        view_hash(b, &o->receipt_id);
        break;
    }
    json_obj_end(b);
}

static void contract(struct buf *b, const struct contract_ref *c)
{
    switch (c->kind) {
    case CODE_LOCAL:
    case CODE_GLOBAL_HASH:
        json_obj(b);
        json_key(b, c->kind == CODE_LOCAL ? "local" : "global_hash");
        view_hash(b, &c->hash);
        json_obj_end(b);
        break;
    case CODE_GLOBAL_ACCOUNT:
        json_obj(b);
        json_key(b, "global_account_id");
        view_id(b, &c->account);
        json_obj_end(b);
        break;
    default:
        json_put_null(b);
    }
}

static void metadata(struct buf *b, const struct outcome *o)
{
    json_obj(b);
    put_u64(b, "version", o->metadata_version);
    json_key(b, "gas_profile");
    if (o->metadata_version < 2) {
        json_put_null(b);
    } else {
        json_arr(b);
        for (size_t i = 0; i < o->n_profile; i++) {
            json_obj(b);
            put_z(b, "cost_category", cost_category(&o->profile[i]));
            json_key(b, "cost");
            json_str_open(b);
            cost_put_name(b, &o->profile[i]);
            json_str_close(b);
            put_u128(b, "gas_used", o->profile[i].gas);
            json_obj_end(b);
        }
        json_arr_end(b);
    }
    if (o->metadata_version >= 4) {
        json_key(b, "contracts");
        json_arr(b);
        for (size_t i = 0; i < o->n_contracts; i++)
            contract(b, &o->contracts[i]);
        json_arr_end(b);
    }
    json_obj_end(b);
}

void view_path(struct buf *b, const struct merkle_step *path, size_t n)
{
    json_arr(b);
    for (size_t i = 0; i < n; i++) {
        json_obj(b);
        json_key(b, "hash");
        view_hash(b, &path[i].hash);
        put_z(b, "direction", path[i].left ? "Left" : "Right");
        json_obj_end(b);
    }
    json_arr_end(b);
}

static void proof(struct buf *b, struct arena *a, const struct block *block, size_t at)
{
    size_t steps;
    const struct merkle_step *path = merkle_full_path(a, &block->proofs, at, &steps);

    view_path(b, path, steps);
}

void view_outcome(struct buf *b, struct arena *a, const struct block *block, size_t at)
{
    view_outcome_in(b, a, block, at, &block->hash);
}

void view_outcome_in(struct buf *b, struct arena *a, const struct block *block, size_t at,
                     const struct hash256 *block_hash)
{
    const struct outcome *o = &block->outcomes.at[at];

    json_obj(b);
    json_key(b, "proof");
    proof(b, a, block, at);
    json_key(b, "block_hash");
    view_hash(b, block_hash);
    json_key(b, "id");
    view_hash(b, &o->id);
    json_key(b, "outcome");
    json_obj(b);
    json_key(b, "logs");
    json_arr(b);
    for (size_t i = 0; i < o->n_logs; i++)
        json_put_str(b, o->logs[i]);
    json_arr_end(b);
    json_key(b, "receipt_ids");
    json_arr(b);
    for (size_t i = 0; i < o->n_receipt_ids; i++)
        view_hash(b, &o->receipt_ids[i]);
    json_arr_end(b);
    put_u64(b, "gas_burnt", o->gas_burnt);
    put_u128(b, "tokens_burnt", o->tokens_burnt);
    json_key(b, "executor_id");
    view_id(b, &o->executor);
    json_key(b, "status");
    outcome_status(b, o);
    json_key(b, "metadata");
    metadata(b, o);
    json_obj_end(b);
    json_obj_end(b);
}
