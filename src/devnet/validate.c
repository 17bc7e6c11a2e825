/* validate.c — limits on actions and receipts that need no state. */
#include "devnet/apply_internal.h"

#include "codec/hex.h"
#include "crypto/keccak.h"
#include "devnet/fail.h"

static struct str too_long(struct arena *a, const char *name, size_t length, uint64_t limit)
{
    return fail(a, name, "u length u limit", (uint64_t)length, limit);
}

static struct str unsupported(struct arena *a, const char *feature, uint64_t version)
{
    return fail(a, "UnsupportedProtocolFeature", "s protocol_feature u version", str_of(feature),
                version);
}

static struct str call_check(struct arena *a, const struct params *p, const struct action *x)
{
    if (x->call.gas == 0)
        return fail(a, "FunctionCallZeroAttachedGas", NULL);
    if (x->call.method.len == 0 && p->protocol >= 87)
        return fail(a, "FunctionCallEmptyMethodName", NULL);
    if (x->call.method.len > p->max_length_method_name)
        return too_long(a, "FunctionCallMethodNameLengthExceeded", x->call.method.len,
                        p->max_length_method_name);
    if (x->call.args.len > p->max_arguments_length)
        return too_long(a, "FunctionCallArgumentsLengthExceeded", x->call.args.len,
                        p->max_arguments_length);
    return STR_NONE;
}

static struct str add_key_check(struct arena *a, const struct params *p, const struct action *x)
{
    const struct access_key *k = &x->add_key.access;
    uint64_t total = 0;

    if (x->add_key.key.curve == CURVE_ML_DSA_65)
        return unsupported(a, "PostQuantumSignatures", 85);
    if (k->kind == PERMISSION_GAS_KEY_FUNCTION_CALL || k->kind == PERMISSION_GAS_KEY_FULL_ACCESS)
        return unsupported(a, "GasKeys", 85);
    if (k->kind != PERMISSION_FUNCTION_CALL)
        return STR_NONE;
    if (!account_id_valid(k->receiver_id))
        return fail(a, "InvalidAccountId", "s account_id", str_head(k->receiver_id, 128));
    for (size_t i = 0; i < k->nmethods; i++) {
        if (k->methods[i].len > p->max_length_method_name)
            return too_long(a, "AddKeyMethodNameLengthExceeded", k->methods[i].len,
                            p->max_length_method_name);
        total += k->methods[i].len + 1;
    }
    if (total > p->max_number_bytes_method_names)
        return fail(a, "AddKeyMethodNamesNumberOfBytesExceeded", "u total_number_of_bytes u limit",
                    total, p->max_number_bytes_method_names);
    return STR_NONE;
}

/* "0s" and the last 20 bytes of the state init's Keccak hash (NEP-616). */
static void put_deterministic_id(struct buf *out, const struct action *x)
{
    struct buf bytes = BUF_INIT(RECEIPT_BYTES_MAX);
    uint8_t hash[32];

    action_write(&bytes, x);
    BUG_ON(bytes.full);
    /* Between the tag of the action and its deposit stands the state init. */
    keccak256(str_from(bytes.ptr + 1, bytes.len - 1 - sizeof(u128)), hash);
    buf_release(&bytes);
    buf_addz(out, "0s");
    hex_put(out, hash + 12, 20);
}

static struct str state_init_check(struct arena *a, const struct params *p, struct str receiver,
                                   const struct action *x)
{
    char id[64];
    struct buf derived = BUF_OVER(id);

    if (p->protocol < 82)
        return unsupported(a, "DeterministicAccountIds", 82);
    for (size_t i = 0; i < x->state_init.nentries; i++) {
        const struct state_entry *e = &x->state_init.entries[i];

        if (e->key.len > p->max_length_storage_key)
            return too_long(a, "DeterministicStateInitKeyLengthExceeded", e->key.len,
                            p->max_length_storage_key);
        if (e->value.len > p->max_length_storage_value)
            return too_long(a, "DeterministicStateInitValueLengthExceeded", e->value.len,
                            p->max_length_storage_value);
    }
    put_deterministic_id(&derived, x);
    if (!str_eq(buf_str(&derived), receiver))
        return fail(a, "InvalidDeterministicStateInitReceiver", "s receiver_id s derived_id",
                    receiver, buf_str(&derived));
    return STR_NONE;
}

static struct str code_check(struct arena *a, const struct params *p, struct str code)
{
    if (code.len > p->max_contract_size)
        return fail(a, "ContractSizeExceeded", "u size u limit", (uint64_t)code.len,
                    p->max_contract_size);
    return STR_NONE;
}

static struct str action_check(struct arena *a, const struct params *p, struct str receiver,
                               const struct action *x)
{
    switch (x->kind) {
    case ACTION_DEPLOY_CONTRACT:
        return code_check(a, p, x->code);
    case ACTION_DEPLOY_GLOBAL_CONTRACT:
        return code_check(a, p, x->deploy_global.code);
    case ACTION_FUNCTION_CALL:
        return call_check(a, p, x);
    case ACTION_ADD_KEY:
        return add_key_check(a, p, x);
    case ACTION_DELEGATE:
        return actions_check(a, p, x->delegate->receiver_id, x->delegate->actions,
                             x->delegate->nactions);
    case ACTION_DELEGATE_V2:
        if (p->protocol >= 87)
            return fail(a, "RemovedProtocolFeature", "s protocol_feature u version",
                        STR("DelegateV2"), UINT64_C(87));
        return unsupported(a, "DelegateV2", 85);
    case ACTION_DETERMINISTIC_STATE_INIT:
        return state_init_check(a, p, receiver, x);
    case ACTION_TRANSFER_TO_GAS_KEY:
    case ACTION_WITHDRAW_FROM_GAS_KEY:
        return unsupported(a, "GasKeys", 85);
    case ACTION_UNIVERSAL_STATE_INIT:
        return unsupported(a, "UniversalAccounts", 88);
    case ACTION_CREATE_ACCOUNT:
    case ACTION_TRANSFER:
    case ACTION_STAKE:
    case ACTION_DELETE_KEY:
    case ACTION_DELETE_ACCOUNT:
    case ACTION_USE_GLOBAL_CONTRACT:
        break;
    }
    return STR_NONE;
}

/* Limits that hold for all actions of a receipt together. */
static struct str totals_check(struct arena *a, const struct params *p, const struct action *x,
                               size_t n)
{
    uint64_t gas, deploys = 0, entries = 0;

    for (size_t i = 0; i < n; i++) {
        deploys +=
            x[i].kind == ACTION_DEPLOY_CONTRACT || x[i].kind == ACTION_DEPLOY_GLOBAL_CONTRACT;
        if (x[i].kind == ACTION_DETERMINISTIC_STATE_INIT)
            entries += x[i].state_init.nentries;
    }
    if (deploys > p->max_deploy_actions_per_receipt)
        return fail(a, "TotalNumberOfDeployActionsExceeded", "u number_of_deploy_actions u limit",
                    deploys, p->max_deploy_actions_per_receipt);
    if (entries > p->max_state_init_entries)
        return fail(a, "TotalNumberOfStateInitEntriesExceeded", "u number_of_entries u limit",
                    entries, p->max_state_init_entries);
    if (!gas_attached(x, n, &gas))
        return fail(a, "IntegerOverflow", NULL);
    if (gas > p->max_total_prepaid_gas)
        return fail(a, "TotalPrepaidGasExceeded", "u total_prepaid_gas u limit", gas,
                    p->max_total_prepaid_gas);
    return STR_NONE;
}

struct str actions_check(struct arena *a, const struct params *p, struct str receiver,
                         const struct action *x, size_t n)
{
    bool delegate = false;
    struct str e;

    if (n > p->max_actions_per_receipt)
        return fail(a, "TotalNumberOfActionsExceeded", "u total_number_of_actions u limit",
                    (uint64_t)n, p->max_actions_per_receipt);
    for (size_t i = 0; i < n; i++) {
        if (x[i].kind == ACTION_DELETE_ACCOUNT && i + 1 < n)
            return fail(a, "DeleteActionMustBeFinal", NULL);
        if (x[i].kind == ACTION_DELEGATE) {
            if (delegate)
                return fail(a, "DelegateActionMustBeOnlyOne", NULL);
            delegate = true;
        }
        e = action_check(a, p, receiver, &x[i]);
        if (e.ptr)
            return e;
    }
    return totals_check(a, p, x, n);
}

struct str receipt_check(struct arena *a, const struct params *p, const struct receipt *r)
{
    struct buf bytes = BUF_INIT(RECEIPT_BYTES_MAX);
    uint64_t size;
    struct str e;

    receipt_write(&bytes, r);
    size = bytes.full ? RECEIPT_BYTES_MAX : bytes.len;
    buf_release(&bytes);
    if (size > p->max_receipt_size)
        return fail(a, "ReceiptSizeExceeded", "u size u limit", size, p->max_receipt_size);
    if (!account_id_valid(account_id_str(&r->receiver)) &&
        !str_eqz(account_id_str(&r->receiver), SYSTEM_ACCOUNT))
        return fail(a, "InvalidReceiverId", "s account_id", account_id_str(&r->receiver));
    if (r->kind == RECEIPT_DATA || r->kind == RECEIPT_RESUME) {
        if (r->has_data && r->data.len > p->max_length_returned_data)
            return too_long(a, "ReturnedValueLengthExceeded", r->data.len,
                            p->max_length_returned_data);
        return STR_NONE;
    }
    if (r->kind == RECEIPT_GLOBAL)
        return STR_NONE;
    if (r->n_inputs > p->max_number_input_data_dependencies)
        return fail(a, "NumberInputDataDependenciesExceeded",
                    "u number_of_input_data_dependencies u limit", (uint64_t)r->n_inputs,
                    p->max_number_input_data_dependencies);
    e = actions_check(a, p, account_id_str(&r->receiver), r->actions, r->n_actions);
    return e.ptr ? fail_in(a, "ActionsValidation", e) : STR_NONE;
}
