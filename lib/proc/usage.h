/*
 * usage.h — what every executable does with its command line before anything else: --help,
 * --version, and what to say when the arguments make no sense.
 */
#ifndef PROC_USAGE_H
#define PROC_USAGE_H

#include "proc/options.h"

#define USAGE_TEXT_MAX (32 * 1024) /* bytes of a help text */

/* Exit statuses of all executables. */
enum {
    USAGE_DONE = 0,
    USAGE_FAILED = 1, /* the reason is on stderr */
    USAGE_WRONG = 3,  /* the arguments make no sense; nothing was done */
};

extern const char usage_version[]; /* "0.1.0", of all executables */

struct usage {
    const char *name;
    const char *summary;         /* one line */
    const char *usage;           /* what follows the name */
    const char *about;           /* a paragraph or two, lines of at most 90 columns; may be NULL */
    const struct opt *options;   /* ends with OPT_END */
    const char *const *examples; /* whole command lines, NULL at the end; may be NULL */
    const char *statuses;        /* what the exit status tells; NULL: the three above */
};

/*
 * Read the arguments into `into` (options.h); answer --help and --version, refuse wrong ones.
 * No operand is allowed unless `operands` is given.
 *
 * true: go on. false: leave with *status.
 */
MUST_USE bool usage_begin(const struct usage *p, int argc, char **argv, void *into, int *operands,
                          int *status);

/* `why`, which it releases, and a hint how to ask for help on stderr; gives back USAGE_WRONG. */
int usage_wrong(const struct usage *p, struct buf *why);

/*
 * The same for the children that only our own programs start, with a socket at SPAWN_SOCKET_FD.
 * false: a person asked for --help or --version, or there is no such socket.
 */
MUST_USE bool usage_child(const char *name, const char *summary, int argc, char **argv,
                          int *status);

/* The options, examples and exit statuses of a help text, as `p` has them. */
void usage_print(const struct usage *p, struct buf *out);

#endif
