/*
 * What an exec child cannot do. Each probe runs in a process of its own behind the real walls
 * (src/exec/sandbox_linux.c), as native code: what a guest could do that broke out of the engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/outcome.h"
#include "exec/sandbox.h"
#include "guest/exec_msg.h"
#include "guest/guest.h"

/* A probe gives true when it got what it wanted. */
typedef bool (*probe)(void);

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

static bool trace_parent(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static bool read_parent(void)
{
    char b[8];
    struct iovec to = {b, sizeof(b)}, from = {b, sizeof(b)};
    return process_vm_readv((pid_t)syscall(SYS_getpid), &to, 1, &from, 1, 0) > 0;
}

static bool signal_parent(void)
{
    return kill(1, 0) == 0;
}

static bool signal_parent_thread(void)
{
    return syscall(SYS_tgkill, 1, 1, 0) == 0;
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
    return syscall(SYS_pidfd_open, 1, 0) >= 0;
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
    char *p = malloc(50u << 20);
    uint8_t r[8];
    if (!p || syscall(SYS_getrandom, r, sizeof(r), 0) != (long)sizeof(r))
        return false;
    memset(p, 1, 50u << 20);
    free(p);
    return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) == 0 && write(2, "", 0) == 0;
}

enum result { GOT_IT, REFUSED, ENDED, NO_WALLS };

static enum result try(probe p, enum sandbox_kind kind, bool loaded)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct buf why = WHY_INIT;
        uint32_t walls = 0;
        /* cmocka's handlers would turn the end into a report. */
        for (int s = 1; s < 32; s++)
            signal(s, SIG_DFL);
        if (sandbox_enter(kind, &walls, &why) || (loaded && sandbox_loaded(&why)))
            _exit(3);
        _exit(p() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return ENDED;
    }
    return WEXITSTATUS(status) == 0 ? GOT_IT : WEXITSTATUS(status) == 1 ? REFUSED : NO_WALLS;
}

static void the_walls_leave_what_is_needed(void **state)
{
    (void)state;
    assert_int_equal(try(compute_and_sleep, SANDBOX_RUN, false), GOT_IT);
    assert_int_equal(try(compute_and_sleep, SANDBOX_RUN, true), GOT_IT);
    assert_int_equal(try(compute_and_sleep, SANDBOX_COMPILE, false), GOT_IT);
    assert_int_equal(try(start_thread, SANDBOX_COMPILE, false), GOT_IT);
    assert_int_equal(try(executable_mapping, SANDBOX_RUN, false), GOT_IT); /* to load code */
}

static void forbidden_acts(void **state)
{
    static const struct {
        const char *name;
        probe probe;
        enum result want;
        bool only_run; /* compiling needs it */
    } acts[] = {
        {"open a file", open_file, REFUSED, false},
        {"make a file", make_file, REFUSED, false},
        {"open its own memory", open_own_memory, REFUSED, false},
        {"look whether a file is there", look_at_file, REFUSED, false},
        {"list a folder", list_folder, REFUSED, false},
        {"unlink a file", unlink_file, ENDED, false},
        {"make a TCP socket", tcp_socket, ENDED, false},
        {"make a unix socket", unix_socket, ENDED, false},
        {"make a netlink socket", netlink_socket, ENDED, false},
        {"fork", fork_process, ENDED, false},
        {"vfork", vfork_process, ENDED, false},
        {"start a thread", start_thread, ENDED, true},
        {"execute a program", exec_program, ENDED, false},
        {"trace its parent", trace_parent, ENDED, false},
        {"read another process", read_parent, ENDED, false},
        {"signal another process", signal_parent, ENDED, false},
        {"signal another's thread", signal_parent_thread, ENDED, false},
        {"become root", change_user, ENDED, false},
        {"make a namespace", new_namespace, ENDED, false},
        {"mount", mount_something, ENDED, false},
        {"use io_uring", use_io_uring, ENDED, false},
        {"use bpf", use_bpf, ENDED, false},
        {"use userfaultfd", use_userfaultfd, ENDED, false},
        {"use the keyring", use_keyring, ENDED, false},
        {"take another's descriptor", steal_descriptor, ENDED, false},
        {"allow a core dump", allow_core_dump, ENDED, true},
        {"take many descriptors", many_descriptors, REFUSED, false},
        {"take much memory", much_memory, REFUSED, false},
        {"make a long anonymous file", long_file, REFUSED, false},
    };
    (void)state;
    for (size_t i = 0; i < countof(acts); i++) {
        enum result r = try(acts[i].probe, SANDBOX_RUN, false);
        if (r != acts[i].want)
            fail_msg("run: %s: %d, not %d", acts[i].name, r, acts[i].want);
        if (acts[i].only_run)
            continue;
        r = try(acts[i].probe, SANDBOX_COMPILE, false);
        if (r != acts[i].want)
            fail_msg("compile: %s: %d, not %d", acts[i].name, r, acts[i].want);
    }
    assert_int_equal(try(allow_core_dump, SANDBOX_COMPILE, false), REFUSED);
}

static void no_new_code_after_loading(void **state)
{
    (void)state;
    assert_int_equal(try(executable_mapping, SANDBOX_RUN, true), ENDED);
    assert_int_equal(try(executable_protection, SANDBOX_RUN, true), ENDED);
    assert_int_equal(try(open_filter_again, SANDBOX_RUN, true), ENDED);
}

static void proc_text(pid_t pid, const char *what, struct buf *out)
{
    char path[64];
    struct buf why = WHY_INIT;
    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, what);
    if (file_read(path, out, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    buf_release(&why);
}

static void real_child_holds_nothing(void **state)
{
    const struct guest_options o = {.exec_path = BIN_DIR "/outlayer-exec"};
    struct buf why = WHY_INIT, text = BUF_INIT(65536);
    struct guest *g = NULL;
    struct dirent *e;
    char path[64];
    pid_t pid;
    DIR *d;
    (void)state;

    setenv("OUTLAYER_TEST_SECRET", "do not inherit", 1);
    int leak = open("/dev/null", O_RDONLY); /* not close-on-exec */
    if (guest_start(&o, &g, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    pid = guest_pid(g);
    proc_text(pid, "status", &text);
    assert_non_null(strstr(buf_z(&text), "NoNewPrivs:\t1"));
    assert_non_null(strstr(buf_z(&text), "Seccomp:\t2"));
    assert_non_null(strstr(buf_z(&text), "CapEff:\t0000000000000000"));
    assert_non_null(strstr(buf_z(&text), "CapPrm:\t0000000000000000"));
    assert_non_null(strstr(buf_z(&text), "Threads:\t1\n"));
    if (geteuid() == 0) /* others may not look at it: it cannot be traced */
    {
        buf_clear(&text);
        proc_text(pid, "environ", &text);
        assert_int_equal(text.len, 0);
        snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
        d = opendir(path);
        assert_non_null(d);
        while ((e = readdir(d)))
            if (e->d_name[0] != '.' && atoi(e->d_name) > 3)
                fail_msg("the child holds descriptor %s", e->d_name);
        closedir(d);
    }
    guest_stop(g);
    /* And it is gone. */
    assert_int_equal(kill(pid, 0), -1);
    close(leak);
    unsetenv("OUTLAYER_TEST_SECRET");
    buf_release(&text);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walls_leave_what_is_needed),
        cmocka_unit_test(forbidden_acts),
        cmocka_unit_test(no_new_code_after_loading),
        cmocka_unit_test(real_child_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
