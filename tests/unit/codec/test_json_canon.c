/* test_json_canon.c — one spelling per value. */
#include "test.h"

#include "codec/json_canon.h"

static void has_one_spelling(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {" { \"random_number\" : 42 } ", "{\"random_number\":42}"},
        {"{\"b\":1,\"a\":{\"d\":[ ],\"c\":{}}}", "{\"a\":{\"c\":{},\"d\":[]},\"b\":1}"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
        {"{\"\\u00e9\":1,\"z\":2,\"Z\":3,\"\":4}", "{\"\":4,\"Z\":3,\"z\":2,\"\xc3\xa9\":1}"},
        {"{\"ab\":1,\"a\":2}", "{\"a\":2,\"ab\":1}"},
        {"\"\\/\\u007f\\u0000\\u001F\\n\\ud83d\\ude00\"",
         "\"/\x7f\\u0000\\u001f\\n\xf0\x9f\x98\x80\""},
        {"[18446744073709551615,-9223372036854775808]",
         "[18446744073709551615,-9223372036854775808]"},
        {"18446744073709551616", "1.8446744073709552e19"},
        {"-9223372036854775809", "-9.223372036854776e18"},
        {"-0", "-0.0"},
        {"[-0,1]", "[-0.0,1]"},
        {"[0.0,-0.0]", "[0.0,-0.0]"},
        {"1.0", "1.0"},
        {"1e3", "1000.0"},
        {"1e15", "1000000000000000.0"},
        {"1e16", "1e16"},
        {"1.5e16", "1.5e16"},
        {"1e-5", "0.00001"},
        {"1e-6", "1e-6"},
        {"12345678.9", "12345678.9"},
        {"0.1", "0.1"},
        {"123456789012345680.0", "1.2345678901234568e17"},
        {"5e-324", "5e-324"},
        {"2.2250738585072014e-308", "2.2250738585072014e-308"},
        {"1.7976931348623157e308", "1.7976931348623157e308"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"9007199254740993.0", "9007199254740992.0"},
        {"[1.5,2.5]", "[1.5,2.5]"},
        {"[null,true,false,\"\"]", "[null,true,false,\"\"]"},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf b = BUF_INIT(1000), again = BUF_INIT(1000);
        struct json v;

        assert_true(json_parse(str_of(cases[i].in), &v, NULL));
        assert_true(json_canon(v, &b));
        assert_buf(b, cases[i].out);
        /* and it is its own spelling */
        assert_true(json_parse(buf_str(&b), &v, NULL));
        assert_true(json_canon(v, &again));
        assert_buf(again, cases[i].out);
        buf_release(&b);
        buf_release(&again);
    }
}

static void refuses_what_no_double_holds(void **state)
{
    struct buf b = BUF_INIT(1000);
    struct json v;

    (void)state;
    assert_true(json_parse(STR("1e400"), &v, NULL));
    assert_false(json_canon(v, &b));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_one_spelling),
        cmocka_unit_test(refuses_what_no_double_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
