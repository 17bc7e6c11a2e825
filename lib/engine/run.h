/*
 * run.h — one run of a loaded module: a fresh store, limits, captured output.
 *
 * Nothing of a run is left for the next one: memory, tables, globals and WASI state are new each
 * time. The time limit needs no second thread: code comes back to us every RUN_FUEL_SLICE units of
 * fuel, where the clock is looked at, and no host function waits longer than the run may last
 * (wasi.h). So the instructions used are the engine's own count on every
 * outcome. One exception in precision: on a fault that the processor finds (memory out of bounds,
 * division by zero) the count may lack what ran since the last call, at most one slice.
 *
 * Memory: `out` owns its buffers.  Thread: one run at a time per module.
 */
#ifndef ENGINE_RUN_H
#define ENGINE_RUN_H

#include "engine/module.h"
#include "engine/outcome.h"

/* Units of fuel between two looks at the clock: about 0.01 ms. */
#define RUN_FUEL_SLICE 100000u

/*
 * Run `m` once.
 *
 *   job   checked by run_job_check()
 *   out   from run_result_init() with the job's limits; how it went, always filled
 */
void run_module(struct engine *e, struct module *m, const struct run_job *job,
                struct run_result *out);

#endif
