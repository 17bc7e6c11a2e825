/*
 * program.h — the program of a request: a file that is fetched, or a repository that is compiled.
 *
 * The coordinator is told how it came about, and a compilation is attested by itself.
 * Thread: that of `w`.
 */
#ifndef WORKER_PROGRAM_H
#define WORKER_PROGRAM_H

#include "worker/exec_control.h"

struct worker;

/*
 * `r` learns the hash of the program that it means; `answer` how it was made.
 *
 * ERR_OK     `out->fd` is the caller's to close
 * ERR_GUEST  it cannot be had, and that is the request's fault: `answer` has been made a failure
 * others     a fault of ours
 */
MUST_USE enum err program_get(struct worker *w, const struct lease *l, struct request *r,
                              struct arena *a, struct program *out, struct answer *answer,
                              struct buf *why);

#endif
