/* acts.c — see acts.h. */
#include "exec/acts.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t act_other; /* a process that is not the one that tries */

static bool open_file(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool make_file(void)
{
    return open("/tmp/outlayer-probe", O_CREAT | O_WRONLY, 0600) >= 0;
}

static bool open_own_memory(void)
{
    return open("/proc/self/mem", O_RDWR) >= 0;
}

static bool look_at_file(void)
{
    return access("/etc/passwd", F_OK) == 0;
}

static bool unlink_file(void)
{
    return unlink("/tmp/outlayer-probe") == 0;
}

static bool list_folder(void)
{
    return opendir("/") != NULL;
}

static bool tcp_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool netlink_socket(void)
{
    return socket(AF_NETLINK, SOCK_RAW, 0) >= 0;
}

static bool fork_process(void)
{
    return fork() >= 0;
}

static bool vfork_process(void)
{
    return syscall(SYS_clone, CLONE_VFORK | CLONE_VM | SIGCHLD, 0, 0, 0, 0) >= 0;
}

static void *idle(void *p)
{
    return p;
}

static bool start_thread(void)
{
    pthread_t t;
    return pthread_create(&t, NULL, idle, NULL) == 0 && pthread_join(t, NULL) == 0;
}

static bool exec_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return true;
}

static bool trace_other(void)
{
    return ptrace(PTRACE_ATTACH, act_other, NULL, NULL) == 0;
}

static bool read_other(void)
{
    char b[8];
    struct iovec to = {b, sizeof(b)}, from = {b, sizeof(b)};
    return process_vm_readv(act_other, &to, 1, &from, 1, 0) > 0;
}

static bool signal_other(void)
{
    return kill(act_other, 0) == 0;
}

static bool signal_other_thread(void)
{
    return syscall(SYS_tgkill, act_other, act_other, 0) == 0;
}

static bool change_user(void)
{
    return syscall(SYS_setresuid, 0, 0, 0) == 0;
}

static bool new_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0;
}

static bool mount_something(void)
{
    return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL) == 0;
}

static bool use_io_uring(void)
{
    char params[256] = {0};
    return syscall(SYS_io_uring_setup, 1, params) >= 0;
}

static bool use_bpf(void)
{
    return syscall(SYS_bpf, 0, NULL, 0) >= 0;
}

static bool use_userfaultfd(void)
{
    return syscall(SYS_userfaultfd, 0) >= 0;
}

static bool use_keyring(void)
{
    return syscall(SYS_keyctl, 0, 0) >= 0;
}

static bool steal_descriptor(void)
{
    return syscall(SYS_pidfd_open, act_other, 0) >= 0;
}

static bool allow_core_dump(void)
{
    return prctl(PR_SET_DUMPABLE, 1) == 0;
}

static bool many_descriptors(void)
{
    for (int i = 0; i < 256; i++)
        if (memfd_create("x", 0) < 0)
            return false;
    return true;
}

static bool much_memory(void)
{
    char *p =
        mmap(NULL, (size_t)8 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED;
}

static bool long_file(void)
{
    int fd = memfd_create("x", 0);
    signal(SIGXFSZ, SIG_IGN);
    return fd >= 0 && ftruncate(fd, (off_t)8 << 30) == 0;
}

static bool executable_mapping(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static bool executable_protection(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool open_filter_again(void)
{
    return syscall(SYS_seccomp, 1, 0, NULL) == 0;
}

/* What it needs, and therefore may. */
static bool compute_and_sleep(void)
{
    struct timespec t = {.tv_nsec = 1000000};
    uint8_t r[8];
    bool ok = syscall(SYS_getrandom, r, sizeof(r), 0) == (long)sizeof(r);
    char *p = malloc(50u << 20);

    if (p)
        memset(p, 1, 50u << 20);
    ok = ok && p;
    free(p);
    return ok && clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) == 0 && write(2, "", 0) == 0;
}

#define BOTH(name, probe, end)                                                                     \
    {                                                                                              \
        name, probe,                                                                               \
        {                                                                                          \
            end, end                                                                               \
        }                                                                                          \
    }

/* What it gives where: compiling, running. */
static const struct act acts[] = {
    BOTH("compute and sleep", compute_and_sleep, ACT_DONE),
    {"start a thread", start_thread, {ACT_DONE, ACT_ENDED}},
    {"make memory executable", executable_protection, {ACT_DONE, ACT_ENDED}},
    {"map executable memory", executable_mapping, {ACT_DONE, ACT_ENDED}},
    {"change the filter", open_filter_again, {ACT_REFUSED, ACT_ENDED}},
    {"allow a core dump", allow_core_dump, {ACT_REFUSED, ACT_ENDED}},
    BOTH("open a file", open_file, ACT_REFUSED),
    BOTH("make a file", make_file, ACT_REFUSED),
    BOTH("open its own memory", open_own_memory, ACT_REFUSED),
    BOTH("look whether a file is there", look_at_file, ACT_REFUSED),
    BOTH("list a folder", list_folder, ACT_REFUSED),
    BOTH("unlink a file", unlink_file, ACT_ENDED),
    BOTH("make a TCP socket", tcp_socket, ACT_ENDED),
    BOTH("make a unix socket", unix_socket, ACT_ENDED),
    BOTH("make a netlink socket", netlink_socket, ACT_ENDED),
    BOTH("fork", fork_process, ACT_ENDED),
    BOTH("vfork", vfork_process, ACT_ENDED),
    BOTH("execute a program", exec_program, ACT_ENDED),
    BOTH("trace another process", trace_other, ACT_ENDED),
    BOTH("read another process", read_other, ACT_ENDED),
    BOTH("signal another process", signal_other, ACT_ENDED),
    BOTH("signal another's thread", signal_other_thread, ACT_ENDED),
    BOTH("become root", change_user, ACT_ENDED),
    BOTH("make a namespace", new_namespace, ACT_ENDED),
    BOTH("mount", mount_something, ACT_ENDED),
    BOTH("use io_uring", use_io_uring, ACT_ENDED),
    BOTH("use bpf", use_bpf, ACT_ENDED),
    BOTH("use userfaultfd", use_userfaultfd, ACT_ENDED),
    BOTH("use the keyring", use_keyring, ACT_ENDED),
    BOTH("take another's descriptor", steal_descriptor, ACT_ENDED),
    BOTH("take many descriptors", many_descriptors, ACT_REFUSED),
    BOTH("take much memory", much_memory, ACT_REFUSED),
    BOTH("make a long anonymous file", long_file, ACT_REFUSED),
};

const struct act *act_list(size_t *n)
{
    *n = countof(acts);
    return acts;
}

/* In the child: behind the walls as they stand when a stranger's bytes are at work. */
NORETURN static void do_it(const struct act *a, enum sandbox_kind kind)
{
    struct buf why = WHY_INIT;
    uint32_t walls = 0;

    /* Nobody's handlers, so that the end is an end. */
    for (int s = 1; s < 32; s++)
        signal(s, SIG_DFL);
    if (sandbox_enter(kind, &walls, &why) || (kind == SANDBOX_RUN && sandbox_loaded(&why)))
        _exit(ACT_NO_WALLS);
    _exit(a->probe() ? ACT_DONE : ACT_REFUSED);
}

enum act_end act_try(const struct act *a, enum sandbox_kind kind)
{
    int status;
    pid_t child;

    act_other = getpid();
    child = fork();
    if (child == 0)
        do_it(a, kind);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return ACT_NO_WALLS;
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? ACT_ENDED : ACT_NO_WALLS;
    return (enum act_end)WEXITSTATUS(status);
}
