/* test_resolve.c — answers: who may give them, what the caller gets, what it costs. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK(args) ok(ALICE, ESTIMATE, "request_execution", "{" WASM_SOURCE args "}")
#define USED      "\"resources_used\":{\"instructions\":812345,\"time_ms\":37}"

static void test_formats(void **state)
{
    (void)state;
    size_t r = ASK(",\"response_format\":\"Json\"");
    resolve_ok(0, "{\"Json\":{ \"a\" : 1.0, \"b\":[1e16,\"\\u00e9\"]}}");
    ended_ok(r, "{ \"a\" : 1.0, \"b\":[1e16,\"\\u00e9\"]}"); /* the bytes, not printed again */

    r = ASK(",\"response_format\":\"Json\"");
    resolve_ok(1, "{\"Json\":null}");
    ended_ok(r, "null");

    r = ASK(",\"response_format\":\"Bytes\"");
    resolve_ok(2, "{\"Bytes\":[0,255,16]}");
    ended_ok(r, "\"AP8Q\"");

    r = ASK(",\"response_format\":\"Bytes\"");
    resolve_ok(3, "{\"Bytes\":\"AP8Q\"}");
    ended_ok(r, "\"AP8Q\"");

    r = ASK(",\"response_format\":\"Bytes\"");
    resolve_ok(4, "{\"Bytes\":[]}");
    ended_ok(r, "\"\"");

    r = ASK("");
    resolve_ok(5, "{\"Text\":\"quote \\\" and \\u0000\"}");
    ended_ok(r, "\"quote \\\" and \\u0000\"");

    r = ASK("");
    resolve_ok(6, "null");
    ended_ok(r, "null");
}

static void test_wrong_format_fails(void **state)
{
    (void)state;
    static const char *const outputs[] = {"{\"Text\":\"x\"}",
                                          "{\"Bytes\":[256]}",
                                          "{\"Bytes\":\"!\"}",
                                          "{\"Bytes\":7}",
                                          "{\"Bytes\":[-1]}",
                                          "7",
                                          "{\"Bytes\":[],\"Text\":\"\"}"};
    for (uint64_t i = 0; i < countof(outputs); i++) {
        size_t r = ASK(",\"response_format\":\"Bytes\"");
        resolve_ok(i, outputs[i]);
        ended_failed(
            r, "OutLayer execution failed: execution_failed: the output is not of the format");
    }
}

static void test_failure_keeps_payment(void **state)
{
    (void)state;
    uint64_t storage = mock_storage();
    u128 alice = mock_balance(ALICE);
    size_t r = ASK("");
    resolve_failed(0, "the program ran out of instructions");
    ended_failed(
        r, "Smart contract panicked: OutLayer execution failed: execution_failed: the program "
           "ran out of instructions");
    assert_true(alice - mock_balance(ALICE) == ESTIMATE);
    assert_int_equal(mock_storage(), storage);
    assert_true(
        mock_logged("\"success\":false,\"error_message\":\"execution_failed: the program ran out "
                    "of instructions\",\"payment_charged\":\"7000100000000000000000\","
                    "\"payment_refunded\":\"0\""));
    assert_true(mock_logged("[[yNEAR charged: \"7000100000000000000000\"]]"));
    view_is("get_stats", "", "[0,\"7000100000000000000000\"]");
}

static void test_failure_categories(void **state)
{
    (void)state;
    size_t r = ASK("");
    resolve_failed(0, "access_denied: not on the list");
    ended_failed(r, "OutLayer execution failed: access_denied: not on the list");
    r = ASK("");
    resolve_failed(1, "nonsense: not a category");
    ended_failed(r, "OutLayer execution failed: execution_failed: nonsense: not a category");
    r = ASK("");
    resolve_failed(2, "");
    ended_failed(r, "OutLayer execution failed: execution_failed: no reason given");
    r = ASK("");
    ok(OPERATOR, 0, "resolve_execution",
       "{\"request_id\":3,\"response\":{\"success\":false,\"error\":\"cargo: "
       "no\",\"error_category\":"
       "\"compilation_failed\"," USED "}}");
    mock_run();
    ended_failed(r, "OutLayer execution failed: compilation_failed: cargo: no");
}

static void test_cost_is_capped(void **state)
{
    (void)state;
    u128 alice = mock_balance(ALICE);
    size_t r = ASK("");
    ok(OPERATOR, 0, "resolve_execution",
       "{\"request_id\":0,\"response\":{\"success\":true,\"output\":{\"Text\":\"x\"},\"resources_"
       "used\":"
       "{\"instructions\":18446744073709551615,\"time_ms\":18446744073709551615,"
       "\"compile_time_ms\":18446744073709551615}}}");
    mock_run();
    ended_ok(r, "\"x\"");
    assert_true(alice - mock_balance(ALICE) == ESTIMATE);
    view_is("get_stats", "", "[1,\"7000100000000000000000\"]");
    assert_true(mock_logged("[[yNEAR charged: \"7000100000000000000000\"]]"));
}

static void test_who_and_what(void **state)
{
    (void)state;
    ASK("");
    static const char good[] =
        "{\"request_id\":0,\"response\":{\"success\":true,\"output\":null," USED "}}";
    fails(ALICE, 0, "resolve_execution", good, "Only operator can call this");
    fails(OWNER, 0, "resolve_execution", good, "Only operator can call this");
    fails(OPERATOR, 1, "resolve_execution", good,
          "Method resolve_execution doesn't accept deposit");
    fails(OPERATOR, 0, "resolve_execution",
          "{\"request_id\":9,\"response\":{\"success\":true,\"output\":null," USED "}}",
          "Execution request not found");
    fails(OPERATOR, 0, "resolve_execution", "{\"request_id\":0}", "missing field `response`");
    fails(OPERATOR, 0, "resolve_execution", "{\"request_id\":0,\"response\":{\"success\":true}}",
          "missing field `resources_used`");
    fails(OPERATOR, 0, "resolve_execution",
          "{\"request_id\":0,\"response\":{\"success\":\"yes\"," USED "}}",
          "Failed to deserialize");
    fails(OPERATOR, 0, "resolve_execution",
          "{\"request_id\":0,\"response\":{\"success\":true,\"compilation_note\":7," USED "}}",
          "Failed to deserialize");
    fails(MALLORY, 0, "on_execution_response", "{\"request_id\":0}",
          "Method on_execution_response is private");
    fails(OUTLAYER, 0, "on_execution_response", "{\"request_id\":0}", "is a callback");
    fails(MALLORY, 0, "fail_execution", "{\"error\":\"x\"}", "Method fail_execution is private");
    fails(MALLORY, 0, "new", "{\"owner_id\":\"" MALLORY "\"}",
          "The contract has already been initialized");
    view_is("get_pending_request_ids", "", "[0]");
}

static void test_only_the_first_answer_counts(void **state)
{
    (void)state;
    static const char one[] =
        "{\"request_id\":0,\"response\":{\"success\":true,\"output\":{\"Text\":\"1\"}," USED "}}";
    static const char two[] =
        "{\"request_id\":0,\"response\":{\"success\":true,\"output\":{\"Text\":\"2\"}," USED "}}";
    size_t r = ASK("");
    ok(OPERATOR, 0, "resolve_execution", one);
    ok(OPERATOR, 0, "resolve_execution", two);
    mock_run();
    ended_ok(r, "\"1\"");
    fails(OPERATOR, 0, "resolve_execution", two, "Execution request not found");
    view_is("get_stats", "", "[1,\"1003700000000000000000\"]");
}

/* args of submit_execution_output_and_resolve with a text of n bytes */
static char *submit_args(uint64_t id, size_t n, bool success)
{
    char *args = malloc(n + 512);
    int at = sprintf(
        args, "{\"request_id\":%llu,\"success\":%s,\"error\":%s," USED ",\"output\":{\"Text\":\"",
        (unsigned long long)id, success ? "true" : "false", success ? "null" : "\"bad\"");
    memset(args + at, 't', n);
    strcpy(args + at + n, "\"}}");
    return args;
}

static void test_large_outputs(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1023, 1024, 100000, 262142};
    uint64_t storage = mock_storage();
    mock_account_add(OUTLAYER, 0);
    for (uint64_t i = 0; i < countof(sizes); i++) {
        struct str v;
        size_t r = ASK("");
        char *args = submit_args(i, sizes[i], true);
        ok(OPERATOR, 0, "submit_execution_output_and_resolve", args);
        free(args);
        mock_run();
        assert_int_equal(mock_result(r, &v), MOCK_OK);
        assert_int_equal(v.len, sizes[i] + 2);
        assert_int_equal(mock_storage(), storage);
    }
    char *args = submit_args(99, 2000, true);
    size_t r = ASK("");
    char *large = submit_args(5, 262143, true);
    fails(OPERATOR, 0, "submit_execution_output_and_resolve", large, "too long");
    free(large);
    fails(OPERATOR, 0, "submit_execution_output_and_resolve", args, "Execution request not found");
    fails(ALICE, 0, "submit_execution_output_and_resolve", args, "Only operator can call this");
    free(args);
    args = submit_args(5, 2000, false);
    ok(OPERATOR, 0, "submit_execution_output_and_resolve", args);
    free(args);
    mock_run();
    ended_failed(r, "execution_failed: bad");
}

static void test_submit_then_resolve(void **state)
{
    (void)state;
    size_t r = ASK(",\"response_format\":\"Bytes\"");
    view_is("has_pending_output", "{\"request_id\":0}", "false");
    view_is("get_pending_output", "{\"request_id\":0}", "null");
    fails(ALICE, 0, "submit_execution_output", "{\"request_id\":0,\"output\":{\"Bytes\":[1]}}",
          "Only operator can call this");
    fails(OPERATOR, 0, "submit_execution_output", "{\"request_id\":7,\"output\":{\"Bytes\":[1]}}",
          "Execution request not found");
    fails(OPERATOR, 0, "submit_execution_output", "{\"request_id\":0,\"output\":{\"Text\":\"\"}}",
          "The output is not of the format Bytes");
    ok(OPERATOR, 0, "submit_execution_output", "{\"request_id\":0,\"output\":{\"Bytes\":[1,2]}}");
    fails(OPERATOR, 0, "submit_execution_output", "{\"request_id\":0,\"output\":{\"Bytes\":[1]}}",
          "Output already submitted for this request");
    view_is("has_pending_output", "{\"request_id\":0}", "true");
    view_is("get_pending_output", "{\"request_id\":0}", "{\"Bytes\":[1,2]}");
    resolve_ok(0, "{\"Bytes\":[9]}"); /* the stored one goes first */
    ended_ok(r, "\"AQI=\"");
    view_is("has_pending_output", "{\"request_id\":0}", "false");
}

static void test_too_long_for_a_resume(void **state)
{
    (void)state;
    ASK("");
    char args[2048];
    snprintf(
        args, sizeof(args),
        "{\"request_id\":0,\"response\":{\"success\":true,\"output\":{\"Text\":\"%01000d\"}," USED
        "}}",
        0);
    fails(OPERATOR, 0, "resolve_execution", args, "use submit_execution_output_and_resolve");
}

static void test_long_errors(void **state)
{
    (void)state;
    char error[1201], args[2048];
    memset(error, 0, sizeof(error));
    for (size_t i = 0; i + 2 < 900; i += 2)
        memcpy(error + i, "é", 2);
    snprintf(args, sizeof(args), "%s", error);
    size_t r = ASK("");
    resolve_failed(0, error);
    ended_failed(r, "execution_failed: éé");
}

static void test_many_at_once(void **state)
{
    (void)state;
    uint64_t storage = mock_storage();
    size_t r[40];
    for (size_t i = 0; i < countof(r); i++)
        r[i] = ASK("");
    for (uint64_t i = countof(r); i-- > 0;) /* the newest first */
        resolve_ok(i, "{\"Text\":\"x\"}");
    for (size_t i = 0; i < countof(r); i++)
        ended_ok(r[i], "\"x\"");
    assert_int_equal(mock_storage(), storage);
    view_is("get_pending_request_ids", "", "[]");
    for (size_t i = 0; i < 5; i++)
        ASK("");
    view_is("get_pending_request_ids", "{\"from_index\":1,\"limit\":2}", "[41,42]");
    view_is("get_pending_request_ids", "{\"from_index\":5}", "[]");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(test_formats),
        T(test_wrong_format_fails),
        T(test_failure_keeps_payment),
        T(test_failure_categories),
        T(test_cost_is_capped),
        T(test_who_and_what),
        T(test_only_the_first_answer_counts),
        T(test_large_outputs),
        T(test_submit_then_resolve),
        T(test_too_long_for_a_resume),
        T(test_long_errors),
        T(test_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
