/* engine_internal.h — what the files of this folder share; nobody else includes it. */
#ifndef ENGINE_ENGINE_INTERNAL_H
#define ENGINE_ENGINE_INTERNAL_H

#include <wasm.h>
#include <wasmtime.h>

#include "engine/engine.h"
#include "engine/linear.h"
#include "engine/module.h"
#include "engine/profile.h"
#include "engine/settings.h"

struct wasip2;

/* A guest's stack for its calls, beside the shadow stack its compiler keeps in linear memory. */
#define ENGINE_FIBER_STACK   (2u << 20) /* the rest is for host functions */
#define ENGINE_INSTANCES_MAX 64u        /* of modules in a component */

struct engine {
    enum engine_kind kind;
    wasm_engine_t *wasm;
    /* For components, made when the first one is loaded: their memories are counted by us. */
    wasm_engine_t *components;
    struct linear linear;
    bool metered;
    bool profiled;
};

struct module {
    enum module_form form;
    struct profile *profile; /* NULL: none is made */
    /* MODULE_CORE */
    wasmtime_module_t *wasm;
    wasmtime_linker_t *linker;
    wasmtime_instance_pre_t *pre; /* imports resolved once, not on every run */
    uint64_t memory_min;          /* bytes the module wants at its start */
    /* MODULE_COMPONENT */
    wasmtime_component_t *component;
    wasmtime_component_linker_t *component_linker;
    wasmtime_component_export_index_t *run; /* wasi:cli/run's function */
    struct wasip2 *host;
    uint32_t faces; /* of the platform's own interfaces, those it imports, by bit */
};

/* The engine that components are compiled and run with. */
wasm_engine_t *engine_components(struct engine *e);

/* component.c: what module.c does, for components. */
enum err component_compile(struct engine *e, struct str wasm, struct buf *code, struct buf *why);
enum err component_load(struct engine *e, struct str code, struct module *m, struct buf *why);
void component_free(struct module *m);

/* Take an engine error: its first line goes to `why`; the error is freed. */
enum err engine_err(wasmtime_error_t *error, enum err e, const char *what, struct buf *why);
/* Append the message of an error without its backtrace, on one line. */
void engine_message(struct buf *out, struct str message);

#endif
