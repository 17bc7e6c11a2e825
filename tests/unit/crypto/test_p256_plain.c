/* The library-free P-256 gives OpenSSL's answer: everywhere, and where the formulas have corners.
 */
#include "test.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <string.h>

#include "codec/hex.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/p256_plain.h"

static EC_GROUP *group;
static BN_CTX *cx;
static const BIGNUM *order;

static int setup(void **state)
{
    (void)state;
    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    cx = BN_CTX_new();
    order = EC_GROUP_get0_order(group);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    EC_GROUP_free(group);
    BN_CTX_free(cx);
    return 0;
}

static BIGNUM *number(uint64_t v)
{
    BIGNUM *n = BN_new();

    assert_true(BN_set_word(n, v));
    return n;
}

static BIGNUM *random_number(void)
{
    BIGNUM *n = BN_new();

    do
        assert_true(BN_rand_range(n, order));
    while (BN_is_zero(n));
    return n;
}

static void key_of(const EC_POINT *q, uint8_t out[64])
{
    uint8_t b[65];

    assert_int_equal(EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, b, sizeof b, cx),
                     65);
    memcpy(out, b + 1, 64);
}

/* Both say `want`, or the same when it is below 0. */
static void both(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64], int want)
{
    bool got = p256_plain_verify(key, digest, sig);

    assert_int_equal(got, p256_verify(key, digest, sig));
    if (want >= 0)
        assert_int_equal(got, want);
}

/*
 * The signature and the digest that make a verifier compute u1 G + u2 Q for a result with this x:
 * r = x, s = r / u2, e = u1 s.
 */
static void from_sums(const EC_POINT *q, const BIGNUM *u1, const BIGNUM *u2, const BIGNUM *x,
                      int want)
{
    uint8_t key[64], digest[32], sig[64];
    BIGNUM *r = BN_new(), *s = BN_new(), *e = BN_new();

    assert_true(BN_nnmod(r, x, order, cx));
    assert_non_null(BN_mod_inverse(s, u2, order, cx));
    assert_true(BN_mod_mul(s, s, r, order, cx));
    assert_true(BN_mod_mul(e, u1, s, order, cx));
    key_of(q, key);
    assert_int_equal(BN_bn2binpad(r, sig, 32), 32);
    assert_int_equal(BN_bn2binpad(s, sig + 32, 32), 32);
    assert_int_equal(BN_bn2binpad(e, digest, 32), 32);
    both(key, digest, sig, want);
    BN_free(r);
    BN_free(s);
    BN_free(e);
}

/* 2^261 times x, in limbs: the form of the table. */
static void assert_form(const int32_t limbs[P256_LIMBS], const BIGNUM *x)
{
    BIGNUM *p = BN_new(), *v = BN_new();

    assert_true(EC_GROUP_get_curve(group, p, NULL, NULL, cx));
    assert_true(BN_lshift(v, x, 261));
    assert_true(BN_nnmod(v, v, p, cx));
    for (int i = 0; i < P256_LIMBS; i++) {
        uint64_t limb = BN_mod_word(v, 1ul << 29);

        assert_int_equal(limb, limbs[i]);
        assert_true(BN_rshift(v, v, 29));
    }
    BN_free(p);
    BN_free(v);
}

static void test_table(void **state)
{
    EC_POINT *q = EC_POINT_new(group);
    BIGNUM *x = BN_new(), *y = BN_new();

    (void)state;
    for (unsigned i = 0; i < P256_MULTIPLE; i++) {
        BIGNUM *k = number(2 * i + 1);

        assert_true(EC_POINT_mul(group, q, k, NULL, NULL, cx));
        assert_true(EC_POINT_get_affine_coordinates(group, q, x, y, cx));
        assert_form(p256_plain_multiples[i][0], x);
        assert_form(p256_plain_multiples[i][1], y);
        BN_free(k);
    }
    BN_free(x);
    BN_free(y);
    EC_POINT_free(q);
}

/* Keys that are small multiples of the generator, or their opposites, and small factors: every
 * pair of points that an addition can stumble over comes up. */
static void test_small(void **state)
{
    EC_POINT *q = EC_POINT_new(group), *sum = EC_POINT_new(group);
    BIGNUM *x = BN_new();
    const int most = 20;

    (void)state;
    for (int k = -most; k <= most; k += 3) {
        BIGNUM *key = number((uint64_t)(k < 0 ? -k : k));

        if (k < 0)
            assert_true(BN_sub(key, order, key));
        assert_true(EC_POINT_mul(group, q, key, NULL, NULL, cx));
        for (int a = 0; a <= most; a++) {
            for (int b = 1; b <= most; b += 2) {
                BIGNUM *u1 = number((uint64_t)a), *u2 = number((uint64_t)b);

                if (a % 3 == 1)
                    assert_true(BN_sub(u1, order, u1));
                if (b % 4 == 1)
                    assert_true(BN_sub(u2, order, u2));
                assert_true(EC_POINT_mul(group, sum, u1, q, u2, cx));
                if (EC_POINT_is_at_infinity(group, sum)) {
                    from_sums(q, u1, u2, u1, 0);
                } else {
                    assert_true(EC_POINT_get_affine_coordinates(group, sum, x, NULL, cx));
                    from_sums(q, u1, u2, x, 1);
                    assert_true(BN_add_word(x, 1));
                    from_sums(q, u1, u2, x, 0);
                }
                BN_free(u1);
                BN_free(u2);
            }
        }
        BN_free(key);
    }
    BN_free(x);
    EC_POINT_free(q);
    EC_POINT_free(sum);
}

/* x of the sum is not below the order: r is x less the order, one in 2^32 by chance. */
static void test_large_x(void **state)
{
    EC_POINT *r = EC_POINT_new(group), *q = EC_POINT_new(group), *g = EC_POINT_new(group);
    BIGNUM *x = BN_dup(order), *inverse = BN_new(), *p = BN_new();
    int found = 0;

    (void)state;
    assert_true(EC_GROUP_get_curve(group, p, NULL, NULL, cx));
    for (int i = 1; found < 20; i++) {
        BIGNUM *u1 = random_number(), *u2 = random_number();

        assert_true(BN_add_word(x, 1));
        if (found == 10 && i < 1000) { /* and from the other end: p - 1, … */
            assert_true(BN_copy(x, p));
            assert_true(BN_sub_word(x, 1000));
            i = 1000;
        }
        assert_true(BN_cmp(x, p) < 0);
        if (EC_POINT_set_compressed_coordinates(group, r, x, i & 1, cx)) {
            found++;
            assert_true(EC_POINT_mul(group, g, u1, NULL, NULL, cx)); /* q = (r - u1 G) / u2 */
            assert_true(EC_POINT_invert(group, g, cx));
            assert_true(EC_POINT_add(group, g, r, g, cx));
            assert_non_null(BN_mod_inverse(inverse, u2, order, cx));
            assert_true(EC_POINT_mul(group, q, NULL, g, inverse, cx));
            from_sums(q, u1, u2, x, 1);
            assert_true(EC_POINT_invert(group, q, cx));
            from_sums(q, u1, u2, x, 0);
        }
        BN_free(u1);
        BN_free(u2);
    }
    BN_free(x);
    BN_free(p);
    BN_free(inverse);
    EC_POINT_free(r);
    EC_POINT_free(q);
    EC_POINT_free(g);
}

static void hex(const char *text, uint8_t *out, size_t n)
{
    assert_true(hex_get(str_of(text), out, n));
}

#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define PRIME "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define ONE   "0000000000000000000000000000000000000000000000000000000000000001"
#define LESS  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define PLESS "ffffffff00000001000000000000000000000000fffffffffffffffffffffffe"

/* Numbers at the ends of their ranges, in each place. */
static void test_ends(void **state)
{
    static const char *const ends[] = {ORDER, PRIME, ZEROS, ONES, ONE, LESS, PLESS};
    struct p256_key *k = p256_generate();
    uint8_t key[64], digest[32], sig[64], good[64];

    (void)state;
    p256_public(k, key);
    for (size_t d = 0; d < countof(ends); d++) {
        hex(ends[d], digest, 32);
        p256_sign(k, digest, good);
        both(key, digest, good, 1);
        for (size_t i = 0; i < countof(ends); i++) {
            for (size_t j = 0; j < countof(ends); j++) {
                uint8_t other[64];

                hex(ends[i], sig, 32);
                hex(ends[j], sig + 32, 32);
                both(key, digest, sig, 0);
                hex(ends[i], other, 32);
                hex(ends[j], other + 32, 32);
                both(other, digest, good, 0);
                assert_false(p256_plain_on_curve(other));
                memcpy(sig, good, 64);
                hex(ends[i], sig + (j & 1) * 32, 32);
                both(key, digest, sig, 0);
            }
        }
    }
    p256_free(k);
}

/* A signature is as good with the order less s; r plus the order is another number. */
static void test_high_s(void **state)
{
    struct hash256 h = sha256(STR("high s"));
    struct p256_key *k = p256_generate();
    BIGNUM *s = BN_new();
    uint8_t key[64], sig[64];

    (void)state;
    p256_public(k, key);
    for (int i = 0; i < 20; i++) {
        h.b[3] = (uint8_t)i;
        p256_sign(k, h.b, sig);
        assert_non_null(BN_bin2bn(sig + 32, 32, s));
        assert_true(BN_sub(s, order, s));
        assert_int_equal(BN_bn2binpad(s, sig + 32, 32), 32);
        both(key, h.b, sig, 1);
    }
    BN_free(s);
    p256_free(k);
}

static void test_random(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        struct p256_key *k = p256_generate();
        uint8_t key[64], digest[32], sig[64];

        p256_public(k, key);
        assert_true(p256_plain_on_curve(key));
        random_bytes(digest, sizeof digest);
        p256_sign(k, digest, sig);
        both(key, digest, sig, 1);
        key[i % 64] ^= (uint8_t)(1 << i % 8);
        assert_false(p256_plain_on_curve(key));
        both(key, digest, sig, 0);
        key[i % 64] ^= (uint8_t)(1 << i % 8);
        sig[i % 64] ^= (uint8_t)(1 << i / 64 % 8);
        both(key, digest, sig, 0);
        random_bytes(sig, sizeof sig);
        both(key, digest, sig, 0);
        p256_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_small),  cmocka_unit_test(test_large_x),
        cmocka_unit_test(test_ends),  cmocka_unit_test(test_high_s), cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
