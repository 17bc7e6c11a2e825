#include "crypto/p256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"

struct p256_key {
    EVP_PKEY *pkey;
    uint8_t pub[64];
};

/* r ‖ s as the DER that OpenSSL reads; its length, 0 when out of memory. */
static size_t sig_to_der(const uint8_t sig[64], uint8_t out[80])
{
    uint8_t *p = out + 2;

    for (int half = 0; half < 2; half++) {
        const uint8_t *v = sig + 32 * half;
        size_t n = 32;

        while (n > 1 && *v == 0) {
            v++;
            n--;
        }
        *p++ = 0x02;
        *p++ = (uint8_t)(n + (*v >> 7));
        if (*v >> 7)
            *p++ = 0;
        memcpy(p, v, n);
        p += n;
    }
    out[0] = 0x30;
    out[1] = (uint8_t)(p - out - 2);
    return (size_t)(p - out);
}

/* The curve without a point. Reading a key's DER takes OpenSSL twice as long as verifying. */
static EVP_PKEY *curve;
static pthread_once_t curve_once = PTHREAD_ONCE_INIT;

static void make_curve(void)
{
    curve = EVP_EC_gen("P-256");
    if (!curve)
        BUG("OpenSSL has no P-256");
}

/* NULL when it is no point of the curve. */
static EVP_PKEY *public_key(const uint8_t key[64])
{
    uint8_t point[65] = {4};
    EVP_PKEY *k = EVP_PKEY_new();

    pthread_once(&curve_once, make_curve);
    memcpy(point + 1, key, 64);
    if (k && EVP_PKEY_copy_parameters(k, curve) == 1 &&
        EVP_PKEY_set1_encoded_public_key(k, point, sizeof point) == 1)
        return k;
    EVP_PKEY_free(k);
    return NULL;
}

bool p256_verify(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64])
{
    EVP_PKEY *pkey = public_key(key);
    EVP_PKEY_CTX *cx = NULL;
    uint8_t der[80];
    bool ok = false;

    if (!pkey)
        return false;
    cx = EVP_PKEY_CTX_new(pkey, NULL);
    if (cx && EVP_PKEY_verify_init(cx) == 1)
        ok = EVP_PKEY_verify(cx, der, sig_to_der(sig, der), digest, 32) == 1;
    EVP_PKEY_CTX_free(cx);
    EVP_PKEY_free(pkey);
    return ok;
}

static struct p256_key *own(EVP_PKEY *pkey)
{
    struct p256_key *k = mem_new(struct p256_key);
    uint8_t point[65];
    size_t n = 0;

    k->pkey = pkey;
    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n) !=
            1 ||
        n != sizeof point)
        BUG("OpenSSL gives no public key");
    memcpy(k->pub, point + 1, 64);
    return k;
}

struct p256_key *p256_generate(void)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");

    if (!pkey)
        BUG("OpenSSL gives no key");
    return own(pkey);
}

struct p256_key *p256_from_scalar(const uint8_t scalar[32])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *d = BN_bin2bn(scalar, 32, NULL);
    EC_POINT *q = group ? EC_POINT_new(group) : NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *cx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;
    uint8_t point[65];

    if (!group || !d || !q || !build || !cx)
        BUG("OpenSSL has no memory");
    if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(group)) >= 0)
        goto out;
    if (EC_POINT_mul(group, q, d, NULL, NULL, NULL) != 1 ||
        EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL) !=
            sizeof point ||
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) != 1)
        BUG("OpenSSL makes no key");
    params = OSSL_PARAM_BLD_to_param(build);
    if (!params || EVP_PKEY_fromdata_init(cx) != 1 ||
        EVP_PKEY_fromdata(cx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
        BUG("OpenSSL makes no key");
out:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(cx);
    EC_POINT_free(q);
    BN_clear_free(d);
    EC_GROUP_free(group);
    return pkey ? own(pkey) : NULL;
}

void p256_free(struct p256_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey); /* clears the scalar */
    mem_free(k);
}

void p256_public(const struct p256_key *k, uint8_t out[64])
{
    memcpy(out, k->pub, 64);
}

void p256_sign(const struct p256_key *k, const uint8_t digest[32], uint8_t out[64])
{
    EVP_PKEY_CTX *cx = EVP_PKEY_CTX_new(k->pkey, NULL);
    uint8_t der[80];
    const uint8_t *p = der;
    size_t n = sizeof der;
    ECDSA_SIG *sig = NULL;

    if (!cx || EVP_PKEY_sign_init(cx) != 1 || EVP_PKEY_sign(cx, der, &n, digest, 32) != 1)
        BUG("OpenSSL does not sign");
    sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) != 32 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) != 32)
        BUG("OpenSSL gives no signature");
    ECDSA_SIG_free(sig);
    EVP_PKEY_CTX_free(cx);
}

void sha384(struct str s, uint8_t out[48])
{
    if (EVP_Digest(s.len ? s.ptr : "", s.len, out, NULL, EVP_sha384(), NULL) != 1)
        BUG("OpenSSL has no SHA-384");
}
