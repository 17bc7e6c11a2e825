/* Actions appended to a promise's receipt: what each costs at once and reserves for later. */
#include <string.h>

#include "codec/wire.h"
#include "crypto/keccak.h"
#include "near/account_id.h"
#include "vm/host_fns.h"

bool host_promise_batch_action_create_account(struct host *h, const uint64_t *a, uint64_t *r)
{
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_create_account") ||
        !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(create_account, 1, sir);
    host_add_action(h, receipt, (struct vm_action){.kind = VM_CREATE_ACCOUNT});
    return true;
}

static bool read_code(struct host *h, const uint64_t *a, struct str *code)
{
    if (!host_read(h, a[0], a[1], code))
        return false;
    if (code->len > h->p->max_contract_size)
        return host_fail_limit(
            h, "ContractSizeExceeded", "size", code->len, h->p->max_contract_size,
            "The size of a contract code in DeployContract action ", " exceeds the limit ", "");
    *code = host_keep(h, *code);
    return true;
}

bool host_promise_batch_action_deploy_contract(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str code = STR_NONE;
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_deploy_contract") || !read_code(h, a + 1, &code) ||
        !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(deploy_contract_base, 1, sir);
    CHARGE(deploy_contract_byte, code.len, sir);
    host_add_action(h, receipt, (struct vm_action){.kind = VM_DEPLOY_CONTRACT, .code = code});
    return true;
}

static bool deploy_global(struct host *h, const uint64_t *a, const char *function, bool by_account)
{
    struct str code = STR_NONE;
    uint32_t receipt;
    bool sir;

    if (!host_enter(h, function) || !read_code(h, a + 1, &code) ||
        !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(deploy_global_contract_base, 1, sir);
    CHARGE(deploy_global_contract_byte, code.len, sir);
    host_add_action(
        h, receipt,
        (struct vm_action){.kind = VM_DEPLOY_GLOBAL, .code = code, .by_account = by_account});
    return true;
}

bool host_promise_batch_action_deploy_global_contract(struct host *h, const uint64_t *a,
                                                      uint64_t *r)
{
    (void)r;
    return deploy_global(h, a, "promise_batch_action_deploy_global_contract", false);
}

bool host_promise_batch_action_deploy_global_contract_by_account_id(struct host *h,
                                                                    const uint64_t *a, uint64_t *r)
{
    (void)r;
    return deploy_global(h, a, "promise_batch_action_deploy_global_contract_by_account_id", true);
}

/* A global contract's name: a hash, or whose it is. */
static bool read_global(struct host *h, const uint64_t *a, bool by_account, struct vm_action *out)
{
    struct str s = STR_NONE;

    out->by_account = by_account;
    if (by_account)
        return host_read_account(h, a[0], a[1], &out->account);
    if (!host_read(h, a[0], a[1], &s))
        return false;
    if (s.len != sizeof out->code_hash)
        return host_fail(h, "ContractCodeHashMalformed", "contract code hash is malformed");
    memcpy(out->code_hash, s.ptr, s.len);
    return true;
}

static bool use_global(struct host *h, const uint64_t *a, const char *function, bool by_account)
{
    struct vm_action act = {.kind = VM_USE_GLOBAL};
    uint32_t receipt;
    bool sir;

    if (!host_enter(h, function) || !read_global(h, a + 1, by_account, &act) ||
        !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(use_global_contract_base, 1, sir);
    CHARGE(use_global_contract_byte, by_account ? act.account.len : sizeof act.code_hash, sir);
    host_add_action(h, receipt, act);
    return true;
}

bool host_promise_batch_action_use_global_contract(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)r;
    return use_global(h, a, "promise_batch_action_use_global_contract", false);
}

bool host_promise_batch_action_use_global_contract_by_account_id(struct host *h, const uint64_t *a,
                                                                 uint64_t *r)
{
    (void)r;
    return use_global(h, a, "promise_batch_action_use_global_contract_by_account_id", true);
}

static bool lower_hex(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'a' && s.ptr[i] <= 'f')))
            return false;
    return true;
}

static bool is_deterministic(struct str s)
{
    return s.len == 42 && str_starts(s, STR("0s")) && lower_hex(str_skip(s, 2));
}

static bool is_universal(struct str s)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

    if (s.len != 54 || !str_starts(s, STR("0u")) || (s.ptr[53] != '0' && s.ptr[53] != 'g'))
        return false;
    for (size_t i = 2; i < s.len; i++)
        if (strchr(digits, s.ptr[i]) == NULL || s.ptr[i] == '\0')
            return false;
    return true;
}

/* A transfer to an id that says what it is made of pays for making the account. */
static void transfer_extras(const struct host *h, struct str to, bool *account, bool *key)
{
    bool eth = to.len == 42 && str_starts(to, STR("0x")) && lower_hex(str_skip(to, 2));

    *key = to.len == 64 && lower_hex(to);
    *account = *key || (eth && h->p->eth_implicit_accounts) ||
               (is_deterministic(to) && h->p->protocol >= 82) ||
               (is_universal(to) && h->p->universal_accounts);
}

bool host_promise_batch_action_transfer(struct host *h, const uint64_t *a, uint64_t *r)
{
    uint32_t receipt;
    u128 amount;
    uint64_t burn, reserve;
    bool sir, account, key;

    (void)r;
    if (!host_enter(h, "promise_batch_action_transfer") || !host_read_u128(h, a[1], &amount) ||
        !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    transfer_extras(h, h->receipts[receipt].r.receiver, &account, &key);
    burn = action_send(h->p, ACTION_transfer, sir);
    reserve = h->p->action[ACTION_transfer].exec;
    if (account) {
        burn += action_send(h->p, ACTION_create_account, sir);
        reserve += h->p->action[ACTION_create_account].exec;
    }
    if (key) {
        burn += action_send(h->p, ACTION_add_full_access_key, sir);
        reserve += h->p->action[ACTION_add_full_access_key].exec;
    }
    if (!gas_pay_action(h, ACTION_transfer, burn, reserve) || !host_spend(h, amount))
        return false;
    host_add_action(h, receipt, (struct vm_action){.kind = VM_TRANSFER, .amount = amount});
    return true;
}

bool host_promise_batch_action_delete_account(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str account = STR_NONE;
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_delete_account") ||
        !host_read_account(h, a[1], a[2], &account) || !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(delete_account, 1, sir);
    host_add_action(h, receipt, (struct vm_action){.kind = VM_DELETE_ACCOUNT, .account = account});
    return true;
}

/* ------------------------------------------------------------------ state of other accounts */

static bool state_init(struct host *h, const uint64_t *a, const char *function, bool by_account,
                       uint64_t *r)
{
    struct vm_action act = {.kind = VM_STATE_INIT};
    uint32_t receipt;
    bool sir;

    if (!host_enter(h, function) || !read_global(h, a + 1, by_account, &act) ||
        !host_read_u128(h, a[3], &act.amount) || !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(deterministic_state_init_base, 1, sir);
    if (!host_spend(h, act.amount))
        return false;
    host_add_action(h, receipt, act);
    *r = h->receipts[receipt].r.n_actions - 1;
    return true;
}

bool host_promise_batch_action_state_init(struct host *h, const uint64_t *a, uint64_t *r)
{
    return state_init(h, a, "promise_batch_action_state_init", false, r);
}

bool host_promise_batch_action_state_init_by_account_id(struct host *h, const uint64_t *a,
                                                        uint64_t *r)
{
    return state_init(h, a, "promise_batch_action_state_init_by_account_id", true, r);
}

static bool bad_action(struct host *h, uint32_t receipt, uint64_t action)
{
    struct buf d = BUF_INIT(256), t = BUF_INIT(256);

    buf_addf(&d, "HostError(InvalidActionIndex { receipt_index: %u, action_index: %llu })", receipt,
             (unsigned long long)action);
    buf_addf(&t, "Action %llu in receipt %u does not exist or has the wrong type of action.",
             (unsigned long long)action, receipt);
    h->debug = host_keep(h, buf_str(&d));
    h->text = host_keep(h, buf_str(&t));
    buf_release(&d);
    buf_release(&t);
    return false;
}

/* Entries are kept sorted by key, as they are on the wire. */
static bool add_entry(struct host *h, struct vm_action *act, struct vm_entry e)
{
    struct vm_entry *list = (struct vm_entry *)(uintptr_t)act->entries;
    size_t n = act->n_entries, at = 0;

    while (at < n && str_cmp(list[at].key, e.key) < 0)
        at++;
    if (at < n && str_eq(list[at].key, e.key))
        return host_fail(h, "DataEntryAlreadyExists", "Data entry for given key already exists");
    if (n == 0 || (n & (n - 1)) == 0) { /* full at each power of two */
        struct vm_entry *more = arena_new_n(h->a, struct vm_entry, n == 0 ? 1 : 2 * n);

        if (n > 0)
            memcpy(more, list, n * sizeof *more);
        list = more;
    }
    memmove(list + at + 1, list + at, (n - at) * sizeof *list);
    list[at] = e;
    act->entries = list;
    act->n_entries = n + 1;
    return true;
}

bool host_set_state_init_data_entry(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct vm_entry e;
    struct host_receipt *rc;
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "set_state_init_data_entry") || !host_receipt_of(h, a[0], &receipt, &sir) ||
        !host_read(h, a[2], a[3], &e.key))
        return false;
    e.key = host_keep(h, e.key);
    if (!host_read(h, a[4], a[5], &e.value))
        return false;
    e.value = host_keep(h, e.value);
    CHARGE(deterministic_state_init_entry, 1, sir);
    CHARGE(deterministic_state_init_byte, e.key.len + e.value.len, sir);
    rc = &h->receipts[receipt];
    if (a[1] >= rc->r.n_actions || rc->actions[a[1]].kind != VM_STATE_INIT)
        return bad_action(h, receipt, a[1]);
    return add_entry(h, &rc->actions[a[1]], e);
}

/* ------------------------------------------------------------------ universal accounts */

/*
 * What a universal state init holds. Its bytes are borsh: u8 0, option of code (0 + 32 bytes or
 * 1 + account id), entries (key, value) sorted by key, handles of keys sorted.
 */
struct universal {
    uint64_t entries, keys;
};

enum universal_form { UNIVERSAL_OK, UNIVERSAL_MALFORMED, UNIVERSAL_NOT_CANONICAL };

static void read_code_id(struct rd *r)
{
    switch (rd_u8(r)) {
    case 0:
        rd_fixed(r, 32);
        break;
    case 1:
        if (!account_id_valid(rd_text(r, ACCOUNT_ID_MAX)))
            rd_fail(r);
        break;
    default:
        rd_fail(r);
    }
}

/* Curve and bytes of a key's handle; of ML-DSA keys only a hash is kept. */
static struct str read_handle(struct rd *r)
{
    size_t from = r->at;

    switch (rd_u8(r)) {
    case 0:
    case 3:
        rd_fixed(r, 32);
        break;
    case 1:
        rd_fixed(r, 64);
        break;
    default:
        rd_fail(r);
    }
    return r->bad ? STR_NONE : (struct str){r->in.ptr + from, r->at - from};
}

static enum universal_form read_universal(struct str bytes, struct universal *out)
{
    struct rd r = rd_over(bytes);
    struct str last = STR_NONE;
    bool sorted = true;

    *out = (struct universal){0};
    if (rd_u8(&r) != 0)
        rd_fail(&r);
    if (rd_bool(&r))
        read_code_id(&r);
    out->entries = rd_u32(&r);
    for (uint64_t i = 0; i < out->entries && !r.bad; i++) {
        struct str key = rd_bytes(&r, SIZE_MAX);

        rd_bytes(&r, SIZE_MAX);
        sorted = sorted && (i == 0 || str_cmp(last, key) < 0);
        last = key;
    }
    out->keys = rd_u32(&r);
    for (uint64_t i = 0; i < out->keys && !r.bad; i++) {
        struct str key = read_handle(&r);

        sorted = sorted && (i == 0 || str_cmp(last, key) < 0);
        last = key;
    }
    if (!rd_end(&r))
        return UNIVERSAL_MALFORMED;
    return sorted ? UNIVERSAL_OK : UNIVERSAL_NOT_CANONICAL;
}

/* "0u" and base32 of the SHA3-256 of the bytes, most significant bit first. */
static void universal_id(struct str bytes, char out[54])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint8_t hash[33] = {0};

    sha3_256(bytes, hash);
    out[0] = '0';
    out[1] = 'u';
    for (unsigned i = 0; i < 52; i++) {
        unsigned bit = 5 * i, pair = (unsigned)hash[bit / 8] << 8 | hash[bit / 8 + 1];

        out[2 + i] = digits[pair >> (11 - bit % 8) & 31];
    }
}

bool host_universal_state_init_to_account_id(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct universal u;
    struct str bytes = STR_NONE;
    char id[54];

    if (!gas_pay(h, EXT_universal_state_init_to_account_id_base) ||
        !host_read(h, a[0], a[1], &bytes) ||
        !gas_pay_per(h, EXT_universal_state_init_to_account_id_byte, bytes.len))
        return false;
    if (h->p->canonical_universal_state_init) {
        *r = (uint64_t)read_universal(bytes, &u);
        if (*r != UNIVERSAL_OK)
            return true;
    }
    universal_id(bytes, id);
    return host_set(h, a[2], str_from(id, sizeof id));
}

static uint64_t at_most(uint64_t len, uint64_t head, uint64_t each)
{
    return len <= head ? 0 : (len - head + each - 1) / each;
}

bool host_promise_batch_action_universal_state_init(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct vm_action act = {.kind = VM_UNIVERSAL_STATE_INIT};
    struct universal u;
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_universal_state_init") ||
        !host_read(h, a[1], a[2], &act.code))
        return false;
    act.code = host_keep(h, act.code);
    if (!host_read_u128(h, a[3], &act.amount) || !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(universal_state_init_base, 1, sir);
    CHARGE(universal_state_init_byte, act.code.len, sir);
    /* What cannot be counted is priced as if it held as much as so many bytes can. */
    if (read_universal(act.code, &u) != UNIVERSAL_OK)
        u = (struct universal){at_most(act.code.len, 6, 8), at_most(act.code.len, 10, 33)};
    CHARGE(universal_state_init_entry, u.entries, sir);
    CHARGE(add_full_access_key, u.keys, sir);
    if (!host_spend(h, act.amount))
        return false;
    host_add_action(h, receipt, act);
    return true;
}
