/*
 * wasm_body.h — one function body: type-checked, and measured for metering.
 *
 * The checks are the validation algorithm of the WebAssembly core specification (appendix
 * "Validation Algorithm"). On the way the body gets its price list: a charge point is an offset
 * before which so much gas is due. Operators that cannot be observed are collected up to the next
 * one that can (branch, call, trap, memory access), so a point stands where a run begins. What the
 * chain charges, and when, is decided by these points alone: see wasm_points.c.
 *
 * Memory: a `struct wasm_body` is reused from body to body and released once.
 */
#ifndef VM_WASM_BODY_H
#define VM_WASM_BODY_H

#include "vm/wasm_module.h"

enum point_kind {
    POINT_PURE,        /* before an operator nobody can observe */
    POINT_UNREACHABLE, /* never executed, never charged */
    POINT_BEFORE,      /* before something observable: nothing later may be charged here */
    POINT_AFTER,       /* after something observable: nothing earlier may be charged here */
    POINT_BETWEEN,     /* both */
    POINT_BULK,        /* like POINT_BEFORE, and the price depends on the operand */
};

struct point {
    uint32_t at; /* byte offset from the start of the body */
    enum point_kind kind;
    uint64_t gas;
};

struct wasm_frame {
    uint8_t op; /* block, loop, if, else; 0: the function itself */
    uint8_t result;
    bool unreachable;     /* for the type check: the rest of this frame */
    bool dead;            /* for the prices: this frame or one around it */
    bool taken;           /* something branches to its end */
    uint32_t height;      /* of the type stack when it was opened */
    uint32_t size_height; /* of the size stack */
    uint32_t pre, post;   /* loop: its points */
};

struct wasm_body {
    /* The answer. */
    uint64_t frame_bytes;   /* 64 + parameters and locals */
    uint64_t operand_bytes; /* the most that lies on the operand stack */
    uint32_t n_blocks;      /* block, loop and if */
    uint32_t code_at;       /* where the operators begin */
    uint32_t len;
    bool has_bulk;
    uint32_t longer_calls; /* bytes, were every function's index greater by 3 (instrument.c) */
    struct point *points;
    uint32_t n_points, cap_points;
    uint32_t *returns; /* offsets of `return` operators */
    uint32_t n_returns, cap_returns;

    /* At work. */
    struct wasm_module *m;
    struct wasm_in r;
    const uint8_t *start;
    const struct wasm_type *type;
    uint8_t *locals;
    uint32_t n_locals, cap_locals;
    uint8_t *stack; /* types of the operands, for the check */
    uint32_t n_stack, cap_stack;
    uint8_t *sizes; /* their sizes, for the account: see the comment in wasm_body.c */
    uint32_t n_sizes, cap_sizes;
    uint64_t bytes; /* the sum of sizes */
    struct wasm_frame *frames;
    uint32_t n_frames, cap_frames;
    bool after_due; /* an "after" point waits for the next operator */
    enum point_kind after_kind;
    uint64_t after_gas;
};

/* Check and measure function `func`. The points are those before merging. */
MUST_USE enum prepare_fault wasm_body_read(struct wasm_body *b, struct wasm_module *m,
                                           uint32_t func, struct wasm_in body);
/* Merge the points as far as nobody can tell the difference. */
void wasm_body_merge(struct wasm_body *b);
void wasm_body_release(struct wasm_body *b);

#endif
