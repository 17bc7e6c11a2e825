/*
 * code.h — compiled code as it is kept and handed on: machine code, the manifest that the program
 * carries, and which of the engine's two forms the code has.
 *
 *     machine code | manifest | u32 its length | u8 how it was found | 8 bytes: the form
 *
 * The manifest travels with the code because who enforces it has the code from a cache and may have
 * no file any more. All of it is authenticated as one (cache.h).
 */
#ifndef ENGINE_CODE_H
#define ENGINE_CODE_H

#include "base/buf.h"
#include "engine/module.h"
#include "engine/section.h"

#define CODE_MANIFEST     "outlayer.manifest" /* the custom section */
#define CODE_MANIFEST_MAX 65536u

struct code_parts {
    enum module_form form; /* core or component */
    struct str machine;
    /* JSON text, not looked at yet. Longer than CODE_MANIFEST_MAX: cut off behind that. */
    enum section_find how;
    struct str manifest;
};

/* Behind machine code, what `wasm` has to say besides. */
void code_close(struct buf *code, enum module_form form, struct str wasm);
/* Borrows from `code`; false: it is none of ours. */
MUST_USE bool code_split(struct str code, struct code_parts *out);

#endif
