/* wat.h — WebAssembly text to the binary format, as the engine's assembler reads it. For tests. */
#ifndef ENGINE_WAT_H
#define ENGINE_WAT_H

#include "base/err.h"

MUST_USE enum err wat_assemble(struct str text, struct buf *out, struct buf *why);

#endif
