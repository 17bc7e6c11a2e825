#include "crypto/curves.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

/* ------------------------------------------------------------------ secp256k1 */

static secp256k1_context *context;
static pthread_once_t context_once = PTHREAD_ONCE_INIT;

static void make_context(void)
{
    context = secp256k1_context_create(SECP256K1_CONTEXT_VERIFY);
}

bool secp256k1_recover_key(const uint8_t hash[32], const uint8_t sig[64], unsigned v, bool low_s,
                           uint8_t out[64])
{
    /* Half of the group's order: the largest "low" s. */
    static const uint8_t half[32] = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d,
                                     0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey key;
    uint8_t full[65];
    size_t len = sizeof full;

    pthread_once(&context_once, make_context);
    if (v > 3 || (low_s && memcmp(sig + 32, half, sizeof half) > 0))
        return false;
    if (!secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, sig, (int)v) ||
        !secp256k1_ecdsa_recover(context, &key, &parsed, hash))
        return false;
    secp256k1_ec_pubkey_serialize(context, full, &len, &key, SECP256K1_EC_UNCOMPRESSED);
    memcpy(out, full + 1, 64);
    return true;
}

/* ------------------------------------------------------------------ P-256 */

/* The order of the group, big-endian (SEC 2, secp256r1). */
static const uint8_t p256_order[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

static bool scalar_ok(const uint8_t s[32])
{
    static const uint8_t zero[32];

    return memcmp(s, zero, 32) != 0 && memcmp(s, p256_order, 32) < 0;
}

bool p256_signature_ok(const uint8_t sig[64])
{
    return scalar_ok(sig) && scalar_ok(sig + 32);
}

static EVP_PKEY *p256_key(const uint8_t key[33])
{
    /* SubjectPublicKeyInfo of a compressed point on P-256 (RFC 5480): a fixed head, the point. */
    static const uint8_t head[26] = {0x30, 0x39, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x22, 0x00};
    uint8_t der[sizeof head + 33];
    const uint8_t *p = der;

    memcpy(der, head, sizeof head);
    memcpy(der + sizeof head, key, 33);
    return d2i_PUBKEY(NULL, &p, sizeof der);
}

/* The key whose y is the lesser of the two (draft-jivsov-ecc-compact): which sign that is. */
static bool decompact(uint8_t key[33])
{
    static const uint8_t half[32] = {0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00,
                                     0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                     0x00, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t y[32];
    EVP_PKEY *pkey;
    BIGNUM *n = NULL;
    bool ok;

    key[0] = 2;
    pkey = p256_key(key);
    ok = pkey != NULL && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &n) == 1 &&
         BN_bn2binpad(n, y, sizeof y) == (int)sizeof y;
    if (ok && memcmp(y, half, sizeof half) > 0)
        key[0] = 3;
    BN_free(n);
    EVP_PKEY_free(pkey);
    return ok;
}

/* r ‖ s as the DER that OpenSSL reads; its length. */
static size_t to_der(const uint8_t sig[64], uint8_t out[80])
{
    ECDSA_SIG *s = ECDSA_SIG_new();
    uint8_t *p = out;
    int n = 0;

    if (s != NULL && ECDSA_SIG_set0(s, BN_bin2bn(sig, 32, NULL), BN_bin2bn(sig + 32, 32, NULL)))
        n = i2d_ECDSA_SIG(s, &p);
    ECDSA_SIG_free(s);
    return n > 0 ? (size_t)n : 0;
}

bool p256_verify_digest(const uint8_t sig[64], struct str digest, const uint8_t key[33])
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *cx = NULL;
    uint8_t der[80], point[33];
    size_t n;
    bool ok = false;

    memcpy(point, key, sizeof point);
    if (!p256_signature_ok(sig) || digest.len < 16 || (key[0] == 5 && !decompact(point)) ||
        (point[0] != 2 && point[0] != 3))
        return false;
    pkey = p256_key(point);
    if (pkey == NULL)
        return false;
    cx = EVP_PKEY_CTX_new(pkey, NULL);
    n = to_der(sig, der);
    /* Only the leftmost 32 bytes of a longer digest count (FIPS 186-5, 6.4.2). */
    digest = str_head(digest, 32);
    if (cx != NULL && n > 0 && EVP_PKEY_verify_init(cx) == 1)
        ok = EVP_PKEY_verify(cx, der, n, (const uint8_t *)digest.ptr, digest.len) == 1;
    EVP_PKEY_CTX_free(cx);
    EVP_PKEY_free(pkey);
    return ok;
}
