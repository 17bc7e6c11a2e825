/* wall.c — see wall.h. */
#include "keyholder/wall.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/sanitized.h"
#include "proc/self.h"

#define FILES_MAX 16

enum err wall_conceal(struct buf *why)
{
    return self_conceal(why);
}

enum err wall_lock(struct buf *why)
{
    struct rlimit l;

    if (SANITIZED)
        return ERR_OK;
    if (!getrlimit(RLIMIT_MEMLOCK, &l)) {
        l.rlim_cur = l.rlim_max;
        (void)setrlimit(RLIMIT_MEMLOCK, &l);
    }
    if (mlockall(MCL_CURRENT | MCL_FUTURE)) {
        (void)err_sys(why, "cannot lock the memory that holds the master secret");
        buf_addz(why, "; raise the limit of locked memory (ulimit -l, LimitMEMLOCK=) to 16 MiB");
        return ERR_DENIED;
    }
    return ERR_OK;
}

static const int allowed[] = {
    /* memory, without making any of it executable: see below */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    /* the socket and the log */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    /* time, randomness, the end */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(futex),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall),
};

static enum err seccomp_enter(struct buf *why)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool ok = f != NULL;

    for (size_t i = 0; i < countof(allowed) && ok; i++)
        ok = !seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    ok = ok && !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    ok = ok && !seccomp_load(f);
    seccomp_release(f);
    if (!ok)
        return err_put(why, ERR_IO, "the kernel refuses a system call filter; it needs seccomp");
    return ERR_OK;
}

enum err wall_enter(struct buf *why)
{
    const struct rlimit files = {FILES_MAX, FILES_MAX};

    if (setrlimit(RLIMIT_NOFILE, &files))
        return err_sys(why, "cannot limit the keyholder's descriptors");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return err_sys(why, "cannot give up privileges");
    return SANITIZED ? ERR_OK : seccomp_enter(why);
}
