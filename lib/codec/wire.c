/* wire.c — see wire.h. */
#include "codec/wire.h"

#include <string.h>

struct rd rd_over(struct str bytes)
{
    return (struct rd){.in = bytes};
}

void rd_fail(struct rd *r)
{
    r->bad = true;
}

size_t rd_left(const struct rd *r)
{
    return r->bad ? 0 : r->in.len - r->at;
}

bool rd_end(const struct rd *r)
{
    return !r->bad && r->at == r->in.len;
}

struct str rd_fixed(struct rd *r, size_t n)
{
    struct str s;

    if (r->bad || n > r->in.len - r->at) {
        r->bad = true;
        return STR_NONE;
    }
    s = str_head(str_skip(r->in, r->at), n);
    r->at += n;
    return s;
}

void rd_copy(struct rd *r, void *out, size_t n)
{
    struct str s = rd_fixed(r, n);

    if (r->bad)
        memset(out, 0, n);
    else if (n)
        memcpy(out, s.ptr, n);
}

static uint64_t rd_le(struct rd *r, size_t n)
{
    struct str s = rd_fixed(r, n);
    uint64_t v = 0;

    for (size_t i = s.len; i--;)
        v = v << 8 | (uint8_t)s.ptr[i];
    return v;
}

uint8_t rd_u8(struct rd *r)
{
    return (uint8_t)rd_le(r, 1);
}

uint16_t rd_u16(struct rd *r)
{
    return (uint16_t)rd_le(r, 2);
}

uint32_t rd_u32(struct rd *r)
{
    return (uint32_t)rd_le(r, 4);
}

uint64_t rd_u64(struct rd *r)
{
    return rd_le(r, 8);
}

u128 rd_u128(struct rd *r)
{
    u128 low = rd_u64(r);

    return (u128)rd_u64(r) << 64 | low;
}

bool rd_bool(struct rd *r)
{
    uint8_t v = rd_u8(r);

    if (v > 1)
        r->bad = true;
    return v == 1 && !r->bad;
}

uint32_t rd_count(struct rd *r, uint32_t max)
{
    uint32_t n = rd_u32(r);

    if (n > max)
        r->bad = true;
    return r->bad ? 0 : n;
}

struct str rd_bytes(struct rd *r, size_t max)
{
    uint32_t n = rd_u32(r);

    if (n > max)
        r->bad = true;
    return rd_fixed(r, n);
}

struct str rd_text(struct rd *r, size_t max)
{
    struct str s = rd_bytes(r, max);

    if (!str_is_utf8(s))
        r->bad = true;
    return r->bad ? STR_NONE : s;
}

static void wr_le(struct buf *b, uint64_t v, size_t n)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> 8 * i);
    buf_add(b, bytes, n);
}

void wr_u8(struct buf *b, uint8_t v)
{
    wr_le(b, v, 1);
}

void wr_u16(struct buf *b, uint16_t v)
{
    wr_le(b, v, 2);
}

void wr_u32(struct buf *b, uint32_t v)
{
    wr_le(b, v, 4);
}

void wr_u64(struct buf *b, uint64_t v)
{
    wr_le(b, v, 8);
}

void wr_u128(struct buf *b, u128 v)
{
    wr_le(b, (uint64_t)v, 8);
    wr_le(b, (uint64_t)(v >> 64), 8);
}

void wr_bytes(struct buf *b, struct str s)
{
    if (s.len > UINT32_MAX) {
        b->full = true;
        return;
    }
    wr_u32(b, (uint32_t)s.len);
    buf_add_str(b, s);
}
