/* BLS12-381: the vectors of EIP-2537 in the encoding of NEP-488, and what they leave out. */
#include <string.h>

#include "base/file.h"
#include "codec/hex.h"
#include "crypto/bls12381.h"
#include "test.h"

#define BYTES_MAX 4096

/* A number of 64 bytes whose first 16 are zero, as 48; false when they are not. */
static bool number(const uint8_t *in, uint8_t *out)
{
    static const uint8_t zero[16];

    memcpy(out, in + 16, 48);
    return memcmp(in, zero, 16) == 0;
}

/* `n` numbers; two by two they change places when they are parts of elements of Fp2. */
static bool numbers(const uint8_t *in, unsigned n, bool pairs, uint8_t *out)
{
    bool ok = true, infinity;

    for (unsigned i = 0; i < n; i++)
        ok = number(in + (size_t)64 * i, out + (size_t)48 * (pairs ? i ^ 1 : i)) && ok;
    infinity = n > (pairs ? 2U : 1U); /* a point, then */
    for (unsigned i = 0; i < 48 * n; i++)
        infinity = infinity && out[i] == 0;
    if (infinity)
        out[0] = 0x40;
    return ok;
}

static bool sum(const uint8_t *in, bool second, uint8_t *out)
{
    unsigned n = second ? 4 : 2;
    uint8_t items[2 * BLS12381_SUM2] = {0};
    size_t item = 1 + (size_t)48 * n;

    if (!numbers(in, n, second, items + 1) ||
        !numbers(in + (size_t)64 * n, n, second, items + item + 1))
        return false;
    return second ? bls12381_p2_sum(str_from(items, 2 * item), false, out)
                  : bls12381_p1_sum(str_from(items, 2 * item), false, out);
}

static bool multiple(const uint8_t *in, bool second, uint8_t *out)
{
    unsigned n = second ? 4 : 2;
    uint8_t item[BLS12381_EXP2];

    if (!numbers(in, n, second, item))
        return false;
    for (unsigned i = 0; i < 32; i++)
        item[48 * n + i] = in[64 * n + 31 - i];
    return second ? bls12381_g2_multiexp(str_from(item, BLS12381_EXP2), out)
                  : bls12381_g1_multiexp(str_from(item, BLS12381_EXP1), out);
}

static bool map(const uint8_t *in, bool second, uint8_t *out)
{
    uint8_t item[BLS12381_FP2];

    if (!numbers(in, second ? 2 : 1, second, item))
        return false;
    return second ? bls12381_map_fp2_to_g2(str_from(item, BLS12381_FP2), out)
                  : bls12381_map_fp_to_g1(str_from(item, BLS12381_FP), out);
}

static bool pairing(const uint8_t *in, size_t len, bool *holds)
{
    uint8_t items[8 * BLS12381_PAIR];
    size_t n = len / 384;

    assert_true(len % 384 == 0 && n <= 8);
    for (size_t i = 0; i < n; i++)
        if (!numbers(in + 384 * i, 2, false, items + BLS12381_PAIR * i) ||
            !numbers(in + 384 * i + 128, 4, true, items + BLS12381_PAIR * i + BLS12381_P1))
            return false;
    return bls12381_pairing_check(str_from(items, n * BLS12381_PAIR), holds);
}

static void one(struct str op, struct str input, struct str result)
{
    uint8_t in[BYTES_MAX], want[256], got[BLS12381_P2], expected[BLS12381_P2];
    bool second, ok = false, holds = false;

    assert_true(input.len / 2 <= sizeof in && hex_get(input, in, input.len / 2));
    if (str_eqz(op, "pairing")) {
        ok = pairing(in, input.len / 2, &holds);
        assert_true(ok == !str_eqz(result, "-"));
        if (ok)
            assert_true(holds == (result.ptr[result.len - 1] == '1'));
        return;
    }
    second = str_starts(op, STR("g2")) || str_eqz(op, "map_fp2");
    if (str_ends(op, STR("_add")))
        ok = sum(in, second, got);
    else if (str_ends(op, STR("_mul")))
        ok = multiple(in, second, got);
    else if (str_starts(op, STR("map_")))
        ok = map(in, second, got);
    else
        fail_msg("unknown operation '%.*s'", STR_ARG(op));
    if (str_eqz(result, "-")) {
        assert_false(ok);
        return;
    }
    assert_true(ok);
    assert_true(result.len / 2 <= sizeof want && hex_get(result, want, result.len / 2));
    assert_true(numbers(want, second ? 4 : 2, second, expected));
    assert_memory_equal(got, expected, second ? BLS12381_P2 : BLS12381_P1);
}

static void vectors(void **state)
{
    struct buf text = BUF_INIT(1 << 20), why = WHY_INIT;
    struct str rest, line;
    unsigned n = 0;

    (void)state;
    assert_ok(file_read(TESTS_DIR "/vectors/curves/bls12381.txt", &text, &why), why);
    for (rest = buf_str(&text); rest.len > 0;) {
        struct str op, input;

        rest = str_cut(rest, '\n', &line);
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        line = str_cut(line, ' ', &op);
        line = str_cut(line, ' ', &input);
        one(op, input, line);
        n++;
    }
    assert_true(n >= 20);
    buf_release(&text);
    buf_release(&why);
}

/* The generators, compressed (draft-irtf-cfrg-pairing-friendly-curves, 4.2.1 and appendix C). */
static const char g1_compact[] = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
                                 "6c55e83ff97a1aeffb3af00adb22c6bb";
static const char g2_compact[] = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049"
                                 "334cf11213945d57e5ac7d055d042b7e"
                                 "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d177"
                                 "0bac0326a805bbefd48056c8c121bdb8";
static const char g1_y[] = "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3ed"
                           "d03cc744a2888ae40caa232946c5e7e1";

static void decompression(void **state)
{
    uint8_t in[BLS12381_COMPACT2], out[BLS12381_P2], y[48], pair[2 * BLS12381_SUM1] = {0};
    uint8_t zero[BLS12381_P1] = {0x40};

    (void)state;
    assert_true(hex_get(str_of(g1_compact), in, 48));
    assert_true(hex_get(str_of(g1_y), y, 48));
    assert_true(bls12381_p1_decompress(str_from(in, 48), true, out));
    assert_memory_equal(out + 48, y, 48);
    memcpy(pair + 1, out, BLS12381_P1);
    in[0] ^= 0x20; /* the other y: the sum is infinity */
    assert_true(bls12381_p1_decompress(str_from(in, 48), true, out));
    assert_memory_not_equal(out + 48, y, 48);
    memcpy(pair + BLS12381_SUM1 + 1, out, BLS12381_P1);
    assert_true(bls12381_p1_sum(str_from(pair, sizeof pair), true, out));
    assert_memory_equal(out, zero, sizeof zero);
    in[0] &= 0x7f;
    assert_false(bls12381_p1_decompress(str_from(in, 48), true, out));
    memset(in, 0, 48);
    in[0] = 0xc0;
    assert_true(bls12381_p1_decompress(str_from(in, 48), true, out));
    assert_memory_equal(out, zero, sizeof zero);
    in[47] = 1;
    assert_false(bls12381_p1_decompress(str_from(in, 48), true, out));
    memset(in, 0xff, 48); /* beyond the modulus */
    in[0] = 0x9f;
    assert_false(bls12381_p1_decompress(str_from(in, 48), true, out));
    assert_true(hex_get(str_of(g2_compact), in, 96));
    assert_true(bls12381_p2_decompress(str_from(in, 96), true, out));
    in[0] &= 0x1f;
    assert_memory_equal(out, in, 96);
    in[0] |= 0x80;
    in[48] = 0xff; /* beyond the modulus */
    assert_false(bls12381_p2_decompress(str_from(in, 96), true, out));
}

/* (0, 2) is of order 3: on the curve, not in the group. */
static void beside_the_group(void **state)
{
    uint8_t in[48] = {0x80}, point[BLS12381_SUM1] = {0}, item[BLS12381_EXP1] = {0};
    uint8_t pair[BLS12381_PAIR] = {0}, out[BLS12381_P1];
    bool holds;

    (void)state;
    assert_false(bls12381_p1_decompress(str_from(in, 48), true, out));
    assert_true(bls12381_p1_decompress(str_from(in, 48), false, out));
    assert_int_equal(out[95], 2);
    memcpy(point + 1, out, sizeof out);
    memcpy(item, out, sizeof out);
    memcpy(pair, out, sizeof out);
    pair[BLS12381_P1] = 0x40;
    assert_false(bls12381_p1_sum(str_from(point, sizeof point), true, out));
    assert_true(bls12381_p1_sum(str_from(point, sizeof point), false, out));
    assert_false(bls12381_g1_multiexp(str_from(item, sizeof item), out));
    assert_false(bls12381_pairing_check(str_from(pair, sizeof pair), &holds));
    memset(pair, 0, BLS12381_P1);
    pair[0] = 0x40;
    assert_true(bls12381_pairing_check(str_from(pair, sizeof pair), &holds));
    assert_true(holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(decompression),
        cmocka_unit_test(beside_the_group),
    };

    return cmocka_run_group_tests_name("bls12381", tests, NULL, NULL);
}
