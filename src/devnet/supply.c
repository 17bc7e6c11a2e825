/* supply.c — counting every yocto of the chain. */
#include "devnet/apply.h"

/* What a receipt carries: deposits, and gas bought and not yet burnt. */
static u128 carried(const struct params *p, const struct receipt *r)
{
    uint64_t gas = p->action[ACTION_new_action_receipt].exec, g;
    u128 sum, money;

    if (r->kind != RECEIPT_ACTION && r->kind != RECEIPT_YIELD)
        return 0;
    BUG_ON(!deposits(r->actions, r->n_actions, &sum));
    BUG_ON(!gas_attached(r->actions, r->n_actions, &g) || !gas_add(&gas, g));
    BUG_ON(!gas_prepaid_send(p, r->actions, r->n_actions, &g) || !gas_add(&gas, g));
    BUG_ON(!gas_prepaid_exec(p, r->actions, r->n_actions, account_id_str(&r->receiver), &g) ||
           !gas_add(&gas, g));
    BUG_ON(!gas_price_of(r->gas_price, gas, &money) || !money_add(&sum, money));
    return sum;
}

static u128 waiting(const struct params *p, const struct kv *kv, enum column c)
{
    const char prefix = (char)c;
    struct kv_iter it = kv_walk(kv, str_from(&prefix, 1));
    u128 sum = 0;

    while (kv_next(&it)) {
        struct arena a = ARENA_INIT;
        struct rd rd = rd_over(it.value);

        /* The bare column is the queue's indices. */
        if (it.key.len > 1)
            sum += carried(p, receipt_load(&rd, &a));
        arena_release(&a);
    }
    return sum;
}

u128 supply_count(const struct params *p, const struct kv *kv,
                  const struct receipt *const *travelling, size_t n)
{
    const char prefix = COL_ACCOUNT;
    struct kv_iter it = kv_walk(kv, str_from(&prefix, 1));
    u128 sum = 0;

    while (kv_next(&it)) {
        struct account a;

        BUG_ON(!account_parse(it.value, &a));
        sum += a.amount + a.locked;
    }
    sum += waiting(p, kv, COL_POSTPONED);
    sum += waiting(p, kv, COL_DELAYED);
    sum += waiting(p, kv, COL_YIELD);
    for (size_t i = 0; i < n; i++)
        sum += carried(p, travelling[i]);
    return sum;
}
