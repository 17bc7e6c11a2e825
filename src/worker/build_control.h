/*
 * build_control.h — the worker's side of compiling: which program a repository's commit is.
 *
 * What was built once is not built again. A build is known by repository, commit, target, the
 * versions of the toolchain and our recipe; its record (hash, when, how long) is one file in the
 * worker's folder and its program is in the store like any download. The name of a branch is
 * resolved to a commit for every request, so a branch that has moved is built anew without being
 * told to.
 *
 * Requests that miss the same program share one build: whoever comes second waits at the key's lock
 * and finds the record. That holds for all threads and processes on one folder; between machines
 * the coordinator keeps lock and program (build_share.h).
 *
 * Thread: any.
 */
#ifndef WORKER_BUILD_CONTROL_H
#define WORKER_BUILD_CONTROL_H

#include <pthread.h>

#include "builder/builder.h"
#include "near/request.h"
#include "worker/answer.h"
#include "worker/build_share.h"
#include "worker/fetch_control.h"
#include "builder/store.h"

#define BUILDS_FILES_MAX  4096 /* records and logs; the oldest go */
#define BUILD_SECONDS_MIN 30u  /* what a payment must cover before anything is compiled */
#define BUILD_SECONDS_MAX 300u /* what one may take, whatever was paid */

#define BUILD_TURN_SECONDS 120u /* waited for one's turn, then others may have the job */

/* How many compile at the same time; each may take `memory_mb`. */
struct build_gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned open, busy;
};

struct builds {
    char dir[STORE_PATH_MAX];
    struct store crates; /* compiled crates of the registry, between builds */
    const struct store *store;
    struct arena arena;
    struct str toolchain, registries;
    struct str compilers; /* all versions, one line */
    struct str cannot;    /* why this machine builds nothing; empty: it builds */
    uint32_t memory_mb, disk_mb;
    bool dev;
    struct build_gate gate;
};

/* `toolchain` NULL: where tools/build-toolchain puts it. `dev`: repositories on this machine.
 * Runs the compile child's self-test; where it fails, b->cannot says why and build_find() gives
 * ERR_BUSY: such jobs are for other workers. */
MUST_USE enum err builds_init(struct builds *b, const char *home, const struct store *store,
                              const char *toolchain, uint64_t crates_bytes_max, bool dev,
                              struct buf *why);
void builds_release(struct builds *b);
/* From now on so many compile at once, at least one (it starts with one); who is one too many
 * waits. Any thread. */
void builds_at_once(struct builds *b, unsigned n);

struct build {
    struct str repo, commit, target; /* as they are compiled; in the arena */
    struct hash256 key;
    bool hit;
    struct hash256 sha256;
    uint64_t size, made_unix_s, ms; /* when it was made and how long it took */
    int fd;                         /* the program; with a hit or a build */
    int lock;                       /* held until build_done() */
    const struct build_share *share;
    bool locked; /* at the coordinator, too */
    /* whose it is; set by the caller after build_find() */
    uint64_t job_id, token;
    u128 fee_per_ms;
};
#define BUILD_NONE ((struct build){.fd = -1, .lock = -1})

/*
 * Which commit is meant, and is its program at hand?
 *
 * ERR_OK     out->hit says whether; with `force` it never is
 * ERR_GUEST  the request's fault: `answer` has been made a failure
 * others     a fault of ours
 *
 * `f` asks which commit a branch is; NULL: git does. `share` reaches other machines and must live
 * until build_done(); its coordinator may be NULL. Waits while somebody else builds the same.
 * Whatever it gives: build_done(b, out).
 */
MUST_USE enum err build_find(struct builds *b, struct fetcher *f, const struct build_share *share,
                             const struct code_source *source, bool force, struct arena *a,
                             struct build *out, struct answer *answer, struct buf *why);
/* Build what was not at hand, in at most `seconds`; the same errors, and ERR_BUSY when its turn
 * does not come in BUILD_TURN_SECONDS. answer->compile_ms is set either way, without the wait.
 * `log` gets the end of the build's log; all of it, the record and the program are given to the
 * coordinator. */
MUST_USE enum err build_make(struct builds *b, struct build *build, uint32_t seconds,
                             build_news *news, void *ctx, struct answer *answer, struct buf *log,
                             struct buf *why);
/* Tell the coordinator which build a job found. */
void build_found(const struct build *build);
void build_done(const struct builds *b, struct build *build);

/* How many seconds of compiling a payment covers; 0: `answer` has been made a failure. */
uint32_t build_affordable(u128 payment, u128 fee_per_ms, struct answer *answer);

#endif
