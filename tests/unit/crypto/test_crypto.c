/* test_crypto.c — SHA-256 (FIPS 180-4), Ed25519 (RFC 8032 section 7.1), NEAR's text forms, tokens.
 */
#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "base/file.h"
#include "codec/hex.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/token.h"

static void hashes(void **state)
{
    struct buf b = BUF_INIT(200);
    struct hash256 h = sha256(STR("abc")), back;
    struct sha256 s;

    (void)state;
    hash_put_hex(&b, &h);
    assert_buf(b, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(hash_from_hex(buf_str(&b), &back) && hash_eq(&h, &back));
    sha256_init(&s);
    sha256_add(&s, STR("a"));
    sha256_add(&s, STR("bc"));
    back = sha256_final(&s);
    assert_true(hash_eq(&h, &back));
    assert_false(hash_is_zero(&h));
    buf_clear(&b);
    hash_put_base58(&b, &h);
    assert_true(hash_from_base58(buf_str(&b), &back) && hash_eq(&h, &back));
    assert_false(hash_from_base58(STR("111"), &back));
    buf_release(&b);
}

static void signs(void **state)
{
    struct ed25519_key k;
    struct ed25519_sig sig;
    struct buf b = BUF_INIT(200);
    uint8_t seed[32];

    (void)state;
    assert_true(
        hex_get(STR("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"), seed, 32));
    ed25519_from_seed(seed, &k);
    hex_put(&b, k.pub.b, 32);
    assert_buf(b, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    sig = ed25519_sign(&k, STR("\xaf\x82"));
    buf_clear(&b);
    hex_put(&b, sig.b, 64);
    assert_buf(b, "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                  "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
    assert_true(ed25519_verify(&k.pub, STR("\xaf\x82"), &sig));
    assert_false(ed25519_verify(&k.pub, STR("\xaf\x83"), &sig));
    sig.b[10] ^= 1;
    assert_false(ed25519_verify(&k.pub, STR("\xaf\x82"), &sig));
    buf_release(&b);
}

static void speaks_near_text(void **state)
{
    const char *secret =
        "ed25519:3tgdk2wPraJzT4nsTuf86UX41xgPNk3MHnq8epARMdBNs29AFEztAuaQ7iHddDfXG9F2"
        "RzV1XNQYgJyAyoW51UBB";
    struct buf b = BUF_INIT(200);
    struct ed25519_key k, other;
    struct ed25519_pub p;

    (void)state;
    assert_true(ed25519_secret_get(str_of(secret), &k));
    ed25519_pub_put(&b, &k.pub);
    assert_buf(b, "ed25519:5BGSaf6YjVm7565VzWQHNxoyEjwr3jUpRJSGjREvU9dB");
    assert_true(ed25519_pub_get(buf_str(&b), &p) && !memcmp(&p, &k.pub, sizeof(p)));
    assert_true(ed25519_pub_get(str_skip(buf_str(&b), 8), &p)); /* the prefix may be missing */
    assert_true(ed25519_pub_get(STR("ED25519:5BGSaf6YjVm7565VzWQHNxoyEjwr3jUpRJSGjREvU9dB"), &p));
    assert_false(
        ed25519_pub_get(STR("secp256k1:5BGSaf6YjVm7565VzWQHNxoyEjwr3jUpRJSGjREvU9dB"), &p));
    assert_false(ed25519_pub_get(STR("ed25519:5BGSaf6"), &p));
    buf_clear(&b);
    ed25519_secret_put(&b, &k);
    assert_buf(b, secret);
    /* a stored public half that is not the seed's own */
    ed25519_generate(&other);
    memcpy(k.secret + 32, other.pub.b, 32);
    buf_clear(&b);
    ed25519_secret_put(&b, &k);
    assert_false(ed25519_secret_get(buf_str(&b), &other));
    ed25519_wipe(&k);
    for (size_t i = 0; i < sizeof(k.secret); i++)
        assert_int_equal(k.secret[i], 0);
    buf_release(&b);
}

/* A bearer token: of a file, among several, never by a part of it. */
static void tokens(void **state)
{
    char dir[] = "/tmp/test_token.XXXXXX", path[64];
    struct hash256 list[3];
    struct buf why = WHY_INIT;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/token", dir);
    assert_int_equal(file_write_atomic(path, STR(" sixteen-letters!\n"), 0600, &why), 0);
    assert_int_equal(token_read(path, &list[1], &why), 0);
    list[0] = sha256(STR("another-token-of-some-length"));
    list[2] = list[0];
    assert_true(token_matches(STR("Bearer sixteen-letters!"), list, 3));
    assert_true(token_matches(STR("Bearer another-token-of-some-length"), list, 3));
    assert_false(token_matches(STR("Bearer sixteen-letters!"), list, 1));
    assert_false(token_matches(STR("Bearer sixteen-letters"), list, 3));
    assert_false(token_matches(STR("Bearer sixteen-letters! "), list, 3));
    assert_false(token_matches(STR("sixteen-letters!"), list, 3));
    assert_false(token_matches(STR("Bearer "), list, 3));
    assert_false(token_matches(STR_NONE, list, 3));
    assert_false(token_matches(STR("Bearer sixteen-letters!"), list, 0));
    assert_int_equal(file_write_atomic(path, STR("  fifteen-letters\n"), 0600, &why), 0);
    assert_int_equal(token_read(path, &list[1], &why), ERR_FORMAT);
    assert_non_null(strstr(buf_z(&why), "shorter than 16 characters"));
    assert_int_equal(dir_remove(dir, NULL), 0);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),
        cmocka_unit_test(tokens),
        cmocka_unit_test(signs),
        cmocka_unit_test(speaks_near_text),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
