/* test_caller.c — the caller example: what it asks, and what it keeps of either answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sdk/mock/mock.h"

#define NEAR_1 ((u128)1000000000000000000u * 1000000)

static void view_is(const char *method, const char *args, const char *want)
{
    struct str v;
    assert_true(mock_view(method, str_of(args), &v));
    if (!str_eqz(v, want))
        fail_msg("%.*s", STR_ARG(v));
}

static void test_asks_and_keeps(void **state)
{
    (void)state;
    static const char args[] =
        "{\"source\":{\"Project\":{\"project_id\":\"a.test/b\"}},\"input_data\":\"x\"}";
    struct str v;

    mock_init("caller.test", 10 * NEAR_1);
    mock_account_add("alice.test", 10 * NEAR_1);
    mock_account_add("outlayer.test", 0);
    size_t r = mock_call("alice.test", NEAR_1, "call_outlayer", str_of(args));
    assert_int_equal(mock_result(r, &v), MOCK_FAILED);
    assert_true(str_eqz(v, "Smart contract panicked: The contract is not initialized"));
    mock_call("caller.test", 0, "new", STR("{\"outlayer_id\":\"outlayer.test\"}"));
    view_is("get_last_result", "", "null");

    r = mock_call("alice.test", NEAR_1, "call_outlayer", str_of(args));
    size_t out = mock_outgoing(0);
    const struct mock_action *a = &mock.receipts[out].actions[0];
    assert_true(str_eqz(buf_str(&a->method), "request_execution"));
    assert_true(str_eqz(buf_str(&a->args), args));
    assert_true(a->deposit == NEAR_1 && a->gas >= 100 * TGAS);
    mock_answer(out, true, STR("\"sunny\""));
    mock_run();
    assert_int_equal(mock_result(r, &v), MOCK_OK);
    assert_true(str_eqz(v, "\"sunny\""));
    assert_true(mock_logged("OutLayer result: \"sunny\""));
    view_is("get_last_result", "", "{\"status\":\"ok\",\"value\":\"\\\"sunny\\\"\"}");

    r = mock_call("alice.test", NEAR_1, "call_outlayer", str_of(args));
    mock_answer(mock_outgoing(0), false, STR("no"));
    mock_run();
    assert_int_equal(mock_result(r, &v), MOCK_OK);
    assert_true(mock_logged("OutLayer execution failed"));
    view_is("get_result", "{\"id\":1}", "{\"status\":\"failed\",\"value\":null}");
    view_is("get_result", "{\"id\":0}", "{\"status\":\"ok\",\"value\":\"\\\"sunny\\\"\"}");
    view_is("get_call_count", "", "2");
    assert_int_equal(
        mock_result(mock_call("alice.test", 0, "on_outlayer_result", STR("{\"id\":0}")), NULL),
        MOCK_FAILED);
    mock_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_asks_and_keeps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
