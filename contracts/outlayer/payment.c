/*
 * payment.c — payment keys of web users: topped up in the stablecoin, set up and deleted by a
 * worker.
 *
 * A payment key is a secret row with the accessor System; its balance is inside the ciphertext,
 * which only a worker can change. So a top-up yields: the worker answers with the new ciphertext,
 * and the token contract learns from the yield's value how much to give back.
 */
#include "codec/hex.h"
#include "outlayer/project.h"
#include "outlayer/secret.h"

#define TOP_UP_GAS   (30 * TGAS)
#define DELETE_GAS   (30 * TGAS)
#define MIN_TOP_UP   10000u
#define WRAP_GAS     (10 * TGAS)
#define SWAP_GAS     (30 * TGAS)
#define MIN_NEAR     ((u128)10000000000000000u * 1000000) /* 10^22: to swap, and again to run */
#define SWAP_DEPOSIT ((u128)15000000000000000u * 1000000) /* 0.015 NEAR */
#define SWAP_PROJECT "publishintent.near/payment-keys-with-intents"

void need_yocto(void)
{
    REQUIRE(near_deposit(), "Requires attached deposit of at least 1 yoctoNEAR");
}

static void system_event(struct str data)
{
    struct config c;
    config_load(&c);
    near_event(c.standard, c.version, "system_event", data);
}

static struct str id_text(const struct yield_id *id)
{
    struct buf b = near_buf();
    json_arr(&b);
    for (size_t i = 0; i < sizeof(id->b); i++)
        json_put_u64(&b, id->b[i]);
    json_arr_end(&b);
    return buf_str(&b);
}

/* The ciphertext is base64: nothing in it needs an escape. */
void event_top_up(const struct yield_id *id, struct str owner, uint32_t nonce, u128 amount,
                  struct str cipher)
{
    system_event(TEXT("{\"TopUpPaymentKey\":{\"data_id\":{},\"owner\":\"{}\",\"nonce\":{},"
                      "\"amount\":\"{}\",\"encrypted_data\":\"{}\"}}",
                      id_text(id), owner, near_dec(nonce), near_dec(amount), cipher));
}

static uint32_t key_find(struct str owner, uint64_t nonce, struct directory *d, struct secret *s)
{
    struct accessor a = accessor_payment_key();
    *d = directory_load(owner);
    return secret_find(d, &a, near_dec(nonce), s);
}

static NORETURN void key_missing(struct str owner, uint64_t nonce)
{
    PANIC("Payment key not found: owner={}, nonce={}", owner, near_dec(nonce));
}

/* ---- tokens coming in (NEP-141) ---- */

static void top_up(struct str owner, uint32_t nonce, u128 amount)
{
    struct directory d;
    struct secret s;
    struct yield_id id;

    REQUIRE(amount >= MIN_TOP_UP, "Minimum top-up is $0.01 (10000 minimal units)");
    if (key_find(owner, nonce, &d, &s) == UINT32_MAX)
        key_missing(owner, nonce);
    uint64_t p = yield_create("on_top_up_response",
                              TEXT("{\"owner\":\"{}\",\"nonce\":{},\"amount\":\"{}\"}", owner,
                                   near_dec(nonce), near_dec(amount)),
                              TOP_UP_GAS, 1, &id);
    event_top_up(&id, owner, nonce, amount, s.cipher);
    promise_return(p);
}

static void buy(struct str payer, struct str owner, uint64_t nonce, uint64_t plan, u128 amount)
{
    struct directory d;
    struct secret s;
    u128 price;

    if (key_find(owner, nonce, &d, &s) == UINT32_MAX)
        PANIC("No payment key {}:{}. Create it before buying a subscription for it.", owner,
              near_dec(nonce));
    if (!plan_price(plan, &price) || price > amount)
        PANIC("No plan {} on sale that {} covers. Check get_subscription_plans().", near_dec(plan),
              near_dec(amount));
    system_event(TEXT("{\"SubscriptionPurchased\":{\"owner\":\"{}\",\"nonce\":{},\"plan\":{},"
                      "\"paid_usd\":\"{}\",\"payer\":\"{}\"}}",
                      owner, near_dec(nonce), near_dec(plan), near_dec(price), payer));
    near_return_u128(amount - price);
}

NEAR_CALL(ft_on_transfer)
{
    struct str sender = arg_account(args, "sender_id"), owner = sender;
    struct str token = near_predecessor();
    u128 amount = arg_u128(args, "amount");
    struct str text = arg_str(args, "msg");
    struct json msg, action;
    struct config c;
    config_load(&c);

    REQUIRE(c.token.len, "Payment token contract not configured");
    if (!str_eq(c.token, token))
        PANIC("Invalid token contract. Expected: {}, got: {}", c.token, token);
    REQUIRE(json_parse(text, &msg, NULL) && json_type(msg) == JSON_OBJECT,
            "msg must be a JSON object with an `action`");
    arg_opt_account(msg, "owner", &owner);
    action = json_get(msg, "action");
    if (json_str_eq(action, STR("top_up_payment_key"))) {
        top_up(owner, arg_u32(msg, "nonce"), amount);
    } else if (json_str_eq(action, STR("deposit_balance"))) {
        usd_credit(sender, amount);
        near_return_u128(0);
    } else if (json_str_eq(action, STR("buy_subscription"))) {
        buy(sender, owner, arg_u32(msg, "nonce"), arg_u64(msg, "plan"), amount);
    } else {
        near_bad_args("unknown variant of", "action");
    }
}

/* ---- answers of workers ---- */

static void resume(struct json args, const char *not_operator)
{
    struct config c;
    struct str who = near_predecessor();
    struct yield_id id;
    struct str hex = arg_str(args, "data_id"), result = arg_get(args, "result").text;

    config_load(&c);
    if (!str_eq(who, c.operator_id))
        near_panic(str_of(not_operator));
    REQUIRE(hex.len % 2 == 0, "Invalid data_id hex");
    REQUIRE(hex.len == 2 * sizeof(id.b), "Invalid data_id length");
    REQUIRE(hex_get(hex, id.b, sizeof(id.b)), "Invalid data_id hex");
    if (!result.ptr)
        near_bad_args("missing field", "result");
    if (!yield_resume(&id, result))
        near_log(STR("nothing waits for this data_id"));
}

NEAR_CALL(resume_topup)
{
    resume(args, "Only operator can resume topup");
}

NEAR_CALL(resume_delete_payment_key)
{
    resume(args, "Only operator can resume delete_payment_key");
}

/* The value is what the token contract gives back to the sender: nothing, or all of it. */
NEAR_CALLBACK(on_top_up_response)
{
    struct str owner = arg_account(args, "owner");
    uint64_t nonce = arg_u64(args, "nonce");
    u128 amount = arg_u128(args, "amount");
    struct directory d;
    struct secret s;
    struct str payload;
    struct json v, fresh = JSON_NONE;

    if (promise_result(0, &payload) && json_parse(payload, &v, NULL))
        fresh = json_get(json_get(v, "Success"), "new_encrypted_data");
    uint32_t i = key_find(owner, nonce, &d, &s);
    size_t n = json_str_len(fresh);
    if (!n || n > CIPHER_MAX || i == UINT32_MAX) {
        LOG("top-up of payment key {} failed", near_dec(nonce));
        near_return_u128(amount);
        return;
    }
    s.cipher = near_json_str(fresh, "new_encrypted_data");
    s.updated = near_timestamp();
    secret_write(&d, i, &s);
    near_return_u128(0);
}

/* ---- deleting ---- */

NEAR_PAYABLE(delete_payment_key)
{
    struct directory d;
    struct secret s;
    struct yield_id id;
    struct str who = near_predecessor();
    uint64_t nonce = arg_u32(args, "nonce");

    need_yocto();
    if (key_find(who, nonce, &d, &s) == UINT32_MAX)
        key_missing(who, nonce);
    pay(who, near_deposit() - 1);
    uint64_t p = yield_create("on_delete_payment_key_response",
                              TEXT("{\"owner\":\"{}\",\"nonce\":{}}", who, near_dec(nonce)),
                              DELETE_GAS, 1, &id);
    system_event(TEXT("{\"DeletePaymentKey\":{\"data_id\":{},\"owner\":\"{}\",\"nonce\":{}}}",
                      id_text(&id), who, near_dec(nonce)));
    promise_return(p);
}

NEAR_CALLBACK(on_delete_payment_key_response)
{
    struct str owner = arg_account(args, "owner");
    uint64_t nonce = arg_u64(args, "nonce");
    struct directory d;
    struct secret s;
    struct str payload;
    struct json v;

    bool ok = promise_result(0, &payload) && json_parse(payload, &v, NULL) &&
              json_str_eq(v, STR("Success"));
    uint32_t i = key_find(owner, nonce, &d, &s);
    if (ok && i != UINT32_MAX) {
        secret_remove(&d, i);
        pay(owner, secret_deposit(&s));
    } else {
        LOG("payment key {} was not deleted", near_dec(nonce));
    }
    near_return_bool(ok);
}

/* ---- topping up with NEAR: wrap, hand to the swap contract, let a project do the rest ---- */

NEAR_PAYABLE(top_up_payment_key_with_near)
{
    struct config c;
    struct str who = near_predecessor(), swap = arg_account(args, "swap_contract_id");
    struct directory d;
    struct secret s;
    uint64_t nonce = arg_u32(args, "nonce");
    u128 deposit = near_deposit();
    struct project project;

    config_not_paused(&c);
    REQUIRE(project_load(STR(SWAP_PROJECT), &project), "Project not found");
    REQUIRE(deposit >= SWAP_DEPOSIT + MIN_NEAR, "Minimum top-up is 0.025 NEAR");
    if (key_find(who, nonce, &d, &s) == UINT32_MAX)
        key_missing(who, nonce);
    u128 amount = deposit - SWAP_DEPOSIT;

    uint64_t p = promise_batch(STR("wrap.near"));
    promise_call(p, "near_deposit", STR("{}"), amount, WRAP_GAS, 0);
    promise_call(p, "ft_transfer",
                 TEXT("{\"receiver_id\":\"{}\",\"amount\":\"{}\"}", swap, near_dec(amount)), 1,
                 SWAP_GAS, 0);
    p = promise_then(p, near_current());
    promise_call(p, "on_near_wrapped",
                 TEXT("{\"owner\":\"{}\",\"nonce\":{},\"amount\":\"{}\",\"swap\":\"{}\"}", who,
                      near_dec(nonce), near_dec(amount), swap),
                 0, YIELD_GAS + 30 * TGAS, 1);
    promise_return(p);
}

/* All goes back when the tokens did not reach the swap contract. */
NEAR_CALLBACK(on_near_wrapped)
{
    struct str who = arg_str(args, "owner"), ignored;
    u128 amount = arg_u128(args, "amount");

    if (!promise_result(0, &ignored)) {
        pay(who, amount + SWAP_DEPOSIT);
        return;
    }
    uint64_t p = promise_batch(near_current());
    promise_call(p, "request_execution",
                 TEXT("{\"source\":{\"Project\":{\"project_id\":\"" SWAP_PROJECT "\"}},"
                      "\"input_data\":\"{\\\"owner\\\":\\\"{}\\\",\\\"nonce\\\":{},\\\"amount\\\":"
                      "\\\"{}\\\",\\\"token_id\\\":\\\"wrap.near\\\",\\\"swap_contract_id\\\":"
                      "\\\"{}\\\"}\",\"payer_account_id\":\"{}\"}",
                      who, near_dec(arg_u32(args, "nonce")), near_dec(amount),
                      arg_str(args, "swap"), who),
                 SWAP_DEPOSIT - 1, YIELD_GAS + 10 * TGAS, 1);
    promise_return(p);
}

NEAR_PAYABLE(top_up_payment_key_with_token)
{
    near_fail("Top-up with other tokens is disabled");
}
