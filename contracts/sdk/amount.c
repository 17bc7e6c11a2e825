/* amount.c — arithmetic on money that panics instead of wrapping. */
#include "sdk/near.h"

u128 u128_add(u128 a, u128 b)
{
    REQUIRE(a + b >= a, "amount overflow");
    return a + b;
}

u128 u128_sub(u128 a, u128 b)
{
    REQUIRE(a >= b, "amount below zero");
    return a - b;
}

u128 u128_mul(u128 a, uint64_t b)
{
    u128 low = (u128)(uint64_t)a * b, high = (u128)(uint64_t)(a >> 64) * b + (low >> 64);
    REQUIRE(high >> 64 == 0, "amount overflow");
    return high << 64 | (uint64_t)low;
}

u128 u128_div(u128 a, uint32_t b)
{
    u128 out = 0;
    uint64_t rest = 0;
    REQUIRE(b, "division by zero");
    for (int shift = 96; shift >= 0; shift -= 32) {
        rest = rest << 32 | (uint32_t)(a >> shift);
        out |= (u128)(rest / b) << shift;
        rest %= b;
    }
    return out;
}

/* Storage staking. */
u128 storage_cost(uint64_t bytes)
{
    return bytes * (u128)NEAR_YOCTO_PER_BYTE;
}

u128 u128_sub_floor(u128 a, u128 b)
{
    return a > b ? a - b : 0;
}
