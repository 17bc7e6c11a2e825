/* test_rpc_ask.c — each function of near:rpc/api as the question that a node is asked. */
#include <string.h>

#include "test.h"

#include "guest/rpc_ask.h"

#define HASH "5wbD6GsVBReHetMUw17QcNne8BjB1xSKRoU4JYpafEx5"

static struct host_call call_of(enum host_rpc_fn fn, const char *const *args)
{
    struct host_call c = {.fn = &host_faces[HOST_RPC].fns[fn]};

    for (size_t i = 0; i < strlen(c.fn->params); i++)
        c.args[i].s = str_of(args[i] ? args[i] : "");
    return c;
}

static void asks(void **state)
{
    static const struct {
        enum host_rpc_fn fn;
        const char *args[4];
        const char *method, *params;
        bool transaction;
    } cases[] = {
        {HOST_RPC_VIEW,
         {"a.near", "get", "{\"x\":\"\\\"\"}", ""},
         "query",
         "{\"request_type\":\"call_function\",\"account_id\":\"a.near\",\"method_name\":\"get\","
         "\"args_base64\":\"eyJ4IjoiXCIifQ==\",\"finality\":\"final\"}",
         false},
        {HOST_RPC_VIEW_ACCOUNT,
         {"a.near", "final"},
         "query",
         "{\"request_type\":\"view_account\",\"account_id\":\"a.near\",\"finality\":\"final\"}",
         false},
        {HOST_RPC_VIEW_ACCOUNT,
         {"a.near", "123"},
         "query",
         "{\"request_type\":\"view_account\",\"account_id\":\"a.near\",\"block_id\":123}",
         false},
        {HOST_RPC_VIEW_ACCOUNT,
         {"a.near", HASH},
         "query",
         "{\"request_type\":\"view_account\",\"account_id\":\"a.near\",\"block_id\":\"" HASH "\"}",
         false},
        {HOST_RPC_VIEW_ACCESS_KEY,
         {"a.near", "ed25519:" HASH, "optimistic"},
         "query",
         "{\"request_type\":\"view_access_key\",\"account_id\":\"a.near\",\"public_key\":"
         "\"ed25519:" HASH "\",\"finality\":\"optimistic\"}",
         false},
        {HOST_RPC_VIEW_ACCESS_KEY_LIST,
         {"a.near", ""},
         "query",
         "{\"request_type\":\"view_access_key_list\",\"account_id\":\"a.near\",\"finality\":"
         "\"final\"}",
         false},
        {HOST_RPC_VIEW_CODE,
         {"a.near", ""},
         "query",
         "{\"request_type\":\"view_code\",\"account_id\":\"a.near\",\"finality\":\"final\"}",
         false},
        {HOST_RPC_VIEW_STATE,
         {"a.near", "U1RBVEU=", ""},
         "query",
         "{\"request_type\":\"view_state\",\"account_id\":\"a.near\",\"prefix_base64\":"
         "\"U1RBVEU=\",\"finality\":\"final\"}",
         false},
        {HOST_RPC_VIEW_STATE,
         {"a.near", "", ""},
         "query",
         "{\"request_type\":\"view_state\",\"account_id\":\"a.near\",\"prefix_base64\":"
         "\"\",\"finality\":\"final\"}",
         false},
        {HOST_RPC_BLOCK,
         {"18446744073709551615"},
         "block",
         "{\"block_id\":18446744073709551615}",
         false},
        {HOST_RPC_CHANGES,
         {""},
         "EXPERIMENTAL_changes_in_block",
         "{\"finality\":\"final\"}",
         false},
        {HOST_RPC_CHUNK, {HASH}, "chunk", "{\"chunk_id\":\"" HASH "\"}", false},
        {HOST_RPC_CHUNK, {"7,0"}, "chunk", "{\"block_id\":7,\"shard_id\":0}", false},
        {HOST_RPC_CHUNK,
         {HASH ", 3"},
         "chunk",
         "{\"block_id\":\"" HASH "\",\"shard_id\":3}",
         false},
        {HOST_RPC_SEND_TX,
         {"AAAA", ""},
         "send_tx",
         "{\"signed_tx_base64\":\"AAAA\",\"wait_until\":\"EXECUTED_OPTIMISTIC\"}",
         true},
        {HOST_RPC_TX_STATUS,
         {HASH, "a.near", "FINAL"},
         "tx",
         "{\"tx_hash\":\"" HASH "\",\"sender_account_id\":\"a.near\",\"wait_until\":\"FINAL\"}",
         false},
        {HOST_RPC_RECEIPT, {HASH}, "EXPERIMENTAL_receipt", "{\"receipt_id\":\"" HASH "\"}", false},
        {HOST_RPC_GAS_PRICE, {""}, "gas_price", "[null]", false},
        {HOST_RPC_GAS_PRICE, {"7"}, "gas_price", "[7]", false},
        {HOST_RPC_GAS_PRICE, {HASH}, "gas_price", "[\"" HASH "\"]", false},
        {HOST_RPC_STATUS, {NULL}, "status", "[]", false},
        {HOST_RPC_NETWORK_INFO, {NULL}, "network_info", "[]", false},
        {HOST_RPC_VALIDATORS, {""}, "validators", "[null]", false},
        {HOST_RPC_VALIDATORS, {HASH}, "validators", "{\"epoch_id\":\"" HASH "\"}", false},
        {HOST_RPC_RAW, {"health", ""}, "health", "[]", false},
        {HOST_RPC_RAW, {"query", "{\"a\":[1]}"}, "query", "{\"a\":[1]}", false},
        {HOST_RPC_RAW,
         {"broadcast_tx_commit", "[\"AAAA\"]"},
         "broadcast_tx_commit",
         "[\"AAAA\"]",
         true},
    };
    struct buf params = BUF_INIT(4096), why = WHY_INIT;
    struct rpc_ask ask;

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct host_call c = call_of(cases[i].fn, cases[i].args);

        buf_clear(&params);
        assert_ok(rpc_ask_make(&c, &ask, &params, &why), why);
        assert_string_equal(ask.method, cases[i].method);
        assert_buf(params, cases[i].params);
        assert_int_equal(ask.transaction, cases[i].transaction);
        assert_true(ask.timeout_ms >= RPC_CALL_MS);
    }
    buf_release(&params);
    buf_release(&why);
}

static void refuses(void **state)
{
    static const struct {
        enum host_rpc_fn fn;
        const char *args[4];
        const char *says;
    } cases[] = {
        {HOST_RPC_VIEW_ACCOUNT, {"A", ""}, "no account id"},
        {HOST_RPC_VIEW_ACCOUNT, {"a.near", "latest"}, "no finality"},
        {HOST_RPC_VIEW_ACCOUNT, {"a.near", "18446744073709551616"}, "no finality"},
        {HOST_RPC_VIEW_ACCESS_KEY, {"a.near", "ed25519:x", ""}, "no public key"},
        {HOST_RPC_VIEW_STATE, {"a.near", "***", ""}, "not base64"},
        {HOST_RPC_CHUNK, {"7,x"}, "no shard"},
        {HOST_RPC_CHUNK, {"7"}, "no chunk"},
        {HOST_RPC_SEND_TX, {"***", ""}, "not base64"},
        {HOST_RPC_SEND_TX, {"AAAA", "final"}, "wait-until is"},
        {HOST_RPC_TX_STATUS, {"x", "a.near", ""}, "no hash"},
        {HOST_RPC_TX_STATUS, {HASH, "A", ""}, "no account id"},
        {HOST_RPC_RECEIPT, {""}, "no hash"},
        {HOST_RPC_GAS_PRICE, {"x"}, "no finality"},
        {HOST_RPC_VALIDATORS, {"7"}, "no hash"},
        {HOST_RPC_RAW, {"sandbox_patch_state", "{}"}, "no method that is passed on"},
        {HOST_RPC_RAW, {"adv_produce_blocks", "[1]"}, "no method that is passed on"},
        {HOST_RPC_RAW, {"", ""}, "no method that is passed on"},
        {HOST_RPC_RAW, {"status\",\"x\":\"", ""}, "no method that is passed on"},
        {HOST_RPC_RAW, {"query", "{}, \"id\":1"}, "no JSON"},
        {HOST_RPC_RAW, {"query", "7"}, "no JSON"},
    };
    struct buf params = BUF_INIT(4096), why = WHY_INIT;
    struct rpc_ask ask;

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct host_call c = call_of(cases[i].fn, cases[i].args);

        buf_clear(&params);
        if (!rpc_ask_make(&c, &ask, &params, &why))
            fail_msg("taken: case %zu", i);
        if (!strstr(buf_z(&why), cases[i].says))
            fail_msg("case %zu: %s", i, buf_z(&why));
    }
    buf_release(&params);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asks), cmocka_unit_test(refuses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
