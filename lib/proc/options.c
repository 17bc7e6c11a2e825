/* options.c — see options.h. */
#include "proc/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

/* What getopt_long returns for row i, above any character. */
enum { ROW0 = 1000, HELP = 999 };

#define LINE_COLUMNS 96 /* at most, and where there is no terminal */
#define TEXT_COLUMNS 24 /* at least, for what an option does */

static enum err put_value(const struct opt *o, const char *value, const char *from, void *into,
                          struct buf *why)
{
    char *field = (char *)into + o->at;
    struct opt_list *list;
    uint64_t v;

    switch (o->kind) {
    case OPT_IS_FLAG:
        *(bool *)(void *)field = true;
        return ERR_OK;
    case OPT_IS_TEXT:
        *(const char **)(void *)field = value;
        return ERR_OK;
    case OPT_IS_U64:
        if (!str_u64(str_of(value), &v) || v < o->min || v > o->max)
            return err_put(why, ERR_RANGE, "%s takes a whole number from %llu to %llu, not '%s'",
                           from, (unsigned long long)o->min, (unsigned long long)o->max, value);
        *(uint64_t *)(void *)field = v;
        return ERR_OK;
    case OPT_IS_LIST:
        list = (struct opt_list *)(void *)field;
        if (list->n == OPT_LIST_MAX)
            return err_put(why, ERR_RANGE, "%s may be given at most %d times", from, OPT_LIST_MAX);
        list->item[list->n++] = value;
        return ERR_OK;
    case OPT_IS_END:
        break;
    }
    BUG("option without a kind");
}

static enum err read_environment(const struct opt *table, void *into, struct buf *why)
{
    for (const struct opt *o = table; o->kind != OPT_IS_END; o++) {
        const char *value = o->env ? getenv(o->env) : NULL;
        enum err e;

        if (!value || !*value)
            continue;
        e = put_value(o, value, o->env, into, why);
        if (e)
            return e;
    }
    return ERR_OK;
}

enum err options_read(const struct opt *table, int argc, char **argv, void *into, bool *help,
                      int *operands, struct buf *why)
{
    struct option longs[OPT_TABLE_MAX + 2];
    size_t n = 0;
    enum err e;
    int c;

    for (; table[n].kind != OPT_IS_END; n++) {
        BUG_ON(n >= OPT_TABLE_MAX);
        longs[n] = (struct option){.name = table[n].name,
                                   .has_arg = table[n].arg ? required_argument : no_argument,
                                   .val = ROW0 + (int)n};
    }
    longs[n] = (struct option){.name = "help", .has_arg = no_argument, .val = HELP};
    longs[n + 1] = (struct option){0};

    *help = false;
    e = read_environment(table, into, why);
    if (e)
        return e;
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
        const struct opt *o;
        char from[64];

        if (c == HELP || c == 'h') {
            *help = true;
            return ERR_OK;
        }
        if (c == ':')
            return err_put(why, ERR_FORMAT, "option '%s' needs an argument", argv[optind - 1]);
        if (c < ROW0)
            return err_put(why, ERR_FORMAT,
                           optopt >= ROW0 ? "option '%s' takes no argument" : "unknown option '%s'",
                           argv[optind - 1]);
        o = &table[c - ROW0];
        snprintf(from, sizeof from, "--%s", o->name);
        e = put_value(o, optarg, from, into, why);
        if (e)
            return e;
    }
    *operands = optind;
    return ERR_OK;
}

static enum err read_line(const struct opt *table, struct str line, const char *from,
                          struct arena *a, void *into, struct buf *why)
{
    const struct opt *o = table;
    struct str name, value = str_trim(str_cut(line, '=', &name));

    name = str_trim(name);
    if (!value.len)
        return err_put(why, ERR_FORMAT, "%s is not of the form 'name = value'", from);
    while (o->kind != OPT_IS_END && !str_eqz(name, o->name))
        o++;
    if (o->kind == OPT_IS_END)
        return err_put(why, ERR_FORMAT, "%s: '%.*s' cannot be set in a file", from,
                       STR_ARG(str_head(name, 64)));
    if (o->kind == OPT_IS_FLAG) {
        if (!str_eqz(value, "true") && !str_eqz(value, "false"))
            return err_put(why, ERR_FORMAT, "%s: '%s' is true or false", from, o->name);
        *(bool *)(void *)((char *)into + o->at) = str_eqz(value, "true");
        return ERR_OK;
    }
    return put_value(o, arena_z(a, value), from, into, why);
}

enum err options_file(const struct opt *table, const char *path, struct arena *a, void *into,
                      struct buf *why)
{
    struct buf text = BUF_INIT(OPT_FILE_MAX);
    enum err e = file_read(path, &text, why);
    struct str rest = buf_str(&text);
    char from[300];

    for (unsigned n = 1; !e && rest.len; n++) {
        struct str line;

        rest = str_cut(rest, '\n', &line);
        line = str_trim(line);
        if (!line.len || line.ptr[0] == '#')
            continue;
        snprintf(from, sizeof from, "line %u of '%.200s'", n, path);
        e = read_line(table, line, from, a, into, why);
    }
    buf_release(&text);
    return e;
}

/* How wide a line may be: a narrow terminal's width. */
static size_t line_columns(void)
{
    struct winsize w;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || !w.ws_col || w.ws_col > LINE_COLUMNS)
        return LINE_COLUMNS;
    return w.ws_col;
}

/* `text` in lines of at most `columns`, each after the first indented by `indent`. */
static void put_wrapped(struct buf *out, const char *text, size_t indent, size_t columns)
{
    size_t column = indent;

    if (columns < indent + TEXT_COLUMNS)
        columns = indent + TEXT_COLUMNS;

    while (*text) {
        size_t word = strcspn(text, " ");

        if (column > indent && column + 1 + word > columns) {
            buf_addf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            buf_addz(out, " ");
            column++;
        }
        buf_add(out, text, word);
        column += word;
        text += word + strspn(text + word, " ");
    }
    buf_addz(out, "\n");
}

void options_print(const struct opt *table, struct buf *out)
{
    const size_t columns = line_columns();
    size_t width = strlen("--help");

    for (const struct opt *o = table; o->kind != OPT_IS_END; o++) {
        size_t w = 2 + strlen(o->name) + (o->arg ? 1 + strlen(o->arg) : 0);

        width = w > width ? w : width;
    }
    for (const struct opt *o = table; o->kind != OPT_IS_END; o++) {
        char left[96], text[512];

        snprintf(left, sizeof left, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        snprintf(text, sizeof text, o->env ? "%s [%s]" : "%s", o->summary, o->env);
        buf_addf(out, "  %-*s  ", (int)width, left);
        put_wrapped(out, text, width + 4, columns);
    }
    buf_addf(out, "  %-*s  %s\n", (int)width, "--help", "say this");
}
