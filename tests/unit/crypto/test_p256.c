/* P-256 and SHA-384: published vectors, and what is no key and no signature. */
#include "test.h"

#include <string.h>

#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/p256.h"

static void bytes(const char *hex, void *out, size_t n)
{
    assert_true(hex_get(str_of(hex), out, n));
}

/* RFC 6979, appendix A.2.5: P-256, SHA-256, message "sample". */
static const char scalar_hex[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char key_hex[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                              "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char sig_hex[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                              "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
static const char order_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

static void test_vector(void **state)
{
    struct hash256 h = sha256(STR("sample"));
    uint8_t scalar[32], key[64], sig[64], got[64];
    struct p256_key *k;

    (void)state;
    bytes(scalar_hex, scalar, 32);
    bytes(key_hex, key, 64);
    bytes(sig_hex, sig, 64);
    k = p256_from_scalar(scalar);
    assert_non_null(k);
    p256_public(k, got);
    assert_memory_equal(got, key, 64);
    assert_true(p256_verify(key, h.b, sig));
    for (size_t i = 0; i < 64; i++) {
        sig[i] ^= 1;
        assert_false(p256_verify(key, h.b, sig));
        sig[i] ^= 1;
        key[i] ^= 1; /* off the curve */
        assert_false(p256_verify(key, h.b, sig));
        key[i] ^= 1;
    }
    h.b[31] ^= 1;
    assert_false(p256_verify(key, h.b, sig));
    p256_sign(k, h.b, got);
    assert_true(p256_verify(key, h.b, got));
    p256_free(k);
}

static void test_ranges(void **state)
{
    struct hash256 h = sha256(STR("sample"));
    uint8_t key[64], sig[64], zero[64] = {0}, order[32], scalar[32] = {0};

    (void)state;
    bytes(key_hex, key, 64);
    bytes(order_hex, order, 32);
    for (int half = 0; half < 2; half++) {
        bytes(sig_hex, sig, 64);
        memset(sig + 32 * half, 0, 32);
        assert_false(p256_verify(key, h.b, sig));
        memcpy(sig + 32 * half, order, 32);
        assert_false(p256_verify(key, h.b, sig));
        memset(sig + 32 * half, 0xff, 32);
        assert_false(p256_verify(key, h.b, sig));
    }
    bytes(sig_hex, sig, 64);
    assert_false(p256_verify(zero, h.b, sig));
    assert_null(p256_from_scalar(scalar));
    assert_null(p256_from_scalar(order));
    order[31]--;
    {
        struct p256_key *k = p256_from_scalar(order);

        assert_non_null(k);
        p256_free(k);
    }
}

static void test_generated(void **state)
{
    struct p256_key *one = p256_generate(), *two = p256_generate();
    struct hash256 h = sha256(STR("message"));
    uint8_t a[64], b[64], sig[64];

    (void)state;
    p256_public(one, a);
    p256_public(two, b);
    assert_memory_not_equal(a, b, 64);
    for (int i = 0; i < 200; i++) { /* r and s of every length */
        h.b[0] = (uint8_t)i;
        p256_sign(one, h.b, sig);
        assert_true(p256_verify(a, h.b, sig));
        assert_false(p256_verify(b, h.b, sig));
    }
    p256_free(one);
    p256_free(two);
}

static void test_sha384(void **state)
{
    uint8_t want[48], got[48];

    (void)state;
    bytes("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca1"
          "34c825a7",
          want, 48);
    sha384(STR("abc"), got); /* FIPS 180-4 */
    assert_memory_equal(got, want, 48);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_generated),
        cmocka_unit_test(test_sha384),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
