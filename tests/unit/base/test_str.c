/* test_str.c — views, numbers and UTF-8. */
#include "base/utf8.h"
#include "test.h"

static void cuts_and_compares(void **state)
{
    struct str head, rest = str_cut(STR("a:b:c"), ':', &head);

    (void)state;
    assert_str(head, "a");
    assert_str(rest, "b:c");
    rest = str_cut(STR("abc"), ':', &head);
    assert_str(head, "abc");
    assert_int_equal(rest.len, 0);
    assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
    assert_true(str_cmp(STR("b"), STR("abc")) > 0);
    assert_int_equal(str_cmp(STR("x"), STR("x")), 0);
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_int_equal(str_find(STR("hello"), STR("lo")), 3);
    assert_int_equal(str_find(STR("hello"), STR("xx")), 5);
    assert_str(str_trim(STR(" \t a b\r\n")), "a b");
    assert_true(str_eq(STR_NONE, STR("")));
}

static void reads_numbers(void **state)
{
    uint64_t u;
    u128 w;

    (void)state;
    assert_true(str_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_false(str_u64(STR("18446744073709551616"), &u));
    assert_false(str_u64(STR(""), &u));
    assert_false(str_u64(STR("+1"), &u));
    assert_false(str_u64(STR("1 "), &u));
    assert_false(str_u64(STR("0000000000000000000001"), &u));
    assert_true(str_u128(STR("340282366920938463463374607431768211455"), &w) && w == ~(u128)0);
    assert_false(str_u128(STR("340282366920938463463374607431768211456"), &w));
    assert_false(str_u128(STR("999999999999999999999999999999999999999"), &w));
    assert_false(str_u128(STR("-1"), &w));
}

static void knows_utf8(void **state)
{
    static const struct {
        const char *bytes;
        bool good;
    } cases[] = {
        {"", true},
        {"plain", true},
        {"\xc3\xa9", true},
        {"\xe2\x82\xac", true},
        {"\xf0\x9f\x98\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\x80", false},             /* a continuation first */
        {"\xc0\x80", false},         /* overlong */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xed\xa0\x80", false},     /* surrogate */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
        {"\xe2\x82", false},         /* cut short */
        {"\xff", false},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++)
        if (str_is_utf8(str_of(cases[i].bytes)) != cases[i].good)
            fail_msg("case %zu", i);
}

static void heads_keep_characters(void **state)
{
    (void)state;
    assert_str(utf8_head(STR("a\xc3\xa9z"), 9), "a\xc3\xa9z");
    assert_str(utf8_head(STR("a\xc3\xa9z"), 3), "a\xc3\xa9");
    assert_str(utf8_head(STR("a\xc3\xa9z"), 2), "a");
    assert_str(utf8_head(STR("\xf0\x9f\x98\x80"), 3), "");
    assert_str(utf8_head(STR("x"), 0), "");
}

static void makes_utf8(void **state)
{
    const struct str s = STR("a\xc3\xa9z");
    struct buf b = BUF_INIT(100);

    (void)state;
    utf8_lossy(&b, STR("a\xff\xc3\xa9\xe2\x82"));
    assert_buf(b, "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd");
    buf_release(&b);
    assert_str(utf8_head(s, 2), "a");
    assert_str(utf8_head(s, 3), "a\xc3\xa9");
    assert_str(utf8_tail(s, 2), "z");
    assert_str(utf8_tail(s, 3), "\xc3\xa9z");
    assert_str(utf8_tail(s, 100), "a\xc3\xa9z");
    assert_int_equal(utf8_tail(s, 0).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_and_compares), cmocka_unit_test(reads_numbers),
        cmocka_unit_test(knows_utf8),        cmocka_unit_test(heads_keep_characters),
        cmocka_unit_test(makes_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
