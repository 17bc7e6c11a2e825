/*
 * bench_statement.c — gas of an answer that comes with the statement of an attested session, for
 * bench_contract.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/statement.h"
#include "bench_register.h"
#include "codec/put.h"
#include "contract/stage.h"

#define HASH  "38f9166c1d6910fc8b616610d690b717686c5d79d201a1938b83d62607ee08e4"
#define INPUT "{\"min\":1,\"max\":100}"
#define VALUE "{\"random_number\":42}"

static struct stage s;

static void must(struct stage_call c)
{
    if (stage_call(&s, c))
        return;
    fprintf(stderr, "%s: %.*s\n", c.method, STR_ARG(s.last.text));
    exit(1);
}

static void answer(struct buf *b, const struct statement *st, const struct ed25519_key *key)
{
    struct buf bytes = BUF_INIT(STATEMENT_MAX);
    struct ed25519_sig sig;

    statement_write(&bytes, st);
    sig = statement_sign(key, buf_str(&bytes));
    buf_addz(b, "{\"request_id\":0,\"response\":{\"success\":true,\"output\":{\"Json\":" VALUE
                "},\"error\":null,\"resources_used\":{\"instructions\":812345,\"time_ms\":37,"
                "\"compile_time_ms\":null}}");
    put_hex(b, "statement", buf_str(&bytes));
    put_hex(b, "signature", str_from(sig.b, sizeof sig.b));
    buf_addz(b, "}");
    buf_release(&bytes);
}

void bench_statement(uint32_t protocol)
{
    struct statement st = {.kind = STATEMENT_EXECUTE,
                           .caller = STR("alice.test"),
                           .source = CODE_URL,
                           .url = STR("https://alice.fastfs.io/fastfs.near/" HASH ".wasm"),
                           .build_target = STR("wasm32-wasip1"),
                           .input_sha256 = sha256(STR(INPUT)),
                           .delivered_sha256 = sha256(STR(VALUE)),
                           .instructions = 812345,
                           .time_ms = 37};
    struct buf b = BUF_INIT(100000);
    struct ed25519_key key;

    crypto_init();
    ed25519_generate(&key);
    if (!hash_from_hex(STR(HASH), &st.wasm_sha256))
        exit(1);
    stage_open(&s, protocol, BIN_DIR "/../share/outlayer/outlayer.wasm");
    must((struct stage_call){
        "new", STR("{\"owner_id\":\"owner.test\",\"operator_id\":\"worker.test\"}"), STAGE_ME});
    must((struct stage_call){"set_statements_required", STR("{\"required\":true}"), "owner.test"});
    json_obj(&b);
    put_hex(&b, "session_id", str_from(st.session.b, 32));
    put_hex(&b, "statement_key", str_from(key.pub.b, 32));
    buf_addz(&b, ",\"not_after\":2000000000}");
    must((struct stage_call){"set_statement_key", buf_str(&b), "worker.test"});
    must((struct stage_call){
        "request_execution",
        STR("{\"source\":{\"WasmUrl\":{\"url\":\"https://alice.fastfs.io/fastfs.near/" HASH
            ".wasm\",\"hash\":\"" HASH "\",\"build_target\":\"wasm32-wasip1\"}},"
            "\"input_data\":\"{\\\"min\\\":1,\\\"max\\\":100}\",\"response_format\":\"Json\"}"),
        "alice.test", (u128)7000100000000000u * 1000000});
    buf_clear(&b);
    answer(&b, &st, &key);
    must((struct stage_call){"resolve_execution", buf_str(&b), "worker.test"});
    printf("{\"name\":\"contract_resolve_checked\",\"value\":%g,\"unit\":\"Tgas\",\"detail\":"
           "\"protocol %u, with the statement of a session\"}\n",
           (double)stage_receipt_gas(&s) / 1e12, protocol);
    buf_release(&b);
    stage_close(&s);
}
