/* test_amount.c — money as people read and write it. */
#include "cli/amount.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *near(const char *yocto)
{
    static char text[128];
    struct buf b = BUF_OVER(text);
    u128 v;

    assert_true(str_u128(str_of(yocto), &v));
    text[0] = '\0';
    near_amount_put(&b, v);
    return text;
}

static void written(void **state)
{
    (void)state;
    assert_string_equal(near("0"), "0");
    assert_string_equal(near("1"), "0.000000000000000000000001");
    assert_string_equal(near("1000000000000000000000000"), "1");
    assert_string_equal(near("7000100000000000000000"), "0.0070001");
    assert_string_equal(near("100000000000000000000000"), "0.1");
    assert_string_equal(near("1000000000000000000000000001"), "1000.000000000000000000000001");
    assert_string_equal(near("340282366920938463463374607431768211455"),
                        "340282366920938.463463374607431768211455");
}

static void read_back(void **state)
{
    static const char *const none[] = {"",
                                       ".",
                                       "1.",
                                       ".5",
                                       "-1",
                                       "1e3",
                                       "1,5",
                                       " 1",
                                       "0x1",
                                       "1.0000000000000000000000001",
                                       "340282366920939"};
    u128 v;

    (void)state;
    assert_true(near_amount_parse(STR("0.0070001"), &v));
    assert_true(v == (u128)UINT64_C(7000100000) * UINT64_C(1000000000000));
    assert_true(near_amount_parse(STR("12.5"), &v));
    assert_true(v == (u128)UINT64_C(12500000000000) * UINT64_C(1000000000000));
    assert_true(near_amount_parse(STR("0.000000000000000000000001"), &v) && v == 1);
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        assert_false(near_amount_parse(str_of(none[i]), &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written),
        cmocka_unit_test(read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
