/*
 * wasm_read.h — reading the binary format: straight down, ask once whether it went bad.
 *
 * A reader that runs short or meets a malformed number goes bad, stays there and gives zeros.
 * LEB128 numbers may be padded but not longer than their type allows, as the WebAssembly core
 * specification (binary format, values) says.
 */
#ifndef VM_WASM_READ_H
#define VM_WASM_READ_H

#include "base/str.h"

struct wasm_in {
    const uint8_t *p, *end;
    bool bad;
};

static inline struct wasm_in wasm_in_over(const uint8_t *p, size_t n)
{
    return (struct wasm_in){p, p + n, false};
}

static inline void wasm_fail(struct wasm_in *r)
{
    r->bad = true;
    r->p = r->end;
}

static inline size_t wasm_left(const struct wasm_in *r)
{
    return (size_t)(r->end - r->p);
}

static inline uint8_t wasm_u8(struct wasm_in *r)
{
    if (r->p == r->end) {
        wasm_fail(r);
        return 0;
    }
    return *r->p++;
}

static inline uint8_t wasm_peek(const struct wasm_in *r)
{
    return r->p == r->end ? 0 : *r->p;
}

static inline uint32_t wasm_u32(struct wasm_in *r)
{
    uint32_t v = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t b = wasm_u8(r);

        v |= (uint32_t)(b & 0x7f) << shift;
        if (shift == 28 && (b & 0xf0) != 0)
            break;
        if ((b & 0x80) == 0)
            return v;
    }
    wasm_fail(r);
    return 0;
}

/* Signed LEB128 of `bits` bits, 32, 33 or 64. */
static inline int64_t wasm_signed(struct wasm_in *r, unsigned bits)
{
    uint64_t v = 0;

    for (unsigned shift = 0;; shift += 7) {
        uint8_t b = wasm_u8(r);

        v |= (uint64_t)(b & 0x7f) << shift;
        if (shift + 7 >= bits) {
            /* The last byte: no continuation, and what is over the sign bit repeats it. */
            unsigned used = bits - shift;
            uint8_t top = (uint8_t)(b >> (used - 1));
            uint8_t all = (uint8_t)(0x7f >> (used - 1));

            if ((b & 0x80) != 0 || (top != 0 && top != all)) {
                wasm_fail(r);
                return 0;
            }
        }
        if ((b & 0x80) == 0) {
            unsigned got = shift + 7;

            if (got < 64 && (b & 0x40) != 0)
                v |= UINT64_MAX << got;
            return (int64_t)v;
        }
    }
}

static inline int32_t wasm_s32(struct wasm_in *r)
{
    return (int32_t)wasm_signed(r, 32);
}

static inline int64_t wasm_s33(struct wasm_in *r)
{
    return wasm_signed(r, 33);
}

static inline int64_t wasm_s64(struct wasm_in *r)
{
    return wasm_signed(r, 64);
}

static inline struct str wasm_bytes(struct wasm_in *r, size_t n)
{
    struct str s = {(const char *)r->p, n};

    if (n > wasm_left(r)) {
        wasm_fail(r);
        return STR_NONE;
    }
    r->p += n;
    return s;
}

#endif
