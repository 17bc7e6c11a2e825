/* test_accessor.c — both spellings, one name for a repository, seeds that nobody else can reach. */
#include "test.h"

#include "secrets/accessor.h"

static struct accessor parse(struct arena *a, const char *text)
{
    struct buf why = WHY_INIT;
    struct accessor x;
    struct json v;

    assert_true(json_parse(str_of(text), &v, NULL));
    assert_ok(accessor_parse(v, a, &x, &why), why);
    buf_release(&why);
    return x;
}

static void reads_both_spellings(void **state)
{
    static const struct {
        const char *chain, *web, *seed;
    } cases[] = {
        {"{\"Repo\":{\"repo\":\"github.com/alice/dice\",\"branch\":\"main\"}}",
         "{\"type\":\"Repo\",\"repo\":\"github.com/alice/dice\",\"branch\":\"main\"}",
         "github.com/alice/dice:alice.near:main"},
        {"{\"Repo\":{\"repo\":\"github.com/alice/dice\",\"branch\":null}}",
         "{\"type\":\"Repo\",\"repo\":\"github.com/alice/dice\",\"branch\":null}",
         "github.com/alice/dice:alice.near"},
        {"{\"WasmHash\":{\"hash\":"
         "\"00000000000000000000000000000000000000000000000000000000000000ab\"}}",
         "{\"type\":\"WasmHash\",\"hash\":"
         "\"00000000000000000000000000000000000000000000000000000000000000ab\"}",
         "wasm_hash:00000000000000000000000000000000000000000000000000000000000000ab:alice.near"},
        {"{\"Project\":{\"project_id\":\"alice.near/app\"}}",
         "{\"type\":\"Project\",\"project_id\":\"alice.near/app\"}",
         "project:alice.near/app:alice.near"},
        {"{\"System\":\"PaymentKey\"}", "{\"type\":\"System\",\"PaymentKey\":{}}",
         "system:payment_key:alice.near:7"},
    };
    struct arena a = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct accessor x = parse(&a, cases[i].chain), y = parse(&a, cases[i].web);
        struct buf b = BUF_INIT(2000), why = WHY_INIT;

        assert_true(accessor_eq(&x, &y));
        accessor_put(&b, &x);
        assert_buf(b, cases[i].chain);
        buf_clear(&b);
        accessor_put_web(&b, &x);
        assert_buf(b, cases[i].web);
        buf_clear(&b);
        assert_ok(accessor_seed(&x, STR("alice.near"), STR("7"), &b, &why), why);
        assert_buf(b, cases[i].seed);
        buf_release(&b);
        buf_release(&why);
    }
    arena_release(&a);
}

static void refuses(void **state)
{
    static const char *const bad[] = {
        "1",
        "\"Repo\"",
        "{}",
        "{\"Repo\":{}}",
        "{\"Repo\":{\"repo\":\"\"}}",
        "{\"Repo\":{\"repo\":\"a b\"}}",
        "{\"Repo\":{\"repo\":\"a\",\"branch\":\"\"}}",
        "{\"WasmHash\":{\"hash\":\"ab\"}}",
        "{\"Project\":{\"project_id\":\"alice.near\"}}",
        "{\"Project\":{\"project_id\":\"/x\"}}",
        "{\"System\":\"Other\"}",
        "{\"type\":\"Other\"}",
        "{\"Repo\":{\"repo\":\"a\"},\"Project\":{}}",
    };
    struct arena a = ARENA_INIT;
    struct accessor x;
    struct json v;

    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        assert_true(json_parse(str_of(bad[i]), &v, NULL));
        if (!accessor_parse(v, &a, &x, NULL))
            fail_msg("%s is taken", bad[i]);
    }
    arena_release(&a);
}

static void names_a_repository_once(void **state)
{
    static const char *const same[] = {
        "github.com/alice/dice",
        "https://github.com/alice/dice",
        "http://github.com/alice/dice",
        "https://github.com/alice/dice.git",
        "https://github.com/alice/dice/",
        "git@github.com:alice/dice.git",
        "ssh://git@github.com/alice/dice.git",
        "git@github.com:alice/dice",
        "alice/dice",
        "alice/dice.git",
        "alice/dice/.git/",
    };

    (void)state;
    for (size_t i = 0; i < countof(same); i++) {
        struct buf b = BUF_INIT(600), again = BUF_INIT(600), why = WHY_INIT;

        assert_ok(repo_name_normalise(str_of(same[i]), &b, &why), why);
        assert_buf(b, "github.com/alice/dice");
        assert_ok(repo_name_normalise(buf_str(&b), &again, &why), why);
        assert_buf(again, "github.com/alice/dice");
        buf_release(&b);
        buf_release(&again);
        buf_release(&why);
    }
}

/* No name of a repository gives the seed of another owner's. */
static void reaches_no_other_seed(void **state)
{
    static const char *const bad[] = {"github.com/alice/dice:alice.near",
                                      "project:alice.near/app",
                                      "wasm_hash:00",
                                      "a:b:c",
                                      ":",
                                      "storage:p1:@worker"};
    struct buf b = BUF_INIT(600);

    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        struct accessor x = {ACCESSOR_REPO, str_of(bad[i]), STR_NONE};

        buf_clear(&b);
        if (!accessor_seed(&x, STR("bob"), STR("default"), &b, NULL) &&
            str_has_byte(str_head(buf_str(&b), b.len - 4), ':'))
            fail_msg("'%s' gives the seed '%s'", bad[i], buf_z(&b));
    }
    /* a port is fine */
    buf_clear(&b);
    assert_int_equal(repo_name_normalise(STR("http://127.0.0.1:8080/dice.git"), &b, NULL), ERR_OK);
    assert_buf(b, "127.0.0.1:8080/dice");
    buf_clear(&b);
    assert_int_equal(repo_name_normalise(STR("http://localhost/dice.git"), &b, NULL), ERR_OK);
    assert_buf(b, "localhost/dice");
    buf_release(&b);
}

static void knows_profiles(void **state)
{
    (void)state;
    assert_true(profile_valid(STR("default")) && profile_valid(STR("A-z_09")));
    assert_false(profile_valid(STR("")) || profile_valid(STR("a b")) || profile_valid(STR("ä")));
    assert_false(
        profile_valid(STR("12345678901234567890123456789012345678901234567890123456789012345")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_spellings),    cmocka_unit_test(refuses),
        cmocka_unit_test(names_a_repository_once), cmocka_unit_test(reaches_no_other_seed),
        cmocka_unit_test(knows_profiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
