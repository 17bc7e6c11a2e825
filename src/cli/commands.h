/*
 * commands.h — what the executable `outlayer` can do.
 *
 * Each command is one file `cmd_NAME.c`, or its own group of files for a big one, and one
 * `struct command` that the table in main.c points at. Help, suggestions and the list of commands
 * are made from it.
 *
 * What a program asked for goes to stdout, everything about how it goes to stderr.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "proc/usage.h"

/* Exit statuses of every command. */
enum {
    EXIT_DONE = USAGE_DONE,
    EXIT_FAILED = USAGE_FAILED, /* what was asked for failed; the reason is on stderr */
    EXIT_UNDECIDED = 2,         /* neither true nor false could be shown */
    EXIT_USAGE = USAGE_WRONG,   /* the arguments make no sense; nothing was done */
    EXIT_INTERRUPTED = 130,
};

struct command {
    const char *name;
    const char *summary;         /* one line */
    const char *usage;           /* what follows the name: "[options] FILE.wasm" */
    const char *about;           /* a paragraph or two, lines of at most 90 columns; may be NULL */
    const char *verbs;           /* its first words, by spaces; NULL: it has none */
    const struct opt *options;   /* ends with OPT_END */
    const char *const *examples; /* whole command lines, NULL at the end; may be NULL */
    const char *statuses;        /* what the exit status tells; NULL: the usual */
    int (*run)(int argc, char **argv);
};

extern const struct command command_up;
extern const struct command command_run;
extern const struct command command_new;
extern const struct command command_build;
extern const struct command command_build_log;
extern const struct command command_manifest;
extern const struct command command_devnet;
extern const struct command command_upload;
extern const struct command command_quote;
extern const struct command command_collateral;
extern const struct command command_attestation;
extern const struct command command_project;
extern const struct command command_request;
extern const struct command command_secrets;
extern const struct command command_vrf;
extern const struct command command_cache;
extern const struct command command_doctor;
extern const struct command command_completion;
extern const struct command command_version;
extern const struct command command_help;

int cmd_up(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_new(int argc, char **argv);
int cmd_build(int argc, char **argv);
int cmd_build_log(int argc, char **argv);
int cmd_manifest(int argc, char **argv);
int cmd_devnet(int argc, char **argv);
int cmd_upload(int argc, char **argv);
int cmd_quote(int argc, char **argv);
int cmd_collateral(int argc, char **argv);
int cmd_attestation(int argc, char **argv);
int cmd_project(int argc, char **argv);
int cmd_request(int argc, char **argv);
int cmd_secrets(int argc, char **argv);
int cmd_vrf(int argc, char **argv);
int cmd_cache(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_help(int argc, char **argv);

/* The commands in the order help lists them, NULL at the end. */
extern const struct command *const command_table[];

/*
 * What every command does first: read its options, answer --help, refuse wrong ones.
 *
 *   into       the command's struct, see options.h
 *   operands   index in argv of the first operand
 *
 * true: go on. false: leave with *status.
 */
MUST_USE bool command_begin(const struct command *c, int argc, char **argv, void *into,
                            int *operands, int *status);

/* "Error: …" in the colour for it, on stderr; gives back EXIT_FAILED. */
int command_failed(const struct buf *why);
/* The same with a hint how to ask for help; gives back EXIT_USAGE. */
int command_misused(const struct command *c, const struct buf *why);

#endif
