/* usage.c — see usage.h. */
#include "proc/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "proc/spawn.h"

#define STATUSES "0 done, 1 failed, 3 wrong usage."

void usage_print(const struct usage *p, struct buf *out)
{
    buf_addz(out, "\nOptions:\n");
    options_print(p->options, out);
    for (size_t i = 0; p->examples && p->examples[i]; i++)
        buf_addf(out, "%s  %s\n", i ? "" : "\nExamples:\n", p->examples[i]);
    buf_addf(out, "\nExit status: %s\n", p->statuses ? p->statuses : STATUSES);
}

const char usage_version[] = OUTLAYER_VERSION;

static void print_help(const struct usage *p)
{
    struct buf text = BUF_INIT(USAGE_TEXT_MAX);

    buf_addf(&text, "%s — %s\n\nUsage: %s %s\n", p->name, p->summary, p->name, p->usage);
    if (p->about)
        buf_addf(&text, "\n%s\n", p->about);
    usage_print(p, &text);
    fputs(buf_z(&text), stdout);
    buf_release(&text);
}

int usage_wrong(const struct usage *p, struct buf *why)
{
    fprintf(stderr, "%s: %s\n`%s --help` lists what it takes.\n", p->name, buf_z(why), p->name);
    buf_release(why);
    return USAGE_WRONG;
}

static bool version_asked(const char *name, int argc, char **argv)
{
    bool asked = argc == 2 && strcmp(argv[1], "--version") == 0;

    if (asked)
        printf("%s %s\n", name, usage_version);
    return asked;
}

bool usage_child(const char *name, const char *summary, int argc, char **argv, int *status)
{
    bool help = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);

    *status = USAGE_DONE;
    if (version_asked(name, argc, argv))
        return false;
    if (!help && fcntl(SPAWN_SOCKET_FD, F_GETFD) >= 0)
        return true;
    fprintf(help ? stdout : stderr,
            "%s — %s\n\nOther programs of OutLayer start it; see `outlayer help`.\n", name,
            summary);
    if (!help)
        *status = USAGE_WRONG;
    return false;
}

bool usage_begin(const struct usage *p, int argc, char **argv, void *into, int *operands,
                 int *status)
{
    struct buf why = WHY_INIT;
    bool help = false;
    int first = argc;
    enum err e;

    *status = USAGE_DONE;
    if (version_asked(p->name, argc, argv))
        return false;
    e = options_read(p->options, argc, argv, into, &help, &first, &why);
    if (help)
        print_help(p);
    else if (!e && !operands && first < argc)
        e = err_put(&why, ERR_FORMAT, "'%s' is no option", argv[first]);
    if (operands)
        *operands = first;
    if (e)
        *status = usage_wrong(p, &why);
    return !help && !e;
}
