/* test_project_client.c — what people call a project and its versions, and which one was before. */
#include "cli/project_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HASH_A "9b0e67aa00000000000000000000000000000000000000000000000000000000"
#define HASH_B "9b0e68bb00000000000000000000000000000000000000000000000000000000"
#define GIT_A  "https://github.com/alice/dice@main"
#define GIT_B  "https://github.com/alice/dice@0123456789abcdef0123456789abcdef01234567"

static struct project_versions some(void)
{
    static const char *const key[] = {HASH_A, GIT_A, HASH_B, GIT_B};
    struct project_versions l = {.n = 4};

    for (size_t i = 0; i < l.n; i++)
        l.list[i] = (struct project_version){.key = str_of(key[i]), .added_ns = i};
    return l;
}

static void finds(const char *text, const char *key)
{
    const struct project_versions l = some();
    const struct project_version *v;
    struct buf why = WHY_INIT;

    assert_int_equal(project_version_find(&l, str_of(text), &v, &why), ERR_OK);
    assert_true(str_eqz(v->key, key));
    assert_int_equal(why.len, 0);
    buf_release(&why);
}

static void finds_not(const char *text, enum err want)
{
    const struct project_versions l = some();
    const struct project_version *v = NULL;
    struct buf why = WHY_INIT;

    assert_int_equal(project_version_find(&l, str_of(text), &v, &why), want);
    assert_null(v);
    assert_true(why.len > 0);
    buf_release(&why);
}

static void versions_by_key_and_beginning(void **state)
{
    (void)state;
    finds(HASH_A, HASH_A);
    finds("9b0e67", HASH_A);
    finds("9b0e68", HASH_B);
    finds(GIT_A, GIT_A);
    finds("main", GIT_A);
    finds("0123", GIT_B);
    finds_not("9b0e6", ERR_CONFLICT);
    finds_not("https://github.com/", ERR_CONFLICT);
    finds_not("", ERR_ABSENT);
    finds_not("ffff", ERR_ABSENT);
    finds_not("alice", ERR_ABSENT);
    finds_not(HASH_A "0", ERR_ABSENT);
}

static void the_one_before(void **state)
{
    struct project_versions l = some();

    (void)state;
    assert_null(project_version_before(&l));
    l.list[0].active = true;
    assert_null(project_version_before(&l));
    l.list[0].active = false;
    l.list[2].active = true;
    assert_ptr_equal(project_version_before(&l), &l.list[1]);
}

static void names(void **state)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "/dice",
                                      "alice.test/",
                                      "a b",
                                      "di.ce",
                                      "alice.test/a/b",
                                      "Alice.test/dice",
                                      "..//dice",
                                      "d\xc3\xaf"
                                      "ce"};
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    struct str id, name;

    (void)state;
    assert_int_equal(project_id_parse(STR("dice"), STR("alice.test"), &a, &id, &why), ERR_OK);
    assert_true(str_eqz(id, "alice.test/dice"));
    assert_true(str_eqz(project_id_owner(id, &name), "alice.test"));
    assert_true(str_eqz(name, "dice"));
    assert_int_equal(project_id_parse(STR("bob.test/my_app-2"), STR(""), &a, &id, &why), ERR_OK);
    assert_true(str_eqz(id, "bob.test/my_app-2"));
    assert_int_equal(project_id_parse(STR("dice"), STR(""), &a, &id, &why), ERR_FORMAT);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(project_id_parse(str_of(bad[i]), STR("alice.test"), &a, &id, &why),
                         ERR_FORMAT);
    arena_release(&a);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_by_key_and_beginning),
        cmocka_unit_test(the_one_before),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
