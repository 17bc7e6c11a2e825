/* test_request.c — request_execution: what is accepted, what is refused and with which words. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQ(who, deposit, args)  ok(who, deposit, "request_execution", args)
#define NOT(deposit, args, text) fails(ALICE, deposit, "request_execution", args, text)

static void test_smallest(void **state)
{
    (void)state;
    uint64_t storage = mock_storage();
    size_t r = REQ(ALICE, ESTIMATE, "{" WASM_SOURCE "}");
    still_waits(r);
    assert_true(mock_logged("EVENT_JSON:{\"standard\":\"near-outlayer\",\"version\":\"1.0.0\","
                            "\"event\":\"execution_requested\",\"data\":[{\"request_data\":\"{"));
    assert_true(mock_logged("\\\"max_instructions\\\":1000000000,\\\"max_memory_mb\\\":128,"
                            "\\\"max_execution_seconds\\\":60"));
    assert_true(mock_logged("\\\"build_target\\\":null"));
    assert_true(mock_logged("\\\"input_data\\\":\\\"\\\",\\\"input_data_in_state\\\":false"));
    view_is("get_pending_request_ids", "", "[0]");

    u128 before = mock_balance(ALICE);
    resolve_ok(0, "{\"Text\":\"hello\\n\"}");
    ended_ok(r, "\"hello\\n\"");
    assert_true(mock_balance(ALICE) - before == ESTIMATE - COST_37MS);
    assert_int_equal(mock_storage(), storage);
    view_is("get_pending_request_ids", "", "[]");
    view_is("get_stats", "", "[1,\"1003700000000000000000\"]");
    view_is("get_request", "{\"request_id\":0}", "null");
    assert_true(mock_logged("\"payment_charged\":\"1003700000000000000000\","
                            "\"payment_refunded\":\"5996400000000000000000\""));
}

static void test_page_example_limits(void **state)
{
    (void)state;
    /* max_memory_mb is left out, as in the documentation's example */
    size_t r =
        REQ(DICE, 5 * MILLI,
            "{" WASM_SOURCE ",\"input_data\":\"{\\\"city\\\":\\\"Oslo\\\"}\",\"resource_limits\":"
            "{\"max_instructions\":1000000000,\"max_execution_seconds\":30}}");
    assert_true(mock_logged("\\\"max_memory_mb\\\":128,\\\"max_execution_seconds\\\":30"));
    resolve_ok(0, "{\"Text\":\"+7\"}");
    ended_ok(r, "\"+7\"");
}

static void test_signer_and_payer(void **state)
{
    (void)state;
    u128 alice = mock_balance(ALICE);
    size_t r = mock_call_as(DICE, "carol.test", ESTIMATE, "request_execution",
                            z("{" WASM_SOURCE ",\"payer_account_id\":\"" ALICE "\",\"params\":"
                              "{\"project_uuid\":\"p0000000000000001\"}}"));
    still_waits(r);
    assert_true(
        mock_logged("\\\"sender_id\\\":\\\"carol.test\\\",\\\"predecessor_id\\\":\\\"" DICE));
    assert_true(mock_logged("\\\"project_uuid\\\":null"));
    struct str v = view("get_request", "{\"request_id\":0}");
    assert_true(str_find(v, z("\"sender_id\":\"" DICE "\"")) < v.len);
    assert_true(str_find(v, z("\"payer_account_id\":\"" ALICE "\"")) < v.len);
    assert_true(str_find(v, z("\"payment\":7000100000000000000000,")) < v.len);
    resolve_ok(0, "null");
    ended_ok(r, "null");
    assert_true(mock_balance(ALICE) - alice == ESTIMATE - COST_37MS);
}

static void test_payer_that_is_nobody(void **state)
{
    (void)state;
    size_t r = REQ(ALICE, ESTIMATE, "{" WASM_SOURCE ",\"payer_account_id\":\"nobody.test\"}");
    resolve_ok(0, "{\"Text\":\"x\"}");
    ended_ok(r, "\"x\"");
}

static void test_deposit(void **state)
{
    (void)state;
    NOT(ESTIMATE - 1, "{" WASM_SOURCE "}",
        "Insufficient payment: required 7000100000000000000000 yoctoNEAR for compute, got "
        "7000099999999999999999 yoctoNEAR");
    NOT(BASE_FEE - 1, "{" WASM_SOURCE ",\"params\":{\"compile_only\":true}}",
        "Insufficient payment: required 1000000000000000000000 yoctoNEAR");
    REQ(ALICE, BASE_FEE, "{" WASM_SOURCE ",\"params\":{\"compile_only\":true}}");
    view_is("estimate_execution_cost", "", "\"7000100000000000000000\"");
    view_is("estimate_execution_cost",
            "{\"resource_limits\":{\"max_instructions\":10000000000,\"max_execution_seconds\":60}}",
            "\"7001000000000000000000\"");
    view_is(
        "estimate_execution_cost",
        "{\"resource_limits\":{\"max_instructions\":500000000000,\"max_execution_seconds\":180}}",
        "\"19050000000000000000000\"");
}

static void test_limits(void **state)
{
    (void)state;
    REQ(ALICE, NEAR_1,
        "{" WASM_SOURCE ",\"resource_limits\":{\"max_instructions\":500000000000,"
        "\"max_execution_seconds\":180}}");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"resource_limits\":{\"max_instructions\":500000000001}}",
        "Requested max_instructions 500000000001 exceeds hard limit of 500000000000");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"resource_limits\":{\"max_execution_seconds\":181}}",
        "Requested max_execution_seconds 181 exceeds hard limit of 180 seconds");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"resource_limits\":{\"max_execution_seconds\":0}}",
        "max_execution_seconds must be greater than 0");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"resource_limits\":{\"max_memory_mb\":0}}",
        "max_memory_mb must be greater than 0");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"resource_limits\":{\"max_instructions\":0}}",
        "max_instructions must be greater than 0");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"resource_limits\":{\"max_instructions\":-1}}",
        "Failed to deserialize input from JSON.");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"resource_limits\":{\"max_memory_mb\":4294967296}}",
        "Failed to deserialize input from JSON.");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"resource_limits\":7}",
        "Failed to deserialize input from JSON.");
    /* null members take the defaults */
    REQ(ALICE, ESTIMATE,
        "{" WASM_SOURCE ",\"resource_limits\":{\"max_instructions\":null,"
        "\"max_memory_mb\":null,\"max_execution_seconds\":null}}");
}

static void test_params(void **state)
{
    (void)state;
    NOT(NEAR_1, "{" WASM_SOURCE ",\"params\":{\"force_rebuild\":true}}",
        "force_rebuild is not applicable for WasmUrl code source");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"params\":{\"force_rebuild\":null}}",
        "Failed to deserialize input from JSON.");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"input_data\":\"x\",\"params\":{\"compile_only\":true}}",
        "input_data must be empty for compile_only mode - compilation does not use input_data");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"params\":{\"attached_usd\":\"5\"}}",
        "attached_usd is only valid for Project execution source");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"params\":[]}", "Failed to deserialize input from JSON.");
    REQ(ALICE, BASE_FEE,
        "{" WASM_SOURCE
        ",\"params\":{\"store_on_fastfs\":true,\"compile_only\":true,\"unknown\":1}}");
    assert_true(mock_logged("\\\"compile_only\\\":true,\\\"force_rebuild\\\":false,"
                            "\\\"store_on_fastfs\\\":true"));
}

static void test_sources(void **state)
{
    (void)state;
#define URL(u, h) "{\"source\":{\"WasmUrl\":{\"url\":\"" u "\",\"hash\":\"" h "\"}}}"
    NOT(NEAR_1, "{}", "Failed to deserialize input from JSON.: missing field `source`");
    NOT(NEAR_1, "{\"source\":\"WasmUrl\"}", "Failed to deserialize input from JSON.");
    NOT(NEAR_1, "{\"source\":{\"Ftp\":{}}}", "expected one of GitHub, WasmUrl, Project");
    NOT(NEAR_1, "{\"source\":{\"WasmUrl\":{\"url\":\"https://x.example/a\"}}}",
        "missing field `hash`");
    NOT(NEAR_1, "{\"source\":{\"WasmUrl\":{},\"GitHub\":{}}}", "Failed to deserialize input");
    NOT(NEAR_1, URL("ftp://x.example/a", HASH), "Invalid code source: url");
    NOT(NEAR_1, URL("http://x.example/a", HASH), "Invalid code source: url");
    NOT(NEAR_1, URL("http://127.0.0.1.evil.example/a", HASH), "Invalid code source: url");
    NOT(NEAR_1, URL("https://x.example/a b", HASH), "Invalid code source: url");
    NOT(NEAR_1, URL("https://x.example/\\u0001", HASH), "Invalid code source: url");
    NOT(NEAR_1, URL("https://", HASH), "Invalid code source: url");
    NOT(NEAR_1, URL("https://x.example/EVENT_JSON", HASH), "EVENT_JSON");
    NOT(NEAR_1, URL("https://x.example/a", "abc"), "hash must be 64 hexadecimal digits");
    NOT(NEAR_1,
        URL("https://x.example/a",
            "g8f9166c1d6910fc8b616610d690b717686c5d79d201a1938b83d62607ee08e4"),
        "hash must be 64 hexadecimal digits");
    NOT(NEAR_1,
        "{\"source\":{\"WasmUrl\":{\"url\":\"https://x.example/a\",\"hash\":\"" HASH
        "\",\"build_target\":\"wasm 32\"}}}",
        "build_target");
    NOT(NEAR_1, "{\"source\":{\"Project\":{\"project_id\":\"alice.test/none\"}}}",
        "Project not found");
    NOT(NEAR_1, "{\"source\":{\"GitHub\":{\"repo\":\"--upload-pack=x\",\"commit\":\"main\"}}}",
        "Invalid code source: repo");
    NOT(NEAR_1,
        "{\"source\":{\"GitHub\":{\"repo\":\"https://g.example/../x\",\"commit\":\"main\"}}}",
        "Invalid code source: repo");
    NOT(NEAR_1, "{\"source\":{\"GitHub\":{\"repo\":\"https://g.example/x\",\"commit\":\"\"}}}",
        "Invalid code source: commit");
    NOT(NEAR_1, "{\"source\":{\"GitHub\":{\"repo\":\"https://g.example/x\",\"commit\":\"-b\"}}}",
        "Invalid code source: commit");

    REQ(ALICE, NEAR_1, URL("ipfs://bafybeigdyrzt", HASH));
    REQ(ALICE, NEAR_1, URL("http://127.0.0.1:8080/a.wasm", HASH));
    REQ(ALICE, NEAR_1,
        URL("https://x.example/a",
            "38F9166C1D6910FC8B616610D690B717686C5D79D201A1938B83D62607EE08E4"));
    assert_int_equal(mock_count_logs("\\\"hash\\\":\\\"" HASH), 3); /* lower case by then */
}

static void test_arguments(void **state)
{
    (void)state;
    NOT(NEAR_1, "", "missing field `source`");
    NOT(NEAR_1, "[]", "Failed to deserialize input from JSON.");
    NOT(NEAR_1, "{" WASM_SOURCE, "Failed to deserialize input from JSON.");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"input_data\":{}}", "Failed to deserialize input from JSON.");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"response_format\":\"Xml\"}", "Failed to deserialize input");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"payer_account_id\":\"Not An Account\"}",
        "account ID is invalid");
    NOT(NEAR_1, "{" WASM_SOURCE ",\"secrets_ref\":{\"profile\":\"x\"}}",
        "missing field `account_id`");
    REQ(ALICE, NEAR_1,
        "{" WASM_SOURCE ",\"input_data\":null,\"secrets_ref\":null,\"params\":null,"
        "\"response_format\":null,\"payer_account_id\":null,\"resource_limits\":null}");
    REQ(ALICE, NEAR_1,
        "{" WASM_SOURCE ",\"secrets_ref\":{\"profile\":\"production\","
        "\"account_id\":\"alice.test\"},\"response_format\":\"Bytes\"}");
    assert_true(
        mock_logged("\\\"secrets_ref\\\":{\\\"profile\\\":\\\"production\\\","
                    "\\\"account_id\\\":\\\"alice.test\\\"},\\\"response_format\\\":\\\"Bytes"));
}

static void input_of(uint64_t id, size_t n, char with, bool in_event)
{
    size_t each = with == '"' ? 2 : 1;
    char *args = malloc(n * each + 512), *p = args;
    p += sprintf(p, "{" WASM_SOURCE ",\"input_data\":\"");
    for (size_t i = 0; i < n; i++) {
        if (with == '"')
            *p++ = '\\';
        *p++ = with;
    }
    strcpy(p, "\"}");
    mock_clear_logs();
    REQ(ALICE, NEAR_1, args);
    assert_true(mock_logged(in_event ? "input_data_in_state\\\":false"
                                     : "input_data\\\":\\\"\\\",\\\"input_data_in_state\\\":true"));
    char ask[64];
    snprintf(ask, sizeof(ask), "{\"request_id\":%llu}", (unsigned long long)id);
    struct json v, input;
    assert_true(json_parse(view("get_request", ask), &v, NULL));
    input = json_get(v, "input_data");
    assert_int_equal(json_str_len(input), n);
    free(args);
}

static void test_input_sizes(void **state)
{
    (void)state;
    input_of(0, 9999, 'x', true);
    input_of(1, 10000, 'x', false);
    input_of(2, 9000, '"', false); /* each quote takes four bytes of the log */
    input_of(3, 100000, 'x', false);
    input_of(4, 262144, 'x', false);

    char *args = malloc(300000);
    char *p = args + sprintf(args, "{" WASM_SOURCE ",\"input_data\":\"");
    memset(p, 'x', 262145);
    strcpy(p + 262145, "\"}");
    NOT(NEAR_1, args, "input_data has at most 262144 bytes");
    free(args);
}

static void test_paused(void **state)
{
    (void)state;
    size_t r = REQ(ALICE, ESTIMATE, "{" WASM_SOURCE "}");
    ok(OWNER, 0, "set_paused", "{\"paused\":true}");
    view_is("is_paused", "", "true");
    NOT(ESTIMATE, "{" WASM_SOURCE "}", "Contract is paused");
    resolve_ok(0, "{\"Text\":\"still\"}");
    ended_ok(r, "\"still\"");
    ok(OWNER, 0, "set_paused", "{\"paused\":false}");
    REQ(ALICE, ESTIMATE, "{" WASM_SOURCE "}");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(test_smallest),         T(test_page_example_limits),
        T(test_signer_and_payer), T(test_payer_that_is_nobody),
        T(test_deposit),          T(test_limits),
        T(test_params),           T(test_sources),
        T(test_arguments),        T(test_input_sizes),
        T(test_paused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
