/* Downloaded programs on disk: kept by hash, least recently used goes first. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"
#include "builder/store.h"

static char dir[] = "/tmp/outlayer-test-store-XXXXXX";

static enum err put(const struct store *s, uint8_t name, size_t size)
{
    static char bytes[4096];
    const struct hash256 id = {{name}};
    int fd = memfd_create("x", MFD_CLOEXEC);
    enum err e;

    assert_true(fd >= 0 && size <= sizeof(bytes));
    bytes[0] = (char)name;
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    e = store_put(s, &id, fd, size, NULL);
    fd_close(&fd);
    return e;
}

static bool has(const struct store *s, uint8_t name, uint64_t want_size)
{
    const struct hash256 id = {{name}};
    uint64_t size;
    char first;
    int fd;
    enum err e = store_get(s, &id, &fd, &size, NULL);

    if (e) {
        assert_int_equal(e, ERR_ABSENT);
        return false;
    }
    assert_int_equal(size, want_size);
    assert_int_equal(read(fd, &first, 1), 1);
    assert_int_equal((uint8_t)first, name);
    fd_close(&fd);
    usleep(20000); /* times of use differ */
    return true;
}

static void test_store(void **state)
{
    (void)state;
    struct store s;
    const struct hash256 two = {{2}};

    assert_int_equal(store_init(&s, dir, 2500, NULL), ERR_OK);
    assert_false(has(&s, 1, 0));
    assert_int_equal(put(&s, 1, 1000), ERR_OK);
    usleep(20000);
    assert_int_equal(put(&s, 2, 1000), ERR_OK);
    assert_true(has(&s, 2, 1000));
    assert_true(has(&s, 1, 1000)); /* so 2 is the older one now */
    assert_int_equal(put(&s, 3, 1000), ERR_OK);
    assert_false(has(&s, 2, 0));
    assert_true(has(&s, 1, 1000));
    assert_true(has(&s, 3, 1000));
    assert_int_equal(put(&s, 4, 4000), ERR_OK); /* never fits: not kept, nothing lost */
    assert_false(has(&s, 4, 0));
    assert_true(has(&s, 3, 1000));
    assert_int_equal(put(&s, 2, 500), ERR_OK);
    store_drop(&s, &two);
    assert_false(has(&s, 2, 0));
    store_drop(&s, &two);
}

/* Files of one byte do not fill the maximum of bytes, but the disk. */
static void many(void **state)
{
    struct store s;
    char path[128];
    unsigned n = 0;
    struct dirent *entry;
    DIR *d;

    (void)state;
    snprintf(path, sizeof(path), "%s/many", dir);
    assert_int_equal(store_init(&s, path, 1u << 30, NULL), ERR_OK);
    assert_int_equal(put(&s, 1, 1), ERR_OK);
    for (unsigned i = 0; i < STORE_FILES_MAX + 50; i++) {
        const struct timespec old[2] = {{1, i}, {1, i}};
        int fd;

        snprintf(path, sizeof(path), "%s/many/%064x", dir, i);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0 && write(fd, "-", 1) == 1);
        assert_int_equal(futimens(fd, old), 0);
        fd_close(&fd);
    }
    assert_int_equal(put(&s, 2, 1), ERR_OK);
    d = opendir(s.dir);
    assert_non_null(d);
    while ((entry = readdir(d)))
        n += entry->d_name[0] != '.';
    closedir(d);
    assert_int_equal(n, STORE_FILES_MAX);
    snprintf(path, sizeof(path), "%s/many/%064x", dir, 0);
    assert_int_equal(access(path, F_OK), -1);
    snprintf(path, sizeof(path), "%s/many/%064x", dir, STORE_FILES_MAX + 49);
    assert_int_equal(access(path, F_OK), 0);
    assert_true(has(&s, 1, 1));
    assert_true(has(&s, 2, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_store), cmocka_unit_test(many)};
    int rc;

    if (!mkdtemp(dir))
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    return dir_remove(dir, NULL) ? 1 : rc;
}
