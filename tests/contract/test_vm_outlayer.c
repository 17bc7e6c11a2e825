/*
 * test_vm_outlayer.c — the compiled modules in the virtual machine, at both protocol versions: they
 * load, do what the native tests show, and stay inside their budgets of size and gas.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>

#include <cmocka.h>

#include "base/mem.h"
#include "codec/json.h"
#include "stage.h"

#define OUTLAYER          SHARE_DIR "/outlayer.wasm"
#define CALLER            SHARE_DIR "/caller.wasm"
#define HASH              "38f9166c1d6910fc8b616610d690b717686c5d79d201a1938b83d62607ee08e4"
#define SIZE_MAX_CONTRACT 65536u
#define GAS_MAX           UINT64_C(8200000000000) /* request and resolve together, at protocol 79 */

#define REQUEST                                                                                    \
    "{\"source\":{\"WasmUrl\":{\"url\":\"https://alice.fastfs.io/fastfs.near/" HASH                \
    ".wasm\",\"hash\":\"" HASH "\",\"build_target\":\"wasm32-wasip1\"}},\"input_data\":"           \
    "\"{\\\"min\\\":1,\\\"max\\\":100}\",\"response_format\":\"Json\"}"
#define RESPONSE                                                                                   \
    "{\"success\":true,\"output\":{\"Json\":{\"random_number\":42}},\"error\":null,"               \
    "\"resources_used\":{\"instructions\":812345,\"time_ms\":37,\"compile_time_ms\":null},"        \
    "\"compilation_note\":null,\"refund_usd\":null}"

static u128 deposit(void)
{
    return (u128)7000100000000000u * 1000000;
}

static void good(struct stage *s, struct stage_call c)
{
    if (!stage_call(s, c)) {
        print_error("%s: %.*s\n", c.method, (int)s->last.text.len, s->last.text.ptr);
        fail();
    }
}

static void run(uint32_t protocol)
{
    struct stage s;
    uint64_t sum = 0;
    const struct vm_promise_result answer = {true, STR(RESPONSE)};

    stage_open(&s, protocol, OUTLAYER);
    assert_true(s.code.len <= SIZE_MAX_CONTRACT);
    good(&s, (struct stage_call){
                 "new", STR("{\"owner_id\":\"owner.test\",\"operator_id\":\"worker.test\"}"),
                 STAGE_ME});
    good(&s, (struct stage_call){"request_execution", STR(REQUEST), "alice.test", deposit()});
    assert_int_equal(s.last.returns, VM_RETURN_RECEIPT);
    assert_true(s.last.receipts[s.last.return_receipt].yield);
    assert_true(s.last.receipts[s.last.return_receipt].actions[0].gas >= 50000000000000u);
    /* the documentation's example gives 100 Tgas: leave most of it to the callback */
    assert_true(s.last.gas_burnt < 15000000000000u);
    sum += stage_send_gas(&s) + stage_receipt_gas(&s);

    good(&s,
         (struct stage_call){"get_request", STR("{\"request_id\":0}"), "any.test", .view = true});
    struct json v;
    assert_true(json_parse(s.last.value, &v, NULL));

    good(&s,
         (struct stage_call){"resolve_execution",
                             STR("{\"request_id\":0,\"response\":" RESPONSE "}"), "worker.test"});
    assert_int_equal(s.last.n_resumes, 1);
    assert_true(str_eqz(s.last.resumes[0].data, RESPONSE));
    sum += stage_send_gas(&s) + stage_receipt_gas(&s);

    good(&s, (struct stage_call){"on_execution_response", STR("{\"request_id\":0}"), STAGE_ME,
                                 .result = &answer});
    assert_true(str_eqz(s.last.value, "{\"random_number\":42}"));
    assert_int_equal(s.last.n_receipts, 1);
    assert_true(s.last.receipts[0].actions[0].amount ==
                deposit() - (u128)1003700000000000u * 1000000);
    sum += stage_receipt_gas(&s) + stage_transfer_gas(&s);
    assert_int_equal(s.chain.n_rows, 1);
    if (sum > GAS_MAX)
        print_error("request and resolve burn %llu gas\n", (unsigned long long)sum);
    assert_true(sum <= GAS_MAX);

    assert_false(
        stage_call(&s, (struct stage_call){"resolve_execution",
                                           STR("{\"request_id\":0,\"response\":" RESPONSE "}"),
                                           "worker.test"}));
    assert_true(str_eqz(s.last.text, "Smart contract panicked: Execution request not found"));
    assert_false(stage_call(
        &s, (struct stage_call){"request_execution", STR("{}"), "a.test", .view = true}));
    stage_close(&s);
}

static void test_79(void **state)
{
    (void)state;
    run(79);
}

static void test_88(void **state)
{
    (void)state;
    run(88);
}

static void test_timeout_waits_on(void **state)
{
    (void)state;
    struct stage s;
    const struct vm_promise_result none = {false, STR_NONE};

    stage_open(&s, 88, OUTLAYER);
    good(&s, (struct stage_call){"new", STR("{\"owner_id\":\"owner.test\"}"), STAGE_ME});
    good(&s, (struct stage_call){"request_execution", STR(REQUEST), "alice.test", deposit()});
    s.time_ns += UINT64_C(40000000000); /* 40 s: blocks of 200 ms */
    good(&s, (struct stage_call){"on_execution_response", STR("{\"request_id\":0}"), STAGE_ME,
                                 .result = &none});
    assert_int_equal(s.last.returns, VM_RETURN_RECEIPT);
    assert_true(s.last.receipts[s.last.return_receipt].yield);
    s.time_ns += UINT64_C(80000000000);
    good(&s, (struct stage_call){"on_execution_response", STR("{\"request_id\":0}"), STAGE_ME,
                                 .result = &none});
    const struct vm_receipt *r = &s.last.receipts[s.last.return_receipt];
    assert_true(str_eqz(r->actions[0].method, "fail_execution"));
    assert_false(
        stage_call(&s, (struct stage_call){"fail_execution", r->actions[0].args, STAGE_ME}));
    assert_true(str_eqz(s.last.text,
                        "Smart contract panicked: OutLayer execution failed: timeout: no worker "
                        "answered in time"));
    stage_close(&s);
}

/* The largest input and output, with the least gas a callback can have. */
#define INPUT_MAX  (256u * 1024)
#define OUTPUT_MAX (256u * 1024)
#define REARM_GAS  30000000000000u

static void test_large(void **state)
{
    (void)state;
    struct stage s;
    char *input = mem_alloc(300 * 1024);
    size_t n = 0;
#define ADD(text) memcpy(input + n, text, sizeof(text) - 1), n += sizeof(text) - 1
    stage_open(&s, 79, OUTLAYER);
    good(&s, (struct stage_call){"new", STR("{\"owner_id\":\"worker.test\"}"), STAGE_ME});
    ADD("{\"source\":{\"WasmUrl\":{\"url\":\"https://x.example/a\",\"hash\":\"" HASH
        "\"}},\"input_data\":\"");
    memset(input + n, 'i', INPUT_MAX);
    n += INPUT_MAX;
    ADD("\"}");
    good(&s, (struct stage_call){"request_execution", str_from(input, n), "alice.test", deposit()});
    assert_true(s.last.gas_burnt < 25000000000000u);
    n = 0;
    ADD("{\"request_id\":0,\"success\":true,\"resources_used\":{\"instructions\":1,\"time_ms\":1},"
        "\"output\":{\"Text\":\"");
    memset(input + n, 'o', OUTPUT_MAX - 2);
    n += OUTPUT_MAX - 2;
    ADD("\"}}");
    good(&s, (struct stage_call){"submit_execution_output_and_resolve", str_from(input, n),
                                 "worker.test"});
    const struct vm_promise_result answer = {true, s.last.resumes[0].data};
    good(&s, (struct stage_call){"on_execution_response", STR("{\"request_id\":0}"), STAGE_ME,
                                 .result = &answer, .gas = REARM_GAS, .answered = true});
    assert_int_equal(s.last.value.len, OUTPUT_MAX);
    mem_free(input);
    stage_close(&s);
}

static void test_caller(void **state)
{
    (void)state;
    struct stage s;
    const struct vm_promise_result ok = {true, STR("\"+7\"")}, bad = {false, STR_NONE};

    stage_open(&s, 88, CALLER);
    good(&s, (struct stage_call){"new", STR("{\"outlayer_id\":\"outlayer.near\"}"), STAGE_ME});
    good(&s, (struct stage_call){"call_outlayer", STR(REQUEST), "alice.test", deposit()});
    assert_int_equal(s.last.n_receipts, 2);
    assert_true(str_eqz(s.last.receipts[0].receiver, "outlayer.near"));
    assert_true(str_eqz(s.last.receipts[0].actions[0].method, "request_execution"));
    assert_true(str_eqz(s.last.receipts[0].actions[0].args, REQUEST));
    assert_true(s.last.receipts[0].actions[0].amount == deposit());
    good(&s, (struct stage_call){"on_outlayer_result", s.last.receipts[1].actions[0].args, STAGE_ME,
                                 .result = &ok});
    assert_true(str_eqz(s.last.logs[0], "OutLayer result: \"+7\""));
    good(&s, (struct stage_call){"get_last_result", STR("{}"), "any.test", .view = true});
    assert_true(str_eqz(s.last.value, "{\"status\":\"ok\",\"value\":\"\\\"+7\\\"\"}"));
    good(&s, (struct stage_call){"call_outlayer", STR(REQUEST), "alice.test", deposit()});
    good(&s,
         (struct stage_call){"on_outlayer_result", STR("{\"id\":1}"), STAGE_ME, .result = &bad});
    assert_true(str_eqz(s.last.logs[0], "OutLayer execution failed"));
    good(&s, (struct stage_call){"get_result", STR("{\"id\":1}"), "any.test", .view = true});
    assert_true(str_eqz(s.last.value, "{\"status\":\"failed\",\"value\":null}"));
    assert_false(stage_call(&s, (struct stage_call){"on_outlayer_result", STR("{\"id\":1}"),
                                                    "eve.test", .result = &ok}));
    stage_close(&s);
}

/* The other examples load and run at both versions. */
static void test_examples(void **state)
{
    (void)state;
    static const uint32_t versions[] = {79, 88};
    for (size_t i = 0; i < countof(versions); i++) {
        struct stage s;
        stage_open(&s, versions[i], SHARE_DIR "/counter.wasm");
        good(&s, (struct stage_call){"new", STR("{\"start\":1}"), STAGE_ME});
        good(&s, (struct stage_call){"increment", STR("{\"by\":2}"), "alice.test"});
        assert_true(str_eqz(s.last.value, "3"));
        stage_close(&s);
        stage_open(&s, versions[i], SHARE_DIR "/ft_receiver.wasm");
        good(&s, (struct stage_call){"new", STR("{\"token_id\":\"token.test\"}"), STAGE_ME});
        good(&s, (struct stage_call){
                     "ft_on_transfer",
                     STR("{\"sender_id\":\"alice.test\",\"amount\":\"70\",\"msg\":\"keep\"}"),
                     "token.test"});
        assert_true(str_eqz(s.last.value, "\"0\""));
        good(&s, (struct stage_call){"list", STR("{}"), "any.test", .view = true});
        assert_true(str_eqz(s.last.value, "[[\"alice.test\",\"70\"]]"));
        stage_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_79),     cmocka_unit_test(test_88),
        cmocka_unit_test(test_large),  cmocka_unit_test(test_timeout_waits_on),
        cmocka_unit_test(test_caller), cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
