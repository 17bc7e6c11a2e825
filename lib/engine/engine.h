/*
 * engine.h — the configuration that all guests of a process share.
 *
 * Two kinds of process hold an engine: one compiles modules and never runs them, one runs compiled
 * modules and never compiles. Both use the same code settings, so what one writes the other loads;
 * engine_id() (settings.h) names wasmtime's build and these settings.
 *
 * Metering is on: one unit of fuel per executed operator (wasmtime's rule: nop, drop and the
 * structure operators block, loop, else, end, return, unreachable cost nothing). Everything that
 * would make two machines disagree is off or made deterministic: threads, relaxed SIMD, NaN bits.
 *
 * Only this folder includes the engine's headers. Thread: any; an engine may be shared.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/err.h"

struct engine;

enum engine_kind {
    ENGINE_COMPILE, /* uses all cores */
    ENGINE_RUN,     /* keeps one slot of memory, table and stack ready, for one guest at a time */
    /* Compiles and runs without counting, so no limit of instructions and none of time: only to
     * measure what counting costs. */
    ENGINE_BARE,
    /* The same as the first two with code that can be interrupted for a profile (profile.h). */
    ENGINE_COMPILE_PROFILE,
    ENGINE_RUN_PROFILE,
};

struct engine *engine_new(enum engine_kind kind);
void engine_free(struct engine *e);

#endif
