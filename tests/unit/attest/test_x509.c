/* Our reading of certificates and lists against OpenSSL's, on everything in the vectors. */
#include "vectors.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "attest/der.h"
#include "attest/utc.h"
#include "codec/hex.h"

static int64_t asn1_time(const ASN1_TIME *t)
{
    struct tm tm;

    assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
    return (int64_t)timegm(&tm);
}

static struct str octets(const ASN1_OCTET_STRING *s)
{
    return s ? str_from(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)) : STR_NONE;
}

static void same_cert(struct str der)
{
    const uint8_t *p = (const uint8_t *)der.ptr;
    X509 *x = d2i_X509(NULL, &p, (long)der.len);
    struct x509_cert c;
    ASN1_INTEGER *serial;
    uint8_t point[65], *name = NULL;
    size_t n;
    char cn[128];
    int name_len;

    assert_non_null(x);
    assert_true(x509_cert_read(der, &c));
    assert_int_equal(c.from, asn1_time(X509_get0_notBefore(x)));
    assert_int_equal(c.until, asn1_time(X509_get0_notAfter(x)));
    assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, cn, sizeof cn) >
                0);
    assert_str(c.cn, cn);
    name_len = i2d_X509_NAME(X509_get_issuer_name(x), &name);
    assert_true(str_eq(c.issuer, str_from(name, (size_t)name_len)));
    OPENSSL_free(name);
    serial = X509_get_serialNumber(x);
    assert_true(c.serial.len >= (size_t)ASN1_STRING_length(serial));
    assert_memory_equal(c.serial.ptr + (c.serial.len - (size_t)ASN1_STRING_length(serial)),
                        ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(X509_get0_pubkey(x), "pub", point, sizeof point, &n), 1);
    assert_int_equal(n, 65);
    assert_true(c.p256);
    assert_memory_equal(point + 1, c.key, 64);
    assert_int_equal(c.ca, X509_check_ca(x) == 1);
    assert_int_equal(c.path_max == X509_NO_PATH ? -1 : (long)c.path_max, X509_get_pathlen(x));
    assert_int_equal((X509_get_key_usage(x) & KU_KEY_CERT_SIGN) != 0,
                     (c.usage & X509_SIGN_CERT) != 0);
    assert_int_equal((X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE) != 0,
                     (c.usage & X509_SIGN_DATA) != 0);
    assert_true(str_eq(c.ski, octets(X509_get0_subject_key_id(x))));
    assert_true(str_eq(c.aki, octets(X509_get0_authority_key_id(x))));
    X509_free(x);
}

static void same_crl(struct str der)
{
    const uint8_t *p = (const uint8_t *)der.ptr;
    X509_CRL *x = d2i_X509_CRL(NULL, &p, (long)der.len);
    STACK_OF(X509_REVOKED) * list;
    struct x509_crl c;

    assert_non_null(x);
    assert_true(x509_crl_read(der, &c));
    assert_int_equal(c.from, asn1_time(X509_CRL_get0_lastUpdate(x)));
    assert_int_equal(c.until, asn1_time(X509_CRL_get0_nextUpdate(x)));
    assert_true(c.p256 && c.has_number && !c.odd_critical && c.aki.len == 20);
    list = X509_CRL_get_REVOKED(x);
    for (int i = 0; i < sk_X509_REVOKED_num(list); i++) {
        const ASN1_INTEGER *s = X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(list, i));
        uint8_t body[64], *to = body;
        int n = i2d_ASN1_INTEGER(s, &to);

        assert_true(n > 2 && n < 64);
        assert_true(x509_crl_has(&c, str_from(body + 2, (size_t)n - 2)));
        body[n - 1] ^= 1;
        assert_false(x509_crl_has(&c, str_from(body + 2, (size_t)n - 2)));
    }
    X509_CRL_free(x);
}

static const char *const sets[] = {
    "00806f-tdx-2025-02", "00806f-tdx-2025-06", "00a067-sgx-2025-06",
    "20a06f-tdx-2025-09", "50806f-tdx-2023-06", "90c06f-tdx-2025-06",
    "90c06f-tdx-2026-02", "b0c06f-tdx-2025-06", "b0c06f-tdx-2026-08",
};

static void test_collateral(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(sets); i++) {
        struct arena a = ARENA_INIT;
        struct collateral *c = arena_new(&a, struct collateral);
        struct buf why = WHY_INIT;
        const struct cert_chain *chains[3] = {&c->pck_ca, &c->tcb_chain, &c->qe_chain};

        assert_ok(collateral_read(vector_collateral(&a, str_of(sets[i])), &a, c, &why), why);
        for (size_t k = 0; k < 3; k++)
            for (size_t j = 0; j < chains[k]->n; j++)
                same_cert(chains[k]->cert[j].der);
        same_crl(c->root_crl.der);
        same_crl(c->pck_crl.der);
        arena_release(&a);
    }
}

static void test_quotes(void **state)
{
    struct json_iter it = json_iter(json_get(vector_expected(), "quotes"));

    (void)state;
    while (json_next(&it)) {
        struct arena a = ARENA_INIT;
        struct cert_chain *c = arena_new(&a, struct cert_chain);
        struct str name;
        struct quote q;

        assert_true(json_plain(it.key, &name));
        assert_int_equal(quote_read(vector_named(&a, name), &q), ATTEST_OK);
        assert_true(chain_read(q.chain, &a, c));
        for (size_t i = 0; i < c->n; i++)
            same_cert(c->cert[i].der);
        arena_release(&a);
    }
}

static void test_der(void **state)
{
    /* long form for a short length, indefinite length, length over the end, high tag */
    static const char *const bad[] = {"308101",       "3080",     "3003", "1f0100",
                                      "3084ffffffff", "30820001", ""};
    uint8_t bytes[16], tag;
    struct str in, body;
    uint32_t v;
    int64_t t;

    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        assert_true(hex_get(str_of(bad[i]), bytes, strlen(bad[i]) / 2));
        in = str_from(bytes, strlen(bad[i]) / 2);
        assert_false(der_any(&in, &tag, &body, NULL));
    }
    assert_true(der_small(STR("\0\xff"), 255, &v) && v == 255);
    assert_false(der_small(STR("\0\x7f"), 255, &v)); /* not the shortest */
    assert_false(der_small(STR("\xff"), 255, &v));   /* negative */
    assert_false(der_small(STR("\x01\0"), 255, &v)); /* over the maximum */
    in = STR("\x17\x0d"
             "500101000000Z");
    assert_true(der_time(&in, &t) == false); /* 1950: before what we count */
    in = STR("\x17\x0d"
             "180521104510Z");
    assert_true(der_time(&in, &t) && t == 1526899510);
    in = STR("\x18\x0f"
             "20491231235959Z");
    assert_true(der_time(&in, &t) && t == 2524607999);
    in = STR("\x18\x11"
             "20491231235959.5Z");
    assert_false(der_time(&in, &t));
}

static void test_utc(void **state)
{
    static const char *const bad[] = {
        "2026-08-13T10:45:38",  "2026-08-13T10:45:38.5Z", "2026-08-13T10:45:38+00:00",
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",   "2026-00-01T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z",   "2026-01-01T00:00:60Z",
        "+026-01-01T00:00:00Z", "1969-12-31T23:59:59Z"};
    static const int64_t times[] = {0, 951782400, 1709164800, 1786617938, 4102444800, 253402214400};
    int64_t t;

    (void)state;
    for (size_t i = 0; i < countof(bad); i++)
        assert_false(utc_get(str_of(bad[i]), &t));
    for (size_t i = 0; i < countof(times); i++) {
        char text[32], want[32];
        struct buf b = BUF_OVER(text);
        time_t z = (time_t)times[i];
        struct tm tm;

        utc_put(&b, times[i]);
        gmtime_r(&z, &tm);
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (times[i] < 253402214400)
            assert_buf(b, want);
        if (times[i] < 253402214400)
            assert_true(utc_get(buf_str(&b), &t) && t == times[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_der),
        cmocka_unit_test(test_utc),
        cmocka_unit_test(test_collateral),
        cmocka_unit_test(test_quotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
