/*
 * outlayer-compile — turns a repository into a program, once.
 *
 * Started by the worker or the command line with a socket at descriptor 3. It reads one question,
 * gives up what it can (wall.h), has git fetch the source, has the compilers build it, each in a
 * sandbox of its own (sandbox.h), answers and ends: nothing of one build meets another. It holds no
 * key; what it hands over is bytes, their hash, and a record of what they were made from.
 *
 * `outlayer-compile --self-test` says whether this machine can build, and with what.
 *
 * Next to read: job.h, source.c, project.c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "builder/builder.h"
#include "codec/put.h"
#include "compile/host.h"
#include "compile/project.h"
#include "compile/source.h"
#include "compile/wall.h"
#include "crypto/ed25519.h"
#include "proc/frame.h"
#include "proc/memfd.h"
#include "proc/usage.h"
#include "proc/self.h"
#include "proc/spawn.h"

#define ASK_MS    10000
#define ANSWER_MS 30000

/* Where the build may connect to, in its first phase. */
static enum err doors(struct job *j, struct buf *why)
{
    struct str rest = j->ask.registries, host;
    bool ok = true;
    unsigned port;

    if (repo_endpoint(j->ask.repo, &host, &port))
        ok = broker_allow(&j->broker, host, port,
                          str_starts(j->ask.repo, STR("https://")) ? BROKER_PUBLIC
                                                                   : BROKER_LOOPBACK);
    while (rest.len && ok) {
        rest = str_cut(rest, ' ', &host);
        if (host.len)
            ok = broker_allow(&j->broker, host, 443, BROKER_OPERATOR);
    }
    return ok ? ERR_OK : err_put(why, ERR_RANGE, "too many registries, or a name too long");
}

static enum err enter(struct job *j, struct buf *why)
{
    struct wall w = {.toolchain = j->ask.toolchain,
                     .memory_mb = j->ask.memory_mb,
                     .disk_mb = j->ask.disk_mb,
                     .broker = &j->broker};
    char id[512];
    struct buf line = BUF_OVER(id);
    enum err e = doors(j, why);

    if (str_starts(j->ask.repo, STR("file://")))
        w.repo_dir = str_skip(j->ask.repo, 7);
    if (w.repo_dir.len && access(arena_z(&j->arena, w.repo_dir), R_OK))
        return job_fail(j, COMPILE_REPOSITORY, "there is no folder '%.*s'", STR_ARG(w.repo_dir));
    j->sandbox.toolchain = w.toolchain.len;
    j->sandbox.repo = w.repo_dir.len;
    if (!e && w.toolchain.len)
        e = build_toolchain_id(w.toolchain, &line, why);
    if (!e)
        j->toolchain_id = arena_str(&j->arena, line.len ? buf_str(&line) : STR("none"));
    if (!e)
        e = sandbox_init(&j->sandbox, why);
    if (!e)
        e = wall_enter(&w, why);
    if (!e)
        e = sandbox_confine_self(why);
    if (!e) {
        j->work = open(WALL_WORK, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (j->work < 0 || mkdir("home", 0700) || mkdir("out", 0700))
            e = err_sys(why, "cannot use the build's folder");
    }
    return e;
}

/* A module for the target that was asked for, sealed and hashed. */
static enum err take(struct job *j, struct str path, struct buf *why)
{
    static const char module[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    static const char component[8] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
    bool wants_component = str_eqz(j->ask.target, "wasm32-wasip2");
    struct buf bytes = BUF_INIT(COMPILE_WASM_MAX);
    struct str s;
    enum err e = job_read(j, path.ptr, &bytes, why);

    if (e == ERR_TOO_BIG)
        e = job_fail(j, COMPILE_LIMIT, "the program is larger than %u MiB", COMPILE_WASM_MAX >> 20);
    else if (e == ERR_ABSENT)
        e = job_fail(j, COMPILE_PROJECT, "the build says it is done and made no program");
    s = buf_str(&bytes);
    if (!e && !str_starts(s, wants_component ? str_from(component, sizeof(component))
                                             : str_from(module, sizeof(module))))
        e = job_fail(j, COMPILE_PROJECT, "what the build made is no program for %.*s%s",
                     STR_ARG(j->ask.target),
                     str_eqz(j->language, "c")    ? "; a Makefile has to compile with $(CC)"
                     : str_eqz(j->language, "go") ? "; the package in the root has to be main"
                                                  : "");
    if (!e)
        e = memfd_of("outlayer-built", s, &j->wasm, why);
    if (!e) {
        j->size = s.len;
        j->sha256 = sha256(s);
    }
    buf_release(&bytes);
    return e;
}

static void record_make(struct job *j)
{
    struct buf *b = &j->record;

    json_obj(b);
    put_str(b, "repo", j->ask.repo);
    put_str(b, "commit", j->commit);
    put_str(b, "target", j->ask.target);
    put_str(b, "language", j->language);
    put_str(b, "compiler", j->compiler);
    put_u64(b, "recipe", BUILD_RECIPE);
    put_bool(b, "locked", j->locked);
    put_u64(b, "size", j->size);
    put_hex(b, "sha256", hash_str(&j->sha256));
    json_obj_end(b);
}

static enum err work(struct job *j, struct buf *why)
{
    struct project p;
    enum err e;

    job_phase(j, COMPILE_STARTING, STR_NONE);
    e = enter(j, why);
    if (!e && j->ask.what == COMPILE_SELF_TEST)
        return host_test(j, why);
    if (!e && j->ask.what == COMPILE_CRATES)
        return rust_crates(j, why);
    if (!e)
        e = source_resolve(j, why);
    if (!e && j->ask.what == COMPILE_BRANCH)
        return source_branch(j, why);
    if (e || j->ask.what == COMPILE_RESOLVE)
        return e;
    e = source_fetch(j, why);
    if (!e)
        e = project_build(j, &p, why);
    if (!e) {
        job_phase(j, COMPILE_CHECKING, STR_NONE);
        e = take(j, p.wasm, why);
    }
    if (!e)
        e = host_compiler(j, j->language, &j->compiler, why);
    if (!e)
        record_make(j);
    return e;
}

static enum err answer(struct job *j, struct buf *why)
{
    const struct compile_answer a = {.result = j->result,
                                     .commit = j->commit,
                                     .error = buf_str(&j->error),
                                     .record = buf_str(&j->record),
                                     .log = buf_str(&j->log),
                                     .sha256 = j->sha256,
                                     .size = j->size,
                                     .time_ms = (uint32_t)(clock_mono_ms() - j->start_ms)};
    struct buf body = BUF_INIT(COMPILE_MSG_MAX);
    enum err e;

    compile_answer_write(&body, &a);
    e = frame_send(SPAWN_SOCKET_FD, COMPILE_ANSWER, buf_str(&body), &j->wasm, j->wasm >= 0,
                   clock_mono_ms() + ANSWER_MS, why);
    buf_release(&body);
    return e;
}

static enum err serve(struct buf *why)
{
    struct frame f = FRAME_INIT(COMPILE_ASK_MAX);
    struct compile_ask ask;
    struct job j;
    enum err e = frame_recv(SPAWN_SOCKET_FD, &f, clock_mono_ms() + ASK_MS, why);

    if (!e && f.type != COMPILE_ASK)
        e = err_put(why, ERR_FORMAT, "the worker sent something that is no question");
    if (!e)
        e = compile_ask_read(buf_str(&f.body), &ask, why);
    if (e) {
        frame_release(&f);
        return e;
    }
    job_init(&j, &ask);
    j.archive = f.fds[0];
    f.fds[0] = -1;
    e = work(&j, why);
    if (e && e != ERR_GUEST) {
        log_broken("build_broken", "why=%s", buf_z(why));
        (void)job_fail(&j, COMPILE_FAULT, "%s", buf_z(why));
    }
    e = answer(&j, why);
    job_release(&j);
    frame_release(&f);
    return e;
}

/* For people and for `outlayer doctor`: one line of JSON, and by its status whether all is well. */
static enum err self_test(struct buf *why)
{
    struct arena a = ARENA_INIT;
    const struct compile_ask ask = {.what = COMPILE_SELF_TEST,
                                    .seconds = SELF_TEST_SECONDS,
                                    .memory_mb = BUILD_MEMORY_MB_DEFAULT,
                                    .disk_mb = BUILD_DISK_MB_DEFAULT,
                                    .toolchain = build_toolchain(&a)};
    struct job j;
    enum err e;

    job_init(&j, &ask);
    j.silent = true;
    e = work(&j, why);
    if (!e)
        printf("%s\n", buf_z(&j.record));
    else if (e == ERR_GUEST)
        buf_add_str(why, buf_str(&j.error));
    if (e)
        fprintf(stderr, "outlayer-compile: this machine cannot build: %s\n", buf_z(why));
    job_release(&j);
    arena_release(&a);
    return e;
}

int main(int argc, char **argv)
{
    struct buf why = WHY_INIT;
    int status;
    enum err e;

    self_init("outlayer-compile");
    crypto_init();
    if (argc == 2 && strcmp(argv[1], "--self-test") == 0) {
        e = self_test(&why);
        buf_release(&why);
        return e ? 1 : 0;
    }
    if (!usage_child("outlayer-compile", "build a repository (--self-test: can this machine?)",
                     argc, argv, &status))
        return status;
    e = serve(&why);
    if (e && e != ERR_CLOSED)
        log_broken("compile_ended", "why=%s", buf_z(&why));
    buf_release(&why);
    return e ? 1 : 0;
}
