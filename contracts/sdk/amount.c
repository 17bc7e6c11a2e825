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
    REQUIRE(b == 0 || a <= ~(u128)0 / b, "amount overflow");
    return a * b;
}

u128 u128_sub_floor(u128 a, u128 b)
{
    return a > b ? a - b : 0;
}
