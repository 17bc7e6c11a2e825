/* The rewriting half of prepare.h; checking is in wasm_module.c and wasm_body.c. */
#include <string.h>

#include "vm/prepare.h"
#include "vm/wasm_body.h"

struct work {
    struct buf *out; /* the code section's bodies, behind each other */
    struct buf one;  /* the body being written */
    struct wasm_body body;
    uint32_t gas, stack; /* indices of the two globals */
    uint64_t params_left;
    uint64_t blocks_left;
    enum prepare_fault late; /* the first of the limits that are looked at after all else */
    uint64_t reference_size; /* of the module as the reference node would rewrite it */
};

/* ------------------------------------------------------------------ writing */

static void put_u32(struct buf *b, uint32_t v)
{
    while (v >= 0x80) {
        buf_add_byte(b, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    buf_add_byte(b, (uint8_t)v);
}

static void put_s64(struct buf *b, int64_t v)
{
    for (;;) {
        uint8_t low = (uint8_t)v & 0x7f;

        v >>= 7; /* arithmetic on every compiler we build with */
        if ((v == 0 && (low & 0x40) == 0) || (v == -1 && (low & 0x40) != 0)) {
            buf_add_byte(b, low);
            return;
        }
        buf_add_byte(b, low | 0x80);
    }
}

static unsigned len_u32(uint64_t v)
{
    unsigned n = 1;

    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static unsigned len_s64(int64_t v)
{
    unsigned n = 1;

    for (; v < -64 || v > 63; v >>= 7)
        n++;
    return n;
}

static void op_index(struct buf *b, uint8_t op, uint32_t index)
{
    buf_add_byte(b, op);
    put_u32(b, index);
}

static void i64_const(struct buf *b, uint64_t v)
{
    buf_add_byte(b, 0x42);
    put_s64(b, (int64_t)v);
}

#define GLOBAL_GET 0x23
#define GLOBAL_SET 0x24
#define LOCAL_GET  0x20
#define LOCAL_SET  0x21
#define I64_ADD    0x7c
#define I64_SUB    0x7d
#define I64_MUL    0x7e

/* if the global went below zero: stop */
static void stop_if_negative(struct buf *b, uint32_t global)
{
    static const uint8_t stop[] = {0x53 /* i64.lt_s */, 0x04, 0x40 /* if */, 0x00, 0x0b};

    op_index(b, GLOBAL_GET, global);
    i64_const(b, 0);
    buf_add(b, stop, sizeof stop);
}

static void take(struct buf *b, uint32_t global, uint64_t n)
{
    op_index(b, GLOBAL_GET, global);
    i64_const(b, n);
    buf_add_byte(b, I64_SUB);
    op_index(b, GLOBAL_SET, global);
    stop_if_negative(b, global);
}

/* The same where the price depends on the number on top of the stack, which stays there. */
static void take_bulk(struct work *w, uint32_t local, uint64_t base, uint64_t unit)
{
    struct buf *b = &w->one;

    op_index(b, LOCAL_SET, local);
    op_index(b, GLOBAL_GET, w->gas);
    op_index(b, LOCAL_GET, local);
    buf_add_byte(b, 0xad); /* i64.extend_i32_u */
    i64_const(b, unit);
    buf_add_byte(b, I64_MUL);
    i64_const(b, base);
    buf_add_byte(b, I64_ADD);
    buf_add_byte(b, I64_SUB);
    op_index(b, GLOBAL_SET, w->gas);
    stop_if_negative(b, w->gas);
    op_index(b, LOCAL_GET, local);
}

static void give_back(struct work *w, uint64_t n)
{
    op_index(&w->one, GLOBAL_GET, w->stack);
    i64_const(&w->one, n);
    buf_add_byte(&w->one, I64_ADD);
    op_index(&w->one, GLOBAL_SET, w->stack);
}

/* ------------------------------------------------------------------ the size that is limited */

/*
 * The limit max_instrumented_code_size speaks of the bytes that the reference node's own rewriting
 * makes. Its sequences differ from ours, so their lengths are added up here: 16 MiB there is the
 * same contract as here, although our module is smaller.
 */
#define REFERENCE_FUNCS 3 /* it imports so many functions, and all indices move */

static uint64_t reference_charge(const struct work *w, const struct point *p, uint64_t unit,
                                 uint32_t local)
{
    uint64_t global = 1 + len_u32(w->gas), price = 1 + len_s64((int64_t)p->gas);

    /* compare, report or subtract */
    if (p->kind != POINT_BULK)
        return 3 * global + 3 * price + 9;
    /* multiply and add with a check each, keep, compare, report or subtract */
    return 2 * (1 + len_u32(local + 1)) + 3 * (1 + len_u32(local)) + 3 * global + price +
           (1 + len_s64((int64_t)unit)) + 34;
}

/* Taking from the stack and giving back, each with a check. */
static uint64_t reference_stack(const struct work *w, uint64_t n)
{
    return 2 * (1 + len_u32(w->stack)) + (1 + len_s64((int64_t)n)) + 14;
}

/* ------------------------------------------------------------------ one body */

static void write_locals(struct work *w, bool extra)
{
    const struct wasm_body *b = &w->body;
    struct wasm_in r = wasm_in_over(b->start, b->code_at);
    uint32_t groups = wasm_u32(&r);

    put_u32(&w->one, groups + (extra ? 1 : 0));
    buf_add(&w->one, r.p, wasm_left(&r));
    if (extra) {
        put_u32(&w->one, 1);
        buf_add_byte(&w->one, WASM_I32);
    }
}

static void write_body(struct work *w, const struct params *p)
{
    const struct wasm_body *b = &w->body;
    struct buf *o = &w->one;
    uint64_t frame = b->frame_bytes + b->operand_bytes;
    uint64_t size = 0;
    struct point entry = {0, POINT_PURE, (b->frame_bytes + 7) / 8 * p->wasm_regular_op_cost};
    uint32_t from = b->code_at, next_return = 0;

    buf_clear(o);
    write_locals(w, b->has_bulk);
    take(o, w->stack, frame);
    take(o, w->gas, entry.gas);
    size += 2 + reference_stack(w, frame) + reference_charge(w, &entry, 0, 0);
    /* Branches to the function's own label end behind this block, where the frame goes back. */
    buf_add_byte(o, 0x02);
    buf_add_byte(o, b->type->result == WASM_ANY ? 0x40 : b->type->result);
    for (uint32_t i = 0; i <= b->n_points; i++) {
        const struct point *pt = i < b->n_points ? &b->points[i] : NULL;
        uint32_t to = pt != NULL ? pt->at : b->len;

        /* Returns leave without passing the end. */
        while (next_return < b->n_returns && b->returns[next_return] < to) {
            uint32_t at = b->returns[next_return++];

            buf_add(o, b->start + from, at - from);
            give_back(w, frame);
            size += reference_stack(w, frame);
            from = at;
        }
        buf_add(o, b->start + from, to - from);
        from = to;
        if (pt == NULL || pt->kind == POINT_UNREACHABLE || pt->gas == 0)
            continue;
        size += reference_charge(w, pt, p->wasm_linear_op_unit_cost, b->n_locals);
        if (pt->kind == POINT_BULK)
            take_bulk(w, b->n_locals, pt->gas, p->wasm_linear_op_unit_cost);
        else
            take(o, w->gas, pt->gas);
    }
    give_back(w, frame);
    buf_add_byte(o, 0x0b);
    size += reference_stack(w, frame) + 1;

    /* Two more groups of locals are four bytes; calls name functions by larger numbers. */
    size += b->len + 4 + b->longer_calls;
    w->reference_size += len_u32(size) + size;
    put_u32(w->out, (uint32_t)o->len);
    buf_add_str(w->out, buf_str(o));
}

/* Limits that are looked at once everything has been read; the first that is broken counts. */
static void late_limits(struct work *w, const struct params *p)
{
    const struct wasm_body *b = &w->body;
    enum prepare_fault f = PREPARE_OK;

    if (w->late != PREPARE_OK)
        return;
    if (b->type->n_params > p->max_params_per_function)
        f = PREPARE_TooManyParamsPerFunction;
    else if (b->type->n_params > w->params_left)
        f = PREPARE_TooManyParamsPerContract;
    else if (b->operand_bytes > p->max_operand_stack_bytes_per_function)
        f = PREPARE_OperandStackTooLarge;
    else if (b->n_blocks > p->max_blocks_per_function)
        f = PREPARE_TooManyBlocksPerFunction;
    else if (b->n_blocks > w->blocks_left)
        f = PREPARE_TooManyBlocksPerContract;
    w->late = f;
    if (f == PREPARE_OK) {
        w->params_left -= b->type->n_params;
        w->blocks_left -= b->n_blocks;
    }
}

static enum prepare_fault each_body(void *arg, struct wasm_module *m, uint32_t func,
                                    struct wasm_in body)
{
    struct work *w = arg;
    enum prepare_fault f = wasm_body_read(&w->body, m, func, body);

    if (f != PREPARE_OK)
        return f;
    w->gas = m->n_globals;
    w->stack = m->n_globals + 1;
    late_limits(w, m->params);
    if (w->late != PREPARE_OK)
        return PREPARE_OK;
    wasm_body_merge(&w->body);
    write_body(w, m->params);
    return PREPARE_OK;
}

/* ------------------------------------------------------------------ the module */

static void section(struct buf *out, enum wasm_section id, struct str content)
{
    buf_add_byte(out, (uint8_t)id);
    put_u32(out, (uint32_t)content.len);
    buf_add_str(out, content);
}

static void copied(struct buf *out, const struct wasm_module *m, enum wasm_section id)
{
    if (m->raw[id].ptr != NULL)
        section(out, id, m->raw[id]);
}

static void put_name(struct buf *b, const char *prefix, struct str name)
{
    put_u32(b, (uint32_t)(strlen(prefix) + name.len));
    buf_addz(b, prefix);
    buf_add_str(b, name);
}

static void write_memory(struct buf *out, const struct params *p)
{
    struct buf b = BUF_INIT(16);

    put_u32(&b, 1);
    buf_add_byte(&b, 1);
    put_u32(&b, (uint32_t)p->initial_memory_pages);
    put_u32(&b, (uint32_t)p->max_memory_pages);
    section(out, WASM_MEMORY, buf_str(&b));
    buf_release(&b);
}

static void write_globals(struct buf *out, const struct wasm_module *m)
{
    struct buf b = BUF_INIT(PREPARED_MAX);
    const int64_t start[2] = {0, (int64_t)m->params->max_stack_height};

    put_u32(&b, m->n_globals + 2);
    buf_add_str(&b, m->global_entries);
    for (unsigned i = 0; i < 2; i++) {
        buf_add_byte(&b, WASM_I64);
        buf_add_byte(&b, 1);
        i64_const(&b, (uint64_t)start[i]);
        buf_add_byte(&b, 0x0b);
    }
    section(out, WASM_GLOBAL, buf_str(&b));
    buf_release(&b);
}

static void put_export(struct buf *b, const char *name, uint8_t kind, uint32_t index)
{
    put_name(b, name, STR_NONE);
    buf_add_byte(b, kind);
    put_u32(b, index);
}

static void write_exports(struct buf *out, const struct wasm_module *m)
{
    struct buf b = BUF_INIT(PREPARED_MAX);
    uint32_t n = 3 + (m->has_start ? 1 : 0);

    for (uint32_t i = 0; i < m->n_exports; i++)
        n += m->exports[i].kind == 0;
    put_u32(&b, n);
    for (uint32_t i = 0; i < m->n_exports; i++) {
        if (m->exports[i].kind != 0)
            continue;
        put_name(&b, PREPARED_PREFIX, m->exports[i].name);
        buf_add_byte(&b, 0);
        put_u32(&b, m->exports[i].index);
    }
    put_export(&b, PREPARED_GAS, 3, m->n_globals);
    put_export(&b, PREPARED_STACK, 3, m->n_globals + 1);
    put_export(&b, PREPARED_MEMORY, 2, 0);
    if (m->has_start)
        put_export(&b, PREPARED_START, 0, m->start);
    section(out, WASM_EXPORT, buf_str(&b));
    buf_release(&b);
}

static void write_module(struct buf *out, const struct wasm_module *m, struct str bodies)
{
    static const uint8_t header[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct buf count = BUF_INIT(8);

    buf_add(out, header, sizeof header);
    copied(out, m, WASM_TYPE);
    copied(out, m, WASM_IMPORT);
    copied(out, m, WASM_FUNCTION);
    copied(out, m, WASM_TABLE);
    write_memory(out, m->params);
    write_globals(out, m);
    write_exports(out, m);
    copied(out, m, WASM_ELEMENT);
    copied(out, m, WASM_DATA_COUNT);
    if (m->raw[WASM_CODE].ptr != NULL) {
        put_u32(&count, m->n_bodies);
        buf_add_byte(out, WASM_CODE);
        put_u32(out, (uint32_t)(count.len + bodies.len));
        buf_add_str(out, buf_str(&count));
        buf_add_str(out, bodies);
    }
    copied(out, m, WASM_DATA);
    buf_release(&count);
}

static uint64_t section_size(uint64_t content)
{
    return content == 0 ? 0 : 1 + len_u32(content) + content;
}

/* What the reference node's module has besides the bodies; element segments as they were. */
static uint64_t reference_rest(const struct wasm_module *m)
{
    uint64_t n = 8, exports = len_u32(m->n_exports) + 9 + 15 + len_u32(m->n_globals);
    uint64_t imports = m->raw[WASM_IMPORT].len + 97 + REFERENCE_FUNCS * 2;

    n += section_size(m->raw[WASM_TYPE].len + 7) + section_size(imports);
    n += section_size(m->raw[WASM_FUNCTION].len) + section_size(m->raw[WASM_TABLE].len);
    n += 8 + section_size(m->raw[WASM_GLOBAL].len + 12);
    for (uint32_t i = 0; i < m->n_exports; i++) {
        const struct wasm_export *e = &m->exports[i];

        if (e->kind != 2)
            exports += len_u32(e->name.len + 1) + e->name.len + 2 +
                       len_u32(e->index + (e->kind == 0 ? REFERENCE_FUNCS : 0));
    }
    if (m->has_start)
        exports += 7 + len_u32(m->start + REFERENCE_FUNCS);
    n += section_size(exports) + section_size(m->raw[WASM_ELEMENT].len);
    return n + section_size(m->raw[WASM_DATA_COUNT].len) + section_size(m->raw[WASM_DATA].len);
}

/* All of it, with the code section around the bodies. */
static uint64_t reference_size(const struct wasm_module *m, uint64_t bodies)
{
    return reference_rest(m) + section_size(m->n_bodies > 0 ? bodies + len_u32(m->n_bodies) : 0);
}

enum prepare_fault prepare(const struct params *p, struct str code, struct buf *out)
{
    struct wasm_module m;
    struct buf bodies = BUF_INIT(PREPARED_MAX);
    struct work w = {
        .out = &bodies,
        .one = BUF_INIT(PREPARED_MAX),
        .params_left = p->max_params_per_contract,
        .blocks_left = p->max_blocks_per_contract,
    };
    enum prepare_fault f = wasm_module_parse(&m, p, code, each_body, &w);

    if (f == PREPARE_OK)
        f = w.late;
    if (f == PREPARE_OK && reference_size(&m, w.reference_size) > p->max_instrumented_code_size)
        f = PREPARE_InstrumentedCodeTooLarge;
    if (f == PREPARE_OK) {
        write_module(out, &m, buf_str(&bodies));
        if (out->full || bodies.full || w.one.full)
            f = PREPARE_InstrumentedCodeTooLarge;
    }
    wasm_module_release(&m);
    wasm_body_release(&w.body);
    buf_release(&bodies);
    buf_release(&w.one);
    return f;
}
