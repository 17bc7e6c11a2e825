/*
 * acts.h — what an exec child must not be able to do, each tried behind the real walls.
 *
 * An act is native code: what a guest could do that broke out of the engine. It runs in a process
 * of its own that entered the sandbox as a child does, so it is the kernel of this machine that
 * answers, not our idea of it.
 */
#ifndef EXEC_ACTS_H
#define EXEC_ACTS_H

#include "base/err.h"
#include "exec/sandbox.h"

enum act_end {
    ACT_DONE,    /* it got what it wanted */
    ACT_REFUSED, /* it was told no */
    ACT_ENDED,   /* the process was ended for asking */
    ACT_NO_WALLS /* the walls could not be put up, or it ended for another reason */
};

struct act {
    const char *name;     /* "fork" */
    bool (*probe)(void);  /* true: it got what it wanted */
    enum act_end want[2]; /* by enum sandbox_kind; ACT_DONE: work needs it */
};

/* All of them. */
const struct act *act_list(size_t *n);
enum act_end act_try(const struct act *a, enum sandbox_kind kind);

#endif
