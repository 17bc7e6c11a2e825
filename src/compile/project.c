/* project.c — see project.h. */
#include "compile/project.h"

#define MANIFEST_MAX 65536

/* "[name]", and perhaps a comment. */
static bool is_section(struct str line, const char *name)
{
    struct str inner, more = str_cut(str_skip(line, 1), ']', &inner);

    more = str_trim(more);
    return str_eqz(str_trim(inner), name) && (!more.len || more.ptr[0] == '#');
}

struct str toml_get(struct str text, const char *section, const char *key)
{
    bool here = false;

    while (text.len) {
        struct str line, name, value;

        text = str_cut(text, '\n', &line);
        line = str_trim(line);
        if (str_starts(line, STR("[")))
            here = is_section(line, section);
        if (!here || str_starts(line, STR("#")))
            continue;
        value = str_trim(str_cut(line, '=', &name));
        if (!str_eqz(str_trim(name), key) || value.len < 2 ||
            (value.ptr[0] != '"' && value.ptr[0] != '\''))
            continue;
        (void)str_cut(str_skip(value, 1), value.ptr[0], &value);
        return value;
    }
    return STR_NONE;
}

static enum err manifest_read(struct job *j, struct project *p, struct buf *why)
{
    struct buf text = BUF_INIT(MANIFEST_MAX);
    enum err e = job_read(j, "src/outlayer.toml", &text, why);

    if (e == ERR_ABSENT)
        e = ERR_OK;
    else if (e == ERR_TOO_BIG)
        e = job_fail(j, COMPILE_PROJECT, "outlayer.toml is larger than %d bytes", MANIFEST_MAX);
    if (!e && !str_is_utf8(buf_str(&text)))
        e = job_fail(j, COMPILE_PROJECT, "outlayer.toml is no UTF-8 text");
    if (!e) {
        j->language = arena_str(&j->arena, toml_get(buf_str(&text), "build", "language"));
        p->program = arena_str(&j->arena, toml_get(buf_str(&text), "build", "program"));
    }
    buf_release(&text);
    return e;
}

static enum err language_find(struct job *j)
{
    bool rust = job_has(j, "src/Cargo.toml"), go = job_has(j, "src/go.mod");
    struct job_list root, below;

    if (j->language.len) {
        if (str_eqz(j->language, "rust") || str_eqz(j->language, "c") || str_eqz(j->language, "go"))
            return ERR_OK;
        return job_fail(j, COMPILE_PROJECT,
                        "outlayer.toml names the language '%.*s'; known are rust, c and go",
                        STR_ARG(j->language));
    }
    if (rust && go)
        return job_fail(j, COMPILE_PROJECT,
                        "the repository has a Cargo.toml and a go.mod; say which is meant in "
                        "outlayer.toml: [build] language = \"rust\"");
    job_list(j, "src", ".c", &root);
    job_list(j, "src/src", ".c", &below);
    if (rust)
        j->language = STR("rust");
    else if (go)
        j->language = STR("go");
    else if (root.n || below.n || job_has(j, "src/Makefile"))
        j->language = STR("c");
    else
        return job_fail(j, COMPILE_PROJECT,
                        "nothing to build: the repository's root has no Cargo.toml, go.mod, "
                        "Makefile or .c file, nor src/ one (symbolic links do not count)");
    return ERR_OK;
}

enum err project_choose(struct job *j, struct project *p, const char *dir,
                        const struct job_list *found)
{
    struct buf path = BUF_INIT(512), names = BUF_INIT(512);
    enum err e = ERR_OK;

    job_list_put(found, &names);
    if (p->program.len) {
        buf_addf(&path, "%s/%.*s.wasm", dir, STR_ARG(p->program));
        if (path.full || !job_has(j, buf_z(&path)))
            e = job_fail(j, COMPILE_PROJECT,
                         "outlayer.toml names the program '%.*s', the build made: %s",
                         STR_ARG(p->program), found->n ? buf_z(&names) : "none");
    } else if (found->n == 1) {
        buf_addf(&path, "%s/%.*s", dir, STR_ARG(found->name[0]));
    } else if (!found->n) {
        e = job_fail(
            j, COMPILE_PROJECT,
            str_eqz(j->language, "rust")
                ? "the build made no program; a program has a main function, in "
                  "src/main.rs or a [[bin]]"
                : "the build made no program; make leaves NAME.wasm, a file and no link, in "
                  "the root, build/, bin/ or out/");
    } else {
        e = job_fail(j, COMPILE_PROJECT,
                     "the build made several programs (%s); say which is meant in outlayer.toml: "
                     "[build] program = \"NAME\"",
                     buf_z(&names));
    }
    if (!e)
        p->wasm = arena_str(&j->arena, buf_str(&path));
    buf_release(&path);
    buf_release(&names);
    return e;
}

enum err project_build(struct job *j, struct project *out, struct buf *why)
{
    enum err e;

    *out = (struct project){0};
    e = manifest_read(j, out, why);
    if (!e)
        e = language_find(j);
    if (e)
        return e;
    if (str_eqz(j->language, "rust"))
        return rust_build(j, out, why);
    if (str_eqz(j->language, "go"))
        return go_build(j, out, why);
    return c_build(j, out, why);
}
