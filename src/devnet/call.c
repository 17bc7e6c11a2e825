/* call.c — a function call: what the contract is told, and what it leaves. */
#include "devnet/apply_internal.h"

#include <string.h>

#include "base/log.h"
#include "codec/put.h"
#include "devnet/fail.h"

/* This chain has no trie; a write walks what is typical of one on the network, and nothing when the
 * key was already written in this block. */
#define TRIE_NODES_TYPICAL 8

/* The chain as one call sees it. */
struct call {
    struct exec *e;
    struct str account;
    struct hash256 action;
    uint64_t data_ids;
};

/* ------------------------------------------------------------------ storage */

static struct vm_touch touch_of(const struct call *c, struct str key)
{
    struct vm_touch t = {0};

    if (!kv_touched(c->e->ap->kv, key))
        t.fresh = TRIE_NODES_TYPICAL;
    return t;
}

static enum err storage_read(void *arg, struct str key, struct str *value, struct buf *why)
{
    const struct call *c = arg;
    struct skey k;

    (void)why;
    *value = kv_get(c->e->ap->kv, skey_sub(&k, COL_DATA, c->account, key));
    return ERR_OK;
}

static enum err storage_write(void *arg, struct str key, struct str value, struct str *old,
                              struct vm_touch *touch, struct buf *why)
{
    const struct call *c = arg;
    struct skey k;
    const struct str full = skey_sub(&k, COL_DATA, c->account, key);

    (void)why;
    *touch = touch_of(c, full);
    *old = kv_get(c->e->ap->kv, full); /* lives on in the undo log */
    kv_put(c->e->ap->kv, full, value);
    return ERR_OK;
}

static enum err storage_remove(void *arg, struct str key, struct str *old, struct vm_touch *touch,
                               struct buf *why)
{
    const struct call *c = arg;
    struct skey k;
    const struct str full = skey_sub(&k, COL_DATA, c->account, key);

    (void)why;
    *touch = touch_of(c, full);
    *old = kv_get(c->e->ap->kv, full);
    kv_del(c->e->ap->kv, full);
    return ERR_OK;
}

static enum err storage_has(void *arg, struct str key, bool *there, struct buf *why)
{
    const struct call *c = arg;
    struct skey k;

    (void)why;
    *there = kv_has(c->e->ap->kv, skey_sub(&k, COL_DATA, c->account, key));
    return ERR_OK;
}

/* ------------------------------------------------------------------ promises and validators */

static void data_id(void *arg, uint8_t out[32])
{
    struct call *c = arg;
    const struct hash256 id = derive_id(&c->action, c->e->ap->b->height, c->data_ids++);

    memcpy(out, id.b, sizeof(id.b));
}

static struct hash256 hash_of(const uint8_t b[32])
{
    struct hash256 h;

    memcpy(h.b, b, sizeof(h.b));
    return h;
}

static enum err yield_pending(void *arg, const uint8_t id[32], bool *yes, struct buf *why)
{
    const struct call *c = arg;
    const struct hash256 h = hash_of(id);

    (void)why;
    *yes = yield_is_pending(c->e->ap, c->account, &h);
    return ERR_OK;
}

static enum err yield_id_pending(void *arg, const uint8_t id[32], bool *yes, uint8_t out[32],
                                 struct buf *why)
{
    const struct call *c = arg;
    const struct hash256 h = hash_of(id);
    struct hash256 found;

    (void)why;
    *yes = yield_by_own_id(c->e->ap, c->account, &h, &found);
    if (*yes)
        memcpy(out, found.b, sizeof(found.b));
    return ERR_OK;
}

static u128 validator_stake(void *arg, struct str account)
{
    const struct apply *ap = ((struct call *)arg)->e->ap;

    return str_eq(account, account_id_str(&ap->validator)) ? ap->validator_stake : 0;
}

static u128 validator_total_stake(void *arg)
{
    return ((struct call *)arg)->e->ap->validator_stake;
}

/* ------------------------------------------------------------------ what it leaves */

static struct public_key key_of(struct arena *a, struct str borsh)
{
    struct rd r = rd_over(arena_str(a, borsh));
    const struct public_key k = public_key_read(&r);

    BUG_ON(!rd_end(&r)); /* the machine has checked it */
    return k;
}

static void action_of(struct arena *a, const struct vm_action *v, struct action *x)
{
    struct str *names;
    struct state_entry *entries;

    switch (v->kind) {
    case VM_CREATE_ACCOUNT:
        x->kind = ACTION_CREATE_ACCOUNT;
        return;
    case VM_DEPLOY_CONTRACT:
        x->kind = ACTION_DEPLOY_CONTRACT;
        x->code = arena_str(a, v->code);
        return;
    case VM_FUNCTION_CALL:
        x->kind = ACTION_FUNCTION_CALL;
        x->call.method = arena_str(a, v->method);
        x->call.args = arena_str(a, v->args);
        x->call.gas = v->gas;
        x->call.deposit = v->amount;
        return;
    case VM_TRANSFER:
        x->kind = ACTION_TRANSFER;
        x->deposit = v->amount;
        return;
    case VM_STAKE:
        x->kind = ACTION_STAKE;
        x->stake.amount = v->amount;
        x->stake.key = key_of(a, v->public_key);
        return;
    case VM_ADD_KEY:
        x->kind = ACTION_ADD_KEY;
        x->add_key.key = key_of(a, v->public_key);
        x->add_key.access.nonce = v->nonce;
        x->add_key.access.kind = (enum permission_kind)v->permission;
        x->add_key.access.has_allowance = v->has_allowance;
        x->add_key.access.allowance = v->has_allowance ? v->amount : 0;
        x->add_key.access.receiver_id = arena_str(a, v->account);
        x->add_key.access.gas_nonces = v->num_nonces;
        names = arena_new_n(a, struct str, v->n_method_names);
        for (size_t i = 0; i < v->n_method_names; i++)
            names[i] = arena_str(a, v->method_names[i]);
        x->add_key.access.methods = names;
        x->add_key.access.nmethods = v->n_method_names;
        return;
    case VM_DELETE_KEY:
        x->kind = ACTION_DELETE_KEY;
        x->key = key_of(a, v->public_key);
        return;
    case VM_DELETE_ACCOUNT:
        x->kind = ACTION_DELETE_ACCOUNT;
        x->beneficiary_id = arena_str(a, v->account);
        return;
    case VM_DEPLOY_GLOBAL:
        x->kind = ACTION_DEPLOY_GLOBAL_CONTRACT;
        x->deploy_global.code = arena_str(a, v->code);
        x->deploy_global.by_account = v->by_account;
        return;
    case VM_USE_GLOBAL:
        x->kind = ACTION_USE_GLOBAL_CONTRACT;
        x->use_global.by_account = v->by_account;
        x->use_global.account_id = arena_str(a, v->account);
        x->use_global.hash = hash_of(v->code_hash);
        return;
    case VM_STATE_INIT:
        x->kind = ACTION_DETERMINISTIC_STATE_INIT;
        x->state_init.code.by_account = v->by_account;
        x->state_init.code.account_id = arena_str(a, v->account);
        x->state_init.code.hash = hash_of(v->code_hash);
        x->state_init.deposit = v->amount;
        entries = arena_new_n(a, struct state_entry, v->n_entries);
        for (size_t i = 0; i < v->n_entries; i++) {
            entries[i].key = arena_str(a, v->entries[i].key);
            entries[i].value = arena_str(a, v->entries[i].value);
        }
        x->state_init.entries = entries;
        x->state_init.nentries = v->n_entries;
        return;
    case VM_TRANSFER_TO_GAS_KEY:
        x->kind = ACTION_TRANSFER_TO_GAS_KEY;
        x->gas_key.key = key_of(a, v->public_key);
        x->gas_key.amount = v->amount;
        return;
    case VM_UNIVERSAL_STATE_INIT:
        x->kind = ACTION_UNIVERSAL_STATE_INIT;
        x->universal.raw = arena_str(a, v->code);
        x->universal.deposit = v->amount;
        return;
    }
}

static struct receipt *child(struct exec *e, struct str to)
{
    struct receipt *r = receipt_new(e->ap, &e->r->tx_hash, account_id_str(&e->r->receiver), to);

    r->v2 = e->ap->p->protocol >= 82;
    r->signer = e->r->signer;
    r->signer_key = e->r->signer_key;
    r->gas_price = e->r->gas_price;
    return r;
}

static struct receipt *receipt_of(struct exec *e, const struct vm_receipt *v)
{
    struct arena *a = e->ap->a;
    struct receipt *r = child(e, v->receiver);
    struct action *actions = arena_new_n(a, struct action, v->n_actions);

    r->kind = v->yield ? RECEIPT_YIELD : RECEIPT_ACTION;
    r->has_refund_to = v->refund_to.ptr != NULL;
    if (r->has_refund_to)
        r->refund_to = account_id_of(v->refund_to);
    r->n_inputs = v->n_inputs;
    r->inputs = arena_new_n(a, struct hash256, v->n_inputs);
    for (size_t i = 0; i < v->n_inputs; i++)
        r->inputs[i] = hash_of(v->inputs[i]);
    r->n_outputs = v->n_outputs;
    r->outputs = arena_new_n(a, struct data_receiver, v->n_outputs);
    for (size_t i = 0; i < v->n_outputs; i++) {
        r->outputs[i].data_id = hash_of(v->outputs[i].data_id);
        r->outputs[i].receiver_id = account_id_of(v->outputs[i].receiver);
    }
    for (size_t i = 0; i < v->n_actions; i++)
        action_of(a, &v->actions[i], &actions[i]);
    r->actions = actions;
    r->n_actions = v->n_actions;
    return r;
}

static void take_receipts(struct exec *e, const struct vm_outcome *o)
{
    const struct str account = account_id_str(&e->r->receiver);

    for (size_t i = 0; i < o->n_receipts; i++) {
        struct receipt *r = receipt_of(e, &o->receipts[i]);

        *list_add(e->ap->a, &e->out) = r;
        if (r->kind == RECEIPT_YIELD) {
            const struct hash256 own = hash_of(o->receipts[i].yield_id);

            yield_created(e->ap, account, &r->inputs[0], o->receipts[i].has_yield_id ? &own : NULL);
        }
    }
    for (size_t i = 0; i < o->n_resumes; i++) {
        struct receipt *r = child(e, account);

        r->kind = o->resumes[i].plain ? RECEIPT_DATA : RECEIPT_RESUME;
        r->data_id = hash_of(o->resumes[i].data_id);
        r->has_data = true;
        r->data = arena_str(e->ap->a, o->resumes[i].data);
        *list_add(e->ap->a, &e->out) = r;
        if (r->kind == RECEIPT_RESUME)
            yield_resumed(e->ap, account, &r->data_id);
    }
}

static void take_outcome(struct exec *e, const struct vm_context *c, const struct vm_outcome *o)
{
    struct arena *a = e->ap->a;
    struct buf b = BUF_INIT(2u << 20);
    const size_t made = e->out.n;

    e->gas_burnt += o->gas_burnt;
    e->gas_used += o->gas_used;
    e->gas_call += o->gas_burnt;
    e->profile_wasm += o->profile_wasm;
    for (int i = 0; i < EXT_COUNT; i++)
        e->profile_ext[i] += o->profile_ext[i];
    for (int i = 0; i < ACTION_COUNT; i++)
        e->profile_action[i] += o->profile_action[i];
    for (size_t i = 0; i < o->n_logs; i++)
        *list_add(a, &e->logs) = arena_str(a, o->logs[i]);
    if (o->fail != VM_OK) {
        vm_fail_put_json(&b, c, o);
        exec_fail(e, fail_in(a, "FunctionCallError", arena_str(a, buf_str(&b))));
        buf_release(&b);
        return;
    }
    e->ap->minted += o->subsidized;
    e->account.amount = o->balance;
    e->account.storage_usage = o->storage_usage;
    take_receipts(e, o);
    switch (o->returns) {
    case VM_RETURN_NONE:
        e->returned = RETURNED_NONE;
        break;
    case VM_RETURN_VALUE:
        e->returned = RETURNED_VALUE;
        e->value = arena_str(a, o->value);
        break;
    case VM_RETURN_RECEIPT:
        e->returned = RETURNED_RECEIPT;
        e->return_receipt = made + o->return_receipt;
        break;
    }
}

/* ------------------------------------------------------------------ the call */

static struct hash256 seed_of(const struct call *c)
{
    struct sha256 s;

    sha256_init(&s);
    sha256_add(&s, hash_str(&c->action));
    sha256_add(&s, hash_str(&c->e->ap->b->random_value));
    return sha256_final(&s);
}

static void fill_context(struct exec *e, const struct action *x, const struct call *call,
                         struct vm_context *c)
{
    const struct receipt *r = e->r;
    const struct block *b = e->ap->b;
    struct buf pk = BUF_INIT(PUBLIC_KEY_MAX + 1);
    struct str *outputs = arena_new_n(e->scratch, struct str, r->n_outputs);
    const struct hash256 seed = seed_of(call);
    struct hash256 code_hash;

    public_key_write(&pk, r->signer_key);
    for (size_t i = 0; i < r->n_outputs; i++)
        outputs[i] = account_id_str(&r->outputs[i].receiver_id);
    *c = (struct vm_context){
        .current_account = call->account,
        .signer_account = account_id_str(&r->signer),
        .signer_pk = arena_str(e->scratch, buf_str(&pk)),
        .predecessor_account = account_id_str(&r->predecessor),
        .refund_to = r->has_refund_to ? account_id_str(&r->refund_to) : STR_NONE,
        .method = x->call.method,
        .input = x->call.args,
        .block_height = b->height,
        .block_timestamp = b->timestamp,
        .epoch_height = b->epoch_height,
        .balance = e->account.amount,
        .locked_balance = e->account.locked,
        .attached_deposit = x->call.deposit,
        .storage_usage = e->account.storage_usage,
        .prepaid_gas = x->call.gas,
        .chain_id = e->ap->chain_id,
        .promise_results = e->inputs,
        .n_promise_results = e->n_inputs,
        .output_receivers = outputs,
        .n_output_receivers = r->n_outputs,
    };
    memcpy(c->random_seed, seed.b, sizeof(seed.b));
    c->code = account_code(e->ap->kv, call->account, &e->account, &code_hash);
    memcpy(c->code_hash, code_hash.b, sizeof(code_hash.b));
    c->code_origin = (enum vm_code_origin)e->account.code;
    if (e->account.code == CODE_GLOBAL_ACCOUNT)
        c->code_account = account_id_str(&e->account.code_account);
    buf_release(&pk);
}

/* No fault of the contract, but the chain goes on: the call fails, for the gas it had. */
static void machine_broke(struct exec *e, const struct buf *why)
{
    struct buf text = BUF_INIT(WHY_MAX + 64);
    struct buf json = BUF_INIT(4096);

    log_broken("call_broke", "account=%s why=%s", e->r->receiver.s, buf_z(why));
    buf_addz(&text, "the machine failed: ");
    buf_add_str(&text, buf_str(why));
    json_obj(&json);
    put_str(&json, "ExecutionError", buf_str(&text));
    json_obj_end(&json);
    exec_fail(e, fail_in(e->ap->a, "FunctionCallError", arena_str(e->ap->a, buf_str(&json))));
    buf_release(&json);
    buf_release(&text);
}

void exec_call(struct exec *e, size_t i)
{
    const struct action *x = &e->r->actions[i];
    struct call call = {.e = e,
                        .account = account_id_str(&e->r->receiver),
                        .action = action_hash(e->r, e->ap->b->height, i)};
    const struct vm_ext ext = {
        .arg = &call,
        .storage_read = storage_read,
        .storage_write = storage_write,
        .storage_remove = storage_remove,
        .storage_has = storage_has,
        .data_id = data_id,
        .yield_pending = yield_pending,
        .yield_id_pending = yield_id_pending,
        .validator_stake = validator_stake,
        .validator_total_stake = validator_total_stake,
    };
    struct vm_outcome *o = arena_new(e->scratch, struct vm_outcome);
    struct buf why = WHY_INIT;
    struct vm_context c;

    fill_context(e, x, &call, &c);
    if (vm_call(e->ap->vm, e->scratch, &c, &ext, o, &why) == ERR_OK)
        take_outcome(e, &c, o);
    else
        machine_broke(e, &why);
    buf_release(&why);
}
