/* What a child behind the wall can no longer do: each forbidden act is tried in a process that
 * entered. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/net_wall.h"
#include "test.h"

#define FILE_BYTES (1u << 20)

static const struct net_wall wall = {.descriptors = 64, .file_bytes = FILE_BYTES};
static char dir[] = "/tmp/outlayer-test-sandbox-XXXXXX";
static char secret[64], fresh[64];

static int open_for_writing(void)
{
    return open("/dev/null", O_WRONLY);
}
static int make_file(void)
{
    return open(fresh, O_RDWR | O_CREAT, 0600);
}
static int read_secret(void)
{
    return open(secret, O_RDONLY);
}
static int run_program(void)
{
    char *const argv[] = {NULL};

    return execv("/bin/true", argv);
}
static int remove_file(void)
{
    return unlink(secret);
}
static int change_mode(void)
{
    return chmod(secret, 0777);
}
static int trace_parent(void)
{
    return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static int kill_parent(void)
{
    return kill(getppid(), 0);
}
static int mount_something(void)
{
    return mount("none", "/tmp", "tmpfs", 0, NULL);
}
static int raw_packets(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}
static int more_memory(void)
{
    const struct rlimit l = {RLIM_INFINITY, RLIM_INFINITY};

    return setrlimit(RLIMIT_AS, &l);
}

/* Exit status: 0 refused, 1 it went through, 2 the sandbox does not stand. */
static int tried(int (*act)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        if (net_wall_enter(&wall, NULL))
            _exit(2);
        _exit(act() >= 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void test_forbidden(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int (*act)(void);
    } acts[] = {
        {"open for writing", open_for_writing}, {"make a file", make_file},
        {"run a program", run_program},         {"remove a file", remove_file},
        {"change a mode", change_mode},         {"trace the parent", trace_parent},
        {"signal the parent", kill_parent},     {"mount", mount_something},
        {"raw packets", raw_packets},           {"lift its limits", more_memory},
    };

    for (size_t i = 0; i < countof(acts); i++) {
        int what = tried(acts[i].act);

        if (what)
            fail_msg("%s: %s", acts[i].name, what == 1 ? "allowed" : "no sandbox");
    }
    assert_true(file_exists(secret));
}

/* Reading elsewhere is Landlock's, which not every kernel has; then it says so. */
static void test_secret(void **state)
{
    (void)state;

    if (!net_wall_reads_all())
        assert_int_equal(tried(read_secret), 0);
    else
        print_message("this kernel has no Landlock: files stay readable\n");
}

static int mem = -1; /* handed to the child, as the worker does */

static int write_much(void)
{
    static char block[1 << 20];
    uint64_t sum = 0;

    for (unsigned i = 0; i < 100; i++) {
        ssize_t n = write(mem, block, sizeof(block));

        if (n <= 0)
            break;
        sum += (uint64_t)n;
    }
    return sum > FILE_BYTES ? 0 : -1;
}

static void test_file_size(void **state)
{
    (void)state;

    struct stat st;

    mem = memfd_create("x", MFD_CLOEXEC);
    assert_true(mem >= 0);
    assert_int_equal(tried(write_much), 0);
    assert_int_equal(fstat(mem, &st), 0);
    assert_true(st.st_size > 0 && st.st_size <= (off_t)FILE_BYTES);
    fd_close(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_file_size),
    };
    struct buf s = BUF_OVER(secret), f = BUF_OVER(fresh);
    int rc;

    if (!mkdtemp(dir))
        return 1;
    buf_addf(&s, "%s/secret", dir);
    buf_addf(&f, "%s/fresh", dir);
    if (file_write_atomic(secret, STR("x"), 0600, NULL))
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    return dir_remove(dir, NULL) ? 1 : rc;
}
