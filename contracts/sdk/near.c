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

/* Of an account id the length need not be asked for: none has a zero byte, and memory is zeroed. */
static struct str reg_account(void)
{
    char *p = mem_alloc(ACCOUNT_ID_MAX + 1);
    host_read_register(REG, P(p));
    return str_of(p);
}

struct str near_current(void)
{
    host_current_account_id(REG);
    return reg_account();
}

struct str near_predecessor(void)
{
    host_predecessor_account_id(REG);
    return reg_account();
}

struct str near_signer(void)
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
        PANIC("Failed to deserialize input from JSON.: {} at byte {}", str_of(fault.what),
              near_dec(fault.at));
    if (json_type(args) != JSON_OBJECT)
        near_bad_args("expected an object:", "arguments");
    args_forget();
    return args;
}

struct json near_enter_payable(UNUSED const char *method)
{
    return read_args();
}

struct json near_enter_call(const char *method)
{
    if (near_deposit() != 0)
        PANIC("Method {} doesn't accept deposit", str_of(method));
    return read_args();
}

struct json near_enter_private(const char *method)
{
    struct str me = near_current(), who = near_predecessor();
    if (!str_eq(me, who))
        PANIC("Method {} is private", str_of(method));
    return read_args(); /* a deposit of our own would stay with us */
}

struct json near_enter_callback(const char *method)
{
    struct json args = near_enter_private(method);
    if (promise_results() != 1)
        PANIC("Method {} is a callback", str_of(method));
    return args;
}

/* ---- failing and logging ---- */

void near_panic(struct str text)
{
    host_panic_utf8(text.len, P(text.ptr));
    __builtin_unreachable();
}

void near_fail(const char *text)
{
    near_panic(str_of(text));
}

void near_log(struct str text)
{
    host_log_utf8(text.len, P(text.ptr));
}

struct str near_text(const char *text, const struct str *parts)
{
    struct buf b = BUF_INIT(NEAR_LOG_MAX);
    while (*text) {
        size_t n = 0;
        while (text[n] && (text[n] != '{' || text[n + 1] != '}'))
            n++;
        buf_add(&b, text, n);
        text += n;
        if (*text) {
            buf_add_str(&b, *parts++);
            text += 2;
        }
    }
    return buf_str(&b);
}

__attribute__((noinline)) struct buf near_buf(void)
{
    return BUF_INIT(NEAR_BYTES_MAX);
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
    put_str(b, "version", version);
    put_str(b, "event", str_of(event));
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
    REQUIRE(!b.full, "too long");
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
    REQUIRE(!b->full, "too long");
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

void near_random_seed(uint8_t out[32])
{
    host_random_seed(REG);
    host_read_register(REG, P(out));
}

bool near_ed25519_verify(const uint8_t sig[64], struct str msg, const uint8_t key[32])
{
    return host_ed25519_verify(64, P(sig), msg.len, P(msg.ptr), 32, P(key)) == 1;
}
