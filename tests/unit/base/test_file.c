/* test_file.c — whole files, atomic replacement, removing folders. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#include "base/file.h"

static char dir[] = "/tmp/outlayer-test-XXXXXX";

static int enter(void **state)
{
    (void)state;
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") == 0 && dir_remove(dir, NULL) == ERR_OK && !file_exists(dir) ? 0 : -1;
}

static void writes_and_reads(void **state)
{
    struct buf b = BUF_INIT(5), why = WHY_INIT;
    struct stat st;

    (void)state;
    assert_ok(file_write_atomic("f", STR("12345"), 0600, &why), why);
    assert_ok(file_read("f", &b, &why), why);
    assert_buf(b, "12345");
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(file_write_atomic("f", STR("123456"), 0600, &why), why);
    buf_clear(&b);
    assert_int_equal(file_read("f", &b, &why), ERR_TOO_BIG);
    assert_int_equal(file_read("absent", &b, &why), ERR_ABSENT);
    assert_int_equal(file_write_atomic("no/such/folder", STR(""), 0600, &why), ERR_IO);
    buf_release(&b);
    buf_release(&why);
}

static void makes_and_removes_folders(void **state)
{
    struct buf why = WHY_INIT;

    (void)state;
    assert_ok(dir_make("a/b/c", &why), why);
    assert_ok(dir_make("a/b/c", &why), why);
    assert_ok(file_write_atomic("a/b/f", STR("x"), 0600, &why), why);
    assert_ok(file_write_atomic("outside", STR("x"), 0600, &why), why);
    assert_int_equal(symlink("../../outside", "a/b/link"), 0);
    assert_int_equal(symlink("/", "a/root"), 0);
    assert_ok(dir_remove("a", &why), why);
    assert_false(file_exists("a"));
    assert_true(file_exists("outside")); /* links are removed, not followed */
    assert_ok(dir_remove("a", &why), why);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads),
        cmocka_unit_test(makes_and_removes_folders),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
