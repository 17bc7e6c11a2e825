/*
 * exec_control.h — the worker's side of running a guest: the program's file, the run, the answer.
 *
 * Compiled code is kept on disk by lib/guest; this adds where the file comes from (store, then
 * fetch child) and turns how it went into an answer. Thread: any, once it is set up; a fetcher
 * belongs to one thread.
 */
#ifndef WORKER_EXEC_CONTROL_H
#define WORKER_EXEC_CONTROL_H

#include "base/file.h"
#include "guest/guest.h"
#include "near/request.h"
#include "worker/answer.h"
#include "worker/build_control.h"
#include "worker/env.h"
#include "worker/fetch_control.h"
#include "worker/places.h"
#include "builder/store.h"

struct runner {
    struct places *places;
    struct store store;
    struct builds builds;
    char code_dir[FILE_PATH_MAX]; /* compiled code */
    struct mac_key key;           /* its own */
    /* Set before runner_init(). */
    struct net_policy policy;  /* of guests' requests */
    bool fresh_process;        /* a process of its own for every run */
    uint64_t code_bytes_max;   /* compiled code kept on disk; 0: the cache's own maximum */
    uint64_t crates_bytes_max; /* of compiled crates kept on disk */
};

/* `home` is the worker's folder; wasm/, code/ and cache.key are made in it. */
MUST_USE enum err runner_init(struct runner *r, const char *home, uint64_t wasm_bytes_max,
                              const char *toolchain, bool allow_http_loopback, struct buf *why);
void runner_release(struct runner *r);

struct program {
    int fd; /* -1: compiled code is at hand, no file needed */
    uint64_t size, fetch_ms;
    bool cached;
};
/*
 * Get the file of `source` (a WasmUrl); with `file` also when compiled code is at hand.
 *
 * ERR_OK     `out->fd` is the caller's to close
 * ERR_GUEST  it cannot be had, and that is the request's fault: `answer` has been made a failure
 * others     a fault of ours
 */
MUST_USE enum err runner_fetch(struct runner *r, struct fetcher *f,
                               const struct code_source *source, bool file, struct program *out,
                               struct answer *answer, struct buf *why);

#define RAN_STDERR_MAX 1024u

/* What is told while the answer is on its way; all of it stands in answer.run. */
struct ran {
    enum outcome outcome;
    uint64_t memory_bytes, compile_us;
    bool warm;
    uint32_t requests;
    char err[RAN_STDERR_MAX]; /* the end of stderr, any bytes */
    size_t err_len;
};
/*
 * Run it with the platform's interfaces in `servers` ([HOST_FACES]); `answer` gets what became of
 * it. An error is a fault of ours.
 *
 *   tenant  who may meet in one process: runs of the same program with the same tenant
 */
MUST_USE enum err runner_run(struct runner *r, const struct request *request, struct str tenant,
                             const struct program *program, const struct env *env,
                             const struct host_server *servers, struct answer *answer,
                             struct ran *out, struct buf *why);

#endif
