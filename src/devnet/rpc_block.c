/* rpc_block.c — blocks, chunks, prices, and what blocks changed. */
#include "devnet/rpc_internal.h"

#include "codec/put.h"
#include "devnet/records.h"
#include "devnet/view.h"

#define NAMES_MAX 1000 /* accounts or keys in one question about changes */

/* The parameters that name a block: an object, or one positional id. */
static bool block_of(struct call *c, struct reader *r, const struct block **out, enum answer *fail)
{
    if (json_type(c->params) == JSON_ARRAY)
        return call_block_id(c, r, json_at(c->params, 0), out, fail);
    return call_block(c, r, out, fail);
}

enum answer rpc_block(struct call *c)
{
    struct reader r;
    const struct block *b;
    enum answer answer = ANSWERED;

    chain_read(c->chain, &r);
    if (block_of(c, &r, &b, &answer)) {
        answer = ANSWERED;
        view_block(&c->out, b);
    }
    chain_read_end(&r);
    return answer;
}

/* ------------------------------------------------------------------ chunks */

static enum answer unknown_chunk(struct call *c, struct str text)
{
    return call_handler_text(
        c, "UNKNOWN_CHUNK", call_json(c, "{\"chunk_hash\":\"%.*s\"}", STR_ARG(text)),
        "Chunk Missing (unavailable on the node): ChunkHash(`%.*s`) \n Cause: Unknown",
        STR_ARG(text));
}

/* Chunk hashes are found among the blocks in memory: there is one chunk per block. */
static const struct block *by_chunk_hash(struct reader *r, const struct hash256 *hash)
{
    const struct block *b = r->head;

    for (size_t n = 0; b && n < HISTORY_BLOCKS_MAX; n++) {
        if (hash_eq(&b->chunk.hash, hash))
            return b;
        b = b->height > 0 ? reader_at(r, b->prev_height) : NULL;
    }
    return NULL;
}

static bool chunk_by_place(struct call *c, struct reader *r, struct json id, struct json shard,
                           const struct block **out, enum answer *fail)
{
    uint64_t n;

    if (!json_u64(shard, &n)) {
        *fail = call_parse_error(c, STR("Failed parsing args: invalid `shard_id`"));
        return false;
    }
    if (n != 0) {
        *fail = call_handler_text(c, "INVALID_SHARD_ID",
                                  call_json(c, "{\"shard_id\":%llu}", (unsigned long long)n),
                                  "Shard id %llu does not exist", (unsigned long long)n);
        return false;
    }
    return call_block_id(c, r, id, out, fail);
}

static bool chunk_of(struct call *c, struct reader *r, const struct block **out, enum answer *fail)
{
    struct json id = call_param(c, "chunk_id", 0);
    struct hash256 hash;
    struct str text;

    if (json_type(id) == JSON_ARRAY)
        return chunk_by_place(c, r, json_at(id, 0), json_at(id, 1), out, fail);
    if (json_type(id) == JSON_ABSENT)
        return chunk_by_place(c, r, json_get(c->params, "block_id"),
                              json_get(c->params, "shard_id"), out, fail);
    if (!json_plain(id, &text) || !hash_from_base58(text, &hash)) {
        *fail = call_parse_error(c, STR("Failed parsing args: invalid `chunk_id`"));
        return false;
    }
    *out = by_chunk_hash(r, &hash);
    if (!*out)
        *fail = unknown_chunk(c, text);
    return *out != NULL;
}

enum answer rpc_chunk(struct call *c)
{
    struct reader r;
    const struct block *b;
    enum answer answer = ANSWERED;

    chain_read(c->chain, &r);
    if (chunk_of(c, &r, &b, &answer)) {
        answer = ANSWERED;
        json_obj(&c->out);
        put_z(&c->out, "author", VALIDATOR_ACCOUNT);
        json_key(&c->out, "header");
        view_chunk_header(&c->out, b);
        json_key(&c->out, "transactions");
        json_arr(&c->out);
        for (size_t i = 0; i < b->txs.n; i++)
            view_signed_tx(&c->out, &b->txs.at[i]);
        json_arr_end(&c->out);
        json_key(&c->out, "receipts");
        view_chunk_receipts(&c->out, &r, b, false);
        json_obj_end(&c->out);
    }
    chain_read_end(&r);
    return answer;
}

enum answer rpc_gas_price(struct call *c)
{
    struct json id = call_param(c, "block_id", 0);
    struct reader r;
    const struct block *b;
    enum answer answer = ANSWERED;

    chain_read(c->chain, &r);
    if (call_block_id(c, &r, id, &b, &answer)) {
        answer = ANSWERED;
        json_obj(&c->out);
        put_u128(&c->out, "gas_price", b->gas_price);
        json_obj_end(&c->out);
    }
    chain_read_end(&r);
    return answer;
}

/* ------------------------------------------------------------------ state changes */

static bool listed(struct json list, struct str account)
{
    struct json_iter it = json_iter(list);

    while (json_next(&it))
        if (json_str_eq(it.value, account))
            return true;
    return false;
}

static bool key_listed(struct call *c, struct json list, struct str account, struct str key)
{
    struct json_iter it = json_iter(list);

    while (json_next(&it)) {
        struct str text;
        struct public_key pk;
        struct rd r = rd_over(key);

        if (json_str_eq(json_get(it.value, "account_id"), account) &&
            json_plain(json_get(it.value, "public_key"), &text) && key_parse(c->a, text, &pk) &&
            public_key_eq(pk, public_key_read(&r)))
            return true;
    }
    return false;
}

enum change_filter { WANT_ACCOUNT, WANT_KEYS, WANT_ALL_KEYS, WANT_CODE, WANT_DATA };

static bool filter_of(struct call *c, enum change_filter *out)
{
    static const char *const names[] = {"account_changes", "single_access_key_changes",
                                        "all_access_key_changes", "contract_code_changes",
                                        "data_changes"};

    for (size_t i = 0; i < countof(names); i++) {
        if (json_str_eq(json_get(c->params, "changes_type"), str_of(names[i]))) {
            *out = (enum change_filter)i;
            return true;
        }
    }
    return false;
}

static bool matches(struct call *c, enum change_filter f, struct str prefix, const struct change *x)
{
    const struct json accounts = json_get(c->params, "account_ids");
    struct str account, rest;

    switch (f) {
    case WANT_ACCOUNT:
        return x->key.ptr[0] == COL_ACCOUNT && listed(accounts, str_skip(x->key, 1));
    case WANT_CODE:
        return x->key.ptr[0] == COL_CODE && listed(accounts, str_skip(x->key, 1));
    case WANT_KEYS:
        return x->key.ptr[0] == COL_ACCESS_KEY && skey_split(x->key, &account, &rest) &&
               key_listed(c, json_get(c->params, "keys"), account, rest);
    case WANT_ALL_KEYS:
        return x->key.ptr[0] == COL_ACCESS_KEY && skey_split(x->key, &account, &rest) &&
               listed(accounts, account);
    case WANT_DATA:
        return x->key.ptr[0] == COL_DATA && skey_split(x->key, &account, &rest) &&
               listed(accounts, account) && str_starts(rest, prefix);
    }
    return false;
}

enum answer rpc_changes(struct call *c)
{
    struct reader r;
    const struct block *b;
    enum change_filter f;
    struct str prefix = STR("");
    enum answer answer = ANSWERED;

    if (!filter_of(c, &f))
        return call_parse_error(c, STR("Failed parsing args: unknown or missing `changes_type`"));
    if (json_count(json_get(c->params, f == WANT_KEYS ? "keys" : "account_ids")) > NAMES_MAX)
        return call_parse_error(c, STR("Failed parsing args: too many names"));
    if (f == WANT_DATA && !call_base64(c, json_get(c->params, "key_prefix_base64"),
                                       "key_prefix_base64", &prefix, &answer))
        return answer;
    chain_read(c->chain, &r);
    if (call_block(c, &r, &b, &answer)) {
        answer = ANSWERED;
        json_obj(&c->out);
        json_key(&c->out, "block_hash");
        view_hash(&c->out, &b->hash);
        json_key(&c->out, "changes");
        json_arr(&c->out);
        for (size_t i = 0; i < b->changes.n; i++)
            if (matches(c, f, prefix, &b->changes.at[i]))
                view_change(&c->out, &b->changes.at[i]);
        json_arr_end(&c->out);
        json_obj_end(&c->out);
    }
    chain_read_end(&r);
    return answer;
}

static struct str touched_account(const struct change *x)
{
    struct str account, rest;

    return skey_split(x->key, &account, &rest) ? account : str_skip(x->key, 1);
}

static const char *touched_type(const struct change *x)
{
    switch (x->key.ptr[0]) {
    case COL_ACCOUNT:
        return "account_touched";
    case COL_CODE:
        return "contract_code_touched";
    case COL_ACCESS_KEY:
        return "access_key_touched";
    default:
        return "data_touched";
    }
}

enum answer rpc_changes_in_block(struct call *c)
{
    struct reader r;
    const struct block *b;
    enum answer answer = ANSWERED;

    chain_read(c->chain, &r);
    if (call_block(c, &r, &b, &answer)) {
        answer = ANSWERED;
        json_obj(&c->out);
        json_key(&c->out, "block_hash");
        view_hash(&c->out, &b->hash);
        json_key(&c->out, "changes");
        json_arr(&c->out);
        for (size_t i = 0; i < b->changes.n; i++) {
            const struct change *x = &b->changes.at[i];

            /* Sorted by key, so those of one account and kind stand together. */
            if (i > 0 && x->key.ptr[0] == x[-1].key.ptr[0] &&
                str_eq(touched_account(x), touched_account(&x[-1])))
                continue;
            json_obj(&c->out);
            put_z(&c->out, "type", touched_type(x));
            put_str(&c->out, "account_id", touched_account(x));
            json_obj_end(&c->out);
        }
        json_arr_end(&c->out);
        json_obj_end(&c->out);
    }
    chain_read_end(&r);
    return answer;
}
