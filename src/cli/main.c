/*
 * main.c — `outlayer`, the command line.
 *
 * It holds the user's keys and talks to every other part as a user would. It does nothing itself:
 * the table below names the commands, each in a file of its own. To follow one through, read up.c.
 */
#include "cli/commands.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/term.h"
#include "codec/json.h"
#include "crypto/ed25519.h"
#include "proc/self.h"

const struct command *const command_table[] = {
    &command_up,      &command_new,        &command_run,
    &command_build,   &command_build_log,  &command_manifest,
    &command_upload,  &command_project,    &command_request,
    &command_secrets, &command_vrf,        &command_devnet,
    &command_quote,   &command_collateral, &command_attestation,
    &command_cache,   &command_doctor,     &command_completion,
    &command_version, &command_help,       NULL,
};

#define NEAR_MISS 3 /* more changed letters than this is another word */

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; command_table[i]; i++)
        if (strcmp(command_table[i]->name, name) == 0)
            return command_table[i];
    return NULL;
}

/* How many letters to add, drop or change to get from `a` to `b` (Levenshtein), for short words. */
static size_t distance(const char *a, const char *b)
{
    enum { WORD = 32 };
    size_t row[WORD + 1], n = strlen(b), m = strlen(a);

    if (n > WORD || m > WORD)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[n];
}

static const struct command *command_like(const char *word)
{
    const struct command *best = NULL;
    size_t least = NEAR_MISS;

    for (size_t i = 0; command_table[i]; i++) {
        const char *name = command_table[i]->name;
        size_t d = strncmp(name, word, strlen(word)) == 0 ? 1 : distance(word, name);

        /* A word of which nothing is left is no hint. */
        if (d < least && d < strlen(name)) {
            least = d;
            best = command_table[i];
        }
    }
    return best;
}

static void print_overview(FILE *f)
{
    size_t width = 0;

    fprintf(f, "%soutlayer%s — run WebAssembly off chain for NEAR contracts\n\n",
            term(f, TERM_BOLD), term(f, TERM_PLAIN));
    fprintf(f, "Usage: outlayer COMMAND [options]\n\nCommands:\n");
    for (size_t i = 0; command_table[i]; i++)
        if (strlen(command_table[i]->name) > width)
            width = strlen(command_table[i]->name);
    for (size_t i = 0; command_table[i]; i++)
        fprintf(f, "  %s%-*s%s  %s\n", term(f, TERM_NAME), (int)width, command_table[i]->name,
                term(f, TERM_PLAIN), command_table[i]->summary);
    fprintf(f, "\n`outlayer COMMAND --help` says more about one of them.\n\n"
               "Exit status: 0 done, 1 failed, 2 could not be decided, 3 wrong usage, "
               "130 interrupted.\nNO_COLOR=1 switches colours off.\n");
}

static void print_help(FILE *f, const struct command *c)
{
    const struct usage rest = {
        .options = c->options, .examples = c->examples, .statuses = c->statuses};
    struct buf rows = BUF_INIT(USAGE_TEXT_MAX);

    fprintf(f, "%soutlayer %s%s — %s\n\n", term(f, TERM_BOLD), c->name, term(f, TERM_PLAIN),
            c->summary);
    fprintf(f, "Usage: outlayer %s%s%s\n", c->name, *c->usage ? " " : "", c->usage);
    if (c->about)
        fprintf(f, "\n%s\n", c->about);
    usage_print(&rest, &rows);
    fputs(buf_z(&rows), f);
    buf_release(&rows);
}

static void print_error(const char *what)
{
    fprintf(stderr, "%sError:%s %s\n", term(stderr, TERM_BAD), term(stderr, TERM_PLAIN), what);
}

int command_failed(const struct buf *why)
{
    print_error(buf_z(why));
    /* On this machine nobody answering mostly means that nothing is running. */
    if (strstr(buf_z(why), "no answer from 'http://127.0.0.1") ||
        strstr(buf_z(why), "no answer from 'http://localhost"))
        fprintf(stderr, "Is a network running? `outlayer up` starts one; `. HOME/env` tells where "
                        "it listens.\n");
    return EXIT_FAILED;
}

int command_misused(const struct command *c, const struct buf *why)
{
    print_error(buf_z(why));
    fprintf(stderr, "`outlayer %s --help` lists what it takes.\n", c->name);
    return EXIT_USAGE;
}

bool command_begin(const struct command *c, int argc, char **argv, void *into, int *operands,
                   int *status)
{
    struct buf why = WHY_INIT;
    bool help = false;
    enum err e = options_read(c->options, argc, argv, into, &help, operands, &why);

    if (help) {
        print_help(stdout, c);
        *status = EXIT_DONE;
    } else if (e) {
        *status = command_misused(c, &why);
    }
    buf_release(&why);
    return !help && !e;
}

static int unknown_command(const char *name)
{
    const struct command *like = command_like(name);
    struct buf why = WHY_INIT;

    buf_addf(&why, "there is no command '%s'", name);
    if (like)
        buf_addf(&why, "; did you mean '%s'?", like->name);
    print_error(buf_z(&why));
    fprintf(stderr, "`outlayer help` lists the commands.\n");
    buf_release(&why);
    return EXIT_USAGE;
}

static const struct opt no_options[] = {OPT_END};

static const char *const help_examples[] = {"outlayer help up", NULL};
const struct command command_help = {
    .name = "help",
    .summary = "list the commands, or say more about one",
    .usage = "[COMMAND]",
    .options = no_options,
    .examples = help_examples,
    .run = cmd_help,
};

int cmd_help(int argc, char **argv)
{
    const struct command *c;
    char nothing;
    int operands, status;

    if (!command_begin(&command_help, argc, argv, &nothing, &operands, &status))
        return status;
    if (operands == argc) {
        print_overview(stdout);
        return EXIT_DONE;
    }
    c = command_find(argv[operands]);
    if (!c)
        return unknown_command(argv[operands]);
    print_help(stdout, c);
    return EXIT_DONE;
}

struct version_opts {
    bool json;
};
static const struct opt version_options[] = {
    OPT_FLAG("json", struct version_opts, json, "print one JSON object"),
    OPT_END,
};
const struct command command_version = {
    .name = "version",
    .summary = "say which version this is",
    .usage = "[--json]",
    .options = version_options,
    .run = cmd_version,
};

int cmd_version(int argc, char **argv)
{
    struct version_opts o = {0};
    int operands, status;

    if (!command_begin(&command_version, argc, argv, &o, &operands, &status))
        return status;
    if (o.json)
        printf("{\"name\":\"outlayer\",\"version\":\"%s\"}\n", usage_version);
    else
        printf("outlayer %s\n", usage_version);
    return EXIT_DONE;
}

/* A disk that is full shows only now; a reader that is gone has had enough. */
static int written(int status)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    struct buf why = WHY_INIT;

    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (poll(&p, 1, 0) == 1 && p.revents & POLLERR)
        return status;
    (void)err_put(&why, ERR_IO, "the output could not be written; is the disk full?");
    status = command_failed(&why);
    buf_release(&why);
    return status;
}

int main(int argc, char **argv)
{
    const struct command *c;

    self_init("outlayer");
    crypto_init();
    if (argc < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return written(cmd_help(1, argv));
    if (strcmp(argv[1], "--version") == 0)
        return written(cmd_version(1, argv));
    c = command_find(argv[1]);
    if (!c)
        return unknown_command(argv[1]);
    return written(c->run(argc - 1, argv + 1));
}
