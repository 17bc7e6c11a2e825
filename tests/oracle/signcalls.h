/*
 * signcalls.h — bytes for the host functions that verify signatures: good ones, ones spoiled in a
 * bit, the corners where verifiers disagree (small order, numbers that are not reduced, compact
 * keys), wrong lengths.
 */
#ifndef TESTS_ORACLE_SIGNCALLS_H
#define TESTS_ORACLE_SIGNCALLS_H

#include "base/buf.h"

/* A signature of ML-DSA-65: key, message and signature in hex, as the oracle prints it. */
void signcalls_add(struct str line);
void signcalls_seed(uint64_t seed);
/* As curvecall_draw(): the bytes go to CURVECALL_AT. */
bool signcall_draw(const char *name, struct buf *bytes, uint64_t *args);

#endif
