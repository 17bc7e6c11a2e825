/*
 * exec_child.h — an exec child as its supervisor starts it, greets it, and learns how it ended.
 *
 * Messages: exec_msg.h. Thread: that of the child's owner.
 */
#ifndef GUEST_EXEC_CHILD_H
#define GUEST_EXEC_CHILD_H

#include "base/err.h"
#include "proc/frame.h"
#include "proc/spawn.h"

#define EXEC_START_MS_MAX 10000u /* a child that takes longer to start or to load is broken */

/* What is started: borrowed. */
struct exec_program {
    const char *path;
    bool profile; /* its code can be profiled, and is compiled apart */
};

/* `work`: "compile" or "run". Returns before the child is ready for it. */
MUST_USE enum err exec_child_start(const struct exec_program *p, const char *work,
                                   struct child *out, struct buf *why);

/*
 * Hear that a child stands behind its walls and that its engine is ours; one of which that is not
 * so is ended. `f` is room for its message.
 *
 * ERR_UPSTREAM  it is of another build
 * ERR_DENIED    the walls that there must be do not stand on this machine
 */
MUST_USE enum err exec_child_greet(const struct exec_program *p, struct child *c, struct frame *f,
                                   uint32_t *walls, struct buf *why);

/* One message of the wanted type. Anything else means that the child cannot be trusted any more. */
MUST_USE enum err exec_child_expect(const struct child *c, struct frame *f, uint16_t type,
                                    size_t max, uint64_t deadline, struct buf *why);

/* How a child that is gone has ended, in words; gives the signal that ended it, or 0. */
int exec_child_end(struct child *c, struct buf *text);

#endif
