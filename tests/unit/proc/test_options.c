/* test_options.c — what a command line turns into, and what is refused. */
#include "proc/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

struct all {
    bool once;
    const char *home;
    uint64_t port;
    struct opt_list env;
};

static const struct opt table[] = {
    OPT_FLAG("once", struct all, once, "stop after the first"),
    OPT_TEXT("home", "DIR", struct all, home, "TEST_OPTIONS_HOME", "where"),
    OPT_U64("port", "N", struct all, port, 10, 65535, "TEST_OPTIONS_PORT", "which"),
    OPT_LIST("env", "K=V", struct all, env, "a variable"),
    OPT_END,
};

#define ARGS_MAX 80

struct got {
    struct all all;
    enum err e;
    bool help;
    int operands, argc;
    char *argv[ARGS_MAX + 1];
    char why[WHY_MAX + 1];
};

/* Words of `line` as arguments after the command's name. */
static struct got read_line(const char *line)
{
    static char copy[4096];
    struct got g = {.all = {.port = 77}, .operands = -1};
    struct buf why = BUF_OVER(g.why);

    snprintf(copy, sizeof copy, "cmd %s", line);
    for (char *w = strtok(copy, " "); w && g.argc < ARGS_MAX; w = strtok(NULL, " "))
        g.argv[g.argc++] = w;
    g.e = options_read(table, g.argc, g.argv, &g.all, &g.help, &g.operands, &why);
    return g;
}

static void test_all_kinds(void **state)
{
    struct got g = read_line("--once --home /x --port=1234 file --env A=1 --env B=2");

    (void)state;
    assert_int_equal(g.e, ERR_OK);
    assert_true(g.all.once);
    assert_string_equal(g.all.home, "/x");
    assert_int_equal(g.all.port, 1234);
    assert_int_equal(g.all.env.n, 2);
    assert_string_equal(g.all.env.item[1], "B=2");
    assert_int_equal(g.operands, g.argc - 1);
    assert_string_equal(g.argv[g.operands], "file");
}

static void test_nothing_given(void **state)
{
    struct got g = read_line("");

    (void)state;
    assert_int_equal(g.e, ERR_OK);
    assert_false(g.all.once);
    assert_null(g.all.home);
    assert_int_equal(g.all.port, 77);
    assert_int_equal(g.operands, g.argc);
}

static void test_operands_after_dashes(void **state)
{
    struct got g = read_line("-- --once");

    (void)state;
    assert_int_equal(g.e, ERR_OK);
    assert_false(g.all.once);
    assert_string_equal(g.argv[g.operands], "--once");
}

static void test_environment_is_the_default(void **state)
{
    struct got g;

    (void)state;
    setenv("TEST_OPTIONS_HOME", "/from-env", 1);
    setenv("TEST_OPTIONS_PORT", "99", 1);
    g = read_line("--port 100");
    assert_int_equal(g.e, ERR_OK);
    assert_string_equal(g.all.home, "/from-env");
    assert_int_equal(g.all.port, 100);
    setenv("TEST_OPTIONS_PORT", "many", 1);
    g = read_line("");
    assert_int_equal(g.e, ERR_RANGE);
    assert_non_null(strstr(g.why, "TEST_OPTIONS_PORT"));
    unsetenv("TEST_OPTIONS_HOME");
    unsetenv("TEST_OPTIONS_PORT");
}

static void test_refused(void **state)
{
    static const struct {
        const char *line, *says;
        enum err e;
    } cases[] = {
        {"--onc-e", "--onc-e", ERR_FORMAT},
        {"--home", "--home", ERR_FORMAT},
        {"--port 9", "--port", ERR_RANGE},
        {"--port 65536", "--port", ERR_RANGE},
        {"--port -1", "--port", ERR_RANGE},
        {"--port 1x", "--port", ERR_RANGE},
        {"--once=yes", "--once", ERR_FORMAT},
        {"-z", "-z", ERR_FORMAT},
        {"--port 99999999999999999999", "--port", ERR_RANGE},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct got g = read_line(cases[i].line);

        assert_int_equal(g.e, cases[i].e);
        assert_non_null(strstr(g.why, cases[i].says));
    }
}

static void test_list_is_bounded(void **state)
{
    static char name[] = "cmd", option[] = "--env", value[] = "A=1";
    char *argv[2 * OPT_LIST_MAX + 4] = {name};
    struct all all = {0};
    bool help;
    int argc = 1, operands;

    (void)state;
    for (int i = 0; i <= OPT_LIST_MAX; i++) {
        argv[argc++] = option;
        argv[argc++] = value;
    }
    assert_int_equal(options_read(table, argc - 2, argv, &all, &help, &operands, NULL), ERR_OK);
    assert_int_equal(all.env.n, OPT_LIST_MAX);
    all.env.n = 0;
    assert_int_equal(options_read(table, argc, argv, &all, &help, &operands, NULL), ERR_RANGE);
}

/* The same table over a file's lines. */
static void test_file(void **state)
{
    static const struct {
        const char *text;
        enum err e;
        const char *says;
    } cases[] = {
        {"once = true\n# port = 1\nhome= /a b \nport =10", ERR_OK, ""},
        {"once = yes", ERR_FORMAT, "true or false"},
        {"\nport = 9", ERR_RANGE, "line 2"},
        {"--port = 10", ERR_FORMAT, "cannot be set"},
        {"home", ERR_FORMAT, "not of the form"},
    };
    char path[] = "/tmp/outlayer-test-options-XXXXXX";
    struct arena a = ARENA_INIT;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf why = WHY_INIT;
        struct all all = {0};

        assert_int_equal(file_write_atomic(path, str_of(cases[i].text), 0600, NULL), ERR_OK);
        assert_int_equal(options_file(table, path, &a, &all, &why), cases[i].e);
        if (why.len)
            assert_non_null(strstr(buf_z(&why), cases[i].says));
        if (i == 0) {
            assert_true(all.once);
            assert_string_equal(all.home, "/a b");
            assert_int_equal(all.port, 10);
        }
        buf_release(&why);
    }
    unlink(path);
    arena_release(&a);
}

static void test_help_wins(void **state)
{
    struct got g = read_line("--help --port 1");

    (void)state;
    assert_int_equal(g.e, ERR_OK);
    assert_true(g.help);
}

static void test_printed(void **state)
{
    struct buf out = BUF_INIT(4096);

    (void)state;
    options_print(table, &out);
    assert_non_null(strstr(buf_z(&out), "  --once      stop after the first\n"));
    assert_non_null(strstr(buf_z(&out), "  --home DIR  where [TEST_OPTIONS_HOME]\n"));
    assert_non_null(strstr(buf_z(&out), "  --help      say this\n"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),
        cmocka_unit_test(test_nothing_given),
        cmocka_unit_test(test_operands_after_dashes),
        cmocka_unit_test(test_environment_is_the_default),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_list_is_bounded),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_help_wins),
        cmocka_unit_test(test_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
