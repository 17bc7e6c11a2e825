/* test_secret.c — secrets: four accessors, nine conditions, deposits to the byte, payment keys. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_ACCESSOR    "{\"WasmHash\":{\"hash\":\"" HASH "\"}}"
#define PROJECT_ACCESSOR "{\"Project\":{\"project_id\":\"alice.test/dice\"}}"
#define REPO_ACCESSOR    "{\"Repo\":{\"repo\":\"github.com/alice/dice\",\"branch\":null}}"
#define BRANCH_ACCESSOR  "{\"Repo\":{\"repo\":\"github.com/alice/dice\",\"branch\":\"main\"}}"
#define KEY_ACCESSOR     "{\"System\":\"PaymentKey\"}"

static char args_[70000];

static const char *secret(const char *accessor, const char *profile, const char *cipher,
                          const char *access, const char *more)
{
    snprintf(
        args_, sizeof(args_),
        "{\"accessor\":%s,\"profile\":\"%s\",\"encrypted_secrets_base64\":\"%s\",\"access\":%s,"
        "\"owner\":\"" ALICE "\"%s}",
        accessor, profile, cipher, access, more);
    return args_;
}

static const char *who(const char *accessor, const char *profile)
{
    static char text[1024];
    snprintf(text, sizeof(text), "{\"accessor\":%s,\"profile\":\"%s\",\"owner\":\"" ALICE "\"}",
             accessor, profile);
    return text;
}

static u128 estimate(const char *args)
{
    u128 v;
    struct json j;
    assert_true(json_parse(view("estimate_storage_cost", args), &j, NULL));
    assert_true(json_u128_str(j, &v));
    return v;
}

static void make_project(void)
{
    ok(ALICE, NEAR_1, "create_project", "{\"name\":\"dice\"," WASM_SOURCE "}");
    mock_run();
}

static void test_store_every_accessor(void **state)
{
    (void)state;
    static const char *const accessors[] = {HASH_ACCESSOR, PROJECT_ACCESSOR, REPO_ACCESSOR,
                                            BRANCH_ACCESSOR, KEY_ACCESSOR};
    make_project();
    uint64_t rows = mock_storage();
    for (size_t i = 0; i < countof(accessors); i++) {
        bool key = i == 4;
        const char *profile = key ? "1" : "default";
        const char *args = secret(accessors[i], profile, "YWJj", "\"AllowAll\"", "");
        u128 cost = estimate(args), before = mock_balance(ALICE);
        uint64_t bytes = mock_storage();
        fails(ALICE, cost - 1, "store_secrets", args, "Insufficient storage deposit. Required: ");
        ok(ALICE, cost, "store_secrets", args);
        mock_run();
        assert_true(before - mock_balance(ALICE) == cost);
        /* what it takes is paid for; the first one also makes the owner's directory */
        assert_true((u128)(mock_storage() - bytes) * NEAR_YOCTO_PER_BYTE <=
                    cost + (i ? 0 : 60 * (u128)NEAR_YOCTO_PER_BYTE));
        view_is("secrets_exist", who(accessors[i], profile), "true");
        if (key)
            continue;
        args = secret(accessors[i], profile, "YWJjZGVmZ2hpamts", "\"AllowAll\"", "");
        u128 now = estimate(args);
        bytes = mock_storage();
        ok(ALICE, NEAR_1, "store_secrets",
           args); /* update: the difference comes back or is taken */
        mock_run();
        assert_true(before - mock_balance(ALICE) == now);
        assert_int_equal(mock_storage(), bytes + 12);
    }
    assert_true(mock_storage() - rows < 1200);
    for (size_t i = 0; i < 4; i++)
        ok(ALICE, 0, "delete_secrets", who(accessors[i], "default"));
    mock_run();
    view_is("secrets_exist", who(HASH_ACCESSOR, "default"), "false");
    fails(ALICE, 0, "delete_secrets", who(HASH_ACCESSOR, "default"), "Secrets not found");
    fails(ALICE, 0, "delete_secrets", who(KEY_ACCESSOR, "1"),
          "Use delete_payment_key for payment keys");
}

/* The published example: 365 bytes. */
static void test_known_cost(void **state)
{
    (void)state;
    char cipher[161];
    memset(cipher, 'A', 160);
    cipher[160] = 0;
    char args[1024];
    snprintf(args, sizeof(args),
             "{\"accessor\":{\"Project\":{\"project_id\":\"alice.near/"
             "dice\"}},\"profile\":\"default\",\"owner\":"
             "\"alice.near\",\"encrypted_secrets_base64\":\"%s\",\"access\":\"AllowAll\"}",
             cipher);
    view_is("estimate_storage_cost", args, "\"3650000000000000000000\"");
}

static void test_views(void **state)
{
    (void)state;
    ok(ALICE, NEAR_1, "store_secrets",
       secret(REPO_ACCESSOR, "default", "YWJj", "\"AllowAll\"", ""));
    struct str v =
        view("get_secrets", who(BRANCH_ACCESSOR, "default")); /* falls back to any branch */
    assert_true(str_starts(
        v, z("{\"encrypted_secrets\":\"YWJj\",\"access\":\"AllowAll\",\"created_at\":")));
    assert_true(str_ends(
        v, z("\"accessor\":{\"Repo\":{\"repo\":\"github.com/alice/dice\",\"branch\":null}}}")));
    view_is("secrets_exist", who(BRANCH_ACCESSOR, "default"), "false"); /* this one does not */
    view_is("get_secrets", who(HASH_ACCESSOR, "default"), "null");
    view_is("list_profiles", "{}", "[]");

    uint64_t then = mock.time_ns;
    mock_blocks(10);
    ok(ALICE, NEAR_1, "store_secrets",
       secret(REPO_ACCESSOR, "default", "eHl6", "{\"Whitelist\":[\"bob.near\"]}",
              ",\"vault_id\":\"vault.near\""));
    char created[64];
    snprintf(created, sizeof(created), "\"created_at\":%llu,", (unsigned long long)then);
    v = view("get_secrets", who(REPO_ACCESSOR, "default"));
    assert_true(str_find(v, z(created)) < v.len);
    assert_true(str_find(v, z("{\"Whitelist\":{\"accounts\":[\"bob.near\"]}}")) < v.len);
    view_is("get_secret_vault", who(REPO_ACCESSOR, "default"), "\"vault.near\"");
    v = view("get_secret_with_vault", who(REPO_ACCESSOR, "default"));
    assert_true(str_starts(v, z("{\"profile\":{\"encrypted_secrets\":\"eHl6\"")));
    assert_true(str_ends(v, z("\"vault_id\":\"vault.near\"}")));
    /* storing without naming a vault keeps it */
    ok(ALICE, NEAR_1, "store_secrets",
       secret(REPO_ACCESSOR, "default", "eHl6", "\"AllowAll\"", ""));
    view_is("get_secret_vault", who(REPO_ACCESSOR, "default"), "\"vault.near\"");
    ok(ALICE, 0, "unbind_secret_vault", who(REPO_ACCESSOR, "default"));
    view_is("get_secret_vault", who(REPO_ACCESSOR, "default"), "null");

    for (int i = 0; i < 5; i++) {
        char profile[16];
        snprintf(profile, sizeof(profile), "p%d", i);
        ok(ALICE, NEAR_1, "store_secrets",
           secret(HASH_ACCESSOR, profile, "YWJj", "\"AllowAll\"", ""));
    }
    v = view("list_user_secrets", "{\"account_id\":\"" ALICE "\",\"from_index\":5,\"limit\":9}");
    assert_true(str_starts(v, z("[{\"profile\":\"p4\",\"access\":\"AllowAll\",")));
    view_is("list_user_secrets", "{\"account_id\":\"" ALICE "\",\"from_index\":6}", "[]");
    ok(ALICE, 0, "delete_secrets",
       who(REPO_ACCESSOR, "default")); /* the last one moves to its place */
    v = view("list_user_secrets", "{\"account_id\":\"" ALICE "\",\"limit\":1}");
    assert_true(str_starts(v, z("[{\"profile\":\"p4\"")));
    view_is("secrets_exist", who(HASH_ACCESSOR, "p4"), "true");
    mock_run();
}

static void test_refused(void **state)
{
    (void)state;
#define NOT(accessor, profile, cipher, access, text)                                               \
    fails(ALICE, NEAR_1, "store_secrets", secret(accessor, profile, cipher, access, ""), text)
    NOT("{\"Repo\":{\"repo\":\"\"}}", "p", "YQ==", "\"AllowAll\"", "Repo must have");
    NOT("{\"Repo\":{\"repo\":\"a\",\"branch\":\"\"}}", "p", "YQ==", "\"AllowAll\"",
        "Branch must have");
    NOT("{\"WasmHash\":{\"hash\":\"abc\"}}", "p", "YQ==", "\"AllowAll\"",
        "WASM hash must be 64 hex");
    NOT("{\"Project\":{\"project_id\":\"dice\"}}", "p", "YQ==", "\"AllowAll\"", "owner/name");
    NOT(PROJECT_ACCESSOR, "p", "YQ==", "\"AllowAll\"", "Project 'alice.test/dice' does not exist");
    NOT("{\"System\":\"Other\"}", "1", "YQ==", "\"AllowAll\"", "Failed to deserialize");
    NOT("{\"Moon\":{}}", "p", "YQ==", "\"AllowAll\"", "Failed to deserialize");
    NOT("\"Repo\"", "p", "YQ==", "\"AllowAll\"", "Failed to deserialize");
    NOT("null", "p", "YQ==", "\"AllowAll\"", "Failed to deserialize");
    NOT(REPO_ACCESSOR, "", "YQ==", "\"AllowAll\"", "Profile must have");
    NOT(REPO_ACCESSOR, "a b", "YQ==", "\"AllowAll\"", "Profile must have");
    NOT(REPO_ACCESSOR, HASH, "YQ==", "\"AllowAll\"", "reserved for that account");
    NOT(REPO_ACCESSOR, "p", "", "\"AllowAll\"", "Encrypted secrets cannot be empty");
    NOT(REPO_ACCESSOR, "p", "a\\\"b", "\"AllowAll\"", "Encrypted secrets must be base64");
    NOT(KEY_ACCESSOR, "0", "YQ==", "\"AllowAll\"", "nonce: 1 to 2147483647");
    NOT(KEY_ACCESSOR, "01", "YQ==", "\"AllowAll\"", "nonce: 1 to 2147483647");
    NOT(KEY_ACCESSOR, "2147483648", "YQ==", "\"AllowAll\"", "nonce: 1 to 2147483647");
    NOT(KEY_ACCESSOR, "one", "YQ==", "\"AllowAll\"", "nonce: 1 to 2147483647");
    fails(MALLORY, 0, "unbind_secret_vault", who(REPO_ACCESSOR, "default"), "Secrets not found");
    fails(MALLORY, 0, "update_access",
          "{\"accessor\":" REPO_ACCESSOR ",\"profile\":\"p\",\"new_access\":\"AllowAll\"}",
          "Secrets not found");
}

static void test_access_conditions(void **state)
{
    (void)state;
    static const char *const good[] = {
        "\"AllowAll\"",
        "{\"Whitelist\":{\"accounts\":[\"alice.near\",\"bob.near\"]}}",
        "{\"AccountPattern\":{\"pattern\":\".*\\\\.dao\\\\.near\"}}",
        "{\"NearBalance\":{\"operator\":\"Gte\",\"value\":\"1000000000000000000000000\"}}",
        "{\"FtBalance\":{\"contract\":\"usdt.tether-token.near\",\"operator\":\"Gt\",\"value\":"
        "\"1000000\"}}",
        "{\"NftOwned\":{\"contract\":\"nft.near\",\"token_id\":null}}",
        "{\"NftOwned\":{\"contract\":\"nft.near\",\"token_id\":\"7\"}}",
        "{\"DaoMember\":{\"dao_contract\":\"x.sputnik-dao.near\",\"role\":\"council\"}}",
        "{\"Logic\":{\"operator\":\"And\",\"conditions\":[\"AllowAll\",{\"NearBalance\":{"
        "\"operator\":\"Gte\","
        "\"value\":\"1\"}}]}}",
        "{\"Not\":{\"condition\":{\"Whitelist\":{\"accounts\":[\"mallory.near\"]}}}}",
    };
    static const char *const bad[] = {
        "\"AllowNone\"",
        "null",
        "7",
        "{}",
        "{\"AllowAll\":{}}",
        "{\"Whitelist\":{\"accounts\":[\"A B\"]}}",
        "{\"Whitelist\":{}}",
        "{\"NearBalance\":{\"operator\":\"Bigger\",\"value\":\"1\"}}",
        "{\"NearBalance\":{\"operator\":\"Gt\",\"value\":1}}",
        "{\"AccountPattern\":{}}",
        "{\"Logic\":{\"operator\":\"Xor\",\"conditions\":[]}}",
        "{\"Logic\":{\"operator\":\"And\"}}",
        "{\"Not\":{}}",
        "{\"FtBalance\":{\"contract\":\"-\",\"operator\":\"Gt\",\"value\":\"1\"}}",
        "{\"Not\":{\"condition\":{\"Not\":{\"condition\":{\"Not\":{\"condition\":{\"Not\":{"
        "\"condition\":{\"Not\":"
        "{\"condition\":{\"Not\":{\"condition\":{\"Not\":{\"condition\":{\"Not\":{\"condition\":"
        "\"AllowAll\"}}}}}}}}"
        "}}}}}}}}",
    };
    for (size_t i = 0; i < countof(good); i++) {
        ok(ALICE, NEAR_1, "store_secrets", secret(REPO_ACCESSOR, "default", "YWJj", good[i], ""));
        struct str v = view("get_secrets", who(REPO_ACCESSOR, "default"));
        assert_true(str_find(v, z(good[i])) < v.len); /* printed back as it was */
    }
    for (size_t i = 0; i < countof(bad); i++)
        fails(ALICE, NEAR_1, "store_secrets", secret(REPO_ACCESSOR, "default", "YWJj", bad[i], ""),
              "");
    mock_run();
}

static void test_update_access(void **state)
{
    (void)state;
    u128 before = mock_balance(ALICE);
#define UPDATE(access)                                                                             \
    "{\"accessor\":" REPO_ACCESSOR ",\"profile\":\"default\",\"new_access\":" access "}"
    ok(ALICE, NEAR_1, "store_secrets",
       secret(REPO_ACCESSOR, "default", "YWJj", "{\"Whitelist\":{\"accounts\":[\"bob.near\"]}}",
              ""));
    ok(ALICE, 0, "update_access", UPDATE("\"AllowAll\"")); /* smaller: nothing to pay */
    mock_run();
    view_is("secrets_exist", who(REPO_ACCESSOR, "default"), "true");
    fails(ALICE, 0, "update_access",
          UPDATE("{\"Whitelist\":{\"accounts\":[\"bob.near\",\"carol.near\",\"dave.near\",\"eve."
                 "near\",\"frank.near\"]}}"),
          "Insufficient deposit for update. Required: ");
    ok(ALICE, NEAR_1, "update_access",
       UPDATE("{\"Whitelist\":{\"accounts\":[\"bob.near\",\"carol.near\",\"dave.near\",\"eve."
              "near\",\"frank.near\"]}}"));
    ok(ALICE, 0, "delete_secrets", who(REPO_ACCESSOR, "default"));
    mock_run();
    assert_true(mock_balance(ALICE) == before);
}

/* ---- payment keys ---- */

#define TOKEN MALLORY

static size_t tokens(const char *amount, const char *msg)
{
    char args[512];
    snprintf(args, sizeof(args), "{\"sender_id\":\"" ALICE "\",\"amount\":\"%s\",\"msg\":\"%s\"}",
             amount, msg);
    return mock_call(TOKEN, 0, "ft_on_transfer", z(args));
}

static void use_token(void)
{
    ok(OWNER, 0, "set_payment_token_contract", "{\"token_contract\":\"" TOKEN "\"}");
}

static void data_id(char hex[65])
{
    for (size_t i = mock.n_receipts; i-- > 0;)
        if (mock.receipts[i].is_yield) {
            for (size_t k = 0; k < 32; k++)
                snprintf(hex + 2 * k, 3, "%02x", mock.receipts[i].data_id.b[k]);
            return;
        }
    fail();
}

static void test_payment_keys(void **state)
{
    (void)state;
    char hex[65], args[512];
    view_is("get_next_payment_key_nonce", "{\"account_id\":\"" ALICE "\"}", "1");
    ok(ALICE, NEAR_1, "store_secrets", secret(KEY_ACCESSOR, "1", "YWJj", "\"AllowAll\"", ""));
    assert_true(mock_logged(
        "\"event\":\"system_event\",\"data\":[{\"TopUpPaymentKey\":{\"data_id\":[0,0,0,"));
    assert_true(mock_logged("\"owner\":\"" ALICE
                            "\",\"nonce\":1,\"amount\":\"0\",\"encrypted_data\":\"YWJj\""));
    fails(ALICE, NEAR_1, "store_secrets", secret(KEY_ACCESSOR, "1", "ZGVm", "\"AllowAll\"", ""),
          "already exists");
    view_is("get_next_payment_key_nonce", "{\"account_id\":\"" ALICE "\"}", "2");

    ended_failed(tokens("20000", "{\\\"action\\\":\\\"top_up_payment_key\\\",\\\"nonce\\\":1}"),
                 "Payment token contract not configured");
    use_token();
    fails(DICE, 0, "ft_on_transfer",
          "{\"sender_id\":\"" ALICE "\",\"amount\":\"1\",\"msg\":\"{}\"}",
          "Invalid token contract. Expected: " TOKEN ", got: " DICE);
    ended_failed(tokens("9999", "{\\\"action\\\":\\\"top_up_payment_key\\\",\\\"nonce\\\":1}"),
                 "Minimum top-up is $0.01 (10000 minimal units)");
    ended_failed(tokens("20000", "{\\\"action\\\":\\\"top_up_payment_key\\\",\\\"nonce\\\":2}"),
                 "Payment key not found: owner=" ALICE ", nonce=2");
    ended_failed(tokens("20000", "{\\\"action\\\":\\\"dance\\\"}"), "Failed to deserialize");
    ended_failed(tokens("20000", "hello"), "msg must be a JSON object");

    /* accepted */
    size_t r = tokens("20000", "{\\\"action\\\":\\\"top_up_payment_key\\\",\\\"nonce\\\":1}");
    still_waits(r);
    assert_true(mock_logged("\"nonce\":1,\"amount\":\"20000\",\"encrypted_data\":\"YWJj\""));
    data_id(hex);
    snprintf(args, sizeof(args),
             "{\"data_id\":\"%s\",\"result\":{\"Success\":{\"new_encrypted_data\":\"bmV3\"}}}",
             hex);
    fails(ALICE, 0, "resume_topup", args, "Only operator can resume topup");
    ok(OPERATOR, 0, "resume_topup", args);
    mock_run();
    ended_ok(r, "\"0\"");
    struct str v = view("get_secrets", who(KEY_ACCESSOR, "1"));
    assert_true(str_starts(v, z("{\"encrypted_secrets\":\"bmV3\"")));
    ok(OPERATOR, 0, "resume_topup", args); /* nothing waits: only logged */
    assert_true(mock_logged("nothing waits for this data_id"));
    fails(OPERATOR, 0, "resume_topup", "{\"data_id\":\"abc\",\"result\":{}}",
          "Invalid data_id hex");
    fails(OPERATOR, 0, "resume_topup", "{\"data_id\":\"abcd\",\"result\":{}}",
          "Invalid data_id length");

    /* refused, and timed out: the tokens go back */
    r = tokens("30000",
               "{\\\"action\\\":\\\"top_up_payment_key\\\",\\\"nonce\\\":1,\\\"owner\\\":\\\"" ALICE
               "\\\"}");
    data_id(hex);
    snprintf(args, sizeof(args), "{\"data_id\":\"%s\",\"result\":{\"Error\":{\"message\":\"no\"}}}",
             hex);
    ok(OPERATOR, 0, "resume_topup", args);
    mock_run();
    ended_ok(r, "\"30000\"");
    r = tokens("40000", "{\\\"action\\\":\\\"top_up_payment_key\\\",\\\"nonce\\\":1}");
    mock_blocks(201);
    ended_ok(r, "\"40000\"");
}

static void test_delete_payment_key(void **state)
{
    (void)state;
    char hex[65], args[512];
    u128 before = mock_balance(ALICE);
    ok(ALICE, NEAR_1, "store_secrets", secret(KEY_ACCESSOR, "7", "YWJj", "\"AllowAll\"", ""));
    fails(ALICE, 0, "delete_payment_key", "{\"nonce\":7}",
          "Requires attached deposit of at least 1 yoctoNEAR");
    fails(DICE, 1, "delete_payment_key", "{\"nonce\":7}",
          "Payment key not found: owner=" DICE ", nonce=7");
    size_t r = ok(ALICE, 1, "delete_payment_key", "{\"nonce\":7}");
    assert_true(mock_logged("{\"DeletePaymentKey\":{\"data_id\":["));
    mock_blocks(201);
    ended_ok(r, "false");
    view_is("secrets_exist", who(KEY_ACCESSOR, "7"), "true");

    r = ok(ALICE, 1, "delete_payment_key", "{\"nonce\":7}");
    data_id(hex);
    snprintf(args, sizeof(args), "{\"data_id\":\"%s\",\"result\":\"Success\"}", hex);
    fails(DICE, 0, "resume_delete_payment_key", args,
          "Only operator can resume delete_payment_key");
    ok(OPERATOR, 0, "resume_delete_payment_key", args);
    mock_run();
    ended_ok(r, "true");
    view_is("secrets_exist", who(KEY_ACCESSOR, "7"), "false");
    assert_true(before - mock_balance(ALICE) == 2); /* the yocto of each call */
    /* the nonce stays used: an old balance off chain cannot come back to life */
    view_is("get_next_payment_key_nonce", "{\"account_id\":\"" ALICE "\"}", "8");
    fails(ALICE, NEAR_1, "store_secrets", secret(KEY_ACCESSOR, "7", "YWJj", "\"AllowAll\"", ""),
          "Payment key nonce 7 was used before");
}

static void test_subscriptions(void **state)
{
    (void)state;
#define PLANS(text) "{\"plans\":[" text "]}"
#define PLAN(i, name, price, active)                                                               \
    "{\"index\":" i ",\"name\":\"" name "\",\"price_usd\":\"" price "\",\"active\":" active "}"
    view_is("get_subscription_plans", "", "[]");
    fails(ALICE, 0, "set_subscription_plans", PLANS(""), "Only owner can call this method");
    fails(OWNER, 0, "set_subscription_plans",
          PLANS(PLAN("0", "a", "1", "true") "," PLAN("0", "b", "1", "true")),
          "Plan indices must be unique");
    ok(OWNER, 0, "set_subscription_plans",
       PLANS(PLAN("0", "Pro", "10000000", "true") "," PLAN("1", "Old", "5", "false")));
    view_is("get_subscription_plans", "",
            "[" PLAN("0", "Pro", "10000000", "true") "," PLAN("1", "Old", "5", "false") "]");
    fails(OWNER, 0, "set_subscription_plans", PLANS(PLAN("0", "Plus", "1", "true")),
          "An index keeps its name");

#define BUY(plan) "{\\\"action\\\":\\\"buy_subscription\\\",\\\"nonce\\\":3,\\\"plan\\\":" plan "}"
    use_token();
    ended_failed(tokens("10000000", BUY("0")),
                 "No payment key " ALICE ":3. Create it before buying a subscription for it.");
    ok(ALICE, NEAR_1, "store_secrets", secret(KEY_ACCESSOR, "3", "YWJj", "\"AllowAll\"", ""));
    ended_failed(tokens("9999999", BUY("0")),
                 "No plan 0 on sale that 9999999 covers. Check get_subscription_plans().");
    ended_failed(tokens("10000000", BUY("1")), "No plan 1 on sale");
    ended_failed(tokens("10000000", BUY("2")), "No plan 2 on sale");
    ended_ok(tokens("10000007", BUY("0")), "\"7\"");
    assert_true(mock_logged("{\"SubscriptionPurchased\":{\"owner\":\"" ALICE
                            "\",\"nonce\":3,\"plan\":0,\"paid_usd\":"
                            "\"10000000\",\"payer\":\"" ALICE "\"}}"));
    mock_run();
}

static void test_top_up_with_near(void **state)
{
    (void)state;
    static const char args[] = "{\"nonce\":1,\"swap_contract_id\":\"intents.near\"}";
    fails(ALICE, NEAR_1, "top_up_payment_key_with_token", "{}", "disabled");
    fails(ALICE, NEAR_1, "top_up_payment_key_with_near", args, "Project not found");
    fund("publishintent.near", NEAR_1);
    ok("publishintent.near", NEAR_1, "create_project",
       "{\"name\":\"payment-keys-with-intents\"," WASM_SOURCE "}");
    fails(ALICE, NEAR_1 / 100, "top_up_payment_key_with_near", args, "Minimum top-up");
    fails(ALICE, NEAR_1, "top_up_payment_key_with_near", args, "Payment key not found");
    ok(ALICE, NEAR_1, "store_secrets", secret(KEY_ACCESSOR, "1", "YWJj", "\"AllowAll\"", ""));
    mock_account_add("wrap.near", 0);
    mock_run();

    /* the tokens do not get through: all comes back */
    u128 before = mock_balance(ALICE);
    size_t from = mock.n_receipts;
    ok(ALICE, NEAR_1, "top_up_payment_key_with_near", args);
    mock_answer(mock_outgoing(from), false, z(""));
    mock_run();
    assert_true(mock_balance(ALICE) == before);

    from = mock.n_receipts;
    size_t r = ok(ALICE, NEAR_1, "top_up_payment_key_with_near", args);
    size_t out = mock_outgoing(from);
    assert_true(mock.receipts[out].actions[0].deposit == NEAR_1 - 15 * MILLI);
    assert_true(mock.receipts[out].actions[1].deposit == 1);
    assert_true(
        str_eqz(buf_str(&mock.receipts[out].actions[1].args),
                "{\"receiver_id\":\"intents.near\",\"amount\":\"985000000000000000000000\"}"));
    mock_answer(out, true, z(""));
    mock_run();
    still_waits(r);
    struct json v, input;
    assert_true(json_parse(view("get_request", "{\"request_id\":0}"), &v, NULL));
    struct buf text = BUF_INIT(1000);
    assert_true(json_str(json_get(v, "input_data"), &text));
    assert_true(json_parse(buf_str(&text), &input, NULL));
    assert_true(json_str_eq(json_get(input, "amount"), z("985000000000000000000000")));
    buf_release(&text);
    assert_true(json_str_eq(json_get(v, "payer_account_id"), z(ALICE)));
    resolve_ok(0, "null");
    ended_ok(r, "null");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(test_store_every_accessor),
        T(test_known_cost),
        T(test_views),
        T(test_refused),
        T(test_access_conditions),
        T(test_update_access),
        T(test_payment_keys),
        T(test_delete_payment_key),
        T(test_subscriptions),
        T(test_top_up_with_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
