/* test_ecies.c — key derivation, sealing, randomness and files at rest, against published vectors.
 */
#include <string.h>

#include "test.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/ecies.h"
#include "crypto/seal.h"

#define SEED  STR("project:alice.near/app:alice.near")
#define PLAIN STR("{\"API_KEY\":\"k-123\"}")
#define SEALED                                                                                     \
    STR("ARO+T+rq8gTH/TNY/JwAchiB0XQngSgifsZ0839/6XttAAECAwQFBgcICQoLKJ3+Es7boF6oCqIZK2XTQf6PERI7" \
        "6EbdNtj6z80PbpipGpI=")

static struct master master(void)
{
    struct master m;

    for (size_t i = 0; i < sizeof(m.b); i++)
        m.b[i] = (uint8_t)i;
    return m;
}

static void assert_hex(const void *bytes, size_t n, const char *want)
{
    struct buf b = BUF_INIT(300);

    hex_put(&b, bytes, n);
    assert_buf(b, want);
    buf_release(&b);
}

static void derives(void **state)
{
    struct master m = master();
    struct x25519_key k;
    uint8_t okm[32], ikm[22];

    (void)state;
    derive_x25519(&m, SEED, &k);
    assert_hex(k.secret, 32, "2ea0b3852973ea4cbcbf71a3412349e72a128f34684709630ec1ceb1c638d73b");
    assert_hex(k.pub, 32, "3a9712ebeb88fcb11f508f2f2ffee4fd9e8660d53118c851c23e42a87a6d144e");
    x25519_wipe(&k);
    assert_true(k.secret[0] == 0 && k.secret[31] == 0);
    /* RFC 5869 A.1 and A.3, their first 32 bytes; RFC 4231 case 2 */
    memset(ikm, 0x0b, sizeof(ikm));
    hkdf_sha256(STR("\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"), str_from(ikm, 22),
                STR("\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9"), okm);
    assert_hex(okm, 32, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    hkdf_sha256(STR_NONE, str_from(ikm, 22), STR_NONE, okm);
    assert_hex(okm, 32, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), okm);
    assert_hex(okm, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void seals_as_published(void **state)
{
    struct master m = master();
    struct x25519_key k;
    uint8_t eph[32], nonce[12];
    struct buf raw = BUF_INIT(1000), text = BUF_INIT(1000), back = BUF_INIT(1000);
    struct buf why = WHY_INIT;

    (void)state;
    derive_x25519(&m, SEED, &k);
    memset(eph, 7, sizeof(eph));
    for (size_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = (uint8_t)i;
    assert_ok(ecies_seal_with(k.pub, eph, nonce, PLAIN, &raw, &why), why);
    base64_put(&text, raw.ptr, raw.len);
    assert_true(str_eq(buf_str(&text), SEALED));
    assert_ok(ecies_open(&k, buf_str(&raw), &back, &why), why);
    assert_true(str_eq(buf_str(&back), PLAIN));
    buf_release(&raw);
    buf_release(&text);
    buf_release(&back);
    buf_release(&why);
}

static void opens_nothing_else(void **state)
{
    struct master m = master();
    struct x25519_key k, other;
    struct buf raw = BUF_INIT(1000), back = BUF_INIT(1000), why = WHY_INIT;
    static const uint8_t low_order[32];

    (void)state;
    derive_x25519(&m, SEED, &k);
    derive_x25519(&m, STR("project:alice.near/app:mallory.near"), &other);
    assert_ok(ecies_seal(k.pub, PLAIN, &raw, &why), why);
    assert_int_equal(raw.len, PLAIN.len + ECIES_OVERHEAD);
    assert_int_equal(ecies_open(&other, buf_str(&raw), &back, &why), ERR_DENIED);
    for (size_t i = 0; i < raw.len; i++) {
        raw.ptr[i] = (char)(raw.ptr[i] ^ 1);
        assert_int_not_equal(ecies_open(&k, buf_str(&raw), &back, &why), ERR_OK);
        assert_int_equal(back.len, 0);
        raw.ptr[i] = (char)(raw.ptr[i] ^ 1);
    }
    for (size_t n = 0; n < raw.len; n++)
        assert_int_not_equal(ecies_open(&k, str_head(buf_str(&raw), n), &back, &why), ERR_OK);
    assert_ok(ecies_open(&k, buf_str(&raw), &back, &why), why);
    assert_int_equal(ecies_seal(low_order, PLAIN, &raw, &why), ERR_RANGE);
    /* nothing at all is a plaintext too */
    buf_clear(&raw);
    buf_clear(&back);
    assert_ok(ecies_seal(k.pub, STR(""), &raw, &why), why);
    assert_ok(ecies_open(&k, buf_str(&raw), &back, &why), why);
    assert_int_equal(back.len, 0);
    buf_release(&raw);
    buf_release(&back);
    buf_release(&why);
}

static void opens_the_older_form(void **state)
{
    struct master m = master();
    struct ed25519_key k;
    struct buf box = BUF_INIT(1000), back = BUF_INIT(1000), why = WHY_INIT;
    struct x25519_key x;

    (void)state;
    derive_ed25519(&m, SEED, &k);
    /* made by an independent implementation (node's crypto): nonce 00..0b */
    assert_true(base64_get(STR("AAECAwQFBgcICQoL"
                               "SAbMnOpg0Dj6qQESlCUYS2dThYVllWRe+hxFOkhOhJYZA00="),
                           &box));
    assert_ok(ecies_open_legacy(&k.pub, buf_str(&box), &back, &why), why);
    assert_true(str_eq(buf_str(&back), PLAIN));
    buf_clear(&back);
    box.ptr[20] ^= 1;
    assert_int_equal(ecies_open_legacy(&k.pub, buf_str(&box), &back, &why), ERR_DENIED);
    assert_int_equal(ecies_open_legacy(&k.pub, str_head(buf_str(&box), 27), &back, &why),
                     ERR_FORMAT);
    derive_x25519(&m, SEED, &x);
    assert_int_equal(ecies_open(&x, buf_str(&box), &back, &why), ERR_FORMAT);
    buf_release(&box);
    buf_release(&back);
    buf_release(&why);
}

static void draws_verifiably(void **state)
{
    struct master m = master();
    struct ed25519_key k;
    struct vrf v;

    (void)state;
    derive_ed25519(&m, VRF_SEED, &k);
    assert_hex(k.pub.b, 32, "f11881f7bd2ab547d1208e993aabecd6051671a594619088395f0801a7bd0236");
    vrf_make(&k, STR("vrf:98321:alice.near:coin-flip"), &v);
    assert_hex(v.proof.b, 64,
               "bd882b15f8e9a9a8b43ee34aae608c7da88a0352f8eb431effd3d7cc4aa2969a"
               "e0648716c9463ea4140abdf681ccdfeba3585ac3391b62920e0306e277231e0f");
    assert_hex(v.output, 32, "1f393be3b5ae04875e96ae7d3cdfec21907672211282b0727d088290efeae47f");
    assert_true(vrf_check(&k.pub, STR("vrf:98321:alice.near:coin-flip"), &v));
    assert_false(vrf_check(&k.pub, STR("vrf:98321:alice.near:coin-flap"), &v));
    v.output[3] ^= 1;
    assert_false(vrf_check(&k.pub, STR("vrf:98321:alice.near:coin-flip"), &v));
}

static void keeps_at_rest(void **state)
{
    struct buf file = BUF_INIT(1000), back = BUF_INIT(1000), why = WHY_INIT;
    const struct str key = STR("0123456789abcdef0123456789abcdef"),
                     wrong = STR("0123456789abcdef0123456789abcdeF");

    (void)state;
    assert_ok(seal_make(SEAL_KEY_FILE, key, PLAIN, &file, &why), why);
    assert_int_equal(file.len, PLAIN.len + SEAL_OVERHEAD);
    assert_ok(seal_open(SEAL_KEY_FILE, key, buf_str(&file), &back, &why), why);
    assert_true(str_eq(buf_str(&back), PLAIN));
    buf_clear(&back);
    assert_int_equal(seal_open(SEAL_KEY_FILE, wrong, buf_str(&file), &back, &why), ERR_DENIED);
    assert_int_equal(seal_open(SEAL_PASSPHRASE, key, buf_str(&file), &back, &why), ERR_FORMAT);
    for (size_t i = 0; i < file.len; i++) {
        file.ptr[i] = (char)(file.ptr[i] ^ 1);
        assert_int_not_equal(seal_open(SEAL_KEY_FILE, key, buf_str(&file), &back, &why), ERR_OK);
        assert_int_equal(back.len, 0);
        file.ptr[i] = (char)(file.ptr[i] ^ 1);
    }
    for (size_t n = 0; n < file.len; n++)
        assert_int_not_equal(
            seal_open(SEAL_KEY_FILE, key, str_head(buf_str(&file), n), &back, &why), ERR_OK);
    assert_int_equal(seal_make(SEAL_KEY_FILE, STR("short"), PLAIN, &file, &why), ERR_RANGE);
    buf_clear(&file);
    assert_ok(seal_make(SEAL_PASSPHRASE, STR("correct horse"), PLAIN, &file, &why), why);
    assert_ok(seal_open(SEAL_PASSPHRASE, STR("correct horse"), buf_str(&file), &back, &why), why);
    assert_true(str_eq(buf_str(&back), PLAIN));
    assert_int_equal(seal_open(SEAL_PASSPHRASE, STR("correct house"), buf_str(&file), &back, &why),
                     ERR_DENIED);
    buf_release(&file);
    buf_release(&back);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives),
        cmocka_unit_test(seals_as_published),
        cmocka_unit_test(opens_nothing_else),
        cmocka_unit_test(opens_the_older_form),
        cmocka_unit_test(draws_verifiably),
        cmocka_unit_test(keeps_at_rest),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
