/* pricing.c — what runs cost, and paying out. */
#include "outlayer/outlayer.h"

#define MILLION UINT64_C(1000000)

/* Saturates: costs are compared with what was attached, and a callback must not panic. */
static u128 cost(u128 sum, uint64_t fee, uint64_t n)
{
    u128 more = (u128)fee * n;
    return sum + more < sum ? ~(u128)0 : sum + more;
}

/* Memory and compiling are not estimated; an answer never costs more than was attached. */
u128 cost_estimate(const struct fees *f, const struct limits *l)
{
    u128 sum = cost(f->base, f->unit[FEE_MILLION], l->instructions / MILLION);
    return cost(sum, f->unit[FEE_MS],
                l->seconds < UINT64_MAX / 1000 ? l->seconds * 1000 : UINT64_MAX);
}

u128 cost_actual(const struct fees *f, const struct metrics *m)
{
    u128 sum = cost(f->base, f->unit[FEE_MILLION], m->instructions / MILLION);
    sum = cost(sum, f->unit[FEE_MS], m->time_ms);
    return cost(sum, f->unit[FEE_COMPILE_MS], m->has_compile ? m->compile_ms : 0);
}

void pay(struct str to, u128 amount)
{
    if (amount)
        promise_transfer(promise_batch(to), amount);
}

NEAR_VIEW(estimate_execution_cost)
{
    struct config c;
    struct limits l = limits_parse(arg_get(args, "resource_limits"));

    config_load(&c);
    near_return_u128(cost_estimate(&c.fees, &l));
}

NEAR_VIEW(get_pricing)
{
    struct config c;
    struct buf b = near_buf();

    config_load(&c);
    json_arr(&b);
    json_put_u128_str(&b, c.fees.base);
    json_put_u128_str(&b, c.fees.unit[FEE_MILLION]);
    json_put_u128_str(&b, c.fees.unit[FEE_MS]);
    json_put_u128_str(&b, c.fees.unit[FEE_COMPILE_MS]);
    json_arr_end(&b);
    near_return_buf(&b);
}

static const char *const fee_names[FEES] = {
    [FEE_MILLION] = "per_million_instructions_fee",
    [FEE_MS] = "per_ms_fee",
    [FEE_COMPILE_MS] = "per_compile_ms_fee",
    [FEE_BASE_USD] = "base_fee_usd",
    [FEE_MILLION_USD] = "per_million_instructions_fee_usd",
    [FEE_SEC_USD] = "per_sec_fee_usd",
    [FEE_COMPILE_MS_USD] = "per_compile_ms_fee_usd",
};

NEAR_VIEW(get_pricing_full)
{
    struct config c;
    struct buf b = near_buf();

    config_load(&c);
    json_obj(&b);
    put_u128(&b, "base_fee", c.fees.base);
    for (size_t i = 0; i < FEES; i++)
        put_u128(&b, fee_names[i], c.fees.unit[i]);
    json_obj_end(&b);
    near_return_buf(&b);
}

NEAR_CALL(set_pricing)
{
    struct config c;

    config_for_owner(&c);
    arg_opt_u128(args, "base_fee", &c.fees.base);
    for (size_t i = 0; i < FEES; i++) {
        u128 v = c.fees.unit[i];
        arg_opt_u128(args, fee_names[i], &v);
        REQUIRE(v <= UINT64_MAX, "A fee per unit must be below 2^64");
        c.fees.unit[i] = (uint64_t)v;
    }
    config_store(&c);
}
