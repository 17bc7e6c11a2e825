/*
 * serve.h — the exec child's side of guest/exec_msg.h: answer messages until the supervisor goes.
 */
#ifndef EXEC_SERVE_H
#define EXEC_SERVE_H

#include "base/err.h"

/* Compile one module and return. */
MUST_USE enum err serve_compile(int sock, bool profiled, struct buf *why);
/* Load one module, then run it as often as asked. ERR_CLOSED: the supervisor has gone. */
MUST_USE enum err serve_run(int sock, bool profiled, struct buf *why);

#endif
