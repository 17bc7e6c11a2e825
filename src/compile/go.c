/*
 * go.c — building a Go project with the Go toolchain's own wasip1 port.
 *
 * Modules come from the module proxy and are checked against go.sum, or lie in vendor/; nothing of
 * a module runs while it is downloaded. The program is the package in the root.
 *
 * Compiling Go's standard library takes longer than compiling most programs. tools/build-toolchain
 * does it once into a cache of the toolchain's folder; each build gets a copy of its own, which it
 * may spoil as it likes. Go finds in it what fits its version and flags by hash, so a program is
 * the same with and without.
 */
#include "compile/project.h"

#include "base/file.h"
#include "compile/wall.h"

#define STD_CACHE "/gocache" /* of the toolchain's folder */

const char *go_find(void)
{
    static const char *const places[] = {"/usr/local/go/bin/go", "/usr/lib/go/bin/go",
                                         "/usr/bin/go"};

    for (size_t i = 0; i < countof(places); i++)
        if (file_exists(places[i]))
            return places[i];
    return NULL;
}

/* All that go says is a complaint, but for the names of packages and modules. */
static void hear(void *ctx, struct str line)
{
    static const char fetching[] = "go: downloading ";
    struct job *j = ctx;

    if (str_starts(line, STR("go: downloading "))) {
        j->done++;
        job_name(j, str_skip(line, sizeof(fetching) - 1));
    } else if (!str_starts(line, STR("# "))) {
        job_complaint(j, line, true);
    }
}

/* Its own copy of the compiled standard library. Without one the build takes longer, no more. */
static enum err std_copy(struct job *j, struct buf *why)
{
    static const char *const argv[] = {"cp", "-r", "/toolchain" STD_CACHE, "/work/gocache", NULL};
    const struct tool t = {.argv = argv};
    int status;

    if (!j->sandbox.toolchain || !file_exists(WALL_TOOLCHAIN STD_CACHE "/.complete"))
        return ERR_OK;
    return job_tool(j, &t, &status, why);
}

enum err go_build(struct job *j, struct project *p, struct buf *why)
{
    static const char *const env[] = {"GOOS",        "wasip1",
                                      "GOARCH",      "wasm",
                                      "GOPATH",      "/work/gopath",
                                      "GOCACHE",     "/work/gocache",
                                      "GOTOOLCHAIN", "local",
                                      "GOENV",       "off",
                                      "CGO_ENABLED", "0",
                                      "GOVCS",       "*:off",
                                      "GOTELEMETRY", "off",
                                      "HTTPS_PROXY", "socks5h://127.0.0.1:1080",
                                      "GOPROXY",     "https://proxy.golang.org",
                                      NULL};
    const char *go = go_find();
    const char *const fetch[] = {go, "mod", "download", NULL};
    const char *const build[] = {go,
                                 "build",
                                 "-trimpath",
                                 "-buildvcs=false",
                                 "-ldflags=-buildid= -s -w",
                                 "-o",
                                 "/work/out/program.wasm",
                                 ".",
                                 NULL};
    struct tool t = {
        .argv = fetch, .env = env, .dir = "/work/src", .net = true, .line = hear, .ctx = j};
    char room[BROKER_REFUSED_MAX + 1];
    struct buf refused = BUF_OVER(room);
    int status;
    enum err e = ERR_OK;

    if (!str_eqz(j->ask.target, "wasm32-wasip1"))
        return job_fail(j, COMPILE_PROJECT, "Go is compiled for wasm32-wasip1, not for %.*s",
                        STR_ARG(j->ask.target));
    if (!go)
        return job_fail(j, COMPILE_TOOLCHAIN,
                        "this machine cannot compile Go; its operator has to install it");
    j->locked = true;
    job_phase(j, COMPILE_DEPENDENCIES, STR_NONE);
    if (job_has(j, "src/go.sum") && !job_has(j, "src/vendor/modules.txt"))
        e = job_tool(j, &t, &status, why);
    else
        status = 0;
    if (!e && status) {
        broker_refused(&j->broker, &refused);
        e = refused.len
                ? job_fail(j, COMPILE_PROJECT, "a module comes from '%s'; only '%.*s' may be used",
                           buf_z(&refused), STR_ARG(j->ask.registries))
                : job_fail_tool(j, "go mod download", status);
    }
    if (e)
        return e;
    job_phase(j, COMPILE_BUILDING, STR_NONE);
    e = std_copy(j, why);
    if (e)
        return e;
    t.argv = build;
    t.net = false;
    e = job_tool(j, &t, &status, why);
    if (!e && status)
        e = job_fail_tool(j, "go build", status);
    p->wasm = STR("out/program.wasm");
    return e;
}
