/*
 * c.c — building a C project with clang and wasi-libc.
 *
 * A Makefile is run with CC, AR and the like in the environment and on the command line, so that it
 * needs to know nothing of WebAssembly; it leaves NAME.wasm in the root, build/, bin/ or out/.
 * Without one, the single .c file of the root, or of src/, is the program.
 *
 * __DATE__ and __TIME__ are those of the commit: this clang does not know SOURCE_DATE_EPOCH.
 */
#include "compile/project.h"

#include <time.h>

#include "base/file.h"
#include "compile/wall.h"

#define CC_CONFIG        "--config /work/cc.cfg"
#define CC               "clang-14 --target=wasm32-wasi " CC_CONFIG
/* A component is the same program, linked by a linker that wraps it. */
#define COMPONENT_LD     "/bin/wasm-component-ld"
#define LINK_COMPONENT   "-fuse-ld=/toolchain" COMPONENT_LD
#define LINK_COMPONENT_2 "-Wl,--wasm-ld-path=/usr/bin/wasm-ld-14"

static bool is_component(const struct job *j)
{
    return str_eqz(j->ask.target, "wasm32-wasip2");
}

static const char *env_time(const struct job *j)
{
    return j->commit_time.len ? j->commit_time.ptr : "0";
}

/* What clang reads as if it stood in its command line. */
static enum err config_write(const struct job *j, struct buf *why)
{
    char date[32], hour[32], stamp[64];
    struct buf text = BUF_INIT(512);
    uint64_t unix_s;
    struct tm tm;
    time_t when;
    enum err e;

    if (!str_u64(str_of(env_time(j)), &unix_s) || unix_s > UINT32_MAX)
        unix_s = 0;
    when = (time_t)unix_s;
    BUG_ON(!gmtime_r(&when, &tm));
    strftime(date, sizeof(date), "%b %e %Y", &tm);
    strftime(hour, sizeof(hour), "%H:%M:%S", &tm);
    strftime(stamp, sizeof(stamp), "%a %b %e %H:%M:%S %Y", &tm);
    buf_addf(&text,
             "-Wno-builtin-macro-redefined\n-D__DATE__=\"\\\"%s\\\"\"\n"
             "-D__TIME__=\"\\\"%s\\\"\"\n-D__TIMESTAMP__=\"\\\"%s\\\"\"\n",
             date, hour, stamp);
    e = file_write_atomic("cc.cfg", buf_str(&text), 0644, why);
    buf_release(&text);
    return e;
}

static enum err make(struct job *j, struct project *p, struct buf *why)
{
    static const char *const folders[] = {"src", "src/build", "src/bin", "src/out"};
    const char *const argv[] = {
        "make", is_component(j) ? "CC=" CC " " LINK_COMPONENT " " LINK_COMPONENT_2 : "CC=" CC,
        "AR=llvm-ar-14", "RANLIB=llvm-ranlib-14", NULL};
    const char *const env[] = {"SOURCE_DATE_EPOCH", env_time(j), NULL};
    const struct tool t = {.argv = argv, .env = env, .dir = "/work/src"};
    struct job_list found = {.n = 0};
    size_t at = 0;
    int status;
    enum err e;

    job_phase(j, COMPILE_BUILDING, STR("make"));
    e = job_tool(j, &t, &status, why);
    if (!e && status)
        e = job_fail_tool(j, "make", status);
    if (e)
        return e;
    for (; at < countof(folders) && !found.n; at++)
        job_list(j, folders[at], ".wasm", &found);
    return project_choose(j, p, folders[at - 1], &found);
}

static enum err single(struct job *j, struct project *p, const char *dir, struct str file,
                       struct buf *why)
{
    char room[512];
    struct buf path = BUF_OVER(room);
    const char *const argv[] = {"clang-14",
                                "--target=wasm32-wasi",
                                "--config",
                                "/work/cc.cfg",
                                "-std=gnu17",
                                "-O2",
                                "-g0",
                                "-Wl,--strip-debug",
                                "-o",
                                "/work/out/program.wasm",
                                room,
                                is_component(j) ? LINK_COMPONENT : NULL,
                                LINK_COMPONENT_2,
                                NULL};
    const char *const env[] = {"SOURCE_DATE_EPOCH", env_time(j), NULL};
    const struct tool t = {.argv = argv, .env = env, .dir = "/work/src"};
    int status;
    enum err e;

    buf_addf(&path, "%s%.*s", dir, STR_ARG(file));
    job_phase(j, COMPILE_BUILDING, file);
    e = job_tool(j, &t, &status, why);
    if (!e && status)
        e = job_fail_tool(j, "clang", status);
    p->wasm = STR("out/program.wasm");
    return e;
}

enum err c_build(struct job *j, struct project *p, struct buf *why)
{
    static const char *const places[] = {"src", "src/src"};
    static const char *const as_seen[] = {"./", "./src/"};
    char room[512];
    struct buf names = BUF_OVER(room);
    struct job_list found = {.n = 0};
    size_t at = 0;
    enum err e;

    if (!file_exists("/usr/bin/clang-14") || !file_exists("/usr/lib/wasm32-wasi/libc.a"))
        return job_fail(j, COMPILE_TOOLCHAIN,
                        "this machine cannot compile C for wasm32-wasip1; its operator has to "
                        "install clang-14, lld-14 and wasi-libc");
    if (is_component(j) && (!j->sandbox.toolchain || !file_exists(WALL_TOOLCHAIN COMPONENT_LD)))
        return job_fail(j, COMPILE_TOOLCHAIN,
                        "this machine cannot link C for wasm32-wasip2; its operator has to run "
                        "tools/build-toolchain --wasip2");
    j->locked = true;
    e = config_write(j, why);
    if (e)
        return e;
    if (job_has(j, "src/Makefile"))
        return make(j, p, why);
    for (; at < countof(places) && !found.n; at++)
        job_list(j, places[at], ".c", &found);
    if (found.n == 1)
        return single(j, p, as_seen[at - 1], found.name[0], why);
    job_list_put(&found, &names);
    return job_fail(j, COMPILE_PROJECT,
                    found.n ? "several C files (%s) and no Makefile; add one that makes the program"
                            : "there is no C file%s",
                    buf_z(&names));
}
