/* host.c — see host.h. */
#include "compile/host.h"

#include "base/file.h"
#include "base/log.h"
#include "codec/json.h"
#include "compile/project.h"

#define LIBC       "/usr/lib/wasm32-wasi/libc.a"
#define LIBC_MAX   (32u << 20)
#define LIBC_SHOWN 6 /* bytes of its hash */
#define LINE_MAX_  200

/* Each line is a wall that does not hold. */
static const char test_script[] =
    "[ \"$(id -u)\" = 1000 ] || echo 'it runs as the wrong user'\n"
    "for f in /root /home /var /etc/passwd; do [ ! -e $f ] || echo \"it sees $f\"; done\n"
    "(: > /usr/outlayer-test) 2>/dev/null && echo 'it can write to /usr'\n"
    "(: > /outlayer-test) 2>/dev/null && echo 'it can write to its root'\n"
    "unshare -Ur true 2>/dev/null && echo 'it can make namespaces'\n"
    "[ \"$(grep -c : /proc/net/dev)\" = 1 ] || echo 'it has a network'\n"
    "[ \"$(ls /proc | grep -c '^[1-9]')\" -lt 9 ] || echo 'it sees processes of the machine'\n"
    "git --version > /dev/null || echo 'git is not installed'\n"
    "make --version > /dev/null || echo 'make is not installed'\n"
    "zstd --version > /dev/null || echo 'zstd is not installed'\n"
    ": > /work/out/test || echo 'it cannot write to its folder'\n"
    "exit 0\n";

struct heard {
    struct buf *first; /* of the lines */
    unsigned n;
};

static void hear(void *ctx, struct str line)
{
    struct heard *h = ctx;

    if (!h->n++)
        buf_add_str(h->first, str_head(line, LINE_MAX_));
}

/* Add the first line that `argv` prints. */
static enum err first_line(struct job *j, const char *const *argv, struct buf *out, struct buf *why)
{
    static const char *const env[] = {"GOTOOLCHAIN", "local", "GOENV", "off", NULL};
    struct heard h = {.first = out};
    const struct tool t = {.argv = argv, .env = env, .quiet = true, .line = hear, .ctx = &h};
    int status;
    enum err e = job_tool(j, &t, &status, why);

    if (!e && status)
        e = err_put(why, ERR_IO, "'%s' failed with exit status %d", argv[0], status);
    return e;
}

static enum err libc_put(struct buf *out, struct buf *why)
{
    struct buf bytes = BUF_INIT(LIBC_MAX);
    enum err e = file_read(LIBC, &bytes, why);

    if (!e) {
        struct hash256 is = sha256(buf_str(&bytes));

        buf_addz(out, ", wasi-libc ");
        for (size_t i = 0; i < LIBC_SHOWN; i++)
            buf_addf(out, "%02x", is.b[i]);
    }
    buf_release(&bytes);
    return e;
}

enum err host_compiler(struct job *j, struct str language, struct str *out, struct buf *why)
{
    static const char *const clang[] = {"clang-14", "--version", NULL};
    static const char *const ld[] = {"wasm-ld-14", "--version", NULL};
    const char *const go[] = {go_find(), "version", NULL};
    struct buf text = BUF_INIT(1024);
    enum err e = ERR_OK;

    if (str_eqz(language, "rust") && rust_here(j)) {
        buf_add_str(&text, j->toolchain_id);
    } else if (str_eqz(language, "go") && go[0]) {
        e = first_line(j, go, &text, why);
    } else if (str_eqz(language, "c") && file_exists("/usr/bin/clang-14") && file_exists(LIBC)) {
        e = first_line(j, clang, &text, why);
        buf_addz(&text, ", ");
        if (!e)
            e = first_line(j, ld, &text, why);
        if (!e)
            e = libc_put(&text, why);
    }
    if (!e)
        *out = arena_str(&j->arena, buf_str(&text));
    buf_release(&text);
    return e;
}

/* "rustc 1.96.0 ac68faa20 …" and "rustc 1.96.0 (ac68faa20 2026-05-25) …" */
static bool is_same_rustc(struct str id, struct str said)
{
    struct str a, b;

    for (unsigned i = 0; i < 3; i++) {
        id = str_cut(id, ' ', &a);
        said = str_cut(said, ' ', &b);
        if (!str_eq(a, str_skip(b, str_starts(b, STR("(")))))
            return false;
    }
    return true;
}

/* A toolchain is made for one compiler. After an update of the machine /usr may have another, and
 * one from elsewhere may not run here: then there is no Rust. */
static void rust_try(struct job *j, struct str *version)
{
    const char *const argv[] = {rust_compiler(), "--version", NULL};
    char room[LINE_MAX_ + 1];
    struct buf said = BUF_OVER(room), why = WHY_INIT;

    if (first_line(j, argv, &said, &why)) {
        log_unusual("toolchain_broken", "why=%s said=%s", buf_z(&why), buf_z(&said));
        *version = STR_NONE;
    } else if (!is_same_rustc(*version, buf_str(&said))) {
        log_unusual("toolchain_stale", "made_for=%.*s here=%s todo=tools/build-toolchain",
                    STR_ARG(*version), buf_z(&said));
        *version = STR_NONE;
    }
    buf_release(&why);
}

enum err host_test(struct job *j, struct buf *why)
{
    static const char *const languages[] = {"c", "go", "rust"};
    static const char *const argv[] = {"sh", "-c", test_script, NULL};
    char room[LINE_MAX_ + 1];
    struct buf first = BUF_OVER(room);
    struct str version;
    enum err e = first_line(j, argv, &first, why);

    if (!e && first.len)
        e = err_put(why, ERR_DENIED, "the sandbox of builds does not hold: %s", buf_z(&first));
    json_obj(&j->record);
    for (size_t i = 0; i < countof(languages) && !e; i++) {
        e = host_compiler(j, str_of(languages[i]), &version, why);
        if (!e && version.len && str_eqz(str_of(languages[i]), "rust"))
            rust_try(j, &version);
        json_key(&j->record, languages[i]);
        if (!e && version.len)
            json_put_str(&j->record, version);
        else
            json_put_null(&j->record);
    }
    json_obj_end(&j->record);
    return e;
}
