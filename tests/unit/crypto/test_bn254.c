/* alt_bn128: sums, multiples, pairings, refusals. */
#include <string.h>

#include "codec/hex.h"
#include "crypto/bn254.h"
#include "test.h"

/* EIP-196 and EIP-197: the generators (most significant byte first, imaginary parts first). */
static const char g1_hex[] = "0000000000000000000000000000000000000000000000000000000000000001"
                             "0000000000000000000000000000000000000000000000000000000000000002";
static const char g1_twice[] = "030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3"
                               "15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4";
static const char g2_hex[] = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                             "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                             "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                             "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
static const char order_hex[] = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
static const char modulus_hex[] =
    "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

/* The number at hex digit 64·i, turned around. */
static void number(const char *hex, unsigned i, uint8_t out[32])
{
    uint8_t b[32];

    assert_true(hex_get(str_from(hex + (size_t)64 * i, 64), b, 32));
    for (unsigned k = 0; k < 32; k++)
        out[k] = b[31 - k];
}

static void g1(const char *hex, uint8_t out[64])
{
    number(hex, 0, out);
    number(hex, 1, out + 32);
}

static void g2(uint8_t out[128])
{
    number(g2_hex, 1, out);
    number(g2_hex, 0, out + 32);
    number(g2_hex, 3, out + 64);
    number(g2_hex, 2, out + 96);
}

static void sums(void **state)
{
    uint8_t items[2 * BN254_SUM_ITEM] = {0}, out[64], want[64];
    static const uint8_t zero[64];
    struct bn254_fault fault;

    (void)state;
    g1(g1_hex, items + 1);
    memcpy(items + BN254_SUM_ITEM, items, BN254_SUM_ITEM);
    assert_true(bn254_g1_sum(str_from(items, sizeof items), out, &fault));
    g1(g1_twice, want);
    assert_memory_equal(out, want, 64);
    items[BN254_SUM_ITEM] = 1; /* one minus one */
    assert_true(bn254_g1_sum(str_from(items, sizeof items), out, &fault));
    assert_memory_equal(out, zero, 64);
    assert_true(bn254_g1_sum(STR_NONE, out, &fault));
    assert_memory_equal(out, zero, 64);
    items[BN254_SUM_ITEM] = 2;
    assert_false(bn254_g1_sum(str_from(items, sizeof items), out, &fault));
    assert_string_equal(fault.what, "invalid bool");
    items[0] = 1;
    items[1] ^= 2;
    assert_false(bn254_g1_sum(str_from(items, sizeof items), out, &fault));
    assert_string_equal(fault.what, "invalid g1");
    assert_int_equal(fault.bytes.len, 64);
    number(modulus_hex, 0, items + 33);
    assert_false(bn254_g1_sum(str_from(items, sizeof items), out, &fault));
    assert_string_equal(fault.what, "invalid fq");
    assert_ptr_equal(fault.bytes.ptr, items + 33);
}

static void multiples(void **state)
{
    uint8_t items[2 * BN254_EXP_ITEM] = {0}, out[64], want[64];
    struct bn254_fault fault;

    (void)state;
    g1(g1_hex, items);
    items[64] = 2;
    assert_true(bn254_g1_multiexp(str_from(items, BN254_EXP_ITEM), out, &fault));
    g1(g1_twice, want);
    assert_memory_equal(out, want, 64);
    number(order_hex, 0, items + 64);
    assert_false(bn254_g1_multiexp(str_from(items, BN254_EXP_ITEM), out, &fault));
    assert_string_equal(fault.what, "invalid fr");
    /* (order - 1)·G + 3·G = 2·G */
    items[64]--;
    g1(g1_hex, items + BN254_EXP_ITEM);
    items[BN254_EXP_ITEM + 64] = 3;
    assert_true(bn254_g1_multiexp(str_from(items, sizeof items), out, &fault));
    assert_memory_equal(out, want, 64);
}

static void pairings(void **state)
{
    uint8_t items[3 * BN254_PAIR] = {0}, minus[BN254_SUM_ITEM] = {1};
    struct bn254_fault fault;
    bool holds = false;

    (void)state;
    /* e(2G, H)·e(-G, H)·e(-G, H) = 1 */
    g1(g1_twice, items);
    g1(g1_hex, minus + 1);
    assert_true(bn254_g1_sum(str_from(minus, sizeof minus), items + BN254_PAIR, &fault));
    memcpy(items + 2 * BN254_PAIR, items + BN254_PAIR, 64);
    for (unsigned i = 0; i < 3; i++)
        g2(items + (size_t)i * BN254_PAIR + 64);
    assert_true(bn254_pairing_check(str_from(items, sizeof items), &holds, &fault));
    assert_true(holds);
    assert_true(bn254_pairing_check(str_from(items, 2 * BN254_PAIR), &holds, &fault));
    assert_false(holds);
    assert_true(bn254_pairing_check(STR_NONE, &holds, &fault));
    assert_true(holds);
    memset(items + 64, 0, 128); /* infinity pairs to one */
    assert_true(bn254_pairing_check(str_from(items, BN254_PAIR), &holds, &fault));
    assert_true(holds);
    items[64] = 1;
    assert_false(bn254_pairing_check(str_from(items, BN254_PAIR), &holds, &fault));
    assert_string_equal(fault.what, "invalid g2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),
        cmocka_unit_test(multiples),
        cmocka_unit_test(pairings),
    };

    return cmocka_run_group_tests_name("bn254", tests, NULL, NULL);
}
