/*
 * compile_msg.h — what is said to the compile child, and what it says.
 *
 * One child, one ASK, over the socket at descriptor 3: a process that has built a stranger's code
 * is thrown away. It answers with any number of PROGRESS and one ANSWER, which brings the program
 * as a sealed memory file when there is one. In between it may ask for compiled registry
 * crates (WANT, with the project's skeleton; crates.h), and is told in one GIVE. Asking again means
 * that what was given is damaged: it is made anew.
 *
 * Memory: what is read borrows from the body. Thread: any.
 */
#ifndef BUILDER_COMPILE_MSG_H
#define BUILDER_COMPILE_MSG_H

#include "builder/repo.h"
#include "crypto/hash.h"

#define COMPILE_SECONDS_MAX   3600u
#define COMPILE_MEMORY_MB_MAX 65536u
#define COMPILE_DISK_MB_MAX   65536u
#define COMPILE_WASM_MAX      (10u << 20) /* bytes of a program, as for downloads */
#define COMPILE_PATH_MAX      3000
#define COMPILE_HOSTS_MAX     1024
#define COMPILE_ERROR_MAX     2048
#define COMPILE_RECORD_MAX    4096
#define COMPILE_LOG_MAX       (256u << 10)
#define COMPILE_NAME_MAX      128
#define COMPILE_SKELETON_MAX  (1u << 20)
#define COMPILE_ASK_MAX       (COMPILE_SKELETON_MAX + 8192u)
#define COMPILE_MSG_MAX       COMPILE_SKELETON_MAX /* what a child says: its log is shorter */

enum compile_type {
    COMPILE_ASK = 1,
    COMPILE_PROGRESS = 2,
    COMPILE_ANSWER = 3,
    COMPILE_WANT = 4, /* body: a skeleton */
    COMPILE_GIVE = 5, /* brings the archive, when there is one */
};

enum compile_what {
    COMPILE_BUILD,
    COMPILE_RESOLVE,   /* say which commit `ref` is, build nothing */
    COMPILE_SELF_TEST, /* say whether this machine can build at all, and with which compilers */
    COMPILE_BRANCH,    /* say on which branch the commit `ref` is, build nothing */
    COMPILE_CRATES,    /* compile the registry crates of `skeleton`; the archive goes to the
                        * descriptor that comes with the question */
};
#define COMPILE_WHATS 5

struct compile_ask {
    enum compile_what what;
    struct str repo;       /* normalised; empty for a self-test */
    struct str ref;        /* branch, tag or commit */
    struct str target;     /* "wasm32-wasip1" or "wasm32-wasip2" */
    uint32_t seconds;      /* for all of it */
    uint32_t memory_mb;    /* of all processes of the build together */
    uint32_t disk_mb;      /* sources, dependencies and what is made of them */
    bool dev;              /* repositories on loopback and in files */
    struct str toolchain;  /* folder that tools/build-toolchain made; empty: none */
    struct str registries; /* host names that dependencies may come from, separated by spaces */
    struct str skeleton;   /* for COMPILE_CRATES */
};

enum compile_phase {
    COMPILE_STARTING,
    COMPILE_FETCHING,     /* the repository */
    COMPILE_DEPENDENCIES, /* from the registry */
    COMPILE_BUILDING,
    COMPILE_CHECKING,
};
#define COMPILE_PHASES 5
const char *compile_phase_name(enum compile_phase p); /* "building" */

struct compile_progress {
    enum compile_phase phase;
    uint32_t done, total; /* packages; total 0: unknown */
    uint32_t elapsed_ms;
    struct str name; /* of the package at hand; may be empty */
};

enum compile_result {
    COMPILE_OK,
    COMPILE_REPOSITORY, /* there is none of that name, or it is not public */
    COMPILE_REF,        /* it has no such branch, tag or commit */
    COMPILE_NETWORK,    /* the server could not be reached, or broke off */
    COMPILE_PROJECT,    /* nothing to build, or several things, or not for this target */
    COMPILE_CODE,       /* the compiler refused it */
    COMPILE_LIMIT,      /* time, memory, disk or size of the program */
    COMPILE_TOOLCHAIN,  /* this machine lacks a compiler for it */
    COMPILE_FAULT,      /* ours */
};
#define COMPILE_RESULTS 9
const char *compile_result_name(enum compile_result r);

struct compile_give {
    enum compile_result result; /* COMPILE_OK: here they are */
    struct str error;           /* for people, otherwise */
};

struct compile_answer {
    enum compile_result result;
    struct str commit; /* 40 digits, or empty when it is not known */
    struct str error;  /* for people, when not COMPILE_OK; printable UTF-8 */
    struct str record; /* JSON: commit, versions, settings, hash; of a self-test: versions; of a
                        * commit: {"branch":"main"}, null where only a tag leads to it */
    struct str log;    /* what the tools printed, printable UTF-8; cut in the middle */
    struct hash256 sha256;
    uint64_t size;
    uint32_t time_ms;
};

void compile_ask_write(struct buf *out, const struct compile_ask *a);
MUST_USE enum err compile_ask_read(struct str body, struct compile_ask *out, struct buf *why);
void compile_progress_write(struct buf *out, const struct compile_progress *p);
MUST_USE enum err compile_progress_read(struct str body, struct compile_progress *out,
                                        struct buf *why);
void compile_give_write(struct buf *out, const struct compile_give *g);
MUST_USE enum err compile_give_read(struct str body, struct compile_give *out, struct buf *why);
void compile_answer_write(struct buf *out, const struct compile_answer *a);
MUST_USE enum err compile_answer_read(struct str body, struct compile_answer *out, struct buf *why);

#endif
