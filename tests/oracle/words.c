/* words.c — see words.h. */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "codec/hex.h"
#include "oracle.h"

static void add_hex(struct buf *b, struct str s)
{
    hex_put(b, s.ptr, s.len);
}

static void put_amount(struct buf *b, const char *before, u128 n)
{
    buf_addz(b, before);
    buf_add_u128(b, n);
}

static void put_names(struct buf *b, const struct vm_action *a)
{
    for (size_t i = 0; i < a->n_method_names; i++) {
        if (i > 0)
            buf_add_byte(b, '+');
        add_hex(b, a->method_names[i]);
    }
}

static void put_global(struct buf *b, const struct vm_action *a)
{
    if (a->by_account) {
        buf_addz(b, "account:");
        buf_add_str(b, a->account);
    } else {
        buf_addz(b, "hash:");
        hex_put(b, a->code_hash, 32);
    }
}

static void put_key(struct buf *b, const struct vm_action *a)
{
    static const char *const names[] = {" fckey:", " key:", " gasfckey:", " gaskey:"};
    bool gas = a->permission == VM_GAS_KEY_FULL_ACCESS || a->permission == VM_GAS_KEY_FUNCTION_CALL;

    buf_addz(b, names[a->permission]);
    add_hex(b, a->public_key);
    put_amount(b, ":", gas ? a->num_nonces : a->nonce);
    if (a->permission == VM_KEY_FULL_ACCESS || a->permission == VM_GAS_KEY_FULL_ACCESS)
        return;
    put_amount(b, ":", a->has_allowance ? a->amount : 0);
    buf_add_byte(b, ':');
    buf_add_str(b, a->account);
    buf_add_byte(b, ':');
    put_names(b, a);
}

static void put_action(struct buf *b, const struct vm_action *a, uint64_t weighted)
{
    switch (a->kind) {
    case VM_CREATE_ACCOUNT:
        buf_addz(b, " create");
        return;
    case VM_DEPLOY_CONTRACT:
        buf_addz(b, " deploy:");
        add_hex(b, a->code);
        return;
    case VM_FUNCTION_CALL:
        buf_addz(b, " call:");
        add_hex(b, a->method);
        buf_add_byte(b, ':');
        add_hex(b, a->args);
        put_amount(b, ":", a->amount);
        put_amount(b, ":", a->gas - weighted);
        put_amount(b, ":", a->gas_weight);
        return;
    case VM_TRANSFER:
        put_amount(b, " transfer:", a->amount);
        return;
    case VM_STAKE:
        put_amount(b, " stake:", a->amount);
        buf_add_byte(b, ':');
        add_hex(b, a->public_key);
        return;
    case VM_ADD_KEY:
        put_key(b, a);
        return;
    case VM_DELETE_KEY:
        buf_addz(b, " unkey:");
        add_hex(b, a->public_key);
        return;
    case VM_DELETE_ACCOUNT:
        buf_addz(b, " delete:");
        buf_add_str(b, a->account);
        return;
    case VM_DEPLOY_GLOBAL:
        buf_addz(b, " global:");
        add_hex(b, a->code);
        buf_addz(b, a->by_account ? ":1" : ":0");
        return;
    case VM_USE_GLOBAL:
        buf_addz(b, " use:");
        put_global(b, a);
        return;
    case VM_STATE_INIT:
        put_amount(b, " init:", a->amount);
        buf_add_byte(b, ':');
        put_global(b, a);
        for (size_t i = 0; i < a->n_entries; i++) {
            buf_add_byte(b, ':');
            add_hex(b, a->entries[i].key);
            buf_add_byte(b, '=');
            add_hex(b, a->entries[i].value);
        }
        return;
    case VM_TRANSFER_TO_GAS_KEY:
        buf_addz(b, " fund:");
        add_hex(b, a->public_key);
        put_amount(b, ":", a->amount);
        return;
    case VM_UNIVERSAL_STATE_INIT:
        buf_addz(b, " universal:");
        add_hex(b, a->code);
        put_amount(b, ":", a->amount);
        return;
    }
}

/* The receipt whose output is this data id. */
static size_t source_of(const struct vm_outcome *o, const uint8_t id[32])
{
    for (size_t i = 0; i < o->n_receipts; i++)
        for (size_t k = 0; k < o->receipts[i].n_outputs; k++)
            if (memcmp(o->receipts[i].outputs[k].data_id, id, 32) == 0)
                return i;
    die("receipts", "an input without a source");
    return 0;
}

/* The other side does not spread what is left: take each call's share off again. */
static uint64_t share_of(const struct vm_outcome *o, const struct vm_action *a)
{
    const struct vm_action *last = NULL;
    u128 sum = 0;
    uint64_t spread = 0;

    for (size_t i = 0; i < o->n_receipts; i++)
        for (size_t k = 0; k < o->receipts[i].n_actions; k++)
            sum += o->receipts[i].actions[k].gas_weight;
    if (a->gas_weight == 0 || sum == 0)
        return 0;
    for (size_t i = 0; i < o->n_receipts; i++)
        for (size_t k = 0; k < o->receipts[i].n_actions; k++)
            if (o->receipts[i].actions[k].gas_weight > 0) {
                last = &o->receipts[i].actions[k];
                spread += (uint64_t)((u128)o->gas_spread * last->gas_weight / sum);
            }
    return (uint64_t)((u128)o->gas_spread * a->gas_weight / sum) +
           (a == last ? o->gas_spread - spread : 0);
}

static void put_receipts(struct buf *b, const struct vm_outcome *o)
{
    for (size_t i = 0; i < o->n_receipts; i++) {
        const struct vm_receipt *r = &o->receipts[i];

        buf_addz(b, r->yield ? " yield=" : " receipt=");
        buf_add_str(b, r->receiver);
        buf_add_byte(b, ':');
        if (r->yield) {
            hex_put(b, r->inputs[0], 32);
            buf_add_byte(b, ':');
            if (r->has_yield_id)
                hex_put(b, r->yield_id, 32);
            else
                buf_add_byte(b, '-');
        } else {
            buf_add_byte(b, '[');
            for (size_t k = 0; k < r->n_inputs; k++) {
                put_amount(b, k > 0 ? "+" : "", source_of(o, r->inputs[k]));
            }
            buf_add_byte(b, ']');
        }
        if (r->refund_to.ptr != NULL) {
            buf_addz(b, " refund=");
            buf_add_str(b, r->refund_to);
        }
        for (size_t k = 0; k < r->n_actions; k++)
            put_action(b, &r->actions[k], share_of(o, &r->actions[k]));
    }
    for (size_t i = 0; i < o->n_resumes; i++) {
        buf_addz(b, " resume=");
        hex_put(b, o->resumes[i].data_id, 32);
        buf_add_byte(b, ':');
        add_hex(b, o->resumes[i].data);
    }
}

static int row_cmp(const void *x, const void *y)
{
    return str_cmp(((const struct chain_row *)x)->key, ((const struct chain_row *)y)->key);
}

static void put_costs(struct buf *b, const struct vm_outcome *o)
{
    static const char *const actions[] = {
#define X(name) #name,
        ACTION_COST_LIST(X)
#undef X
    };
    static const char *const exts[] = {
#define X(name) #name,
        EXT_COST_LIST(X)
#undef X
    };

    for (size_t i = 0; i < countof(actions); i++)
        if (o->profile_action[i] != 0)
            buf_addf(b, " %s=%llu", actions[i], (unsigned long long)o->profile_action[i]);
    for (size_t i = 0; i < countof(exts); i++)
        if (o->profile_ext[i] != 0)
            buf_addf(b, " %s=%llu", exts[i], (unsigned long long)o->profile_ext[i]);
    buf_addf(b, " wasm=%llu", (unsigned long long)o->profile_wasm);
}

static void put_error(struct buf *b, const struct vm_outcome *o)
{
    struct buf text = BUF_INIT(WORDS_MAX);

    if (o->fail == VM_FAIL_PREPARE)
        buf_addz(&text, "prepare:");
    else if (o->fail == VM_FAIL_METHOD)
        buf_addz(&text, "method:");
    buf_add_str(&text, o->text);
    buf_addz(b, " error=");
    add_hex(b, buf_str(&text));
    buf_release(&text);
}

void outcome_words(struct buf *b, const struct vm_outcome *o, struct chain *chain)
{
    buf_addf(b, "burnt=%llu used=%llu compute=%llu", (unsigned long long)o->gas_burnt,
             (unsigned long long)(o->gas_used - o->gas_spread),
             (unsigned long long)o->compute_used);
    put_costs(b, o);
    for (size_t i = 0; i < o->n_logs; i++) {
        buf_addz(b, " log=");
        add_hex(b, o->logs[i]);
    }
    if (o->fail != VM_OK) {
        put_error(b, o);
        return;
    }
    put_amount(b, " balance=", o->balance);
    put_amount(b, " subsidized=", o->subsidized);
    put_amount(b, " storage=", o->storage_usage);
    if (o->returns == VM_RETURN_VALUE) {
        buf_addz(b, " value=");
        add_hex(b, o->value);
    } else if (o->returns == VM_RETURN_RECEIPT) {
        put_amount(b, " returns=", o->return_receipt);
    }
    if (chain->n_rows > 0)
        qsort(chain->rows, chain->n_rows, sizeof chain->rows[0], row_cmp);
    for (size_t i = 0; i < chain->n_rows; i++) {
        buf_addz(b, " row=");
        add_hex(b, chain->rows[i].key);
        buf_add_byte(b, ':');
        add_hex(b, chain->rows[i].value);
    }
    put_receipts(b, o);
}
