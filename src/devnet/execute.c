/*
 * execute.c — one action receipt from its inputs to its outcome.
 *
 * Inputs are taken, actions run in order until one fails, the storage stake is checked; then all is
 * kept or undone, refunds and output data are made, new receipts get their ids.
 */
#include "devnet/apply_internal.h"

#include <stdlib.h>
#include <string.h>

#include "devnet/fail.h"

static bool is_system(const struct receipt *r)
{
    return str_eqz(account_id_str(&r->predecessor), SYSTEM_ACCOUNT);
}

void exec_fail(struct exec *e, struct str kind)
{
    e->error = kind;
    e->returned = RETURNED_NONE;
}

/* ------------------------------------------------------------------ inputs */

static void take_inputs(struct exec *e)
{
    const struct str to = account_id_str(&e->r->receiver);
    struct apply *ap = e->ap;

    e->n_inputs = e->r->n_inputs;
    e->inputs = arena_new_n(e->scratch, struct vm_promise_result, e->n_inputs);
    for (size_t i = 0; i < e->n_inputs; i++) {
        struct skey k;
        const struct str key = skey_sub(&k, COL_RECEIVED_DATA, to, hash_str(&e->r->inputs[i]));
        const struct str record = arena_str(e->scratch, kv_get(ap->kv, key));
        struct rd r = rd_over(record);

        e->inputs[i].ok = rd_u8(&r) != 0;
        if (e->inputs[i].ok)
            e->inputs[i].data = rd_bytes(&r, RECEIPT_BYTES_MAX);
        BUG_ON(!rd_end(&r));
        kv_del(ap->kv, key);
    }
    if (e->n_inputs)
        apply_close(ap, CAUSE_STARTED, &e->r->id);
}

/* ------------------------------------------------------------------ actions */

static void check_new_receipts(struct exec *e, size_t from)
{
    for (size_t i = from; i < e->out.n && !e->error.ptr; i++) {
        struct str why = receipt_check(e->ap->a, e->ap->p, e->out.at[i]);

        if (why.ptr)
            exec_fail(e, fail_in(e->ap->a, "NewReceiptValidationError", why));
    }
}

static void note_contract(const struct exec *e, struct contract_ref *c)
{
    if (!e->has_account)
        return;
    c->kind = (uint8_t)e->account.code;
    c->hash = e->account.code_hash;
    c->account = e->account.code_account;
}

static void run_actions(struct exec *e, struct contract_ref *contracts)
{
    const struct receipt *r = e->r;

    for (size_t i = 0; i < r->n_actions && !e->error.ptr; i++) {
        const size_t made = e->out.n;
        const uint64_t fee = gas_exec(e->ap->p, &r->actions[i], account_id_str(&r->receiver));

        note_contract(e, &contracts[i]);
        e->gas_burnt += fee;
        e->gas_used += fee;
        /* The value of a receipt is that of its last action. */
        e->returned = RETURNED_NONE;
        exec_action(e, i);
        check_new_receipts(e, made);
        e->error_index = (int)i;
    }
}

static void check_stake(struct exec *e)
{
    u128 lack;

    if (e->error.ptr || !e->has_account)
        return;
    lack = storage_lack(e->ap->p, &e->account);
    if (lack == 0)
        return;
    exec_fail(e, fail(e->ap->a, "LackBalanceForState", "s account_id m amount",
                      account_id_str(&e->r->receiver), MONEY(lack)));
    e->error_index = -1;
}

/* ------------------------------------------------------------------ money */

struct settled {
    u128 tokens_burnt;
    u128 gas_refund, deposit_refund;
};

static struct settled settle(const struct exec *e)
{
    const struct params *p = e->ap->p;
    const struct receipt *r = e->r;
    const u128 bought = r->gas_price, now = e->ap->gas_price;
    const uint64_t used = e->error.ptr ? e->gas_burnt : e->gas_used;
    uint64_t prepaid = p->action[ACTION_new_action_receipt].exec, g;
    struct settled s = {0};
    u128 price = bought, surplus = 0, charge = 0, money;

    /* Sums were checked when the receipt was made. */
    BUG_ON(!gas_attached(r->actions, r->n_actions, &g) || !gas_add(&prepaid, g));
    BUG_ON(!gas_prepaid_send(p, r->actions, r->n_actions, &g) || !gas_add(&prepaid, g));
    BUG_ON(!gas_prepaid_exec(p, r->actions, r->n_actions, account_id_str(&r->receiver), &g) ||
           !gas_add(&prepaid, g));
    BUG_ON(used > prepaid);

    if (p->protocol >= 85 && now < bought) {
        price = now;
        surplus = (u128)e->gas_burnt * (bought - now);
    }
    if (e->created && !e->error.ptr) {
        const u128 paid = (u128)p->action[ACTION_create_account].exec * price;

        charge = p->account_creation_charge > paid ? p->account_creation_charge - paid : 0;
        if (charge > surplus)
            charge = surplus;
    }
    s.tokens_burnt = (u128)e->gas_burnt * price + charge;
    s.gas_refund = (u128)(prepaid - used) * bought + surplus - charge;
    BUG_ON(!deposits(r->actions, r->n_actions, &money));
    s.deposit_refund = e->error.ptr ? money : 0;
    return s;
}

static void make_refunds(struct exec *e, const struct settled *s)
{
    const struct receipt *r = e->r;
    struct receipt *refund;

    if (s->deposit_refund > 0) {
        refund = refund_new(e->ap, &r->tx_hash,
                            account_id_str(r->has_refund_to ? &r->refund_to : &r->predecessor),
                            s->deposit_refund);
        *list_add(e->ap->a, &e->out) = refund;
    }
    if (s->gas_refund > 0) {
        refund = refund_new(e->ap, &r->tx_hash, account_id_str(&r->signer), s->gas_refund);
        refund->signer = r->signer;
        refund->signer_key = r->signer_key;
        *list_add(e->ap->a, &e->out) = refund;
    }
}

/* The account gets its share of what its code burnt (until version 86). */
static void reward(struct exec *e)
{
    const struct ratio share = e->ap->p->burnt_gas_reward;
    const uint64_t gas = share.num ? (uint64_t)((u128)e->gas_call * share.num / share.den) : 0;
    const u128 money = (u128)gas * e->r->gas_price;
    const struct str id = account_id_str(&e->r->receiver);
    struct account a;

    if (money == 0 || !account_get(e->ap->kv, id, &a))
        return;
    a.amount += money;
    account_put(e->ap->kv, id, &a);
    apply_close(e->ap, CAUSE_REWARD, &e->r->id);
    e->ap->burnt -= money;
}

/* ------------------------------------------------------------------ what goes out */

static void make_output_data(struct exec *e)
{
    const struct receipt *r = e->r;

    if (r->n_outputs == 0)
        return;
    if (e->returned == RETURNED_RECEIPT) {
        struct receipt *next = e->out.at[e->return_receipt];
        struct data_receiver *all =
            arena_new_n(e->ap->a, struct data_receiver, next->n_outputs + r->n_outputs);

        if (next->n_outputs)
            memcpy(all, next->outputs, next->n_outputs * sizeof(all[0]));
        memcpy(all + next->n_outputs, r->outputs, r->n_outputs * sizeof(all[0]));
        next->outputs = all;
        next->n_outputs += r->n_outputs;
        return;
    }
    for (size_t i = 0; i < r->n_outputs; i++) {
        struct receipt *d = receipt_new(e->ap, &r->tx_hash, account_id_str(&r->receiver),
                                        account_id_str(&r->outputs[i].receiver_id));

        d->kind = RECEIPT_DATA;
        d->data_id = r->outputs[i].data_id;
        d->has_data = !e->error.ptr;
        if (d->has_data)
            d->data = e->returned == RETURNED_VALUE ? e->value : STR("");
        *list_add(e->ap->a, &e->out) = d;
    }
}

static bool runs_at_once(const struct exec *e, const struct receipt *r)
{
    if (e->ap->p->protocol < 83)
        return false;
    return r->kind == RECEIPT_YIELD ||
           (r->kind == RECEIPT_ACTION && r->v2 && r->n_inputs == 0 && r->n_actions == 1 &&
            r->actions[0].kind == ACTION_DELETE_ACCOUNT);
}

static bool is_listed(const struct receipt *r)
{
    return r->kind == RECEIPT_ACTION || r->kind == RECEIPT_YIELD;
}

static void send_out(struct exec *e, struct outcome *o)
{
    o->receipt_ids = arena_new_n(e->ap->a, struct hash256, e->out.n);
    for (size_t i = 0; i < e->out.n; i++) {
        struct receipt *r = e->out.at[i];

        r->id = derive_id(&e->r->id, e->ap->b->height, i);
        if (is_listed(r))
            o->receipt_ids[o->n_receipt_ids++] = r->id;
        if (r->kind == RECEIPT_YIELD)
            yield_queue_timeout(e->ap, account_id_str(&r->receiver), &r->inputs[0]);
        if (runs_at_once(e, r))
            r->route = ROUTE_INSTANT;
        apply_emit(e->ap, r);
    }
}

/* ------------------------------------------------------------------ outcome */

/* The order of profiles: category, then name. */
static int by_name(const void *a, const void *b)
{
    const struct cost_gas *x = a, *y = b;
    char xs[64], ys[64];
    struct buf xb = BUF_OVER(xs), yb = BUF_OVER(ys);
    const int c = strcmp(cost_category(x), cost_category(y));

    cost_put_name(&xb, x);
    cost_put_name(&yb, y);
    return c ? c : strcmp(buf_z(&xb), buf_z(&yb));
}

static void put_profile(struct exec *e, struct outcome *o)
{
    size_t n = 1;

    for (int i = 0; i < EXT_COUNT; i++)
        n += e->profile_ext[i] > 0;
    for (int i = 0; i < ACTION_COUNT; i++)
        n += e->profile_action[i] > 0;
    o->profile = arena_new_n(e->ap->a, struct cost_gas, n);
    for (int i = 0; i < ACTION_COUNT; i++)
        if (e->profile_action[i] > 0)
            o->profile[o->n_profile++] =
                (struct cost_gas){COST_ACTION, (uint8_t)i, e->profile_action[i]};
    for (int i = 0; i < EXT_COUNT; i++)
        if (e->profile_ext[i] > 0)
            o->profile[o->n_profile++] =
                (struct cost_gas){COST_HOST, (uint8_t)i, e->profile_ext[i]};
    if (e->profile_wasm > 0)
        o->profile[o->n_profile++] = (struct cost_gas){COST_WASM, 0, e->profile_wasm};
    qsort(o->profile, o->n_profile, sizeof(o->profile[0]), by_name);
}

static void put_status(struct exec *e, struct outcome *o)
{
    struct buf b = BUF_INIT(2u << 20);

    if (!e->error.ptr) {
        o->status = e->returned == RETURNED_RECEIPT ? STATUS_RECEIPT : STATUS_VALUE;
        o->value = e->returned == RETURNED_VALUE ? e->value : STR("");
        if (o->status == STATUS_RECEIPT)
            o->receipt_id = e->out.at[e->return_receipt]->id;
        return;
    }
    o->status = STATUS_FAILURE;
    buf_addz(&b, "{\"ActionError\":{\"index\":");
    if (e->error_index < 0)
        buf_addz(&b, "null");
    else
        buf_add_u64(&b, (uint64_t)e->error_index);
    buf_addz(&b, ",\"kind\":");
    buf_add_str(&b, e->error);
    buf_addz(&b, "}}");
    BUG_ON(b.full);
    o->failure = arena_str(e->ap->a, buf_str(&b));
    buf_release(&b);
}

/* What has failed leaves no receipts but keeps its logs and the gas it burnt. */
static void keep_or_undo(struct exec *e, size_t mark)
{
    const struct str to = account_id_str(&e->r->receiver);

    if (e->error.ptr) {
        kv_rollback(e->ap->kv, mark);
        e->out.n = 0;
    } else if (e->has_account) {
        account_put(e->ap->kv, to, &e->account);
    }
    apply_close(e->ap, CAUSE_RECEIPT, &e->r->id);
}

static void settle_money(struct exec *e, struct outcome *o, u128 minted_before)
{
    struct settled s;

    o->gas_burnt = e->gas_burnt;
    if (e->error.ptr)
        e->ap->minted = minted_before;
    if (is_system(e->r)) {
        /* A refund is free. What cannot be given back is gone. */
        u128 lost;

        BUG_ON(!deposits(e->r->actions, e->r->n_actions, &lost));
        if (e->error.ptr)
            e->ap->burnt += lost;
        return;
    }
    s = settle(e);
    make_refunds(e, &s);
    o->tokens_burnt = s.tokens_burnt;
    e->ap->burnt += s.tokens_burnt;
    if (e->error.ptr)
        return;
    e->ap->burnt += e->tokens_burnt;
    if (e->ap->p->protocol >= 83) /* earlier outcomes do not show what actions burnt */
        o->tokens_burnt += e->tokens_burnt;
}

static void run(struct exec *e)
{
    struct apply *ap = e->ap;
    const struct receipt *r = e->r;
    const u128 minted = ap->minted;
    struct contract_ref *contracts = arena_new_n(ap->a, struct contract_ref, r->n_actions);
    struct outcome *o;
    size_t mark;

    take_inputs(e);
    mark = kv_mark(ap->kv);
    e->has_account = account_get(ap->kv, account_id_str(&r->receiver), &e->account);
    e->actor = r->predecessor;
    e->gas_burnt = e->gas_used = ap->p->action[ACTION_new_action_receipt].exec;
    run_actions(e, contracts);
    check_stake(e);
    keep_or_undo(e, mark);

    o = apply_outcome(ap, &r->id);
    o->executor = r->receiver;
    settle_money(e, o, minted);
    make_output_data(e);
    if (!is_system(r))
        reward(e);
    send_out(e, o);
    put_status(e, o);
    o->logs = e->logs.at;
    o->n_logs = e->logs.n;
    o->metadata_version = ap->p->protocol >= 85 ? 4 : 3;
    o->contracts = contracts;
    o->n_contracts = o->metadata_version == 4 ? r->n_actions : 0;
    put_profile(e, o);
    ap->gas_used += e->gas_burnt;
    apply_close(ap, CAUSE_NOT_WRITABLE, &r->id);
}

void exec_receipt(struct apply *ap, const struct receipt *r)
{
    struct arena scratch = ARENA_INIT;
    struct exec e = {.ap = ap, .r = r, .scratch = &scratch, .error_index = -1};

    run(&e);
    arena_release(&scratch);
}
