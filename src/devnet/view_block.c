/* view_block.c — blocks, chunks and state changes as JSON. */
#include "devnet/view.h"

#include "codec/put.h"

static void member_hash(struct buf *b, const char *name, const struct hash256 *h)
{
    json_key(b, name);
    view_hash(b, h);
}

static void member_empty(struct buf *b, const char *name)
{
    json_key(b, name);
    json_arr(b);
    json_arr_end(b);
}

static void signature(struct buf *b, const struct ed25519_sig *s)
{
    json_str_open(b);
    ed25519_sig_put(b, s);
    json_str_close(b);
}

void view_chunk_header(struct buf *b, const struct block *x)
{
    const struct chunk_header *c = &x->chunk;

    json_obj(b);
    member_hash(b, "chunk_hash", &c->hash);
    member_hash(b, "prev_block_hash", &c->prev_block_hash);
    member_hash(b, "outcome_root", &c->outcome_root);
    member_hash(b, "prev_state_root", &c->prev_state_root);
    member_hash(b, "encoded_merkle_root", &c->encoded_merkle_root);
    put_u64(b, "encoded_length", c->encoded_length);
    put_u64(b, "height_created", c->height);
    put_u64(b, "height_included", c->height);
    put_u64(b, "shard_id", 0);
    put_u64(b, "gas_used", c->gas_used);
    put_u64(b, "gas_limit", GAS_LIMIT_DEFAULT);
    put_u128(b, "rent_paid", 0);
    put_u128(b, "validator_reward", 0);
    put_u128(b, "balance_burnt", c->balance_burnt);
    member_hash(b, "outgoing_receipts_root", &c->outgoing_receipts_root);
    member_hash(b, "tx_root", &c->tx_root);
    member_empty(b, "validator_proposals");
    put_raw(b, "congestion_info",
            STR("{\"delayed_receipts_gas\":\"0\",\"buffered_receipts_gas\":\"0\","
                "\"receipt_bytes\":0,\"allowed_shard\":0}"));
    put_raw(b, "bandwidth_requests", STR("{\"V1\":{\"requests\":[]}}"));
    if (x->protocol >= 85)
        put_null(b, "proposed_split");
    json_key(b, "signature");
    signature(b, &x->chunk_signature);
    json_obj_end(b);
}

static void header(struct buf *b, const struct block *x)
{
    static const struct hash256 zero;
    const struct hash256 body = sha256(str_from(x->chunk.hash.b, 32));

    json_obj(b);
    put_u64(b, "height", x->height);
    json_key(b, "prev_height");
    if (x->height == 0)
        json_put_null(b);
    else
        json_put_u64(b, x->prev_height);
    member_hash(b, "epoch_id", &x->epoch_id);
    member_hash(b, "next_epoch_id", &x->next_epoch_id);
    member_hash(b, "hash", &x->hash);
    member_hash(b, "prev_hash", &x->prev_hash);
    member_hash(b, "prev_state_root", &x->prev_state_root);
    member_hash(b, "block_body_hash", &body);
    member_hash(b, "chunk_receipts_root", &x->chunk.outgoing_receipts_root);
    member_hash(b, "chunk_headers_root", &x->chunk.hash);
    member_hash(b, "chunk_tx_root", &x->chunk.tx_root);
    member_hash(b, "outcome_root", &x->outcome_root);
    put_u64(b, "chunks_included", 1);
    member_hash(b, "challenges_root", &zero);
    put_u64(b, "timestamp", x->timestamp);
    put_u128(b, "timestamp_nanosec", x->timestamp);
    member_hash(b, "random_value", &x->random_value);
    member_empty(b, "validator_proposals");
    put_raw(b, "chunk_mask", STR("[true]"));
    put_u128(b, "gas_price", x->gas_price);
    put_u64(b, "block_ordinal", x->ordinal);
    put_u128(b, "rent_paid", 0);
    put_u128(b, "validator_reward", 0);
    put_u128(b, "total_supply", x->total_supply);
    member_empty(b, "challenges_result");
    member_hash(b, "last_final_block", &x->last_final);
    member_hash(b, "last_ds_final_block", &x->last_final);
    member_hash(b, "next_bp_hash", &x->next_bp_hash);
    member_hash(b, "block_merkle_root", &x->block_merkle_root);
    put_null(b, "epoch_sync_data_hash");
    json_key(b, "approvals");
    json_arr(b);
    signature(b, &x->signature);
    json_arr_end(b);
    json_key(b, "signature");
    signature(b, &x->signature);
    put_u64(b, "latest_protocol_version", x->protocol);
    put_raw(b, "chunk_endorsements", STR("[[1]]"));
    if (x->protocol >= 85)
        put_null(b, "shard_split");
    json_obj_end(b);
}

void view_block(struct buf *b, const struct block *x)
{
    json_obj(b);
    put_z(b, "author", VALIDATOR_ACCOUNT);
    json_key(b, "header");
    header(b, x);
    json_key(b, "chunks");
    json_arr(b);
    view_chunk_header(b, x);
    json_arr_end(b);
    json_obj_end(b);
}

void view_chunk_receipts(struct buf *b, struct reader *r, const struct block *x, bool local)
{
    const struct block *prev = x->height > 0 ? reader_at(r, x->prev_height) : NULL;

    json_arr(b);
    for (size_t i = 0; local && i < x->receipts.n; i++)
        if (x->receipts.at[i]->route != ROUTE_OUT)
            view_receipt(b, x->receipts.at[i]);
    for (size_t i = 0; prev && i < prev->receipts.n; i++)
        if (prev->receipts.at[i]->route == ROUTE_OUT)
            view_receipt(b, prev->receipts.at[i]);
    json_arr_end(b);
}

/* ------------------------------------------------------------------ state changes */

static void cause(struct buf *b, const struct cause *c)
{
    static const struct {
        const char *type, *member;
    } names[] = {
        [CAUSE_NOT_WRITABLE] = {"not_writable_to_disk", NULL},
        [CAUSE_INITIAL] = {"initial_state", NULL},
        [CAUSE_TX] = {"transaction_processing", "tx_hash"},
        [CAUSE_STARTED] = {"action_receipt_processing_started", "receipt_hash"},
        [CAUSE_REWARD] = {"action_receipt_gas_reward", "receipt_hash"},
        [CAUSE_RECEIPT] = {"receipt_processing", "receipt_hash"},
        [CAUSE_POSTPONED] = {"postponed_receipt", "receipt_hash"},
        [CAUSE_DELAYED] = {"updated_delayed_receipts", NULL},
        [CAUSE_MIGRATION] = {"migration", NULL},
    };

    json_obj(b);
    put_z(b, "type", names[c->kind].type);
    if (names[c->kind].member)
        member_hash(b, names[c->kind].member, &c->hash);
    json_obj_end(b);
}

static void member_account(struct buf *b, struct str id)
{
    put_str(b, "account_id", id);
}

static void account_change(struct buf *b, const struct change *c)
{
    struct account a;

    json_putz(b, c->value.ptr ? "account_update" : "account_deletion");
    json_key(b, "change");
    json_obj(b);
    member_account(b, str_skip(c->key, 1));
    if (c->value.ptr && account_parse(c->value, &a))
        view_account_fields(b, &a);
    json_obj_end(b);
}

static void code_change(struct buf *b, const struct change *c)
{
    json_putz(b, c->value.ptr ? "contract_code_update" : "contract_code_deletion");
    json_key(b, "change");
    json_obj(b);
    member_account(b, str_skip(c->key, 1));
    if (c->value.ptr) {
        json_key(b, "code_base64");
        view_base64(b, c->value);
    }
    json_obj_end(b);
}

static void key_change(struct buf *b, const struct change *c, struct str account, struct str rest)
{
    struct arena a = ARENA_INIT;
    struct rd r = rd_over(rest);
    struct access_key k;

    json_putz(b, c->value.ptr ? "access_key_update" : "access_key_deletion");
    json_key(b, "change");
    json_obj(b);
    member_account(b, account);
    json_key(b, "public_key");
    view_key(b, public_key_read(&r));
    if (c->value.ptr) {
        r = rd_over(c->value);
        k = access_key_read(&r, &a);
        json_key(b, "access_key");
        view_access_key(b, &k);
    }
    json_obj_end(b);
    arena_release(&a);
}

static void data_change(struct buf *b, const struct change *c, struct str account, struct str rest)
{
    json_putz(b, c->value.ptr ? "data_update" : "data_deletion");
    json_key(b, "change");
    json_obj(b);
    member_account(b, account);
    json_key(b, "key_base64");
    view_base64(b, rest);
    if (c->value.ptr) {
        json_key(b, "value_base64");
        view_base64(b, c->value);
    }
    json_obj_end(b);
}

void view_change(struct buf *b, const struct change *c)
{
    struct str account, rest;

    json_obj(b);
    json_key(b, "cause");
    cause(b, &c->cause);
    json_key(b, "type");
    if (c->key.ptr[0] == COL_ACCOUNT)
        account_change(b, c);
    else if (c->key.ptr[0] == COL_CODE)
        code_change(b, c);
    else if (skey_split(c->key, &account, &rest) && c->key.ptr[0] == COL_ACCESS_KEY)
        key_change(b, c, account, rest);
    else
        data_change(b, c, account, rest);
    json_obj_end(b);
}
