/* buf.c — see buf.h. */
#include "base/buf.h"

#include <string.h>

#include "base/mem.h"

#define BUF_FIRST 64 /* bytes of the first allocation */

void buf_release(struct buf *b)
{
    if (!b->fixed)
        mem_free(b->ptr);
    *b = b->fixed ? (struct buf){.ptr = b->ptr, .cap = b->cap, .max = b->max, .fixed = true}
                  : BUF_INIT(b->max);
}

void buf_wipe(struct buf *b)
{
    if (b->ptr)
        mem_wipe(b->ptr, b->cap + 1);
    buf_release(b);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->full = false;
    if (b->ptr)
        b->ptr[0] = '\0';
}

static bool buf_fit(struct buf *b, size_t n)
{
    size_t want, cap;

    if (b->full || n > b->max - b->len) {
        b->full = true;
        return false;
    }
    want = b->len + n;
    if (b->ptr && want <= b->cap)
        return true;
    if (b->fixed) {
        b->full = true;
        return false;
    }
    cap = b->cap ? b->cap * 2 : BUF_FIRST;
    if (cap < want)
        cap = want;
    if (cap > b->max)
        cap = b->max;
    b->ptr = mem_realloc(b->ptr, b->ptr ? b->cap + 1 : 0, cap + 1);
    b->cap = cap;
    return true;
}

char *buf_room(struct buf *b, size_t n)
{
    char *p;

    if (!buf_fit(b, n))
        return NULL;
    p = b->ptr + b->len;
    b->len += n;
    b->ptr[b->len] = '\0';
    return p;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    char *to = buf_room(b, n);

    if (to && n)
        memcpy(to, p, n);
}

void buf_add_str(struct buf *b, struct str s)
{
    buf_add(b, s.ptr, s.len);
}

void buf_addz(struct buf *b, const char *z)
{
    buf_add_str(b, str_of(z));
}

/* Not inlined: contracts are built with link-time optimisation and pay for their size. */
__attribute__((noinline)) void buf_add_byte(struct buf *b, uint8_t c)
{
    if (b->full || b->len >= b->cap) { /* the long way, which also sees to `max` */
        buf_add(b, &c, 1);
        return;
    }
    b->ptr[b->len++] = (char)c;
    b->ptr[b->len] = '\0';
}

void buf_add_u64(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_add(b, digits + at, sizeof(digits) - at);
}

/* Schoolbook division by 10^9 in limbs of 32 bits: a contract pays for each step of a wide
 * division, and the compiler's own takes thousands. */
void buf_add_u128(struct buf *b, u128 v)
{
    uint32_t limb[4] = {(uint32_t)v, (uint32_t)(v >> 32), (uint32_t)(v >> 64), (uint32_t)(v >> 96)};
    char digits[45]; /* five groups of nine */
    size_t at = sizeof(digits);

    do {
        uint64_t rest = 0;

        for (int i = 3; i >= 0; i--) {
            rest = rest << 32 | limb[i];
            limb[i] = (uint32_t)(rest / 1000000000);
            rest %= 1000000000;
        }
        for (uint32_t group = (uint32_t)rest, i = 0; i < 9; i++, group /= 10)
            digits[--at] = (char)('0' + group % 10);
    } while (limb[0] | limb[1] | limb[2] | limb[3]);
    while (at < sizeof(digits) - 1 && digits[at] == '0')
        at++;
    buf_add(b, digits + at, sizeof(digits) - at);
}

struct str buf_str(const struct buf *b)
{
    return (struct str){b->ptr ? b->ptr : "", b->len};
}

const char *buf_z(const struct buf *b)
{
    return b->ptr ? b->ptr : "";
}
