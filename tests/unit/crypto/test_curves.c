/* ECDSA: recovery on secp256k1, verification on P-256. */
#include <string.h>

#include "codec/hex.h"
#include "crypto/curves.h"
#include "test.h"

static void unhex(const char *text, uint8_t *out, size_t n)
{
    assert_true(hex_get(str_of(text), out, n));
}

/* RFC 6979, A.2.5: P-256, SHA-256, message "sample". */
static const char p256_key[] = "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
static const char p256_sig[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                               "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
static const char p256_hash[] = "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf";

static void p256(void **state)
{
    uint8_t key[33], sig[64], hash[40] = {0}, bad[64];

    (void)state;
    unhex(p256_key, key, 33);
    unhex(p256_sig, sig, 64);
    unhex(p256_hash, hash, 32);
    assert_true(p256_verify_digest(sig, str_from(hash, 32), key));
    assert_true(p256_verify_digest(sig, str_from(hash, 40), key)); /* only the first 32 count */
    assert_false(p256_verify_digest(sig, str_from(hash, 31), key));
    assert_false(p256_verify_digest(sig, str_from(hash, 15), key));
    memcpy(bad, sig, 64);
    bad[63] ^= 1;
    assert_false(p256_verify_digest(bad, str_from(hash, 32), key));
    key[0] = 2; /* the other point with this x */
    assert_false(p256_verify_digest(sig, str_from(hash, 32), key));
    key[0] = 4;
    assert_false(p256_verify_digest(sig, str_from(hash, 32), key));
    key[0] = 3;
    memset(key + 1, 0xff, 32); /* no point */
    assert_false(p256_verify_digest(sig, str_from(hash, 32), key));
    memset(bad, 0, 32); /* r = 0 */
    assert_false(p256_signature_ok(bad));
    memcpy(bad, sig, 64);
    memset(bad + 32, 0xff, 32); /* s beyond the order */
    assert_false(p256_signature_ok(bad));
    assert_true(p256_signature_ok(sig));
}

/* A compact key names the lesser y: one vector where that is the signer's (RFC 6979), and one where
 * it is not. */
static void compact_keys(void **state)
{
    uint8_t key[33], sig[64], hash[32];

    (void)state;
    unhex(p256_key, key, 33);
    unhex(p256_sig, sig, 64);
    unhex(p256_hash, hash, 32);
    key[0] = 5;
    assert_true(p256_verify_digest(sig, str_from(hash, 32), key));
    unhex("0293cad530afe5b8388379efb4cdc94a93918621b1e791a1c939fd3e1d415b39d1", key, 33);
    unhex("3eaa54e6d52b0b42ee1e8813fe37d633c3f8879153dc496a20d8bb97714ae4e4", hash, 32);
    unhex("0a22c2a7ac14e4d12e2cb736a07cb8729951fcc62467e305c87daf304878a1db"
          "0da34c9c692636956e1a3def3ce894249a0468bdf1792c240e92f2b5c90eb6ff",
          sig, 64);
    assert_true(p256_verify_digest(sig, str_from(hash, 32), key));
    key[0] = 5;
    assert_false(p256_verify_digest(sig, str_from(hash, 32), key));
    memset(key + 1, 0xff, 32); /* no point */
    assert_false(p256_verify_digest(sig, str_from(hash, 32), key));
}

/* The example of Ethereum's precompile tests: ecrecover of a known signature. */
static void recover(void **state)
{
    static const char hash_hex[] =
        "18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c";
    static const char sig_hex[] =
        "73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f"
        "eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549";
    uint8_t hash[32], sig[64], key[64], other[64];

    (void)state;
    unhex(hash_hex, hash, 32);
    unhex(sig_hex, sig, 64);
    assert_true(secp256k1_recover_key(hash, sig, 1, false, key));
    assert_false(secp256k1_recover_key(hash, sig, 1, true, other)); /* its s is high */
    assert_true(secp256k1_recover_key(hash, sig, 0, false, other));
    assert_memory_not_equal(key, other, 64);
    assert_false(secp256k1_recover_key(hash, sig, 4, false, other));
    memset(sig, 0, 32); /* r = 0 */
    assert_false(secp256k1_recover_key(hash, sig, 1, false, other));
    memset(sig, 0xff, 64); /* beyond the order */
    assert_false(secp256k1_recover_key(hash, sig, 1, false, other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p256),
        cmocka_unit_test(compact_keys),
        cmocka_unit_test(recover),
    };

    return cmocka_run_group_tests_name("curves", tests, NULL, NULL);
}
