/* engine_internal.h — what the files of this folder share; nobody else includes it. */
#ifndef ENGINE_ENGINE_INTERNAL_H
#define ENGINE_ENGINE_INTERNAL_H

#include <wasm.h>
#include <wasmtime.h>

#include "engine/engine.h"
#include "engine/module.h"

/* A guest's stack for its calls, beside the shadow stack its compiler keeps in linear memory. */
#define ENGINE_STACK_MAX       (1u << 20)
#define ENGINE_FIBER_STACK     (2u << 20) /* the rest is for host functions */
#define ENGINE_TABLES_MAX      16u
#define ENGINE_TABLE_ITEMS_MAX 1000000u

struct engine {
    wasm_engine_t *wasm;
    bool metered;
};

struct module {
    wasmtime_module_t *wasm;
    wasmtime_linker_t *linker;
    wasmtime_instance_pre_t *pre; /* imports resolved once, not on every run */
    uint64_t memory_min;          /* bytes the module wants at its start */
};

/* Take an engine error: its first line goes to `why`; the error is freed. */
enum err engine_err(wasmtime_error_t *error, enum err e, const char *what, struct buf *why);
/* Append the message of an error without its backtrace, on one line. */
void engine_message(struct buf *out, struct str message);

#endif
