/* Burning and reserving gas. Reserved gas is gone for the caller but burns where it is used. */
#include "vm/host.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void gas_init(struct host *h)
{
    h->burnt_max = h->p->max_gas_burnt;
    h->prepaid = h->c->prepaid_gas;
    if (h->c->view) {
        h->burnt_max = h->c->view_gas_max != 0 ? h->c->view_gas_max : h->p->max_gas_burnt_view;
        h->prepaid = h->burnt_max;
    }
    h->burnt_limit = min_u64(h->burnt_max, h->prepaid);
}

uint64_t gas_left(const struct host *h)
{
    return h->burnt_limit - min_u64(h->burnt, h->burnt_limit);
}

uint64_t gas_used(const struct host *h)
{
    return h->burnt + h->reserved;
}

/* Out of gas: burn what there is, no more than was paid for. */
static bool exceeded(struct host *h, uint64_t burnt, uint64_t used)
{
    uint64_t used_limit = min_u64(h->prepaid, used);

    h->burnt = min_u64(burnt, min_u64(h->prepaid, h->burnt_max));
    h->reserved = used_limit > h->burnt ? used_limit - h->burnt : 0;
    if (burnt > h->burnt_max)
        return host_fail(h, "GasLimitExceeded",
                         "Exceeded the maximum amount of gas allowed to burn per contract.");
    return host_fail(h, "GasExceeded", "Exceeded the prepaid gas.");
}

bool gas_burn(struct host *h, uint64_t gas)
{
    uint64_t burnt;

    if (__builtin_add_overflow(h->burnt, gas, &burnt))
        return host_fail_overflow(h);
    if (burnt > h->burnt_limit)
        return exceeded(h, burnt, burnt + h->reserved);
    h->burnt = burnt;
    return true;
}

bool gas_pay_per(struct host *h, enum ext_cost c, uint64_t n)
{
    uint64_t gas, before = h->burnt;
    bool ok;

    if (__builtin_mul_overflow(h->p->ext[c].gas, n, &gas))
        return host_fail_overflow(h);
    ok = gas_burn(h, gas);
    if (h->burnt > before)
        h->profile_ext[c] += h->burnt - before;
    return ok;
}

bool gas_pay(struct host *h, enum ext_cost c)
{
    return gas_pay_per(h, c, 1);
}

static bool deduct(struct host *h, uint64_t burn, uint64_t reserve)
{
    uint64_t reserved, burnt, used;

    if (__builtin_add_overflow(h->reserved, reserve, &reserved) ||
        __builtin_add_overflow(h->burnt, burn, &burnt) ||
        __builtin_add_overflow(burnt, reserved, &used))
        return host_fail_overflow(h);
    if (burnt > h->burnt_max || used > h->prepaid)
        return exceeded(h, burnt, used);
    h->burnt = burnt;
    h->reserved = reserved;
    if (reserve > 0 && !h->c->view)
        h->burnt_limit = min_u64(h->burnt_max, h->prepaid - reserved);
    return true;
}

bool gas_pay_action(struct host *h, enum action_cost c, uint64_t burn, uint64_t reserve)
{
    uint64_t before = h->burnt;
    bool ok = deduct(h, burn, reserve);

    if (h->burnt > before) {
        h->profile_action[c] += h->burnt - before;
        h->action_compute += h->burnt - before;
    }
    return ok;
}

bool gas_pay_action_units(struct host *h, enum action_cost c, uint64_t n, bool sir)
{
    uint64_t burn, reserve, all;

    /* The sum must not overflow either, although it is not needed as such. */
    if (__builtin_mul_overflow(action_send(h->p, c, sir), n, &burn) ||
        __builtin_mul_overflow(h->p->action[c].exec, n, &reserve) ||
        __builtin_add_overflow(burn, reserve, &all))
        return host_fail_overflow(h);
    return gas_pay_action(h, c, burn, reserve);
}

bool gas_reserve(struct host *h, uint64_t gas)
{
    return deduct(h, 0, gas);
}
