/* test_ft_receiver.c — the token jar example: tokens in and out, and the map it keeps them in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sdk/mock/mock.h"

#define NEAR_1 ((u128)1000000000000000000u * 1000000)

static int setup(void **state)
{
    (void)state;
    mock_init("jar.test", 10 * NEAR_1);
    mock_account_add("token.test", NEAR_1);
    mock_account_add("alice.test", NEAR_1);
    assert_int_equal(
        mock_result(mock_call("jar.test", 0, "new", STR("{\"token_id\":\"token.test\"}")), NULL),
        MOCK_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mock_end();
    return 0;
}

static void give(const char *giver, unsigned amount, const char *msg, const char *back)
{
    char args[256];
    struct str v;
    snprintf(args, sizeof(args), "{\"sender_id\":\"%s\",\"amount\":\"%u\",\"msg\":\"%s\"}", giver,
             amount, msg);
    assert_int_equal(mock_result(mock_call("token.test", 0, "ft_on_transfer", str_of(args)), &v),
                     MOCK_OK);
    assert_true(str_eqz(v, back));
}

static void view_is(const char *method, const char *args, const char *want)
{
    struct str v;
    assert_true(mock_view(method, str_of(args), &v));
    if (!str_eqz(v, want))
        fail_msg("%.*s", STR_ARG(v));
}

static void test_in_and_out(void **state)
{
    (void)state;
    struct str v;
    uint64_t storage = mock_storage();
    give("alice.test", 70, "keep", "\"0\"");
    give("alice.test", 30, "keep", "\"0\"");
    give("alice.test", 5, "no", "\"5\"");
    view_is("balance_of", "{\"account_id\":\"alice.test\"}", "\"100\"");
    assert_int_equal(
        mock_result(
            mock_call("alice.test", 0, "ft_on_transfer",
                      STR("{\"sender_id\":\"alice.test\",\"amount\":\"1\",\"msg\":\"keep\"}")),
            NULL),
        MOCK_FAILED);
    for (int good = 0; good < 2; good++) {
        size_t from = mock.n_receipts, r = mock_call("alice.test", 1, "withdraw", STR(""));
        size_t out = mock_outgoing(from);
        assert_true(str_eqz(buf_str(&mock.receipts[out].actions[0].args),
                            "{\"receiver_id\":\"alice.test\",\"amount\":\"100\"}"));
        view_is("balance_of", "{\"account_id\":\"alice.test\"}", "\"0\"");
        mock_answer(out, good, STR(""));
        mock_run();
        assert_int_equal(mock_result(r, &v), MOCK_OK);
        assert_true(str_eqz(v, good ? "true" : "false"));
        view_is("balance_of", "{\"account_id\":\"alice.test\"}", good ? "\"0\"" : "\"100\"");
    }
    assert_int_equal(mock_storage(), storage);
}

static void test_list(void **state)
{
    (void)state;
    give("a.test", 1, "keep", "\"0\"");
    give("b.test", 2, "keep", "\"0\"");
    give("alice.test", 3, "keep", "\"0\"");
    view_is("list", "", "[[\"a.test\",\"1\"],[\"b.test\",\"2\"],[\"alice.test\",\"3\"]]");
    view_is("list", "{\"from_index\":1,\"limit\":1}", "[[\"b.test\",\"2\"]]");
    view_is("list", "{\"from_index\":3}", "[]");
    mock_account_add("a.test", 10);
    mock_answer((mock_call("a.test", 1, "withdraw", STR("")), mock_outgoing(0)), true, STR(""));
    mock_run();
    view_is("list", "", "[[\"alice.test\",\"3\"],[\"b.test\",\"2\"]]"); /* the last moved up */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_in_and_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
