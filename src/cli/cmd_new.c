/*
 * cmd_new.c — `outlayer new`: a folder with a small complete program to begin with.
 *
 * The files lie under share/outlayer/sdk; @NAME@ in them becomes the program's name. Nothing that
 * is there already is touched.
 */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/term.h"
#include "codec/put.h"
#include "proc/self.h"

#define NAME_MAX_LEN 64
#define FILE_MAX     (256 * 1024)
#define FILES_MAX    12

struct new_opts {
    const char *dir;
    bool json;
};

static const struct opt new_options[] = {
    OPT_TEXT("dir", "DIR", struct new_opts, dir, NULL, "folder to make (default: the name)"),
    OPT_FLAG("json", struct new_opts, json, "print what was made as one JSON object"),
    OPT_END,
};

static const char *const new_examples[] = {
    "outlayer new c dice",
    "outlayer new rust weather --dir ~/src/weather",
    NULL,
};

const struct command command_new = {
    .name = "new",
    .summary = "begin a program in C, Rust or Go",
    .usage = "c|rust|go NAME [options]",
    .about = "Makes a folder with a small program, ready to build, run and put on GitHub.",
    .verbs = "c rust go",
    .options = new_options,
    .examples = new_examples,
    .run = cmd_new,
};

/* What a template is made of: where it lies under share/outlayer/sdk, and what it is called. */
struct template_file {
    const char *from, *to;
};
struct template
{
    const char *language, *target;
    struct template_file files[FILES_MAX];
};
static const struct template templates[] = {
    {"c",
     "wasm32-wasip1",
     {{"templates/c/main.c", "main.c"},
      {"templates/c/Makefile", "Makefile"},
      {"templates/c/README.md", "README.md"},
      {"templates/c/gitignore", ".gitignore"},
      {"c/outlayer.h", "sdk/outlayer.h"},
      {"c/outlayer.c", "sdk/outlayer.c"},
      {"c/outlayer_near.c", "sdk/outlayer_near.c"},
      {"c/near_type.inc", "sdk/near_type.inc"},
      {"c/outlayer_http.c", "sdk/outlayer_http.c"},
      {"c/http_type.inc", "sdk/http_type.inc"}}},
    {"rust",
     "wasm32-wasip2",
     {{"templates/rust/Cargo.toml", "Cargo.toml"},
      {"templates/rust/main.rs", "src/main.rs"},
      {"templates/rust/README.md", "README.md"},
      {"templates/rust/gitignore", ".gitignore"}}},
    {"go",
     "wasm32-wasip1",
     {{"templates/go/go.mod", "go.mod"},
      {"templates/go/main.go", "main.go"},
      {"templates/go/README.md", "README.md"},
      {"templates/go/gitignore", ".gitignore"}}},
};

static const struct template *template_find(const char *language)
{
    for (size_t i = 0; i < countof(templates); i++)
        if (strcmp(templates[i].language, language) == 0)
            return &templates[i];
    return NULL;
}

/* What cargo, go and a file system all take. */
static bool name_valid(struct str name)
{
    if (!name.len || name.len > NAME_MAX_LEN || name.ptr[0] < 'a' || name.ptr[0] > 'z')
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", name.ptr[i]))
            return false;
    return true;
}

static void put_named(struct str text, struct str name, struct buf *out)
{
    static const char mark[] = "@NAME@";
    const char *end = text.ptr + text.len;

    while (text.len) {
        const char *at = memmem(text.ptr, text.len, mark, sizeof(mark) - 1);
        const char *next = at ? at + sizeof(mark) - 1 : end;

        buf_add(out, text.ptr, (size_t)((at ? at : end) - text.ptr));
        if (at)
            buf_add_str(out, name);
        text = str_from(next, (size_t)(end - next));
    }
}

static enum err make_file(const struct template_file *f, const char *dir, struct str name,
                          struct buf *why)
{
    struct arena arena = ARENA_INIT;
    struct buf source = BUF_INIT(256), path = BUF_INIT(4096), folder = BUF_INIT(4096);
    struct buf text = BUF_INIT(FILE_MAX), made = BUF_INIT(FILE_MAX);
    const char *from;
    enum err e;

    buf_addf(&source, "sdk/%s", f->from);
    buf_addf(&path, "%s/%s", dir, f->to);
    buf_addf(&folder, "%.*s", (int)(strrchr(buf_z(&path), '/') - path.ptr), path.ptr);
    e = self_share(&arena, buf_z(&source), &from, why);
    if (!e)
        e = file_read(from, &text, why);
    if (!e && mkdir(buf_z(&folder), 0755) != 0 && errno != EEXIST)
        e = err_sys(why, "the folder '%s' cannot be made", buf_z(&folder));
    if (!e) {
        put_named(buf_str(&text), name, &made);
        e = file_write_atomic(buf_z(&path), buf_str(&made), 0644, why);
    }
    buf_release(&source);
    buf_release(&path);
    buf_release(&folder);
    buf_release(&text);
    buf_release(&made);
    arena_release(&arena);
    return e;
}

static enum err make(const struct template *t, const char *dir, struct str name, struct buf *why)
{
    enum err e = ERR_OK;

    /* Open to others, as sources are: the sandbox of `outlayer build` is another user. */
    umask(022);
    if (rmdir(dir) != 0 && errno != ENOENT)
        return err_put(why, ERR_CONFLICT,
                       "'%s' is there already and not empty; choose another --dir", dir);
    for (size_t i = 0; !e && i < FILES_MAX && t->files[i].from; i++)
        e = make_file(&t->files[i], dir, name, why);
    return e;
}

static void say_next(const struct template *t, const char *dir, const char *name)
{
    bool component = strcmp(t->target, "wasm32-wasip2") == 0;

    printf("%s%s%s is ready. Next:\n\n"
           "  cd %s\n"
           "  git init -b main . && git add . && git commit -m begin\n"
           "  outlayer build . %s--output %s.wasm\n"
           "  outlayer run %s.wasm --input '{\"name\":\"Alice\"}'\n",
           term(stdout, TERM_BOLD), dir, term(stdout, TERM_PLAIN), dir,
           component ? "--target wasm32-wasip2 " : "", name, name);
}

static void say_json(const struct template *t, const char *dir, const char *name)
{
    struct buf b = BUF_INIT(16 * 1024);

    json_obj(&b);
    put_z(&b, "name", name);
    put_z(&b, "language", t->language);
    put_z(&b, "build_target", t->target);
    put_z(&b, "folder", dir);
    json_key(&b, "files");
    json_arr(&b);
    for (size_t i = 0; i < FILES_MAX && t->files[i].to; i++)
        json_putz(&b, t->files[i].to);
    json_arr_end(&b);
    json_obj_end(&b);
    puts(buf_z(&b));
    buf_release(&b);
}

int cmd_new(int argc, char **argv)
{
    struct new_opts o = {0};
    struct buf why = WHY_INIT;
    const struct template *t = NULL;
    const char *name, *dir;
    int operands, status;

    if (!command_begin(&command_new, argc, argv, &o, &operands, &status))
        return status;
    if (argc - operands == 2)
        t = template_find(argv[operands]);
    if (argc - operands != 2)
        (void)err_put(&why, ERR_FORMAT, "name a language and the program");
    else if (!t)
        (void)err_put(&why, ERR_FORMAT, "'%s' is no language of templates; c, rust and go are",
                      argv[operands]);
    else if (!name_valid(str_of(argv[operands + 1])))
        (void)err_put(
            &why, ERR_FORMAT,
            "'%s' cannot be a program's name; begin with a-z, go on with a-z, 0-9, - or _, "
            "%u at most",
            argv[operands + 1], NAME_MAX_LEN);
    if (why.len || !t) {
        status = command_misused(&command_new, &why);
        goto out;
    }
    name = argv[operands + 1];
    dir = o.dir ? o.dir : name;
    if (make(t, dir, str_of(name), &why)) {
        status = command_failed(&why);
        goto out;
    }
    status = EXIT_DONE;
    if (o.json)
        say_json(t, dir, name);
    else
        say_next(t, dir, name);
out:
    buf_release(&why);
    return status;
}
