/* job.c — see job.h. */
#include "compile/job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"
#include "compile/wall.h"
#include "proc/frame.h"
#include "proc/spawn.h"

#define NEWS_MS 5000
#define TICK_MS 1000 /* without news, the time is news */
#define NAME_MS 100  /* a build may print names without end */

static void tell(struct job *j)
{
    const struct compile_progress p = {.phase = j->phase,
                                       .done = j->done,
                                       .total = j->total,
                                       .elapsed_ms = (uint32_t)(clock_mono_ms() - j->start_ms),
                                       .name = j->name};
    char room[COMPILE_NAME_MAX + 64];
    struct buf body = BUF_OVER(room);

    j->told_ms = clock_mono_ms();
    if (j->silent)
        return;
    compile_progress_write(&body, &p);
    /* News, no more: whoever does not want them ends us. */
    (void)!frame_send(SPAWN_SOCKET_FD, COMPILE_PROGRESS, buf_str(&body), NULL, 0,
                      clock_mono_ms() + NEWS_MS, NULL);
}

static void tick(void *ctx)
{
    struct job *j = ctx;

    if (clock_mono_ms() - j->told_ms >= TICK_MS)
        tell(j);
}

static void name_set(struct job *j, struct str name)
{
    struct buf kept = BUF_OVER(j->name_room);

    buf_add_str(&kept, utf8_head(name, COMPILE_NAME_MAX));
    j->name = buf_str(&kept);
}

void job_phase(struct job *j, enum compile_phase phase, struct str name)
{
    j->phase = phase;
    name_set(j, name);
    tell(j);
}

void job_name(struct job *j, struct str name)
{
    name_set(j, name);
    if (clock_mono_ms() - j->told_ms >= NAME_MS)
        tell(j);
}

void job_init(struct job *j, const struct compile_ask *ask)
{
    *j = (struct job){
        .ask = *ask,
        .broker = BROKER_INIT,
        .start_ms = clock_mono_ms(),
        .work = -1,
        .archive = -1,
        .diag = BUF_INIT(DIAG_MAX),
        .error = BUF_INIT(COMPILE_ERROR_MAX),
        .log = BUF_INIT(COMPILE_LOG_MAX),
        .record = BUF_INIT(COMPILE_RECORD_MAX),
        .wasm = -1,
    };
    j->sandbox.deadline_ms = j->start_ms + (uint64_t)ask->seconds * 1000;
    j->sandbox.memory_max = (uint64_t)ask->memory_mb << 20;
    j->sandbox.filter = -1;
    j->sandbox.log = &j->log;
    j->sandbox.tick = tick;
    j->sandbox.tick_ctx = j;
}

void job_release(struct job *j)
{
    fd_close(&j->work);
    fd_close(&j->archive);
    fd_close(&j->wasm);
    fd_close(&j->sandbox.filter);
    fd_close(&j->broker.sock);
    buf_release(&j->diag);
    buf_release(&j->error);
    buf_release(&j->log);
    buf_release(&j->record);
    arena_release(&j->arena);
}

enum err job_fail(struct job *j, enum compile_result result, const char *fmt, ...)
{
    char room[COMPILE_ERROR_MAX / 3]; /* each byte may become three */
    struct str rest, line;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(room, sizeof(room), fmt, args);
    va_end(args);
    j->result = result;
    buf_clear(&j->error);
    for (rest = str_of(n > 0 ? room : ""); rest.len;) {
        rest = str_cut(rest, '\n', &line);
        text_put_printable(&j->error, line);
        if (rest.len)
            buf_addz(&j->error, "\n");
    }
    return ERR_GUEST;
}

void job_complaint(struct job *j, struct str line, bool starts)
{
    static const char place[] = "/work/src/";
    size_t at;

    if (j->diag_lines && str_eqz(line, "Caused by:"))
        j->diag_open = j->diag_cause = true;
    else if (j->diag_cause && line.len && line.ptr[0] != ' ')
        j->diag_open = j->diag_cause = false;
    if (!j->diag_open && (j->diag_lines || !starts))
        return;
    if (!str_trim(line).len || j->diag_lines >= DIAG_LINES_MAX) {
        j->diag_open = j->diag_cause && j->diag_lines < DIAG_LINES_MAX;
        return;
    }
    j->diag_open = true;
    if (j->diag_lines++)
        buf_addz(&j->diag, "\n");
    /* Where the sources lie in the sandbox is of no use to anybody. */
    for (; (at = str_find(line, STR("/work/src/"))) < line.len;
         line = str_skip(line, at + sizeof(place) - 1))
        buf_add_str(&j->diag, str_head(line, at));
    buf_add_str(&j->diag, line);
}

/* "error: …", "error[E0308]: …", "main.c:3:1: error: …", "make: *** …" */
static bool is_error(struct str line)
{
    return str_starts(line, STR("error")) || str_find(line, STR(": error: ")) < line.len ||
           str_find(line, STR(": fatal error: ")) < line.len ||
           str_starts(line, STR("wasm-ld: error")) || str_starts(line, STR("make: ***"));
}

/* What cargo says while it works; other tools just say nothing like it. */
static void tool_line(void *ctx, struct str line)
{
    struct job *j = ctx;
    struct str text = str_trim(line), word, name;

    job_complaint(j, line, is_error(line));
    text = str_cut(text, ' ', &word);
    if (!str_eqz(word, "Compiling") && !str_eqz(word, "Downloaded"))
        return;
    (void)str_cut(text, ' ', &name);
    j->done++;
    if (j->total && j->done > j->total)
        j->total = j->done;
    job_name(j, name);
}

enum err job_tool(struct job *j, const struct tool *t, int *status, struct buf *why)
{
    const struct sandbox_tool what = {.argv = t->argv,
                                      .env = t->env,
                                      .dir = t->dir,
                                      .net = t->net,
                                      .quiet = t->quiet,
                                      .in = t->in,
                                      .out = t->out,
                                      .line = t->line ? t->line : tool_line,
                                      .ctx = t->line ? t->ctx : j};
    struct sandbox_result r;
    enum err e;

    buf_clear(&j->diag);
    j->diag_lines = 0;
    j->diag_open = j->diag_cause = false;
    e = sandbox_run(&j->sandbox, &what, &r, why);
    if (e)
        return e;
    *status = r.status;
    if (r.end == SANDBOX_TIME)
        return job_fail(j, COMPILE_LIMIT, "the build took longer than %u seconds", j->ask.seconds);
    if (r.end == SANDBOX_MEMORY)
        return job_fail(j, COMPILE_LIMIT, "the build used more than %u MiB of memory",
                        j->ask.memory_mb);
    return ERR_OK;
}

static bool disk_is_full(struct job *j)
{
    struct str log = buf_str(&j->log);

    return str_find(log, STR("No space left on device")) < log.len ||
           str_find(log, STR("os error 28")) < log.len ||
           str_find(log, STR("File too large")) < log.len;
}

enum err job_fail_tool(struct job *j, const char *name, int status)
{
    if (disk_is_full(j))
        return job_fail(j, COMPILE_LIMIT, "the build used more than %u MiB of disk or %u files",
                        j->ask.disk_mb, (unsigned)WALL_FILES_MAX);
    if (j->diag.len)
        return job_fail(j, COMPILE_CODE, "%s", buf_z(&j->diag));
    if (status > 128)
        return job_fail(j, COMPILE_CODE, "%s was ended by signal %d", name, status - 128);
    return job_fail(j, COMPILE_CODE, "%s failed with exit status %d", name, status);
}

static int open_beneath(int dir, const char *path, int flags)
{
    const struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC | O_NONBLOCK,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

    return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

enum err job_open(struct job *j, const char *path, int *out, struct buf *why)
{
    int fd = open_beneath(j->work, path, O_RDONLY | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        fd_close(&fd);
        return err_put(why, ERR_ABSENT, "there is no file '%s'", path);
    }
    *out = fd;
    return ERR_OK;
}

enum err job_read(struct job *j, const char *path, struct buf *out, struct buf *why)
{
    int fd = -1;
    enum err e = job_open(j, path, &fd, why);

    if (e)
        return e;
    e = fd_read_all(fd, out, why);
    fd_close(&fd);
    return e;
}

bool job_has(struct job *j, const char *path)
{
    int fd;

    if (job_open(j, path, &fd, NULL))
        return false;
    fd_close(&fd);
    return true;
}

int job_dir(struct job *j, const char *path)
{
    return open_beneath(j->work, path, O_RDONLY | O_DIRECTORY);
}

void job_list(struct job *j, const char *path, const char *suffix, struct job_list *out)
{
    int fd = job_dir(j, path);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    out->n = 0;
    if (!d) {
        fd_close(&fd);
        return;
    }
    while ((entry = readdir(d)) && out->n < JOB_LIST_MAX) {
        struct str name = str_of(entry->d_name);
        struct buf clean = BUF_INIT(1024);
        struct stat st;

        /* A name that cannot be printed is nobody's program. */
        text_put_printable(&clean, name);
        if (str_ends(name, str_of(suffix)) && str_eq(buf_str(&clean), name) &&
            !fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
            out->name[out->n++] = arena_str(&j->arena, name);
        buf_release(&clean);
    }
    closedir(d);
}

void job_list_put(const struct job_list *l, struct buf *out)
{
    for (size_t i = 0; i < l->n; i++) {
        if (i)
            buf_addz(out, ", ");
        buf_add_str(out, l->name[i]);
    }
}
