/*
 * rust.c — building a Rust project with cargo.
 *
 * The toolchain folder has the standard library for wasm32; cargo and rustc are its own where it
 * was made from a rustup toolchain, else Debian's. There is only the one: a project that asks for
 * another in `rust-toolchain` is built with it all the same, because most pins are old and all but
 * a few programs compile with a newer one; where it fails, the error says what was asked for.
 * Programs that start while dependencies are fetched are cargo and rustc alone: build scripts and
 * procedural macros run in the second phase, which has no network.
 */
#include "compile/project.h"

#include "base/file.h"
#include "codec/wire.h"
#include "compile/crates.h"
#include "compile/skeleton.h"
#include "compile/wall.h"

#include <string.h>

#define LOCK_MAX (4u << 20)
#define ENV_MAX  48

/* This machine, in Rust's words. */
#ifdef __aarch64__
#define HOST "aarch64-unknown-linux-gnu"
#else
#define HOST "x86_64-unknown-linux-gnu"
#endif

#define SYSROOT "/toolchain/sysroot"

struct rust {
    bool component;
    bool own; /* the sysroot is a whole toolchain: compiler and linkers, too */
    const char *cargo, *target, *locked;
    const char *env[ENV_MAX];
};

static bool is_own(void)
{
    return file_exists(WALL_TOOLCHAIN "/sysroot/bin/rustc");
}

const char *rust_compiler(void)
{
    return is_own() ? SYSROOT "/bin/rustc" : "/usr/bin/rustc";
}

static void env_make(const struct job *j, const struct rust *r, const char *out[ENV_MAX])
{
    const char *const all[ENV_MAX] = {
        "CARGO_HOME",
        "/work/cargo",
        "CARGO_TARGET_DIR",
        "/work/target",
        "RUSTC",
        rust_compiler(),
        /* Empty ones keep the project's settings from putting something in rustc's place. */
        "RUSTC_WRAPPER",
        "",
        "RUSTC_WORKSPACE_WRAPPER",
        "",
        "CARGO_HTTP_PROXY",
        "socks5h://127.0.0.1:1080",
        "CARGO_NET_RETRY",
        "3",
        /* Through the door or not at all: libgit2 does not know this kind of proxy. */
        "CARGO_NET_GIT_FETCH_WITH_CLI",
        "true",
        "GIT_CONFIG_NOSYSTEM",
        "1",
        "GIT_CONFIG_GLOBAL",
        "/work/gitconfig",
        "GIT_TERMINAL_PROMPT",
        "0",
        "GIT_ALLOW_PROTOCOL",
        "https",
        "CARGO_TERM_COLOR",
        "never",
        "CARGO_TERM_PROGRESS_WHEN",
        "never",
        "CARGO_INCREMENTAL",
        "0",
        "SOURCE_DATE_EPOCH",
        j->commit_time.len ? j->commit_time.ptr : "0",
        r->own         ? NULL /* it finds what it needs */
        : r->component ? "CARGO_TARGET_WASM32_WASIP2_LINKER"
                       : "CARGO_TARGET_WASM32_WASIP1_LINKER",
        r->component ? "/toolchain/bin/wasm-component-ld" : "wasm-ld-14",
        r->component ? "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS"
                     : "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS",
        r->component ? "--sysroot=" SYSROOT " -Clink-arg=--wasm-ld-path=/usr/bin/wasm-ld-14"
                     : "--sysroot=" SYSROOT,
        NULL,
    };

    memcpy(out, all, sizeof(all));
}

#define CHANNEL_MAX      64
#define CHANNEL_FILE_MAX 4096

struct str rust_channel(struct str text)
{
    struct str line, channel = toml_get(text, "toolchain", "channel");

    if (!channel.len && str_find(text, STR("[")) == text.len) {
        (void)str_cut(text, '\n', &line);
        channel = str_trim(line);
    }
    for (size_t i = 0; i < channel.len; i++)
        if (channel.ptr[i] <= ' ' || channel.ptr[i] > '~' || channel.ptr[i] == '"')
            return STR_NONE;
    return channel.len <= CHANNEL_MAX ? channel : STR_NONE;
}

bool rust_channel_is(struct str id, struct str channel)
{
    static const char *const kinds[] = {"stable", "beta", "nightly"};
    struct str version, kind, number, date, word;

    (void)str_cut(id, ',', &id);
    id = str_cut(str_cut(id, ' ', &word), ' ', &version);
    (void)str_cut(str_cut(version, '-', &number), '.', &kind); /* "1.97.0-beta.3" */
    channel = str_head(channel, str_find(channel, STR("-x86_64-")));
    date = str_cut(channel, '-', &word);
    for (size_t i = 0; i < countof(kinds); i++)
        if (str_eqz(word, kinds[i]))
            return str_eq(word, kind.len ? kind : str_of(kinds[0])) &&
                   (!date.len || str_find(id, date) < id.len);
    /* "1.99" means the last of these */
    return str_eq(channel, version) ||
           (!kind.len && version.len > channel.len && str_starts(version, channel) &&
            version.ptr[channel.len] == '.');
}

/* What the project wants of Rust; empty: nothing, or the one in use. */
static struct str channel_read(struct job *j)
{
    static const char *const files[] = {"src/rust-toolchain.toml", "src/rust-toolchain"};
    struct str channel = STR_NONE;

    for (size_t i = 0; i < countof(files) && !channel.len; i++) {
        struct buf text = BUF_INIT(CHANNEL_FILE_MAX), why = WHY_INIT;

        if (!job_read(j, files[i], &text, &why))
            channel = arena_str(&j->arena, rust_channel(buf_str(&text)));
        buf_release(&text);
        buf_release(&why);
    }
    return rust_channel_is(j->toolchain_id, channel) ? STR_NONE : channel;
}

/* The answer of a compiler that was not the one the project had in mind. */
static enum err fail_build(struct job *j, int status)
{
    char room[COMPILE_ERROR_MAX];
    struct buf text = BUF_OVER(room);
    struct str compiler;
    enum err e = job_fail_tool(j, "cargo build", status);

    if (!j->channel.len || j->result != COMPILE_CODE)
        return e;
    (void)str_cut(j->toolchain_id, ',', &compiler);
    buf_add_str(&text, buf_str(&j->error));
    return job_fail(j, COMPILE_CODE, "rust-toolchain asks for '%.*s', this is %.*s:\n%s",
                    STR_ARG(j->channel), STR_ARG(compiler), room);
}

/* How many packages the lock file names: no more than these are compiled. */
static uint32_t packages(struct job *j)
{
    struct buf text = BUF_INIT(LOCK_MAX), why = WHY_INIT;
    struct str rest;
    uint32_t n = 0;

    if (!job_read(j, "src/Cargo.lock", &text, &why))
        for (rest = buf_str(&text); rest.len; n++) {
            size_t at = str_find(rest, STR("[[package]]"));

            if (at == rest.len)
                break;
            rest = str_skip(rest, at + 11);
        }
    buf_release(&text);
    buf_release(&why);
    return n;
}

static bool logged(const struct job *j, const char *what)
{
    struct str log = buf_str(&j->log);

    return str_find(log, str_of(what)) < log.len;
}

static enum err fail_fetch(struct job *j, int status)
{
    static const char *const network[] = {
        "network failure", "Could not resolve",      "timed out", "Timeout was reached", "SOCKS5",
        "download of",     "failed to download from"};
    char room[BROKER_REFUSED_MAX + 1];
    struct buf refused = BUF_OVER(room);

    broker_refused(&j->broker, &refused);
    if (refused.len)
        return job_fail(j, COMPILE_PROJECT,
                        "a dependency comes from '%s'; only the registry '%.*s' may be used",
                        buf_z(&refused), STR_ARG(j->ask.registries));
    if (logged(j, "needs to be updated but --locked") || logged(j, "cannot update the lock file") ||
        logged(j, "because --locked was passed"))
        return job_fail(j, COMPILE_PROJECT,
                        "Cargo.lock does not fit Cargo.toml; run `cargo update --workspace` and "
                        "commit it");
    for (size_t i = 0; i < countof(network); i++)
        if (logged(j, network[i]))
            return job_fail(j, COMPILE_NETWORK, "the registry could not be reached: %s",
                            j->diag.len ? buf_z(&j->diag) : "cargo says nothing more");
    return job_fail_tool(j, "cargo fetch", status);
}

bool rust_here(const struct job *j)
{
    return j->sandbox.toolchain &&
           file_exists(WALL_TOOLCHAIN "/sysroot/lib/rustlib/wasm32-wasip1/lib/.complete");
}

/* Is there a standard library for what is asked for? */
static enum err rust_init(struct job *j, struct rust *r)
{
    bool component = str_eqz(j->ask.target, "wasm32-wasip2");
    bool own = is_own();
    char room[128];
    struct buf std_at = BUF_OVER(room);

    *r = (struct rust){.component = component,
                       .own = own,
                       .cargo = own ? SYSROOT "/bin/cargo" : "/usr/bin/cargo",
                       .target = arena_z(&j->arena, j->ask.target),
                       .locked = job_has(j, "src/Cargo.lock") ? "--locked" : NULL};
    buf_addf(&std_at, WALL_TOOLCHAIN "/sysroot/lib/rustlib/%s/lib/.complete", r->target);
    if (!j->sandbox.toolchain || !file_exists(buf_z(&std_at)))
        return job_fail(j, COMPILE_TOOLCHAIN,
                        "this machine cannot compile Rust for %s; its operator has to run "
                        "tools/build-toolchain%s",
                        r->target, component ? " --wasip2" : "");
    env_make(j, r, r->env);
    return ERR_OK;
}

static enum err fetch(struct job *j, const struct rust *r, struct buf *why)
{
    /* cargo wants at hand what its own machine would need, too: any of it may be of a build script.
     */
    const char *const argv[] = {r->cargo,   "fetch", "--target", r->target,
                                "--target", HOST,    r->locked,  NULL};
    const struct tool t = {.argv = argv, .env = r->env, .dir = "/work/src", .net = true};
    int status;
    enum err e;

    e = job_tool(j, &t, &status, why);
    return !e && status ? fail_fetch(j, status) : e;
}

static enum err compile(struct job *j, const struct rust *r, uint32_t total, struct buf *why)
{
    const char *const argv[] = {r->cargo,   "build",   "--release", "--offline",
                                "--target", r->target, r->locked,   NULL};
    const struct tool t = {.argv = argv, .env = r->env, .dir = "/work/src"};
    int status;
    enum err e;

    j->done = 0;
    j->total = total;
    job_phase(j, COMPILE_BUILDING, STR_NONE);
    e = job_tool(j, &t, &status, why);
    return !e && status ? fail_build(j, status) : e;
}

/* Has the compiler refused a crate of the registry, and not an empty file of ours? Packages of the
 * project are named in its manifests, in quotes. */
static bool refused_crate(const struct job *j)
{
    static const char mark[] = "error: could not compile `";
    struct str log = buf_str(&j->log), path, text, name;
    struct rd r = rd_over(j->ask.skeleton);
    char room[COMPILE_NAME_MAX + 3];
    struct buf quoted = BUF_OVER(room);
    size_t at = str_find(log, str_of(mark));

    (void)str_cut(str_skip(log, at + sizeof(mark) - 1), '`', &name);
    buf_addf(&quoted, "\"%.*s\"", STR_ARG(name));
    while (name.len && skeleton_next(&r, &path, &text)) {
        if (str_ends(path, STR("Cargo.toml")) && str_find(text, buf_str(&quoted)) < text.len)
            return false;
        if (str_ends(path, STR("Cargo.toml")) && str_has_byte(text, '\''))
            return false;
    }
    return name.len && !quoted.full;
}

enum err rust_crates(struct job *j, struct buf *why)
{
    struct rust r;
    enum err e = skeleton_lay(j->ask.skeleton, why);

    if (!e)
        e = rust_init(j, &r);
    job_phase(j, COMPILE_DEPENDENCIES, STR_NONE);
    if (!e)
        e = fetch(j, &r, why);
    if (!e)
        e = compile(j, &r, packages(j), why);
    /* Whether the project compiles has to be tried with the project then. */
    if (e == ERR_GUEST && j->result == COMPILE_CODE && !refused_crate(j))
        j->result = COMPILE_PROJECT;
    if (!e)
        e = crates_pack(j, r.target, why);
    return e;
}

enum err rust_build(struct job *j, struct project *p, struct buf *why)
{
    char room[128];
    struct buf out = BUF_OVER(room);
    struct job_list found;
    struct rust r;
    bool have;
    enum err e = rust_init(j, &r);

    if (e)
        return e;
    j->locked = r.locked != NULL;
    j->channel = channel_read(j);
    if (j->channel.len)
        buf_addf(&j->log, "rust-toolchain asks for '%.*s'; this is %.*s\n", STR_ARG(j->channel),
                 STR_ARG(j->toolchain_id));
    e = crates_ask(j, &have, why);
    if (!e && !have)
        e = fetch(j, &r, why);
    if (!e)
        e = compile(j, &r, have ? 0 : packages(j), why);
    if (e)
        return e;
    buf_addf(&out, "target/%s/release", r.target);
    job_list(j, buf_z(&out), ".wasm", &found);
    return project_choose(j, p, buf_z(&out), &found);
}
