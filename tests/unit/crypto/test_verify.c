/* Signatures that contracts verify: ML-DSA-65, Ed25519 as nodes do it; and SHAKE. */
#include <string.h>

#include "base/file.h"
#include "codec/hex.h"
#include "crypto/ed25519_loose.h"
#include "crypto/keccak.h"
#include "crypto/mldsa65.h"
#include "test.h"

static void unhex(const char *text, void *out, size_t n)
{
    assert_true(hex_get(str_of(text), out, n));
}

/* FIPS 202's example values for the empty message. */
static void shake(void **state)
{
    uint8_t out[32], want[32], parts[32];
    struct shake k;

    (void)state;
    unhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26", want, 32);
    shake128_init(&k);
    shake_squeeze(&k, out, 32);
    assert_memory_equal(out, want, 32);
    unhex("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f", want, 32);
    shake256_init(&k);
    shake_squeeze(&k, out, 5);
    shake_squeeze(&k, out + 5, 27);
    assert_memory_equal(out, want, 32);
    /* in one piece or in many, across blocks */
    shake256_init(&k);
    for (unsigned i = 0; i < 300; i++)
        shake_absorb(&k, "x", 1);
    shake_squeeze(&k, parts, 32);
    shake256_init(&k);
    for (unsigned i = 0; i < 3; i++)
        shake_absorb(&k,
                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                     "xxxxxxxxxxxxxxxxxxxxxxxxxx",
                     100);
    shake_squeeze(&k, out, 32);
    assert_memory_equal(out, parts, 32);
}

static void ml_dsa(void **state)
{
    struct buf text = BUF_INIT(1 << 20), why = WHY_INIT;
    struct str rest, line;
    unsigned n = 0;

    (void)state;
    assert_ok(file_read(TESTS_DIR "/vectors/curves/mldsa65.txt", &text, &why), why);
    for (rest = buf_str(&text); rest.len > 0;) {
        static uint8_t key[MLDSA65_KEY], sig[MLDSA65_SIG];
        uint8_t msg[512];
        struct str k, m;

        rest = str_cut(rest, '\n', &line);
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        line = str_cut(line, ' ', &k);
        line = str_cut(line, ' ', &m);
        assert_true(hex_get(k, key, sizeof key) && hex_get(line, sig, sizeof sig) &&
                    m.len / 2 < sizeof msg && hex_get(m, msg, m.len / 2));
        assert_true(mldsa65_verify(key, str_from(msg, m.len / 2), sig));
        msg[m.len / 2] = 0;
        assert_false(mldsa65_verify(key, str_from(msg, m.len / 2 + 1), sig));
        for (size_t i = 0; i < sizeof sig; i += 97) {
            sig[i] ^= 4;
            assert_false(mldsa65_verify(key, str_from(msg, m.len / 2), sig));
            sig[i] ^= 4;
        }
        sig[MLDSA65_SIG - 1]--; /* one hint fewer than there are */
        assert_false(mldsa65_verify(key, str_from(msg, m.len / 2), sig));
        memset(sig + 48, 0xff, 60); /* coefficients beyond the bound */
        assert_false(mldsa65_verify(key, str_from(msg, m.len / 2), sig));
        n++;
    }
    assert_int_equal(n, 3);
    buf_release(&text);
    buf_release(&why);
}

static void ed25519(void **state)
{
    struct ed25519_pub key;
    struct ed25519_sig sig;

    (void)state;
    crypto_init();
    /* RFC 8032, 7.1, test 1 */
    unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", key.b, 32);
    unhex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
          "701cf9b46bd25bf5f0595bbe24655141438e7a100b",
          sig.b, 64);
    assert_true(ed25519_verify_loose(&key, STR(""), &sig));
    assert_false(ed25519_verify_loose(&key, STR("x"), &sig));
    sig.b[0] ^= 1;
    assert_false(ed25519_verify_loose(&key, STR(""), &sig));
    /* 0·B - H·A = R with A and R the neutral point, whatever the message */
    memset(&key, 0, sizeof key);
    memset(&sig, 0, sizeof sig);
    key.b[0] = 1;
    sig.b[0] = 1;
    assert_false(ed25519_verify(&key, STR("any"), &sig));
    assert_true(ed25519_verify_loose(&key, STR("any"), &sig));
    key.b[31] = 0x80; /* x = -0 */
    assert_true(ed25519_verify_loose(&key, STR("any"), &sig));
    memset(key.b, 0xff, 32); /* y = p + 1 */
    key.b[0] = 0xee;
    key.b[31] = 0x7f;
    assert_true(ed25519_verify_loose(&key, STR("any"), &sig));
    memcpy(sig.b, key.b, 32); /* but R must be written in the one way */
    assert_false(ed25519_verify_loose(&key, STR("any"), &sig));
    memset(key.b, 0, 32); /* no point has y = 2 */
    key.b[0] = 2;
    assert_false(ed25519_verify_loose(&key, STR("any"), &sig));
    /* s = order */
    memset(&key, 0, sizeof key);
    key.b[0] = 1;
    unhex("0100000000000000000000000000000000000000000000000000000000000000"
          "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
          sig.b, 64);
    assert_false(ed25519_verify_loose(&key, STR("any"), &sig));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shake),
        cmocka_unit_test(ml_dsa),
        cmocka_unit_test(ed25519),
    };

    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
