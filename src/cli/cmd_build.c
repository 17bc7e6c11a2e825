/*
 * cmd_build.c — `outlayer build`: compile a repository here as a worker would compile it.
 *
 * The same compile child, sandbox, recipes and limits as in production (lib/builder): the same
 * commit gives the same bytes, so this is also how anybody checks what a worker has run.
 */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "builder/builder.h"
#include "cli/term.h"
#include "codec/json.h"
#include "proc/memfd.h"

struct build_opts {
    const char *commit, *target, *output, *toolchain, *log;
    uint64_t max_seconds, max_memory_mb, max_disk_mb;
    bool json;
};

static const struct opt build_options[] = {
    OPT_TEXT("commit", "REF", struct build_opts, commit, NULL,
             "branch, tag or full commit (default main)"),
    OPT_TEXT("target", "NAME", struct build_opts, target, NULL,
             "wasm32-wasip1 (default) or wasm32-wasip2"),
    OPT_TEXT("output", "FILE", struct build_opts, output, NULL,
             "where the program goes (default <sha256>.wasm)"),
    OPT_TEXT("log", "FILE", struct build_opts, log, NULL, "write the whole build log there"),
    OPT_TEXT("toolchain", "DIR", struct build_opts, toolchain, NULL,
             "what tools/build-toolchain made (default: in the user's cache)"),
    OPT_U64("max-seconds", "N", struct build_opts, max_seconds, 1, COMPILE_SECONDS_MAX, NULL,
            "seconds it may take (default 300)"),
    OPT_U64("max-memory-mb", "N", struct build_opts, max_memory_mb, 64, COMPILE_MEMORY_MB_MAX, NULL,
            "MiB of memory (default 4096)"),
    OPT_U64("max-disk-mb", "N", struct build_opts, max_disk_mb, 16, COMPILE_DISK_MB_MAX, NULL,
            "MiB of sources and of what is made of them (default 2048)"),
    OPT_FLAG("json", struct build_opts, json, "print the build record as one JSON object"),
    OPT_END,
};

static const char *const build_examples[] = {
    "outlayer build alice/dice --commit main",
    "outlayer build https://github.com/alice/dice --commit "
    "0123456789abcdef0123456789abcdef01234567 --output dice.wasm",
    "outlayer build . --commit main",
    NULL,
};

const struct command command_build = {
    .name = "build",
    .summary = "compile a repository as a worker would",
    .usage = "REPO [options]",
    .about =
        "Fetches one commit of a repository on GitHub, or of a git folder of this machine, and\n"
        "compiles it in the worker's own sandbox: no network while it compiles, no files of\n"
        "this machine, no keys. The same commit gives the same bytes on every machine with\n"
        "the same toolchain. What is not committed is not seen.",
    .options = build_options,
    .examples = build_examples,
    .run = cmd_build,
};

/* One line that is written over, on a terminal; elsewhere a line for each phase. */
static bool show(void *ctx, const struct compile_progress *p)
{
    enum compile_phase *last = ctx;
    bool tty = isatty(STDERR_FILENO);

    if (!tty && p->phase == *last)
        return true;
    fprintf(stderr, "%s%5.1f s  %s", tty ? "\r\033[K" : "", p->elapsed_ms / 1000.0,
            compile_phase_name(p->phase));
    if (p->total)
        fprintf(stderr, " %u of %u", p->done, p->total);
    if (p->name.len)
        fprintf(stderr, " %.*s", STR_ARG(p->name));
    if (!tty)
        fputc('\n', stderr);
    *last = p->phase;
    return true;
}

/* A folder of this machine, or the name of a repository. */
static enum err repo_find(const char *name, struct buf *out, struct buf *why)
{
    struct str s = str_of(name);
    struct buf git = BUF_INIT(4096);
    char *path;
    enum err e;

    if (name[0] != '.' && name[0] != '/' && (strchr(name, '/') || !file_exists(name)))
        return repo_normalise(s, true, out, why);
    path = realpath(name, NULL);
    if (!path)
        return err_sys(why, "there is no folder '%s'", name);
    buf_addf(&git, "%s/.git", path);
    if (!file_exists(buf_z(&git))) {
        e = err_put(why, ERR_ABSENT,
                    "'%s' is no git folder, and what is built is what is committed: run "
                    "`git init -b main . && git add . && git commit -m first` in it",
                    name);
        buf_release(&git);
        free(path);
        return e;
    }
    buf_release(&git);
    buf_addf(out, "file://%s", path);
    e = out->len > REPO_MAX ? err_put(why, ERR_TOO_BIG, "the path '%.100s…' is too long", path)
                            : ERR_OK;
    free(path);
    return e;
}

static enum err save(const struct built *b, const char *path, struct buf *why)
{
    struct str map;
    enum err e = memfd_map(b->fd, COMPILE_WASM_MAX, &map, why);

    if (!e) {
        e = file_write_atomic(path, map, 0644, why);
        memfd_unmap(&map);
    }
    return e;
}

static enum err build(const struct build_opts *o, const char *repo, struct arena *a,
                      struct built *out, struct buf *why)
{
    struct buf url = BUF_INIT(REPO_MAX * 2), dir = BUF_INIT(STORE_PATH_MAX), ignored = WHY_INIT;
    struct store *crates = arena_new(a, struct store);
    enum compile_phase last = COMPILE_CHECKING;
    struct compile_ask ask = {.ref = str_of(o->commit),
                              .target = target_normalise(str_of(o->target)),
                              .seconds = (uint32_t)o->max_seconds,
                              .memory_mb = (uint32_t)o->max_memory_mb,
                              .disk_mb = (uint32_t)o->max_disk_mb,
                              .toolchain = o->toolchain ? str_of(o->toolchain) : build_toolchain(a),
                              .registries = STR(BUILD_REGISTRIES)};
    bool kept;
    enum err e = repo_find(repo, &url, why);

    if (!e)
        e = ref_check(ask.ref, why);
    if (!e && !ask.target.len)
        e = err_put(why, ERR_FORMAT, "'%s' is no target; there are wasm32-wasip1 and wasm32-wasip2",
                    o->target);
    ask.repo = buf_str(&url);
    ask.dev = !str_starts(ask.repo, STR("https://"));
    /* A machine without a cache folder compiles crates anew, no more. */
    kept = build_cache("crates", &dir) &&
           store_init(crates, buf_z(&dir), (uint64_t)BUILD_CRATES_MB << 20, &ignored) == ERR_OK;
    if (!e)
        e = build_run(NULL, &ask, kept ? crates : NULL, show, &last, a, out, why);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    buf_release(&url);
    buf_release(&dir);
    buf_release(&ignored);
    return e;
}

int cmd_build(int argc, char **argv)
{
    struct build_opts o = {.commit = "main",
                           .max_seconds = BUILD_SECONDS_DEFAULT,
                           .max_memory_mb = BUILD_MEMORY_MB_DEFAULT,
                           .max_disk_mb = BUILD_DISK_MB_DEFAULT};
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT, name = BUF_INIT(128);
    struct built b = {.fd = -1};
    int operands, status;
    enum err e;

    if (!command_begin(&command_build, argc, argv, &o, &operands, &status))
        return status;
    if (argc - operands != 1) {
        (void)err_put(&why, ERR_FORMAT, "which repository? name one");
        status = command_misused(&command_build, &why);
        goto out;
    }
    e = build(&o, argv[operands], &a, &b, &why);
    if (!e && o.log)
        e = file_write_atomic(o.log, b.log, 0644, &why);
    if (!e && b.result != COMPILE_OK) {
        e = ERR_GUEST;
        buf_add_str(&why, str_starts(b.error, STR("error: ")) ? str_skip(b.error, 7) : b.error);
        if (!o.log && (b.result == COMPILE_CODE || b.result == COMPILE_NETWORK))
            fprintf(stderr, "%.*s", STR_ARG(b.log));
    }
    hash_put_hex(&name, &b.sha256);
    buf_addz(&name, ".wasm");
    if (!e)
        e = save(&b, o.output ? o.output : buf_z(&name), &why);
    if (e) {
        status = command_failed(&why);
        goto out;
    }
    status = EXIT_DONE;
    if (o.json) {
        printf("%.*s\n", STR_ARG(b.record));
        goto out;
    }
    printf("%s\n", o.output ? o.output : buf_z(&name));
    fprintf(
        stderr, "%scommit%s  %.*s\n%ssha256%s  %.64s\n%ssize%s    %llu bytes, built in %.1f s\n",
        term(stderr, TERM_NAME), term(stderr, TERM_PLAIN), STR_ARG(b.commit),
        term(stderr, TERM_NAME), term(stderr, TERM_PLAIN), buf_z(&name), term(stderr, TERM_NAME),
        term(stderr, TERM_PLAIN), (unsigned long long)b.size, b.time_ms / 1000.0);
out:
    fd_close(&b.fd);
    buf_release(&why);
    buf_release(&name);
    arena_release(&a);
    return status;
}
