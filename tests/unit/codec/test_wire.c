/* test_wire.c — borsh both ways, and readers that go bad and stay bad. */
#include "test.h"

#include "codec/wire.h"

static void comes_back(void **state)
{
    struct buf b = BUF_INIT(1000);
    struct rd r;
    uint8_t three[3];

    (void)state;
    wr_u8(&b, 0xab);
    wr_u16(&b, 0x1234);
    wr_u32(&b, 0xdeadbeef);
    wr_u64(&b, 0x0123456789abcdef);
    wr_u128(&b, (u128)1 << 100 | 5);
    wr_bytes(&b, STR("hi"));
    wr_u8(&b, 1);
    buf_add(&b, "xyz", 3);
    assert_memory_equal(b.ptr, "\xab\x34\x12\xef\xbe\xad\xde\xef\xcd\xab\x89\x67\x45\x23\x01", 15);

    r = rd_over(buf_str(&b));
    assert_int_equal(rd_u8(&r), 0xab);
    assert_int_equal(rd_u16(&r), 0x1234);
    assert_int_equal(rd_u32(&r), 0xdeadbeef);
    assert_true(rd_u64(&r) == 0x0123456789abcdef);
    assert_true(rd_u128(&r) == ((u128)1 << 100 | 5));
    assert_str(rd_text(&r, 2), "hi");
    assert_true(rd_bool(&r));
    assert_int_equal(rd_left(&r), 3);
    assert_false(rd_end(&r)); /* something is left */
    rd_copy(&r, three, 3);
    assert_memory_equal(three, "xyz", 3);
    assert_true(rd_end(&r));
    assert_int_equal(rd_u8(&r), 0);
    assert_false(rd_end(&r));
    buf_release(&b);
}

static void goes_bad_and_stays_bad(void **state)
{
    struct rd r = rd_over(STR("\x05\0\0\0abc"));
    uint8_t out[4] = {9, 9, 9, 9};

    (void)state;
    assert_int_equal(rd_bytes(&r, 10).len, 0); /* five promised, three there */
    assert_int_equal(rd_u8(&r), 0);
    rd_copy(&r, out, 4);
    assert_memory_equal(out, "\0\0\0\0", 4);
    assert_int_equal(rd_left(&r), 0);
    assert_false(rd_end(&r));

    r = rd_over(STR("\x03\0\0\0abc"));
    assert_int_equal(rd_bytes(&r, 2).len, 0); /* over the limit */
    assert_false(rd_end(&r));

    r = rd_over(STR("\xff\xff\xff\xff"));
    assert_int_equal(rd_count(&r, 1000), 0);
    assert_false(rd_end(&r));

    r = rd_over(STR("\x02"));
    assert_false(rd_bool(&r)); /* neither 0 nor 1 */
    assert_false(rd_end(&r));

    r = rd_over(STR("\x01\0\0\0\xff"));
    assert_int_equal(rd_text(&r, 2).len, 0); /* not UTF-8 */
    assert_false(rd_end(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(goes_bad_and_stays_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
