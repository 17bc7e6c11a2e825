/* test_project.c — projects and versions: names, deposits, which version runs, giving away. */
#include "world.h"

#include <stdio.h>

#define H1 "1111111111111111111111111111111111111111111111111111111111111111"
#define H2 "2222222222222222222222222222222222222222222222222222222222222222"
#define WASM(h)                                                                                    \
    "\"source\":{\"WasmUrl\":{\"url\":\"https://x.example/" h "\",\"hash\":\"" h                   \
    "\",\"build_target\":\"wasm32-wasip2\"}}"
#define GITHUB                                                                                     \
    "\"source\":{\"GitHub\":{\"repo\":\"https://github.com/alice/dice\",\"commit\":\"main\"}}"
#define CREATE(name, source) "{\"name\":\"" name "\"," source "}"
#define ADD(name, source, active)                                                                  \
    "{\"project_name\":\"" name "\"," source ",\"set_active\":" active "}"
#define RUN(rest) "{\"source\":{\"Project\":{\"project_id\":\"alice.test/dice\"" rest "}}}"

#define YOCTO(bytes) ((u128)(bytes)*NEAR_YOCTO_PER_BYTE)
/* 200 + "alice.test/dice" + 17 + 24; 150 + url + hash + target + 88 */
#define PROJECT_COST YOCTO(256)
#define WASM_COST    YOCTO(150 + 82 + 64 + 13 + 88)
#define GITHUB_COST  YOCTO(150 + 29 + 4 + 88)

static void test_create(void **state)
{
    (void)state;
    u128 before = mock_balance(ALICE);
    fails(ALICE, PROJECT_COST + WASM_COST - 1, "create_project", CREATE("dice", WASM(H1)),
          "Insufficient storage deposit. Required: 6530000000000000000000, attached: "
          "6529999999999999999999");
    ended_ok(ok(ALICE, NEAR_1 / 10, "create_project", CREATE("dice", WASM(H1))),
             "\"alice.test/dice\"");
    mock_run();
    assert_true(before - mock_balance(ALICE) == PROJECT_COST + WASM_COST);
    fails(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)),
          "Project 'alice.test/dice' already exists");
    fails(ALICE, NEAR_1, "create_project", CREATE("", WASM(H1)), "Project name");
    fails(ALICE, NEAR_1, "create_project", CREATE("a/b", WASM(H1)), "Project name");
    fails(ALICE, NEAR_1, "create_project", CREATE("\\u00e9", WASM(H1)), "Project name");
    fails(ALICE, NEAR_1, "create_project",
          "{\"name\":\"x\",\"source\":{\"Project\":{\"project_id\":\"a/b\"}}}",
          "GitHub or WasmUrl");
    fails(ALICE, NEAR_1, "create_project",
          "{\"name\":\"x\",\"source\":{\"GitHub\":{\"repo\":\"-x\",\"commit\":\"main\"}}}",
          "Invalid code source");
    ok(DICE, NEAR_1, "create_project", CREATE("dice", GITHUB)); /* another owner's */
    mock_run();
    struct str v = view("get_project", "{\"project_id\":\"alice.test/dice\"}");
    assert_true(str_starts(
        v, z("{\"uuid\":\"p0000000000000001\",\"owner\":\"alice.test\",\"name\":\"dice\","
             "\"project_id\":\"alice.test/dice\",\"active_version\":\"" H1 "\"")));
    assert_true(str_ends(v, z("\"storage_deposit\":\"2560000000000000000000\"}")));
    v = view("list_user_projects", "{\"account_id\":\"dice.test\"}");
    assert_true(str_starts(v, z("[{\"uuid\":\"p0000000000000002\",\"owner\":\"dice.test\"")));
    view_is("get_project", "{\"project_id\":\"alice.test/none\"}", "null");
    view_is("list_user_projects", "{\"account_id\":\"nobody.test\"}", "[]");
}

static void test_versions(void **state)
{
    (void)state;
    u128 before = mock_balance(ALICE);
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    fails(ALICE, GITHUB_COST - 1, "add_version", ADD("dice", GITHUB, "false"),
          "Insufficient storage deposit");
    fails(DICE, NEAR_1, "add_version", ADD("dice", GITHUB, "false"), "Project not found");
    ended_ok(ok(ALICE, GITHUB_COST, "add_version", ADD("dice", GITHUB, "false")),
             "\"https://github.com/alice/dice@main\"");
    fails(ALICE, NEAR_1, "add_version", ADD("dice", GITHUB, "false"),
          "Version 'https://github.com/alice/dice@main' already exists in project");
    ok(ALICE, NEAR_1, "add_version", ADD("dice", WASM(H2), "true"));
    mock_run();
    assert_true(before - mock_balance(ALICE) == PROJECT_COST + 2 * WASM_COST + GITHUB_COST);
    view_is("get_version_count", "{\"project_id\":\"alice.test/dice\"}", "3");
    struct str v =
        view("get_version", "{\"project_id\":\"alice.test/dice\",\"version_key\":\"" H2 "\"}");
    assert_true(str_starts(v, z("{\"wasm_hash\":\"" H2 "\",\"source\":{\"WasmUrl\":{\"url\":")));
    assert_true(str_ends(v, z("\"is_active\":true}")));
    v = view("list_versions", "{\"project_id\":\"alice.test/dice\",\"from_index\":1,\"limit\":1}");
    assert_true(str_starts(
        v, z("[{\"wasm_hash\":\"https://github.com/alice/dice@main\",\"source\":{\"GitHub\":"
             "{\"repo\":\"https://github.com/alice/dice\",\"commit\":\"main\","
             "\"build_target\":null}},\"added_at\":")));
    view_is("get_version", "{\"project_id\":\"alice.test/dice\",\"version_key\":\"x\"}", "null");

    fails(ALICE, 0, "remove_version", "{\"project_name\":\"dice\",\"version_key\":\"" H2 "\"}",
          "Cannot remove active version. Switch to another version first.");
    fails(ALICE, 0, "set_active_version", "{\"project_name\":\"dice\",\"version_key\":\"x\"}",
          "Version not found");
    /* the removed one makes room for the last, which is the active one */
    ok(ALICE, 0, "remove_version", "{\"project_name\":\"dice\",\"version_key\":\"" H1 "\"}");
    mock_run();
    assert_true(before - mock_balance(ALICE) == PROJECT_COST + WASM_COST + GITHUB_COST);
    v = view("get_project", "{\"project_id\":\"alice.test/dice\"}");
    assert_true(str_find(v, z("\"active_version\":\"" H2 "\"")) < v.len);
    ok(ALICE, 0, "set_active_version",
       "{\"project_name\":\"dice\",\"version_key\":\"https://github.com/alice/dice@main\"}");
    ok(ALICE, 0, "remove_version", "{\"project_name\":\"dice\",\"version_key\":\"" H2 "\"}");
    view_is("get_version_count", "{\"project_id\":\"alice.test/dice\"}", "1");
    view_is("get_version_count", "{\"project_id\":\"alice.test/none\"}", "0");
}

static void test_run(void **state)
{
    (void)state;
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    ok(ALICE, NEAR_1, "add_version", ADD("dice", GITHUB, "true"));
    mock_run();
    fails(DICE, NEAR_1, "request_execution", RUN(",\"version_key\":\"" H2 "\""),
          "Version not found");
    size_t r = ok(DICE, ESTIMATE, "request_execution", RUN(""));
    assert_true(mock_logged(
        "\\\"code_source\\\":{\\\"GitHub\\\":{\\\"repo\\\":\\\"https://github.com/alice/dice"));
    assert_true(mock_logged("\\\"project_uuid\\\":\\\"p0000000000000001\\\",\\\"project_id\\\":"
                            "\\\"alice.test/dice\\\""));
    struct str v = view("get_request", "{\"request_id\":0}");
    assert_true(
        str_find(v, z("\"execution_source\":{\"Project\":{\"project_id\":\"alice.test/dice\","
                      "\"version_key\":null}},\"resolved_source\":{\"GitHub\":")) < v.len);
    resolve_ok(0, "{\"Text\":\"4\"}");
    ended_ok(r, "\"4\"");
    mock_clear_logs();
    r = ok(DICE, ESTIMATE, "request_execution", RUN(",\"version_key\":\"" H1 "\""));
    assert_true(mock_logged("\\\"code_source\\\":{\\\"WasmUrl\\\":"));
    fails(DICE, NEAR_1, "request_execution",
          "{\"source\":{\"Project\":{\"project_id\":\"alice.test/dice\",\"version_key\":\"" H1
          "\"}},\"params\":{\"force_rebuild\":true}}",
          "force_rebuild is not applicable");
    resolve_ok(1, "{\"Text\":\"5\"}");
    ended_ok(r, "\"5\"");
}

static void test_delete(void **state)
{
    (void)state;
    u128 before = mock_balance(ALICE);
    uint64_t storage = mock_storage();
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    ok(ALICE, NEAR_1, "create_project", CREATE("other", WASM(H1)));
    ok(ALICE, NEAR_1, "add_version", ADD("dice", GITHUB, "true"));
    fails(DICE, 0, "delete_project", "{\"project_name\":\"dice\"}", "Project not found");
    ok(ALICE, 0, "delete_project", "{\"project_name\":\"dice\"}");
    mock_run();
    assert_true(mock_logged(
        "\"event\":\"system_event\",\"data\":[{\"ProjectStorageCleanup\":{\"project_id\":"
        "\"alice.test/dice\",\"project_uuid\":\"p0000000000000001\",\"timestamp\":"));
    view_is("get_project", "{\"project_id\":\"alice.test/dice\"}", "null");
    ok(ALICE, 0, "delete_project", "{\"project_name\":\"other\"}");
    mock_run();
    assert_true(mock_balance(ALICE) == before);
    assert_int_equal(mock_storage(), storage);
    /* the name is free again, its storage namespace is a new one */
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    struct str v = view("get_project", "{\"project_id\":\"alice.test/dice\"}");
    assert_true(str_starts(v, z("{\"uuid\":\"p0000000000000003\"")));
    mock_run();
}

static void test_transfer(void **state)
{
    (void)state;
    uint64_t storage = mock_storage();
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    mock_run();
    u128 dice = mock_balance(DICE);
    static const char give[] = "{\"project_name\":\"dice\",\"new_owner\":\"" DICE "\"}";
    static const char take[] = "{\"from\":\"" ALICE "\",\"name\":\"dice\"}";
    fails(ALICE, 0, "transfer_project", give,
          "The new owner must call accept_project_transfer first");
    fails(DICE, 0, "accept_project_transfer", take, "Insufficient storage deposit");
    ok(DICE, NEAR_1, "accept_project_transfer", take);
    ok(DICE, 0, "accept_project_transfer", take); /* twice changes nothing */
    ok(DICE, 0, "accept_project_transfer",
       "{\"from\":\"" ALICE "\",\"name\":\"dice\",\"accept\":false}");
    mock_run();
    assert_true(mock_balance(DICE) == dice);
    fails(ALICE, 0, "transfer_project", give, "The new owner must call");
    ok(DICE, NEAR_1, "accept_project_transfer", take);
    fails(MALLORY, 0, "transfer_project", give, "Project not found");
    ok(ALICE, 0, "transfer_project", give);
    mock_run();
    assert_true(mock_balance(DICE) == dice);
    struct str v = view("get_project", "{\"project_id\":\"dice.test/dice\"}");
    assert_true(str_starts(v, z("{\"uuid\":\"p0000000000000001\",\"owner\":\"dice.test\"")));
    view_is("list_user_projects", "{\"account_id\":\"alice.test\"}", "[]");
    fails(ALICE, 0, "delete_project", "{\"project_name\":\"dice\"}", "Project not found");
    ok(DICE, 0, "delete_project", "{\"project_name\":\"dice\"}");
    mock_run();
    assert_int_equal(mock_storage(), storage);

    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    ok(DICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    ok(DICE, NEAR_1, "accept_project_transfer", take);
    fails(ALICE, 0, "transfer_project", give, "Project 'dice.test/dice' already exists");
    mock_run();
}

static void test_paused_and_many(void **state)
{
    (void)state;
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    ok(OWNER, 0, "set_paused", "{\"paused\":true}");
    fails(ALICE, NEAR_1, "create_project", CREATE("two", WASM(H1)), "Contract is paused");
    fails(ALICE, NEAR_1, "add_version", ADD("dice", GITHUB, "true"), "Contract is paused");
    ok(ALICE, 0, "delete_project", "{\"project_name\":\"dice\"}");
    ok(OWNER, 0, "set_paused", "{\"paused\":false}");
    ok(ALICE, NEAR_1, "create_project", CREATE("many", GITHUB));
    char args[512];
    for (int i = 1; i < 200; i++) {
        snprintf(args, sizeof(args),
                 "{\"project_name\":\"many\",\"source\":{\"GitHub\":{\"repo\":\"r\",\"commit\":\"c%"
                 "d\"}},"
                 "\"set_active\":false}",
                 i);
        ok(ALICE, NEAR_1, "add_version", args);
    }
    fails(ALICE, NEAR_1, "add_version", ADD("many", WASM(H1), "true"), "The list is full");
    ok(ALICE, 0, "delete_project", "{\"project_name\":\"many\"}");
    mock_run();
}

#define PRICES                                                                                     \
    "{\"project_id\":\"alice.test/dice\",\"pricing\":{\"author_account_id\":\"" DICE               \
    "\",\"operations\":[{\"operation\":\"roll\",\"price_usd\":\"1000\",\"developer_share_bp\":"    \
    "2500},"                                                                                       \
    "{\"operation\":\"free\",\"price_usd\":\"0\",\"developer_share_bp\":0}]}}"
#define BUY(op, usd)                                                                               \
    "{\"source\":{\"Project\":{\"project_id\":\"alice.test/"                                       \
    "dice\"}},\"input_data\":\"{\\\"operation\\\":" op "}\",\"params\":{\"attached_usd\":\"" usd   \
    "\"}}"

static void credit(const char *who, const char *amount)
{
    char args[256];
    ok(OWNER, 0, "set_payment_token_contract", "{\"token_contract\":\"" MALLORY "\"}");
    snprintf(args, sizeof(args),
             "{\"sender_id\":\"%s\",\"amount\":\"%s\",\"msg\":\"{\\\"action\\\":\\\"deposit_"
             "balance\\\"}\"}",
             who, amount);
    ended_ok(ok(MALLORY, 0, "ft_on_transfer", args), "\"0\"");
}

static void test_prices(void **state)
{
    (void)state;
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    fails(ALICE, 0, "set_project_pricing", PRICES, "Only owner can call this method");
    ok(OWNER, 0, "set_project_pricing", PRICES);
    view_is("get_project_max_price", "{\"project_id\":\"alice.test/dice\"}", "\"1000\"");
    view_is("get_priced_project_count", "", "1");
    struct str v = view("get_priced_projects", "");
    assert_true(str_starts(
        v, z("[{\"project_id\":\"alice.test/dice\",\"pricing\":{\"author_account_id\"")));
    view_is("get_project_pricing", "{\"project_id\":\"x/y\"}", "null");
    view_is("get_project_max_price", "{\"project_id\":\"x/y\"}", "null");

#define NO(args, text) fails(ALICE, NEAR_1, "request_execution", args, text)
    NO(RUN(""), "Project 'alice.test/dice' is priced per operation.");
    NO(BUY("\\\" \\\"", "0"), "is priced per operation.");
    NO(BUY("7", "0"), "is priced per operation.");
    NO(BUY("\\\"Roll\\\"", "0"),
       "Project 'alice.test/dice' does not sell operation 'Roll'. See get_project_pricing.");
    NO(BUY("\\\"roll\\\"", "999"), "Operation 'roll' of 'alice.test/dice' costs 1000; attach at "
                                   "least that as attached_usd (got 999). "
                                   "Anything over comes back.");
    NO(BUY("\\\"roll\\\"", "1000"),
       "Insufficient stablecoin balance. Required: 1000, available: 0");
    credit(ALICE, "5000");

    /* 1500 attached, 1000 is the price, 200 the guest gives back: 800 earned, a quarter of it the
     * author's */
    size_t r = ok(ALICE, ESTIMATE, "request_execution", BUY("\\\"roll\\\"", "1500"));
    view_is("get_user_stablecoin_balance", "{\"account_id\":\"" ALICE "\"}", "\"3500\"");
    ok(OPERATOR, 0, "resolve_execution",
       "{\"request_id\":0,\"response\":{\"success\":true,\"output\":null,\"resources_used\":{"
       "\"instructions\":1,"
       "\"time_ms\":1},\"refund_usd\":200}}");
    mock_run();
    ended_ok(r, "null");
    view_is("get_user_stablecoin_balance", "{\"account_id\":\"" ALICE "\"}", "\"4200\"");
    view_is("get_developer_earnings", "{\"account_id\":\"" DICE "\"}", "\"200\"");
    view_is("get_developer_earnings", "{\"account_id\":\"" ALICE "\"}", "\"600\"");

    /* a failure, and a project that is gone, give everything back */
    r = ok(ALICE, ESTIMATE, "request_execution", BUY("\\\"roll\\\"", "1500"));
    resolve_failed(1, "no");
    ended_failed(r, "execution_failed: no");
    view_is("get_user_stablecoin_balance", "{\"account_id\":\"" ALICE "\"}", "\"4200\"");
    ok(ALICE, ESTIMATE, "request_execution", BUY("\\\"roll\\\"", "1500"));
    ok(OWNER, 0, "clear_all_pending_requests", "");
    view_is("get_user_stablecoin_balance", "{\"account_id\":\"" ALICE "\"}", "\"4200\"");
    r = ok(ALICE, ESTIMATE, "request_execution", BUY("\\\"roll\\\"", "1500"));
    ok(ALICE, 0, "delete_project", "{\"project_name\":\"dice\"}");
    resolve_ok(3, "null");
    ended_ok(r, "null");
    view_is("get_user_stablecoin_balance", "{\"account_id\":\"" ALICE "\"}", "\"4200\"");
    view_is("get_priced_project_count", "", "0");

    /* without a price list all that was attached is the owner's */
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    r = ok(ALICE, ESTIMATE, "request_execution", BUY("1", "200"));
    resolve_ok(4, "null");
    view_is("get_developer_earnings", "{\"account_id\":\"" ALICE "\"}", "\"800\"");
    mock_run();
}

static void test_price_lists(void **state)
{
    (void)state;
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
#define SET(list, text)                                                                            \
    fails(OWNER, 0, "set_project_pricing",                                                         \
          "{\"project_id\":\"alice.test/dice\",\"pricing\":{\"author_account_id\":\"" DICE         \
          "\",\"operations\":" list "}}",                                                          \
          text)
#define OP(name, price, bp)                                                                        \
    "{\"operation\":\"" name "\",\"price_usd\":\"" price "\",\"developer_share_bp\":" bp "}"
    SET("[" OP("a", "1", "10001") "]", "developer_share_bp is at most 10000");
    SET("[" OP("a", "1", "1") "," OP("a", "2", "1") "]", "Operation names must be unique");
    SET("[" OP(" ", "1", "1") "]", "operation must not be blank");
    SET("[" OP("a", "x", "1") "]", "Failed to deserialize");
    SET("[7]", "Failed to deserialize");
    SET("{}", "Failed to deserialize");
    fails(OWNER, 0, "set_project_pricing",
          "{\"project_id\":\"x/y\",\"pricing\":{\"author_account_id\":\"" DICE
          "\",\"operations\":[]}}",
          "Project not found");
    fails(OWNER, 0, "remove_project_pricing", "{\"project_id\":\"alice.test/dice\"}",
          "Project has no price list");
    ok(OWNER, 0, "set_project_pricing", PRICES);
    ok(OWNER, 0, "set_project_pricing", PRICES); /* again: still one */
    view_is("get_priced_project_count", "", "1");
    fails(ALICE, 0, "transfer_project", "{\"project_name\":\"dice\",\"new_owner\":\"" DICE "\"}",
          "Remove the price list");
    ok(OWNER, 0, "remove_project_pricing", "{\"project_id\":\"alice.test/dice\"}");
    view_is("get_priced_projects", "", "[]");
    ok(ALICE, ESTIMATE, "request_execution", RUN(""));
    mock_run();
}

static void test_withdraw(void **state)
{
    (void)state;
    ok(ALICE, NEAR_1, "create_project", CREATE("dice", WASM(H1)));
    fails(ALICE, 0, "withdraw_developer_earnings", "",
          "Requires attached deposit of at least 1 yoctoNEAR");
    fails(ALICE, 1, "withdraw_developer_earnings", "", "No earnings to withdraw");
    credit(ALICE, "500");
    ok(ALICE, ESTIMATE, "request_execution", BUY("1", "500"));
    resolve_ok(0, "null");
    ok(OWNER, 0, "set_payment_token_contract", "{}");
    fails(ALICE, 1, "withdraw_developer_earnings", "", "Payment token contract not configured");
    ok(OWNER, 0, "set_payment_token_contract", "{\"token_contract\":\"" MALLORY "\"}");
    for (int good = 0; good < 2; good++) {
        size_t from = mock.n_receipts;
        size_t r = ok(ALICE, 1, "withdraw_developer_earnings", "");
        view_is("get_developer_earnings", "{\"account_id\":\"" ALICE "\"}", "\"0\"");
        size_t out = mock_outgoing(from);
        assert_true(str_eqz(buf_str(&mock.receipts[out].actions[0].args),
                            "{\"receiver_id\":\"" ALICE
                            "\",\"amount\":\"500\",\"memo\":\"Developer earnings withdrawal\"}"));
        mock_answer(out, good, z(""));
        mock_run();
        ended_ok(r, good ? "true" : "false");
        view_is("get_developer_earnings", "{\"account_id\":\"" ALICE "\"}",
                good ? "\"0\"" : "\"500\"");
    }
    fails(MALLORY, 0, "on_earnings_withdrawn", "{\"account_id\":\"" MALLORY "\",\"amount\":\"5\"}",
          "is private");
    fails(OUTLAYER, 0, "on_earnings_withdrawn", "{\"account_id\":\"" MALLORY "\",\"amount\":\"5\"}",
          "is a callback");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(test_create), T(test_versions),    T(test_run),
        T(test_delete), T(test_transfer),    T(test_paused_and_many),
        T(test_prices), T(test_price_lists), T(test_withdraw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
