/* host.c — the host functions of NEAR, as a contract sees them; see mock.h. */
#include "sdk/host.h"

#include <sodium.h>
#include <string.h>

#include "sdk/mock/mock.h"

#define GAS_PER_CALL UINT64_C(1000000000) /* of any host function: one giga gas, roughly */

static struct str at(uint64_t len, uint64_t ptr)
{
    return str_from((const void *)(uintptr_t)ptr, (size_t)len);
}

static struct mock_frame *enter(void)
{
    BUG_ON(!mock_frame);
    mock_frame->used += GAS_PER_CALL;
    if (mock_frame->used > mock_frame->prepaid)
        mock_trap("Exceeded the prepaid gas.");
    return mock_frame;
}

static struct mock_frame *enter_call(const char *name)
{
    struct mock_frame *f = enter();
    if (f->view) {
        struct buf text = BUF_INIT(200);
        buf_addz(&text, name);
        buf_addz(&text, " is not allowed in view calls");
        mock_trap(buf_z(&text));
    }
    return f;
}

/* Host memory must not belong to the call's list: the frame outlives it. */
static void keep(struct buf *b, struct str s)
{
    mock_mem_pause();
    buf_clear(b);
    b->max = SIZE_MAX / 4;
    buf_add_str(b, s);
    mock_mem_resume();
}

static void set_reg(uint64_t reg, struct str s)
{
    if (reg >= MOCK_REGS)
        mock_trap("Accessed invalid register id");
    keep(&mock_frame->regs[reg], s);
    mock_frame->reg_set[reg] = true;
}

void host_read_register(uint64_t reg, uint64_t ptr)
{
    struct mock_frame *f = enter();
    if (reg >= MOCK_REGS || !f->reg_set[reg])
        mock_trap("Accessed invalid register id");
    if (f->regs[reg].len)
        memcpy((void *)(uintptr_t)ptr, f->regs[reg].ptr, f->regs[reg].len);
}

uint64_t host_register_len(uint64_t reg)
{
    struct mock_frame *f = enter();
    return reg < MOCK_REGS && f->reg_set[reg] ? f->regs[reg].len : UINT64_MAX;
}

void host_current_account_id(uint64_t reg)
{
    enter();
    set_reg(reg, account_id_str(&mock.me));
}

void host_signer_account_id(uint64_t reg)
{
    struct mock_frame *f = enter_call("signer_account_id");
    set_reg(reg, account_id_str(&f->signer));
}

void host_signer_account_pk(uint64_t reg)
{
    enter_call("signer_account_pk");
    set_reg(reg, STR("\0................................"));
}

void host_predecessor_account_id(uint64_t reg)
{
    struct mock_frame *f = enter_call("predecessor_account_id");
    set_reg(reg, account_id_str(&f->predecessor));
}

void host_input(uint64_t reg)
{
    struct mock_frame *f = enter();
    set_reg(reg, f->input);
}

uint64_t host_block_index(void)
{
    enter();
    return mock.height;
}

uint64_t host_block_timestamp(void)
{
    enter();
    return mock.time_ns;
}

uint64_t host_storage_usage(void)
{
    enter();
    return mock_storage();
}

void host_account_balance(uint64_t ptr)
{
    enter();
    memcpy((void *)(uintptr_t)ptr, &mock_account(account_id_str(&mock.me))->balance, sizeof(u128));
}

void host_attached_deposit(uint64_t ptr)
{
    struct mock_frame *f = enter();
    memcpy((void *)(uintptr_t)ptr, &f->deposit, sizeof(u128));
}

uint64_t host_prepaid_gas(void)
{
    return enter_call("prepaid_gas")->prepaid;
}

uint64_t host_used_gas(void)
{
    return enter_call("used_gas")->used;
}

/* Another one each block. */
void host_random_seed(uint64_t reg)
{
    uint8_t seed[32] = {0};
    enter();
    memcpy(seed, &mock.height, sizeof(mock.height));
    set_reg(reg, str_from(seed, sizeof(seed)));
}

void host_sha256(uint64_t len, uint64_t ptr, uint64_t reg)
{
    unsigned char out[32];
    enter();
    crypto_hash_sha256(out, (const unsigned char *)(uintptr_t)ptr, len);
    set_reg(reg, str_from(out, sizeof(out)));
}

uint64_t host_ed25519_verify(uint64_t sig_len, uint64_t sig, uint64_t msg_len, uint64_t msg,
                             uint64_t pk_len, uint64_t pk)
{
    enter();
    if (sig_len != 64 || pk_len != 32)
        mock_trap("ED25519 signature verification error: invalid length");
    return crypto_sign_verify_detached((const unsigned char *)(uintptr_t)sig,
                                       (const unsigned char *)(uintptr_t)msg, msg_len,
                                       (const unsigned char *)(uintptr_t)pk) == 0;
}

void host_value_return(uint64_t len, uint64_t ptr)
{
    struct mock_frame *f = enter();
    if (len > NEAR_BYTES_MAX)
        mock_trap("The length of a returned value exceeds the limit");
    keep(&f->value, at(len, ptr));
    f->has_value = true;
    f->has_return = false;
}

void host_panic_utf8(uint64_t len, uint64_t ptr)
{
    struct buf text = BUF_INIT(NEAR_BYTES_MAX);
    enter();
    if (!str_is_utf8(at(len, ptr)))
        mock_trap("String encoding is bad UTF-8 sequence.");
    buf_addz(&text, "Smart contract panicked: ");
    buf_add_str(&text, at(len, ptr));
    mock_trap(buf_z(&text));
}

void host_log_utf8(uint64_t len, uint64_t ptr)
{
    struct mock_frame *f = enter();
    if (!str_is_utf8(at(len, ptr)))
        mock_trap("String encoding is bad UTF-8 sequence.");
    if (mock.n_logs - f->logs_before >= MOCK_LOGS_MAX)
        mock_trap("The number of logs will exceed the limit 100");
    f->log_bytes += len;
    if (f->log_bytes > NEAR_LOG_MAX)
        mock_trap("The length of a log message exceeds the limit 16384");
    if (mock.n_logs == countof(mock.logs)) { /* the oldest line makes room */
        struct buf oldest = mock.logs[0];
        memmove(mock.logs, mock.logs + 1, sizeof(mock.logs) - sizeof(mock.logs[0]));
        mock.logs[--mock.n_logs] = oldest;
        if (f->logs_before)
            f->logs_before--;
    }
    keep(&mock.logs[mock.n_logs++], at(len, ptr));
}

/* ---- promises ---- */

static struct mock_receipt *mine(uint64_t promise)
{
    struct mock_frame *f = mock_frame;
    if (promise >= mock.n_receipts - f->first)
        mock_trap("does not correspond to existing promises");
    return &mock.receipts[f->first + promise];
}

static uint64_t new_receipt(struct str to)
{
    struct account_id id;
    struct mock_frame *f = mock_frame;
    if (mock.n_receipts - f->first >= 1024)
        mock_trap("The number of promises within a FunctionCall exceeds the limit 1024");
    if (!account_id_parse(to, &id))
        mock_trap("VM Logic returned an invalid account id");
    mock_receipt_new(id);
    return mock.n_receipts - 1 - f->first;
}

uint64_t host_promise_batch_create(uint64_t len, uint64_t account)
{
    enter_call("promise_batch_create");
    return new_receipt(at(len, account));
}

uint64_t host_promise_batch_then(uint64_t promise, uint64_t len, uint64_t account)
{
    struct mock_frame *f = enter_call("promise_batch_then");
    mine(promise);
    uint64_t i = new_receipt(at(len, account));
    mock.receipts[f->first + i].after = f->first + promise;
    return i;
}

uint64_t host_promise_and(uint64_t promises, uint64_t count)
{
    (void)promises;
    (void)count;
    mock_trap("promise_and is not part of the mock");
}

static struct mock_action *add_action(struct mock_receipt *r, u128 deposit)
{
    struct mock_account *me = mock_account(account_id_str(&mock.me));
    if (me->balance < deposit)
        mock_trap("Exceeded the account balance.");
    me->balance -= deposit;
    mock_mem_pause();
    r->actions = mem_realloc(r->actions, r->n_actions * sizeof(*r->actions),
                             (r->n_actions + 1) * sizeof(*r->actions));
    mock_mem_resume();
    struct mock_action *a = &r->actions[r->n_actions++];
    *a = (struct mock_action){.deposit = deposit};
    return a;
}

static void reserve(uint64_t gas)
{
    struct mock_frame *f = mock_frame;
    if (gas > f->prepaid - f->used)
        mock_trap("Exceeded the prepaid gas.");
    f->used += gas;
}

void host_promise_batch_action_function_call_weight(uint64_t promise, uint64_t method_len,
                                                    uint64_t method, uint64_t args_len,
                                                    uint64_t args, uint64_t amount, uint64_t gas,
                                                    uint64_t weight)
{
    u128 deposit;
    enter_call("promise_batch_action_function_call");
    memcpy(&deposit, (const void *)(uintptr_t)amount, sizeof(deposit));
    struct mock_receipt *r = mine(promise);
    if (!method_len)
        mock_trap("Tried to call an empty method name.");
    reserve(gas);
    struct mock_action *a = add_action(r, deposit);
    a->call = true;
    keep(&a->method, at(method_len, method));
    keep(&a->args, at(args_len, args));
    a->gas = gas;
    a->weight = weight;
}

void host_promise_batch_action_transfer(uint64_t promise, uint64_t amount)
{
    u128 deposit;
    enter_call("promise_batch_action_transfer");
    memcpy(&deposit, (const void *)(uintptr_t)amount, sizeof(deposit));
    add_action(mine(promise), deposit);
}

static void take_key(struct mock_action *a, uint64_t len, uint64_t key)
{
    if (len != sizeof(a->key.key) || *(const uint8_t *)(uintptr_t)key != 0)
        mock_trap("VM Logic provided an invalid public key");
    memcpy(a->key.key, (const void *)(uintptr_t)key, len);
}

void host_promise_batch_action_add_key_with_function_call(uint64_t promise, uint64_t key_len,
                                                          uint64_t key, uint64_t nonce,
                                                          uint64_t allowance, uint64_t receiver_len,
                                                          uint64_t receiver, uint64_t methods_len,
                                                          uint64_t methods)
{
    enter_call("promise_batch_action_add_key_with_function_call");
    (void)nonce;
    struct mock_action *a = add_action(mine(promise), 0);
    take_key(a, key_len, key);
    a->adds_key = true;
    memcpy(&a->key.allowance, (const void *)(uintptr_t)allowance, sizeof(u128));
    keep(&a->key.receiver, at(receiver_len, receiver));
    keep(&a->key.methods, at(methods_len, methods));
}

void host_promise_batch_action_delete_key(uint64_t promise, uint64_t key_len, uint64_t key)
{
    enter_call("promise_batch_action_delete_key");
    struct mock_action *a = add_action(mine(promise), 0);
    take_key(a, key_len, key);
    a->deletes_key = true;
}

uint64_t host_promise_results_count(void)
{
    struct mock_frame *f = enter_call("promise_results_count");
    return f->self && (f->self->is_yield || f->self->after != SIZE_MAX);
}

uint64_t host_promise_result(uint64_t i, uint64_t reg)
{
    struct mock_frame *f = enter_call("promise_result");
    struct str v;
    if (i || !f->self || (!f->self->is_yield && f->self->after == SIZE_MAX))
        mock_trap("Accessed invalid promise result index");
    if (f->self->is_yield) {
        if (f->self->timed_out)
            return 2;
        set_reg(reg, buf_str(&f->self->payload));
        return 1;
    }
    if (mock_result(f->self->after, &v) != MOCK_OK)
        return 2;
    set_reg(reg, v);
    return 1;
}

void host_promise_return(uint64_t promise)
{
    struct mock_frame *f = enter_call("promise_return");
    mine(promise);
    f->returned = f->first + promise;
    f->has_return = true;
    f->has_value = false;
}

uint64_t host_promise_yield_create(uint64_t method_len, uint64_t method, uint64_t args_len,
                                   uint64_t args, uint64_t gas, uint64_t weight, uint64_t reg)
{
    struct mock_frame *f = enter_call("promise_yield_create");
    uint64_t i = new_receipt(account_id_str(&mock.me));
    struct mock_receipt *r = &mock.receipts[f->first + i];
    uint64_t n = ++mock.yields;

    reserve(gas);
    r->is_yield = true;
    r->expires = mock.height + MOCK_YIELD_BLOCKS;
    memset(r->data_id.b, 0xda, sizeof(r->data_id.b));
    memcpy(r->data_id.b, &n, sizeof(n));
    struct mock_action *a = add_action(r, 0);
    a->call = true;
    keep(&a->method, at(method_len, method));
    keep(&a->args, at(args_len, args));
    a->gas = gas;
    a->weight = weight;
    set_reg(reg, str_from(r->data_id.b, sizeof(r->data_id.b)));
    return i;
}

uint32_t host_promise_yield_resume(uint64_t id_len, uint64_t id, uint64_t payload_len,
                                   uint64_t payload)
{
    enter_call("promise_yield_resume");
    if (id_len != 32)
        mock_trap("yield resumption token is malformed");
    if (payload_len > NEAR_PAYLOAD_MAX)
        mock_trap("Yield resume payload exceeds the 1024 byte limit");
    for (size_t i = 0; i < mock.n_receipts; i++) {
        struct mock_receipt *r = &mock.receipts[i];
        if (!r->is_yield || r->state != MOCK_WAITING ||
            memcmp(r->data_id.b, (const void *)(uintptr_t)id, 32) != 0)
            continue;
        if (!r->resumed && !r->timed_out) { /* the first one delivered is the one that counts */
            struct mock_frame *f = mock_frame;
            if (f->n_resumed == countof(f->resumed))
                mock_trap("more resumes in a call than the mock keeps");
            f->resumed[f->n_resumed++] = i;
            keep(&r->payload, at(payload_len, payload));
            r->resumed = true;
        }
        return 1;
    }
    return 0;
}

/* ---- storage ---- */

uint64_t host_storage_write(uint64_t key_len, uint64_t key, uint64_t len, uint64_t value,
                            uint64_t reg)
{
    enter_call("storage_write");
    if (key_len > 2048)
        mock_trap("The length of a storage key exceeds the limit 2048");
    if (len > NEAR_BYTES_MAX)
        mock_trap("The length of a storage value exceeds the limit 4194304");
    const struct mock_row *old = mock_row(at(key_len, key));
    struct str v = at(len, value);
    if (old)
        set_reg(reg, buf_str(&old->value));
    mock_row_put(at(key_len, key), &v);
    return old != NULL;
}

uint64_t host_storage_read(uint64_t key_len, uint64_t key, uint64_t reg)
{
    enter();
    const struct mock_row *r = mock_row(at(key_len, key));
    if (r)
        set_reg(reg, buf_str(&r->value));
    return r != NULL;
}

uint64_t host_storage_remove(uint64_t key_len, uint64_t key, uint64_t reg)
{
    enter_call("storage_remove");
    const struct mock_row *r = mock_row(at(key_len, key));
    if (!r)
        return 0;
    set_reg(reg, buf_str(&r->value));
    mock_row_put(at(key_len, key), NULL);
    return 1;
}

uint64_t host_storage_has_key(uint64_t key_len, uint64_t key)
{
    enter();
    return mock_row(at(key_len, key)) != NULL;
}

/* ---- what others sign ---- */

static void key_pair(const uint8_t seed[32], uint8_t pub[32], uint8_t secret[64])
{
    BUG_ON(sodium_init() < 0 || crypto_sign_seed_keypair(pub, secret, seed));
}

void mock_ed25519_pub(const uint8_t seed[32], uint8_t pub[32])
{
    uint8_t secret[64];

    key_pair(seed, pub, secret);
}

void mock_ed25519_sign(const uint8_t seed[32], struct str message, uint8_t signature[64])
{
    uint8_t pub[32], secret[64];

    key_pair(seed, pub, secret);
    crypto_sign_detached(signature, NULL, (const uint8_t *)message.ptr, message.len, secret);
}

void mock_sha256(struct str s, uint8_t out[32])
{
    crypto_hash_sha256(out, (const uint8_t *)s.ptr, s.len);
}
