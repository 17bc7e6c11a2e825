/* section.c — see section.h. */
#include "engine/section.h"

#include <string.h>

#include "codec/wire.h"

enum { CUSTOM = 0, CORE_MODULE = 1, COMPONENT = 4 }; /* the latter two in components only */

/* An unsigned LEB128 number of 32 bits. */
static uint32_t leb(struct rd *r)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t b = rd_u8(r);
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            if (v > UINT32_MAX)
                rd_fail(r);
            return (uint32_t)v;
        }
    }
    rd_fail(r);
    return 0;
}

static void note(struct str found, enum section_find *how, struct str *out)
{
    if (*how == SECTION_NONE) {
        *how = SECTION_FOUND;
        *out = found;
    } else if (!str_eq(found, *out)) {
        *how = SECTION_TWICE;
    }
}

static void search(struct str wasm, struct str name, unsigned depth, enum section_find *how,
                   struct str *out)
{
    struct rd r = rd_over(str_skip(wasm, 8));
    bool component;

    if (wasm.len < 8 || memcmp(wasm.ptr, "\0asm", 4) != 0 || depth > SECTION_DEPTH_MAX)
        return;
    component = wasm.ptr[6] != 0; /* the layer */
    while (rd_left(&r) && !r.bad) {
        uint8_t id = rd_u8(&r);
        struct str body = rd_fixed(&r, leb(&r));
        if (r.bad)
            return;
        if (id == CUSTOM) {
            struct rd c = rd_over(body);
            struct str is = rd_fixed(&c, leb(&c));
            if (!c.bad && str_eq(is, name))
                note(str_skip(body, c.at), how, out);
        } else if (component && (id == CORE_MODULE || id == COMPONENT)) {
            search(body, name, depth + 1, how, out);
        }
    }
}

enum section_find section_find(struct str wasm, struct str name, struct str *out)
{
    enum section_find how = SECTION_NONE;

    search(wasm, name, 0, &how, out);
    return how;
}
