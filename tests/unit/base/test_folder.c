/* Folders of kept files: what is seen, in which order, and what goes. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"

static char dir[] = "/tmp/outlayer-folder-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return dir_remove(dir, NULL) == ERR_OK ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char room[256];

    snprintf(room, sizeof(room), "%s/%s", dir, name);
    return room;
}

/* A file of `n` bytes, last used at `used` seconds. */
static void put(const char *name, size_t n, time_t used)
{
    const struct timespec at[2] = {{.tv_sec = used}, {.tv_sec = used}};
    char bytes[64] = {0};

    assert_int_equal(file_write_atomic(path_of(name), str_from(bytes, n), 0600, NULL), ERR_OK);
    assert_int_equal(utimensat(AT_FDCWD, path_of(name), at, 0), 0);
}

static void looks(void **state)
{
    struct folder f;

    (void)state;
    assert_int_equal(mkdir(path_of("a"), 0700), 0);
    assert_int_equal(mkdir(path_of("b"), 0700), 0);
    put("one", 10, 300);
    put("a/two", 20, 100);
    put("b/three", 30, 200);
    put("a/a-name-of-more-bytes", 40, 50);
    assert_int_equal(symlink("one", path_of("a/link")), 0);
    assert_int_equal(symlink("a", path_of("c")), 0);
    assert_int_equal(folder_open(&f, dir, NULL), ERR_OK);
    folder_look(&f, NULL, 8, SIZE_MAX);
    folder_look(&f, "a", 8, SIZE_MAX);
    folder_look(&f, "b", 8, SIZE_MAX);
    folder_look(&f, "c", 8, SIZE_MAX);
    folder_look(&f, "none", 8, SIZE_MAX);
    folder_order(&f);
    assert_int_equal(f.n, 3);
    assert_int_equal(f.bytes, 100);
    assert_string_equal(f.v[0].path, "a/two");
    assert_string_equal(f.v[1].path, "b/three");
    assert_string_equal(f.v[2].path, "one");
    folder_look(&f, "b", 8, 3);
    assert_int_equal(f.n, 3);
    folder_close(&f);
    assert_int_equal(folder_open(&f, path_of("nowhere"), NULL), ERR_IO);
    folder_close(&f);
}

static void trims(void **state)
{
    struct folder f;

    (void)state;
    assert_int_equal(folder_open(&f, dir, NULL), ERR_OK);
    folder_look(&f, NULL, 8, SIZE_MAX);
    folder_look(&f, "a", 8, SIZE_MAX);
    folder_look(&f, "b", 8, SIZE_MAX);
    assert_int_equal(f.bytes, 100);
    folder_trim(&f, 100, 3);
    assert_true(file_exists(path_of("a/two")));
    folder_trim(&f, 99, 3);
    assert_false(file_exists(path_of("a/two")));
    assert_true(file_exists(path_of("b/three")));
    assert_int_equal(f.bytes, 80);
    folder_close(&f);
    assert_int_equal(folder_open(&f, dir, NULL), ERR_OK);
    folder_look(&f, NULL, 8, SIZE_MAX);
    folder_look(&f, "b", 8, SIZE_MAX);
    folder_trim(&f, UINT64_MAX, 1);
    assert_false(file_exists(path_of("b/three")));
    assert_true(file_exists(path_of("one")));
    assert_true(file_exists(path_of("a/a-name-of-more-bytes")));
    folder_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(looks), cmocka_unit_test(trims)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
