/* gas.c — see gas.h. */
#include "devnet/gas.h"

#include "codec/hex.h"

bool gas_add(uint64_t *sum, uint64_t more)
{
    return !__builtin_add_overflow(*sum, more, sum);
}

bool money_add(u128 *sum, u128 more)
{
    return !__builtin_add_overflow(*sum, more, sum);
}

bool gas_price_of(u128 price, uint64_t gas, u128 *out)
{
    return !__builtin_mul_overflow(price, (u128)gas, out);
}

static bool is_universal(struct str id)
{
    static const struct str alphabet = {"0123456789abcdefghjkmnpqrstvwxyz", 32};

    if (id.len != 54 || !str_starts(id, STR("0u")))
        return false;
    for (size_t i = 2; i < id.len; i++)
        if (!str_has_byte(alphabet, id.ptr[i]))
            return false;
    return id.ptr[53] == '0' || id.ptr[53] == 'g';
}

enum id_kind id_kind_of(const struct params *p, struct str id)
{
    if (account_id_is_implicit(id))
        return ID_NEAR_IMPLICIT;
    if (account_id_is_eth_implicit(id))
        return ID_ETH_IMPLICIT;
    if (p->protocol >= 82 && id.len == 42 && str_starts(id, STR("0s")) &&
        hex_is_lower(str_skip(id, 2)))
        return ID_DETERMINISTIC;
    if (p->universal_accounts && is_universal(id))
        return ID_UNIVERSAL;
    return ID_NAMED;
}

/* One fee of the table for one of the two ends. */
enum end { SEND_SIR, SEND_OTHER, EXEC };

static uint64_t fee(const struct params *p, enum action_cost c, enum end e)
{
    switch (e) {
    case SEND_SIR:
        return p->action[c].send_sir;
    case SEND_OTHER:
        return p->action[c].send_not_sir;
    case EXEC:
        return p->action[c].exec;
    }
    return 0;
}

/* base + units × per unit; the units are lengths, so far from overflowing. */
static uint64_t fee_per(const struct params *p, enum action_cost base, enum action_cost unit,
                        uint64_t n, enum end e)
{
    return fee(p, base, e) + fee(p, unit, e) * n;
}

static uint64_t transfer_fee(const struct params *p, struct str receiver, enum end e)
{
    uint64_t f = fee(p, ACTION_transfer, e);

    switch (id_kind_of(p, receiver)) {
    case ID_NAMED:
        break;
    case ID_NEAR_IMPLICIT:
        f += fee(p, ACTION_create_account, e) + fee(p, ACTION_add_full_access_key, e);
        break;
    case ID_ETH_IMPLICIT:
    case ID_DETERMINISTIC:
    case ID_UNIVERSAL:
        f += fee(p, ACTION_create_account, e);
        break;
    }
    return f;
}

static uint64_t key_len(struct public_key k)
{
    return 1 + k.bytes.len;
}

static uint64_t gas_key_transfer_fee(const struct params *p, struct public_key k,
                                     struct str receiver, enum end e)
{
    uint64_t bytes = key_len(k);

    if (e == EXEC)
        bytes += receiver.len + 29;
    return fee_per(p, ACTION_gas_key_transfer_base, ACTION_gas_key_byte, bytes, e);
}

static uint64_t add_key_fee(const struct params *p, const struct action *x, struct str receiver,
                            enum end e)
{
    const struct access_key *k = &x->add_key.access;
    uint64_t names = 0, f;

    for (size_t i = 0; i < k->nmethods; i++)
        names += k->methods[i].len + 1;
    if (k->kind == PERMISSION_FUNCTION_CALL || k->kind == PERMISSION_GAS_KEY_FUNCTION_CALL)
        f = fee_per(p, ACTION_add_function_call_key_base, ACTION_add_function_call_key_byte, names,
                    e);
    else
        f = fee(p, ACTION_add_full_access_key, e);
    if (k->kind == PERMISSION_GAS_KEY_FUNCTION_CALL || k->kind == PERMISSION_GAS_KEY_FULL_ACCESS) {
        if (e != EXEC)
            f += 18 * fee(p, ACTION_gas_key_byte, e);
        else
            f += k->gas_nonces * fee_per(p, ACTION_gas_key_nonce_write_base, ACTION_gas_key_byte,
                                         receiver.len + key_len(x->add_key.key) + 12, e);
    }
    return f;
}

static uint64_t state_init_bytes(const struct action *x)
{
    uint64_t n = 0;

    for (size_t i = 0; i < x->state_init.nentries; i++)
        n += x->state_init.entries[i].key.len + x->state_init.entries[i].value.len;
    return n;
}

static uint64_t action_fee(const struct params *p, const struct action *x, struct str receiver,
                           enum end e)
{
    switch (x->kind) {
    case ACTION_CREATE_ACCOUNT:
        return fee(p, ACTION_create_account, e);
    case ACTION_DEPLOY_CONTRACT:
        return fee_per(p, ACTION_deploy_contract_base, ACTION_deploy_contract_byte, x->code.len, e);
    case ACTION_FUNCTION_CALL:
        return fee_per(p, ACTION_function_call_base, ACTION_function_call_byte,
                       x->call.method.len + x->call.args.len, e);
    case ACTION_TRANSFER:
        return transfer_fee(p, receiver, e);
    case ACTION_STAKE:
        return fee(p, ACTION_stake, e);
    case ACTION_ADD_KEY:
        return add_key_fee(p, x, receiver, e);
    case ACTION_DELETE_KEY:
        return fee(p, ACTION_delete_key, e);
    case ACTION_DELETE_ACCOUNT:
        return fee(p, ACTION_delete_account, e);
    case ACTION_DELEGATE:
    case ACTION_DELEGATE_V2:
        return fee(p, ACTION_delegate, e);
    case ACTION_DEPLOY_GLOBAL_CONTRACT:
        return fee_per(p, ACTION_deploy_global_contract_base, ACTION_deploy_global_contract_byte,
                       x->deploy_global.code.len, e);
    case ACTION_USE_GLOBAL_CONTRACT:
        return fee_per(p, ACTION_use_global_contract_base, ACTION_use_global_contract_byte,
                       x->use_global.by_account ? x->use_global.account_id.len : 32, e);
    case ACTION_DETERMINISTIC_STATE_INIT:
        return fee_per(p, ACTION_deterministic_state_init_base,
                       ACTION_deterministic_state_init_byte, state_init_bytes(x), e) +
               fee(p, ACTION_deterministic_state_init_entry, e) * x->state_init.nentries;
    case ACTION_TRANSFER_TO_GAS_KEY:
    case ACTION_WITHDRAW_FROM_GAS_KEY:
        return gas_key_transfer_fee(p, x->gas_key.key, receiver, e);
    case ACTION_UNIVERSAL_STATE_INIT:
        return fee_per(p, ACTION_universal_state_init_base, ACTION_universal_state_init_byte,
                       x->universal.raw.len, e);
    }
    return 0;
}

static bool is_delegate(const struct action *x)
{
    return x->kind == ACTION_DELEGATE || x->kind == ACTION_DELEGATE_V2;
}

bool gas_send(const struct params *p, bool sir, const struct action *x, size_t n,
              struct str receiver, uint64_t *out)
{
    uint64_t sum = 0, inner;

    for (size_t i = 0; i < n; i++) {
        if (!gas_add(&sum, action_fee(p, &x[i], receiver, sir ? SEND_SIR : SEND_OTHER)))
            return false;
        /* The inner actions travel twice: to the delegate's sender, then to their receiver. */
        if (is_delegate(&x[i]) &&
            (!gas_send(p, sir, x[i].delegate->actions, x[i].delegate->nactions,
                       x[i].delegate->receiver_id, &inner) ||
             !gas_add(&sum, inner)))
            return false;
    }
    *out = sum;
    return true;
}

uint64_t gas_exec(const struct params *p, const struct action *x, struct str receiver)
{
    return action_fee(p, x, receiver, EXEC);
}

bool gas_prepaid_exec(const struct params *p, const struct action *x, size_t n, struct str receiver,
                      uint64_t *out)
{
    uint64_t sum = 0, inner;

    for (size_t i = 0; i < n; i++) {
        if (!gas_add(&sum, action_fee(p, &x[i], receiver, EXEC)))
            return false;
        if (is_delegate(&x[i]) &&
            (!gas_prepaid_exec(p, x[i].delegate->actions, x[i].delegate->nactions,
                               x[i].delegate->receiver_id, &inner) ||
             !gas_add(&sum, inner) || !gas_add(&sum, fee(p, ACTION_new_action_receipt, EXEC))))
            return false;
    }
    *out = sum;
    return true;
}

bool gas_prepaid_send(const struct params *p, const struct action *x, size_t n, uint64_t *out)
{
    uint64_t sum = 0, inner;

    for (size_t i = 0; i < n; i++) {
        const struct delegate *d = x[i].delegate;

        if (is_delegate(&x[i]) && (!gas_send(p, str_eq(d->sender_id, d->receiver_id), d->actions,
                                             d->nactions, d->receiver_id, &inner) ||
                                   !gas_add(&sum, inner)))
            return false;
    }
    *out = sum;
    return true;
}

bool gas_attached(const struct action *x, size_t n, uint64_t *out)
{
    uint64_t sum = 0, inner;

    for (size_t i = 0; i < n; i++) {
        if (x[i].kind == ACTION_FUNCTION_CALL && !gas_add(&sum, x[i].call.gas))
            return false;
        if (is_delegate(&x[i]) &&
            (!gas_attached(x[i].delegate->actions, x[i].delegate->nactions, &inner) ||
             !gas_add(&sum, inner)))
            return false;
    }
    *out = sum;
    return true;
}

static u128 action_deposit(const struct action *x)
{
    switch (x->kind) {
    case ACTION_FUNCTION_CALL:
        return x->call.deposit;
    case ACTION_TRANSFER:
        return x->deposit;
    case ACTION_DETERMINISTIC_STATE_INIT:
        return x->state_init.deposit;
    case ACTION_TRANSFER_TO_GAS_KEY:
        return x->gas_key.amount;
    case ACTION_UNIVERSAL_STATE_INIT:
        return x->universal.deposit;
    case ACTION_CREATE_ACCOUNT:
    case ACTION_DEPLOY_CONTRACT:
    case ACTION_STAKE:
    case ACTION_ADD_KEY:
    case ACTION_DELETE_KEY:
    case ACTION_DELETE_ACCOUNT:
    case ACTION_DELEGATE:
    case ACTION_DEPLOY_GLOBAL_CONTRACT:
    case ACTION_USE_GLOBAL_CONTRACT:
    case ACTION_WITHDRAW_FROM_GAS_KEY:
    case ACTION_DELEGATE_V2:
        break;
    }
    return 0;
}

bool deposits(const struct action *x, size_t n, u128 *out)
{
    u128 sum = 0, inner;

    for (size_t i = 0; i < n; i++) {
        if (!money_add(&sum, action_deposit(&x[i])))
            return false;
        if (is_delegate(&x[i]) &&
            (!deposits(x[i].delegate->actions, x[i].delegate->nactions, &inner) ||
             !money_add(&sum, inner)))
            return false;
    }
    *out = sum;
    return true;
}

bool tx_cost(const struct params *p, struct str signer, struct str receiver, const struct action *x,
             size_t n, u128 gas_price, struct tx_cost *out)
{
    const bool sir = str_eq(signer, receiver);
    struct tx_cost c = {.burnt = action_send(p, ACTION_new_action_receipt, sir)};
    uint64_t g;
    u128 money;

    if (!gas_send(p, sir, x, n, receiver, &g) || !gas_add(&c.burnt, g))
        return false;
    if (!gas_attached(x, n, &c.remaining))
        return false;
    if (!gas_prepaid_send(p, x, n, &g) || !gas_add(&c.remaining, g))
        return false;
    if (!gas_prepaid_exec(p, x, n, receiver, &g) || !gas_add(&c.remaining, g))
        return false;
    if (!gas_add(&c.remaining, fee(p, ACTION_new_action_receipt, EXEC)))
        return false;
    c.price = gas_price > p->min_gas_purchase_price ? gas_price : p->min_gas_purchase_price;
    if (!gas_price_of(gas_price, c.burnt, &c.burnt_amount) ||
        !gas_price_of(c.price, c.remaining, &c.total) || !money_add(&c.total, c.burnt_amount))
        return false;
    if (!deposits(x, n, &money) || !money_add(&c.total, money))
        return false;
    *out = c;
    return true;
}
