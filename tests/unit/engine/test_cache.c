/* The cache of compiled code: found again, never believed when altered, kept small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine/cache.h"
#include "proc/memfd.h"

static char dir[64];
static struct mac_key key;
static struct cache cache;

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/outlayer-cache-XXXXXX");
    mac_key_new(&key);
    if (!mkdtemp(dir))
        return -1;
    return cache_init(&cache, dir, &key, 100000, NULL) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    cache_release(&cache);
    return dir_remove(dir, NULL) == ERR_OK ? 0 : -1;
}

static struct hash256 id(unsigned n)
{
    struct hash256 h = {{(uint8_t)n, (uint8_t)(n >> 8)}};
    return h;
}

static enum err get(const char *engine, unsigned n, struct buf *out)
{
    struct hash256 h = id(n);
    struct str map;
    int fd = -1;
    enum err e = cache_get(&cache, engine, &h, &fd, NULL);

    if (e)
        return e;
    assert_true(memfd_is_sealed(fd));
    assert_int_equal(memfd_map(fd, 1 << 20, &map, NULL), ERR_OK);
    buf_add_str(out, map);
    memfd_unmap(&map);
    close(fd);
    return ERR_OK;
}

static void put(const char *engine, unsigned n, struct str code)
{
    struct hash256 h = id(n);
    assert_int_equal(cache_put(&cache, engine, &h, code, NULL), ERR_OK);
}

static void what_was_put_is_found(void **state)
{
    struct buf b = BUF_INIT(1000);
    (void)state;
    assert_int_equal(get("e1", 1, &b), ERR_ABSENT);
    put("e1", 1, STR("some machine code"));
    put("e1", 2, STR("other"));
    assert_int_equal(get("e1", 1, &b), ERR_OK);
    assert_string_equal(buf_z(&b), "some machine code");
    assert_int_equal(get("e2", 1, &b), ERR_ABSENT); /* another engine */
    buf_release(&b);
}

static void path(unsigned n, char out[256])
{
    char hex[80];
    struct buf h = BUF_OVER(hex);
    struct hash256 v = id(n);
    hash_put_hex(&h, &v);
    snprintf(out, 256, "%s/e1/%s", dir, hex);
}

static void every_altered_byte_is_seen(void **state)
{
    struct buf file = BUF_INIT(1000), b = BUF_INIT(1000);
    char p[256];
    (void)state;
    put("e1", 1, STR("code"));
    path(1, p);
    assert_int_equal(file_read(p, &file, NULL), ERR_OK);
    for (size_t i = 0; i < file.len; i++) {
        file.ptr[i] ^= 0x20;
        assert_int_equal(file_write_atomic(p, buf_str(&file), 0600, NULL), ERR_OK);
        assert_int_equal(get("e1", 1, &b), ERR_ABSENT);
        file.ptr[i] ^= 0x20;
    }
    for (size_t n = 0; n < file.len; n++) { /* torn at every length */
        assert_int_equal(file_write_atomic(p, str_head(buf_str(&file), n), 0600, NULL), ERR_OK);
        assert_int_equal(get("e1", 1, &b), ERR_ABSENT);
    }
    assert_int_equal(file_write_atomic(p, buf_str(&file), 0600, NULL), ERR_OK);
    assert_int_equal(get("e1", 1, &b), ERR_OK);
    buf_release(&file);
    buf_release(&b);
}

static void one_file_is_not_another(void **state)
{
    struct buf b = BUF_INIT(1000);
    char p1[256], p2[256];
    (void)state;
    put("e1", 1, STR("code"));
    path(1, p1);
    path(2, p2);
    assert_int_equal(rename(p1, p2), 0); /* sound, but of another program */
    assert_int_equal(get("e1", 2, &b), ERR_ABSENT);
    buf_release(&b);
}

static void another_key_believes_nothing(void **state)
{
    struct buf b = BUF_INIT(1000);
    (void)state;
    put("e1", 1, STR("code"));
    mac_key_new(&cache.key);
    assert_int_equal(get("e1", 1, &b), ERR_ABSENT);
    put("e1", 1, STR("code")); /* and replaces it */
    assert_int_equal(get("e1", 1, &b), ERR_OK);
    buf_release(&b);
}

static void least_used_goes_first(void **state)
{
    static char block[30000];
    struct buf b = BUF_INIT(100000);
    char p[256];
    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        const struct timespec old[2] = {{1000 + i, 0}, {1000 + i, 0}};
        put("e1", i, str_from(block, sizeof(block)));
        path(i, p);
        assert_int_equal(utimensat(AT_FDCWD, p, old, 0), 0);
    }
    assert_int_equal(get("e1", 1, &b), ERR_OK); /* used now, so 2 is the oldest */
    put("e1", 4, str_from(block, sizeof(block)));
    buf_clear(&b);
    assert_int_equal(get("e1", 2, &b), ERR_ABSENT);
    assert_int_equal(get("e1", 1, &b), ERR_OK);
    buf_clear(&b);
    assert_int_equal(get("e1", 3, &b), ERR_OK);
    buf_clear(&b);
    assert_int_equal(get("e1", 4, &b), ERR_OK);
    buf_release(&b);
}

static void more_than_the_maximum_is_refused(void **state)
{
    static char block[100001];
    struct hash256 h = id(1);
    (void)state;
    assert_int_equal(cache_put(&cache, "e1", &h, str_from(block, sizeof(block)), NULL),
                     ERR_TOO_BIG);
}

static void key_file_is_made_once(void **state)
{
    struct mac_key a, b;
    char p[256];
    struct stat st;
    (void)state;
    snprintf(p, sizeof(p), "%s/key", dir);
    assert_int_equal(mac_key_load(p, &a, NULL), ERR_OK);
    assert_int_equal(mac_key_load(p, &b, NULL), ERR_OK);
    assert_memory_equal(a.b, b.b, sizeof(a.b));
    assert_int_equal(stat(p, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(truncate(p, 31), 0);
    assert_int_equal(mac_key_load(p, &b, NULL), ERR_FORMAT);
}

/* The maximum is for all engines together: an update's old code goes first. */
static void other_engines_count_too(void **state)
{
    static char block[30000];
    struct buf b = BUF_INIT(100000);
    struct cache_entry *list = NULL;
    uint64_t sum = 0;
    size_t n = 0;
    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        put("e1", i, str_from(block, sizeof(block)));
        usleep(20000);
    }
    for (unsigned i = 1; i <= 2; i++)
        put("e2", i, str_from(block, sizeof(block)));
    usleep(20000);
    assert_int_equal(get("e1", 1, &b), ERR_ABSENT);
    assert_int_equal(get("e1", 2, &b), ERR_ABSENT);
    assert_int_equal(get("e1", 3, &b), ERR_OK);
    assert_int_equal(cache_list(&cache, &list, &n, NULL), ERR_OK);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i].named);
        sum += list[i].bytes;
    }
    assert_true(sum <= 100000);
    assert_string_equal(list[2].engine, "e1"); /* used last */
    mem_free(list);
    cache_trim(&cache, 40000);
    assert_int_equal(cache_list(&cache, &list, &n, NULL), ERR_OK);
    assert_int_equal(n, 1);
    assert_string_equal(list[0].engine, "e1");
    mem_free(list);
    cache_trim(&cache, 0);
    assert_int_equal(cache_list(&cache, &list, &n, NULL), ERR_OK);
    assert_int_equal(n, 0);
    mem_free(list);
    buf_release(&b);
}

/* What a crash left half written counts, and goes. */
static void leftovers_go(void **state)
{
    static char block[60000];
    struct cache_entry *list = NULL;
    char p[256];
    size_t n = 0;
    (void)state;
    put("e1", 1, STR("code"));
    snprintf(p, sizeof(p), "%s/e1/new.abcdef", dir);
    assert_int_equal(file_write_atomic(p, str_from(block, sizeof(block)), 0600, NULL), ERR_OK);
    assert_int_equal(utimensat(AT_FDCWD, p, (struct timespec[2]){{1000, 0}, {1000, 0}}, 0), 0);
    assert_int_equal(cache_list(&cache, &list, &n, NULL), ERR_OK);
    assert_int_equal(n, 2);
    assert_false(list[0].named);
    mem_free(list);
    put("e1", 2, str_from(block, sizeof(block)));
    assert_false(file_exists(p));
}

/* Several workers on one folder: what is found is what was put, and it stays small. */
static void shared_by_processes(void **state)
{
    enum { PROCESSES = 4, ROUNDS = 300, PROGRAMS = 20 };
    pid_t child[PROCESSES];
    struct cache_entry *list = NULL;
    uint64_t sum = 0;
    size_t n = 0;
    (void)state;
    for (unsigned c = 0; c < PROCESSES; c++) {
        child[c] = fork();
        assert_true(child[c] >= 0);
        if (child[c])
            continue;
        for (unsigned i = 0; i < ROUNDS; i++) {
            unsigned which = (i * 7 + c * 3) % PROGRAMS;
            static char code[12000];
            struct hash256 h = id(which);
            struct buf b = BUF_INIT(sizeof(code));
            memset(code, (int)which + 1, sizeof(code));
            if (get("e1", which, &b) == ERR_OK &&
                (b.len != sizeof(code) || memcmp(b.ptr, code, sizeof(code)) != 0))
                _exit(1);
            /* Making room may take a file that another is just writing: that one is not kept. */
            (void)!cache_put(&cache, "e1", &h, str_from(code, sizeof(code)), NULL);
            buf_release(&b);
        }
        _exit(0);
    }
    for (unsigned c = 0; c < PROCESSES; c++) {
        int status;
        assert_int_equal(waitpid(child[c], &status, 0), child[c]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    cache_trim(&cache, cache.bytes_max);
    assert_int_equal(cache_list(&cache, &list, &n, NULL), ERR_OK);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++)
        sum += list[i].bytes;
    assert_true(sum <= cache.bytes_max);
    mem_free(list);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_was_put_is_found),
        CASE(every_altered_byte_is_seen),
        CASE(one_file_is_not_another),
        CASE(another_key_believes_nothing),
        CASE(least_used_goes_first),
        CASE(more_than_the_maximum_is_refused),
        CASE(key_file_is_made_once),
        CASE(other_engines_count_too),
        CASE(leftovers_go),
        CASE(shared_by_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
