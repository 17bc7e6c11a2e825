/* rpc_ask.c — see rpc_ask.h. */
#include "guest/rpc_ask.h"

#include "codec/base64.h"
#include "codec/put.h"
#include "near/account_id.h"
#include "near/tx.h"

#define STATE_PREFIX_MAX 2048 /* what a key of a contract's state may have */

/* Methods that `raw` passes on. */
static const struct {
    const char *name;
    bool transaction;
} raw_methods[] = {
    {"query", false},
    {"block", false},
    {"chunk", false},
    {"changes", false},
    {"block_effects", false},
    {"tx", false},
    {"send_tx", true},
    {"broadcast_tx_async", true},
    {"broadcast_tx_commit", true},
    {"gas_price", false},
    {"status", false},
    {"health", false},
    {"network_info", false},
    {"validators", false},
    {"light_client_proof", false},
    {"next_light_client_block", false},
    {"genesis_config", false},
    {"client_config", false},
    {"maintenance_windows", false},
    {"EXPERIMENTAL_changes", false},
    {"EXPERIMENTAL_changes_in_block", false},
    {"EXPERIMENTAL_tx_status", false},
    {"EXPERIMENTAL_receipt", false},
    {"EXPERIMENTAL_receipt_to_tx", false},
    {"EXPERIMENTAL_validators_ordered", false},
    {"EXPERIMENTAL_protocol_config", false},
    {"EXPERIMENTAL_genesis_config", false},
    {"EXPERIMENTAL_light_client_proof", false},
    {"EXPERIMENTAL_light_client_block_proof", false},
    {"EXPERIMENTAL_congestion_level", false},
    {"EXPERIMENTAL_maintenance_windows", false},
    {"EXPERIMENTAL_split_storage_info", false},
    {"EXPERIMENTAL_view_account", false},
    {"EXPERIMENTAL_view_code", false},
    {"EXPERIMENTAL_view_state", false},
    {"EXPERIMENTAL_view_access_key", false},
    {"EXPERIMENTAL_view_access_key_list", false},
    {"EXPERIMENTAL_call_function", false},
};

static const char *const waits[] = {"NONE",           "INCLUDED", "EXECUTED_OPTIMISTIC",
                                    "INCLUDED_FINAL", "EXECUTED", "FINAL"};

enum err rpc_ask_wait(struct str text, enum tx_wait otherwise, enum tx_wait *out, struct buf *why)
{
    if (!text.len) {
        *out = otherwise;
        return ERR_OK;
    }
    for (size_t i = 0; i < countof(waits); i++)
        if (str_eqz(text, waits[i])) {
            *out = (enum tx_wait)i;
            return ERR_OK;
        }
    return err_put(why, ERR_FORMAT,
                   "wait-until is NONE, INCLUDED, EXECUTED_OPTIMISTIC, INCLUDED_FINAL, EXECUTED or "
                   "FINAL, not '%.*s'",
                   STR_ARG(str_head(text, 40)));
}

/* A height as a number, anything else must be a hash. */
static enum err put_block(struct buf *b, struct str s, struct buf *why)
{
    struct hash256 hash;
    uint64_t height;

    if (str_u64(s, &height))
        json_put_u64(b, height);
    else if (hash_from_base58(s, &hash))
        json_put_str(b, s);
    else
        return err_put(why, ERR_FORMAT,
                       "'%.*s' is no finality (final, optimistic), block height or block hash",
                       STR_ARG(str_head(s, 60)));
    return ERR_OK;
}

/* finality-or-block, as one member. */
static enum err put_at(struct buf *b, struct str s, struct buf *why)
{
    if (!s.len || str_eqz(s, "final")) {
        put_str(b, "finality", STR("final"));
    } else if (str_eqz(s, "optimistic")) {
        put_str(b, "finality", s);
    } else {
        json_key(b, "block_id");
        return put_block(b, s, why);
    }
    return ERR_OK;
}

static enum err put_account(struct buf *b, const char *key, struct str id, struct buf *why)
{
    if (!account_id_valid(id))
        return err_put(why, ERR_FORMAT, "'%.*s' is no account id", STR_ARG(str_head(id, 80)));
    put_str(b, key, id);
    return ERR_OK;
}

static enum err base64_check(struct str s, size_t max, const char *what, struct buf *why)
{
    struct buf raw = BUF_INIT(max);
    bool ok = base64_get(s, &raw) && !raw.full;

    buf_release(&raw);
    return ok ? ERR_OK
              : err_put(why, ERR_FORMAT, "%s is not base64 of at most %zu bytes", what, max);
}

/* What all questions of `query` begin with. */
static enum err query(const char *type, struct str account_id, struct buf *b, struct buf *why)
{
    put_str(b, "request_type", str_of(type));
    return put_account(b, "account_id", account_id, why);
}

static enum err view(const struct host_val *a, struct buf *b, struct buf *why)
{
    enum err e = query("call_function", a[0].s, b, why);

    put_str(b, "method_name", a[1].s);
    put_base64(b, "args_base64", a[2].s);
    return e ? e : put_at(b, a[3].s, why);
}

static enum err view_account(const struct host_val *a, struct buf *b, struct buf *why)
{
    enum err e = query("view_account", a[0].s, b, why);

    return e ? e : put_at(b, a[1].s, why);
}

static enum err view_access_key(const struct host_val *a, struct buf *b, struct buf *why)
{
    struct ed25519_pub key;
    enum err e = query("view_access_key", a[0].s, b, why);

    if (!e && str_starts(a[1].s, STR("ed25519:")) && !ed25519_pub_get(a[1].s, &key))
        e = err_put(why, ERR_FORMAT, "'%.*s' is no public key", STR_ARG(str_head(a[1].s, 80)));
    put_str(b, "public_key", a[1].s);
    return e ? e : put_at(b, a[2].s, why);
}

static enum err view_access_key_list(const struct host_val *a, struct buf *b, struct buf *why)
{
    enum err e = query("view_access_key_list", a[0].s, b, why);

    return e ? e : put_at(b, a[1].s, why);
}

static enum err view_code(const struct host_val *a, struct buf *b, struct buf *why)
{
    enum err e = query("view_code", a[0].s, b, why);

    return e ? e : put_at(b, a[1].s, why);
}

static enum err view_state(const struct host_val *a, struct buf *b, struct buf *why)
{
    enum err e = query("view_state", a[0].s, b, why);

    if (!e)
        e = base64_check(a[1].s, STATE_PREFIX_MAX, "the prefix", why);
    put_str(b, "prefix_base64", a[1].s);
    return e ? e : put_at(b, a[2].s, why);
}

static enum err at(const struct host_val *a, struct buf *b, struct buf *why)
{
    return put_at(b, a[0].s, why);
}

/* A chunk's hash, or "block,shard". */
static enum err chunk(const struct host_val *a, struct buf *b, struct buf *why)
{
    struct hash256 hash;
    struct str s = a[0].s;
    struct str block, shard = str_cut(s, ',', &block);
    uint64_t n;
    enum err e;

    if (!str_has_byte(s, ',')) {
        if (!hash_from_base58(s, &hash))
            return err_put(why, ERR_FORMAT, "'%.*s' is no chunk: give its hash or BLOCK,SHARD",
                           STR_ARG(str_head(s, 60)));
        put_str(b, "chunk_id", s);
        return ERR_OK;
    }
    if (!str_u64(str_trim(shard), &n))
        return err_put(why, ERR_FORMAT, "'%.*s' is no shard", STR_ARG(str_head(shard, 60)));
    json_key(b, "block_id");
    e = put_block(b, str_trim(block), why);
    put_u64(b, "shard_id", n);
    return e;
}

static enum err put_hash(struct buf *b, const char *key, struct str s, struct buf *why)
{
    struct hash256 hash;

    if (!hash_from_base58(s, &hash))
        return err_put(why, ERR_FORMAT, "'%.*s' is no hash (32 bytes in base58)",
                       STR_ARG(str_head(s, 60)));
    put_str(b, key, s);
    return ERR_OK;
}

static enum err send_tx(const struct host_val *a, struct buf *b, struct buf *why)
{
    enum tx_wait wait;
    enum err e = rpc_ask_wait(a[1].s, TX_WAIT_EXECUTED_OPTIMISTIC, &wait, why);

    if (!e)
        e = base64_check(a[0].s, SIGNED_TX_MAX, "the transaction", why);
    if (!e) {
        put_str(b, "signed_tx_base64", a[0].s);
        put_str(b, "wait_until", str_of(waits[wait]));
    }
    return e;
}

static enum err tx_status(const struct host_val *a, struct buf *b, struct buf *why)
{
    enum tx_wait wait;
    enum err e = rpc_ask_wait(a[2].s, TX_WAIT_EXECUTED_OPTIMISTIC, &wait, why);

    if (!e)
        e = put_hash(b, "tx_hash", a[0].s, why);
    if (!e)
        e = put_account(b, "sender_account_id", a[1].s, why);
    if (!e)
        put_str(b, "wait_until", str_of(waits[wait]));
    return e;
}

static enum err receipt(const struct host_val *a, struct buf *b, struct buf *why)
{
    return put_hash(b, "receipt_id", a[0].s, why);
}

static enum err gas_price(const struct host_val *a, struct buf *b, struct buf *why)
{
    enum err e = ERR_OK;

    json_arr(b);
    if (a[0].s.len)
        e = put_block(b, a[0].s, why);
    else
        json_put_null(b);
    json_arr_end(b);
    return e;
}

static enum err validators(const struct host_val *a, struct buf *b, struct buf *why)
{
    enum err e;

    if (!a[0].s.len) {
        buf_addz(b, "[null]");
        return ERR_OK;
    }
    json_obj(b);
    e = put_hash(b, "epoch_id", a[0].s, why);
    json_obj_end(b);
    return e;
}

static enum err nothing(const struct host_val *a, struct buf *b, struct buf *why)
{
    (void)a;
    (void)why;
    buf_addz(b, "[]");
    return ERR_OK;
}

static enum err raw(const struct host_val *a, struct rpc_ask *out, struct buf *params,
                    struct buf *why)
{
    struct str text = a[1].s.len ? a[1].s : STR("[]");
    struct json doc;
    size_t i = 0;

    while (i < countof(raw_methods) && !str_eqz(a[0].s, raw_methods[i].name))
        i++;
    if (i == countof(raw_methods))
        return err_put(why, ERR_DENIED, "'%.*s' is no method that is passed on to the node",
                       STR_ARG(str_head(a[0].s, 80)));
    if (!json_parse(text, &doc, NULL) ||
        (json_type(doc) != JSON_OBJECT && json_type(doc) != JSON_ARRAY))
        return err_put(why, ERR_FORMAT, "the parameters are no JSON object or array");
    out->method = raw_methods[i].name;
    out->transaction = raw_methods[i].transaction;
    buf_add_str(params, doc.text);
    return ERR_OK;
}

/* `call`, `transfer` and `raw` are none of these. */
static const struct {
    const char *method;
    enum err (*params)(const struct host_val *a, struct buf *b, struct buf *why);
    bool members; /* of an object; else all of the parameters */
    bool transaction;
    uint32_t timeout_ms;
} asks[] = {
    [HOST_RPC_VIEW] = {"query", view, true, false, RPC_CALL_MS},
    [HOST_RPC_VIEW_ACCOUNT] = {"query", view_account, true, false, RPC_CALL_MS},
    [HOST_RPC_VIEW_ACCESS_KEY] = {"query", view_access_key, true, false, RPC_CALL_MS},
    [HOST_RPC_VIEW_ACCESS_KEY_LIST] = {"query", view_access_key_list, true, false, RPC_CALL_MS},
    [HOST_RPC_VIEW_CODE] = {"query", view_code, true, false, RPC_CALL_MS},
    [HOST_RPC_VIEW_STATE] = {"query", view_state, true, false, RPC_CALL_MS},
    [HOST_RPC_BLOCK] = {"block", at, true, false, RPC_CALL_MS},
    [HOST_RPC_CHANGES] = {"EXPERIMENTAL_changes_in_block", at, true, false, RPC_CALL_MS},
    [HOST_RPC_CHUNK] = {"chunk", chunk, true, false, RPC_CALL_MS},
    [HOST_RPC_SEND_TX] = {"send_tx", send_tx, true, true, RPC_SEND_MS},
    [HOST_RPC_TX_STATUS] = {"tx", tx_status, true, false, RPC_SEND_MS},
    [HOST_RPC_RECEIPT] = {"EXPERIMENTAL_receipt", receipt, true, false, RPC_CALL_MS},
    [HOST_RPC_GAS_PRICE] = {"gas_price", gas_price, false, false, RPC_CALL_MS},
    [HOST_RPC_STATUS] = {"status", nothing, false, false, RPC_CALL_MS},
    [HOST_RPC_NETWORK_INFO] = {"network_info", nothing, false, false, RPC_CALL_MS},
    [HOST_RPC_VALIDATORS] = {"validators", validators, false, false, RPC_CALL_MS},
};

enum err rpc_ask_make(const struct host_call *c, struct rpc_ask *out, struct buf *params,
                      struct buf *why)
{
    size_t fn = (size_t)(c->fn - host_faces[HOST_RPC].fns);
    struct rpc_ask ask = {.timeout_ms = RPC_SEND_MS};
    enum err e;

    if (fn == HOST_RPC_RAW) {
        e = raw(c->args, &ask, params, why);
    } else {
        BUG_ON(fn >= countof(asks) || !asks[fn].params);
        ask = (struct rpc_ask){asks[fn].method, asks[fn].transaction, asks[fn].timeout_ms};
        if (asks[fn].members)
            json_obj(params);
        e = asks[fn].params(c->args, params, why);
        if (asks[fn].members)
            json_obj_end(params);
    }
    if (!e && params->full)
        e = err_put(why, ERR_TOO_BIG, "the parameters are too large");
    if (!e)
        *out = ask;
    return e;
}
