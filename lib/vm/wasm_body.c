#include "vm/wasm_body.h"

#include "base/mem.h"

/* Room for one more item in a growing array of `b`. */
#define ROOM(b, array, n, cap)                                                                     \
    do {                                                                                           \
        if ((b)->n == (b)->cap) {                                                                  \
            uint32_t more_ = (b)->cap == 0 ? 64 : (b)->cap * 2;                                    \
            (b)->array = mem_realloc((b)->array, (b)->cap * sizeof *(b)->array,                    \
                                     more_ * sizeof *(b)->array);                                  \
            (b)->cap = more_;                                                                      \
        }                                                                                          \
    } while (0)

/* Bytes that a value of this type takes on the accounted stack. */
static uint32_t size_of(uint8_t type)
{
    return type == WASM_I32 || type == WASM_F32 ? 4 : 8;
}

static void fail(struct wasm_body *b)
{
    wasm_fail(&b->r);
}

static struct wasm_frame *top(struct wasm_body *b)
{
    return &b->frames[b->n_frames - 1];
}

/* ------------------------------------------------------------------ types of the operands */

static void push(struct wasm_body *b, uint8_t type)
{
    ROOM(b, stack, n_stack, cap_stack);
    b->stack[b->n_stack++] = type;
}

static uint8_t pop(struct wasm_body *b)
{
    struct wasm_frame *f = top(b);

    if (b->n_stack == f->height) {
        if (!f->unreachable)
            fail(b);
        return WASM_ANY;
    }
    return b->stack[--b->n_stack];
}

static uint8_t expect(struct wasm_body *b, uint8_t want)
{
    uint8_t got = pop(b);

    if (got != want && got != WASM_ANY && want != WASM_ANY)
        fail(b);
    return got == WASM_ANY ? want : got;
}

/* ------------------------------------------------------------------ sizes of the operands */

/*
 * How many bytes a frame is charged for its operands is part of the protocol, and the metering that
 * defined it leaves the table index of `call_indirect` on its stack: from there to the end of the
 * block every operator works on a neighbour's size. So sizes are kept apart from types, and moved
 * operator by operator as that metering moves them. Dead code moves nothing.
 */
static void grow(struct wasm_body *b, uint8_t type)
{
    if (top(b)->dead)
        return;
    ROOM(b, sizes, n_sizes, cap_sizes);
    b->sizes[b->n_sizes] = (uint8_t)size_of(type);
    b->bytes += b->sizes[b->n_sizes++];
    if (b->bytes > b->operand_bytes)
        b->operand_bytes = b->bytes;
}

static void shrink(struct wasm_body *b, uint32_t n)
{
    if (top(b)->dead)
        return;
    for (; n > 0 && b->n_sizes > 0; n--)
        b->bytes -= b->sizes[--b->n_sizes];
}

/* Take `n`, leave one of `type`. */
static void turn(struct wasm_body *b, uint32_t n, uint8_t type)
{
    shrink(b, n);
    grow(b, type);
}

/* ------------------------------------------------------------------ charge points */

static void add_point(struct wasm_body *b, uint32_t at, enum point_kind kind, uint64_t gas)
{
    ROOM(b, points, n_points, cap_points);
    b->points[b->n_points++] = (struct point){at, kind, gas};
}

static void before(struct wasm_body *b, uint32_t at, enum point_kind kind, uint64_t gas)
{
    add_point(b, at, top(b)->dead ? POINT_UNREACHABLE : kind, gas);
}

static void after(struct wasm_body *b, enum point_kind kind, uint64_t gas)
{
    b->after_due = true;
    b->after_kind = kind;
    b->after_gas = gas;
}

static void observable(struct wasm_body *b, uint32_t at, uint64_t gas)
{
    before(b, at, POINT_BEFORE, gas);
    after(b, POINT_AFTER, 0);
}

/* ------------------------------------------------------------------ frames */

static void open_frame(struct wasm_body *b, uint8_t op, uint8_t result, bool dead)
{
    ROOM(b, frames, n_frames, cap_frames);
    b->frames[b->n_frames++] = (struct wasm_frame){
        .op = op,
        .result = result,
        .dead = dead,
        .height = b->n_stack,
        .size_height = b->n_sizes,
    };
}

/* Ends the frame: its result must be all that it left. */
static struct wasm_frame close_frame(struct wasm_body *b)
{
    struct wasm_frame f = *top(b);

    if (f.result != WASM_ANY)
        expect(b, f.result);
    if (b->n_stack != f.height)
        fail(b);
    b->n_frames--;
    if (b->n_frames > 0)
        shrink(b, b->n_sizes - f.size_height);
    return f;
}

static void make_dead(struct wasm_body *b)
{
    struct wasm_frame *f = top(b);

    b->n_stack = f->height;
    f->unreachable = true;
    f->dead = true;
}

static struct wasm_frame *label(struct wasm_body *b, uint32_t depth)
{
    if (depth >= b->n_frames) {
        fail(b);
        return NULL;
    }
    return &b->frames[b->n_frames - 1 - depth];
}

static uint8_t label_type(const struct wasm_frame *f)
{
    return f->op == 0x03 ? WASM_ANY : f->result;
}

/* Something branches to `f`: the end of it, or the head of a loop, becomes observable. */
static void take(struct wasm_body *b, struct wasm_frame *f)
{
    if (f->op != 0x03) {
        f->taken = true;
        return;
    }
    b->points[f->pre].kind = POINT_BEFORE;
    b->points[f->post].kind = POINT_AFTER;
}

static uint8_t block_type(struct wasm_body *b)
{
    if (wasm_peek(&b->r) == 0x40) {
        wasm_u8(&b->r);
        return WASM_ANY;
    }
    return wasm_value_type(&b->r, b->m);
}

/* ------------------------------------------------------------------ operators */

/* A function's index, and how much longer it were if three functions came in front. */
static uint32_t function_index(struct wasm_body *b)
{
    const uint8_t *from = b->r.p;
    uint32_t f = wasm_u32(&b->r), longer = 1;

    for (uint64_t v = (uint64_t)f + 3; v >= 0x80; v >>= 7)
        longer++;
    if (longer > (uint32_t)(b->r.p - from))
        b->longer_calls += longer - (uint32_t)(b->r.p - from);
    return f;
}

struct numeric {
    uint8_t in, arity, out;
    bool traps;
    bool keeps; /* arithmetic: neither comparison nor conversion */
};

/* 0x45 … 0xc4: comparisons, arithmetic, conversions. */
static struct numeric numeric_of(uint8_t op)
{
    static const struct {
        uint8_t last, in, arity, out;
    } runs[] = {
        {0x45, WASM_I32, 1, WASM_I32}, {0x4f, WASM_I32, 2, WASM_I32}, {0x50, WASM_I64, 1, WASM_I32},
        {0x5a, WASM_I64, 2, WASM_I32}, {0x60, WASM_F32, 2, WASM_I32}, {0x66, WASM_F64, 2, WASM_I32},
        {0x69, WASM_I32, 1, WASM_I32}, {0x78, WASM_I32, 2, WASM_I32}, {0x7b, WASM_I64, 1, WASM_I64},
        {0x8a, WASM_I64, 2, WASM_I64}, {0x91, WASM_F32, 1, WASM_F32}, {0x98, WASM_F32, 2, WASM_F32},
        {0x9f, WASM_F64, 1, WASM_F64}, {0xa6, WASM_F64, 2, WASM_F64}, {0xa7, WASM_I64, 1, WASM_I32},
        {0xa9, WASM_F32, 1, WASM_I32}, {0xab, WASM_F64, 1, WASM_I32}, {0xad, WASM_I32, 1, WASM_I64},
        {0xaf, WASM_F32, 1, WASM_I64}, {0xb1, WASM_F64, 1, WASM_I64}, {0xb3, WASM_I32, 1, WASM_F32},
        {0xb5, WASM_I64, 1, WASM_F32}, {0xb6, WASM_F64, 1, WASM_F32}, {0xb8, WASM_I32, 1, WASM_F64},
        {0xba, WASM_I64, 1, WASM_F64}, {0xbb, WASM_F32, 1, WASM_F64}, {0xbc, WASM_F32, 1, WASM_I32},
        {0xbd, WASM_F64, 1, WASM_I64}, {0xbe, WASM_I32, 1, WASM_F32}, {0xbf, WASM_I64, 1, WASM_F64},
        {0xc1, WASM_I32, 1, WASM_I32}, {0xc4, WASM_I64, 1, WASM_I64},
    };
    size_t i = 0;

    while (op > runs[i].last)
        i++;
    return (struct numeric){
        .in = runs[i].in,
        .arity = runs[i].arity,
        .out = runs[i].out,
        .keeps = op >= 0x67 && op <= 0xa6,
        .traps = (op >= 0x6d && op <= 0x70) || (op >= 0x7f && op <= 0x82) ||
                 (op >= 0xa8 && op <= 0xab) || (op >= 0xae && op <= 0xb1),
    };
}

static void numeric(struct wasm_body *b, struct numeric n)
{
    for (unsigned i = 0; i < n.arity; i++)
        expect(b, n.in);
    push(b, n.out);
    if (n.keeps)
        shrink(b, n.arity - 1U); /* the result has the place of the first operand */
    else
        turn(b, n.arity, n.out);
}

/* 0x28 … 0x3e: loads and stores. */
static void memory_access(struct wasm_body *b, uint8_t op)
{
    static const struct {
        uint8_t type, align;
    } of[] = {
        {WASM_I32, 2}, {WASM_I64, 3}, {WASM_F32, 2}, {WASM_F64, 3}, {WASM_I32, 0}, {WASM_I32, 0},
        {WASM_I32, 1}, {WASM_I32, 1}, {WASM_I64, 0}, {WASM_I64, 0}, {WASM_I64, 1}, {WASM_I64, 1},
        {WASM_I64, 2}, {WASM_I64, 2}, {WASM_I32, 2}, {WASM_I64, 3}, {WASM_F32, 2}, {WASM_F64, 3},
        {WASM_I32, 0}, {WASM_I32, 1}, {WASM_I64, 0}, {WASM_I64, 1}, {WASM_I64, 2},
    };
    uint8_t type = of[op - 0x28].type;

    if (wasm_u32(&b->r) > of[op - 0x28].align || b->m->n_memories == 0)
        fail(b);
    wasm_u32(&b->r);
    if (op >= 0x36) {
        expect(b, type);
        expect(b, WASM_I32);
        shrink(b, 2);
    } else {
        expect(b, WASM_I32);
        push(b, type);
        turn(b, 1, type);
    }
}

static void memory_index(struct wasm_body *b)
{
    if (wasm_u8(&b->r) != 0 || b->m->n_memories == 0)
        fail(b);
}

static void table_index(struct wasm_body *b)
{
    /* Before reference types a reserved byte stands here, afterwards a number. */
    uint32_t t = b->m->bulk ? wasm_u32(&b->r) : wasm_u8(&b->r);

    if (t >= b->m->n_tables)
        fail(b);
}

static void signature(struct wasm_body *b, uint32_t type)
{
    const struct wasm_type *t;

    if (type >= b->m->n_types) {
        fail(b);
        return;
    }
    t = &b->m->types[type];
    for (uint32_t i = t->n_params; i > 0; i--)
        expect(b, t->params[i - 1]);
    shrink(b, t->n_params);
    if (t->result != WASM_ANY) {
        push(b, t->result);
        grow(b, t->result);
    }
}

static void branch(struct wasm_body *b, uint32_t depth, bool conditional)
{
    struct wasm_frame *f = label(b, depth);
    uint8_t type;

    if (f == NULL)
        return;
    take(b, f);
    type = label_type(f);
    if (type != WASM_ANY)
        expect(b, type);
    if (!conditional)
        make_dead(b);
    else if (type != WASM_ANY)
        push(b, type);
}

static void branch_table(struct wasm_body *b)
{
    uint32_t n = wasm_u32(&b->r);
    uint8_t arity_type = WASM_ANY;

    expect(b, WASM_I32);
    if (n > WASM_BR_TABLE_MAX || n > wasm_left(&b->r))
        fail(b);
    for (uint32_t i = 0; i <= n && !b->r.bad; i++) {
        struct wasm_frame *f = label(b, wasm_u32(&b->r));
        uint8_t type;

        if (f == NULL)
            return;
        take(b, f);
        type = label_type(f);
        if (i == 0)
            arity_type = type;
        /* With one value at most, labels agree when their types do, or when nothing is known. */
        if ((type == WASM_ANY) != (arity_type == WASM_ANY))
            fail(b);
        if (type != WASM_ANY) {
            uint8_t got = pop(b);

            if (got != type && got != WASM_ANY)
                fail(b);
            if (got != WASM_ANY)
                push(b, got);
        }
    }
    make_dead(b);
}

static void select_(struct wasm_body *b, bool typed)
{
    uint8_t type = WASM_ANY, x, y;

    if (typed) {
        if (!b->m->bulk || wasm_u32(&b->r) != 1)
            fail(b);
        type = wasm_value_type(&b->r, b->m);
        expect(b, WASM_I32);
        expect(b, type);
        expect(b, type);
        push(b, type);
        shrink(b, 2);
        return;
    }
    expect(b, WASM_I32);
    x = pop(b);
    y = pop(b);
    if (x == WASM_FUNCREF || y == WASM_FUNCREF || (x != y && x != WASM_ANY && y != WASM_ANY))
        fail(b);
    push(b, x == WASM_ANY ? y : x);
    shrink(b, 2);
}

static void pops(struct wasm_body *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        expect(b, WASM_I32);
    shrink(b, n);
}

static void bulk_point(struct wasm_body *b, uint32_t at)
{
    b->has_bulk = true;
    before(b, at, POINT_BULK, b->m->params->wasm_linear_op_base_cost);
    after(b, POINT_AFTER, 0);
}

/* 0xfc: saturating conversions, bulk memory, tables. */
static void prefixed(struct wasm_body *b, uint32_t at, uint64_t one)
{
    uint32_t op = wasm_u32(&b->r), i;
    struct wasm_module *m = b->m;

    if (op <= 7) {
        before(b, at, POINT_PURE, one);
        numeric(b, (struct numeric){
                       .in = (op & 2) != 0 ? WASM_F64 : WASM_F32,
                       .arity = 1,
                       .out = op < 4 ? WASM_I32 : WASM_I64,
                   });
        return;
    }
    if (!m->bulk || op > 17) {
        fail(b);
        return;
    }
    if (op == 9 || op == 13 || op == 16) /* data.drop, elem.drop, table.size */
        before(b, at, POINT_PURE, one);
    else
        bulk_point(b, at);
    switch (op) {
    case 8: /* memory.init */
    case 9: /* data.drop */
        i = wasm_u32(&b->r);
        if (!m->has_data_count || i >= m->data_count)
            fail(b);
        if (op == 8) {
            memory_index(b);
            pops(b, 3);
        }
        break;
    case 10: /* memory.copy */
        memory_index(b);
        memory_index(b);
        pops(b, 3);
        break;
    case 11: /* memory.fill */
        memory_index(b);
        pops(b, 3);
        break;
    case 12: /* table.init */
    case 13: /* elem.drop */
        i = wasm_u32(&b->r);
        if (i >= m->n_elements)
            fail(b);
        if (op == 12) {
            table_index(b);
            pops(b, 3);
        }
        break;
    case 14: /* table.copy */
        table_index(b);
        table_index(b);
        pops(b, 3);
        break;
    case 15: /* table.grow */
        table_index(b);
        expect(b, WASM_I32);
        expect(b, WASM_FUNCREF);
        push(b, WASM_I32);
        turn(b, 2, WASM_I32);
        break;
    case 16: /* table.size */
        table_index(b);
        push(b, WASM_I32);
        grow(b, WASM_I32);
        break;
    default: /* table.fill */
        table_index(b);
        expect(b, WASM_I32);
        expect(b, WASM_FUNCREF);
        expect(b, WASM_I32);
        shrink(b, 3);
        break;
    }
}

static void open_loop(struct wasm_body *b, uint64_t one)
{
    uint8_t result = block_type(b);
    uint32_t at = b->n_points - 1; /* its own point was put just before */

    open_frame(b, 0x03, result, top(b)->dead);
    top(b)->pre = at;
    top(b)->post = at + 1;
    after(b, POINT_PURE, one);
}

static void end(struct wasm_body *b, uint32_t at)
{
    struct wasm_frame *f = top(b), closed;

    if (f->op != 0x03 && f->taken)
        observable(b, at, 0);
    else
        before(b, at, POINT_PURE, 0);
    closed = close_frame(b);
    /* An `if` without `else` passes nothing through, so it can have no result. */
    if (closed.op == 0x04 && closed.result != WASM_ANY)
        fail(b);
    if (b->n_frames > 0 && closed.result != WASM_ANY) {
        push(b, closed.result);
        grow(b, closed.result);
    }
}

static void else_(struct wasm_body *b, uint32_t at)
{
    struct wasm_frame closed;

    if (top(b)->op != 0x04) {
        fail(b);
        return;
    }
    closed = close_frame(b);
    open_frame(b, 0x05, closed.result, top(b)->dead);
    top(b)->taken = true;
    observable(b, at, 0);
}

/* local.get, local.set, local.tee */
static void local_access(struct wasm_body *b, uint8_t op)
{
    uint32_t i = wasm_u32(&b->r);
    uint8_t type;

    if (i >= b->n_locals) {
        fail(b);
        return;
    }
    type = b->locals[i];
    if (op != 0x20)
        expect(b, type);
    if (op != 0x21)
        push(b, type);
    if (op == 0x20)
        grow(b, type);
    else if (op == 0x21)
        shrink(b, 1);
}

static void global_access(struct wasm_body *b, uint8_t op)
{
    uint32_t i = wasm_u32(&b->r);

    if (i >= b->m->n_globals || (op == 0x24 && !b->m->globals[i].mutable_)) {
        fail(b);
        return;
    }
    if (op == 0x24) {
        expect(b, b->m->globals[i].type);
        shrink(b, 1);
    } else {
        push(b, b->m->globals[i].type);
        grow(b, b->m->globals[i].type);
    }
}

/* The plain ones: control is done in operator_(). */
static void simple(struct wasm_body *b, uint8_t op, uint32_t at, uint64_t one)
{
    if (op >= 0x45 && op <= 0xc4) {
        struct numeric n = numeric_of(op);

        if (n.traps)
            observable(b, at, one);
        else
            before(b, at, POINT_PURE, one);
        numeric(b, n);
        return;
    }
    if (op >= 0x28 && op <= 0x3e) {
        observable(b, at, one);
        memory_access(b, op);
        return;
    }
    switch (op) {
    case 0x25: /* table.get */
    case 0x26: /* table.set */
        observable(b, at, one);
        break;
    case 0x40: /* memory.grow */
        if (b->m->bulk)
            bulk_point(b, at);
        else
            observable(b, at, one);
        break;
    default:
        before(b, at, POINT_PURE, one);
    }
    switch (op) {
    case 0x01:
        break;
    case 0x1a:
        pop(b);
        shrink(b, 1);
        break;
    case 0x1b:
    case 0x1c:
        select_(b, op == 0x1c);
        break;
    case 0x20:
    case 0x21:
    case 0x22:
        local_access(b, op);
        break;
    case 0x23:
    case 0x24:
        global_access(b, op);
        break;
    case 0x25:
    case 0x26:
        if (!b->m->bulk)
            fail(b);
        table_index(b);
        if (op == 0x26)
            expect(b, WASM_FUNCREF);
        expect(b, WASM_I32);
        shrink(b, op == 0x26 ? 2 : 1);
        if (op == 0x25) {
            push(b, WASM_FUNCREF);
            grow(b, WASM_FUNCREF);
        }
        break;
    case 0x3f:
        memory_index(b);
        push(b, WASM_I32);
        grow(b, WASM_I32);
        break;
    case 0x40:
        memory_index(b);
        expect(b, WASM_I32);
        push(b, WASM_I32);
        break;
    case 0x41:
        wasm_s32(&b->r);
        push(b, WASM_I32);
        grow(b, WASM_I32);
        break;
    case 0x42:
        wasm_s64(&b->r);
        push(b, WASM_I64);
        grow(b, WASM_I64);
        break;
    case 0x43:
        wasm_bytes(&b->r, 4);
        push(b, WASM_F32);
        grow(b, WASM_F32);
        break;
    case 0x44:
        wasm_bytes(&b->r, 8);
        push(b, WASM_F64);
        grow(b, WASM_F64);
        break;
    default:
        fail(b);
    }
}

static void references(struct wasm_body *b, uint8_t op, uint32_t at, uint64_t one)
{
    uint32_t f;
    uint8_t t;

    before(b, at, POINT_PURE, one);
    if (!b->m->bulk)
        fail(b);
    switch (op) {
    case 0xd0: /* ref.null */
        if (wasm_u8(&b->r) != WASM_FUNCREF)
            fail(b);
        push(b, WASM_FUNCREF);
        grow(b, WASM_FUNCREF);
        break;
    case 0xd1: /* ref.is_null */
        t = pop(b);
        if (t != WASM_FUNCREF && t != WASM_ANY)
            fail(b);
        push(b, WASM_I32);
        turn(b, 1, WASM_I32);
        break;
    default: /* ref.func */
        f = function_index(b);
        if (f >= b->m->n_funcs || !b->m->referenced[f])
            fail(b);
        push(b, WASM_FUNCREF);
        grow(b, WASM_FUNCREF);
    }
}

static void return_(struct wasm_body *b, uint32_t at)
{
    ROOM(b, returns, n_returns, cap_returns);
    b->returns[b->n_returns++] = at;
    branch(b, b->n_frames - 1, false);
}

static void operator_(struct wasm_body *b)
{
    const uint64_t one = b->m->params->wasm_regular_op_cost;
    uint32_t at = (uint32_t)(b->r.p - b->start);
    uint8_t op = wasm_u8(&b->r);
    uint8_t result;

    if (b->after_due) {
        add_point(b, at, b->after_kind, b->after_gas);
        b->after_due = false;
    }
    switch (op) {
    case 0x00:
        before(b, at, POINT_BEFORE, one);
        after(b, POINT_UNREACHABLE, 0);
        make_dead(b);
        break;
    case 0x02:
        before(b, at, POINT_PURE, 0);
        b->n_blocks++;
        result = block_type(b);
        open_frame(b, op, result, top(b)->dead);
        break;
    case 0x03:
        before(b, at, POINT_PURE, 0);
        b->n_blocks++;
        open_loop(b, one);
        break;
    case 0x04:
        observable(b, at, one);
        b->n_blocks++;
        result = block_type(b);
        expect(b, WASM_I32);
        shrink(b, 1);
        open_frame(b, op, result, top(b)->dead);
        top(b)->taken = true;
        break;
    case 0x05:
        else_(b, at);
        break;
    case 0x0b:
        end(b, at);
        break;
    case 0x0c:
        observable(b, at, one);
        branch(b, wasm_u32(&b->r), false);
        break;
    case 0x0d:
        observable(b, at, one);
        expect(b, WASM_I32);
        shrink(b, 1);
        branch(b, wasm_u32(&b->r), true);
        break;
    case 0x0e:
        observable(b, at, one);
        branch_table(b);
        break;
    case 0x0f:
        observable(b, at, one);
        return_(b, at);
        break;
    case 0x10: {
        uint32_t f = function_index(b);

        observable(b, at, one);
        if (f < b->m->n_funcs)
            signature(b, b->m->funcs[f]);
        else
            fail(b);
        break;
    }
    case 0x11: {
        uint32_t type = wasm_u32(&b->r);

        observable(b, at, one);
        table_index(b);
        expect(b, WASM_I32);
        signature(b, type);
        break;
    }
    case 0xd0:
    case 0xd1:
    case 0xd2:
        references(b, op, at, one);
        break;
    case 0xfc:
        prefixed(b, at, one);
        break;
    default:
        simple(b, op, at, one);
    }
}

/* Types that decode, but belong to features the protocol does not have. */
static bool foreign_type(struct wasm_in *r, const struct wasm_module *m)
{
    uint8_t b = wasm_peek(r);

    if ((b >= 0x68 && b <= 0x75 && b != WASM_FUNCREF) || b == 0x7b ||
        (b == WASM_FUNCREF && !m->bulk)) {
        wasm_u8(r);
        return true;
    }
    return false;
}

static enum prepare_fault read_locals(struct wasm_body *b)
{
    uint32_t groups = wasm_u32(&b->r);
    uint64_t total = b->type->n_params;
    bool refused = false;

    b->frame_bytes = 64;
    b->n_locals = 0;
    for (uint32_t i = 0; i < b->type->n_params; i++) {
        ROOM(b, locals, n_locals, cap_locals);
        b->locals[b->n_locals++] = b->type->params[i];
        b->frame_bytes += size_of(b->type->params[i]);
    }
    /* The limit of the contract is looked at for all groups before their types are. */
    for (uint32_t g = 0; g < groups && !b->r.bad; g++) {
        uint32_t n = wasm_u32(&b->r);
        bool foreign = foreign_type(&b->r, b->m);
        uint8_t type = foreign ? WASM_ANY : wasm_value_type(&b->r, b->m);

        if (b->r.bad)
            break;
        if (n > b->m->locals_left)
            return PREPARE_TooManyLocals;
        b->m->locals_left -= n;
        total += n;
        refused = refused || foreign || total > WASM_LOCALS_MAX;
        for (uint32_t i = 0; i < n && !refused; i++) {
            ROOM(b, locals, n_locals, cap_locals);
            b->locals[b->n_locals++] = type;
        }
        b->frame_bytes += (uint64_t)n * size_of(type);
    }
    return b->r.bad || refused ? PREPARE_Deserialization : PREPARE_OK;
}

enum prepare_fault wasm_body_read(struct wasm_body *b, struct wasm_module *m, uint32_t func,
                                  struct wasm_in body)
{
    enum prepare_fault f;

    b->m = m;
    b->r = body;
    b->start = body.p;
    b->len = (uint32_t)wasm_left(&body);
    b->type = &m->types[m->funcs[func]];
    b->operand_bytes = b->bytes = 0;
    b->longer_calls = 0;
    b->n_blocks = b->n_points = b->n_returns = b->n_stack = b->n_sizes = b->n_frames = 0;
    b->has_bulk = b->after_due = false;
    if (b->len > m->params->max_function_body_size)
        return PREPARE_FunctionBodyTooLarge;
    f = read_locals(b);
    if (f != PREPARE_OK)
        return f;
    b->code_at = (uint32_t)(b->r.p - b->start);
    open_frame(b, 0, b->type->result, false);
    while (b->n_frames > 0 && !b->r.bad)
        operator_(b);
    return !b->r.bad && b->r.p == b->r.end ? PREPARE_OK : PREPARE_Deserialization;
}

void wasm_body_release(struct wasm_body *b)
{
    mem_free(b->points);
    mem_free(b->returns);
    mem_free(b->locals);
    mem_free(b->stack);
    mem_free(b->sizes);
    mem_free(b->frames);
    *b = (struct wasm_body){0};
}
