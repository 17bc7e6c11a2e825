/*
 * builder.h — having a repository built, from a process that must not do it itself: the worker and
 * the command line.
 *
 * Each call starts an outlayer-compile of its own, which builds in a throw-away sandbox and ends.
 * What the build does wrong is in the answer, what we do wrong is an ERR_*.
 *
 * The crates that a Rust project takes from the registry are compiled by a second child, which sees
 * nothing of the project but its manifests, its lock file and the names of its programs (its
 * skeleton), and are kept in `crates` under the hash of all that: the next commit finds them. A
 * child that has seen a project's sources never writes there.
 *
 * Memory: `struct built` owns what it holds. Thread: any, one call at a time per thread; the child
 * dies with the thread.
 */
#ifndef BUILDER_BUILDER_H
#define BUILDER_BUILDER_H

#include "base/arena.h"
#include "builder/compile_msg.h"
#include "builder/store.h"

#define BUILD_RECIPE            3 /* another one builds other bytes from the same source */
#define BUILD_SECONDS_DEFAULT   300u
#define BUILD_MEMORY_MB_DEFAULT 4096u
#define BUILD_DISK_MB_DEFAULT   2048u
#define BUILD_CRATES_MB         2048u /* of compiled crates, as long as nobody says otherwise */
#define BUILD_REGISTRIES        "index.crates.io static.crates.io proxy.golang.org sum.golang.org"

struct built {
    enum compile_result result;
    struct str commit, error, record, log; /* in the arena given to build_run() */
    struct hash256 sha256;
    uint64_t size;
    uint32_t time_ms;
    int fd; /* the program, sealed, with COMPILE_OK; -1 otherwise; the caller closes it */
};

/* News; `p` borrows. false: give up, ERR_CLOSED. */
typedef bool build_news(void *ctx, const struct compile_progress *p);

/* `exe`: the compile child's file; NULL: outlayer-compile where our executables are. `crates`: NULL
 * keeps none; the program is the same. */
MUST_USE enum err build_run(const char *exe, const struct compile_ask *ask,
                            const struct store *crates, build_news *news, void *ctx,
                            struct arena *a, struct built *out, struct buf *why);

/* What this machine builds with: one line that names the versions, empty where it lacks a compiler.
 */
struct build_host {
    struct str c, go, rust;
};
#define SELF_TEST_SECONDS 20u
/*
 * Can this machine build? Runs the compile child's self-test: the sandbox is made, its walls are
 * tried, the compilers asked for their versions (about 0.1 s).
 *
 * ERR_OK      it can; `out` is in `a`
 * ERR_DENIED  it cannot, `why` is what an operator has to know: no build may be taken
 * others      it could not be found out
 */
MUST_USE enum err build_self_test(const char *exe, struct str toolchain, struct arena *a,
                                  struct build_host *out, struct buf *why);

/* Add the folder `name` of the user's cache of ours (OUTLAYER_CACHE, else XDG_CACHE_HOME, else in
 * HOME); false when there is none. */
bool build_cache(const char *name, struct buf *path);

/* Where tools/build-toolchain puts its folder: OUTLAYER_TOOLCHAIN, else in the user's cache. Empty
 * when it is not there. */
struct str build_toolchain(struct arena *a);

/* One line that names the versions in such a folder; ERR_ABSENT. */
MUST_USE enum err build_toolchain_id(struct str dir, struct buf *out, struct buf *why);

#endif
