/* test_buf.c — bounded building, arenas, errors. */
#include <string.h>

#include "test.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

static void builds_text(void **state)
{
    struct buf b = BUF_INIT(1000);

    (void)state;
    assert_string_equal(buf_z(&b), "");
    buf_addz(&b, "a");
    buf_add_u64(&b, 0);
    buf_add_byte(&b, ' ');
    buf_add_u64(&b, UINT64_MAX);
    buf_add_byte(&b, ' ');
    buf_add_u128(&b, ~(u128)0);
    buf_addf(&b, " %s=%d", "x", -3);
    assert_buf(b, "a0 18446744073709551615 340282366920938463463374607431768211455 x=-3");
    assert_int_equal(b.ptr[b.len], 0);
    buf_clear(&b);
    buf_add_u128(&b, (u128)UINT64_MAX + 1);
    assert_buf(b, "18446744073709551616");
    buf_clear(&b);
    buf_add_u128(&b, (u128)10000000000000000000u * 10000000000000000000u); /* inner zeros */
    assert_buf(b, "100000000000000000000000000000000000000");
    buf_release(&b);
    buf_release(&b);
}

static void never_passes_its_maximum(void **state)
{
    struct buf b = BUF_INIT(10);

    (void)state;
    for (size_t i = 0; i < 10; i++)
        buf_add_byte(&b, (uint8_t)('0' + i));
    assert_false(b.full);
    buf_add_byte(&b, 'x');
    assert_true(b.full);
    buf_addz(&b, "");
    assert_buf(b, "0123456789");
    buf_clear(&b);
    buf_addz(&b, "12345678901");
    assert_true(b.full);
    assert_int_equal(b.len, 0); /* dropped whole */
    buf_release(&b);
    assert_null(buf_room(&b, SIZE_MAX));
}

static void stays_in_a_given_array(void **state)
{
    char store[8];
    struct buf b = BUF_OVER(store);

    (void)state;
    buf_addz(&b, "1234567");
    assert_false(b.full);
    assert_ptr_equal(b.ptr, store);
    buf_addz(&b, "8");
    assert_true(b.full);
    assert_string_equal(store, "1234567");
    buf_release(&b);
    buf_addz(&b, "ab");
    assert_string_equal(store, "ab");
}

static void arena_keeps_everything_apart(void **state)
{
    struct arena a = ARENA_INIT;
    char *last = NULL;

    (void)state;
    for (size_t n = 1; n < 3000; n += 7) {
        char *p = arena_alloc(&a, n);

        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xa5, n);
        assert_ptr_not_equal(p, last);
        last = p;
    }
    assert_str(arena_str(&a, STR("copy")), "copy");
    arena_release(&a);
    assert_null(a.blocks);
}

static void errors_carry_a_sentence(void **state)
{
    struct buf why = WHY_INIT;

    (void)state;
    assert_int_equal(err_put(&why, ERR_FORMAT, "bad '%s'", "x"), ERR_FORMAT);
    assert_buf(why, "bad 'x'");
    /* a sentence may quote the one it replaces */
    assert_int_equal(err_put(&why, ERR_IO, "open: %s", buf_z(&why)), ERR_IO);
    assert_buf(why, "open: bad 'x'");
    assert_int_equal(err_put(NULL, ERR_DB, "nobody asked"), ERR_DB);
    assert_string_equal(err_name(ERR_TIMEOUT), "TIMEOUT");
    assert_int_equal(err_http(ERR_TOO_BIG), 413);
    assert_true(err_retry(ERR_UPSTREAM));
    assert_false(err_retry(ERR_DENIED));
    buf_release(&why);
}

static void compares_secrets(void **state)
{
    (void)state;
    assert_true(mem_eq_secret("abcd", "abcd", 4));
    assert_false(mem_eq_secret("abcd", "abce", 4));
    assert_false(mem_eq_secret("xbcd", "abcd", 4));
    assert_true(mem_eq_secret("a", "b", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_text),
        cmocka_unit_test(never_passes_its_maximum),
        cmocka_unit_test(stays_in_a_given_array),
        cmocka_unit_test(arena_keeps_everything_apart),
        cmocka_unit_test(errors_carry_a_sentence),
        cmocka_unit_test(compares_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
