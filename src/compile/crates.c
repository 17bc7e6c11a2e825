/* crates.c — see crates.h. */
#include "compile/crates.h"

#include "base/clock.h"
#include "base/file.h"
#include "compile/skeleton.h"
#include "proc/frame.h"
#include "proc/spawn.h"

#define LAST_MS 2000 /* a limit reached so close to the end is that of time */
#define ASK_MAX 2    /* what was kept may be damaged */

#define NO_ZSTD 127

/* The programs themselves are not taken along: there is no line of the project in them. What comes
 * out lies in memory until it is kept: at most 512 MiB, in units of 512 bytes. */
static const char pack_script[] =
    "zstd --version > /dev/null || exit 127\n"
    "ulimit -f 1048576 2> /dev/null\n"
    "cd /work && exec tar --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner "
    "--anchored --no-wildcards-match-slash --exclude=\"target/$1/release/*.wasm\" "
    "-I 'zstd -1 -q -T0' -cf - cargo/registry target";

/* All of it or nothing comes to where cargo looks. */
static const char unpack_script[] =
    "mkdir /work/crates && tar -I 'zstd -q' -xf - -C /work/crates &&\n"
    "    mv /work/crates/cargo /work/crates/target /work && exit 0\n"
    "rm -rf /work/crates\n"
    "exit 1\n";

/* Ask whoever started us; *fd is -1 where there are none for a reason that the build itself will
 * find. */
static enum err ask(struct job *j, struct str skeleton, int *fd, struct buf *why)
{
    struct frame f = FRAME_INIT(COMPILE_ERROR_MAX + 64);
    uint64_t deadline = j->sandbox.deadline_ms;
    struct compile_give give;
    enum err e = frame_send(SPAWN_SOCKET_FD, COMPILE_WANT, skeleton, NULL, 0, deadline, why);

    if (!e)
        e = frame_recv(SPAWN_SOCKET_FD, &f, deadline, why);
    if (!e && f.type != COMPILE_GIVE)
        e = err_put(why, ERR_FORMAT, "the worker sent something else than crates");
    if (!e)
        e = compile_give_read(buf_str(&f.body), &give, why);
    if (e == ERR_TIMEOUT ||
        (!e && give.result == COMPILE_LIMIT && clock_mono_ms() + LAST_MS > deadline)) {
        e = job_fail(j, COMPILE_LIMIT, "the build took longer than %u seconds", j->ask.seconds);
    } else if (!e && (give.result == COMPILE_LIMIT || give.result == COMPILE_NETWORK ||
                      give.result == COMPILE_CODE)) {
        e = job_fail(j, give.result, "%.*s", STR_ARG(give.error));
    } else if (!e && give.result == COMPILE_OK) {
        *fd = f.fds[0];
        f.fds[0] = -1;
    }
    frame_release(&f);
    return e;
}

enum err crates_ask(struct job *j, bool *have, struct buf *why)
{
    static const char *const argv[] = {"sh", "-c", unpack_script, NULL};
    struct buf skeleton = BUF_INIT(COMPILE_SKELETON_MAX);
    bool asking = skeleton_make(j, &skeleton);
    enum err e = ERR_OK;

    *have = false;
    job_phase(j, COMPILE_DEPENDENCIES, STR_NONE);
    for (unsigned i = 0; i < ASK_MAX && asking && !*have && !e; i++) {
        struct tool t = {.argv = argv};
        int status;

        fd_close(&j->archive);
        e = ask(j, buf_str(&skeleton), &j->archive, why);
        asking = !e && j->archive >= 0;
        t.in = j->archive;
        if (asking)
            e = job_tool(j, &t, &status, why);
        *have = asking && !e && status == 0;
    }
    buf_release(&skeleton);
    return e;
}

enum err crates_pack(struct job *j, const char *target, struct buf *why)
{
    const char *const argv[] = {"sh", "-c", pack_script, "sh", target, NULL};
    const struct tool t = {.argv = argv, .out = j->archive};
    int status;
    enum err e = job_tool(j, &t, &status, why);

    if (!e && status == NO_ZSTD)
        e = err_put(why, ERR_ABSENT, "zstd is not installed");
    else if (!e && status)
        e = job_fail(j, COMPILE_PROJECT, "the crates could not be packed: tar ended with %d",
                     status);
    return e;
}
