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

void buf_add_byte(struct buf *b, uint8_t c)
{
    buf_add(b, &c, 1);
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

void buf_add_u128(struct buf *b, u128 v)
{
    const uint64_t chunk = 10000000000000000000u; /* 10^19 fits a u64: fewer wide divisions */
    char digits[39];
    size_t at = sizeof(digits);

    if (v <= UINT64_MAX) {
        buf_add_u64(b, (uint64_t)v);
        return;
    }
    while (v > UINT64_MAX) {
        uint64_t low = (uint64_t)(v % chunk);

        v /= chunk;
        for (int i = 0; i < 19; i++) {
            digits[--at] = (char)('0' + low % 10);
            low /= 10;
        }
    }
    for (uint64_t top = (uint64_t)v; top; top /= 10)
        digits[--at] = (char)('0' + top % 10);
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
