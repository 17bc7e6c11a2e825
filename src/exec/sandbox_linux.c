/*
 * sandbox_linux.c — the walls on Linux, from the outermost in: another user, limits, no new
 * privileges, Landlock without a single rule, a seccomp allow-list.
 *
 * A call outside the list ends the process. Opening things is refused gently instead, because
 * libraries try files that they can do without.
 */
#include "exec/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/outcome.h"
#include "guest/exec_msg.h"
#include "proc/landlock.h"

#define NOBODY 65534

/* Root is left behind where there is root to leave. */
static bool leave_root(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    pid_t parent = getppid();

    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
                           setresuid(NOBODY, NOBODY, NOBODY) < 0))
        return false; /* a user namespace without that user: the other walls must do */
    if (syscall(SYS_capset, &head, none) < 0 || geteuid() == 0)
        return false;
    /* Changing the user forgot this. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    return true;
}

static enum err set_limits(enum sandbox_kind kind, struct buf *why)
{
    /* Memory and stdout of the largest run, the copy of it in a message, and the engine. */
    const rlim_t data =
        kind == SANDBOX_RUN ? ((rlim_t)RUN_MEMORY_MB_MAX * 3 + 256) << 20 : (rlim_t)4 << 30;
    const struct {
        int what;
        rlim_t value;
    } limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_NOFILE, 32 + NET_OPEN_MAX},
        {RLIMIT_FSIZE, (rlim_t)1 << 30}, /* counts for anonymous files too */
        {RLIMIT_DATA, data},
        {RLIMIT_MEMLOCK, 0},
        {RLIMIT_MSGQUEUE, 0},
        {RLIMIT_CPU, kind == SANDBOX_COMPILE ? 120 : RLIM_INFINITY},
    };

    for (size_t i = 0; i < countof(limits); i++) {
        const struct rlimit l = {limits[i].value, limits[i].value};
        if (limits[i].value != RLIM_INFINITY && setrlimit(limits[i].what, &l) < 0)
            return err_sys(why, "set limit %d of the exec child", limits[i].what);
    }
    return ERR_OK;
}

static const int allowed[] = {
    /* the socket to the supervisor */
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(memfd_create),
    SCMP_SYS(ftruncate),
    SCMP_SYS(membarrier),
    /* descriptors it was given or made of memory; stderr */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(close),
    SCMP_SYS(fcntl),
    /* itself */
    SCMP_SYS(futex),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* clocks, random numbers */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    /* one more filter over this one */
    SCMP_SYS(seccomp),
};

/* Tried by libraries, done without. */
static const int refused[] = {
    SCMP_SYS(open),     SCMP_SYS(openat),     SCMP_SYS(access),    SCMP_SYS(faccessat),
    SCMP_SYS(stat),     SCMP_SYS(lstat),      SCMP_SYS(statx),     SCMP_SYS(newfstatat),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(ioctl),     SCMP_SYS(uname),
    SCMP_SYS(sysinfo),  SCMP_SYS(getcwd),     SCMP_SYS(prlimit64), SCMP_SYS(getrusage),
};

static int filter_rules(scmp_filter_ctx f, enum sandbox_kind kind)
{
    int r = 0;

    for (size_t i = 0; i < countof(allowed) && !r; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < countof(refused) && !r; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    if (!r) /* abort(): how running out of memory ends; the supervisor tells it from a break-out */
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (r || kind != SANDBOX_COMPILE)
        return r;
    /* Threads of this process, never another process. */
    r = seccomp_rule_add(
        f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
        SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
    if (!r) /* its flags cannot be looked at; libc falls back to clone */
        r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (!r) /* names of threads */
        r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 0);
    return r;
}

static enum err load_filter(scmp_filter_ctx f, int r, struct buf *why)
{
    if (!r) /* done already, by a call that the second filter could not make */
        r = seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 0);
    if (!r)
        r = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!r)
        r = seccomp_load(f);
    seccomp_release(f);
    if (r)
        return err_put(why, ERR_DENIED, "the system call filter cannot be set: %s", strerror(-r));
    return ERR_OK;
}

enum err sandbox_enter(enum sandbox_kind kind, uint32_t *walls, struct buf *why)
{
    uint32_t w = 0;
    scmp_filter_ctx f;
    bool landlock;
    enum err e;

    if (leave_root())
        w |= EXEC_WALL_USER;
    e = set_limits(kind, why);
    if (e)
        return e;
    w |= EXEC_WALL_LIMITS;
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_sys(why, "give up new privileges");
    w |= EXEC_WALL_NO_NEW_PRIVS;
    e = landlock_enter(&(struct landlock_rules){0}, &landlock, why);
    if (e)
        return e;
    if (landlock)
        w |= EXEC_WALL_LANDLOCK;
    f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!f)
        return err_put(why, ERR_DENIED, "the system call filter cannot be made");
    e = load_filter(f, filter_rules(f, kind), why);
    if (e)
        return e;
    *walls = w | EXEC_WALL_SECCOMP;
    return ERR_OK;
}

enum err sandbox_loaded(struct buf *why)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    static const int makers[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
    int r = 0;

    if (!f)
        return err_put(why, ERR_DENIED, "the second system call filter cannot be made");
    for (size_t i = 0; i < countof(makers) && !r; i++)
        r = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, makers[i], 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    if (!r)
        r = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(seccomp), 0);
    return load_filter(f, r, why);
}
