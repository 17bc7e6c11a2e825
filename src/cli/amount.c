/* amount.c — see amount.h. */
#include "cli/amount.h"

bool near_amount_parse(struct str text, u128 *out)
{
    const u128 one = (u128)UINT64_C(1000000000000) * UINT64_C(1000000000000);
    struct str whole, part = str_cut(text, '.', &whole);
    u128 value, sum = 0, scale = one;

    if (!str_u128(whole, &value) || __builtin_mul_overflow(value, one, &sum))
        return false;
    if (whole.len == text.len)
        part = STR("0");
    if (part.len == 0 || part.len > 24)
        return false;
    for (size_t i = 0; i < part.len; i++) {
        if (part.ptr[i] < '0' || part.ptr[i] > '9')
            return false;
        scale /= 10;
        if (__builtin_add_overflow(sum, (u128)(part.ptr[i] - '0') * scale, &sum))
            return false;
    }
    *out = sum;
    return true;
}

void near_amount_put(struct buf *out, u128 yocto)
{
    const u128 one = (u128)UINT64_C(1000000000000) * UINT64_C(1000000000000);
    u128 rest = yocto % one;
    char digits[25];
    int n = 24;

    buf_add_u128(out, yocto / one);
    if (rest == 0)
        return;
    for (int i = 24; i-- > 0; rest /= 10)
        digits[i] = (char)('0' + (int)(rest % 10));
    while (digits[n - 1] == '0')
        n--;
    buf_add_byte(out, '.');
    buf_add(out, digits, (size_t)n);
}
