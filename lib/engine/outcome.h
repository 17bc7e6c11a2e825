/*
 * outcome.h — one run of a guest in words everybody shares: what was asked, how it ended.
 *
 * No engine header is included here: the worker, the command line and the messages of the exec
 * child use these types without seeing the engine.
 *
 * A guest that fails is an answer, not an error: the functions that run guests return ERR_OK and
 * say in `outcome` what happened. ERR_* is left for our own side.
 *
 * Source of the limits: platform documentation, "NEAR integration" (resource_limits).
 */
#ifndef ENGINE_OUTCOME_H
#define ENGINE_OUTCOME_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/host.h"
#include "engine/net.h"

#define RUN_INSTRUCTIONS_MAX 500000000000u /* 500 billion */
#define RUN_MEMORY_MB_MAX    512u
#define RUN_WALL_MS_MAX      180000u

#define RUN_INPUT_MAX     (10u << 20) /* bytes on stdin */
#define RUN_STDERR_MAX    (1u << 20)  /* what is written after that is dropped */
#define RUN_TEXT_MAX      4096u       /* the sentence that the user reads */
#define RUN_PROFILE_MAX   (8u << 20)
#define RUN_ENV_MAX       256u /* variables */
#define RUN_ENV_NAME_MAX  256u
#define RUN_ENV_VALUE_MAX 65536u
#define RUN_ENV_BYTES_MAX (1u << 20) /* all names and values together */

/* OUTCOME(name, stable code, what it means) */
#define OUTCOME_LIST(OUTCOME)                                                                      \
    OUTCOME(OK, "ok", "returned, or exited with 0")                                                \
    OUTCOME(EXIT, "exit_code", "exited with another code")                                         \
    OUTCOME(TRAP, "trap", "executed something that WebAssembly forbids")                           \
    OUTCOME(FUEL, "out_of_fuel", "used all of max_instructions")                                   \
    OUTCOME(TIMEOUT, "timeout", "was still running when its time was over")                        \
    OUTCOME(MEMORY, "out_of_memory", "asks for more memory at its start than max_memory_mb")       \
    OUTCOME(OUTPUT, "output_overflow", "wrote more to stdout than max_memory_mb MiB")              \
    OUTCOME(MODULE, "bad_module", "is not a program that can be run here")                         \
    OUTCOME(REFUSED, "refused", "was not run: its manifest asks for another input")                \
    OUTCOME(FAULT, "fault", "was not run to its end because of a fault on our side; retry")

enum outcome {
#define OUTCOME(name, code, meaning) OUTCOME_##name,
    OUTCOME_LIST(OUTCOME)
#undef OUTCOME
        OUTCOME_COUNT
};

const char *outcome_code(enum outcome o);

struct run_limits {
    uint64_t max_instructions; /* 1 … RUN_INSTRUCTIONS_MAX */
    uint32_t max_memory_mb;    /* MiB, 1 … RUN_MEMORY_MB_MAX: linear memory, and stdout */
    uint32_t max_wall_ms;      /* 1 … RUN_WALL_MS_MAX */
};

struct run_var {
    struct str name;  /* no '=' and no NUL, not empty */
    struct str value; /* no NUL */
};

/* What the request says it is (build_target); another program is not run. */
enum run_target { RUN_ANY, RUN_WASIP1, RUN_WASIP2 };

/* What to run it with; all strings are borrowed. */
struct run_job {
    struct run_limits limits;
    enum run_target target;
    struct str tenant; /* whose run it is: a process serves one tenant with one program */
    const struct net_policy *policy; /* the supervisor's: NULL is no network */
    bool connector;                  /* the supervisor's: it is one whatever its manifest says */
    const struct net_host *net;      /* the engine's way to the supervisor */
    /* The platform's interfaces: who serves them ([HOST_FACES], the supervisor's; NULL: nobody);
     * the engine's way there; which there are, by bit. */
    const struct host_server *servers;
    const struct host_port *port;
    uint32_t faces;
    struct str input; /* stdin */
    const struct run_var *env;
    size_t nenv;
};

struct run_result {
    enum outcome outcome;
    int32_t exit_code;     /* OUTCOME_EXIT only */
    uint64_t instructions; /* engine fuel used; see run.h on how exact */
    uint64_t memory_bytes; /* linear memory at its largest */
    uint64_t wall_us;      /* from instantiation to the end */
    uint64_t cpu_us;
    bool clock, random;           /* a clock was read or waited for; random numbers were drawn */
    struct buf out;               /* stdout as written, also when the run failed */
    struct buf err;               /* the first RUN_STDERR_MAX bytes of stderr */
    struct buf text;              /* empty on OUTCOME_OK; else why, for the user */
    struct net_attempt *attempts; /* requests of the guest: the first NET_ATTEMPTS_MAX */
    size_t nattempts;
    struct buf profile;         /* folded stacks (profile.h), when one was asked for */
    uint32_t requests;          /* all of them, refused ones too */
    uint32_t calls[HOST_FACES]; /* to the platform's interfaces */
};

/* Buffers are bounded for these limits. */
void run_result_init(struct run_result *r, const struct run_limits *limits);
void run_result_release(struct run_result *r); /* wipes: output may hold what a secret opened */

/* ERR_RANGE or ERR_FORMAT with the member at fault in `why`. */
MUST_USE enum err run_job_check(const struct run_job *job, struct buf *why);

/* "wasm32-wasip1", "wasm32-wasi" (the same by its old name), "wasm32-wasip2"; empty: any. */
MUST_USE bool run_target_parse(struct str name, enum run_target *out);

/* Wall time in whole milliseconds, as it is charged: begun ones count. */
uint64_t run_time_ms(const struct run_result *r);

/* The sentence for a run that was over time; shared by the engine and the supervisor. */
void run_text_timeout(struct buf *text, uint32_t max_wall_ms, uint64_t instructions);

#endif
