/* near.c — entering a method, looking around, leaving; see near.h. */
#include "sdk/near.h"

#include "sdk/host.h"

#define REG  0u
#define P(p) ((uint64_t)(uintptr_t)(p))

static struct str reg_bytes(uint64_t reg)
{
    uint64_t n = host_register_len(reg);
    if (n == 0 || n == UINT64_MAX)
        return (struct str){"", 0};
    char *p = mem_alloc((size_t)n);
    host_read_register(reg, P(p));
    return str_from(p, (size_t)n);
}

static struct account_id reg_account(void)
{
    struct account_id a = {0};
    uint64_t n = host_register_len(REG);
    if (n > ACCOUNT_ID_MAX)
        near_panic(STR("the chain gave an account id that is too long"));
    host_read_register(REG, P(a.s));
    a.len = (uint8_t)n;
    return a;
}

struct account_id near_current(void)
{
    host_current_account_id(REG);
    return reg_account();
}

struct account_id near_predecessor(void)
{
    host_predecessor_account_id(REG);
    return reg_account();
}

struct account_id near_signer(void)
{
    host_signer_account_id(REG);
    return reg_account();
}

u128 near_deposit(void)
{
    u128 v = 0;
    host_attached_deposit(P(&v));
    return v;
}

u128 near_balance(void)
{
    u128 v = 0;
    host_account_balance(P(&v));
    return v;
}

uint64_t near_timestamp(void)
{
    return host_block_timestamp();
}

uint64_t near_height(void)
{
    return host_block_index();
}

uint64_t near_gas_left(void)
{
    return host_prepaid_gas() - host_used_gas();
}

uint64_t near_storage_usage(void)
{
    return host_storage_usage();
}

/* ---- entering ---- */

static struct json read_args(void)
{
    struct json args;
    struct json_fault fault = {0};

    host_input(REG);
    struct str in = reg_bytes(REG);
    if (in.len == 0)
        in = STR("{}");
    if (!json_parse(in, &args, &fault))
        PANIC(STR("Failed to deserialize input from JSON.: "), str_of(fault.what), STR(" at byte "),
              near_dec(fault.at));
    if (json_type(args) != JSON_OBJECT)
        near_panic(STR("Failed to deserialize input from JSON.: expected an object"));
    return args;
}

struct json near_enter_payable(UNUSED const char *method)
{
    return read_args();
}

struct json near_enter_call(const char *method)
{
    if (near_deposit() != 0)
        PANIC(STR("Method "), str_of(method), STR(" doesn't accept deposit"));
    return read_args();
}

struct json near_enter_private(const char *method)
{
    struct account_id me = near_current(), who = near_predecessor();
    if (!account_id_eq(&me, &who))
        PANIC(STR("Method "), str_of(method), STR(" is private"));
    return near_enter_call(method);
}

/* ---- failing and logging ---- */

void near_panic(struct str text)
{
    host_panic_utf8(text.len, P(text.ptr));
    __builtin_unreachable();
}

static struct str join(const struct str *parts, size_t n)
{
    struct buf b = BUF_INIT(NEAR_LOG_MAX);
    for (size_t i = 0; i < n; i++)
        buf_add_str(&b, parts[i]);
    return buf_str(&b);
}

void near_panic_parts(const struct str *parts, size_t n)
{
    near_panic(join(parts, n));
}

void near_log(struct str text)
{
    host_log_utf8(text.len, P(text.ptr));
}

void near_log_parts(const struct str *parts, size_t n)
{
    near_log(join(parts, n));
}

struct str near_dec(u128 v)
{
    struct buf b = BUF_INIT(40);
    buf_add_u128(&b, v);
    return buf_str(&b);
}

void near_event_put(struct buf *b, struct str standard, struct str version, const char *event,
                    struct str data)
{
    buf_addz(b, "EVENT_JSON:{\"standard\":");
    json_put_str(b, standard);
    json_key(b, "version");
    json_put_str(b, version);
    json_key(b, "event");
    json_putz(b, event);
    json_key(b, "data");
    json_arr(b);
    json_put_raw(b, data);
    json_arr_end(b);
    json_obj_end(b);
}

size_t near_event(struct str standard, struct str version, const char *event, struct str data)
{
    struct buf b = BUF_INIT(NEAR_LOG_MAX);
    near_event_put(&b, standard, version, event, data);
    REQUIRE(!b.full, "the event is longer than a log may be");
    near_log(buf_str(&b));
    return b.len;
}

/* ---- results ---- */

void near_return(struct str bytes)
{
    host_value_return(bytes.len, P(bytes.ptr));
}

void near_return_buf(const struct buf *b)
{
    REQUIRE(!b->full, "the result is longer than a result may be");
    near_return(buf_str(b));
}

void near_return_u64(uint64_t v)
{
    near_return(near_dec(v));
}

void near_return_bool(bool v)
{
    near_return(v ? STR("true") : STR("false"));
}

void near_return_str(struct str s)
{
    struct buf b = BUF_INIT(NEAR_BYTES_MAX);
    json_put_str(&b, s);
    near_return_buf(&b);
}

void near_return_u128(u128 v)
{
    struct buf b = BUF_INIT(64);
    json_put_u128_str(&b, v);
    near_return_buf(&b);
}

void near_return_null(void)
{
    near_return(STR("null"));
}

/* ---- hashes and signatures ---- */

void near_sha256(struct str s, uint8_t out[32])
{
    host_sha256(s.len, P(s.ptr), REG);
    host_read_register(REG, P(out));
}

bool near_ed25519_verify(const uint8_t sig[64], struct str msg, const uint8_t key[32])
{
    return host_ed25519_verify(64, P(sig), msg.len, P(msg.ptr), 32, P(key)) == 1;
}
