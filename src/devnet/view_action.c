/* view_action.c — the actions of transactions, receipts and delegates as JSON. */
#include "devnet/view.h"

#include "codec/base64.h"
#include "codec/put.h"

static void state_init(struct buf *b, const struct action *x)
{
    json_key(b, "code");
    json_obj(b);
    json_key(b, x->state_init.code.by_account ? "account_id" : "hash");
    if (x->state_init.code.by_account)
        json_put_str(b, x->state_init.code.account_id);
    else
        view_hash(b, &x->state_init.code.hash);
    json_obj_end(b);
    json_key(b, "data");
    json_obj(b);
    for (size_t i = 0; i < x->state_init.nentries; i++) {
        struct buf k = BUF_INIT(1u << 20);

        base64_put(&k, x->state_init.entries[i].key.ptr, x->state_init.entries[i].key.len);
        json_key_str(b, buf_str(&k));
        view_base64(b, x->state_init.entries[i].value);
        buf_release(&k);
    }
    json_obj_end(b);
    put_u128(b, "deposit", x->state_init.deposit);
}

static void action(struct buf *b, const struct action *x, bool raw);

static void delegate(struct buf *b, const struct delegate *d)
{
    json_key(b, "delegate_action");
    json_obj(b);
    put_str(b, "sender_id", d->sender_id);
    put_str(b, "receiver_id", d->receiver_id);
    json_key(b, "actions");
    json_arr(b);
    for (size_t i = 0; i < d->nactions; i++)
        action(b, &d->actions[i], true);
    json_arr_end(b);
    put_u64(b, "nonce", d->nonce.nonce);
    put_u64(b, "max_block_height", d->max_block_height);
    view_member_key(b, d->key);
    json_obj_end(b);
    json_key(b, "signature");
    view_signature(b, d->signature);
}

/* Views show the hash of code that is deployed, raw actions (inside a delegate) all of it. */
static void code_member(struct buf *b, struct str code, bool raw)
{
    const struct hash256 h = sha256(code);

    json_key(b, "code");
    view_base64(b, raw ? code : str_from(h.b, sizeof(h.b)));
}

static const char *action_name(const struct action *x, bool raw)
{
    switch (x->kind) {
    case ACTION_CREATE_ACCOUNT:
        return "CreateAccount";
    case ACTION_DEPLOY_CONTRACT:
        return "DeployContract";
    case ACTION_FUNCTION_CALL:
        return "FunctionCall";
    case ACTION_TRANSFER:
        return "Transfer";
    case ACTION_STAKE:
        return "Stake";
    case ACTION_ADD_KEY:
        return "AddKey";
    case ACTION_DELETE_KEY:
        return "DeleteKey";
    case ACTION_DELETE_ACCOUNT:
        return "DeleteAccount";
    case ACTION_DELEGATE:
    case ACTION_DELEGATE_V2:
        return "Delegate";
    case ACTION_DEPLOY_GLOBAL_CONTRACT:
        return x->deploy_global.by_account && !raw ? "DeployGlobalContractByAccountId"
                                                   : "DeployGlobalContract";
    case ACTION_USE_GLOBAL_CONTRACT:
        return x->use_global.by_account && !raw ? "UseGlobalContractByAccountId"
                                                : "UseGlobalContract";
    case ACTION_DETERMINISTIC_STATE_INIT:
        return "DeterministicStateInit";
    case ACTION_TRANSFER_TO_GAS_KEY:
        return "TransferToGasKey";
    case ACTION_WITHDRAW_FROM_GAS_KEY:
        return "WithdrawFromGasKey";
    case ACTION_UNIVERSAL_STATE_INIT:
        return "UniversalStateInit";
    }
    return "";
}

static void action_fields(struct buf *b, const struct action *x, bool raw)
{
    switch (x->kind) {
    case ACTION_CREATE_ACCOUNT:
        break;
    case ACTION_DEPLOY_CONTRACT:
        code_member(b, x->code, raw);
        break;
    case ACTION_FUNCTION_CALL:
        put_str(b, "method_name", x->call.method);
        json_key(b, "args");
        view_base64(b, x->call.args);
        put_u64(b, "gas", x->call.gas);
        put_u128(b, "deposit", x->call.deposit);
        break;
    case ACTION_TRANSFER:
        put_u128(b, "deposit", x->deposit);
        break;
    case ACTION_STAKE:
        put_u128(b, "stake", x->stake.amount);
        view_member_key(b, x->stake.key);
        break;
    case ACTION_ADD_KEY:
        view_member_key(b, x->add_key.key);
        json_key(b, "access_key");
        view_access_key(b, &x->add_key.access);
        break;
    case ACTION_DELETE_KEY:
        view_member_key(b, x->key);
        break;
    case ACTION_DELETE_ACCOUNT:
        put_str(b, "beneficiary_id", x->beneficiary_id);
        break;
    case ACTION_DELEGATE:
    case ACTION_DELEGATE_V2:
        delegate(b, x->delegate);
        break;
    case ACTION_DEPLOY_GLOBAL_CONTRACT:
        code_member(b, x->deploy_global.code, raw);
        if (raw)
            put_z(b, "deploy_mode", x->deploy_global.by_account ? "AccountId" : "CodeHash");
        break;
    case ACTION_USE_GLOBAL_CONTRACT:
        if (raw) {
            json_key(b, "contract_identifier");
            view_global_id(b, &x->use_global);
        } else if (x->use_global.by_account) {
            put_str(b, "account_id", x->use_global.account_id);
        } else {
            json_key(b, "code_hash");
            view_hash(b, &x->use_global.hash);
        }
        break;
    case ACTION_DETERMINISTIC_STATE_INIT:
        state_init(b, x);
        break;
    case ACTION_TRANSFER_TO_GAS_KEY:
        view_member_key(b, x->gas_key.key);
        put_u128(b, "deposit", x->gas_key.amount);
        break;
    case ACTION_WITHDRAW_FROM_GAS_KEY:
        view_member_key(b, x->gas_key.key);
        put_u128(b, "amount", x->gas_key.amount);
        break;
    case ACTION_UNIVERSAL_STATE_INIT:
        json_key(b, "state_init");
        view_base64(b, x->universal.raw);
        put_u128(b, "deposit", x->universal.deposit);
        break;
    }
}

static void action(struct buf *b, const struct action *x, bool raw)
{
    if (x->kind == ACTION_CREATE_ACCOUNT && !raw) {
        json_putz(b, "CreateAccount");
        return;
    }
    json_obj(b);
    json_key(b, action_name(x, raw));
    json_obj(b);
    action_fields(b, x, raw);
    json_obj_end(b);
    json_obj_end(b);
}

void view_actions(struct buf *b, const struct action *x, size_t n)
{
    json_arr(b);
    for (size_t i = 0; i < n; i++)
        action(b, &x[i], false);
    json_arr_end(b);
}
