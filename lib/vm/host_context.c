/* What a contract asks about where it runs; registers; logs, results, panics. */
#include <string.h>

#include "vm/host_fns.h"

/* ------------------------------------------------------------------ registers */

bool host_read_register(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str s = STR_NONE;

    (void)r;
    return gas_pay(h, EXT_base) && host_register(h, a[0], &s) && host_write_memory(h, a[1], s);
}

bool host_register_len(struct host *h, const uint64_t *a, uint64_t *r)
{
    const struct host_register *reg;

    if (!gas_pay(h, EXT_base))
        return false;
    reg = host_register_find(h, a[0]);
    *r = reg != NULL ? reg->len : UINT64_MAX;
    return true;
}

bool host_write_register(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str s = STR_NONE;

    (void)r;
    return gas_pay(h, EXT_base) && host_read_memory(h, a[1], a[2], &s) && host_set(h, a[0], s);
}

/* ------------------------------------------------------------------ context */

/* Into a register, refused in views when `function` says which one asks. */
static bool context(struct host *h, const char *function, uint64_t id, struct str s)
{
    if (!gas_pay(h, EXT_base))
        return false;
    if (function != NULL && h->c->view)
        return host_fail_view(h, function);
    return host_set(h, id, s);
}

bool host_current_account_id(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return context(h, NULL, a[0], h->c->current_account);
}

bool host_chain_id(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return context(h, NULL, a[0], h->c->chain_id);
}

bool host_signer_account_id(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return context(h, "signer_account_id", a[0], h->c->signer_account);
}

bool host_signer_account_pk(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return context(h, "signer_account_pk", a[0], h->c->signer_pk);
}

bool host_predecessor_account_id(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return context(h, "predecessor_account_id", a[0], h->c->predecessor_account);
}

bool host_refund_to_account_id(struct host *h, const uint64_t *a, uint64_t *r)
{
    const struct vm_context *c = h->c;

    (void)r;
    return context(h, "refund_to_account_id", a[0],
                   c->refund_to.ptr != NULL ? c->refund_to : c->predecessor_account);
}

bool host_current_contract_code(struct host *h, const uint64_t *a, uint64_t *r)
{
    const struct vm_context *c = h->c;

    if (!gas_pay(h, EXT_base))
        return false;
    *r = (uint64_t)c->code_origin;
    switch (c->code_origin) {
    case VM_CODE_NONE:
        return true;
    case VM_CODE_LOCAL:
    case VM_CODE_GLOBAL_HASH:
        return host_set(h, a[0], str_from(c->code_hash, sizeof c->code_hash));
    case VM_CODE_GLOBAL_ACCOUNT:
        return host_set(h, a[0], c->code_account);
    }
    BUG("code origin");
}

bool host_input(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return gas_pay(h, EXT_base) && host_set_borrowed(h, a[0], h->c->input);
}

bool host_random_seed(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return context(h, NULL, a[0], str_from(h->c->random_seed, sizeof h->c->random_seed));
}

static bool number(struct host *h, const char *function, uint64_t n, uint64_t *r)
{
    if (!gas_pay(h, EXT_base))
        return false;
    if (function != NULL && h->c->view)
        return host_fail_view(h, function);
    *r = n;
    return true;
}

bool host_block_index(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    return number(h, NULL, h->c->block_height, r);
}

bool host_block_timestamp(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    return number(h, NULL, h->c->block_timestamp, r);
}

bool host_epoch_height(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    return number(h, NULL, h->c->epoch_height, r);
}

bool host_storage_usage(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    return number(h, NULL, h->storage_usage, r);
}

bool host_prepaid_gas(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    return number(h, "prepaid_gas", h->c->prepaid_gas, r);
}

bool host_used_gas(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    if (!number(h, "used_gas", 0, r))
        return false;
    *r = gas_used(h); /* with what this very call just paid */
    return true;
}

static bool amount(struct host *h, uint64_t ptr, u128 v)
{
    return gas_pay(h, EXT_base) && host_write_u128(h, ptr, v);
}

bool host_account_balance(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return amount(h, a[0], h->balance);
}

bool host_account_locked_balance(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return amount(h, a[0], h->c->locked_balance);
}

bool host_attached_deposit(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return amount(h, a[0], h->c->attached_deposit);
}

bool host_validator_stake(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str account = STR_NONE;

    (void)r;
    return gas_pay(h, EXT_base) && host_read_account(h, a[0], a[1], &account) &&
           gas_pay(h, EXT_validator_stake_base) &&
           host_write_u128(h, a[2], h->x->validator_stake(h->x->arg, account));
}

bool host_validator_total_stake(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return gas_pay(h, EXT_base) && gas_pay(h, EXT_validator_total_stake_base) &&
           host_write_u128(h, a[0], h->x->validator_total_stake(h->x->arg));
}

bool host_gas(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return gas_burn(h, a[0] * h->p->wasm_regular_op_cost); /* 32 bits times 20: no overflow */
}

/* ------------------------------------------------------------------ results */

bool host_value_return(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str s = STR_NONE;
    uint64_t burn = 0;

    (void)r;
    if (!gas_pay(h, EXT_base) || !host_read(h, a[0], a[1], &s))
        return false;
    if (s.len > h->p->max_length_returned_data)
        return host_fail_limit(h, "ReturnedValueLengthExceeded", "length", s.len,
                               h->p->max_length_returned_data, "The length of a returned value ",
                               " exceeds the limit ", "");
    for (size_t i = 0; i < h->c->n_output_receivers; i++) {
        bool sir = str_eq(h->c->output_receivers[i], h->c->current_account);
        uint64_t each = action_send(h->p, ACTION_new_data_receipt_byte, sir) +
                        h->p->action[ACTION_new_data_receipt_byte].exec;

        if (__builtin_mul_overflow(each, s.len, &each) || __builtin_add_overflow(burn, each, &burn))
            return host_fail_overflow(h);
    }
    if (!gas_pay_action(h, ACTION_new_data_receipt_byte, burn, 0))
        return false;
    h->returns = VM_RETURN_VALUE;
    h->value = arena_str(h->a, s);
    return true;
}

static bool panic_with(struct host *h, struct str msg)
{
    return host_fail_text(h, "GuestPanic", "panic_msg", msg, "Smart contract panicked: ");
}

bool host_panic(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    (void)r;
    return gas_pay(h, EXT_base) && panic_with(h, STR("explicit guest panic"));
}

/* ------------------------------------------------------------------ strings of logs and panics */

static uint64_t log_room(const struct host *h)
{
    uint64_t max = h->p->max_total_log_length;

    return max > h->log_bytes ? max - h->log_bytes : 0;
}

static bool log_too_long(struct host *h, uint64_t len)
{
    uint64_t total;

    if (__builtin_add_overflow(h->log_bytes, len, &total))
        total = UINT64_MAX;
    return host_fail_limit(h, "TotalLogLengthExceeded", "length", total, h->p->max_total_log_length,
                           "The length of a log message ", " exceeds the limit ", "");
}

/* Bytes up to a NUL, paid one by one. */
static bool nul_terminated(struct host *h, uint64_t ptr, uint64_t max, struct str *out)
{
    for (uint64_t i = 0;; i++) {
        struct str one = STR_NONE;
        uint64_t at;

        if (__builtin_add_overflow(ptr, i, &at))
            return host_fail_memory(h);
        if (!host_read_memory(h, 1, at, &one))
            return false;
        if (one.ptr[0] == '\0') {
            *out = str_from(h->memory + ptr, i);
            return true;
        }
        if (i == max)
            return log_too_long(h, max + 1);
    }
}

static bool read_utf8(struct host *h, uint64_t len, uint64_t ptr, struct str *out)
{
    uint64_t max = log_room(h);

    if (!gas_pay(h, EXT_utf8_decoding_base))
        return false;
    if (len == UINT64_MAX) {
        if (!nul_terminated(h, ptr, max, out))
            return false;
    } else if (len > max) {
        return log_too_long(h, len);
    } else if (!host_read_memory(h, len, ptr, out)) {
        return false;
    }
    if (!gas_pay_per(h, EXT_utf8_decoding_byte, out->len))
        return false;
    return str_is_utf8(*out) || host_fail(h, "BadUTF8", "String encoding is bad UTF-8 sequence.");
}

static unsigned unit_at(struct str s, size_t i)
{
    return (unsigned)(uint8_t)s.ptr[i] | (unsigned)(uint8_t)s.ptr[i + 1] << 8;
}

static void put_utf8(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_add_byte(b, (uint8_t)c);
        return;
    }
    if (c < 0x800) {
        buf_add_byte(b, (uint8_t)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            buf_add_byte(b, (uint8_t)(0xe0 | c >> 12));
        } else {
            buf_add_byte(b, (uint8_t)(0xf0 | c >> 18));
            buf_add_byte(b, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_add_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
    }
    buf_add_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
}

/* Little-endian UTF-16 to UTF-8; a lone surrogate is an error. */
static bool decode_utf16(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i += 2) {
        uint32_t c = unit_at(s, i);

        if (c >= 0xd800 && c <= 0xdfff) {
            uint32_t low = i + 2 < s.len ? unit_at(s, i + 2) : 0;

            if (c > 0xdbff || low < 0xdc00 || low > 0xdfff)
                return false;
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        put_utf8(out, c);
    }
    return true;
}

static bool utf16_length(struct host *h, uint64_t ptr, uint64_t max, uint64_t *out)
{
    for (uint64_t len = 0;;) {
        struct str unit = STR_NONE;
        uint64_t at;

        if (__builtin_add_overflow(ptr, len, &at))
            return host_fail_memory(h);
        if (!host_read_memory(h, 2, at, &unit))
            return false;
        if (unit_at(unit, 0) == 0) {
            *out = len;
            return true;
        }
        len += 2;
        if (len > max)
            return log_too_long(h, len);
    }
}

static bool read_utf16(struct host *h, uint64_t len, uint64_t ptr, struct str *out)
{
    uint64_t max = log_room(h);
    struct buf b = BUF_INIT(64 * 1024);
    struct str s = STR_NONE;
    bool ok;

    if (!gas_pay(h, EXT_utf16_decoding_base))
        return false;
    if (len == UINT64_MAX) {
        if (!utf16_length(h, ptr, max, &len))
            return false;
        s = str_from(h->memory + ptr, len);
    } else if (!host_read_memory(h, len, ptr, &s)) {
        return false;
    }
    if (s.len % 2 != 0)
        return host_fail(h, "BadUTF16", "String encoding is bad UTF-16 sequence.");
    if (len > max)
        return log_too_long(h, len);
    if (!gas_pay_per(h, EXT_utf16_decoding_byte, len))
        return false;
    ok = decode_utf16(s, &b);
    *out = arena_str(h->a, buf_str(&b));
    buf_release(&b);
    return ok || host_fail(h, "BadUTF16", "String encoding is bad UTF-16 sequence.");
}

static bool may_log(struct host *h)
{
    if (h->n_logs < h->p->max_number_logs)
        return true;
    return host_fail_number(h, "NumberOfLogsExceeded", "limit", h->p->max_number_logs,
                            "The number of logs will exceed the limit ", "");
}

static bool push_log(struct host *h, struct str s)
{
    h->log_bytes += s.len;
    if (h->log_bytes > h->p->max_total_log_length)
        return log_too_long(h, s.len);
    h->logs = host_grow(h, h->logs, h->n_logs, &h->cap_logs, sizeof *h->logs);
    h->logs[h->n_logs++] = arena_str(h->a, s);
    return true;
}

bool host_panic_utf8(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str s = STR_NONE;

    (void)r;
    return gas_pay(h, EXT_base) && read_utf8(h, a[0], a[1], &s) && panic_with(h, s);
}

bool host_log_utf8(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str s = STR_NONE;

    (void)r;
    return gas_pay(h, EXT_base) && may_log(h) && read_utf8(h, a[0], a[1], &s) &&
           gas_pay(h, EXT_log_base) && gas_pay_per(h, EXT_log_byte, s.len) && push_log(h, s);
}

bool host_log_utf16(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str s = STR_NONE;

    (void)r;
    return gas_pay(h, EXT_base) && may_log(h) && read_utf16(h, a[0], a[1], &s) &&
           gas_pay(h, EXT_log_base) && gas_pay_per(h, EXT_log_byte, s.len) && push_log(h, s);
}

/* AssemblyScript keeps the length in bytes in front of a string. */
static bool length_before(struct host *h, uint64_t ptr, uint64_t *out)
{
    struct str s = STR_NONE;

    if (!host_read_memory(h, 4, ptr - 4, &s))
        return false;
    *out = (uint64_t)unit_at(s, 0) | (uint64_t)unit_at(s, 2) << 16;
    return true;
}

bool host_abort(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct buf message = BUF_INIT(128 * 1024), line = BUF_INIT(128 * 1024);
    struct str msg = STR_NONE, file = STR_NONE;
    uint64_t msg_len, file_len;
    bool ok;

    (void)r;
    if (!gas_pay(h, EXT_base))
        return false;
    if (a[0] < 4 || a[1] < 4)
        return host_fail(h, "BadUTF16", "String encoding is bad UTF-16 sequence.");
    if (!may_log(h) || !length_before(h, a[0], &msg_len) || !length_before(h, a[1], &file_len) ||
        !read_utf16(h, msg_len, a[0], &msg) || !read_utf16(h, file_len, a[1], &file))
        return false;
    buf_add_str(&message, msg);
    buf_addz(&message, ", filename: \"");
    buf_add_str(&message, file);
    buf_addf(&message, "\" line: %u col: %u", (unsigned)a[2], (unsigned)a[3]);
    buf_addz(&line, "ABORT: ");
    buf_add_str(&line, buf_str(&message));
    ok = gas_pay(h, EXT_log_base) && gas_pay_per(h, EXT_log_byte, message.len) &&
         push_log(h, buf_str(&line));
    if (ok)
        ok = panic_with(h, buf_str(&message));
    buf_release(&message);
    buf_release(&line);
    return ok;
}
