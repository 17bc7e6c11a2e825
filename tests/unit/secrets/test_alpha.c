/* test_alpha.c — the text that verifiable randomness is drawn for reads in one way only. */
#include <string.h>

#include "test.h"

#include "secrets/alpha.h"

static void writes_and_reads(void **state)
{
    const struct alpha a = {98321, STR("alice.near"), STR("coin-flip")};
    struct buf text = BUF_INIT(ALPHA_MAX), why = WHY_INIT;
    struct alpha b;

    (void)state;
    assert_ok(alpha_put(&text, &a, &why), why);
    assert_buf(text, "vrf:98321:alice.near:coin-flip");
    assert_ok(alpha_parse(buf_str(&text), &b, &why), why);
    assert_int_equal(b.request_id, 98321);
    assert_str(b.account_id, "alice.near");
    assert_str(b.seed, "coin-flip");
    /* the program may leave its own part empty */
    assert_ok(alpha_parse(STR("vrf:0:alice.near:"), &b, &why), why);
    assert_int_equal(b.seed.len, 0);
    buf_release(&text);
    buf_release(&why);
}

static void refuses_other_readings(void **state)
{
    static const char *const texts[] = {
        "",
        "vrf",
        "vrf:",
        "vrf:1",
        "vrf:1:alice.near",
        "vrf:1:alice.near:a:b",
        "vrf:1::seed",
        "vrf:1:Alice:seed",
        "vrf:01:alice.near:seed",
        "vrf:+1:alice.near:seed",
        "vrf: 1:alice.near:seed",
        "vrf:18446744073709551616:alice.near:seed",
        "VRF:1:alice.near:seed",
        "vrf-key",
        "vrf:1:alice.near:\xff",
        "wallet:1:alice.near:seed",
    };
    struct buf why = WHY_INIT;
    struct alpha a;

    (void)state;
    for (size_t i = 0; i < countof(texts); i++)
        if (alpha_parse(str_of(texts[i]), &a, &why) != ERR_FORMAT)
            fail_msg("taken: '%s'", texts[i]);
    buf_release(&why);
}

static void refuses_seeds(void **state)
{
    char room[ALPHA_SEED_MAX + 1];
    struct alpha a = {1, STR("alice.near"), STR("a:b")};
    struct buf text = BUF_INIT(ALPHA_MAX), why = WHY_INIT;

    (void)state;
    assert_int_equal(alpha_put(&text, &a, &why), ERR_FORMAT);
    assert_buf(why, "user_seed must not contain ':'");
    memset(room, 'x', sizeof(room));
    a.seed = str_from(room, sizeof(room));
    assert_int_equal(alpha_put(&text, &a, &why), ERR_TOO_BIG);
    a.seed.len--;
    a.request_id = UINT64_MAX;
    assert_ok(alpha_put(&text, &a, &why), why);
    assert_false(text.full);
    a.account_id = STR("");
    assert_int_equal(alpha_put(&text, &a, &why), ERR_FORMAT);
    buf_release(&text);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads),
        cmocka_unit_test(refuses_other_readings),
        cmocka_unit_test(refuses_seeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
