/*
 * job.h — one build from question to answer: what all its steps share.
 *
 * A step gives ERR_OK to go on, ERR_GUEST when the answer is known (job_fail() has been called), or
 * another error for a fault of ours. Paths of the build's folder are opened by job_open(), which
 * never follows a link out of it: a build may leave any file under any name.
 *
 * Memory: strings live in the job's arena. Thread: the only one.
 */
#ifndef COMPILE_JOB_H
#define COMPILE_JOB_H

#include "builder/compile_msg.h"
#include "compile/broker.h"
#include "compile/sandbox.h"

#define DIAG_MAX       900 /* bytes of a compiler's first error */
#define DIAG_LINES_MAX 12

struct job {
    struct compile_ask ask;
    struct sandbox sandbox;
    struct broker broker;
    struct arena arena;
    uint64_t start_ms;
    int work;    /* the build's folder */
    int archive; /* of crates, that goes out or came in; -1 */

    enum compile_phase phase;
    uint32_t done, total;
    char name_room[COMPILE_NAME_MAX + 1];
    struct str name; /* of the package at hand */
    uint64_t told_ms;

    /* what the tool at hand complained of first */
    struct buf diag;
    unsigned diag_lines;
    bool diag_open, diag_cause;

    enum compile_result result;
    struct str commit, commit_time, language, toolchain_id;
    struct str compiler; /* its version, and what its libraries are */
    struct str channel;  /* of Rust, that the project asked for; may be empty */
    bool silent;         /* nobody wants to hear how it goes */
    bool locked;         /* versions of all dependencies came with the source */
    struct buf error, log, record;
    struct hash256 sha256;
    uint64_t size;
    int wasm; /* -1 */
};

void job_init(struct job *j, const struct compile_ask *ask);
void job_release(struct job *j);

/* Say it to the worker, too. */
void job_phase(struct job *j, enum compile_phase phase, struct str name);
/* Another package is at hand: said now and then. */
void job_name(struct job *j, struct str name);
/* Set the answer and give back ERR_GUEST. */
enum err job_fail(struct job *j, enum compile_result result, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

struct tool {
    const char *const *argv, *const *env; /* as sandbox_tool */
    const char *dir;
    bool net, quiet;
    int in, out;
    sandbox_line *line; /* NULL: count packages, look for the first error */
    void *ctx;
};
/* ERR_GUEST when it used up what it has; what it made of the sources is in *status. */
MUST_USE enum err job_tool(struct job *j, const struct tool *t, int *status, struct buf *why);
/* A line of a tool that may fail: the first that `starts` an error is kept with the lines after it,
 * to the first empty one; and what cargo tells after that of where an error comes from, indented.
 */
void job_complaint(struct job *j, struct str line, bool starts);
/* The answer for a tool that failed: its first error, or that it ended with `status`. */
enum err job_fail_tool(struct job *j, const char *name, int status);

/* A regular file of the build's folder, `path` without a leading slash. ERR_ABSENT: there is none,
 * or something else is in its place. */
MUST_USE enum err job_open(struct job *j, const char *path, int *out, struct buf *why);
/* All of it; ERR_TOO_BIG over out->max. */
MUST_USE enum err job_read(struct job *j, const char *path, struct buf *out, struct buf *why);
bool job_has(struct job *j, const char *path);
int job_dir(struct job *j, const char *path); /* a folder, in the same way; -1 */

/* Regular files in the folder `path` whose names end so, in no order. */
#define JOB_LIST_MAX 16
struct job_list {
    struct str name[JOB_LIST_MAX];
    size_t n; /* there may be more than are listed */
};
void job_list(struct job *j, const char *path, const char *suffix, struct job_list *out);
/* "a.wasm, b.wasm" */
void job_list_put(const struct job_list *l, struct buf *out);

#endif
