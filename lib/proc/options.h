/*
 * options.h — one table per command: it parses the arguments and it is the help text.
 *
 * A row names a long option, what its argument is called, how it is read, between which limits,
 * where it goes (an offset into the command's own struct), and one line of help. An option that is
 * not given is taken from its environment variable when the row names one, else it keeps what the
 * struct held before. Operands may stand anywhere; `--` ends the options.
 *
 *     struct up_opts { bool once; const char *home; uint64_t port_base; };
 *     static const struct opt up_table[] = {
 *         OPT_FLAG("once", struct up_opts, once, "stop after the first request"),
 *         OPT_TEXT("home", "DIR", struct up_opts, home, "OUTLAYER_HOME", "where it keeps its
 * files"), OPT_U64("port-base", "N", struct up_opts, port_base, 0, 65000, NULL, "first port"),
 *         OPT_END,
 *     };
 *
 * Memory: texts point into argv or the environment.  Thread: before any other is started.
 */
#ifndef PROC_OPTIONS_H
#define PROC_OPTIONS_H

#include "base/arena.h"
#include "base/err.h"

#define OPT_TABLE_MAX 48 /* options of one command */
#define OPT_LIST_MAX  64 /* times a list option may be given */
#define OPT_FILE_MAX  65536

enum opt_kind {
    OPT_IS_END,  /* the last row */
    OPT_IS_FLAG, /* bool, no argument */
    OPT_IS_TEXT, /* const char * */
    OPT_IS_U64,  /* uint64_t, decimal, min … max */
    OPT_IS_LIST, /* struct opt_list, may be given many times */
};

struct opt_list {
    const char *item[OPT_LIST_MAX];
    size_t n;
};

struct opt {
    enum opt_kind kind;
    const char *name;    /* without the dashes */
    const char *arg;     /* "DIR"; NULL for a flag */
    size_t at;           /* offset of the field */
    uint64_t min, max;   /* OPT_IS_U64 */
    const char *env;     /* environment variable that is its default, or NULL */
    const char *summary; /* one line of help */
};

#define OPT_FLAG(name_, type, field, summary_)                                                     \
    {                                                                                              \
        .kind = OPT_IS_FLAG, .name = (name_), .at = offsetof(type, field), .summary = (summary_)   \
    }
#define OPT_TEXT(name_, arg_, type, field, env_, summary_)                                         \
    {                                                                                              \
        .kind = OPT_IS_TEXT, .name = (name_), .arg = (arg_), .at = offsetof(type, field),          \
        .env = (env_), .summary = (summary_)                                                       \
    }
#define OPT_U64(name_, arg_, type, field, min_, max_, env_, summary_)                              \
    {                                                                                              \
        .kind = OPT_IS_U64, .name = (name_), .arg = (arg_), .at = offsetof(type, field),           \
        .min = (min_), .max = (max_), .env = (env_), .summary = (summary_)                         \
    }
#define OPT_LIST(name_, arg_, type, field, summary_)                                               \
    {                                                                                              \
        .kind = OPT_IS_LIST, .name = (name_), .arg = (arg_), .at = offsetof(type, field),          \
        .summary = (summary_)                                                                      \
    }
#define OPT_END                                                                                    \
    {                                                                                              \
        .kind = OPT_IS_END                                                                         \
    }

/*
 * Read `argv` (argv[0] is the command's name) into the struct at `into`.
 *
 *   help       set when --help was asked for; nothing else is looked at then
 *   operands   written only on ERR_OK: index of the first operand in argv, which is reordered so
 *              that all operands stand at its end
 *
 * ERR_FORMAT unknown option or missing argument, ERR_RANGE number outside its limits; `why` names
 * the option. Fields of options read before the fault have been written.
 */
MUST_USE enum err options_read(const struct opt *table, int argc, char **argv, void *into,
                               bool *help, int *operands, struct buf *why);

/*
 * Read a file of `name = value` lines for options of `table` into the struct at `into`; flags are
 * true or false. Empty lines and what follows a `#` at the start of a line are left out. Texts are
 * kept in `a`. Errors as above, and those of reading; `why` names the line.
 */
MUST_USE enum err options_file(const struct opt *table, const char *path, struct arena *a,
                               void *into, struct buf *why);

/* The rows as an aligned list, `--help` included. */
void options_print(const struct opt *table, struct buf *out);

#endif
