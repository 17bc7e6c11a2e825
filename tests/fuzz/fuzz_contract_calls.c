/*
 * fuzz_contract_calls.c — random sequences of calls by several people, with what must always hold:
 *
 *   - no yocto is made or lost, and none of the stablecoin;
 *   - the contract never pays out more than it took: its balance covers what it had, and its fees;
 *   - storage is covered (the mock refuses otherwise) and comes back when all has ended;
 *   - a request is answered once; paused means paused; strangers get nowhere.
 *
 * Each byte pair of the input is one step: what is done, and with which of a few arguments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/mock/mock.h"

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define NEAR_1 ((u128)1000000000000000000u * 1000000)
#define STEPS  64u
#define WASM                                                                                       \
    "{\"WasmUrl\":{\"url\":\"https://x.example/"                                                   \
    "a\",\"hash\":\"38f9166c1d6910fc8b616610d690b717686c5d79d201a1938b83d62607ee08e4\"}}"
#define GITHUB  "{\"GitHub\":{\"repo\":\"github.com/a/b\",\"commit\":\"main\"}}"
#define PROJECT "{\"Project\":{\"project_id\":\"alice.test/dice\"}}"
#define USED                                                                                       \
    "\"resources_used\":{\"instructions\":812345678,\"time_ms\":3700,\"compile_time_ms\":100000}"

static const char *const people[] = {"alice.test", "bob.test", "owner.test", "operator.test",
                                     "token.test"};

static bool paused;
static u128 credited;

static bool call(const char *who, u128 deposit, const char *method, const char *args)
{
    u128 money = mock_total();
    size_t r = mock_call(who, deposit, method, str_of(args));
    bool ok = mock_result(r, NULL) != MOCK_FAILED;
    CHECK(mock_total() == money);
    return ok;
}

/* The same with each # in the arguments replaced by the digit `n`. */
static bool calln(const char *who, u128 deposit, const char *method, const char *args, unsigned n)
{
    char text[512];
    snprintf(text, sizeof(text), "%s", args);
    for (char *p = text; *p; p++)
        if (*p == '#')
            *p = (char)('0' + n % 10);
    return call(who, deposit, method, text);
}

static u128 usd(const char *view, const char *who)
{
    char args[128];
    struct str v;
    struct json j;
    u128 n;
    snprintf(args, sizeof(args), "{\"account_id\":\"%s\"}", who);
    CHECK(mock_view(view, str_of(args), &v) && json_parse(v, &j, NULL) && json_u128_str(j, &n));
    return n;
}

static u128 usd_known(void)
{
    u128 sum = 0;
    for (size_t i = 0; i < countof(people); i++)
        sum += usd("get_user_stablecoin_balance", people[i]) +
               usd("get_developer_earnings", people[i]);
    return sum;
}

static void ask(const char *who, uint8_t arg)
{
    static const char *const sources[] = {WASM, GITHUB, PROJECT, PROJECT};
    char args[512];
    bool with_usd = arg & 4;
    snprintf(args, sizeof(args),
             "{\"source\":%s,\"input_data\":\"{\\\"operation\\\":\\\"roll\\\"}\",\"payer_account_"
             "id\":\"%s\","
             "\"resource_limits\":{\"max_execution_seconds\":%u}%s}",
             sources[arg & 3], people[arg >> 6], 1u + (arg >> 3) * 6,
             with_usd ? ",\"params\":{\"attached_usd\":\"150\"}" : "");
    bool ok = call(who, NEAR_1 / 10, "request_execution", args);
    CHECK(!ok || !paused);
}

static void answer(uint8_t arg)
{
    static const char *const outputs[] = {"{\"Text\":\"a\"}", "null", "{\"Json\":1}",
                                          "{\"Bytes\":[1]}"};
    char args[512];
    uint64_t id = arg & 15;
    snprintf(args, sizeof(args),
             "{\"request_id\":%llu,\"response\":{\"success\":%s,\"output\":%s," USED
             ",\"refund_usd\":%u}}",
             (unsigned long long)id, arg & 64 ? "false" : "true", outputs[arg >> 4 & 3], arg);
    CHECK(!call("alice.test", 0, "resolve_execution", args));
    call("operator.test", 0, "resolve_execution", args);
    if (arg & 128)
        mock_run();
}

static void credit(uint8_t arg)
{
    char args[256];
    snprintf(args, sizeof(args),
             "{\"sender_id\":\"%s\",\"amount\":\"%u\",\"msg\":\"{\\\"action\\\":\\\"deposit_"
             "balance\\\"}\"}",
             people[arg & 1], 100u + arg);
    CHECK(!call("bob.test", 0, "ft_on_transfer", args));
    CHECK(call("token.test", 0, "ft_on_transfer", args));
    credited += 100u + arg;
}

static void step(uint8_t what, uint8_t arg)
{
    const char *who = people[arg & 1];
    const char *secret =
        "{\"accessor\":{\"WasmHash\":{\"hash\":"
        "\"38f9166c1d6910fc8b616610d690b717686c5d79d201a1938b83d62607ee08e4\"}},\"profile\":"
        "\"p#\",\"encrypted_secrets_base64\":\"YWJj\",\"access\":\"AllowAll\",\"new_access\":"
        "{\"Whitelist\":{\"accounts\":[\"carol.test\"]}}}";
    switch (what % 18) {
    case 0:
    case 1:
    case 2:
        ask(who, arg);
        break;
    case 3:
    case 4:
        answer(arg);
        break;
    case 5:
        mock_blocks(arg);
        break;
    case 6:
        mock_run();
        break;
    case 7:
        calln(who, 0, "cancel_stale_execution", "{\"request_id\":#}", arg >> 2);
        break;
    case 8:
        CHECK(
            !calln("alice.test", 0, "emergency_cancel_execution", "{\"request_id\":#}", arg & 15));
        calln("owner.test", 0, "emergency_cancel_execution", "{\"request_id\":#}", arg & 15);
        break;
    case 9:
        paused = arg & 1;
        CHECK(!call("bob.test", 0, "set_paused",
                    paused ? "{\"paused\":true}" : "{\"paused\":false}"));
        CHECK(call("owner.test", 0, "set_paused",
                   paused ? "{\"paused\":true}" : "{\"paused\":false}"));
        break;
    case 10: {
        bool ok = call(who, NEAR_1 / 10, "create_project",
                       arg & 2 ? "{\"name\":\"dice\",\"source\":" WASM "}"
                               : "{\"name\":\"x\",\"source\":" GITHUB "}");
        CHECK(!ok || !paused);
        break;
    }
    case 11:
        calln(who, NEAR_1 / 10, "add_version",
              "{\"project_name\":\"dice\",\"source\":{\"GitHub\":{\"repo\":\"r\",\"commit\":\"c%"
              "llu\"}},\"set_active\":"
              "true}",
              arg >> 5);
        break;
    case 12:
        if (arg & 2)
            calln(who, 0, "remove_version", "{\"project_name\":\"dice\",\"version_key\":\"r@c#\"}",
                  arg >> 5);
        else
            call(who, 0, "delete_project", "{\"project_name\":\"dice\"}");
        break;
    case 13:
        calln(who, NEAR_1 / 10, arg & 2 ? "store_secrets" : "update_access", secret, arg >> 5);
        break;
    case 14:
        calln(who, 0, "delete_secrets", secret, arg >> 5);
        break;
    case 15:
        credit(arg);
        break;
    case 16:
        call("bob.test", NEAR_1 / 10, "accept_project_transfer",
             arg & 2 ? "{\"from\":\"alice.test\",\"name\":\"dice\"}"
                     : "{\"from\":\"alice.test\",\"name\":\"dice\",\"accept\":false}");
        if (arg & 4)
            call("alice.test", 0, "transfer_project",
                 "{\"project_name\":\"dice\",\"new_owner\":\"bob.test\"}");
        break;
    case 17:
        call("owner.test", 0, arg & 2 ? "set_project_pricing" : "remove_project_pricing",
             "{\"project_id\":\"alice.test/"
             "dice\",\"pricing\":{\"author_account_id\":\"bob.test\",\"operations\":[{"
             "\"operation\":\"roll\",\"price_usd\":\"100\",\"developer_share_bp\":3333}]}}");
        break;
    default:
        break;
    }
}

static u128 fees(void)
{
    struct str v;
    struct json j;
    u128 n;
    CHECK(mock_view("get_stats", STR("{}"), &v) && json_parse(v, &j, NULL));
    CHECK(json_u128_str(json_at(j, 1), &n));
    return n;
}

static void finish(u128 first, uint64_t storage)
{
    for (int i = 0; i < 8; i++)
        CHECK(call("owner.test", 0, "clear_all_pending_requests", "{}"));
    mock_run();
    CHECK(usd_known() == credited);
    for (size_t p = 0; p < 2; p++) {
        call(people[p], 0, "delete_project", "{\"project_name\":\"dice\"}");
        call(people[p], 0, "delete_project", "{\"project_name\":\"x\"}");
        for (unsigned i = 0; i < 8; i++)
            calln(people[p], 0, "delete_secrets",
                  "{\"accessor\":{\"WasmHash\":{\"hash\":"
                  "\"38f9166c1d6910fc8b616610d690b717686c5d79d201a1938b83d62607ee08e4\"}},"
                  "\"profile\":\"p#\"}",
                  i);
    }
    call("bob.test", 0, "accept_project_transfer",
         "{\"from\":\"alice.test\",\"name\":\"dice\",\"accept\":false}");
    mock_run();
    CHECK(mock_balance("outlayer.test") == first + fees());
    /* what is left are balances in the stablecoin: 2 rows of up to 2 people */
    CHECK(mock_storage() <= storage + 4 * 80);
    for (size_t i = 0; i < mock.n_receipts; i++)
        CHECK(mock.receipts[i].is_yield || mock_result(i, NULL) != MOCK_WAITING ||
              mock.receipts[i].state == MOCK_RETURNED);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    mock_init("outlayer.test", 100 * NEAR_1);
    for (size_t i = 0; i < countof(people); i++)
        mock_account_add(people[i], 1000 * NEAR_1);
    paused = false;
    credited = 0;
    CHECK(call("outlayer.test", 0, "new",
               "{\"owner_id\":\"owner.test\",\"operator_id\":\"operator.test\"}"));
    CHECK(
        call("owner.test", 0, "set_payment_token_contract", "{\"token_contract\":\"token.test\"}"));
    u128 money = mock_total(), first = mock_balance("outlayer.test");
    uint64_t storage = mock_storage();

    for (size_t i = 0; i + 1 < n && i < 2 * STEPS; i += 2) {
        step(bytes[i], bytes[i + 1]);
        CHECK(mock_total() == money);
        CHECK(mock_balance("outlayer.test") >= first + fees());
        if (i % 16 == 0)
            CHECK(usd_known() <= credited);
    }
    finish(first, storage);
    CHECK(mock_total() == money);
    mock_end();
    return 0;
}
