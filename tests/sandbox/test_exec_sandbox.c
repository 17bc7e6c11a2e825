/*
 * What an exec child cannot do (src/exec/acts.c), and that a worker notices where it can.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/json.h"
#include "exec/acts.h"
#include "guest/guest.h"
#include "guest/self_test.h"

static void every_act_ends_as_it_must(void **state)
{
    size_t n;
    const struct act *acts = act_list(&n);
    (void)state;
    assert_true(n > 30);
    for (size_t i = 0; i < n; i++)
        for (int kind = SANDBOX_COMPILE; kind <= SANDBOX_RUN; kind++) {
            enum act_end end = act_try(&acts[i], (enum sandbox_kind)kind);
            if (end != acts[i].want[kind])
                fail_msg("%s: %s: %d, not %d", kind == SANDBOX_RUN ? "run" : "compile",
                         acts[i].name, end, acts[i].want[kind]);
        }
}

/* The self-test as the worker starts it; and it can fail. */
static void self_test_tells(void **state)
{
    struct buf report = BUF_INIT(SELF_TEST_REPORT_MAX), why = WHY_INIT;
    struct json doc;
    struct str act;
    (void)state;
    if (guest_self_test(BIN_DIR "/outlayer-exec", &report, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    assert_true(json_parse(buf_str(&report), &doc, NULL));
    assert_true(json_plain(json_get(json_at(json_get(doc, "acts"), 0), "act"), &act));
    assert_false(json_is_null(json_at(json_get(doc, "acts"), 60)));
    assert_int_not_equal(guest_self_test("/bin/true", NULL, &why), ERR_OK);
    assert_int_not_equal(guest_self_test("/nonexistent", NULL, &why), ERR_OK);
    buf_release(&report);
    buf_release(&why);
}

/* What a machine without one of the walls would say: refused, with the act's name. */
static void a_broken_wall_is_named(void **state)
{
    static const struct {
        const char *says;
        enum err e;
        const char *why;
    } cases[] = {
        {"{\"acts\":[{\"act\":\"fork\",\"in\":\"run\",\"held\":false}],\"walls\":[\"seccomp\"]}",
         ERR_DENIED, "'fork' (run)"},
        {"{\"acts\":[{\"act\":\"fork\",\"in\":\"run\",\"held\":true}],\"walls\":[]}", ERR_DENIED,
         "there is no sandbox"},
        {"{\"acts\":[],\"walls\":[\"seccomp\"]}", ERR_UPSTREAM, "tried nothing"},
        {"fine", ERR_UPSTREAM, "no JSON"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        char path[] = "/tmp/outlayer-test-exec-XXXXXX";
        struct buf script = BUF_INIT(1000), why = WHY_INIT;
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        buf_addf(&script, "#!/bin/sh\necho '%s'\n", cases[i].says);
        assert_int_equal(fd_write_all(fd, script.ptr, script.len, NULL), ERR_OK);
        assert_int_equal(fchmod(fd, 0700), 0);
        close(fd);
        assert_int_equal(guest_self_test(path, NULL, &why), cases[i].e);
        if (!strstr(buf_z(&why), cases[i].why))
            fail_msg("'%s' is not in: %s", cases[i].why, buf_z(&why));
        unlink(path);
        buf_release(&script);
        buf_release(&why);
    }
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
        cmocka_unit_test(every_act_ends_as_it_must),
        cmocka_unit_test(self_test_tells),
        cmocka_unit_test(a_broken_wall_is_named),
        cmocka_unit_test(real_child_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
