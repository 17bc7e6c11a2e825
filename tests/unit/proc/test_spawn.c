/* test_spawn.c — a child gets what it is handed and nothing else. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#include "base/clock.h"
#include "base/file.h"
#include "proc/spawn.h"

/* Run a shell line in a child with a socket at 3; what it writes there. */
static void told(const char *line, const char *const *envp, struct buf *out)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct spawn s = {.path = "/bin/sh",
                      .argv = argv,
                      .envp = envp,
                      .in = -1,
                      .out = -1,
                      .err = 2,
                      .socket = true};
    struct child c;
    struct buf why = WHY_INIT;

    assert_ok(spawn_start(&s, &c, &why), why);
    assert_ok(fd_read_all(c.sock, out, &why), why);
    assert_true(child_wait(&c, 5000, NULL));
    assert_int_equal(c.pid, 0);
    buf_release(&why);
}

static void hands_over_only_what_is_listed(void **state)
{
    const char *const envp[] = {"ONLY=this", NULL};
    struct buf out = BUF_INIT(10000);
    int null = open("/dev/null", O_RDONLY),
        leak = fcntl(null, F_DUPFD, 20); /* not close-on-exec, on purpose */

    (void)state;
    setenv("SECRET", "inherited", 1);
    told("echo \"$ONLY-$SECRET\" >&3", envp, &out);
    assert_buf(out, "this-\n");
    buf_clear(&out);
    told("for n in 4 5 6 7 8 9; do [ -e /proc/$$/fd/$n ] && echo $n; done >&3; echo end >&3", NULL,
         &out);
    assert_buf(out, "end\n");
    buf_clear(&out);
    {
        char line[100];
        struct buf b = BUF_OVER(line);

        buf_addf(&b, "[ -e /proc/$$/fd/%d ] && echo leaked >&3 || echo clean >&3", leak);
        told(line, NULL, &out);
    }
    assert_buf(out, "clean\n");
    fd_close(&leak);
    fd_close(&null);
    buf_release(&out);
}

static void reports_what_cannot_start(void **state)
{
    const char *const argv[] = {"x", NULL};
    struct spawn s = {.path = "/no/such/program", .argv = argv, .in = -1, .out = -1, .err = -1};
    struct child c;
    struct buf why = WHY_INIT;

    (void)state;
    assert_int_equal(spawn_start(&s, &c, &why), ERR_IO);
    assert_buf(why, "start '/no/such/program': No such file or directory");
    buf_release(&why);
}

static struct child sleeper(const char *line)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct spawn s = {
        .path = "/bin/sh", .argv = argv, .in = -1, .out = -1, .err = 2, .socket = true};
    struct child c = CHILD_NONE;
    char ready;

    assert_int_equal(spawn_start(&s, &c, NULL), ERR_OK);
    assert_int_equal(read(c.sock, &ready, 1), 1);
    return c;
}

static void stops_children(void **state)
{
    struct child polite = sleeper("echo >&3; exec sleep 60");
    struct child deaf = sleeper("trap '' TERM; echo >&3; while :; do sleep 60; done");
    uint64_t start = clock_mono_ms();
    pid_t pid = polite.pid;

    (void)state;
    assert_false(child_wait(&polite, 20, NULL));
    child_stop(&polite, 5000);
    assert_true(clock_mono_ms() - start < 4000);
    assert_int_equal(kill(pid, 0), -1);
    child_stop(&deaf, 50);
    assert_int_equal(deaf.pid, 0);
    child_stop(&deaf, 50); /* nothing left to do */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_over_only_what_is_listed),
        cmocka_unit_test(reports_what_cannot_start),
        cmocka_unit_test(stops_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
