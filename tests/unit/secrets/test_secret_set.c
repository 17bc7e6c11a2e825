/* test_secret_set.c — names that are taken and refused, merging, generated values. */
#include "test.h"

#include "codec/hex.h"
#include "crypto/ed25519.h"
#include "secrets/secret_set.h"

static struct secret_set parse(const char *text)
{
    struct buf why = WHY_INIT;
    struct secret_set b;

    assert_ok(secret_set_parse(str_of(text), &b, &why), why);
    buf_release(&why);
    return b;
}

static void reads(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "{\"A\":1}",
                                      "{\"A\":null}",
                                      "{\"\":\"x\"}",
                                      "{\"A=B\":\"x\"}",
                                      "{\"A B\":\"x\"}",
                                      "{\"A\":\"x\",\"A\":\"y\"}",
                                      "{\"A\":\"a\\u0000b\"}",
                                      "{\"\\u0041\":\"x\"}",
                                      "{\"A,B\":\"x\"}"};
    struct secret_set b = parse("{\"A\":\"x\", \"B\":\"\\n\\u20ac\"}");
    struct buf out = BUF_INIT(SECRETS_TEXT_MAX);

    (void)state;
    assert_int_equal(b.n, 2);
    secret_set_put(&out, &b);
    assert_buf(out, "{\"A\":\"x\",\"B\":\"\\n\\u20ac\"}");
    for (size_t i = 0; i < countof(bad); i++)
        if (!secret_set_parse(str_of(bad[i]), &b, NULL))
            fail_msg("%s is taken", bad[i]);
    buf_clear(&out);
    json_obj(&out);
    for (size_t i = 0; i <= SECRETS_MAX; i++) {
        char name[20];
        struct buf n = BUF_OVER(name);

        buf_addf(&n, "N%zu", i);
        json_key_str(&out, buf_str(&n));
        json_putz(&out, "v");
    }
    json_obj_end(&out);
    assert_int_equal(secret_set_parse(buf_str(&out), &b, NULL), ERR_TOO_BIG);
    buf_release(&out);
}

static void guards_names(void **state)
{
    struct secret_set b = parse("{\"NEAR_SENDER_ID\":\"x\",\"MINE\":\"y\",\"WALLET_ID\":\"z\"}");

    (void)state;
    assert_int_equal(secret_set_check_names(&b, NULL), ERR_DENIED);
    assert_int_equal(secret_set_strip(&b), 2);
    assert_int_equal(b.n, 1);
    assert_str(b.list[0].name, "MINE");
    assert_int_equal(secret_set_check_names(&b, NULL), ERR_OK);
    b = parse("{\"PROTECTED_X\":\"x\"}");
    assert_int_equal(secret_set_check_names(&b, NULL), ERR_DENIED);
    assert_int_equal(secret_name_check(STR("PROTECTED_X"), true, NULL), ERR_OK);
    assert_int_equal(secret_name_check(STR("X"), true, NULL), ERR_DENIED);
    /* commonly used, and not the platform's */
    b = parse("{\"NEAR_SENDER_PRIVATE_KEY\":\"x\"}");
    assert_int_equal(secret_set_check_names(&b, NULL), ERR_OK);
}

static void merges(void **state)
{
    struct secret_set base = parse("{\"A\":\"1\",\"PROTECTED_K\":\"k\",\"B\":\"2\"}"), again = base,
                      add = parse("{\"B\":\"3\",\"C\":\"4\"}");
    struct buf out = BUF_INIT(1000), why = WHY_INIT;

    (void)state;
    assert_ok(secret_set_merge(&base, &add, false, &why), why);
    secret_set_put(&out, &base);
    assert_buf(out, "{\"A\":\"1\",\"PROTECTED_K\":\"k\",\"B\":\"3\",\"C\":\"4\"}");
    buf_clear(&out);
    assert_ok(secret_set_merge(&again, &add, true, &why), why);
    secret_set_put(&out, &again);
    assert_buf(out, "{\"PROTECTED_K\":\"k\",\"B\":\"3\",\"C\":\"4\"}");
    buf_release(&out);
    buf_release(&why);
}

static void generates(void **state)
{
    static const struct {
        const char *type;
        size_t len;
    } cases[] = {{"hex16", 32},    {"hex32", 64},     {"hex64", 128},       {"ed25519_seed", 64},
                 {"password", 32}, {"password:8", 8}, {"password:128", 128}};
    struct buf a = BUF_INIT(SECRET_GENERATED_MAX), b = BUF_INIT(SECRET_GENERATED_MAX);

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        buf_clear(&a);
        buf_clear(&b);
        assert_int_equal(secret_generate(str_of(cases[i].type), &a, NULL), ERR_OK);
        assert_int_equal(secret_generate(str_of(cases[i].type), &b, NULL), ERR_OK);
        assert_int_equal(a.len, cases[i].len);
        assert_false(str_eq(buf_str(&a), buf_str(&b)));
    }
    buf_clear(&a);
    assert_int_equal(secret_generate(STR("ed25519"), &a, NULL), ERR_OK);
    assert_true(str_starts(buf_str(&a), STR("ed25519:")) && a.len > 40);
    assert_false(secret_type_valid(STR("hex8")) || secret_type_valid(STR("password:7")) ||
                 secret_type_valid(STR("password:129")) || secret_type_valid(STR("")));
    assert_int_equal(secret_generate(STR("nothing"), &a, NULL), ERR_FORMAT);
    buf_release(&a);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(guards_names),
        cmocka_unit_test(merges),
        cmocka_unit_test(generates),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
