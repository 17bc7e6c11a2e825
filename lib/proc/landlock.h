/*
 * landlock.h — a process closes to itself, for good, all that this kernel's Landlock can close.
 *
 * Source: the kernel's userspace-api/landlock. What later versions added (moving and cutting files,
 * TCP, device commands, signals and abstract sockets) is asked for where the kernel knows it.
 * Thread: the only one.
 */
#ifndef PROC_LANDLOCK_H
#define PROC_LANDLOCK_H

#include "base/err.h"

struct landlock_rules {
    const char *const *readable; /* folders that stay so, with all below; absent ones are fine */
    size_t nreadable;
    bool network; /* TCP stays open */
};

/* `*on`: it stands. False with ERR_OK: this kernel has none, and nothing is closed. */
MUST_USE enum err landlock_enter(const struct landlock_rules *r, bool *on, struct buf *why);
bool landlock_there(void);

#endif
