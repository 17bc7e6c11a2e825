/* test_places.c — who gets which child, and what is never shared. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"
#include "worker/places.h"

static struct places *places;
static struct hash256 echo;
static int file;

static struct guest *take(const char *tenant)
{
    struct guest *g = NULL;

    assert_int_equal(places_take(places, &echo, str_of(tenant), &g, NULL), ERR_OK);
    return g;
}

static void give(struct guest *g, const char *tenant)
{
    places_give(places, g, &echo, str_of(tenant));
}

/* Run in `g`; was the program loaded for this tenant already? */
static bool warm(struct guest *g, const char *tenant)
{
    const struct run_job job = {
        .target = RUN_WASIP1,
        .tenant = str_of(tenant),
        .limits = {.max_instructions = 1000000000, .max_memory_mb = 64, .max_wall_ms = 10000},
        .input = str_of(tenant)};
    struct run_result r;
    struct guest_note note;

    assert_int_equal(guest_run(g, file, &echo, &job, &r, &note, NULL), ERR_OK);
    assert_int_equal(r.outcome, OUTCOME_OK);
    assert_str(buf_str(&r.out), tenant);
    run_result_release(&r);
    return note.warm;
}

static bool run(const char *tenant)
{
    struct guest *g = take(tenant);
    bool was = warm(g, tenant);

    give(g, tenant);
    return was;
}

/* One sender with other secrets is another tenant: never the same process. */
static void test_tenants(void **state)
{
    (void)state;
    assert_false(run("alice"));
    assert_true(run("alice"));
    assert_false(run("alice\nsecret"));
    assert_true(run("alice\nsecret"));
    assert_false(run("alice\nother"));
    assert_false(run("alice"));
}

/* Two at once are two children; each comes back to whom it served. */
static void test_affinity(void **state)
{
    (void)state;
    struct guest *a = take("alice"), *b = take("bob");
    pid_t pa, pb;

    assert_ptr_not_equal(a, b);
    (void)warm(a, "alice");
    (void)warm(b, "bob");
    pa = guest_pid(a);
    pb = guest_pid(b);
    assert_int_not_equal(pa, pb);
    give(a, "alice");
    give(b, "bob");
    places_tend(places);
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(take("bob"), b);
        assert_true(warm(b, "bob"));
        assert_ptr_equal(take("alice"), a);
        assert_true(warm(a, "alice"));
        give(a, "alice");
        give(b, "bob");
    }
    assert_int_equal(guest_pid(a), pa);
    assert_int_equal(guest_pid(b), pb);
    /* A stranger gets the one that was not used for longest: alice's. */
    assert_ptr_equal(take("carol"), a);
    assert_false(warm(a, "carol"));
    assert_int_not_equal(guest_pid(a), pa);
    give(a, "carol");
}

static void test_isolate(void **state)
{
    (void)state;
    (void)run("dave");
    assert_true(run("dave"));
    places_isolate(places, true);
    assert_false(run("dave"));
    places_tend(places);
    assert_false(run("dave"));
    places_isolate(places, false);
    (void)run("dave");
    assert_true(run("dave"));
}

static void *many(void *name)
{
    for (int i = 0; i < 40; i++) {
        (void)run(name);
        places_tend(places);
    }
    return NULL;
}

/* Every output is that of its own input, whoever runs beside it. */
static void test_threads(void **state)
{
    static char names[][8] = {"t1", "t2", "t3", "t4"};
    pthread_t t[countof(names)];

    (void)state;
    for (size_t i = 0; i < countof(names); i++)
        assert_int_equal(pthread_create(&t[i], NULL, many, names[i]), 0);
    for (size_t i = 0; i < countof(names); i++)
        pthread_join(t[i], NULL);
    assert_true(places_have(places, &echo));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tenants),
        cmocka_unit_test(test_affinity),
        cmocka_unit_test(test_isolate),
        cmocka_unit_test(test_threads),
    };
    const struct mac_key key = {{1}};
    char dir[] = "/tmp/outlayer-test-places-XXXXXX";
    const struct guest_options o = {
        .exec_path = BIN_DIR "/outlayer-exec", .cache_dir = dir, .key = &key};
    struct buf why = WHY_INIT, bytes = BUF_INIT(1 << 20);
    const char *path = SHARE_DIR "/guests/test/echo.wasm";
    int failed;

    if (!mkdtemp(dir) || file_read(path, &bytes, &why) || places_open(&o, &places, &why)) {
        print_error("not set up: %s\n", buf_z(&why));
        return 1;
    }
    echo = sha256(buf_str(&bytes));
    file = open(path, O_RDONLY | O_CLOEXEC);
    failed = cmocka_run_group_tests_name("worker_places", tests, NULL, NULL);
    places_close(places);
    close(file);
    buf_release(&bytes);
    buf_release(&why);
    return dir_remove(dir, NULL) ? 1 : failed;
}
