/* test_upgrade.c — the state that an earlier release left, read by this one. */
#include "world.h"

#include <string.h>

#include "codec/hex.h"

/* Written by the release with state layout 1: owner and operator of these tests, per_ms_fee set to
 * 5, base_fee_usd to 77, the token set, three requests made; in the first row the third is pending.
 */
#define HEAD                                                                                       \
    "010a0000006f776e65722e7465737414000000776f726b65722e6f75746c617965722e746573740d0000006e65"   \
    "61722d6f75746c6179657205000000312e302e30000000a0dec5adc935360000000000000000407a10f35a0000"   \
    "00000000000000000500000000000000000000000000000000008a5d7845630100000000000000004d00000000"   \
    "000000000000000000000001000000000000000000000000000000010000000000000000000000000000000a00"   \
    "00000000000000000000000000000300000000000000"
#define TAIL "01080000007573642e746573740000000000000000"
static const char pending[] =
    HEAD "0200000000000000000200000000000000720140bd8b5b936b6c00000000000000" TAIL;
static const char ended[] =
    HEAD "03000000000000000003000000000000002b02e09b51095da1a200000000000000" TAIL;

static void state_is(const char *hex)
{
    char bytes[512];
    size_t n = strlen(hex) / 2;
    assert_true(hex_get(z(hex), bytes, n));
    struct buf *value = &mock_row(z("STATE"))->value;
    buf_clear(value);
    buf_add(value, bytes, n);
}

static void test_migrate(void **state)
{
    (void)state;
    state_is(ended);
    view_fails("get_stats", "", "Cannot deserialize the contract state.");
    fails(OWNER, 0, "migrate", "", "Method migrate is private");
    ok(OUTLAYER, 0, "migrate", "");
    view_is("get_config", "", "[\"" OWNER "\",\"" OPERATOR "\"]");
    view_is("get_event_metadata", "", "[\"near-outlayer\",\"1.0.0\"]");
    view_is("get_stats", "", "[3,\"3000000000000000000555\"]");
    view_is(
        "get_pricing_full", "",
        "{\"base_fee\":\"1000000000000000000000\",\"per_million_instructions_fee\":"
        "\"100000000000000\",\"per_ms_fee\":\"5\",\"per_compile_ms_fee\":\"100000000000000000\","
        "\"base_fee_usd\":\"77\",\"per_million_instructions_fee_usd\":\"1\",\"per_sec_fee_usd\":"
        "\"1\",\"per_compile_ms_fee_usd\":\"10\"}");
    view_is("get_payment_token_contract", "", "\"usd.test\"");
    view_is("is_paused", "", "false");
    view_is("get_pending_request_ids", "", "[]");
    size_t r = ok(ALICE, NEAR_1, "request_execution", "{" WASM_SOURCE "}");
    resolve_ok(3, "{\"Text\":\"next\"}"); /* ids go on */
    ended_ok(r, "\"next\"");
    ok(OUTLAYER, 0, "migrate", ""); /* again: nothing to do */
    view_is("get_stats", "", "[4,\"4000000000000000000740\"]");
}

static void test_refuses(void **state)
{
    (void)state;
    state_is(pending);
    fails(OUTLAYER, 0, "migrate", "", "End all requests before the upgrade");
    state_is("03");
    fails(OUTLAYER, 0, "migrate", "", "Cannot deserialize the contract state.");
    state_is(HEAD);
    fails(OUTLAYER, 0, "migrate", "", "Cannot deserialize the contract state.");
    mock_row_put(z("STATE"), NULL);
    fails(OUTLAYER, 0, "migrate", "", "The contract is not initialized");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {T(test_migrate), T(test_refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
