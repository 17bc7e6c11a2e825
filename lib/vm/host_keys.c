/* Actions on access keys: full, restricted, and gas keys (NEP-611). */
#include <string.h>

#include "vm/host_fns.h"

#define GAS_KEY_INFO_BYTES  18 /* balance and number of nonces */
#define GAS_KEY_NONCE_BYTES 12 /* of a nonce's row, besides account id and key */
#define GAS_KEY_ROW_BYTES   29 /* the same of the key's own row, value included */

/* ------------------------------------------------------------------ reading keys */

/* 0 when these bytes are no public key. */
static size_t key_length(const struct host *h, struct str s)
{
    static const size_t of[] = {33, 65, 1953};
    unsigned curve = s.len > 0 ? (uint8_t)s.ptr[0] : 255;

    if (curve > 2 || (curve == 2 && h->p->protocol < 85) || s.len != of[curve])
        return 0;
    return s.len;
}

/* A key that is none is told apart only when the action is about to be made. */
static bool read_key(struct host *h, uint64_t len, uint64_t ptr, struct str *key)
{
    if (!host_read(h, len, ptr, key))
        return false;
    *key = key_length(h, *key) > 0 ? host_keep(h, *key) : STR_NONE;
    return true;
}

static bool bad_key(struct host *h)
{
    return host_fail(h, "InvalidPublicKey", "VM Logic provided an invalid public key");
}

/* Who may be called with a restricted key, and what. */
struct restriction {
    u128 allowance;
    struct str receiver;
    struct str *names;
    size_t n_names;
    uint64_t name_bytes;
};

static bool split_names(struct host *h, struct str all, struct restriction *out)
{
    size_t cap = 0;

    out->names = NULL;
    out->n_names = 0;
    out->name_bytes = 0;
    for (size_t from = 0; all.len > 0 && from <= all.len;) {
        const char *comma = memchr(all.ptr + from, ',', all.len - from);
        size_t to = comma != NULL ? (size_t)(comma - all.ptr) : all.len;

        if (to == from)
            return host_fail(h, "EmptyMethodName", "Tried to call an empty method name.");
        out->names = host_grow(h, out->names, out->n_names, &cap, sizeof *out->names);
        out->names[out->n_names++] = host_keep(h, str_from(all.ptr + from, to - from));
        out->name_bytes += to - from + 1;
        from = to + 1;
    }
    return true;
}

/* `a`: allowance_ptr, receiver_len, receiver_ptr, names_len, names_ptr */
static bool read_restriction(struct host *h, const uint64_t *a, struct restriction *out)
{
    struct str names = STR_NONE;

    return host_read_u128(h, a[0], &out->allowance) &&
           host_read_account(h, a[1], a[2], &out->receiver) && host_read(h, a[3], a[4], &names) &&
           split_names(h, names, out);
}

static struct vm_action restricted(const struct restriction *f, enum vm_permission permission,
                                   struct str key)
{
    return (struct vm_action){
        .kind = VM_ADD_KEY,
        .permission = permission,
        .public_key = key,
        .amount = f->allowance,
        .has_allowance = f->allowance > 0,
        .account = f->receiver,
        .method_names = f->names,
        .n_method_names = f->n_names,
    };
}

/* ------------------------------------------------------------------ ordinary keys */

bool host_promise_batch_action_stake(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct vm_action act = {.kind = VM_STAKE};
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_stake") || !host_read_u128(h, a[1], &act.amount) ||
        !read_key(h, a[2], a[3], &act.public_key) || !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(stake, 1, sir);
    if (act.public_key.ptr == NULL)
        return bad_key(h);
    host_add_action(h, receipt, act);
    return true;
}

bool host_promise_batch_action_add_key_with_full_access(struct host *h, const uint64_t *a,
                                                        uint64_t *r)
{
    struct vm_action act = {.kind = VM_ADD_KEY, .permission = VM_KEY_FULL_ACCESS, .nonce = a[3]};
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_add_key_with_full_access") ||
        !read_key(h, a[1], a[2], &act.public_key) || !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(add_full_access_key, 1, sir);
    if (act.public_key.ptr == NULL)
        return bad_key(h);
    host_add_action(h, receipt, act);
    return true;
}

bool host_promise_batch_action_add_key_with_function_call(struct host *h, const uint64_t *a,
                                                          uint64_t *r)
{
    struct restriction f;
    struct vm_action act;
    struct str key = STR_NONE;
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_add_key_with_function_call") ||
        !read_key(h, a[1], a[2], &key) || !read_restriction(h, a + 4, &f) ||
        !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(add_function_call_key_base, 1, sir);
    CHARGE(add_function_call_key_byte, f.name_bytes, sir);
    if (key.ptr == NULL)
        return bad_key(h);
    act = restricted(&f, VM_KEY_FUNCTION_CALL, key);
    act.nonce = a[3];
    host_add_action(h, receipt, act);
    return true;
}

bool host_promise_batch_action_delete_key(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct vm_action act = {.kind = VM_DELETE_KEY};
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_delete_key") ||
        !read_key(h, a[1], a[2], &act.public_key) || !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(delete_key, 1, sir);
    if (act.public_key.ptr == NULL)
        return bad_key(h);
    host_add_action(h, receipt, act);
    return true;
}

/* ------------------------------------------------------------------ gas keys */

bool host_promise_batch_action_transfer_to_gas_key(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct vm_action act = {.kind = VM_TRANSFER_TO_GAS_KEY};
    const struct params *p = h->p;
    uint64_t row;
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_transfer_to_gas_key") ||
        !read_key(h, a[1], a[2], &act.public_key) || !host_read_u128(h, a[3], &act.amount) ||
        !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(gas_key_transfer_base, 1, sir);
    row = h->receipts[receipt].r.receiver.len + act.public_key.len + GAS_KEY_ROW_BYTES;
    if (!gas_pay_action(h, ACTION_gas_key_byte,
                        action_send(p, ACTION_gas_key_byte, sir) * act.public_key.len,
                        p->action[ACTION_gas_key_byte].exec * row) ||
        !host_spend(h, act.amount))
        return false;
    if (act.public_key.ptr == NULL)
        return bad_key(h);
    host_add_action(h, receipt, act);
    return true;
}

/* On top of the ordinary fee: a row for each nonce, and the key's own record. */
static bool pay_gas_key(struct host *h, uint32_t receipt, struct str key, uint64_t nonces, bool sir)
{
    const struct params *p = h->p;
    uint64_t row = h->receipts[receipt].r.receiver.len + key.len + GAS_KEY_NONCE_BYTES;

    return gas_pay_action(h, ACTION_gas_key_nonce_write_base, 0,
                          p->action[ACTION_gas_key_nonce_write_base].exec * nonces) &&
           gas_pay_action(h, ACTION_gas_key_byte,
                          action_send(p, ACTION_gas_key_byte, sir) * GAS_KEY_INFO_BYTES,
                          p->action[ACTION_gas_key_byte].exec * row * nonces);
}

bool host_promise_batch_action_add_gas_key_with_full_access(struct host *h, const uint64_t *a,
                                                            uint64_t *r)
{
    struct vm_action act = {.kind = VM_ADD_KEY, .permission = VM_GAS_KEY_FULL_ACCESS};
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_add_gas_key_with_full_access") ||
        !read_key(h, a[1], a[2], &act.public_key))
        return false;
    if (a[3] > UINT16_MAX)
        return host_fail_overflow(h);
    act.num_nonces = (uint16_t)a[3];
    if (!host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(add_full_access_key, 1, sir);
    if (!pay_gas_key(h, receipt, act.public_key, act.num_nonces, sir))
        return false;
    if (act.public_key.ptr == NULL)
        return bad_key(h);
    host_add_action(h, receipt, act);
    return true;
}

bool host_promise_batch_action_add_gas_key_with_function_call(struct host *h, const uint64_t *a,
                                                              uint64_t *r)
{
    struct restriction f;
    struct vm_action act;
    struct str key = STR_NONE;
    uint32_t receipt;
    bool sir;

    (void)r;
    if (!host_enter(h, "promise_batch_action_add_gas_key_with_function_call") ||
        !read_key(h, a[1], a[2], &key))
        return false;
    if (a[3] > UINT16_MAX)
        return host_fail_overflow(h);
    if (!read_restriction(h, a + 4, &f) || !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(add_function_call_key_base, 1, sir);
    CHARGE(add_function_call_key_byte, f.name_bytes, sir);
    if (!pay_gas_key(h, receipt, key, a[3], sir))
        return false;
    if (key.ptr == NULL)
        return bad_key(h);
    act = restricted(&f, VM_GAS_KEY_FUNCTION_CALL, key);
    act.num_nonces = (uint16_t)a[3];
    host_add_action(h, receipt, act);
    return true;
}
