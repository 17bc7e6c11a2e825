/*
 * self.h — where this program lies, and what lies beside it.
 */
#ifndef PROC_SELF_H
#define PROC_SELF_H

#include "base/arena.h"
#include "base/err.h"

/* The folder that this executable lies in, links resolved; `out` has room for 4,096 bytes. */
MUST_USE enum err self_folder(char out[4096], struct buf *why);
/* Path of another executable of ours: beside this one, or in ../libexec/outlayer. */
MUST_USE enum err self_exe(struct arena *a, const char *name, const char **out, struct buf *why);
/* Path of a data file: under OUTLAYER_SHARE, or ../share/outlayer from this executable. */
MUST_USE enum err self_share(struct arena *a, const char *name, const char **out, struct buf *why);
/* What every daemon does first: names itself, ignores SIGPIPE, no core dumps, line-buffered
 * stdout, umask 077. */
void self_init(const char *name);
/* Tell whoever started it that it serves: one line of JSON with its URL on stdout. */
void self_ready(const char *host, unsigned port);
/* Ask the kernel for SIGTERM when the parent ends (flag --die-with-parent). */
void self_die_with_parent(void);
/* Keep this process' memory from others of the same user: no core dump, no /proc/PID/mem, no
 * ptrace. Not under sanitizers, whose leak check traces. */
MUST_USE enum err self_conceal(struct buf *why);
/* A descriptor readable after SIGTERM or SIGINT; blocks both. For poll loops. */
MUST_USE enum err self_signal_fd(int *out, struct buf *why);
/* The same for the `n` signals of `list`. */
MUST_USE enum err self_signal_fd_of(const int *list, size_t n, int *out, struct buf *why);

#endif
