/*
 * settings.h — what a program can notice of the engine that runs it: one list, from which the
 * engine is made (engine.c) and which says what it is (settings.c).
 *
 * Without the engine's headers, so the worker can put the hash of it into its manifest although
 * only its child links the engine.
 */
#ifndef ENGINE_SETTINGS_H
#define ENGINE_SETTINGS_H

#include "base/buf.h"

/* Raise the number when a setting that changes compiled code changes. */
#define ENGINE_SETTINGS_ID "g3"

#define ENGINE_STACK_MAX       (1u << 20) /* bytes */
#define ENGINE_TABLES_MAX      16u
#define ENGINE_TABLE_ITEMS_MAX 1000000u

/* SET(name, on): wasmtime_config_<name>_set(). One memory, so that the limit on one is the limit.
 */
#define ENGINE_FEATURES(SET)                                                                       \
    SET(cranelift_nan_canonicalization, true)                                                      \
    SET(wasm_simd, true)                                                                           \
    SET(wasm_bulk_memory, true)                                                                    \
    SET(wasm_multi_value, true)                                                                    \
    SET(wasm_reference_types, true)                                                                \
    SET(wasm_tail_call, true)                                                                      \
    SET(wasm_relaxed_simd, false)                                                                  \
    SET(shared_memory, false)                                                                      \
    SET(wasm_multi_memory, false)                                                                  \
    SET(wasm_memory64, false)                                                                      \
    SET(wasm_gc, false)                                                                            \
    SET(wasm_function_references, false)                                                           \
    SET(wasm_exceptions, false)                                                                    \
    SET(wasm_stack_switching, false)                                                               \
    SET(wasm_component_model, true)                                                                \
    SET(wasm_component_model_async, false)                                                         \
    SET(concurrency_support, false)

/* Name of the engine's build and of these settings: what compiled code is kept under, and what an
 * exec child and its supervisor must agree on. */
const char *engine_id(bool profiled);

#define ENGINE_ABOUT_MAX 2048u

/* Append one line: the engine's version and build, its features, the limits of a run. */
void engine_about(struct buf *out);

#endif
