/* test_settings.c — what a settings file may say. */
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"
#include "worker/settings.h"

static char path[] = "/tmp/outlayer-test-settings-XXXXXX";
static struct arena arena;
static struct buf why = WHY_INIT;

static enum err load(const char *text, struct settings *s)
{
    assert_int_equal(file_write_atomic(path, str_of(text), 0600, NULL), ERR_OK);
    buf_clear(&why);
    return settings_read(path, &arena, s, &why);
}

static void test_read(void **state)
{
    struct settings s = SETTINGS_DEFAULT;

    (void)state;
    s.cache_mb = 300; /* by the command line */
    assert_int_equal(load("# mine\n\n slots = 8 \nisolation=run\r\n", &s), ERR_OK);
    assert_int_equal(settings_slots(&s), 8);
    assert_int_equal(settings_owner_slots(&s), 6);
    assert_true(settings_fresh_process(&s));
    assert_int_equal(s.cache_mb, 300);
    assert_int_equal(s.drain_seconds, 20);
    assert_int_equal(load("owner-slots = 2", &s), ERR_OK);
    assert_int_equal(settings_owner_slots(&s), 2);
    assert_int_equal(load("", &s), ERR_OK);
    assert_int_equal(settings_read(NULL, &arena, &s, NULL), ERR_OK);
    s = (struct settings)SETTINGS_DEFAULT;
    assert_true(settings_slots(&s) >= 1 && settings_slots(&s) <= SLOTS_MAX);
    s.slots = 3;
    assert_int_equal(settings_owner_slots(&s), 3);
    assert_false(settings_fresh_process(&s));
    assert_true(settings_builds(&s) >= 1 && settings_builds(&s) <= SLOTS_MAX);
    assert_int_equal(load("builds = 5", &s), ERR_OK);
    assert_int_equal(settings_builds(&s), 5);
}

/* A fault changes nothing, not even by the lines before it. */
static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"slots = 3\nslots = 0", "line 2"},
        {"slots = 65", "from 1 to 64"},
        {"slots", "not of the form"},
        {"slots =", "not of the form"},
        {"rpc-url = http://x", "'rpc-url' cannot be set in a file"},
        {"key-file = /x", "cannot be set"},
        {"isolation = none", "isolation is tenant or run"},
        {"drain-seconds = -1", "whole number"},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct settings s = SETTINGS_DEFAULT;

        assert_int_not_equal(load(cases[i].text, &s), ERR_OK);
        if (str_find(buf_str(&why), str_of(cases[i].says)) >= why.len)
            fail_msg("'%s' is not in: %s", cases[i].says, buf_z(&why));
        assert_int_equal(s.slots, 0);
    }
    (void)unlink(path);
    assert_int_equal(settings_read(path, &arena, &(struct settings)SETTINGS_DEFAULT, NULL),
                     ERR_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read), cmocka_unit_test(test_refused)};
    int fd = mkstemp(path), failed;

    if (fd < 0)
        return 1;
    close(fd);
    failed = cmocka_run_group_tests_name("worker_settings", tests, NULL, NULL);
    arena_release(&arena);
    buf_release(&why);
    return failed;
}
