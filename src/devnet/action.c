/* action.c — what each action does to an account. */
#include "devnet/apply_internal.h"

#include "codec/json.h"
#include "devnet/fail.h"

static struct str receiver(const struct exec *e)
{
    return account_id_str(&e->r->receiver);
}

static void fail_account(struct exec *e, const char *name)
{
    exec_fail(e, fail(e->ap->a, name, "s account_id", receiver(e)));
}

static uint64_t first_nonce(const struct exec *e)
{
    return (e->ap->b->height - 1) * NONCE_RANGE;
}

static bool is_refund(const struct exec *e)
{
    return str_eqz(account_id_str(&e->r->predecessor), SYSTEM_ACCOUNT);
}

/* ------------------------------------------------------------------ who may, and on what */

static bool makes_account(const struct exec *e, const struct action *x)
{
    const enum id_kind kind = id_kind_of(e->ap->p, receiver(e));

    if (x->kind == ACTION_DETERMINISTIC_STATE_INIT)
        return true;
    if (x->kind != ACTION_TRANSFER || is_refund(e))
        return false;
    if (kind == ID_UNIVERSAL)
        return true;
    return e->r->n_actions == 1 && kind != ID_NAMED;
}

static bool check_existence(struct exec *e, const struct action *x)
{
    if (x->kind == ACTION_CREATE_ACCOUNT) {
        if (e->has_account)
            fail_account(e, "AccountAlreadyExists");
        else if (id_kind_of(e->ap->p, receiver(e)) != ID_NAMED)
            fail_account(e, "OnlyImplicitAccountCreationAllowed");
    } else if (!e->has_account && !makes_account(e, x)) {
        fail_account(e, "AccountDoesNotExist");
    }
    return !e->error.ptr;
}

static bool check_permission(struct exec *e, const struct action *x)
{
    switch (x->kind) {
    case ACTION_DEPLOY_CONTRACT:
    case ACTION_STAKE:
    case ACTION_ADD_KEY:
    case ACTION_DELETE_KEY:
    case ACTION_DELETE_ACCOUNT:
    case ACTION_DEPLOY_GLOBAL_CONTRACT:
    case ACTION_USE_GLOBAL_CONTRACT:
    case ACTION_WITHDRAW_FROM_GAS_KEY:
        if (!account_id_eq(&e->actor, &e->r->receiver)) {
            exec_fail(e, fail(e->ap->a, "ActorNoPermission", "s account_id s actor_id", receiver(e),
                              account_id_str(&e->actor)));
            return false;
        }
        return true;
    case ACTION_CREATE_ACCOUNT:
    case ACTION_FUNCTION_CALL:
    case ACTION_TRANSFER:
    case ACTION_DELEGATE:
    case ACTION_DELEGATE_V2:
    case ACTION_DETERMINISTIC_STATE_INIT:
    case ACTION_TRANSFER_TO_GAS_KEY:
    case ACTION_UNIVERSAL_STATE_INIT:
        break;
    }
    return true;
}

/* ------------------------------------------------------------------ accounts */

static void create_account(struct exec *e)
{
    const struct str id = receiver(e), from = account_id_str(&e->r->predecessor);

    if (!str_has_byte(id, '.')) {
        if (id.len < TOP_LEVEL_LENGTH_MIN && !str_eqz(from, REGISTRAR_ACCOUNT)) {
            exec_fail(e, fail(e->ap->a, "CreateAccountOnlyByRegistrar",
                              "s account_id s registrar_account_id s predecessor_id", id,
                              STR(REGISTRAR_ACCOUNT), from));
            return;
        }
    } else if (!account_id_is_sub_of(id, from)) {
        exec_fail(e, fail(e->ap->a, "CreateAccountNotAllowed", "s account_id s predecessor_id", id,
                          from));
        return;
    }
    e->actor = e->r->receiver;
    e->account = (struct account){.storage_usage = e->ap->p->storage_num_bytes_account};
    e->has_account = e->created = true;
}

/* The first transfer to an implicit id makes its account. */
static void create_implicit(struct exec *e, u128 amount)
{
    const struct params *p = e->ap->p;

    e->account = (struct account){.amount = amount, .storage_usage = p->storage_num_bytes_account};
    e->has_account = e->created = true;
    if (id_kind_of(p, receiver(e)) == ID_NEAR_IMPLICIT) {
        struct access_key k = {.kind = PERMISSION_FULL_ACCESS, .nonce = first_nonce(e)};
        struct hash256 bytes; /* the id spells the key in hexadecimal */
        struct public_key pk = {CURVE_ED25519, str_from(bytes.b, sizeof(bytes.b))};

        BUG_ON(!hash_from_hex(receiver(e), &bytes));
        e->account.storage_usage += key_usage(pk, &k, p->storage_num_extra_bytes_record);
        key_put(e->ap->kv, receiver(e), pk, &k);
    }
}

/* Gas that came back to whoever signed also comes back to the key's allowance. */
static void refund_allowance(struct exec *e, u128 amount)
{
    struct access_key k;

    if (!key_get(e->ap->kv, e->scratch, receiver(e), e->r->signer_key, &k))
        return;
    if (k.kind != PERMISSION_FUNCTION_CALL || !k.has_allowance)
        return;
    if (!money_add(&k.allowance, amount))
        k.allowance = ~(u128)0;
    key_put(e->ap->kv, receiver(e), e->r->signer_key, &k);
}

static void transfer(struct exec *e, const struct action *x)
{
    if (!e->has_account) {
        create_implicit(e, x->deposit);
        return;
    }
    BUG_ON(!money_add(&e->account.amount, x->deposit));
    if (is_refund(e) && account_id_eq(&e->r->signer, &e->r->receiver))
        refund_allowance(e, x->deposit);
}

static void delete_account(struct exec *e, const struct action *x)
{
    struct apply *ap = e->ap;
    uint64_t usage = e->account.storage_usage;
    const uint64_t code = ap->p->protocol >= 88 || e->account.code == CODE_LOCAL
                              ? account_code_usage(ap->kv, receiver(e), &e->account)
                              : 0;
    struct skey k;

    if (e->account.locked > 0) {
        fail_account(e, "DeleteAccountStaking");
        return;
    }
    usage -= code < usage ? code : usage;
    if (usage > ap->p->max_account_deletion_storage_usage) {
        fail_account(e, "DeleteAccountWithLargeState");
        return;
    }
    if (e->account.amount > 0)
        *list_add(ap->a, &e->out) =
            refund_new(ap, &e->r->tx_hash, x->beneficiary_id, e->account.amount);
    kv_del(ap->kv, skey_account(&k, COL_ACCOUNT, receiver(e)));
    kv_del(ap->kv, skey_account(&k, COL_CODE, receiver(e)));
    kv_del_prefix(ap->kv, skey_sub(&k, COL_ACCESS_KEY, receiver(e), STR_NONE));
    kv_del_prefix(ap->kv, skey_sub(&k, COL_DATA, receiver(e), STR_NONE));
    e->has_account = false;
}

/* ------------------------------------------------------------------ code */

static void set_usage(struct exec *e, uint64_t old, uint64_t now)
{
    e->account.storage_usage -= old < e->account.storage_usage ? old : e->account.storage_usage;
    e->account.storage_usage += now;
}

static void deploy(struct exec *e, const struct action *x)
{
    set_usage(e, account_code_usage(e->ap->kv, receiver(e), &e->account), x->code.len);
    e->account.code = CODE_LOCAL;
    e->account.code_hash = sha256(x->code);
    own_code_put(e->ap->kv, receiver(e), x->code);
}

static void deploy_global(struct exec *e, const struct action *x)
{
    struct apply *ap = e->ap;
    const struct str code = x->deploy_global.code;
    const u128 cost = (u128)code.len * ap->p->global_contract_storage_amount_per_byte;
    struct receipt *r;
    struct skey k;

    if (e->account.amount < cost) {
        exec_fail(e, fail(ap->a, "LackBalanceForState", "s account_id m amount", receiver(e),
                          MONEY(cost - e->account.amount)));
        return;
    }
    e->account.amount -= cost;
    e->tokens_burnt += cost;
    r = receipt_new(ap, &e->r->tx_hash, receiver(e), STR(SYSTEM_ACCOUNT));
    r->kind = RECEIPT_GLOBAL;
    r->global.by_account = x->deploy_global.by_account;
    if (r->global.by_account)
        r->global.account_id = arena_str(ap->a, receiver(e));
    else
        r->global.hash = sha256(code);
    r->code = code;
    r->nonce = u64_get(ap->kv, skey_global(&k, COL_GLOBAL_NONCE, &r->global)) + 1;
    u64_put(ap->kv, str_from(k.b, k.len), r->nonce);
    *list_add(ap->a, &e->out) = r;
}

static struct str global_id_json(struct exec *e, const struct global_id *g)
{
    char text[128];
    struct buf b = BUF_OVER(text);

    json_obj(&b);
    json_key(&b, g->by_account ? "AccountId" : "CodeHash");
    json_str_open(&b);
    if (g->by_account)
        json_esc(&b, g->account_id);
    else
        hash_put_base58(&b, &g->hash);
    json_str_close(&b);
    json_obj_end(&b);
    return arena_str(e->ap->a, buf_str(&b));
}

/* Let the account run a global contract; false (and an error) when there is no such contract. */
static bool use_code(struct exec *e, const struct global_id *g)
{
    struct skey k;
    const uint64_t old = account_code_usage(e->ap->kv, receiver(e), &e->account);

    if (!kv_has(e->ap->kv, skey_global(&k, COL_GLOBAL_CODE, g))) {
        exec_fail(
            e, fail(e->ap->a, "GlobalContractDoesNotExist", "j identifier", global_id_json(e, g)));
        return false;
    }
    if (e->account.code == CODE_LOCAL)
        kv_del(e->ap->kv, skey_account(&k, COL_CODE, receiver(e)));
    set_usage(e, old, g->by_account ? g->account_id.len : sizeof(g->hash.b));
    e->account.code = g->by_account ? CODE_GLOBAL_ACCOUNT : CODE_GLOBAL_HASH;
    e->account.code_hash = g->by_account ? (struct hash256){{0}} : g->hash;
    if (g->by_account)
        e->account.code_account = account_id_of(g->account_id);
    return true;
}

/* The deterministic account's id spells the hash of its state init. */
static void exec_state_init(struct exec *e, const struct action *x)
{
    struct apply *ap = e->ap;
    const struct str id = receiver(e);
    u128 lack;

    if (!e->has_account) {
        e->account = (struct account){.storage_usage = ap->p->storage_num_bytes_account};
        e->has_account = e->created = true;
    }
    if (e->account.code == CODE_NONE) {
        if (!use_code(e, &x->state_init.code))
            return;
        for (size_t i = 0; i < x->state_init.nentries; i++) {
            const struct state_entry *entry = &x->state_init.entries[i];
            struct skey k;

            kv_put(ap->kv, skey_sub(&k, COL_DATA, id, entry->key), entry->value);
            e->account.storage_usage +=
                entry->key.len + entry->value.len + ap->p->storage_num_extra_bytes_record;
        }
    }
    lack = storage_lack(ap->p, &e->account);
    if (lack > x->state_init.deposit) {
        exec_fail(e, fail(ap->a, "LackBalanceForState", "s account_id m amount", id,
                          MONEY(lack - x->state_init.deposit)));
        return;
    }
    e->account.amount += lack;
    if (x->state_init.deposit > lack)
        *list_add(ap->a, &e->out) =
            refund_new(ap, &e->r->tx_hash,
                       account_id_str(e->r->has_refund_to ? &e->r->refund_to : &e->r->predecessor),
                       x->state_init.deposit - lack);
}

/* ------------------------------------------------------------------ keys and stake */

static void add_key(struct exec *e, const struct action *x)
{
    const struct params *p = e->ap->p;
    const struct public_key pk = x->add_key.key;
    struct access_key k;

    if (key_get(e->ap->kv, e->scratch, receiver(e), pk, &k)) {
        exec_fail(e, fail(e->ap->a, "AddKeyAlreadyExists", "s account_id s public_key", receiver(e),
                          public_key_text(e->ap->a, pk)));
        return;
    }
    k = x->add_key.access;
    k.nonce = first_nonce(e);
    key_put(e->ap->kv, receiver(e), pk, &k);
    e->account.storage_usage += key_usage(pk, &k, p->storage_num_extra_bytes_record);
}

static void delete_key(struct exec *e, const struct action *x)
{
    struct access_key k;

    if (!key_get(e->ap->kv, e->scratch, receiver(e), x->key, &k)) {
        exec_fail(e, fail(e->ap->a, "DeleteKeyDoesNotExist", "s account_id s public_key",
                          receiver(e), public_key_text(e->ap->a, x->key)));
        return;
    }
    key_del(e->ap->kv, receiver(e), x->key);
    set_usage(e, key_usage(x->key, &k, e->ap->p->storage_num_extra_bytes_record), 0);
}

/* One validator, appointed at genesis: the stake asked for is never enough. */
static void stake(struct exec *e, const struct action *x)
{
    if (x->stake.amount > e->account.amount)
        exec_fail(e, fail(e->ap->a, "TriesToStake", "s account_id m stake m locked m balance",
                          receiver(e), MONEY(x->stake.amount), MONEY(e->account.locked),
                          MONEY(e->account.amount)));
    else if (x->stake.amount == 0)
        fail_account(e, "TriesToUnstake");
    else
        exec_fail(e, fail(e->ap->a, "InsufficientStake", "s account_id m stake m minimum_stake",
                          receiver(e), MONEY(x->stake.amount), MONEY(e->ap->b->total_supply)));
}

/* ------------------------------------------------------------------ all of them */

void exec_action(struct exec *e, size_t i)
{
    const struct action *x = &e->r->actions[i];

    if (!check_existence(e, x) || !check_permission(e, x))
        return;
    switch (x->kind) {
    case ACTION_CREATE_ACCOUNT:
        create_account(e);
        break;
    case ACTION_DEPLOY_CONTRACT:
        deploy(e, x);
        break;
    case ACTION_FUNCTION_CALL:
        exec_call(e, i);
        break;
    case ACTION_TRANSFER:
        transfer(e, x);
        break;
    case ACTION_STAKE:
        stake(e, x);
        break;
    case ACTION_ADD_KEY:
        add_key(e, x);
        break;
    case ACTION_DELETE_KEY:
        delete_key(e, x);
        break;
    case ACTION_DELETE_ACCOUNT:
        delete_account(e, x);
        break;
    case ACTION_DELEGATE:
        exec_delegate(e, x->delegate);
        break;
    case ACTION_DEPLOY_GLOBAL_CONTRACT:
        deploy_global(e, x);
        break;
    case ACTION_USE_GLOBAL_CONTRACT:
        (void)use_code(e, &x->use_global);
        break;
    case ACTION_DETERMINISTIC_STATE_INIT:
        exec_state_init(e, x);
        break;
    case ACTION_TRANSFER_TO_GAS_KEY:
    case ACTION_WITHDRAW_FROM_GAS_KEY:
    case ACTION_DELEGATE_V2:
    case ACTION_UNIVERSAL_STATE_INIT:
        BUG("validation refuses these");
    }
}
