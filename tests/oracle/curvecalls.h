/*
 * curvecalls.h — bytes for the host functions that compute on curves: mostly points that are good,
 * then infinity, points beside the curve or beside the group, coordinates that are too large, wrong
 * signs, flags and lengths, and pairs whose pairings cancel.
 */
#ifndef TESTS_ORACLE_CURVECALLS_H
#define TESTS_ORACLE_CURVECALLS_H

#include "base/buf.h"

#define CURVECALL_AT 4096 /* where the bytes lie in memory */

void curvecalls_seed(uint64_t seed);
/* False when `name` is none of these functions; otherwise its bytes and its arguments. */
bool curvecall_draw(const char *name, struct buf *bytes, uint64_t *args);

#endif
