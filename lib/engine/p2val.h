/*
 * p2val.h — values of the component model: making the results of host functions, reading their
 * arguments.
 *
 * A value made here is owned by whoever holds it; the engine takes over what is stored in a
 * function's results. Texts must be UTF-8: the engine ends the process over anything else.
 */
#ifndef ENGINE_P2VAL_H
#define ENGINE_P2VAL_H

#include <wasmtime.h>

#include <string.h>

#include "base/str.h"

typedef wasmtime_component_val_t p2_val;

static inline p2_val p2_bool(bool b)
{
    return (p2_val){.kind = WASMTIME_COMPONENT_BOOL, .of.boolean = b};
}

static inline p2_val p2_u16(uint16_t n)
{
    return (p2_val){.kind = WASMTIME_COMPONENT_U16, .of.u16 = n};
}

static inline p2_val p2_u32(uint32_t n)
{
    return (p2_val){.kind = WASMTIME_COMPONENT_U32, .of.u32 = n};
}

static inline p2_val p2_u64(uint64_t n)
{
    return (p2_val){.kind = WASMTIME_COMPONENT_U64, .of.u64 = n};
}

static inline p2_val p2_s64(int64_t n)
{
    return (p2_val){.kind = WASMTIME_COMPONENT_S64, .of.s64 = n};
}

static inline p2_val p2_text(struct str s)
{
    p2_val v = {.kind = WASMTIME_COMPONENT_STRING};
    if (!str_is_utf8(s))
        s = STR("(not UTF-8)");
    wasm_byte_vec_new(&v.of.string, s.len, s.len ? s.ptr : "");
    return v;
}

static inline p2_val p2_enum(const char *name)
{
    p2_val v = {.kind = WASMTIME_COMPONENT_ENUM};
    wasm_byte_vec_new(&v.of.enumeration, strlen(name), name);
    return v;
}

/* The case `name`, without a value or with one. */
static inline p2_val p2_case(const char *name, p2_val *with)
{
    p2_val v = {.kind = WASMTIME_COMPONENT_VARIANT};
    wasm_byte_vec_new(&v.of.variant.discriminant, strlen(name), name);
    v.of.variant.val = with ? wasmtime_component_val_new(with) : NULL;
    return v;
}

static inline p2_val p2_none(void)
{
    return (p2_val){.kind = WASMTIME_COMPONENT_OPTION};
}

static inline p2_val p2_some(p2_val with)
{
    return (p2_val){.kind = WASMTIME_COMPONENT_OPTION,
                    .of.option = wasmtime_component_val_new(&with)};
}

static inline p2_val p2_result(bool ok, p2_val *with)
{
    p2_val v = {.kind = WASMTIME_COMPONENT_RESULT, .of.result.is_ok = ok};
    v.of.result.val = with ? wasmtime_component_val_new(with) : NULL;
    return v;
}

static inline p2_val p2_ok(p2_val with)
{
    return p2_result(true, &with);
}

static inline p2_val p2_err(p2_val with)
{
    return p2_result(false, &with);
}

/* A list of `n` values to be filled by the caller at once. */
static inline p2_val p2_list(size_t n)
{
    p2_val v = {.kind = WASMTIME_COMPONENT_LIST};
    wasmtime_component_vallist_new_uninit(&v.of.list, n);
    return v;
}

static inline p2_val p2_bytes(struct str s)
{
    p2_val v = p2_list(s.len);
    for (size_t i = 0; i < s.len; i++)
        v.of.list.data[i] = (p2_val){.kind = WASMTIME_COMPONENT_U8, .of.u8 = (uint8_t)s.ptr[i]};
    return v;
}

static inline p2_val p2_tuple(p2_val a, p2_val b)
{
    p2_val v = {.kind = WASMTIME_COMPONENT_TUPLE};
    wasmtime_component_valtuple_new_uninit(&v.of.tuple, 2);
    v.of.tuple.data[0] = a;
    v.of.tuple.data[1] = b;
    return v;
}

/* ---- arguments ---- */

static inline struct str p2_str(const p2_val *v)
{
    return v->kind == WASMTIME_COMPONENT_STRING ? str_from(v->of.string.data, v->of.string.size)
                                                : STR_NONE;
}

static inline struct str p2_case_name(const p2_val *v)
{
    return str_from(v->of.variant.discriminant.data, v->of.variant.discriminant.size);
}

/* Append a list<u8>; false when it is something else. */
static inline bool p2_add_bytes(struct buf *to, const p2_val *v)
{
    size_t n = v->of.list.size;

    if (v->kind != WASMTIME_COMPONENT_LIST)
        return false;
    char *p = buf_room(to, n);
    for (size_t i = 0; p && i < n; i++) {
        const p2_val *b = &v->of.list.data[i];
        if (b->kind != WASMTIME_COMPONENT_U8)
            return false;
        p[i] = (char)b->of.u8;
    }
    return true;
}

#endif
