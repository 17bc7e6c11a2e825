#include "near/rpc.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/put.h"
#include "http/client.h"
#include "near/tx.h"

#define RPC_URL_MAX     2048
#define RPC_REQUEST_MAX (16u << 20) /* what chains for tests take; transactions are far smaller */

struct rpc {
    struct http_client *http;
    char *url;
    struct buf request;
    enum rpc_fault fault;
    uint64_t key_nonce;
    uint64_t deadline_ms; /* 0: none */
};

struct rpc *rpc_new(const char *url)
{
    struct rpc *r = mem_new(struct rpc);
    size_t n = strlen(url);

    BUG_ON(n > RPC_URL_MAX);
    r->url = mem_alloc(n + 1);
    memcpy(r->url, url, n);
    r->http = http_client_new();
    r->request = BUF_INIT(RPC_REQUEST_MAX);
    return r;
}

void rpc_free(struct rpc *r)
{
    if (!r)
        return;
    http_client_free(r->http);
    buf_release(&r->request);
    mem_free(r->url);
    mem_free(r);
}

enum rpc_fault rpc_fault(const struct rpc *r)
{
    return r->fault;
}

uint64_t rpc_key_nonce(const struct rpc *r)
{
    return r->key_nonce;
}

void rpc_deadline(struct rpc *r, uint64_t mono_ms)
{
    r->deadline_ms = mono_ms;
}

const char *rpc_fault_name(enum rpc_fault f)
{
    static const char *const names[] = {
        "fine",
        "no answer",
        "node fault",
        "timed out",
        "bad request",
        "invalid nonce",
        "expired",
        "invalid transaction",
        "unknown transaction",
        "unknown account",
        "unknown key",
        "unknown block",
        "no contract",
        "contract failed",
        "other",
    };

    return names[f];
}

bool rpc_fault_retry(enum rpc_fault f)
{
    return f == RPC_NO_ANSWER || f == RPC_NODE_FAULT || f == RPC_TIMED_OUT;
}

static enum err fail(struct rpc *r, enum rpc_fault f)
{
    r->fault = f;
    switch (f) {
    case RPC_FINE:
        break;
    case RPC_NO_ANSWER:
    case RPC_NODE_FAULT:
    case RPC_OTHER:
        return ERR_UPSTREAM;
    case RPC_TIMED_OUT:
        return ERR_TIMEOUT;
    case RPC_BAD_REQUEST:
        return ERR_FORMAT;
    case RPC_INVALID_NONCE:
        return ERR_CONFLICT;
    case RPC_EXPIRED:
    case RPC_INVALID_TX:
    case RPC_CONTRACT_FAILED:
        return ERR_DENIED;
    case RPC_UNKNOWN_TX:
    case RPC_UNKNOWN_ACCOUNT:
    case RPC_UNKNOWN_KEY:
    case RPC_UNKNOWN_BLOCK:
    case RPC_NO_CONTRACT:
        return ERR_ABSENT;
    }
    BUG("rpc fault");
}

/* A node's error as a sentence: its cause, which programs look for, and what it says of it; else
 * all of it, shortened. */
static void put_refusal(struct json error, struct buf *out)
{
    struct str cause, said;

    if (!json_plain(json_get(error, "data"), &said)) {
        buf_add_str(out, str_head(error.text, 400));
        return;
    }
    if (json_plain(json_get(json_get(error, "cause"), "name"), &cause))
        buf_addf(out, "%.*s: ", STR_ARG(str_head(cause, 100)));
    buf_add_str(out, str_head(said, 400));
}

static enum rpc_fault invalid_tx_fault(struct rpc *r, struct json data)
{
    struct json e = json_get(json_get(data, "TxExecutionError"), "InvalidTxError");
    struct json nonce = json_get(e, "InvalidNonce");

    if (json_type(nonce) == JSON_OBJECT) {
        if (!json_u64(json_get(nonce, "ak_nonce"), &r->key_nonce))
            r->key_nonce = 0;
        return RPC_INVALID_NONCE;
    }
    if (json_str_eq(e, STR("Expired")))
        return RPC_EXPIRED;
    if (json_type(json_get(e, "ShardCongested")) == JSON_OBJECT ||
        json_type(json_get(e, "ShardStuck")) == JSON_OBJECT)
        return RPC_NODE_FAULT;
    return RPC_INVALID_TX;
}

static enum rpc_fault error_fault(struct rpc *r, struct json error)
{
    static const struct {
        const char *cause;
        enum rpc_fault fault;
    } causes[] = {
        {"TIMEOUT_ERROR", RPC_TIMED_OUT},         {"UNKNOWN_TRANSACTION", RPC_UNKNOWN_TX},
        {"UNKNOWN_ACCOUNT", RPC_UNKNOWN_ACCOUNT}, {"UNKNOWN_ACCESS_KEY", RPC_UNKNOWN_KEY},
        {"UNKNOWN_BLOCK", RPC_UNKNOWN_BLOCK},     {"GARBAGE_COLLECTED_BLOCK", RPC_UNKNOWN_BLOCK},
        {"NO_CONTRACT_CODE", RPC_NO_CONTRACT},    {"CONTRACT_EXECUTION_ERROR", RPC_CONTRACT_FAILED},
        {"NO_SYNCED_BLOCKS", RPC_NODE_FAULT},     {"NOT_SYNCED_YET", RPC_NODE_FAULT},
        {"UNAVAILABLE_SHARD", RPC_NODE_FAULT},    {"DOES_NOT_TRACK_SHARD", RPC_NODE_FAULT},
        {"REQUEST_ROUTED", RPC_TIMED_OUT},        {"INTERNAL_ERROR", RPC_NODE_FAULT},
    };
    struct json cause = json_get(json_get(error, "cause"), "name");

    if (json_str_eq(json_get(error, "name"), STR("REQUEST_VALIDATION_ERROR")))
        return RPC_BAD_REQUEST;
    if (json_str_eq(cause, STR("INVALID_TRANSACTION")))
        return invalid_tx_fault(r, json_get(error, "data"));
    for (size_t i = 0; i < countof(causes); i++)
        if (json_str_eq(cause, str_of(causes[i].cause)))
            return causes[i].fault;
    return json_str_eq(json_get(error, "name"), STR("INTERNAL_ERROR")) ? RPC_NODE_FAULT : RPC_OTHER;
}

/* Two failures of `query` come back inside a result. */
static enum rpc_fault result_fault(struct json result, struct str *text)
{
    if (!json_plain(json_get(result, "error"), text)) {
        if (json_type(json_get(result, "error")) != JSON_STRING)
            return RPC_FINE;
        *text = json_get(result, "error").text;
    }
    return str_starts(*text, STR("access key ")) ? RPC_UNKNOWN_KEY : RPC_CONTRACT_FAILED;
}

enum err rpc_call(struct rpc *r, const char *method, struct str params, uint64_t timeout_ms,
                  struct buf *answer, struct json *result, struct buf *why)
{
    struct http_call call = {.method = "POST",
                             .url = r->url,
                             .content_type = "application/json",
                             .timeout_ms = timeout_ms,
                             .max_body = answer->max};
    struct json doc, error, value;
    uint64_t now = clock_mono_ms();
    enum rpc_fault fault;
    unsigned status;
    enum err e;

    r->fault = RPC_NO_ANSWER;
    r->key_nonce = 0;
    if (r->deadline_ms && r->deadline_ms <= now)
        return err_put(why, ERR_TIMEOUT, "there is no time left to call '%s'", method);
    if (r->deadline_ms && r->deadline_ms - now < timeout_ms)
        call.timeout_ms = r->deadline_ms - now;
    buf_clear(&r->request);
    json_obj(&r->request);
    put_z(&r->request, "jsonrpc", "2.0");
    put_z(&r->request, "id", "outlayer");
    put_z(&r->request, "method", method);
    put_raw(&r->request, "params", params);
    json_obj_end(&r->request);
    if (r->request.full) {
        r->fault = RPC_BAD_REQUEST;
        return err_put(why, ERR_TOO_BIG, "a call of '%s' is too large to send", method);
    }
    call.body = buf_str(&r->request);
    buf_clear(answer);
    e = http_client_call(r->http, &call, &status, answer, why);
    if (e)
        return e;
    if (!json_parse(buf_str(answer), &doc, NULL) || json_type(doc) != JSON_OBJECT)
        return err_put(why, ERR_UPSTREAM,
                       "the node at '%s' answered '%s' with status %u and no JSON", r->url, method,
                       status);
    error = json_get(doc, "error");
    if (!json_is_null(error)) {
        char room[600];
        struct buf text = BUF_OVER(room);

        fault = error_fault(r, error);
        put_refusal(error, &text);
        return err_put(why, fail(r, fault), "the node refused '%s' (%s): %s", method,
                       rpc_fault_name(fault), buf_z(&text));
    }
    value = json_get(doc, "result");
    if (json_type(value) == JSON_ABSENT)
        return err_put(why, ERR_UPSTREAM, "the node's answer to '%s' has no result", method);
    r->fault = RPC_FINE;
    *result = value;
    return ERR_OK;
}

static enum err unexpected(struct rpc *r, struct buf *why, const char *what)
{
    return err_put(why, fail(r, RPC_NO_ANSWER),
                   "the node's answer about '%s' lacks what it should have", what);
}

/* One `query` at the head of the chain; `params` is an open object with the rest. */
static enum err query(struct rpc *r, struct buf *params, struct buf *answer, struct json *result,
                      struct buf *why)
{
    struct json value = JSON_NONE;
    struct str text;
    enum rpc_fault fault;
    enum err e;

    put_z(params, "finality", "optimistic");
    json_obj_end(params);
    if (params->full) {
        r->fault = RPC_BAD_REQUEST;
        return err_put(why, ERR_TOO_BIG, "the arguments of a view call are too large");
    }
    e = rpc_call(r, "query", buf_str(params), RPC_CALL_MS, answer, &value, why);
    if (e)
        return e;
    fault = result_fault(value, &text);
    if (fault != RPC_FINE)
        return err_put(why, fail(r, fault), "%.*s", STR_ARG(str_head(text, 600)));
    *result = value;
    return ERR_OK;
}

static void query_begin(struct buf *params, const char *type, struct str account_id)
{
    json_obj(params);
    put_z(params, "request_type", type);
    put_str(params, "account_id", account_id);
}

static bool get_hash(struct json v, struct hash256 *out)
{
    struct str s;

    return json_plain(v, &s) && hash_from_base58(s, out);
}

enum err rpc_view_account(struct rpc *r, struct str account_id, struct rpc_account *out,
                          struct buf *why)
{
    struct buf params = BUF_INIT(1024), answer = BUF_INIT(RPC_ANSWER_MAX);
    struct rpc_account v;
    struct json j = JSON_NONE;
    enum err e;

    query_begin(&params, "view_account", account_id);
    e = query(r, &params, &answer, &j, why);
    if (!e && !(json_u128_str(json_get(j, "amount"), &v.amount) &&
                json_u128_str(json_get(j, "locked"), &v.locked) &&
                json_u64(json_get(j, "storage_usage"), &v.storage_usage) &&
                get_hash(json_get(j, "code_hash"), &v.code_hash) &&
                json_u64(json_get(j, "block_height"), &v.block_height)))
        e = unexpected(r, why, "view_account");
    if (!e)
        *out = v;
    buf_release(&params);
    buf_release(&answer);
    return e;
}

static enum err view_key(struct rpc *r, struct str account_id, const struct ed25519_pub *key,
                         struct buf *answer, struct json *j, struct buf *why)
{
    char key_text[128];
    struct buf k = BUF_OVER(key_text), params = BUF_INIT(1024);
    enum err e;

    ed25519_pub_put(&k, key);
    query_begin(&params, "view_access_key", account_id);
    put_str(&params, "public_key", buf_str(&k));
    e = query(r, &params, answer, j, why);
    buf_release(&params);
    return e;
}

/* `permission`: "FullAccess" or {"FunctionCall":{"receiver_id","method_names",…}}. */
static bool may_call(struct json permission, struct str contract_id, const char *method)
{
    struct json call = json_get(permission, "FunctionCall"),
                methods = json_get(call, "method_names");
    struct json_iter it = json_iter(methods);

    if (json_str_eq(permission, STR("FullAccess")))
        return true;
    if (!json_str_eq(json_get(call, "receiver_id"), contract_id) ||
        json_type(methods) != JSON_ARRAY)
        return false;
    while (json_next(&it))
        if (json_str_eq(it.value, str_of(method)))
            return true;
    return json_count(methods) == 0;
}

enum err rpc_key_may_call(struct rpc *r, struct str account_id, const struct ed25519_pub *key,
                          struct str contract_id, const char *method, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX);
    struct json j = JSON_NONE;
    enum err e = view_key(r, account_id, key, &answer, &j, why);

    if (e == ERR_ABSENT || (!e && !may_call(json_get(j, "permission"), contract_id, method)))
        e = err_put(why, ERR_DENIED, "the key is none of '%.*s' that may call '%s'",
                    STR_ARG(account_id), method);
    buf_release(&answer);
    return e;
}

enum err rpc_view_access_key(struct rpc *r, struct str account_id, const struct ed25519_pub *key,
                             struct rpc_key_state *out, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX);
    struct rpc_key_state v;
    struct json j = JSON_NONE;
    enum err e = view_key(r, account_id, key, &answer, &j, why);

    if (!e && !(json_u64(json_get(j, "nonce"), &v.nonce) &&
                json_u64(json_get(j, "block_height"), &v.block_height) &&
                get_hash(json_get(j, "block_hash"), &v.block_hash)))
        e = unexpected(r, why, "view_access_key");
    if (!e) {
        v.full_access = json_str_eq(json_get(j, "permission"), STR("FullAccess"));
        *out = v;
    }
    buf_release(&answer);
    return e;
}

/* The bytes of a JSON array of small numbers. */
bool rpc_bytes_get(struct json list, struct buf *out)
{
    struct json_iter it = json_iter(list);
    size_t from = out->len;
    uint64_t v;

    if (json_type(list) != JSON_ARRAY)
        return false;
    while (json_next(&it)) {
        if (!json_u64(it.value, &v) || v > 255) {
            out->len = from;
            return false;
        }
        buf_add_byte(out, (uint8_t)v);
    }
    return true;
}

enum err rpc_view_call(struct rpc *r, struct str contract_id, const char *method, struct str args,
                       struct buf *out, struct buf *why)
{
    struct buf params = BUF_INIT(RPC_REQUEST_MAX - 1024), answer = BUF_INIT(RPC_ANSWER_MAX);
    struct json j = JSON_NONE;
    enum err e;

    query_begin(&params, "call_function", contract_id);
    put_z(&params, "method_name", method);
    put_base64(&params, "args_base64", args);
    e = query(r, &params, &answer, &j, why);
    if (!e && !rpc_bytes_get(json_get(j, "result"), out))
        e = unexpected(r, why, method);
    if (!e && out->full)
        e = err_put(why, ERR_TOO_BIG, "the result of '%s' is longer than %zu bytes", method,
                    out->max);
    buf_release(&params);
    buf_release(&answer);
    return e;
}

static enum err block(struct rpc *r, struct str params, struct rpc_block *out, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX);
    struct rpc_block v;
    struct json j = JSON_NONE, header;
    enum err e = rpc_call(r, "block", params, RPC_CALL_MS, &answer, &j, why);

    header = e ? JSON_NONE : json_get(j, "header");
    if (!e && !(json_u64(json_get(header, "height"), &v.height) &&
                get_hash(json_get(header, "hash"), &v.hash) &&
                get_hash(json_get(header, "prev_hash"), &v.prev_hash) &&
                json_u64(json_get(header, "timestamp"), &v.timestamp_ns)))
        e = unexpected(r, why, "block");
    if (!e)
        *out = v;
    buf_release(&answer);
    return e;
}

enum err rpc_block_final(struct rpc *r, struct rpc_block *out, struct buf *why)
{
    return block(r, STR("{\"finality\":\"final\"}"), out, why);
}

enum err rpc_block_at(struct rpc *r, uint64_t height, struct rpc_block *out, struct buf *why)
{
    char room[64];
    struct buf params = BUF_OVER(room);

    json_obj(&params);
    put_u64(&params, "block_id", height);
    json_obj_end(&params);
    return block(r, buf_str(&params), out, why);
}

enum err rpc_block_of_hash(struct rpc *r, const struct hash256 *hash, struct rpc_block *out,
                           struct buf *why)
{
    char room[96];
    struct buf params = BUF_OVER(room);

    json_obj(&params);
    json_key(&params, "block_id");
    json_str_open(&params);
    hash_put_base58(&params, hash);
    json_str_close(&params);
    json_obj_end(&params);
    return block(r, buf_str(&params), out, why);
}

enum err rpc_chain_id(struct rpc *r, struct buf *out, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX);
    struct json j = JSON_NONE;
    struct str id;
    enum err e = rpc_call(r, "status", STR("[]"), RPC_CALL_MS, &answer, &j, why);

    if (!e && (!json_plain(json_get(j, "chain_id"), &id) || !id.len))
        e = unexpected(r, why, "status");
    if (!e)
        buf_add_str(out, id);
    buf_release(&answer);
    return e;
}

enum err rpc_gas_price(struct rpc *r, u128 *out, struct buf *why)
{
    struct buf answer = BUF_INIT(64 * 1024);
    struct json j = JSON_NONE;
    enum err e = rpc_call(r, "gas_price", STR("[null]"), RPC_CALL_MS, &answer, &j, why);

    if (!e && !json_u128_str(json_get(j, "gas_price"), out))
        e = unexpected(r, why, "gas_price");
    buf_release(&answer);
    return e;
}

static const char *const wait_names[] = {"NONE",           "INCLUDED", "EXECUTED_OPTIMISTIC",
                                         "INCLUDED_FINAL", "EXECUTED", "FINAL"};

enum err rpc_send_tx(struct rpc *r, struct str signed_tx, enum tx_wait wait, struct buf *answer,
                     struct json *result, struct buf *why)
{
    struct buf params = BUF_INIT(RPC_REQUEST_MAX - 1024);
    enum err e;

    json_obj(&params);
    put_base64(&params, "signed_tx_base64", signed_tx);
    put_z(&params, "wait_until", wait_names[wait]);
    json_obj_end(&params);
    if (params.full) {
        r->fault = RPC_BAD_REQUEST;
        e = err_put(why, ERR_TOO_BIG, "a transaction of %zu bytes is too large", signed_tx.len);
    } else {
        e = rpc_call(r, "send_tx", buf_str(&params), RPC_SEND_MS, answer, result, why);
    }
    buf_release(&params);
    return e;
}

enum err rpc_tx(struct rpc *r, const struct hash256 *hash, struct str sender_id, enum tx_wait wait,
                struct buf *answer, struct json *result, struct buf *why)
{
    char room[512];
    struct buf params = BUF_OVER(room);

    json_obj(&params);
    json_key(&params, "tx_hash");
    json_str_open(&params);
    hash_put_base58(&params, hash);
    json_str_close(&params);
    put_str(&params, "sender_account_id", sender_id);
    put_z(&params, "wait_until", wait_names[wait]);
    json_obj_end(&params);
    return rpc_call(r, "tx", buf_str(&params), RPC_SEND_MS, answer, result, why);
}
