/*
 * Merging charge points. What cannot be observed may be paid together, at the start of its run;
 * what can be observed is a branch, a call, a trap, or the end of a block somebody branches to.
 */
#include "vm/wasm_body.h"

/* Two points at one offset. */
static enum point_kind same_place(enum point_kind a, enum point_kind b)
{
    if (a == POINT_UNREACHABLE || b == POINT_UNREACHABLE)
        return POINT_UNREACHABLE;
    if (b == POINT_BULK)
        return POINT_BULK;
    if (a == POINT_PURE)
        return b;
    if (b == POINT_PURE || a == b)
        return a;
    return POINT_BETWEEN;
}

/* Two points with an operator between them: may the second be charged at the first? */
static bool across(enum point_kind a, enum point_kind b, enum point_kind *out)
{
    if ((a == POINT_PURE && b == POINT_PURE) || (a == POINT_UNREACHABLE && b == POINT_UNREACHABLE))
        *out = a;
    else if (a == POINT_AFTER && b == POINT_BEFORE)
        *out = POINT_BETWEEN;
    else if (a == POINT_PURE && b == POINT_BEFORE)
        *out = POINT_BEFORE;
    else if (a == POINT_AFTER && b == POINT_PURE)
        *out = POINT_AFTER;
    else
        return false;
    return true;
}

void wasm_body_merge(struct wasm_body *b)
{
    for (int pass = 0; pass < 2; pass++) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < b->n_points; i++) {
            struct point p = b->points[i], *last = n > 0 ? &b->points[n - 1] : NULL;
            enum point_kind kind = POINT_PURE;
            bool merge = false;

            if (last != NULL && pass == 0 && last->at == p.at) {
                kind = same_place(last->kind, p.kind);
                merge = true;
            } else if (last != NULL && pass == 1) {
                merge = across(last->kind, p.kind, &kind);
            }
            if (merge) {
                last->kind = kind;
                last->gas += p.gas;
            } else {
                b->points[n++] = p;
            }
        }
        b->n_points = n;
    }
}
