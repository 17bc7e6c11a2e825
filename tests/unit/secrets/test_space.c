/* test_space.c — whose storage: names that are taken, seeds, keys. */
#include <string.h>

#include "test.h"

#include "codec/hex.h"
#include "secrets/space.h"

static void takes_names(void **state)
{
    static const struct {
        const char *project, *account;
        bool ok;
    } cases[] = {
        {"p0000000000000001", "alice.near", true},
        {"p00000000000000ff", "@worker", true},
        {"p0000000000000001", "a-b_c.9", true},
        {"p000000000000001", "alice.near", false},
        {"p00000000000000001", "alice.near", false},
        {"P0000000000000001", "alice.near", false},
        {"p000000000000000G", "alice.near", false},
        {"p000000000000000A", "alice.near", false},
        {"", "alice.near", false},
        {"p0000000000000001", "", false},
        {"p0000000000000001", "@", false},
        {"p0000000000000001", "@worker2", false},
        {"p0000000000000001", "a:b", false},
        {"p0000000000000001", "../x", false},
        {"p0000000000000001", "Alice", false},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        const struct space s = {str_of(cases[i].project), str_of(cases[i].account)};
        if (space_ok(&s) != cases[i].ok)
            fail_msg("%s %s", cases[i].project, cases[i].account);
    }
}

static void makes_seeds_and_takes_them_apart(void **state)
{
    const struct space s = {STR("p0000000000000007"), STR("alice.near")};
    struct buf seed = BUF_INIT(SPACE_SEED_MAX);
    struct space back;

    (void)state;
    space_seed(&seed, &s);
    assert_buf(seed, "storage:p0000000000000007:alice.near");
    assert_true(space_of_seed(buf_str(&seed), &back));
    assert_true(str_eq(back.project, s.project) && str_eq(back.account, s.account));
    assert_false(space_of_seed(STR("storage:p0000000000000007"), &back));
    assert_false(space_of_seed(STR("storage:p0000000000000007:alice.near:x"), &back));
    assert_false(space_of_seed(STR("storage:wasm:00:alice.near"), &back));
    assert_false(space_of_seed(STR("project:alice.near/app:alice.near"), &back));
    assert_false(space_of_seed(STR(""), &back));
    buf_release(&seed);
}

/* HMAC-SHA256 by Python's hmac. */
static void derives_as_written_down(void **state)
{
    struct buf hex = BUF_INIT(100);
    struct master m;
    struct box_key k;

    (void)state;
    for (size_t i = 0; i < sizeof(m.b); i++)
        m.b[i] = (uint8_t)i;
    space_key(&m, STR("storage:p0000000000000007:alice.near"), &k);
    hex_put(&hex, k.b, sizeof(k.b));
    assert_buf(hex, "944668b7f5f9d0b3bb8a7ed1c623de7679158fa4c93e92b52c422a697175435b");
    box_key_wipe(&k);
    assert_int_equal(k.b[0], 0);
    buf_release(&hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_names),
        cmocka_unit_test(makes_seeds_and_takes_them_apart),
        cmocka_unit_test(derives_as_written_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
