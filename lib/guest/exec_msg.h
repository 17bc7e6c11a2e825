/*
 * exec_msg.h — what a supervisor and its exec child say to each other.
 *
 * Frames (proc/frame.h) over the socket pair at descriptor 3; bodies are little-endian (wire.h).
 *
 *     child → parent   hello     version, engine id, walls that stand
 *     parent → child   compile   descriptors: wasm (sealed), memory to write machine code into
 *     child → parent   compiled  status, sentence, bytes of code
 *     parent → child   load      SHA-256 of the wasm; descriptor: machine code (sealed)
 *     child → parent   loaded    status, sentence
 *     parent → child   run       id, limits, target, interfaces there are, environment, input
 *     child → parent   http      a request of the guest, while it runs (net_msg.h)
 *     parent → child   answer    at once: why not, or a stream to who makes it
 *     child → parent   call      of the guest to one of our interfaces (host_msg.h)
 *     parent → child   answer    its results
 *     child → parent   result    id, outcome, counts, what it touched, sentence, stderr, stdout or
 *                                its length
 *     child → parent   output    stdout, when too long to go along
 *     child → parent   profile   folded stacks; from a child that was started for profiles, always
 *
 * A child is started for one kind of work: one that compiles never runs, one that runs never
 * compiles. After hello the child only answers; an answer of another kind, for another id or with
 * a byte too many ends it.
 *
 * Readers borrow from the body they read.
 */
#ifndef GUEST_EXEC_MSG_H
#define GUEST_EXEC_MSG_H

#include "crypto/hash.h"
#include "engine/outcome.h"

#define EXEC_VERSION      4u
#define EXEC_ENGINE_MAX   128u
#define EXEC_INLINE_MAX   65536u /* bytes of stdout that go along with the result */
#define EXEC_RUN_MAX      (RUN_INPUT_MAX + RUN_ENV_BYTES_MAX + RUN_ENV_MAX * 8 + 256)
#define EXEC_RESULT_MAX   (RUN_STDERR_MAX + RUN_TEXT_MAX + EXEC_INLINE_MAX + 256)
#define EXEC_SENTENCE_MAX 1024u

enum exec_type {
    EXEC_HELLO = 1,
    EXEC_COMPILE,
    EXEC_COMPILED,
    EXEC_LOAD,
    EXEC_LOADED,
    EXEC_RUN,
    EXEC_RESULT,
    EXEC_OUTPUT,
    EXEC_PROFILE,
    EXEC_HTTP,        /* guest/net_msg.h */
    EXEC_HTTP_ANSWER, /* guest/net_msg.h; descriptor: the request's stream, when it is made */
    EXEC_CALL,        /* guest/host_msg.h */
    EXEC_CALL_ANSWER, /* guest/host_msg.h; ignored when it comes after the run's end */
};

/* What keeps a child in; each is on from before the first message it reads. */
enum exec_wall {
    EXEC_WALL_NO_NEW_PRIVS = 1,
    EXEC_WALL_LIMITS = 2,
    EXEC_WALL_LANDLOCK = 4,
    EXEC_WALL_SECCOMP = 8,
    EXEC_WALL_USER = 16, /* not root, no capabilities */
};

struct exec_hello {
    struct str engine; /* engine_id() */
    uint32_t walls;
};

enum exec_status {
    EXEC_DONE,
    EXEC_BAD_MODULE, /* the sentence is for the user */
    EXEC_STALE,      /* loaded only: compile it again */
    EXEC_FAILED,     /* our own side */
};

struct exec_answer { /* compiled, loaded */
    enum exec_status status;
    struct str sentence;
    uint64_t code_len;
};

struct exec_result {
    uint64_t id;
    enum outcome outcome;
    int32_t exit_code;
    uint64_t instructions, memory_bytes, wall_us, cpu_us;
    bool clock, random;
    struct str text, err;
    uint64_t out_len;
    struct str out; /* all of it when out_len <= EXEC_INLINE_MAX, else empty: an output follows */
};

void exec_hello_write(struct buf *b, const struct exec_hello *m);
MUST_USE bool exec_hello_read(struct str body, struct exec_hello *out);

void exec_answer_write(struct buf *b, const struct exec_answer *m);
MUST_USE bool exec_answer_read(struct str body, struct exec_answer *out);

void exec_load_write(struct buf *b, const struct hash256 *wasm);
MUST_USE bool exec_load_read(struct str body, struct hash256 *wasm);

/* A job that run_job_check() has passed; its interfaces are those that have a server. */
void exec_run_write(struct buf *b, uint64_t id, const struct run_job *job);
/* `vars` is filled and job->env points to it; the job has been checked again. */
MUST_USE bool exec_run_read(struct str body, uint64_t *id, struct run_job *job,
                            struct run_var vars[RUN_ENV_MAX]);

void exec_result_write(struct buf *b, const struct exec_result *m);
/* `out_max`: what the run was allowed to write. */
MUST_USE bool exec_result_read(struct str body, size_t out_max, struct exec_result *out);

#endif
