/* net_wall.c — see net_wall.h. */
#include "proc/net_wall.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sanitized.h"
#include "proc/landlock.h"

#define MEMORY_MAX (512u << 20)

static enum err limit(int what, rlim_t max, struct buf *why)
{
    const struct rlimit l = {max, max};

    if (setrlimit(what, &l))
        return err_sys(why, "cannot limit the child's resources");
    return ERR_OK;
}

/* Reading below these is all that resolving a name and checking a certificate need. */
static const char *const readable[] = {"/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve"};

static const struct landlock_rules rules = {
    .readable = readable, .nreadable = countof(readable), .network = true};

bool net_wall_reads_all(void)
{
    return !landlock_there();
}

static const int allowed[] = {
    /* memory, time, threads (names are resolved in one) */
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(futex),
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(tgkill),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrandom),
    SCMP_SYS(membarrier),
    SCMP_SYS(getrusage),
    /* descriptors that are there */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fcntl),
    SCMP_SYS(ioctl),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe2),
    SCMP_SYS(dup),
    /* reading files: which ones, Landlock decides; for writing see below */
    SCMP_SYS(newfstatat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    /* the network */
    SCMP_SYS(accept4),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt),
    SCMP_SYS(sendto),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(socketpair),
};

static enum err seccomp_enter(struct buf *why)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    const int writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool ok = f != NULL;

    for (size_t i = 0; i < countof(allowed) && ok; i++)
        ok = !seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    ok = ok &&
         !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                           SCMP_A1(SCMP_CMP_MASKED_EQ, (scmp_datum_t)writing, 0)) &&
         !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, (scmp_datum_t)writing, 0));
    /* Families of sockets: local ones are how a resolver daemon is asked, netlink how the
     * addresses of this host are listed before choosing among a name's addresses. */
    for (size_t i = 0; i < countof(families) && ok; i++)
        ok = !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
    ok = ok && !seccomp_load(f);
    seccomp_release(f);
    if (!ok)
        return err_put(why, ERR_IO, "the kernel refuses a system call filter; it needs seccomp");
    return ERR_OK;
}

enum err net_wall_enter(const struct net_wall *w, struct buf *why)
{
    bool on; /* without it seccomp still refuses every opening for writing */
    enum err e = limit(RLIMIT_NOFILE, w->descriptors, why);

    if (!e)
        e = limit(RLIMIT_FSIZE, w->file_bytes, why);
    if (!e && !SANITIZED)
        e = limit(RLIMIT_AS, MEMORY_MAX, why);
    if (!e && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        e = err_sys(why, "cannot give up privileges");
    if (!e && !SANITIZED)
        e = landlock_enter(&rules, &on, why);
    if (!e && !SANITIZED)
        e = seccomp_enter(why);
    return e;
}
