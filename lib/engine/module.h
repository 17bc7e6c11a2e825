/*
 * module.h — a guest's program, a module or a component: recognised, compiled, loaded.
 *
 * Compiling and running are apart. module_compile() turns foreign bytes into machine code and is
 * called where nothing else is at stake; module_load() maps such code and checks that it is a
 * command of WASI preview 1 or 0.2, so that a wrong file gets an answer that says what it is.
 *
 * Machine code is trusted: load only what module_compile() of this build made and what has been
 * kept or authenticated since (cache.h).
 *
 * Thread: one at a time per module.
 */
#ifndef ENGINE_MODULE_H
#define ENGINE_MODULE_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"

#define MODULE_WASM_MAX (10u << 20)  /* bytes of a guest's file, as downloaded */
#define MODULE_CODE_MAX (256u << 20) /* bytes of machine code */

struct module;

enum module_form { MODULE_CORE, MODULE_COMPONENT, MODULE_OTHER };

/* By the first eight bytes; on MODULE_OTHER `what` (may be NULL) says what they look like. */
enum module_form module_form(struct str wasm, const char **what);

/*
 * Compile a module or a component.
 *
 *   code   machine code is appended; its max bounds it
 *
 * ERR_OK       compiled
 * ERR_FORMAT   not a program that runs here; `why` is the sentence for the user
 * ERR_TOO_BIG  more bytes of file or code than the maximum
 */
MUST_USE enum err module_compile(struct engine *e, struct str wasm, struct buf *code,
                                 struct buf *why);

/*
 * Load compiled code and resolve its imports.
 *
 * ERR_OK      ready to run
 * ERR_ABSENT  made by another build of the engine or for another processor: compile again
 * ERR_FORMAT  no command of either WASI; `why` is the sentence for the user
 */
MUST_USE enum err module_load(struct engine *e, struct str code, struct module **out,
                              struct buf *why);
void module_free(struct module *m); /* NULL is fine */

#endif
