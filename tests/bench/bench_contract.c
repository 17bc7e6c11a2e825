/*
 * bench_contract.c — size of the contracts and gas of their methods, at protocol 79 and 88.
 *
 * Prints JSON lines {"name","value","unit","detail"}. Gas is what the receipt of a call burns,
 * exact but for the trie: each write or removal is counted as walking 8 nodes, 4 of them new in the
 * block. `contract_cycle` adds up a request with a WasmUrl source from the first transaction to the
 * answer: both transactions, request, resolve, callback, and the refund's transfer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench_register.h"
#include "contract/stage.h"

#define WASM BIN_DIR "/../share/outlayer/outlayer.wasm"
#define HASH "38f9166c1d6910fc8b616610d690b717686c5d79d201a1938b83d62607ee08e4"
#define SOURCE                                                                                     \
    "\"source\":{\"WasmUrl\":{\"url\":\"https://alice.fastfs.io/fastfs.near/" HASH                 \
    ".wasm\",\"hash\":\"" HASH "\",\"build_target\":\"wasm32-wasip1\"}}"
#define RESPONSE                                                                                   \
    "{\"success\":true,\"output\":{\"Json\":{\"random_number\":42}},\"error\":null,"               \
    "\"resources_used\":{\"instructions\":812345,\"time_ms\":37,\"compile_time_ms\":null},"        \
    "\"compilation_note\":null,\"refund_usd\":null}"
#define ACCESSOR                                                                                   \
    "\"accessor\":{\"Project\":{\"project_id\":\"alice.test/dice\"}},\"profile\":\"default\""

static struct stage s;
static uint32_t protocol;

static void line(const char *name, double value, const char *unit, const char *detail)
{
    printf("{\"name\":\"%s\",\"value\":%g,\"unit\":\"%s\",\"detail\":\"%s\"}\n", name, value, unit,
           detail);
}

static double tera(uint64_t gas)
{
    return (double)gas / 1e12;
}

/* Make the call, print it, and give what its receipt and the transfers it made burn. */
static uint64_t call(const char *label, const char *method, const char *args, const char *who,
                     u128 deposit, const struct vm_promise_result *result)
{
    char name[64], detail[256];
    struct stage_call c = {method, str_of(args), who, deposit, result, false};

    if (!stage_call(&s, c)) {
        fprintf(stderr, "%s: %.*s\n", method, STR_ARG(s.last.text));
        exit(1);
    }
    struct stage_shares share = stage_shares(&s);
    snprintf(name, sizeof(name), "contract_%s", label);
    snprintf(detail, sizeof(detail),
             "protocol %u, loading %.3f, storage %.3f, logs %.3f, instructions %.3f", protocol,
             tera(share.loading), tera(share.storage), tera(share.logs), tera(share.instructions));
    line(name, tera(stage_receipt_gas(&s)), "Tgas", detail);
    return stage_receipt_gas(&s) + stage_transfer_gas(&s);
}

static void measure(void)
{
    const u128 deposit = (u128)7000100000000000u * 1000000, near_ = deposit * 100;
    const struct vm_promise_result answer = {true, STR(RESPONSE)}, none = {false, STR_NONE};
    uint64_t sum = 0;
    char detail[160];

    stage_open(&s, protocol, WASM);
    if (protocol == 79)
        line("contract_size", (double)s.code.len, "bytes", "outlayer.wasm");
    call("new", "new", "{\"owner_id\":\"owner.test\",\"operator_id\":\"worker.test\"}", STAGE_ME, 0,
         NULL);
    sum += call("request_execution", "request_execution",
                "{" SOURCE
                ",\"input_data\":\"{\\\"min\\\":1,\\\"max\\\":100}\",\"response_format\":\"Json\"}",
                "alice.test", deposit, NULL);
    sum += stage_send_gas(&s);
    sum += call("resolve_execution", "resolve_execution",
                "{\"request_id\":0,\"response\":" RESPONSE "}", "worker.test", 0, NULL);
    sum += stage_send_gas(&s);
    sum += call("on_execution_response", "on_execution_response", "{\"request_id\":0}", STAGE_ME, 0,
                &answer);
    snprintf(detail, sizeof(detail),
             "request and resolve, WasmUrl, protocol %u, %u trie nodes a write", protocol,
             STAGE_NODES);
    line("contract_cycle", tera(sum), "Tgas", detail);

    call("request_minimal", "request_execution", "{" SOURCE "}", "alice.test", deposit, NULL);
    call("window", "on_execution_response", "{\"request_id\":1}", STAGE_ME, 0, &none);
    call("create_project", "create_project", "{\"name\":\"dice\"," SOURCE "}", "alice.test", near_,
         NULL);
    call("add_version", "add_version",
         "{\"project_name\":\"dice\",\"source\":{\"GitHub\":{\"repo\":\"https://github.com/alice/"
         "dice\","
         "\"commit\":\"main\"}},\"set_active\":true}",
         "alice.test", near_, NULL);
    call("request_project", "request_execution",
         "{\"source\":{\"Project\":{\"project_id\":\"alice.test/dice\"}}}", "alice.test", deposit,
         NULL);
    call("store_secrets", "store_secrets",
         "{" ACCESSOR ",\"encrypted_secrets_base64\":"
         "\"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\","
         "\"access\":{\"Whitelist\":{\"accounts\":[\"alice.near\",\"bob.near\"]}}}",
         "alice.test", near_, NULL);
    call("update_access", "update_access", "{" ACCESSOR ",\"new_access\":\"AllowAll\"}",
         "alice.test", 0, NULL);
    call("delete_secrets", "delete_secrets", "{" ACCESSOR "}", "alice.test", 0, NULL);
    stage_close(&s);
}

int main(void)
{
    static const uint32_t versions[] = {79, 88};
    for (size_t i = 0; i < countof(versions); i++) {
        protocol = versions[i];
        measure();
        bench_statement(protocol);
        bench_register(protocol);
    }
    return 0;
}
