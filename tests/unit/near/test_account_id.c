/* test_account_id.c — the spelling rules of account names (docs.near.org, "Account ID"). */
#include "test.h"

#include "near/account_id.h"

static void knows_names(void **state)
{
    static const char *const good[] = {
        "ok",
        "bowen",
        "ek-2",
        "ek.near",
        "com",
        "google.com",
        "0o0",
        "a_b-c.d0",
        "b-o_w_e-n",
        "near",
        "98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de"};
    static const char *const wrong[] = {
        "",
        "a",
        "100-",
        "bo__wen",
        "_illia",
        ".near",
        "near.",
        "a..near",
        "$$$",
        "WAT",
        "me@google.com",
        "hello world",
        "a-.b",
        "\xc3\xa9t\xc3\xa9",
        "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.abcdefghijk"};
    struct account_id a;

    (void)state;
    for (size_t i = 0; i < countof(good); i++) {
        if (!account_id_parse(str_of(good[i]), &a))
            fail_msg("refused %s", good[i]);
        assert_str(account_id_str(&a), good[i]);
    }
    for (size_t i = 0; i < countof(wrong); i++)
        if (account_id_valid(str_of(wrong[i])))
            fail_msg("accepted %s", wrong[i]);
}

static void knows_kinds(void **state)
{
    (void)state;
    assert_true(account_id_is_implicit(
        STR("98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de")));
    assert_false(account_id_is_implicit(
        STR("98793Cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de")));
    assert_true(account_id_is_eth_implicit(STR("0xb794f5ea0ba39494ce839613fffba74279579268")));
    assert_false(account_id_is_eth_implicit(STR("0Xb794f5ea0ba39494ce839613fffba74279579268")));
    assert_true(account_id_is_sub_of(STR("a.near"), STR("near")));
    assert_false(account_id_is_sub_of(STR("b.a.near"), STR("near")));
    assert_false(account_id_is_sub_of(STR("near"), STR("near")));
    assert_false(account_id_is_sub_of(STR("anear"), STR("near")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_names),
                                       cmocka_unit_test(knows_kinds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
