/*
 * compile.h — a module becomes machine code, in an exec child of its own.
 *
 * The compiler uses every core and up to some gigabytes, so no more modules are compiled at once
 * in a process than it has cores; others wait, first come first served. Runs of what is compiled
 * wait for nobody.
 *
 * Thread: any.
 */
#ifndef GUEST_COMPILE_H
#define GUEST_COMPILE_H

#include "guest/exec_child.h"

#define COMPILE_MS_MAX 60000u /* a module that takes longer is refused */

/* Wait until this thread may compile. Each turn is given back. */
void compile_turn_take(void);
void compile_turn_give(void);

/*
 * Within a turn: compile `wasm`, a sealed file.
 *
 * ERR_OK      *code is sealed machine code, the caller's to close
 * ERR_FORMAT  a bad module; `why` is for the user
 * others      a fault of ours
 */
MUST_USE enum err compile_module(const struct exec_program *p, int wasm, int *code,
                                 struct buf *why);

#endif
