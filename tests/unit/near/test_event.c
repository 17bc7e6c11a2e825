/* Event lines of contract logs, good and bad; reading what a transaction did. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "near/event.h"
#include "near/outcome.h"

static void test_event(void **state)
{
    (void)state;
    struct event ev;
    struct buf why = WHY_INIT;

    assert_int_equal(event_parse(STR("EVENT_JSON:{\"standard\":\"near-outlayer\",\"version\":"
                                     "\"1.0.0\",\"event\":\"execution_requested\",\"data\":[{"
                                     "\"request_data\":\"{\\\"a\\\":1}\"}]}"),
                                 &ev, &why),
                     ERR_OK);
    assert_true(str_eqz(ev.standard, "near-outlayer"));
    assert_true(str_eqz(ev.version, "1.0.0"));
    assert_true(str_eqz(ev.name, "execution_requested"));
    assert_true(json_str_eq(json_get(json_at(ev.data, 0), "request_data"), STR("{\"a\":1}")));
    assert_int_equal(
        event_parse(STR("EVENT_JSON: {\"standard\":\"a\",\"version\":\"1\",\"event\":\"e\"} "), &ev,
                    &why),
        ERR_OK);
    assert_int_equal(json_type(ev.data), JSON_ABSENT);
}

static void test_no_event(void **state)
{
    (void)state;
    struct event ev;
    struct buf why = WHY_INIT;
    static char big[EVENT_LOG_MAX + 1] = "EVENT_JSON:";

    assert_int_equal(event_parse(STR("hello"), &ev, &why), ERR_EMPTY);
    assert_int_equal(event_parse(STR(" EVENT_JSON:{}"), &ev, &why), ERR_EMPTY);
    assert_int_equal(event_parse(STR("EVENT_JSON:"), &ev, &why), ERR_FORMAT);
    assert_int_equal(event_parse(STR("EVENT_JSON:{}"), &ev, &why), ERR_FORMAT);
    assert_int_equal(event_parse(STR("EVENT_JSON:[1]"), &ev, &why), ERR_FORMAT);
    assert_int_equal(
        event_parse(STR("EVENT_JSON:{\"standard\":1,\"version\":\"1\",\"event\":2}"), &ev, &why),
        ERR_FORMAT);
    assert_int_equal(event_parse(str_from(big, sizeof(big)), &ev, &why), ERR_TOO_BIG);
    buf_release(&why);
}

static void test_versions(void **state)
{
    (void)state;

    assert_true(event_version_at_least(STR("1.0.0"), STR("1.0.0")));
    assert_true(event_version_at_least(STR("1.10.0"), STR("1.9.9")));
    assert_true(event_version_at_least(STR("2.0.0"), STR("1.9.9")));
    assert_false(event_version_at_least(STR("1.0.0"), STR("1.0.1")));
    assert_false(event_version_at_least(STR("1.0"), STR("1.0.0")));
    assert_false(event_version_at_least(STR("1.0.0."), STR("1.0.0")));
    assert_false(event_version_at_least(STR("x"), STR("1.0.0")));
}

static const char resolved[] =
    "{\"final_execution_status\":\"EXECUTED_OPTIMISTIC\",\"status\":{\"SuccessValue\":\"dHJ1ZQ==\"}"
    ","
    "\"transaction\":{\"hash\":\"5wbD6GsVBReHetMUw17QcNne8BjB1xSKRoU4JYpafEx5\"},"
    "\"transaction_outcome\":{\"outcome\":{\"logs\":[],\"gas_burnt\":5,\"executor_id\":\"w\","
    "\"status\":{\"SuccessReceiptId\":\"x\"}}},"
    "\"receipts_outcome\":[{\"outcome\":{\"logs\":[\"one\",\"[[yNEAR charged: \\\"7\\\"]]\"],"
    "\"gas_burnt\":7,\"executor_id\":\"c\",\"status\":{\"SuccessValue\":\"\"}}},"
    "{\"outcome\":{\"logs\":[\"three\"],\"gas_burnt\":11,\"executor_id\":\"d\","
    "\"status\":{\"Failure\":{}}}}]}";

static void test_outcome(void **state)
{
    (void)state;
    struct json doc;
    struct outcome o;
    struct buf b = BUF_INIT(100);
    struct outcome_logs it;
    int n = 0;

    assert_true(json_parse(str_of(resolved), &doc, NULL));
    assert_true(outcome_read(doc, &o));
    assert_int_equal(o.status, OUTCOME_VALUE);
    assert_true(outcome_value(&o, &b));
    assert_string_equal(buf_z(&b), "true");
    assert_false(hash_is_zero(&o.tx_hash));
    it = outcome_logs(&o);
    while (outcome_next_log(&it)) {
        static const char *const want[] = {"one", "[[yNEAR charged: \"7\"]]", "three"};
        static const char *const who[] = {"c", "c", "d"};

        assert_true(json_str_eq(it.log, str_of(want[n])));
        assert_true(json_str_eq(it.executor_id, str_of(who[n])));
        n++;
    }
    assert_int_equal(n, 3);
    buf_release(&b);
}

static void test_outcome_failure(void **state)
{
    (void)state;
    struct json doc;
    struct outcome o;
    struct buf b = BUF_INIT(1000);

    assert_true(
        json_parse(STR("{\"status\":{\"Failure\":{\"ActionError\":{\"index\":0,\"kind\":{"
                       "\"FunctionCallError\":"
                       "{\"ExecutionError\":\"Smart contract panicked: no \\\"way\\\"\"}}}}}}"),
                   &doc, NULL));
    assert_true(outcome_read(doc, &o));
    assert_int_equal(o.status, OUTCOME_FAILED);
    outcome_failure_text(&o, &b);
    assert_string_equal(buf_z(&b), "Smart contract panicked: no \"way\"");
    assert_false(outcome_value(&o, &b));

    buf_clear(&b);
    assert_true(json_parse(STR("{\"status\":{\"Failure\":{\"ActionError\":{\"index\":0,\"kind\":{"
                               "\"AccountDoesNotExist\":{\"account_id\":\"x\"}}}}}}"),
                           &doc, NULL));
    assert_true(outcome_read(doc, &o));
    outcome_failure_text(&o, &b);
    assert_string_equal(buf_z(&b), "{\"AccountDoesNotExist\":{\"account_id\":\"x\"}}");

    assert_true(json_parse(STR("{\"final_execution_status\":\"NONE\"}"), &doc, NULL));
    assert_true(outcome_read(doc, &o));
    assert_int_equal(o.status, OUTCOME_PENDING);
    assert_true(json_parse(STR("[]"), &doc, NULL));
    assert_false(outcome_read(doc, &o));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event),           cmocka_unit_test(test_no_event),
        cmocka_unit_test(test_versions),        cmocka_unit_test(test_outcome),
        cmocka_unit_test(test_outcome_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
