/* sandbox.c — see sandbox.h. */
#include "compile/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/sanitized.h"
#include "compile/wall.h"
#include "proc/spawn.h"

#define BWRAP     "/usr/bin/bwrap"
#define ARGS_MAX  192
#define END_MS    5000 /* to be reaped, once it is known to have ended */
#define LOOK_MS   200  /* how often time and memory are looked at */
#define TMP_BYTES "268435456"
#define NO_FOLDER 126 /* the status of a tool that could not even start; as of a shell */
#define SAID_MAX  512 /* bytes of bubblewrap's report */
#define STR_(x)   #x
#define XSTR(x)   STR_(x)

/* What escapes are made of: for us, who start the sandboxes, too. */
static const int refused[] = {
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(syslog),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(personality),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(vhangup),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
};

/* What no compiler needs; bubblewrap does, before it loads the filter. */
static const int refused_inside[] = {
    SCMP_SYS(mount),         SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
    SCMP_SYS(unshare),       SCMP_SYS(setns),   SCMP_SYS(fsopen),     SCMP_SYS(fsmount),
    SCMP_SYS(fsconfig),      SCMP_SYS(fspick),  SCMP_SYS(move_mount), SCMP_SYS(open_tree),
    SCMP_SYS(mount_setattr),
};

/* `inside`: for the tools; else for this process. NULL: it cannot be made. */
static scmp_filter_ctx filter_of(bool inside)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    bool ok = f != NULL;

    for (size_t i = 0; i < countof(refused) && ok; i++)
        ok = !seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
    for (size_t i = 0; i < countof(refused_inside) && ok && inside; i++)
        ok = !seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), refused_inside[i], 0);
    /* clone3 hides its flags from a filter: without it the C library uses clone. */
    if (inside)
        ok = ok && !seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) &&
             !seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
    /* Families of sockets: below, between and above those that are needed. */
    for (unsigned family = 0; family < 64 && ok; family++) {
        bool needed = false;

        for (size_t i = 0; i < countof(families); i++)
            needed = needed || (int)family == families[i];
        if (!needed)
            ok = !seccomp_rule_add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                   SCMP_A0(SCMP_CMP_EQ, family));
    }
    if (!ok) {
        seccomp_release(f);
        return NULL;
    }
    return f;
}

static enum err filter_make(int *out, struct buf *why)
{
    scmp_filter_ctx f = filter_of(true);
    int fd = memfd_create("outlayer-filter", MFD_CLOEXEC);
    bool ok = f && fd >= 0 && !seccomp_export_bpf(f, fd);

    seccomp_release(f);
    if (!ok) {
        fd_close(&fd);
        return err_put(why, ERR_IO, "cannot make the build's system call filter");
    }
    *out = fd;
    return ERR_OK;
}

enum err sandbox_confine_self(struct buf *why)
{
    scmp_filter_ctx f = SANITIZED ? NULL : filter_of(false);
    bool ok = SANITIZED || (f && !seccomp_load(f));

    seccomp_release(f);
    return ok ? ERR_OK
              : err_put(why, ERR_IO, "the kernel refuses a system call filter; it needs seccomp");
}

enum err sandbox_init(struct sandbox *s, struct buf *why)
{
    if (access(BWRAP, X_OK))
        return err_put(why, ERR_ABSENT,
                       "building needs bubblewrap, which is not at '" BWRAP
                       "'; install it: apt-get install bubblewrap");
    return filter_make(&s->filter, why);
}

/* clang runs this on what it has linked wherever it finds it: then the bytes of a program would
 * depend on what else is installed, and a component is more than it can read. */
static const char *const hidden[] = {"/usr/bin/wasm-opt", "/usr/local/bin/wasm-opt",
                                     "/usr/lib/llvm-14/bin/wasm-opt"};

struct args {
    const char *v[ARGS_MAX];
    size_t n;
};

static void add(struct args *a, const char *z)
{
    BUG_ON(a->n + 1 >= ARGS_MAX);
    a->v[a->n++] = z;
}

static void add_all(struct args *a, const char *const *z)
{
    while (*z)
        add(a, *z++);
}

static void args_make(const struct sandbox *s, const struct sandbox_tool *t, struct args *a)
{
    static const char *const always[] = {
        "bwrap", "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts",
        "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--hostname", "build",
        "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL", "--seccomp", XSTR(SPAWN_MORE_FD),
        "--json-status-fd", XSTR(SPAWN_SOCKET_FD), "--clearenv", "--ro-bind", "/usr", "/usr",
        "--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin", "--symlink", "usr/lib",
        "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--size",
        TMP_BYTES, "--tmpfs", "/dev/shm", "--remount-ro", "/dev", "--size", TMP_BYTES, "--tmpfs",
        "/tmp",
        /* which compiler `clang` is, and whom to trust with https */
        "--ro-bind-try", "/etc/alternatives", "/etc/alternatives", "--ro-bind-try",
        "/etc/ssl/certs", "/etc/ssl/certs", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
        "--bind", WALL_WORK, "/work", NULL};
    static const char *const toolchain[] = {"--ro-bind", WALL_TOOLCHAIN, "/toolchain", NULL};
    static const char *const repo[] = {"--ro-bind", WALL_REPO, "/repo", NULL};
    /* The root itself is memory without a bound: nothing may be written there. */
    static const char *const last[] = {
        "--remount-ro", "/",        "--setenv",   "PATH",     "/usr/local/bin:/usr/bin:/bin",
        "--setenv",     "HOME",     "/work/home", "--setenv", "LANG",
        "C.UTF-8",      "--setenv", "TMPDIR",     "/tmp",     NULL};

    add_all(a, always);
    for (size_t i = 0; i < countof(hidden); i++)
        if (file_exists(hidden[i])) {
            add(a, "--ro-bind");
            add(a, "/dev/null");
            add(a, hidden[i]);
        }
    if (s->toolchain)
        add_all(a, toolchain);
    if (s->repo)
        add_all(a, repo);
    if (!t->net)
        add(a, "--unshare-net");
    add_all(a, last);
    for (const char *const *e = t->env; e && *e; e += 2) {
        add(a, "--setenv");
        add(a, e[0]);
        add(a, e[1]);
    }
    add(a, "--chdir");
    add(a, t->dir ? t->dir : "/work");
    add(a, "--");
    add_all(a, t->argv);
    a->v[a->n] = NULL;
}

/* Length of the escape sequence at the start of `s` (ECMA-48), at least 1. */
static size_t escape_len(struct str s)
{
    size_t i = 2;

    if (s.len < 2 || s.ptr[1] != '[')
        return s.len < 2 ? 1 : 2;
    while (i < s.len && !(s.ptr[i] >= 0x40 && s.ptr[i] <= 0x7e))
        i++;
    return i < s.len ? i + 1 : s.len;
}

/* Would it turn the text around it (Unicode's bidirectional controls), or end its line? `n` bytes.
 */
static bool is_turning(const char *p, size_t n)
{
    static const char *const some[] = {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029",
                                       "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
                                       "\u2066", "\u2067", "\u2068", "\u2069"};

    for (size_t i = 0; i < countof(some); i++)
        if (str_eqz(str_from(p, n), some[i]))
            return true;
    return false;
}

void text_put_printable(struct buf *out, struct str s)
{
    while (s.len) {
        uint8_t c = (uint8_t)s.ptr[0];
        size_t n = 1;

        if (c == 0x1b) {
            s = str_skip(s, escape_len(s));
            continue;
        }
        if (c == '\t' || (c >= 0x20 && c < 0x7f)) {
            buf_add_byte(out, c == '\t' ? ' ' : c);
        } else if (c >= 0xc2) {
            for (n = 2; n <= 4 && n <= s.len && !str_is_utf8(str_head(s, n)); n++)
                ;
            if (n > 4 || n > s.len) {
                n = 1;
                buf_addz(out, "\xef\xbf\xbd");
            } else if (n == 2 && c == 0xc2 && (uint8_t)s.ptr[1] < 0xa0) {
                /* a C1 control character: nothing */
            } else if (!is_turning(s.ptr, n)) {
                buf_add(out, s.ptr, n);
            }
        }
        s = str_skip(s, n);
    }
}

/* Memory of a process and all below it, in bytes. Processes that go meanwhile count as nothing. */
static uint64_t tree_bytes(long pid, unsigned depth)
{
    char path[64], text[4096];
    unsigned long pages = 0, size = 0;
    uint64_t sum = 0;
    FILE *f;
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%ld/statm", pid);
    f = fopen(path, "re");
    if (f) {
        if (fscanf(f, "%lu %lu", &size, &pages) == 2)
            sum = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
        fclose(f);
    }
    if (depth > 32)
        return sum;
    snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", pid, pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sum;
    n = read(fd, text, sizeof(text) - 1);
    fd_close(&fd);
    if (n > 0) {
        struct str rest = str_from(text, (size_t)n), one;
        uint64_t child;

        while (rest.len) {
            rest = str_cut(rest, ' ', &one);
            if (str_u64(str_trim(one), &child))
                sum += tree_bytes((long)child, depth + 1);
        }
    }
    return sum;
}

struct lines {
    const struct sandbox *s;
    const struct sandbox_tool *t;
    char room[SANDBOX_LINE_MAX + 1];
    struct buf line;
    char bwrap_room[256]; /* what bubblewrap itself complained of last */
    struct buf bwrap;
};

/* The log has a bound: what was said first and last stays, the middle goes. */
static void log_add(struct buf *log, struct str line)
{
    static const char mark[] = "[… what was here is left out …]\n";
    const size_t part = log->max / 4;

    if (log->len + line.len + 1 > log->max) {
        size_t head = part, tail = log->len - part;

        while (head && log->ptr[head - 1] != '\n')
            head--;
        while (tail < log->len && log->ptr[tail - 1] != '\n')
            tail++;
        memmove(log->ptr + head + sizeof(mark) - 1, log->ptr + tail, log->len - tail);
        memcpy(log->ptr + head, mark, sizeof(mark) - 1);
        log->len = head + sizeof(mark) - 1 + (log->len - tail);
        log->ptr[log->len] = '\0';
    }
    buf_add_str(log, line);
    buf_addz(log, "\n");
}

static void line_end(struct lines *l)
{
    struct buf clean = BUF_INIT(3 * SANDBOX_LINE_MAX);

    text_put_printable(&clean, buf_str(&l->line));
    if (str_starts(buf_str(&clean), STR("bwrap: "))) {
        buf_clear(&l->bwrap);
        buf_add_str(&l->bwrap, str_skip(buf_str(&clean), 7));
    }
    if (!l->t->quiet) {
        log_add(l->s->log, buf_str(&clean));
    }
    if (l->t->line)
        l->t->line(l->t->ctx, buf_str(&clean));
    buf_release(&clean);
    buf_clear(&l->line);
}

static void lines_add(struct lines *l, struct str piece)
{
    for (size_t i = 0; i < piece.len; i++)
        if (piece.ptr[i] == '\n')
            line_end(l);
        else if (l->line.len < SANDBOX_LINE_MAX)
            buf_add_byte(&l->line, (uint8_t)piece.ptr[i]);
}

/* Until it has said all it will, or something is used up. */
static void listen_to(const struct sandbox *s, const struct child *c, int fd, struct lines *l,
                      struct sandbox_result *out)
{
    char room[16384];
    uint64_t next_look = clock_mono_ms() + LOOK_MS;

    for (;;) {
        struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = c->pidfd, .events = POLLIN}};
        uint64_t now = clock_mono_ms();
        ssize_t n;

        if (now >= s->deadline_ms) {
            out->end = SANDBOX_TIME;
            return;
        }
        if (now >= next_look) {
            if (tree_bytes(c->pid, 0) > s->memory_max) {
                out->end = SANDBOX_MEMORY;
                return;
            }
            if (s->tick)
                s->tick(s->tick_ctx);
            next_look = now + LOOK_MS;
        }
        if (poll(p, 2, (int)LOOK_MS) < 0 && errno != EINTR)
            return;
        n = p[0].revents ? read(fd, room, sizeof(room)) : -1;
        if (n > 0)
            lines_add(l, str_from(room, (size_t)n));
        else if (p[1].revents)
            return;
        else if (n == 0)
            fd = -1; /* it has closed its output and goes on */
    }
}

/* bubblewrap reports how the tool ended, if it came so far as to start it. Tools do not have the
 * channel. */
static bool was_started(int report)
{
    char room[SAID_MAX];
    ssize_t n = recv(report, room, sizeof(room), MSG_DONTWAIT);
    struct str said = str_from(room, n > 0 ? (size_t)n : 0);

    return str_find(said, STR("\"exit-code\"")) < said.len;
}

enum err sandbox_run(const struct sandbox *s, const struct sandbox_tool *t,
                     struct sandbox_result *out, struct buf *why)
{
    struct args args = {.n = 0};
    struct spawn sp = {.path = BWRAP,
                       .in = t->in ? t->in : -1,
                       .socket = true,
                       .more = true,
                       .more_fd = s->filter};
    struct child child = CHILD_NONE;
    struct lines l = {.s = s, .t = t};
    int pipe_fd[2], report, status = 0;
    enum err e;

    *out = (struct sandbox_result){SANDBOX_EXITED, 0};
    l.line = BUF_OVER(l.room);
    l.bwrap = BUF_OVER(l.bwrap_room);
    if (lseek(s->filter, 0, SEEK_SET) || pipe2(pipe_fd, O_CLOEXEC))
        return err_sys(why, "cannot start '%s'", t->argv[0]);
    args_make(s, t, &args);
    sp.argv = args.v;
    sp.out = t->out ? t->out : pipe_fd[1];
    sp.err = pipe_fd[1];
    e = spawn_start(&sp, &child, why);
    fd_close(&pipe_fd[1]);
    if (e) {
        fd_close(&pipe_fd[0]);
        return e;
    }
    report = child.sock;
    child.sock = -1;
    listen_to(s, &child, pipe_fd[0], &l, out);
    if (l.line.len)
        line_end(&l);
    fd_close(&pipe_fd[0]);
    if (out->end == SANDBOX_EXITED) {
        (void)child_wait(&child, END_MS, &status);
        out->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        /* An earlier tool may have left something else where this one should start. */
        if (!was_started(report)) {
            if (str_starts(buf_str(&l.bwrap), STR("Can't chdir to ")))
                out->status = NO_FOLDER;
            else
                e = err_put(why, ERR_DENIED, "bubblewrap could not start '%s': %s", t->argv[0],
                            l.bwrap.len ? buf_z(&l.bwrap) : "it does not say why");
        }
    }
    child_kill(&child);
    fd_close(&report);
    return e;
}
