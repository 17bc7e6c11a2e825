/*
 * guest.h — running guests from a process that must not: the worker and the command line.
 *
 * A `struct guest` is one place where a guest can run: a sandboxed child (outlayer-exec) that is
 * started when needed and kept for the next run of the same program, fresh store each time. Code
 * is compiled by another short-lived child and kept in the cache (engine/cache.h).
 *
 *     guest_start(&options, &g, &why);
 *     guest_run(g, wasm_fd, &sha256, &job, &result, &note, &why);
 *     guest_stop(g);
 *
 * What the guest does wrong is in the result, what we do wrong is an ERR_*, worth a retry
 * elsewhere. A child is never given to another program or another tenant, and it is retired after
 * GUEST_RUNS_MAX runs, after any end that is not the guest's own doing, and by guest_idle().
 *
 * Thread: one at a time per guest; make one for each run that shall go on in parallel. Children die
 * with the thread that started them, so use threads that last.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <sys/types.h>

#include "crypto/hash.h"
#include "crypto/mac.h"
#include "engine/outcome.h"

#define GUEST_RUNS_MAX 10000u
#define GUEST_GRACE_MS 3000u /* the child ends a run itself; after this it is ended */

struct guest;

struct guest_options {
    const char *exec_path;     /* NULL: outlayer-exec where our executables are */
    const char *fetch_path;    /* NULL: outlayer-fetch, for requests of guests, in the same place */
    const char *cache_dir;     /* NULL: compiled code is not kept on disk */
    const struct mac_key *key; /* authenticates the cache; needed with cache_dir */
    uint64_t cache_bytes_max;  /* 0: the cache's own maximum */
    bool fresh_process;        /* a child of its own for every run */
    bool profile;              /* of every run: result.profile. Its code is compiled apart */
};

/* Options and paths are copied. Starts a child, so it fails early when the sandbox cannot stand. */
MUST_USE enum err guest_start(const struct guest_options *o, struct guest **out, struct buf *why);
void guest_stop(struct guest *g); /* NULL is fine */

/* How the run came about, for reports and benches. */
struct guest_note {
    bool warm;           /* the child had the program loaded */
    bool cached;         /* compiled code came from the cache */
    uint64_t compile_us; /* 0 unless compiled now; waiting for a turn included (compile.h) */
    uint64_t load_us;    /* starting a child and loading the code */
};

/* Is compiled code at hand, so that guest_run() needs no file? What lies in the cache is checked
 * only when it is used: be ready for ERR_ABSENT. */
bool guest_has(const struct guest *g, const struct hash256 *wasm);

/*
 * Run a program once.
 *
 *   wasm_fd  its file, read from the start; -1 when guest_has() said yes
 *   wasm     SHA-256 of the file
 *   job      what to run it with
 *   out      initialised here, written only on ERR_OK; release it with run_result_release()
 *   note     may be NULL
 *
 * ERR_OK        it ran, or is no program that runs here: see out->outcome
 * ERR_ABSENT    no compiled code and no file
 * ERR_CONFLICT  the file has another SHA-256
 * ERR_RANGE, ERR_FORMAT, ERR_TOO_BIG  the job or the file is over a limit
 * others        a fault of ours
 */
MUST_USE enum err guest_run(struct guest *g, int wasm_fd, const struct hash256 *wasm,
                            const struct run_job *job, struct run_result *out,
                            struct guest_note *note, struct buf *why);

/*
 * Have compiled code in the cache without running anything; the options must name a cache.
 * Arguments and errors as for guest_run(); ERR_FORMAT: no program that runs here, `why` says why. A
 * child that is kept for another program ends.
 */
MUST_USE enum err guest_compile(struct guest *g, int wasm_fd, const struct hash256 *wasm,
                                struct guest_note *note, struct buf *why);

/* From the next run on: a child of its own for every run, or not. */
void guest_isolate(struct guest *g, bool fresh_process);

/* While there is time: start the child that the next run will need, and clear away the last one.
 * Never needed, only faster. */
void guest_ready(struct guest *g);

/* End kept children; the next run starts one. */
void guest_idle(struct guest *g);

/* The child that has a program loaded or waits for one, 0: none. For measurements. */
pid_t guest_pid(const struct guest *g);

/* Walls around the child as it reported them (enum exec_wall). */
uint32_t guest_walls(const struct guest *g);

#endif
