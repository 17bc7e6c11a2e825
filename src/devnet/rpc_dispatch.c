/* rpc_dispatch.c — the JSON-RPC envelope, the table of methods, and how failures look. */
#include "devnet/rpc_internal.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "codec/put.h"

#define TEXT_MAX (1u << 16)

static const struct {
    const char *name;
    rpc_method *call;
} methods[] = {
    {"query", rpc_query},
    {"block", rpc_block},
    {"chunk", rpc_chunk},
    {"tx", rpc_tx},
    {"EXPERIMENTAL_tx_status", rpc_tx_status},
    {"send_tx", rpc_send_tx},
    {"broadcast_tx_commit", rpc_broadcast_commit},
    {"broadcast_tx_async", rpc_broadcast_async},
    {"gas_price", rpc_gas_price},
    {"status", rpc_status},
    {"health", rpc_health},
    {"network_info", rpc_network_info},
    {"validators", rpc_validators},
    {"EXPERIMENTAL_validators_ordered", rpc_validators_ordered},
    {"EXPERIMENTAL_protocol_config", rpc_protocol_config},
    {"EXPERIMENTAL_genesis_config", rpc_genesis_config},
    {"genesis_config", rpc_genesis_config},
    {"EXPERIMENTAL_changes", rpc_changes},
    {"changes", rpc_changes},
    {"EXPERIMENTAL_changes_in_block", rpc_changes_in_block},
    {"block_effects", rpc_changes_in_block},
    {"EXPERIMENTAL_receipt", rpc_receipt},
    {"EXPERIMENTAL_receipt_to_tx", rpc_receipt_to_tx},
    {"EXPERIMENTAL_light_client_proof", rpc_light_client_proof},
    {"light_client_proof", rpc_light_client_proof},
    {"EXPERIMENTAL_light_client_block_proof", rpc_light_block_proof},
    {"next_light_client_block", rpc_next_light_block},
    {"EXPERIMENTAL_congestion_level", rpc_congestion},
    {"EXPERIMENTAL_maintenance_windows", rpc_maintenance},
    {"maintenance_windows", rpc_maintenance},
    {"EXPERIMENTAL_split_storage_info", rpc_split_storage},
    {"client_config", rpc_client_config},
    {"EXPERIMENTAL_view_account", rpc_view_account},
    {"EXPERIMENTAL_view_code", rpc_view_code},
    {"EXPERIMENTAL_view_state", rpc_view_state},
    {"EXPERIMENTAL_view_access_key", rpc_view_access_key},
    {"EXPERIMENTAL_view_access_key_list", rpc_view_access_key_list},
    {"EXPERIMENTAL_call_function", rpc_call_function},
    {"sandbox_patch_state", rpc_patch_state},
    {"sandbox_fast_forward", rpc_fast_forward},
    {"sandbox_snapshot_save", rpc_snapshot_save},
    {"sandbox_snapshot_load", rpc_snapshot_load},
};

/* ------------------------------------------------------------------ failures */

struct str call_json(struct call *c, const char *fmt, ...)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    char text[4096];
    va_list ap;
    struct str s;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    buf_add(&b, text, n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
    s = arena_str(c->a, buf_str(&b));
    buf_release(&b);
    return s;
}

static enum answer error_object(struct call *c, unsigned status, const char *name,
                                const char *cause, struct str info, int64_t code,
                                const char *message, struct str data)
{
    struct buf *b = &c->out;

    buf_clear(b);
    c->status = status;
    json_obj(b);
    put_z(b, "name", name);
    json_key(b, "cause");
    json_obj(b);
    if (info.ptr)
        put_raw(b, "info", info);
    put_z(b, "name", cause);
    json_obj_end(b);
    json_key(b, "code");
    json_put_i64(b, code);
    put_z(b, "message", message);
    if (data.ptr)
        put_raw(b, "data", data);
    json_obj_end(b);
    return FAILED;
}

/* {"name":"text"} and "text", as JSON. */
static struct str quoted(struct call *c, const char *member, struct str text)
{
    struct buf b = BUF_INIT(TEXT_MAX * 8);
    struct str s;

    if (!str_is_utf8(text))
        text = STR("text that is not UTF-8");
    if (member) {
        json_obj(&b);
        json_key(&b, member);
    }
    json_put_str(&b, text);
    if (member)
        json_obj_end(&b);
    s = arena_str(c->a, buf_str(&b));
    buf_release(&b);
    return s;
}

enum answer call_parse_error(struct call *c, struct str what)
{
    what = str_head(what, TEXT_MAX / 2);
    return error_object(c, 400, "REQUEST_VALIDATION_ERROR", "PARSE_ERROR",
                        quoted(c, "error_message", what), -32700, "Parse error",
                        quoted(c, NULL, what));
}

static enum answer unknown_method(struct call *c)
{
    const struct str name = str_head(c->method, 1024);

    return error_object(c, 400, "REQUEST_VALIDATION_ERROR", "METHOD_NOT_FOUND",
                        quoted(c, "method_name", name), -32601, "Method not found",
                        quoted(c, NULL, name));
}

enum answer call_handler_error(struct call *c, const char *cause, struct str info, struct str data)
{
    return error_object(c, 200, "HANDLER_ERROR", cause, info, -32000, "Server error", data);
}

enum answer call_handler_text(struct call *c, const char *cause, struct str info, const char *fmt,
                              ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return call_handler_error(c, cause, info, quoted(c, NULL, str_of(text)));
}

enum answer call_internal(struct call *c, struct str what)
{
    return error_object(c, 500, "INTERNAL_ERROR", "INTERNAL_ERROR",
                        quoted(c, "error_message", what), -32000, "Server error",
                        quoted(c, NULL, what));
}

enum answer call_timeout(struct call *c)
{
    (void)call_handler_error(c, "TIMEOUT_ERROR", STR_NONE, STR("\"Timeout\""));
    c->status = 408;
    return FAILED;
}

bool call_may_wait(struct call *c, uint64_t ms)
{
    const uint64_t now = clock_mono_ms();

    if (c->mem->deadline_ms == 0)
        c->mem->deadline_ms = now + ms;
    return now < c->mem->deadline_ms;
}

/* ------------------------------------------------------------------ the envelope */

/* Members that a request may have; an unknown one makes it no request. */
static bool is_request(struct json v)
{
    static const char *const known[] = {"jsonrpc", "id", "method", "params"};
    struct json_iter it = json_iter(v);

    if (json_type(v) != JSON_OBJECT || json_type(json_get(v, "method")) != JSON_STRING ||
        !json_str_eq(json_get(v, "jsonrpc"), STR("2.0")))
        return false;
    while (json_next(&it)) {
        bool found = false;

        for (size_t i = 0; i < countof(known); i++)
            found |= json_str_eq(it.key, str_of(known[i]));
        if (!found)
            return false;
    }
    return true;
}

static enum answer run(struct call *c, struct str body)
{
    struct json_fault fault;
    struct json v;

    if (!json_parse(body, &v, &fault))
        return call_parse_error(
            c, call_json(c, "Failed parsing JSON at byte %zu: %s", fault.at, fault.what));
    c->id = json_get(v, "id");
    if (!is_request(v))
        return call_parse_error(c, STR("JSON RPC Request format was expected"));
    c->params = json_get(v, "params");
    if (!json_plain(json_get(v, "method"), &c->method))
        c->method = STR("");
    for (size_t i = 0; i < countof(methods); i++)
        if (str_eqz(c->method, methods[i].name))
            return methods[i].call(c);
    return unknown_method(c);
}

enum answer rpc_dispatch(struct chain *chain, struct arena *a, struct memory *mem, struct str body,
                         struct buf *out, unsigned *status)
{
    struct call c = {
        .chain = chain, .a = a, .mem = mem, .out = BUF_INIT(RPC_RESULT_MAX), .status = 200};
    const enum answer answer = run(&c, body);

    if (answer != WAITING) {
        if (c.out.full) {
            buf_clear(&c.out);
            (void)call_internal(&c, STR("the answer is larger than any may be"));
        }
        json_obj(out);
        put_z(out, "jsonrpc", "2.0");
        put_raw(out, c.status == 200 && answer == ANSWERED ? "result" : "error", buf_str(&c.out));
        json_key(out, "id");
        if (c.id.text.ptr)
            json_put_raw(out, c.id.text);
        else
            json_put_null(out);
        json_obj_end(out);
        *status = c.status;
    }
    buf_release(&c.out);
    return answer;
}
