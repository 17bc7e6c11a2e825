/* test_dice.c — the dice example: who is paid, and which numbers it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/hex.h"
#include "sdk/mock/mock.h"

#define NEAR_1 ((u128)1000000000000000000u * 1000000)
#define FEE    (NEAR_1 / 50)

static const uint8_t seed[32] = {9};

static int setup(void **state)
{
    char args[512], key[65];
    uint8_t pub[32];
    struct buf hex = {.ptr = key, .cap = 64, .max = 64, .fixed = true};

    (void)state;
    mock_ed25519_pub(seed, pub);
    hex_put(&hex, pub, sizeof(pub));
    key[64] = '\0';
    mock_init("dice.test", 10 * NEAR_1);
    mock_account_add("alice.test", 10 * NEAR_1);
    mock_account_add("bob.test", 10 * NEAR_1);
    mock_account_add("outlayer.test", 0);
    snprintf(args, sizeof(args),
             "{\"outlayer_id\":\"outlayer.test\",\"vrf_public_key\":\"%s\",\"source\":{\"Project\":"
             "{\"project_id\":\"bob.test/dice\"}}}",
             key);
    assert_int_equal(mock_result(mock_call("bob.test", 0, "new", str_of(args)), NULL), MOCK_OK);
    assert_int_equal(mock_result(mock_call("bob.test", 5 * NEAR_1, "fund", STR("")), NULL),
                     MOCK_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mock_end();
    return 0;
}

static unsigned face_of(const uint8_t signature[64])
{
    uint8_t h[32];

    mock_sha256(str_from(signature, 64), h);
    return (unsigned)(h[0] << 8 | h[1]) % 6 + 1;
}

/* The program's answer for `alpha`, signed; gives the face. */
static unsigned answer_for(const char *alpha, char *out, size_t room)
{
    uint8_t signature[64];
    char text[129];
    struct buf hex = {.ptr = text, .cap = 128, .max = 128, .fixed = true};

    mock_ed25519_sign(seed, str_of(alpha), signature);
    hex_put(&hex, signature, sizeof(signature));
    text[128] = '\0';
    snprintf(out, room, "{\"dice\":[1],\"alpha\":\"%s\",\"signature\":\"%s\"}", alpha, text);
    return face_of(signature);
}

static u128 bank(void)
{
    struct str v;
    struct json doc;
    u128 amount = 0;

    assert_true(mock_view("get_table", STR(""), &v));
    assert_true(json_parse(v, &doc, NULL));
    assert_true(json_u128_str(json_get(doc, "bank"), &amount));
    return amount;
}

/* One NEAR on `guess`; gives the receipt of the call, and of the request in `out`. */
static size_t bet(const char *who, const char *signer, unsigned guess, size_t *out)
{
    char args[64];
    size_t from = mock.n_receipts, r;

    snprintf(args, sizeof(args), "{\"guess\":%u}", guess);
    r = mock_call_as(who, signer, FEE + NEAR_1, "bet", str_of(args));
    *out = mock_outgoing(from);
    return r;
}

static void test_pays_by_the_number(void **state)
{
    char answer[512];
    struct str v;
    size_t r, out;
    unsigned face = answer_for("vrf:41:alice.test:bet-0", answer, sizeof(answer));

    (void)state;
    r = bet("alice.test", "alice.test", face, &out);
    const struct mock_action *a = &mock.receipts[out].actions[0];
    assert_true(str_eqz(buf_str(&a->method), "request_execution"));
    assert_true(a->deposit == FEE);
    assert_true(str_eqz(
        buf_str(&a->args),
        "{\"source\":{\"Project\":{\"project_id\":\"bob.test/dice\"}},\"input_data\":"
        "\"{\\\"sides\\\":6,\\\"count\\\":1,\\\"seed\\\":\\\"bet-0\\\"}\",\"response_format\":"
        "\"Json\",\"payer_account_id\":\"alice.test\"}"));
    assert_true(bank() == 0); /* five are at stake */
    u128 before = mock_balance("alice.test");
    mock_answer(out, true, str_of(answer));
    mock_run();
    assert_int_equal(mock_result(r, &v), MOCK_OK);
    assert_int_equal(v.ptr[0] - '0', (int)face);
    assert_true(mock_balance("alice.test") - before == 6 * NEAR_1);
    assert_true(bank() == 0);
    assert_true(mock_logged("\"event\":\"rolled\""));

    /* lost: the bank has it */
    mock_call("bob.test", 5 * NEAR_1, "fund", STR(""));
    face = answer_for("vrf:42:alice.test:bet-1", answer, sizeof(answer));
    bet("alice.test", "alice.test", face % 6 + 1, &out);
    before = mock_balance("alice.test");
    mock_answer(out, true, str_of(answer));
    mock_run();
    assert_true(mock_balance("alice.test") == before);
    assert_true(bank() == 6 * NEAR_1);
}

static void voids(size_t n, const char *answer, bool ok)
{
    size_t out;
    u128 before = mock_balance("alice.test"), had = bank();

    (void)bet("alice.test", "alice.test", 1, &out);
    mock_clear_logs();
    mock_answer(out, ok, str_of(answer));
    mock_run();
    if (!mock_logged("\"event\":\"void\""))
        fail_msg("answer %zu was taken: %s", n, answer);
    assert_true(mock_balance("alice.test") == before - FEE);
    assert_true(bank() == had);
}

static void test_takes_no_other_number(void **state)
{
    static const char *const alphas[] = {
        "vrf:41:alice.test:bet-7", /* another bet's */
        "vrf:41:bob.test:bet-0",   /* another account's */
        "vrf:41:alice.test:dice",  /* another program's */
        "vrf::alice.test:bet-0",    "vrf:x:alice.test:bet-0",    "vrf:41:alice.test:bet-0:x",
        "VRF:41:alice.test:bet-0",  "vrf:41:x:alice.test:bet-0", "",
        "vrf:41:alice.test:bet-00",
    };
    char answer[600];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < countof(alphas); i++) {
        setup(NULL); /* bets are numbered from 0 */
        (void)answer_for(alphas[i], answer, sizeof(answer));
        voids(n++, answer, true);
        mock_end();
    }
    setup(NULL);
    voids(n++, "no", false);
    voids(n++, "null", true);
    voids(n++, "not JSON", true);
    voids(n++, "{\"dice\":[1]}", true);
    /* one bit of the signature */
    (void)answer_for("vrf:41:alice.test:bet-4", answer, sizeof(answer));
    char *digit = strstr(answer, "signature\":\"") + 20;
    *digit = *digit == '0' ? '1' : '0';
    voids(n++, answer, true);
}

static void test_signer_and_player(void **state)
{
    char answer[512];
    size_t out;
    unsigned face = answer_for("vrf:41:alice.test:bet-0", answer, sizeof(answer));

    /* The number is drawn for who signed; who bet is paid. */
    (void)state;
    mock_account_add("proxy.test", 10 * NEAR_1);
    (void)bet("proxy.test", "alice.test", face, &out);
    u128 before = mock_balance("proxy.test");
    mock_answer(out, true, str_of(answer));
    mock_run();
    assert_true(mock_balance("proxy.test") - before == 6 * NEAR_1);
}

static void fails(const char *who, u128 deposit, const char *method, const char *args,
                  const char *says)
{
    struct str v;

    if (mock_result(mock_call(who, deposit, method, str_of(args)), &v) != MOCK_FAILED ||
        str_find(v, str_of(says)) == v.len)
        fail_msg("%s %s: %.*s", method, args, STR_ARG(v));
}

static void test_refusals(void **state)
{
    struct str v;
    size_t out;

    (void)state;
    fails("alice.test", FEE + NEAR_1, "bet", "{\"guess\":0}", "guess is 1 to 6");
    fails("alice.test", FEE + NEAR_1, "bet", "{\"guess\":7}", "guess is 1 to 6");
    fails("alice.test", FEE, "bet", "{\"guess\":1}", "Attach");
    fails("alice.test", FEE + NEAR_1 + 1, "bet", "{\"guess\":1}", "The bank has");
    fails("alice.test", 0, "withdraw", "{\"amount\":\"1\"}", "Only owner");
    fails("alice.test", 0, "on_rolled", "{\"bet\":0}", "private");
    fails("bob.test", 0, "new",
          "{\"outlayer_id\":\"o.test\",\"vrf_public_key\":\"00\",\"source\":{}}", "initialized");
    /* what is at stake cannot be taken out */
    (void)bet("alice.test", "alice.test", 1, &out);
    fails("bob.test", 0, "withdraw", "{\"amount\":\"1\"}", "at stake");
    mock_answer(out, false, STR(""));
    mock_run();
    u128 before = mock_balance("bob.test");
    char args[64];
    snprintf(args, sizeof(args), "{\"amount\":\"5000000000000000000000000\"}");
    assert_int_equal(mock_result(mock_call("bob.test", 0, "withdraw", str_of(args)), &v), MOCK_OK);
    mock_run();
    assert_true(mock_balance("bob.test") - before == 5 * NEAR_1);
    assert_true(bank() == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pays_by_the_number, setup, teardown),
        cmocka_unit_test_setup_teardown(test_takes_no_other_number, NULL, teardown),
        cmocka_unit_test_setup_teardown(test_signer_and_player, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
