/*
 * wasip1.h — the host functions of wasm32-wasip1 (wasi_snapshot_preview1) that a guest may call.
 *
 * A guest has stdin, stdout, stderr, its environment, clocks and random numbers; no arguments, no
 * files, no sockets. All other functions exist and answer as on a machine without any file: bad
 * descriptor. Written here rather than taken from the engine because every wait must end with the
 * run's time, a flood must end the run, and the sandbox can stay without threads and files.
 *
 * The state of a run is the data of its store, a `struct wasip1`. Host functions cost no fuel.
 *
 * Source: WASI preview 1, wasi_snapshot_preview1.witx.
 */
#ifndef ENGINE_WASIP1_H
#define ENGINE_WASIP1_H

#include <wasmtime.h>

#include "engine/wasi.h"

#define WASIP1_MODULE "wasi_snapshot_preview1"

enum wasip1_stream { WASIP1_CLOSED, WASIP1_IN, WASIP1_OUT, WASIP1_ERR };

struct wasip1 {
    struct wasi wasi; /* first: what both kinds share */
    enum wasip1_stream fds[3];
    wasmtime_memory_t memory;
    bool has_memory; /* `memory` was looked up */
};

void wasip1_init(struct wasip1 *w, const struct run_job *job, struct run_result *result);

/* Define all functions in a linker. */
MUST_USE enum err wasip1_define(wasmtime_linker_t *linker, struct buf *why);
bool wasip1_has(struct str name);

#endif
