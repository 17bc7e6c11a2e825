/* test_counter.c — the counter example, and with it how a contract is tested natively. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sdk/mock/mock.h"

#define NEAR_1 ((u128)1000000000000000000u * 1000000)

static struct str value(size_t receipt, enum mock_state want)
{
    struct str v;
    assert_int_equal(mock_result(receipt, &v), want);
    return v;
}

static int setup(void **state)
{
    (void)state;
    mock_init("counter.test", 10 * NEAR_1);
    mock_account_add("alice.test", NEAR_1);
    value(mock_call("counter.test", 0, "new", STR("{\"start\":40}")), MOCK_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mock_end();
    return 0;
}

static void test_counts(void **state)
{
    (void)state;
    struct str v;
    assert_true(str_eqz(value(mock_call("alice.test", 0, "increment", STR("")), MOCK_OK), "41"));
    assert_true(
        str_eqz(value(mock_call("alice.test", 0, "increment", STR("{\"by\":2}")), MOCK_OK), "43"));
    assert_true(mock_logged(
        "EVENT_JSON:{\"standard\":\"counter\",\"version\":\"1.0.0\",\"event\":\"raised\","
        "\"data\":[{\"by\":2,\"value\":43,\"who\":\"alice.test\"}]}"));
    assert_true(mock_view("get", STR(""), &v) && str_eqz(v, "43"));
}

static void test_refuses(void **state)
{
    (void)state;
    struct str v;
    assert_true(str_eqz(value(mock_call("alice.test", 0, "reset", STR("")), MOCK_FAILED),
                        "Smart contract panicked: Only owner can call this method"));
    assert_true(str_eqz(value(mock_call("alice.test", 1, "increment", STR("")), MOCK_FAILED),
                        "Smart contract panicked: Method increment doesn't accept deposit"));
    assert_true(mock_balance("alice.test") == NEAR_1); /* the deposit came back */
    value(mock_call("alice.test", 0, "increment", STR("{\"by\":18446744073709551615}")),
          MOCK_FAILED);
    value(mock_call("counter.test", 0, "new", STR("")), MOCK_FAILED);
    value(mock_call("counter.test", 0, "reset", STR("")), MOCK_OK);
    assert_true(mock_view("get", STR(""), &v) && str_eqz(v, "0"));
    assert_false(mock_view("increment", STR(""), &v)); /* a view cannot write */
    assert_true(str_eqz(value(mock_call("alice.test", 0, "explode", STR("")), MOCK_FAILED),
                        "MethodResolveError(MethodNotFound)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
