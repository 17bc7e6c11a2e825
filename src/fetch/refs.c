/* refs.c — see refs.h. */
#include "fetch/refs.h"

#include "builder/repo.h"

#define PKT_HEAD 4
#define PKT_MAX  65520 /* bytes of a line with its head */

static void line_put(struct buf *out, const char *what, struct str name)
{
    size_t len = PKT_HEAD + str_of(what).len + name.len + 1;

    buf_addf(out, "%04zx%s", len, what);
    buf_add_str(out, name);
    buf_addz(out, "\n");
}

void refs_ask_write(struct buf *out, struct str ref)
{
    line_put(out, "command=ls-refs", STR_NONE);
    line_put(out, "agent=outlayer", STR_NONE);
    buf_addz(out, "0001"); /* what follows are the command's arguments */
    line_put(out, "peel", STR_NONE);
    line_put(out, "ref-prefix refs/heads/", ref);
    line_put(out, "ref-prefix refs/tags/", ref);
    buf_addz(out, "0000");
}

static bool hex4(struct str s, size_t *out)
{
    *out = 0;
    for (size_t i = 0; i < PKT_HEAD; i++) {
        char c = i < s.len ? s.ptr[i] : 'x';

        if (c >= '0' && c <= '9')
            *out = *out << 4 | (size_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *out = *out << 4 | (size_t)(c - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* Is `name` the prefix and then the ref? */
static bool is_ref(struct str name, const char *prefix, struct str ref)
{
    struct str p = str_of(prefix);

    return str_starts(name, p) && str_eq(str_skip(name, p.len), ref);
}

struct found {
    struct str head, tag, peeled;
};

/* "<40 digits> <name>[ peeled:<40 digits>][ …]" */
static bool line_read(struct str line, struct str ref, struct found *f)
{
    struct str sha, name, more = str_cut(line, ' ', &sha), one;

    if (!ref_is_sha(sha) || !more.len)
        return false;
    more = str_cut(more, ' ', &name);
    if (is_ref(name, "refs/heads/", ref))
        f->head = sha;
    if (!is_ref(name, "refs/tags/", ref))
        return true;
    f->tag = sha;
    while (more.len) {
        more = str_cut(more, ' ', &one);
        if (!str_starts(one, STR("peeled:")))
            continue;
        f->peeled = str_skip(one, sizeof("peeled:") - 1);
        if (!ref_is_sha(f->peeled))
            return false;
    }
    return true;
}

enum err refs_answer_read(struct str answer, struct str ref, struct str *commit, struct buf *why)
{
    struct found f = {STR_NONE, STR_NONE, STR_NONE};
    size_t len;

    for (;;) {
        struct str line;

        if (!hex4(answer, &len) || (len && (len <= PKT_HEAD || len > PKT_MAX)) || len > answer.len)
            return err_put(why, ERR_FORMAT, "the git server's answer is no list of refs");
        if (!len)
            break; /* the end */
        line = str_from(answer.ptr + PKT_HEAD, len - PKT_HEAD);
        if (str_ends(line, STR("\n")))
            line = str_head(line, line.len - 1);
        if (!line_read(line, ref, &f))
            return err_put(why, ERR_FORMAT, "the git server's answer is no list of refs");
        answer = str_skip(answer, len);
    }
    if (answer.len != PKT_HEAD)
        return err_put(why, ERR_FORMAT, "the git server's list of refs does not end");
    if (!f.head.len && !f.tag.len)
        return err_put(why, ERR_ABSENT, "there is no branch or tag of that name");
    *commit = f.head.len ? f.head : f.peeled.len ? f.peeled : f.tag;
    return ERR_OK;
}
