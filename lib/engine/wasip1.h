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

#include "engine/outcome.h"

#define WASIP1_MODULE "wasi_snapshot_preview1"

enum wasip1_stop { WASIP1_GOES_ON, WASIP1_EXITED, WASIP1_TIME, WASIP1_OUTPUT };
enum wasip1_stream { WASIP1_CLOSED, WASIP1_IN, WASIP1_OUT, WASIP1_ERR };

struct wasip1 {
    const struct run_job *job;
    struct run_result *result; /* out and err are written to */
    size_t input_at;           /* bytes of the input already read */
    enum wasip1_stream fds[3];
    uint64_t start_ns; /* monotonic; the guest's clock begins here */
    uint64_t deadline_ns;
    enum wasip1_stop stop; /* why a host function ended the run */
    int32_t exit_code;     /* WASIP1_EXITED */
    wasmtime_memory_t memory;
    bool has_memory; /* `memory` was looked up */
};

void wasip1_init(struct wasip1 *w, const struct run_job *job, struct run_result *result);
uint64_t wasip1_now_ns(void);

/* Define all functions in a linker. */
MUST_USE enum err wasip1_define(wasmtime_linker_t *linker, struct buf *why);
bool wasip1_has(struct str name);

#endif
