/* test_end.c — requests that nobody answers: waiting on, timing out, being cancelled. */
#include "world.h"

#include <stdio.h>

#define ASK(args) ok(ALICE, ESTIMATE, "request_execution", "{" WASM_SOURCE args "}")
#define WINDOW    (MOCK_YIELD_BLOCKS + 1)

static void test_timeout(void **state)
{
    (void)state;
    uint64_t storage = mock_storage();
    u128 alice = mock_balance(ALICE);
    size_t r = ASK("");
    mock_blocks(WINDOW); /* 120 s: the request had 60 + 30 */
    ended_failed(r, "OutLayer execution failed: timeout: no worker answered in time");
    assert_true(alice - mock_balance(ALICE) == BASE_FEE);
    assert_true(mock_logged("\"success\":false,\"error_message\":\"timeout: no worker answered in "
                            "time\",\"payment_charged\":\"1000000000000000000000\","
                            "\"payment_refunded\":\"6000100000000000000000\""));
    assert_int_equal(mock_storage(), storage);
    fails(OPERATOR, 0, "resolve_execution",
          "{\"request_id\":0,\"response\":{\"success\":true,\"output\":null,\"resources_used\":"
          "{\"instructions\":1,\"time_ms\":1}}}",
          "Execution request not found");
}

/* A run of 180 s outlives the yield; the caller still gets one answer. */
static void test_waits_on(void **state)
{
    (void)state;
    size_t r = ok(ALICE, NEAR_1, "request_execution",
                  "{" WASM_SOURCE ",\"resource_limits\":{\"max_execution_seconds\":180}}");
    mock_blocks(WINDOW);
    still_waits(r);
    assert_true(mock_logged("request 0 is still running: waiting on"));
    mock_blocks(90); /* 174 s */
    resolve_ok(0, "{\"Text\":\"late\"}");
    ended_ok(r, "\"late\"");

    r = ok(ALICE, NEAR_1, "request_execution",
           "{" WASM_SOURCE ",\"resource_limits\":{\"max_execution_seconds\":180}}");
    mock_blocks(WINDOW);
    still_waits(r);
    mock_blocks(WINDOW); /* 240 s: over */
    ended_failed(r, "timeout");
}

static void test_waiting_on_ends_with_the_gas(void **state)
{
    (void)state;
    mock.gas = 55 * TGAS;
    size_t r = ok(ALICE, NEAR_1, "request_execution",
                  "{" WASM_SOURCE ",\"resource_limits\":{\"max_execution_seconds\":180}}");
    mock.burn = 25 * TGAS; /* less than a new yield needs is left */
    mock_blocks(WINDOW);
    assert_int_equal(mock_result(r, NULL), MOCK_FAILED);
    assert_true(mock_logged("timeout: no worker answered in time"));
}

static void test_cancel_by_sender(void **state)
{
    (void)state;
    size_t r = ok(DICE, ESTIMATE, "request_execution",
                  "{" WASM_SOURCE ",\"payer_account_id\":\"" ALICE "\"}");
    fails(DICE, 0, "cancel_stale_execution", "{\"request_id\":0}",
          "Execution is not yet stale, please wait");
    fails(ALICE, 0, "cancel_stale_execution", "{\"request_id\":0}",
          "Only the sender can cancel this execution");
    fails(DICE, 0, "cancel_stale_execution", "{\"request_id\":1}", "Execution request not found");
    /* a chain that stood still: time went by without blocks */
    mock.time_ns += UINT64_C(600000000000);
    fails(DICE, 0, "cancel_stale_execution", "{\"request_id\":0}", "not yet stale");
    mock.time_ns += 1;
    u128 alice = mock_balance(ALICE);
    ok(DICE, 0, "cancel_stale_execution", "{\"request_id\":0}");
    mock_run();
    assert_true(mock_balance(ALICE) - alice == ESTIMATE);
    assert_true(mock_logged("\"error_message\":\"cancelled: by its sender\",\"payment_charged\":"
                            "\"0\",\"payment_refunded\":\"7000100000000000000000\""));
    still_waits(r);
    mock_blocks(WINDOW); /* the yield finds no request */
    ended_failed(r, "OutLayer execution failed: cancelled: the request was cancelled");
    view_is("get_stats", "", "[0,\"0\"]");
}

static void test_cancel_by_owner(void **state)
{
    (void)state;
    u128 alice = mock_balance(ALICE);
    for (int i = 0; i < 6; i++)
        ASK("");
    fails(ALICE, 0, "emergency_cancel_execution", "{\"request_id\":0}",
          "Only owner can call this method");
    fails(ALICE, 0, "cancel_pending_requests", "{\"request_ids\":[0]}",
          "Only owner can call this method");
    fails(ALICE, 0, "clear_all_pending_requests", "", "Only owner can call this method");
    fails(OWNER, 0, "emergency_cancel_execution", "{\"request_id\":9}",
          "Execution request not found");
    fails(OWNER, 0, "cancel_pending_requests", "{\"request_ids\":[\"0\"]}",
          "Failed to deserialize");
    ok(OWNER, 0, "emergency_cancel_execution", "{\"request_id\":1}");
    ended_ok(ok(OWNER, 0, "cancel_pending_requests", "{\"request_ids\":[0,1,2,99]}"), "2");
    view_is("get_pending_request_ids", "", "[3,4,5]");
    ended_ok(ok(OWNER, 0, "clear_all_pending_requests", "{\"limit\":1}"), "1");
    ended_ok(ok(OWNER, 0, "clear_all_pending_requests", ""), "2");
    view_is("get_pending_request_ids", "", "[]");
    mock_run();
    assert_true(mock_balance(ALICE) == alice);
}

/* Each cancelled request logs its event; a call stops before its logs grow too long. */
static void test_cancel_very_many(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++)
        ASK("");
    struct str v;
    uint64_t n, all = 0;
    for (int i = 0; i < 10 && all < 60; i++) {
        assert_int_equal(mock_result(ok(OWNER, 0, "clear_all_pending_requests", ""), &v), MOCK_OK);
        assert_true(str_u64(v, &n) && n > 0);
        all += n;
    }
    assert_int_equal(all, 60);
    view_is("get_pending_request_ids", "", "[]");
    mock_run();
}

static void test_owner_methods(void **state)
{
    (void)state;
    static const char *const calls[][2] = {
        {"set_owner", "{\"new_owner_id\":\"" MALLORY "\"}"},
        {"set_operator", "{\"new_operator_id\":\"" MALLORY "\"}"},
        {"set_paused", "{\"paused\":true}"},
        {"set_pricing", "{\"base_fee\":\"1\"}"},
        {"set_payment_token_contract", "{\"token_contract\":\"" MALLORY "\"}"},
        {"set_event_metadata", "{\"standard\":\"x\"}"},
    };
    for (size_t i = 0; i < countof(calls); i++) {
        fails(MALLORY, 0, calls[i][0], calls[i][1], "Only owner can call this method");
        fails(OPERATOR, 0, calls[i][0], calls[i][1], "Only owner can call this method");
        fails(OWNER, 1, calls[i][0], calls[i][1], "doesn't accept deposit");
    }
    ok(OWNER, 0, "set_pricing", "{\"base_fee\":\"5\",\"per_sec_fee_usd\":\"7\"}");
    view_is("get_pricing", "",
            "[\"5\",\"100000000000000\",\"100000000000000000\",\"100000000000000000\"]");
    view_is(
        "get_pricing_full", "",
        "{\"base_fee\":\"5\",\"per_million_instructions_fee\":\"100000000000000\",\"per_ms_fee\":"
        "\"100000000000000000\",\"per_compile_ms_fee\":\"100000000000000000\",\"base_fee_usd\":"
        "\"1000\",\"per_million_instructions_fee_usd\":\"1\",\"per_sec_fee_usd\":\"7\","
        "\"per_compile_ms_fee_usd\":\"10\"}");
    ok(OWNER, 0, "set_event_metadata", "{\"standard\":\"near-other\",\"version\":\"2.0.0\"}");
    view_is("get_event_metadata", "", "[\"near-other\",\"2.0.0\"]");
    ok(OWNER, 0, "set_payment_token_contract", "{\"token_contract\":\"usd.test\"}");
    view_is("get_payment_token_contract", "", "\"usd.test\"");
    ok(OWNER, 0, "set_payment_token_contract", "{}");
    view_is("get_payment_token_contract", "", "null");
    ok(OWNER, 0, "set_operator", "{\"new_operator_id\":\"op.test\"}");
    ok(OWNER, 0, "set_owner", "{\"new_owner_id\":\"" ALICE "\"}");
    view_is("get_config", "", "[\"" ALICE "\",\"op.test\"]");
    fails(OWNER, 0, "set_paused", "{\"paused\":true}", "Only owner can call this method");
    view_is("get_storage_version", "", "\"8\"");
    view_is("get_max_limits", "", "[500000000000,180,300]");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(test_timeout),          T(test_waits_on),        T(test_waiting_on_ends_with_the_gas),
        T(test_cancel_by_sender), T(test_cancel_by_owner), T(test_cancel_very_many),
        T(test_owner_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
