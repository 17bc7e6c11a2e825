/* fuzz_curves.c — any bytes as points, scalars and signatures; what decodes encodes back. The first
 * byte says which decoder. */
#include <string.h>

#include "crypto/bls12381.h"
#include "crypto/bn254.h"
#include "crypto/curves.h"
#include "crypto/ed25519_loose.h"
#include "crypto/mldsa65.h"

#define ITEMS_MAX 3 /* pairings are slow under sanitizers */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str items(struct str s, size_t item)
{
    size_t n = s.len / item;

    return str_head(s, (n < ITEMS_MAX ? n : ITEMS_MAX) * item);
}

static void bn(uint8_t what, struct str s)
{
    uint8_t sum[BN254_SUM_ITEM] = {0}, out[BN254_G1];
    struct bn254_fault fault = {0};
    bool ok, holds;

    if (what == 0)
        ok = bn254_g1_sum(items(s, BN254_SUM_ITEM), sum + 1, &fault);
    else if (what == 1)
        ok = bn254_g1_multiexp(items(s, BN254_EXP_ITEM), sum + 1, &fault);
    else
        ok = bn254_pairing_check(items(s, BN254_PAIR), &holds, &fault);
    if (!ok) {
        BUG_ON(fault.what == NULL || fault.bytes.ptr < s.ptr ||
               fault.bytes.ptr + fault.bytes.len > s.ptr + s.len);
    } else if (what < 2) {
        BUG_ON(!bn254_g1_sum(str_from(sum, sizeof sum), out, &fault) ||
               memcmp(out, sum + 1, sizeof out) != 0);
    }
}

static void bls(uint8_t what, struct str s)
{
    uint8_t out[ITEMS_MAX * BLS12381_P2], again[BLS12381_P2], sum1[BLS12381_SUM1] = {0},
                                                              sum2[BLS12381_SUM2] = {0};
    bool ok = false, first = what % 2 == 0, holds;

    switch (what / 2) {
    case 0:
        ok = first ? bls12381_p1_sum(items(s, BLS12381_SUM1), false, out)
                   : bls12381_p2_sum(items(s, BLS12381_SUM2), false, out);
        break;
    case 1:
        ok = first ? bls12381_g1_multiexp(items(s, BLS12381_EXP1), out)
                   : bls12381_g2_multiexp(items(s, BLS12381_EXP2), out);
        break;
    case 2:
        s = items(s, first ? BLS12381_COMPACT1 : BLS12381_COMPACT2);
        ok =
            (first ? bls12381_p1_decompress(s, true, out) : bls12381_p2_decompress(s, true, out)) &&
            s.len > 0;
        break;
    case 3:
        s = items(s, first ? BLS12381_FP : BLS12381_FP2);
        ok = (first ? bls12381_map_fp_to_g1(s, out) : bls12381_map_fp2_to_g2(s, out)) && s.len > 0;
        break;
    default:
        if (bls12381_pairing_check(items(s, BLS12381_PAIR), &holds))
            BUG_ON(s.len < BLS12381_PAIR && !holds);
        return;
    }
    if (!ok)
        return;
    /* what comes out is a point that goes in */
    memcpy(sum1 + 1, out, BLS12381_P1);
    memcpy(sum2 + 1, out, first ? 0 : BLS12381_P2);
    if (first)
        BUG_ON(!bls12381_p1_sum(str_from(sum1, sizeof sum1), false, again) ||
               memcmp(again, out, BLS12381_P1) != 0);
    else
        BUG_ON(!bls12381_p2_sum(str_from(sum2, sizeof sum2), false, again) ||
               memcmp(again, out, BLS12381_P2) != 0);
}

static void signatures(uint8_t what, struct str s)
{
    const uint8_t *p = (const uint8_t *)s.ptr;
    struct ed25519_pub key;
    struct ed25519_sig sig;

    if (what == 0 && s.len >= 96) {
        memcpy(key.b, p, sizeof key.b);
        memcpy(sig.b, p + 32, sizeof sig.b);
        s = str_skip(s, 96);
        BUG_ON(ed25519_verify(&key, s, &sig) && !ed25519_verify_loose(&key, s, &sig));
        (void)!ed25519_verify_loose(&key, s, &sig);
    } else if (what == 1 && s.len >= 97) {
        (void)!p256_verify_digest(p + 33, str_skip(s, 97), p);
    } else if (what == 2 && s.len >= MLDSA65_KEY + MLDSA65_SIG) {
        (void)!mldsa65_verify(p, str_skip(s, MLDSA65_KEY + MLDSA65_SIG), p + MLDSA65_KEY);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s;

    crypto_init();
    if (size == 0)
        return 0;
    s = str_from(data + 1, size - 1);
    switch (data[0] % 16) {
    case 0:
    case 1:
    case 2:
        bn(data[0] % 16, s);
        break;
    case 13:
    case 14:
    case 15:
        signatures(data[0] % 16 - 13, s);
        break;
    default:
        bls((uint8_t)(data[0] % 16 - 3), s);
    }
    return 0;
}
