/* secrets_input.c — see secrets_input.h. */
#include "cli/secrets_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static enum err put(struct buf *out, struct str name, struct str value, struct buf *why)
{
    enum err e = secret_name_check(name, false, why);

    if (!e && !str_is_utf8(value))
        e = err_put(why, ERR_FORMAT, "the value of '%.*s' is not UTF-8", STR_ARG(name));
    if (!e) {
        json_key_str(out, name);
        json_put_str(out, value);
    }
    return e;
}

static struct str unquote(struct str s)
{
    if (s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') && s.ptr[s.len - 1] == s.ptr[0])
        return str_from(s.ptr + 1, s.len - 2);
    return s;
}

enum err secrets_lines(struct str text, struct buf *out, struct buf *why)
{
    enum err e = ERR_OK;
    size_t number = 0;

    json_obj(out);
    while (text.len && !e) {
        struct str line, name, value;

        text = str_cut(text, '\n', &line);
        number++;
        line = str_trim(line);
        if (!line.len || line.ptr[0] == '#')
            continue;
        if (!str_has_byte(line, '='))
            return err_put(why, ERR_FORMAT, "line %zu is not NAME=VALUE", number);
        value = str_cut(line, '=', &name);
        e = put(out, str_trim(name), unquote(str_trim(value)), why);
    }
    json_obj_end(out);
    return e;
}

/* One line from the terminal, unseen. */
static enum err ask(int tty, const char *name, struct buf *out, struct buf *why)
{
    struct termios before, quiet;
    enum err e = ERR_OK;

    if (tcgetattr(tty, &before))
        return err_sys(why, "ask on the terminal");
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    dprintf(tty, "%s: ", name);
    if (tcsetattr(tty, TCSAFLUSH, &quiet))
        return err_sys(why, "switch the terminal's echo off");
    for (;;) {
        char c;
        ssize_t n = read(tty, &c, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || c == '\n')
            break;
        buf_add(out, &c, 1);
        c = 0;
    }
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    dprintf(tty, "\n");
    if (out->full)
        e = err_put(why, ERR_TOO_BIG, "the value of '%s' is too long", name);
    return e;
}

static enum err prompt_all(const struct opt_list *names, struct buf *out, struct buf *why)
{
    char room[4096];
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    enum err e = ERR_OK;

    if (tty < 0)
        return err_put(why, ERR_ABSENT, "there is no terminal to ask on; use --env-file, or stdin");
    for (size_t i = 0; i < names->n && !e; i++) {
        struct buf value = BUF_OVER(room);

        e = ask(tty, names->item[i], &value, why);
        if (!e)
            e = put(out, str_of(names->item[i]), buf_str(&value), why);
    }
    mem_wipe(room, sizeof(room));
    fd_close(&tty);
    return e;
}

static enum err text_read(const char *file, struct buf *text, struct buf *why)
{
    enum err e;

    if (file && strcmp(file, "-") != 0)
        return file_read(file, text, why);
    e = fd_read_all(STDIN_FILENO, text, why);
    return e == ERR_TOO_BIG ? err_put(why, e, "stdin has more than %d bytes", SECRETS_TEXT_MAX) : e;
}

enum err secrets_input(const char *file, const struct opt_list *prompt, struct buf *out,
                       struct buf *why)
{
    bool read = file || (!prompt->n && !isatty(STDIN_FILENO));
    char *room = mem_alloc(SECRETS_TEXT_MAX + 1);
    struct buf text = {
        .ptr = room, .cap = SECRETS_TEXT_MAX, .max = SECRETS_TEXT_MAX, .fixed = true};
    struct secret_set *b = mem_new(struct secret_set);
    enum err e = read ? text_read(file, &text, why) : ERR_OK;
    struct str s = str_trim(buf_str(&text));

    if (!e && s.len && s.ptr[0] == '{') {
        e = secret_set_parse(s, b, why);
        if (!e)
            e = secret_set_check_names(b, why);
        if (!e)
            secret_set_put(out, b);
    } else if (!e) {
        e = secrets_lines(s, out, why);
    }
    if (!e && prompt->n) {
        out->len--; /* goes on in the object that was closed */
        e = prompt_all(prompt, out, why);
        json_obj_end(out);
    }
    if (!e && out->full)
        e = err_put(why, ERR_TOO_BIG, "the secrets have more than %d bytes", SECRETS_TEXT_MAX);
    if (!e)
        e = secret_set_parse(buf_str(out), b, why); /* a name twice, too many, … */
    mem_wipe(room, SECRETS_TEXT_MAX);
    mem_free(room);
    mem_free(b);
    return e;
}
