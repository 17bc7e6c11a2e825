/* str.c — see str.h. */
#include "base/str.h"

#include <string.h>

struct str str_of(const char *z)
{
    return z ? (struct str){z, strlen(z)} : STR_NONE;
}

struct str str_from(const void *p, size_t n)
{
    return (struct str){p, n};
}

bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_eqz(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

    if (c)
        return c;
    return a.len < b.len ? -1 : a.len > b.len;
}

struct str str_head(struct str s, size_t n)
{
    return (struct str){s.ptr, n < s.len ? n : s.len};
}

struct str str_skip(struct str s, size_t n)
{
    if (n > s.len)
        n = s.len;
    return (struct str){n ? s.ptr + n : s.ptr, s.len - n};
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_head(s, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_skip(s, s.len - suffix.len), suffix);
}

bool str_has_byte(struct str s, char c)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == c)
            return true;
    return false;
}

size_t str_find(struct str s, struct str what)
{
    for (size_t i = 0; i + what.len <= s.len; i++)
        if (!what.len ||
            (s.ptr[i] == what.ptr[0] && str_eq(str_head(str_skip(s, i), what.len), what)))
            return i;
    return s.len;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

struct str str_trim(struct str s)
{
    while (s.len && is_space(s.ptr[0]))
        s = str_skip(s, 1);
    while (s.len && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

struct str str_cut(struct str s, char sep, struct str *head)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == sep) {
            *head = str_head(s, i);
            return str_skip(s, i + 1);
        }
    *head = s;
    return str_skip(s, s.len);
}

/* How many bytes the well-formed sequence at p takes, 0 when it is none. */
static size_t utf8_step(const uint8_t *p, size_t n)
{
    uint8_t lo = 0x80, hi = 0xbf;
    size_t more;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        more = 1;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        more = 2;
        if (p[0] == 0xe0)
            lo = 0xa0; /* no overlong forms */
        if (p[0] == 0xed)
            hi = 0x9f; /* no surrogates */
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        more = 3;
        if (p[0] == 0xf0)
            lo = 0x90;
        if (p[0] == 0xf4)
            hi = 0x8f; /* nothing above U+10FFFF */
    } else {
        return 0;
    }
    if (n < more + 1 || p[1] < lo || p[1] > hi)
        return 0;
    for (size_t i = 2; i <= more; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return more + 1;
}

bool str_is_utf8(struct str s)
{
    const uint8_t *p = (const uint8_t *)s.ptr;

    for (size_t i = 0; i < s.len;) {
        uint64_t eight;
        size_t step = 8;

        if (s.len - i >= 8)
            __builtin_memcpy(&eight, p + i, 8);
        if (s.len - i < 8 || eight & UINT64_C(0x8080808080808080)) /* not all ASCII */
            step = p[i] < 0x80 ? 1 : utf8_step(p + i, s.len - i);
        if (!step)
            return false;
        i += step;
    }
    return true;
}

bool str_u128(struct str s, u128 *out)
{
    u128 v = 0;

    if (s.len == 0 || s.len > 39)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned d = (unsigned)(s.ptr[i] - '0');

        /* 2^128-1 = 340282366920938463463374607431768211455 */
        if (d > 9 || v > ~(u128)0 / 10 || (v == ~(u128)0 / 10 && d > 5))
            return false;
        v = v * 10 + d;
    }
    *out = v;
    return true;
}

bool str_u64(struct str s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.len == 0 || s.len > 20)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned d = (unsigned)(s.ptr[i] - '0');

        if (d > 9 || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)d, &v))
            return false;
    }
    *out = v;
    return true;
}
