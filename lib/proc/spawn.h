/*
 * spawn.h — starting a child that gets exactly what it is handed.
 *
 * The child keeps descriptors 0-2 as told, its end of the socket pair at 3, one more at 4 when
 * told, and nothing else: all other descriptors are closed. Its environment is what the caller
 * lists, nothing is inherited. It dies with its parent (PR_SET_PDEATHSIG) unless told otherwise,
 * and leads its own session.
 */
#ifndef PROC_SPAWN_H
#define PROC_SPAWN_H

#include <sys/types.h>

#include "base/err.h"

#define SPAWN_SOCKET_FD 3
#define SPAWN_MORE_FD   4

struct spawn {
    const char *path;        /* executable */
    const char *const *argv; /* NULL-terminated, argv[0] included */
    const char *const *envp; /* NULL-terminated; NULL: empty environment */
    int in, out, err;        /* descriptors for 0, 1, 2; -1: /dev/null */
    bool socket;             /* make a socket pair; the child's end is descriptor 3 */
    bool outlive;            /* not killed when the parent dies */
    bool more;               /* hand over `more_fd` as descriptor 4 */
    int more_fd;
};

struct child {
    pid_t pid; /* 0: none */
    int sock;  /* our end, or -1; close-on-exec */
    int pidfd; /* readable when the child has ended */
};
#define CHILD_NONE ((struct child){.sock = -1, .pidfd = -1})

MUST_USE enum err spawn_start(const struct spawn *s, struct child *out, struct buf *why);
/* Wait until it has ended, at most `ms`; true: it has, *status as waitpid gives it (may be NULL).
 */
bool child_wait(struct child *c, uint64_t ms, int *status);
/* SIGTERM, wait `grace_ms`, then SIGKILL; closes everything. Fine on CHILD_NONE. */
void child_stop(struct child *c, uint64_t grace_ms);
void child_kill(struct child *c); /* SIGKILL at once, reaped */

#endif
