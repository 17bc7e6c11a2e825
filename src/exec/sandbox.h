/*
 * sandbox.h — what keeps an exec child in.
 *
 * sandbox_enter() is called once, before the first byte of a stranger is read. After it the process
 * can compute, talk over descriptor 3, take memory up to a limit, and nothing else: no files, no
 * sockets, no other processes, no new privileges. sandbox_loaded() narrows it once more when the
 * guest's code is mapped: from then on no memory becomes executable.
 *
 * One file per mechanism: sandbox_linux.c, and sandbox_null.c for builds with sanitizers or
 * coverage, whose runtime needs calls that the filter forbids.
 */
#ifndef EXEC_SANDBOX_H
#define EXEC_SANDBOX_H

#include "base/err.h"

enum sandbox_kind {
    SANDBOX_COMPILE, /* threads, more memory, a limit on CPU time */
    SANDBOX_RUN,
};

/* *walls: which stand (enum exec_wall). ERR_DENIED or ERR_IO: one that must stand does not. */
MUST_USE enum err sandbox_enter(enum sandbox_kind kind, uint32_t *walls, struct buf *why);
MUST_USE enum err sandbox_loaded(struct buf *why);

#endif
