/*
 * sandbox.h — running one tool on a stranger's files (bubblewrap).
 *
 * The tool sees /usr read-only, the build's folder at /work, the toolchain at /toolchain, an empty
 * /tmp, and no other file of this machine; its own processes and no others; an environment that is
 * what is listed here. It has no rights to give itself (user namespace without capabilities, system
 * calls that make namespaces, mounts, traces or keys are refused). With `net` it sees the broker's
 * door, else no network at all. When it ends, or is ended, all it has started ends with it.
 *
 * Output of both kinds goes, line by line, into the build's log and to whoever wants to hear.
 * Thread: the only one.
 */
#ifndef COMPILE_SANDBOX_H
#define COMPILE_SANDBOX_H

#include "base/arena.h"
#include "base/err.h"

#define SANDBOX_LINE_MAX 4096 /* longer lines are cut in the log */

/* A line of output without its end, made printable. */
typedef void sandbox_line(void *ctx, struct str line);

struct sandbox {
    uint64_t deadline_ms; /* on clock_mono_ms(), for every tool */
    uint64_t memory_max;  /* bytes of all processes of a tool together */
    bool toolchain, repo; /* show those folders */
    struct buf *log;
    void (*tick)(void *ctx); /* now and then while a tool runs; may be NULL */
    void *tick_ctx;
    int filter; /* the system call filter, made by sandbox_init() */
};

struct sandbox_tool {
    const char *const *argv; /* NULL at the end; argv[0] is found in the PATH */
    const char *const *env;  /* name, value, name, value, …, NULL */
    const char *dir;         /* where it starts, as it sees it */
    bool net;
    bool quiet; /* keep its output out of the log: it is data */
    int in;     /* its standard input; 0: nothing */
    int out;    /* its standard output; 0: lines as said above */
    sandbox_line *line;
    void *ctx;
};

enum sandbox_end {
    SANDBOX_EXITED,
    SANDBOX_TIME,
    SANDBOX_MEMORY,
};
struct sandbox_result {
    enum sandbox_end end;
    int status; /* as a shell says it: 0-255, 126: it has no folder to start in, 128+signal */
};

MUST_USE enum err sandbox_init(struct sandbox *s, struct buf *why);
/* A system call filter for this process, after wall_enter(): as the tools', but for what starting
 * them needs. */
MUST_USE enum err sandbox_confine_self(struct buf *why);
/* ERR_OK: it ran, see `out`. Others are faults of ours; ERR_DENIED: bubblewrap could not make the
 * sandbox, or the tool is not there. */
MUST_USE enum err sandbox_run(const struct sandbox *s, const struct sandbox_tool *t,
                              struct sandbox_result *out, struct buf *why);
/* Append `s` without control characters, those of Unicode that turn text around, escape sequences
 * and malformed UTF-8. */
void text_put_printable(struct buf *out, struct str s);

#endif
