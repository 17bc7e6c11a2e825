/*
 * request.c — request_execution: check, take the payment, yield, tell the workers.
 *
 * What stands here in this order is the order in which a caller is told what is wrong.
 */
#include "outlayer/outlayer.h"

struct params {
    bool force_rebuild, compile_only, store_on_fastfs, use_bound_identity;
    u128 attached_usd;
};

static struct params parse_params(struct json v)
{
    struct params p = {0};
    if (json_is_null(v))
        return p;
    if (json_type(v) != JSON_OBJECT)
        near_bad_args("not an object:", "params");
    p.force_rebuild = arg_bool_or(v, "force_rebuild", false);
    p.compile_only = arg_bool_or(v, "compile_only", false);
    p.store_on_fastfs = arg_bool_or(v, "store_on_fastfs", false);
    p.use_bound_identity = arg_bool_or(v, "use_bound_identity", false);
    arg_opt_u128(v, "attached_usd", &p.attached_usd);
    return p; /* params.project_uuid is nobody's to choose: it would open another's storage */
}

static enum format parse_format(struct json v)
{
    if (json_is_null(v) || json_str_eq(v, STR("Text")))
        return FORMAT_TEXT;
    if (json_str_eq(v, STR("Json")))
        return FORMAT_JSON;
    if (json_str_eq(v, STR("Bytes")))
        return FORMAT_BYTES;
    near_bad_args("expected one of `Text`, `Json`, `Bytes` for", "response_format");
}

struct str format_name(uint8_t f)
{
    return f == FORMAT_TEXT ? STR("Text") : f == FORMAT_JSON ? STR("Json") : STR("Bytes");
}

/* Absent limits and absent members get the defaults; nothing is unlimited. */
struct limits limits_parse(struct json v)
{
    struct limits l = {DEFAULT_INSTRUCTIONS, DEFAULT_SECONDS, DEFAULT_MEMORY_MB};
    if (json_is_null(v))
        return l;
    if (json_type(v) != JSON_OBJECT)
        near_bad_args("not an object:", "resource_limits");
    arg_opt_u64(v, "max_instructions", &l.instructions);
    arg_opt_u32(v, "max_memory_mb", &l.memory_mb);
    arg_opt_u64(v, "max_execution_seconds", &l.seconds);
    return l;
}

static void not_zero(uint64_t v, const char *name)
{
    if (!v)
        PANIC("Requested {} must be greater than 0", str_of(name));
}

static void check_limits(const struct limits *l)
{
    if (l->instructions > MAX_INSTRUCTIONS)
        PANIC("Requested max_instructions {} exceeds hard limit of 500000000000",
              near_dec(l->instructions));
    if (l->seconds > MAX_SECONDS)
        PANIC("Requested max_execution_seconds {} exceeds hard limit of 180 seconds",
              near_dec(l->seconds));
    not_zero(l->instructions, "max_instructions");
    not_zero(l->memory_mb, "max_memory_mb");
    not_zero(l->seconds, "max_execution_seconds");
}

static void parse_secrets(struct json v, struct request *q)
{
    if (json_is_null(v))
        return;
    if (json_type(v) != JSON_OBJECT)
        near_bad_args("not an object:", "secrets_ref");
    q->secrets_account.len = true;
    q->secrets_profile = arg_str(v, "profile");
    q->secrets_account = arg_account(v, "account_id");
    REQUIRE(q->secrets_profile.len <= PROFILE_MAX, "too long");
}

void limits_put(struct buf *b, const struct limits *l)
{
    json_obj(b);
    put_u64(b, "max_instructions", l->instructions);
    put_u64(b, "max_memory_mb", l->memory_mb);
    put_u64(b, "max_execution_seconds", l->seconds);
    json_obj_end(b);
}

void secrets_ref_put(struct buf *b, const struct request *q)
{
    if (!q->secrets_account.len) {
        put_raw(b, "secrets_ref", STR_NONE);
        return;
    }
    json_key(b, "secrets_ref");
    json_obj(b);
    put_str(b, "profile", q->secrets_profile);
    put_str(b, "account_id", q->secrets_account);
    json_obj_end(b);
}

struct str request_data(const struct request *q, bool input_in_state)
{
    struct buf b = near_buf();

    json_obj(&b);
    put_u64(&b, "request_id", q->id);
    put_str(&b, "sender_id", q->signer);
    put_str(&b, "predecessor_id", q->predecessor);
    json_key(&b, "code_source");
    source_put(&b, &q->resolved);
    json_key(&b, "resource_limits");
    limits_put(&b, &q->limits);
    put_str(&b, "input_data", input_in_state ? STR("") : q->input);
    put_bool(&b, "input_data_in_state", input_in_state);
    secrets_ref_put(&b, q);
    put_str(&b, "response_format", format_name(q->format));
    put_u128(&b, "payment", q->payment);
    put_u128(&b, "attached_usd", q->attached_usd);
    put_u64(&b, "timestamp", q->timestamp);
    put_bool(&b, "compile_only", q->compile_only);
    put_bool(&b, "force_rebuild", q->force_rebuild);
    put_bool(&b, "store_on_fastfs", q->store_on_fastfs);
    put_bool(&b, "use_bound_identity", q->use_bound_identity);
    put_opt_str(&b, "project_uuid", q->project_uuid);
    put_opt_str(&b, "project_id", q->source.kind == SOURCE_PROJECT ? q->source.a : STR_NONE);
    json_obj_end(&b);
    REQUIRE(!b.full, "too long");
    return buf_str(&b);
}

/* The event carries the input when it is short and the whole line stays well under the limit of
 * logs; each quote in the input grows to four bytes there. Otherwise workers ask get_request. */
static void event_requested(const struct config *c, const struct request *q)
{
    bool in_state = q->input.len >= INPUT_IN_STATE;
    for (;;) {
        struct buf data = near_buf(), line = BUF_INIT(EVENT_LINE_MAX);
        json_obj(&data);
        put_str(&data, "request_data", request_data(q, in_state));
        put_id(&data, "data_id", &q->data_id);
        put_u64(&data, "timestamp", q->timestamp);
        json_obj_end(&data);
        near_event_put(&line, c->standard, c->version, "execution_requested", buf_str(&data));
        if (!data.full && !line.full) {
            near_log(buf_str(&line));
            return;
        }
        REQUIRE(!in_state, "too long");
        in_state = true;
    }
}

NEAR_PAYABLE(request_execution)
{
    struct request q = {0};
    struct params p;
    struct json limits = arg_get(args, "resource_limits");

    q.source = source_parse(arg_object(args, "source"));
    q.limits = limits_parse(limits);
    arg_opt_str(args, "input_data", &q.input);
    parse_secrets(arg_get(args, "secrets_ref"), &q);
    q.format = parse_format(arg_get(args, "response_format"));
    bool payer_given = arg_opt_account(args, "payer_account_id", &q.payer);
    p = parse_params(arg_get(args, "params"));

    struct config c;
    config_not_paused(&c);

    q.predecessor = near_predecessor();
    if (q.source.kind == SOURCE_PROJECT) {
        project_resolve(&q);
    } else {
        source_check(&q.source);
        q.resolved = q.source;
    }

    q.compile_only = p.compile_only;
    q.force_rebuild = p.force_rebuild;
    q.store_on_fastfs = p.store_on_fastfs;
    q.use_bound_identity = p.use_bound_identity;
    REQUIRE(!(q.resolved.kind == SOURCE_WASM_URL && p.force_rebuild),
            "force_rebuild is not applicable for WasmUrl code source");
    REQUIRE(!(p.compile_only && q.input.len),
            "input_data must be empty for compile_only mode - compilation does not use input_data");
    REQUIRE(q.input.len <= INPUT_MAX, "input_data has at most 262144 bytes");
    if (!p.compile_only)
        check_limits(&q.limits);
    q.attached_usd = p.attached_usd;
    q.priced = q.priced && !p.compile_only;
    if (q.priced)
        price_check(&q);
    usd_attach(&q);

    u128 required = p.compile_only ? c.fees.base : cost_estimate(&c.fees, &q.limits);
    q.payment = near_deposit();
    if (q.payment < required)
        PANIC("Insufficient payment: required {} yoctoNEAR for compute, got {} yoctoNEAR",
              near_dec(required), near_dec(q.payment));

    q.id = c.next_request++;
    q.signer = near_signer();
    if (!payer_given)
        q.payer = q.predecessor;
    q.timestamp = near_timestamp();

    uint64_t yield = request_yield(&q, YIELD_GAS);
    request_store(&q);
    config_store(&c);
    event_requested(&c, &q);
    promise_return(yield);
}
