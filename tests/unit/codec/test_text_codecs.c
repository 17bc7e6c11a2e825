/* test_text_codecs.c — hex, base58 and base64 against published vectors, and by round trip. */
#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "codec/base58.h"
#include "codec/base64.h"
#include "codec/hex.h"

static void hex_works(void **state)
{
    struct buf b = BUF_INIT(100);
    uint8_t two[2];

    (void)state;
    hex_put(&b, "\x00\xfa\x5B", 3);
    assert_buf(b, "00fa5b");
    assert_true(hex_get(STR("fA05"), two, 2) && two[0] == 0xfa && two[1] == 5);
    assert_false(hex_get(STR("fA0"), two, 2));
    assert_false(hex_get(STR("fA05aa"), two, 2));
    assert_false(hex_get(STR("fg05"), two, 2));
    assert_true(hex_is_lower(STR("0af")));
    assert_false(hex_is_lower(STR("0aF")));
    buf_release(&b);
}

/* draft-msporny-base58, section 5, and the zero hash as NEAR prints it. */
static void base58_vectors(void **state)
{
    static const struct {
        const char *hex, *text;
    } cases[] = {
        {"48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U"},
        {"54686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f672e",
         "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"},
        {"0000287fb4cd", "11233QC4"},
        {"", ""},
        {"0000000000000000000000000000000000000000000000000000000000000000",
         "11111111111111111111111111111111"},
        {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "GKot5hBsd81kMupNCXHaqbhv3huEbxAFMLnpcX2hniwn"},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf b = BUF_INIT(200);
        uint8_t raw[64], back[64];
        size_t n = strlen(cases[i].hex) / 2;

        assert_true(hex_get(str_of(cases[i].hex), raw, n));
        base58_put(&b, raw, n);
        assert_buf(b, cases[i].text);
        assert_true(base58_get(str_of(cases[i].text), back, n));
        assert_memory_equal(raw, back, n);
        assert_false(base58_get(str_of(cases[i].text), back, n + 1));
        buf_release(&b);
    }
}

static void base58_refuses(void **state)
{
    uint8_t out[32];
    char ones[300];

    (void)state;
    assert_false(base58_get(STR("0"), out, 1)); /* not in the alphabet */
    assert_false(base58_get(STR("I"), out, 1));
    assert_false(base58_get(STR("zz"), out, 1)); /* too large */
    memset(ones, '1', sizeof(ones));
    assert_false(base58_get(str_from(ones, sizeof(ones)), out, 32));
}

/* RFC 4648 section 10 */
static void base64_vectors(void **state)
{
    static const struct {
        const char *raw, *text;
    } cases[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"}};
    static const char *const wrong[] = {
        "Z",    "Zg",   "Zg=",      "Zh==",  "Zm9=", "Zm9v=", "====",
        "Z===", "Zm 9", "Zg==Zg==", "Zm9\n", "-_==", "=Zm9"};

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf b = BUF_INIT(100);

        base64_put(&b, cases[i].raw, strlen(cases[i].raw));
        assert_buf(b, cases[i].text);
        buf_clear(&b);
        assert_true(base64_get(str_of(cases[i].text), &b));
        assert_buf(b, cases[i].raw);
        buf_release(&b);
    }
    for (size_t i = 0; i < countof(wrong); i++) {
        struct buf b = BUF_INIT(100);

        buf_addz(&b, "kept");
        if (base64_get(str_of(wrong[i]), &b))
            fail_msg("accepted %s", wrong[i]);
        assert_buf(b, "kept");
        buf_release(&b);
    }
}

static void everything_comes_back(void **state)
{
    uint8_t raw[BASE58_MAX], back[BASE58_MAX];

    (void)state;
    srandom(1);
    for (size_t n = 0; n <= sizeof(raw); n += n < 128 ? 1 : 509) {
        struct buf b = BUF_INIT(8 * BASE58_MAX), bytes = BUF_INIT(8 * BASE58_MAX);

        for (size_t i = 0; i < n; i++)
            raw[i] = i < n / 4 ? 0 : (uint8_t)random();
        base58_put(&b, raw, n);
        assert_true(base58_get(buf_str(&b), back, n));
        assert_memory_equal(raw, back, n);
        buf_clear(&b);
        base64_put(&b, raw, n);
        assert_true(base64_get(buf_str(&b), &bytes));
        assert_int_equal(bytes.len, n);
        assert_memory_equal(raw, buf_z(&bytes), n);
        buf_release(&b);
        buf_release(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_works),
        cmocka_unit_test(base58_vectors),
        cmocka_unit_test(base58_refuses),
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(everything_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
