/* Records of projects: conditions, sums and quotas, versions, lists, what erasing leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "storage/records.h"

static const struct space a1 = {STR("p0000000000000001"), STR("alice.near")};
static const struct space b1 = {STR("p0000000000000001"), STR("bob.near")};
static const struct space a2 = {STR("p0000000000000002"), STR("alice.near")};
static const struct quota roomy = {1000000, 1000};

struct fixture {
    struct db *d;
    struct buf why, bytes;
    struct stored r;
};

static int start(void **state)
{
    struct fixture *f = mem_new(struct fixture);

    f->why = WHY_INIT;
    f->bytes = BUF_INIT(4u << 20);
    assert_int_equal(db_open(&(struct db_opts){.busy_ms = 100}, &f->d, &f->why), 0);
    assert_int_equal(records_migrate(f->d, &f->why), 0);
    assert_int_equal(db_begin(f->d, &f->why), 0);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    db_rollback(f->d);
    db_close(f->d);
    buf_release(&f->why);
    buf_release(&f->bytes);
    mem_free(f);
    return 0;
}

static struct put put_of(const char *key, const char *value, const char *version)
{
    return (struct put){.record = {.key_hash = sha256(str_of(key)),
                                   .key = str_of(key),
                                   .value = str_of(value),
                                   .wasm = sha256(str_of(version))}};
}

static enum err put(struct fixture *f, const struct space *s, struct put p, const struct quota *q,
                    bool *done)
{
    buf_clear(&f->bytes);
    return records_put(f->d, s, &p, q, 1, done, &f->r, &f->bytes, &f->why);
}

static void set(struct fixture *f, const struct space *s, const char *key, const char *value)
{
    bool done = false;

    assert_int_equal(put(f, s, put_of(key, value, "v1"), &roomy, &done), ERR_OK);
    assert_true(done);
}

static const char *value_of(struct fixture *f, const struct space *s, const char *key)
{
    static char text[64];
    struct hash256 h = sha256(str_of(key));
    enum err e;

    buf_clear(&f->bytes);
    e = records_get(f->d, s, &h, &f->r, &f->bytes, &f->why);
    if (e == ERR_EMPTY)
        return NULL;
    assert_int_equal(e, ERR_OK);
    assert_true(f->r.value.len < sizeof(text));
    memcpy(text, f->r.value.ptr, f->r.value.len);
    text[f->r.value.len] = '\0';
    return text;
}

static void expect_use(struct fixture *f, const char *project, uint64_t bytes, uint64_t keys)
{
    struct quota use;

    assert_int_equal(records_use(f->d, str_of(project), &use, &f->why), ERR_OK);
    assert_int_equal(use.bytes, bytes);
    assert_int_equal(use.keys, keys);
}

static void spaces_are_apart(void **state)
{
    struct fixture *f = *state;

    set(f, &a1, "k", "one");
    set(f, &b1, "k", "two");
    set(f, &a2, "k", "three");
    assert_string_equal(value_of(f, &a1, "k"), "one");
    assert_string_equal(value_of(f, &b1, "k"), "two");
    assert_string_equal(value_of(f, &a2, "k"), "three");
    assert_null(value_of(f, &a1, "l"));
    set(f, &a1, "e", ""); /* an empty value is one */
    assert_string_equal(value_of(f, &a1, "e"), "");
    expect_use(f, "p0000000000000001", 4 + 4 + 1, 3);
    expect_use(f, "p0000000000000002", 6, 1);
    expect_use(f, "p0000000000000003", 0, 0);
}

static void writes_under_a_condition(void **state)
{
    struct fixture *f = *state;
    struct put p = put_of("k", "one", "v1");
    bool done;

    p.when = WHEN_EQUAL; /* nothing is equal to nothing */
    assert_int_equal(put(f, &a1, p, &roomy, &done), ERR_OK);
    assert_false(done);
    assert_int_equal(f->r.value.len, 0);
    p.when = WHEN_ABSENT;
    assert_int_equal(put(f, &a1, p, &roomy, &done), ERR_OK);
    assert_true(done);
    assert_int_equal(put(f, &a1, p, &roomy, &done), ERR_OK);
    assert_false(done);
    p = put_of("k", "two", "v2");
    p.when = WHEN_EQUAL;
    p.expected = STR("on");
    assert_int_equal(put(f, &a1, p, &roomy, &done), ERR_OK);
    assert_false(done);
    assert_true(str_eqz(f->r.value, "one"));
    p.expected = STR("one");
    assert_int_equal(put(f, &a1, p, &roomy, &done), ERR_OK);
    assert_true(done);
    assert_string_equal(value_of(f, &a1, "k"), "two");
    expect_use(f, "p0000000000000001", 4, 1);
}

static void sums_and_quotas(void **state)
{
    const struct quota small = {20, 2};
    struct fixture *f = *state;
    struct hash256 k = sha256(STR("a"));
    bool done, was;

    assert_int_equal(put(f, &a1, put_of("a", "123456789", "v"), &small, &done), ERR_OK); /* 10 */
    assert_int_equal(put(f, &b1, put_of("b", "1234567890", "v"), &small, &done), ERR_TOO_BIG);
    assert_non_null(strstr(buf_z(&f->why), "may keep 20 bytes"));
    assert_null(value_of(f, &b1, "b"));
    assert_int_equal(put(f, &b1, put_of("b", "123456789", "v"), &small, &done), ERR_OK); /* 20 */
    assert_int_equal(put(f, &b1, put_of("c", "", "v"), &small, &done), ERR_TOO_BIG);
    assert_int_equal(put(f, &a1, put_of("a", "12345678", "v"), &small, &done), ERR_OK);
    expect_use(f, "p0000000000000001", 19, 2);
    assert_int_equal(put(f, &a1, put_of("", "", "v"), &small, &done), ERR_TOO_BIG);
    assert_non_null(strstr(buf_z(&f->why), "may keep 2 keys"));
    assert_int_equal(records_delete(f->d, &a1, &k, &was, &f->why), ERR_OK);
    assert_true(was);
    assert_int_equal(records_delete(f->d, &a1, &k, &was, &f->why), ERR_OK);
    assert_false(was);
    expect_use(f, "p0000000000000001", 10, 1);
    /* A quota that was lowered does not stop what makes things smaller. */
    const struct quota lowered = {5, 0};
    assert_int_equal(put(f, &b1, put_of("b", "12345678", "v"), &lowered, &done), ERR_OK);
    assert_int_equal(put(f, &b1, put_of("b", "123456789", "v"), &lowered, &done), ERR_TOO_BIG);
}

static void sizes_have_a_limit(void **state)
{
    struct fixture *f = *state;
    struct put p = put_of("k", "", "v");
    char *big = mem_alloc(STORAGE_VALUE_MAX + STORAGE_SEALED_MORE + 2);
    bool done;

    memset(big, 'x', STORAGE_VALUE_MAX + STORAGE_SEALED_MORE + 1);
    p.record.value = str_from(big, STORAGE_VALUE_MAX + STORAGE_SEALED_MORE);
    const struct quota q = {8u << 20, 10};
    assert_int_equal(put(f, &a1, p, &q, &done), ERR_OK);
    p.record.value.len++;
    assert_int_equal(put(f, &a1, p, &q, &done), ERR_TOO_BIG);
    p.record.value.len = 1;
    p.record.key = str_from(big, STORAGE_KEY_MAX + STORAGE_SEALED_MORE + 1);
    assert_int_equal(put(f, &a1, p, &q, &done), ERR_TOO_BIG);
    mem_free(big);
}

static void versions_are_remembered_and_cleared(void **state)
{
    struct fixture *f = *state;
    struct hash256 v1 = sha256(STR("v1")), v2 = sha256(STR("v2"));
    bool done;

    set(f, &a1, "old", "1");
    set(f, &a1, "both", "1");
    set(f, &b1, "old", "1");
    set(f, &a2, "old", "1");
    assert_int_equal(put(f, &a1, put_of("both", "2", "v2"), &roomy, &done), ERR_OK);
    assert_string_equal(value_of(f, &a1, "both"), "2");
    assert_true(hash_eq(&f->r.wasm, &v2));
    assert_int_equal(records_clear(f->d, &a1, &v1, &f->why), ERR_OK);
    assert_null(value_of(f, &a1, "old"));
    assert_non_null(value_of(f, &a1, "both"));
    assert_non_null(value_of(f, &b1, "old")); /* another account, another project */
    assert_non_null(value_of(f, &a2, "old"));
    assert_int_equal(records_clear(f->d, &a1, NULL, &f->why), ERR_OK);
    assert_null(value_of(f, &a1, "both"));
    expect_use(f, "p0000000000000001", 4, 1);
}

static enum err collect(void *ctx, const struct stored *r, struct buf *why)
{
    (void)why;
    buf_add_str(ctx, r->key);
    return ERR_OK;
}

static void lists_come_in_pages(void **state)
{
    struct fixture *f = *state;
    struct buf all = BUF_INIT(1000), pages = BUF_INIT(1000);
    struct hash256 last;
    uint64_t n;

    for (char k[2] = "a"; k[0] <= 'z'; k[0]++)
        set(f, &a1, k, "v");
    set(f, &b1, "other", "v");
    assert_int_equal(records_count(f->d, &a1, &n, &f->why), ERR_OK);
    assert_int_equal(n, 26);
    assert_int_equal(records_list(f->d, &a1, NULL, 0, 1000, collect, &all, &f->why), ERR_OK);
    assert_int_equal(all.len, 26);
    for (uint64_t at = 0; at < 26; at += 10)
        assert_int_equal(records_list(f->d, &a1, NULL, at, 10, collect, &pages, &f->why), ERR_OK);
    assert_string_equal(buf_z(&pages), buf_z(&all));
    last = sha256(str_head(str_skip(buf_str(&all), 19), 1));
    buf_clear(&pages);
    assert_int_equal(records_list(f->d, &a1, &last, 0, 10, collect, &pages, &f->why), ERR_OK);
    assert_string_equal(buf_z(&pages), buf_z(&all) + 20);
    buf_release(&all);
    buf_release(&pages);
}

static void an_erased_project_stays_erased(void **state)
{
    struct fixture *f = *state;
    struct hash256 k = sha256(STR("k"));
    bool done = true, was = true;

    set(f, &a1, "k", "v");
    set(f, &a2, "k", "v");
    assert_int_equal(records_erase(f->d, a1.project, &f->why), ERR_OK);
    assert_null(value_of(f, &a1, "k"));
    assert_non_null(value_of(f, &a2, "k"));
    expect_use(f, "p0000000000000001", 0, 0);
    assert_int_equal(put(f, &a1, put_of("k", "v", "v"), &roomy, &done), ERR_ABSENT);
    assert_non_null(strstr(buf_z(&f->why), "deleted"));
    assert_int_equal(records_delete(f->d, &a1, &k, &was, &f->why), ERR_OK);
    assert_false(was);
    assert_int_equal(records_clear(f->d, &a1, NULL, &f->why), ERR_OK);
    assert_int_equal(records_erase(f->d, a1.project, &f->why), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(spaces_are_apart, start, stop),
        cmocka_unit_test_setup_teardown(writes_under_a_condition, start, stop),
        cmocka_unit_test_setup_teardown(sums_and_quotas, start, stop),
        cmocka_unit_test_setup_teardown(sizes_have_a_limit, start, stop),
        cmocka_unit_test_setup_teardown(versions_are_remembered_and_cleared, start, stop),
        cmocka_unit_test_setup_teardown(lists_come_in_pages, start, stop),
        cmocka_unit_test_setup_teardown(an_erased_project_stays_erased, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
