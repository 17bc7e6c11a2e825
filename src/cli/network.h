/*
 * network.h — the processes of a local network: started in order, watched, stopped in reverse.
 *
 * Each part writes its log to HOME/logs/NAME.log and says on stdout, in one line of JSON, when it
 * is ready. A part that ends by itself breaks the network: nothing is started again behind the
 * user's back. Parts die with this process, however it ends (the kernel sends the signal).
 *
 * Waiting anywhere in `outlayer up` goes through network_watch(), so Ctrl-C and a part that ended
 * are noticed at once.
 *
 * Memory: texts live in the network's arena.  Thread: the one that made it; the signal that ends
 * the parts is bound to it.
 */
#ifndef CLI_NETWORK_H
#define CLI_NETWORK_H

#include "base/arena.h"
#include "base/err.h"
#include "proc/spawn.h"

enum network_part {
    PART_CHAIN,
    PART_COORDINATOR,
    PART_FASTFS,
    PART_KEYSTORE,
    PART_WORKER,
    NETWORK_PARTS
};

enum network_state {
    NETWORK_RUNS,
    NETWORK_INTERRUPTED, /* SIGINT or SIGTERM came */
    NETWORK_BROKEN,      /* a part ended by itself, see network_explain() */
};

struct network_proc {
    struct child child;
    int out;         /* read end of its stdout, or -1 */
    const char *log; /* path of its log */
    const char *url; /* from its ready line; NULL when it has none */
    long log_from;   /* where this run's part of the log begins */
    int status;      /* as waitpid gives it, when it ended by itself */
    bool ended;
};

struct network {
    struct arena arena;
    const char *home;
    int lock;    /* held while we live, or -1 */
    int signals; /* descriptor, or -1 */
    enum network_state state;
    struct network_proc part[NETWORK_PARTS];
};

#define NETWORK_PROC_NONE                                                                          \
    {                                                                                              \
        .child = {.sock = -1, .pidfd = -1}, .out = -1                                              \
    }
#define NETWORK_NONE                                                                               \
    ((struct network){.lock = -1,                                                                  \
                      .signals = -1,                                                               \
                      .part = {NETWORK_PROC_NONE, NETWORK_PROC_NONE, NETWORK_PROC_NONE,            \
                               NETWORK_PROC_NONE, NETWORK_PROC_NONE}})

/*
 * Take hold of `home`: make it, lock it, begin to listen for signals.
 *
 * ERR_BUSY  another network runs on it
 */
MUST_USE enum err network_open(struct network *n, const char *home, struct buf *why);

/* Stop what runs, in reverse order, and let go of the home. Fine on NETWORK_NONE. */
void network_close(struct network *n);

/* HOME/env, for shells: where `outlayer` is, where it finds these processes, whose key it signs
 * with and which account has the register. Once all are ready. */
MUST_USE enum err network_env(struct network *n, const char *key_file, const char *reg,
                              struct buf *why);

/* A path below the home, in the arena. */
const char *network_path(struct network *n, const char *below);

/*
 * Start a part; `args` are its arguments without its name, NULL at the end. Does not wait.
 */
MUST_USE enum err network_start(struct network *n, enum network_part which, const char *const *args,
                                struct buf *why);

/* Wait for its ready line. ERR_TIMEOUT, ERR_CLOSED (it ended, or Ctrl-C: see n->state). */
MUST_USE enum err network_await(struct network *n, enum network_part which, struct buf *why);

/* Sleep `ms` (UINT64_MAX: for ever), less when something happens; gives the state. */
enum network_state network_watch(struct network *n, uint64_t ms);

/* ERR_OK while it runs; else ERR_CLOSED and why. */
MUST_USE enum err network_check(struct network *n, struct buf *why);

/* After NETWORK_BROKEN: which part ended, how, its last lines, and what to do; on stderr. */
void network_explain(const struct network *n);

/* The first of `n` following ports from `base` that is taken, or 0 when all are free. */
uint16_t network_port_taken(uint16_t base, uint16_t n);

#endif
