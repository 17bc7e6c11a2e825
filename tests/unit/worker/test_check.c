/* Jobs as the coordinator sends them, the comparison with the chain, the guest's environment. */
#include <string.h>

#include "test.h"
#include "worker/check.h"
#include "worker/coordinator.h"
#include "worker/env.h"

static const char lease_text[] =
    "{\"job_id\":7,\"token\":3,\"attempt\":1,\"request_id\":41,\"data_id\":"
    "\"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fff\","
    "\"contract_id\":\"outlayer.test\",\"block_height\":100,"
    "\"block_timestamp\":1780000000000000001,\"transaction_hash\":\"TX\",\"receipt_id\":\"RC\","
    "\"signer_id\":\"carol.near\",\"predecessor_id\":\"dice.near\",\"signer_public_key\":\"PK\","
    "\"gas_burnt\":12,\"deadline_height\":300,\"lease_ms\":60000,\"request_data\":"
    "{\"attached_usd\":\"0\",\"code_source\":{\"WasmUrl\":{\"url\":\"https://x.example/a.wasm\","
    "\"hash\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
    "\"build_target\":null}},\"input_data\":\"hi\",\"input_data_in_state\":false,"
    "\"payment\":\"7000100000000000000000\",\"predecessor_id\":\"dice.near\","
    "\"project_id\":\"alice.near/dice\",\"project_uuid\":\"p7\",\"request_id\":41,"
    "\"resource_limits\":{\"max_instructions\":5,\"max_memory_mb\":6,\"max_execution_seconds\":7},"
    "\"response_format\":\"Json\",\"secrets_ref\":null,\"sender_id\":\"carol.near\"}}";

static const char stored_text[] =
    "{\"request_id\":41,\"data_id\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,"
    "24,25,26,27,28,29,30,31,255],\"sender_id\":\"dice.near\",\"signer_id\":\"carol.near\","
    "\"execution_source\":{\"Project\":"
    "{\"project_id\":\"alice.near/dice\",\"version_key\":null}},\"project_uuid\":\"p7\","
    "\"resolved_source\":{\"WasmUrl\":"
    "{\"url\":\"https://x.example/a.wasm\",\"hash\":"
    "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"build_target\":null}},"
    "\"resource_limits\":{\"max_instructions\":5,\"max_memory_mb\":6,\"max_execution_seconds\":7},"
    "\"payment\":7000100000000000000000,\"timestamp\":1780000000000000000,\"secrets_ref\":null,"
    "\"response_format\":\"Json\",\"input_data\":\"hi\",\"payer_account_id\":\"carol.near\","
    "\"attached_usd\":0,\"pending_output\":null,\"output_submitted\":false}";

static struct arena arena;
static struct lease lease;
static struct request claimed, stored;

static void test_lease(void **state)
{
    (void)state;
    struct lease l;
    struct buf why = WHY_INIT;

    assert_int_equal(lease.job_id, 7);
    assert_int_equal(lease.token, 3);
    assert_int_equal(lease.lease_ms, 60000);
    assert_int_equal(lease.data_id.b[31], 0xff);
    assert_int_equal(lease.block_timestamp_ns, UINT64_C(1780000000000000001));
    assert_str(lease.signer_id, "carol.near");
    for (size_t i = 0; i < sizeof(lease_text) - 1; i += 7)
        assert_int_equal(lease_parse(str_from(lease_text, i), &arena, &l, &why), ERR_FORMAT);
    assert_int_equal(
        lease_parse(STR("{\"job_id\":1,\"token\":1,\"request_id\":1,\"data_id\":\"00\","
                        "\"lease_ms\":1,\"request_data\":{}}"),
                    &arena, &l, &why),
        ERR_FORMAT);
    buf_release(&why);
}

static void test_same(void **state)
{
    (void)state;
    struct buf why = WHY_INIT;

    assert_ok(check_same(&claimed, &stored, &why), why);
    buf_release(&why);
}

/* Each member that a lying coordinator could change. */
static void test_differs(void **state)
{
    (void)state;
    static const char *const words[] = {"id",      "program", "program", "limits", "limits",
                                        "limits",  "format",  "input",   "caller", "secrets",
                                        "payment", "project", "signer",  "project"};
    struct buf why = WHY_INIT;

    for (size_t i = 0; i < countof(words); i++) {
        struct request r = claimed;

        switch (i) {
        case 0:
            r.id++;
            break;
        case 1:
            r.source.url = STR("https://y.example/a.wasm");
            break;
        case 2:
            r.source.wasm_sha256.b[0] ^= 1;
            break;
        case 3:
            r.limits.instructions++;
            break;
        case 4:
            r.limits.memory_mb++;
            break;
        case 5:
            r.limits.seconds++;
            break;
        case 6:
            r.format = FORMAT_TEXT;
            break;
        case 7:
            r.input = STR("ho");
            break;
        case 8:
            r.predecessor_id = STR("eve.near");
            break;
        case 9:
            r.secrets_profile = STR("p");
            break;
        case 10:
            r.payment++;
            break;
        case 11:
            r.project_id = STR_NONE;
            break;
        case 12:
            r.sender_id = STR("eve.near");
            break;
        case 13:
            r.project_uuid = STR("p8");
            break;
        }
        buf_clear(&why);
        assert_int_equal(check_same(&r, &stored, &why), ERR_CONFLICT);
        assert_true(str_find(buf_str(&why), str_of(words[i])) < why.len);
    }
    buf_release(&why);
}

static void test_input_in_state(void **state)
{
    (void)state;
    struct request r = claimed;

    r.input = STR("");
    assert_int_equal(check_same(&r, &stored, NULL), ERR_CONFLICT);
    r.input_in_state = true;
    assert_int_equal(check_same(&r, &stored, NULL), ERR_OK);
}

static void test_env(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } want[] = {
        {"OUTLAYER_EXECUTION_TYPE", "NEAR"},
        {"NEAR_NETWORK_ID", "localnet"},
        {"NEAR_SENDER_ID", "carol.near"},
        {"NEAR_USER_ACCOUNT_ID", "carol.near"},
        {"NEAR_PREDECESSOR_ID", "dice.near"},
        {"NEAR_CONTRACT_ID", "outlayer.test"},
        {"NEAR_BLOCK_HEIGHT", "100"},
        {"NEAR_BLOCK_TIMESTAMP", "1780000000000000001"},
        {"NEAR_RECEIPT_ID", "RC"},
        {"NEAR_TRANSACTION_HASH", "TX"},
        {"NEAR_SIGNER_PUBLIC_KEY", "PK"},
        {"NEAR_GAS_BURNT", "12"},
        {"NEAR_REQUEST_ID", "41"},
        {"OUTLAYER_REQUEST_ID", "41"},
        {"NEAR_PAYMENT_YOCTO", "7000100000000000000000"},
        {"ATTACHED_USD", "0"},
        {"USD_PAYMENT", "0"},
        {"OUTLAYER_CALL_ID", ""},
        {"NEAR_MAX_INSTRUCTIONS", "5"},
        {"NEAR_MAX_MEMORY_MB", "6"},
        {"NEAR_MAX_EXECUTION_SECONDS", "7"},
        {"OUTLAYER_PROJECT_ID", "alice.near/dice"},
        {"OUTLAYER_PROJECT_OWNER", "alice.near"},
        {"OUTLAYER_PROJECT_NAME", "dice"},
        {"OUTLAYER_PROJECT_UUID", "p7"},
    };
    struct request r = claimed;
    struct env e;

    env_make(&lease, &r, "localnet", &arena, &e);
    assert_int_equal(e.n, countof(want));
    for (size_t i = 0; i < countof(want); i++) {
        struct str got = env_get(&e, want[i].name);

        assert_non_null(got.ptr);
        assert_str(got, want[i].value);
    }
    r.project_id = STR_NONE;
    env_make(&lease, &r, "localnet", &arena, &e);
    assert_null(env_get(&e, "OUTLAYER_PROJECT_ID").ptr);
    assert_null(env_get(&e, "WALLET_ID").ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease),          cmocka_unit_test(test_same),
        cmocka_unit_test(test_differs),        cmocka_unit_test(test_env),
        cmocka_unit_test(test_input_in_state),
    };
    struct json doc;
    int rc;

    if (lease_parse(str_of(lease_text), &arena, &lease, NULL) ||
        request_parse(lease.request_data, &arena, &claimed, NULL) ||
        !json_parse(str_of(stored_text), &doc, NULL) ||
        request_parse_stored(doc, &arena, &stored, NULL))
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return rc;
}
