/*
 * flame.h — folded stacks as a flame graph: one SVG file that needs nothing else.
 *
 * A box for each function on the way to another, as wide as its share of the instructions, its
 * callers below it. Pointing at a box tells its name, count and share; a click widens it.
 */
#ifndef CLI_FLAME_H
#define CLI_FLAME_H

#include "base/buf.h"
#include "base/err.h"

/* `folded`: lines of "outer;inner 12000". ERR_FORMAT: they are none. */
MUST_USE enum err flame_put(struct str folded, const char *title, struct buf *svg, struct buf *why);

/* The functions in which most instructions were spent, `n` at most, as lines for people. */
void flame_top(struct str folded, size_t n, struct buf *out);

#endif
