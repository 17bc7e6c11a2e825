/* spawn.c — see spawn.h. */
#include "proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* Move `fd` to number `to`, open across exec. Only async-signal-safe calls from here to exec. */
static bool place(int fd, int to)
{
    if (fd == to)
        return fcntl(fd, F_SETFD, 0) == 0;
    return dup2(fd, to) == to;
}

static void child_run(const struct spawn *s, int sock, int report, pid_t parent)
{
    static const char *const no_env[] = {NULL};
    const char *const *envp = s->envp ? s->envp : no_env;
    int std[3] = {s->in, s->out, s->err};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int keep_from = s->more ? SPAWN_MORE_FD + 1 : s->socket ? SPAWN_SOCKET_FD + 1 : 3;
    int more = -1, what;

    setsid();
    if (!s->outlive) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(127); /* it has gone already */
    }
    /* Out of the way of the numbers to be filled. */
    report = fcntl(report, F_DUPFD_CLOEXEC, 64);
    if (s->socket)
        sock = fcntl(sock, F_DUPFD_CLOEXEC, 64);
    if (s->more)
        more = fcntl(s->more_fd, F_DUPFD_CLOEXEC, 64);
    null = fcntl(null, F_DUPFD_CLOEXEC, 64);
    for (int i = 0; i < 3; i++)
        std[i] = std[i] < 0 ? null : fcntl(std[i], F_DUPFD_CLOEXEC, 64);
    for (int i = 0; i < 3; i++)
        if (std[i] < 0 || !place(std[i], i))
            goto fail;
    if (s->socket && !place(sock, SPAWN_SOCKET_FD))
        goto fail;
    if (s->more) {
        if (!place(more, SPAWN_MORE_FD))
            goto fail;
        if (!s->socket)
            close(SPAWN_SOCKET_FD);
    }
    /* Everything else closes at exec, descriptors that a library left open included. */
    if (syscall(SYS_close_range, (unsigned)keep_from, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) < 0)
        goto fail;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execve(s->path, (char *const *)(uintptr_t)s->argv, (char *const *)(uintptr_t)envp);
fail:
    what = errno;
    if (write(report, &what, sizeof(what)) < 0)
        _exit(126);
    _exit(127);
}

enum err spawn_start(const struct spawn *s, struct child *out, struct buf *why)
{
    int pair[2] = {-1, -1}, report[2] = {-1, -1}, failed = 0;
    struct child c = CHILD_NONE;
    pid_t parent = getpid();
    enum err e = ERR_OK;

    if (pipe2(report, O_CLOEXEC) < 0 ||
        (s->socket && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)) {
        e = err_sys(why, "make a channel for '%s'", s->path);
        goto out;
    }
    c.pid = fork();
    if (c.pid < 0) {
        c.pid = 0;
        e = err_sys(why, "start '%s'", s->path);
        goto out;
    }
    if (c.pid == 0)
        child_run(s, pair[1], report[1], parent);
    fd_close(&report[1]);
    /* The pipe closes at exec, or says why there was none. */
    while (read(report[0], &failed, sizeof(failed)) < 0 && errno == EINTR)
        ;
    if (failed) {
        waitpid(c.pid, NULL, 0);
        errno = failed;
        e = err_sys(why, "start '%s'", s->path);
        goto out;
    }
    c.pidfd = (int)syscall(SYS_pidfd_open, c.pid, 0);
    if (c.pidfd < 0) {
        e = err_sys(why, "watch '%s'", s->path);
        kill(c.pid, SIGKILL);
        waitpid(c.pid, NULL, 0);
        goto out;
    }
    c.sock = pair[0];
    pair[0] = -1;
    *out = c;
out:
    fd_close(&pair[0]);
    fd_close(&pair[1]);
    fd_close(&report[0]);
    fd_close(&report[1]);
    return e;
}

static void forget(struct child *c)
{
    fd_close(&c->sock);
    fd_close(&c->pidfd);
    *c = CHILD_NONE;
}

bool child_wait(struct child *c, uint64_t ms, int *status)
{
    uint64_t until = clock_mono_ms() + ms;
    int how = 0;

    if (!c->pid)
        return true;
    for (;;) {
        struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
        uint64_t now = clock_mono_ms();
        int n = poll(&p, 1, now >= until ? 0 : (int)(until - now));

        if (n > 0)
            break;
        if (n == 0 && clock_mono_ms() >= until)
            return false;
    }
    while (waitpid(c->pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (status)
        *status = how;
    forget(c);
    return true;
}

void child_kill(struct child *c)
{
    if (!c->pid)
        return;
    kill(-c->pid, SIGKILL); /* its session: what it started goes too */
    kill(c->pid, SIGKILL);  /* and itself, should it not have got as far as its own session */
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    forget(c);
}

void child_stop(struct child *c, uint64_t grace_ms)
{
    if (!c->pid)
        return;
    kill(c->pid, SIGTERM);
    if (!child_wait(c, grace_ms, NULL))
        child_kill(c);
}
