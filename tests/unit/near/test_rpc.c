/* The client against a server that answers as nodes do: results, and each kind of fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "http/server.h"
#include "near/rpc.h"

static const char *answer;
static unsigned answer_status;
static char asked[4096];
static struct rpc *rpc;

static void handle(void *ctx, struct http_req *req)
{
    struct buf b = BUF_OVER(asked);

    (void)ctx;
    buf_add_str(&b, http_req_body(req));
    http_reply(req, answer_status, "application/json", str_of(answer));
}

static void will_answer(unsigned status, const char *text)
{
    answer_status = status;
    answer = text;
}

#define HASH      "5wbD6GsVBReHetMUw17QcNne8BjB1xSKRoU4JYpafEx5"
#define RESULT(x) "{\"jsonrpc\":\"2.0\",\"result\":" x ",\"id\":\"outlayer\"}"
#define HANDLER(cause, data)                                                                       \
    "{\"jsonrpc\":\"2.0\",\"id\":\"outlayer\",\"error\":{\"name\":\"HANDLER_ERROR\",\"cause\":{"   \
    "\"name\":\"" cause                                                                            \
    "\",\"info\":{}},\"code\":-32000,\"message\":\"Server error\",\"data\":" data "}}"

static void test_views(void **state)
{
    (void)state;
    const struct ed25519_pub pub = {{1}};
    struct rpc_account account;
    struct rpc_key_state key;
    struct rpc_block block;
    struct buf out = BUF_INIT(100), why = WHY_INIT;
    u128 price;

    will_answer(200,
                RESULT("{\"amount\":\"340282366920938463463374607431768211455\",\"locked\":"
                       "\"0\",\"code_hash\":\"11111111111111111111111111111111\","
                       "\"storage_usage\":182,\"block_height\":7,\"block_hash\":\"" HASH "\"}"));
    assert_int_equal(rpc_view_account(rpc, STR("a.near"), &account, &why), ERR_OK);
    assert_true(account.amount == ~(u128)0);
    assert_true(hash_is_zero(&account.code_hash));

    will_answer(200, RESULT("{\"nonce\":41,\"permission\":\"FullAccess\",\"block_height\":7,"
                            "\"block_hash\":\"" HASH "\"}"));
    assert_int_equal(rpc_view_access_key(rpc, STR("a.near"), &pub, &key, &why), ERR_OK);
    assert_int_equal(key.nonce, 41);
    assert_true(key.full_access && !hash_is_zero(&key.block_hash));

    will_answer(200, RESULT("{\"result\":[123,0,255],\"logs\":[],\"block_height\":7}"));
    assert_int_equal(rpc_view_call(rpc, STR("c.near"), "get", STR("{\"a\":1}"), &out, &why),
                     ERR_OK);
    assert_memory_equal(out.ptr, "{\0\xff", 3);
    assert_int_equal(out.len, 3);
    assert_non_null(strstr(asked, "\"args_base64\":\"eyJhIjoxfQ==\""));

    will_answer(200, RESULT("{\"header\":{\"height\":9,\"hash\":\"" HASH "\",\"prev_hash\":\"" HASH
                            "\",\"timestamp\":1780000000000000001}}"));
    assert_int_equal(rpc_block_final(rpc, &block, &why), ERR_OK);
    assert_int_equal(block.timestamp_ns, UINT64_C(1780000000000000001));
    assert_int_equal(rpc_block_at(rpc, 9, &block, &why), ERR_OK);
    assert_non_null(strstr(asked, "{\"block_id\":9}"));

    will_answer(200, RESULT("{\"gas_price\":\"100000000\"}"));
    assert_int_equal(rpc_gas_price(rpc, &price, &why), ERR_OK);
    assert_true(price == 100000000);
    buf_release(&out);
    buf_release(&why);
}

static void test_view_faults(void **state)
{
    (void)state;
    const struct ed25519_pub pub = {{1}};
    struct rpc_key_state key;
    struct rpc_account account;
    struct buf out = BUF_INIT(100), why = WHY_INIT;

    will_answer(200, RESULT("{\"error\":\"access key ed25519:x does not exist while viewing\","
                            "\"logs\":[],\"block_height\":1,\"block_hash\":\"" HASH "\"}"));
    assert_int_equal(rpc_view_access_key(rpc, STR("a.near"), &pub, &key, &why), ERR_ABSENT);
    assert_int_equal(rpc_fault(rpc), RPC_UNKNOWN_KEY);
    will_answer(200, RESULT("{\"error\":\"wasm execution failed with error: HostError(GuestPanic { "
                            "panic_msg: \\\"no\\\" })\",\"logs\":[]}"));
    assert_int_equal(rpc_view_call(rpc, STR("c.near"), "get", STR("{}"), &out, &why), ERR_DENIED);
    assert_int_equal(rpc_fault(rpc), RPC_CONTRACT_FAILED);
    will_answer(200, HANDLER("UNKNOWN_ACCOUNT", "\"account x does not exist while viewing\""));
    assert_int_equal(rpc_view_account(rpc, STR("x"), &account, &why), ERR_ABSENT);
    assert_int_equal(rpc_fault(rpc), RPC_UNKNOWN_ACCOUNT);
    will_answer(200, RESULT("{\"amount\":1}"));
    assert_int_equal(rpc_view_account(rpc, STR("x"), &account, &why), ERR_UPSTREAM);
    will_answer(200, RESULT("{\"result\":[256]}"));
    assert_int_equal(rpc_view_call(rpc, STR("c.near"), "get", STR("{}"), &out, &why), ERR_UPSTREAM);
    assert_int_equal(out.len, 0);
    buf_release(&out);
    buf_release(&why);
}

static void send(enum rpc_fault want)
{
    struct buf text = BUF_INIT(RPC_ANSWER_MAX), why = WHY_INIT;
    struct json result;

    assert_int_not_equal(rpc_send_tx(rpc, STR("bytes"), TX_WAIT_EXECUTED, &text, &result, &why),
                         ERR_OK);
    assert_int_equal(rpc_fault(rpc), want);
    assert_true(why.len > 0);
    buf_release(&text);
    buf_release(&why);
}

#define INVALID(x)                                                                                 \
    HANDLER("INVALID_TRANSACTION", "{\"TxExecutionError\":{\"InvalidTxError\":" x "}}")

static void test_send_faults(void **state)
{
    (void)state;

    will_answer(200, INVALID("{\"InvalidNonce\":{\"tx_nonce\":1,\"ak_nonce\":5}}"));
    send(RPC_INVALID_NONCE);
    assert_int_equal(rpc_key_nonce(rpc), 5);
    assert_non_null(strstr(asked, "\"wait_until\":\"EXECUTED\""));
    will_answer(200, INVALID("\"Expired\""));
    send(RPC_EXPIRED);
    will_answer(200, INVALID("\"InvalidSignature\""));
    send(RPC_INVALID_TX);
    will_answer(200, INVALID("{\"ShardCongested\":{\"shard_id\":0,\"congestion_level\":1.0}}"));
    send(RPC_NODE_FAULT);
    will_answer(408, HANDLER("TIMEOUT_ERROR", "\"Timeout\""));
    send(RPC_TIMED_OUT);
    will_answer(200, HANDLER("UNKNOWN_TRANSACTION", "\"Transaction x doesn't exist\""));
    send(RPC_UNKNOWN_TX);
    will_answer(500,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"name\":\"INTERNAL_ERROR\",\"cause\":"
                "{\"name\":\"INTERNAL_ERROR\",\"info\":{}},\"code\":-32000}}");
    send(RPC_NODE_FAULT);
    will_answer(400,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"name\":\"REQUEST_VALIDATION_ERROR\","
                "\"cause\":{\"name\":\"PARSE_ERROR\",\"info\":{}},\"code\":-32700}}");
    send(RPC_BAD_REQUEST);
    will_answer(502, "<html>bad gateway</html>");
    send(RPC_NO_ANSWER);
    will_answer(200, "{\"jsonrpc\":\"2.0\",\"id\":1}");
    send(RPC_NO_ANSWER);
    will_answer(200, "");
    send(RPC_NO_ANSWER);
}

static void test_nobody_there(void **state)
{
    (void)state;
    struct rpc *nobody = rpc_new("http://127.0.0.1:1");
    struct rpc_block block;
    struct buf why = WHY_INIT;

    assert_true(err_retry(rpc_block_final(nobody, &block, &why)));
    assert_int_equal(rpc_fault(nobody), RPC_NO_ANSWER);
    assert_true(rpc_fault_retry(rpc_fault(nobody)));
    rpc_free(nobody);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_view_faults),
        cmocka_unit_test(test_send_faults),
        cmocka_unit_test(test_nobody_there),
    };
    const struct http_server_opts opts = {
        .host = "127.0.0.1", .max_body = 1 << 20, .max_conns = 4, .handle = handle};
    struct http_server *server;
    char url[64];
    struct buf u = BUF_OVER(url);
    int rc;

    if (http_server_start(&opts, &server, NULL))
        return 1;
    buf_addf(&u, "http://127.0.0.1:%u/", http_server_port(server));
    rpc = rpc_new(url);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    rpc_free(rpc);
    http_server_stop(server);
    return rc;
}
