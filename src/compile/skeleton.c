/* skeleton.c — see skeleton.h. */
#include "compile/skeleton.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/wire.h"

#define PATH_MAX_    512
#define DEPTH_MAX    16
#define FILES_MAX    1024  /* of a skeleton */
#define SEEN_MAX     20000 /* names looked at in the project */
#define MANIFEST_MAX (256u << 10)

/* Documented, so that a lint that wants documentation has nothing to refuse. */
static const char empty_library[] = "//! Empty.\n";
static const char empty_program[] = "//! Empty.\nfn main() {}\n";

struct walk {
    struct job *j;
    struct buf *out;
    struct str paths[FILES_MAX];
    size_t n;
    unsigned seen;
    bool bad;
};

static struct str join(struct walk *w, struct str at, struct str name)
{
    char room[2 * PATH_MAX_ + 2];
    struct buf path = BUF_OVER(room);

    buf_add_str(&path, at);
    if (at.len)
        buf_addz(&path, "/");
    buf_add_str(&path, name);
    w->bad = w->bad || path.full || path.len > PATH_MAX_;
    return arena_str(&w->j->arena, buf_str(&path));
}

/* Where the file lies in the build's folder. */
static const char *place(struct walk *w, struct str path)
{
    return path.len ? join(w, STR("src"), path).ptr : "src";
}

bool skeleton_path_ok(struct str path)
{
    struct str rest = path, part;

    if (!path.len || path.len > PATH_MAX_ || !str_is_utf8(path) || str_ends(path, STR("/")))
        return false;
    for (size_t i = 0; i < path.len; i++)
        if ((uint8_t)path.ptr[i] < ' ' || path.ptr[i] == 0x7f)
            return false;
    while (rest.len) {
        rest = str_cut(rest, '/', &part);
        if (!part.len || str_eqz(part, ".") || str_eqz(part, ".."))
            return false;
    }
    return true;
}

static void add(struct walk *w, struct str path, struct str text)
{
    for (size_t i = 0; i < w->n; i++)
        if (str_eq(w->paths[i], path))
            return;
    if (w->n == FILES_MAX || !skeleton_path_ok(path)) {
        w->bad = true;
        return;
    }
    w->paths[w->n++] = path;
    wr_bytes(w->out, path);
    wr_bytes(w->out, text);
}

/* An empty one where the project has a file. */
static void stub(struct walk *w, struct str path, const char *text)
{
    w->bad = w->bad || w->out->full || ++w->seen > SEEN_MAX;
    if (!w->bad && job_has(w->j, place(w, path)))
        add(w, path, str_of(text));
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct listing {
    struct str *v;
    size_t n;
};

/* What is in a folder, sorted; nothing where there is none. */
static struct listing names_of(struct walk *w, struct str path)
{
    int fd = w->bad ? -1 : job_dir(w->j, place(w, path));
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct listing out = {0};
    struct dirent *entry;

    if (!d) {
        fd_close(&fd);
        return out;
    }
    while (!w->bad && readdir(d)) {
        w->bad = ++w->seen > SEEN_MAX;
        out.n++;
    }
    rewinddir(d);
    out.v = arena_new_n(&w->j->arena, struct str, out.n + 1);
    for (size_t max = out.n, n = out.n = 0; n < max && (entry = readdir(d)); n++)
        out.v[out.n++] = arena_str(&w->j->arena, str_of(entry->d_name));
    closedir(d);
    qsort(out.v, out.n, sizeof(*out.v), by_bytes);
    return out;
}

/* Programs that cargo finds by where they lie: DIR/x.rs and DIR/x/main.rs. */
static void stub_all(struct walk *w, struct str at, const char *dir)
{
    const struct str path = join(w, at, str_of(dir));
    const struct listing all = names_of(w, path);

    for (size_t i = 0; i < all.n && !w->bad; i++) {
        struct str name = all.v[i];

        if (str_ends(name, STR(".rs")))
            stub(w, join(w, path, name), empty_program);
        else if (name.ptr[0] != '.')
            stub(w, join(w, join(w, path, name), STR("main.rs")), empty_program);
    }
}

/* Files that a line of a manifest names: every quoted text that ends in ".rs". */
static void stub_named(struct walk *w, struct str at, struct str line, bool library)
{
    while (line.len && !w->bad) {
        char quote;
        struct str text;

        while (line.len && line.ptr[0] != '"' && line.ptr[0] != '\'')
            line = str_skip(line, 1);
        if (!line.len)
            return;
        quote = line.ptr[0];
        line = str_cut(str_skip(line, 1), quote, &text);
        if (!str_ends(text, STR(".rs")))
            continue;
        if (str_starts(text, STR("./")))
            text = str_skip(text, 2);
        stub(w, join(w, at, text), library ? empty_library : empty_program);
    }
}

static bool has(struct str text, const char *what)
{
    return str_find(text, str_of(what)) < text.len;
}

/* Does a table or a key of the file have this name, in whichever of TOML's ways it is written? A
 * name with escapes in it may be any. */
static bool names(struct str text, const char *key)
{
    struct str rest, line;

    if (has(text, "\\u") || has(text, "\\U") || has(text, "\\x"))
        return true;
    for (rest = text; rest.len;) {
        rest = str_cut(rest, '\n', &line);
        /* a byte order mark, too */
        while (line.len && ((uint8_t)line.ptr[0] >= 0x80 || strchr(" \t[\"'", line.ptr[0])))
            line = str_skip(line, 1);
        if (str_starts(line, str_of(key))) {
            line = str_skip(line, str_of(key).len);
            if (line.len && strchr(" \t.=]\"'", line.ptr[0]))
                return true;
        }
    }
    return false;
}

/* A file as it is. */
static struct str whole(struct walk *w, struct str path, size_t max)
{
    struct buf text = BUF_INIT(max), ignored = WHY_INIT;
    struct str out = STR_NONE;

    w->bad = w->bad || job_read(w->j, place(w, path), &text, &ignored);
    if (!w->bad) {
        out = arena_str(&w->j->arena, buf_str(&text));
        add(w, path, out);
    }
    buf_release(&text);
    buf_release(&ignored);
    return out;
}

static void package(struct walk *w, struct str at)
{
    static const struct {
        const char *section, *dir;
    } more[] = {{"[[test", "tests"}, {"[[bench", "benches"}, {"[[example", "examples"}};
    const struct str path = join(w, at, STR("Cargo.toml"));
    const struct str text = whole(w, path, MANIFEST_MAX);
    struct str rest, line;
    bool library = false;

    /* With these the project's own code could take part in compiling a crate of the registry. */
    w->bad = w->bad || names(text, "patch") || names(text, "replace");
    for (rest = text; rest.len && !w->bad;) {
        rest = str_cut(rest, '\n', &line);
        line = str_trim(line);
        if (str_starts(line, STR("[")))
            library = str_starts(line, STR("[lib]"));
        else if (!str_starts(line, STR("#")))
            stub_named(w, at, line, library);
    }
    stub(w, join(w, at, STR("build.rs")), empty_program);
    stub(w, join(w, at, STR("src/lib.rs")), empty_library);
    stub(w, join(w, at, STR("src/main.rs")), empty_program);
    stub_all(w, at, "src/bin");
    /* They are not built, but a manifest that names one without its file is refused. */
    for (size_t i = 0; i < countof(more); i++)
        if (has(text, more[i].section))
            stub_all(w, at, more[i].dir);
}

static void look(struct walk *w, struct str at, unsigned depth)
{
    const struct listing all = names_of(w, at);

    if (job_has(w->j, place(w, join(w, at, STR("Cargo.toml")))))
        package(w, at);
    w->bad = w->bad || depth > DEPTH_MAX;
    for (size_t i = 0; i < all.n && !w->bad; i++)
        if (all.v[i].ptr[0] != '.' && !str_eqz(all.v[i], "target"))
            look(w, join(w, at, all.v[i]), depth + 1);
}

/* cargo's settings. With some of them cargo, or a crate's build script, reads more of the project
 * than is in a skeleton, and so it does where they are a link to elsewhere. */
static void settings(struct walk *w)
{
    static const char *const keys[] = {"include", "paths", "patch"};
    const struct listing root = names_of(w, STR_NONE), all = names_of(w, STR(".cargo"));

    for (size_t i = 0; i < root.n; i++)
        w->bad = w->bad || (str_eqz(root.v[i], ".cargo") && !all.v);
    for (size_t i = 0; i < all.n && !w->bad; i++) {
        struct str text;

        if (!str_eqz(all.v[i], "config") && !str_eqz(all.v[i], "config.toml"))
            continue;
        text = whole(w, join(w, STR(".cargo"), all.v[i]), MANIFEST_MAX);
        w->bad = w->bad || has(text, "relative");
        for (size_t k = 0; k < countof(keys); k++)
            w->bad = w->bad || names(text, keys[k]);
    }
}

bool skeleton_make(struct job *j, struct buf *out)
{
    struct walk *w = arena_new(&j->arena, struct walk);
    struct str lock;

    w->j = j;
    w->out = out;
    lock = whole(w, STR("Cargo.lock"), COMPILE_SKELETON_MAX);
    if (!has(lock, "\nsource = \"registry+"))
        return false;
    settings(w);
    look(w, STR_NONE, 0);
    return !w->bad && !out->full;
}

bool skeleton_next(struct rd *r, struct str *path, struct str *text)
{
    if (!rd_left(r) || r->bad)
        return false;
    *path = rd_text(r, PATH_MAX_);
    *text = rd_bytes(r, COMPILE_SKELETON_MAX);
    if (!r->bad && !skeleton_path_ok(*path))
        rd_fail(r);
    return !r->bad;
}

/* Into the folder that this process has made itself: there are no links yet. */
static enum err lay(struct str path, struct str text, struct buf *why)
{
    char room[PATH_MAX_ + 8];
    struct buf at = BUF_OVER(room);
    enum err e;
    int fd;

    buf_addf(&at, "src/%.*s", STR_ARG(path));
    for (char *c = room; *c; c++)
        if (*c == '/') {
            *c = '\0';
            if (mkdir(room, 0700) && errno != EEXIST)
                return err_sys(why, "cannot make the folder '%s'", room);
            *c = '/';
        }
    fd = open(room, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys(why, "cannot make the file '%s'", room);
    e = fd_write_all(fd, text.ptr, text.len, why);
    fd_close(&fd);
    return e;
}

enum err skeleton_lay(struct str skeleton, struct buf *why)
{
    struct rd r = rd_over(skeleton);
    struct str path, text;
    enum err e = ERR_OK;

    for (size_t n = 0; !e && skeleton_next(&r, &path, &text); n++)
        e = n < FILES_MAX ? lay(path, text, why)
                          : err_put(why, ERR_FORMAT, "a skeleton has too many files");
    if (!e && !rd_end(&r))
        e = err_put(why, ERR_FORMAT, "malformed skeleton at byte %zu", r.at);
    return e;
}
