#include "attest/x509.h"

#include <string.h>

#include "attest/der.h"

#define OID(name, ...) static const uint8_t name[] = {__VA_ARGS__}
OID(oid_cn, 0x55, 0x04, 0x03);
OID(oid_ski, 0x55, 0x1d, 0x0e);
OID(oid_usage, 0x55, 0x1d, 0x0f);
OID(oid_constraints, 0x55, 0x1d, 0x13);
OID(oid_crl_number, 0x55, 0x1d, 0x14);
OID(oid_crl_points, 0x55, 0x1d, 0x1f);
OID(oid_aki, 0x55, 0x1d, 0x23);
OID(oid_intel, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01);
/* AlgorithmIdentifier: ecdsa-with-SHA256 without parameters (RFC 5758). */
OID(alg_ecdsa, 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02);
/* The body of a SubjectPublicKeyInfo with an uncompressed P-256 point, without its 64 bytes. */
OID(spki_head, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04);
#undef OID
#define BYTES(array) str_from(array, sizeof(array))

/* Extensions seen, to refuse one that comes twice. */
enum {
    SEEN_SKI = 1 << 0,
    SEEN_USAGE = 1 << 1,
    SEEN_CONSTRAINTS = 1 << 2,
    SEEN_CRL_POINTS = 1 << 3,
    SEEN_AKI = 1 << 4,
    SEEN_INTEL = 1 << 5,
    SEEN_NUMBER = 1 << 6,
};

/* One extension off the front of a list of them. */
static bool extension(struct str *list, struct str *oid, bool *critical, struct str *value)
{
    struct str one;

    *critical = false;
    return der_take(list, DER_SEQUENCE, &one) && der_take(&one, DER_OID, oid) &&
           (!der_is(one, DER_BOOLEAN) || (der_bool(&one, critical) && *critical)) &&
           der_take(&one, DER_OCTETS, value) && one.len == 0;
}

/* Is it this extension? Marks it seen; a second one makes everything bad. */
static bool is_ext(struct str oid, struct str want, unsigned bit, unsigned *seen, bool *twice)
{
    if (!str_eq(oid, want))
        return false;
    *twice |= (*seen & bit) != 0;
    *seen |= bit;
    return true;
}

/* AuthorityKeyIdentifier: only the key identifier [0] is of use. */
static bool read_aki(struct str value, struct str *out)
{
    struct str seq, body;
    uint8_t tag;

    if (!der_take(&value, DER_SEQUENCE, &seq) || value.len || !der_take(&seq, 0x80, out))
        return false;
    while (seq.len)
        if (!der_any(&seq, &tag, &body, NULL))
            return false;
    return true;
}

static bool read_usage(struct str value, unsigned *out)
{
    struct str bits;
    unsigned unused;

    if (!der_take(&value, DER_BITS, &bits) || value.len || bits.len < 2 || bits.len > 3)
        return false;
    unused = (uint8_t)bits.ptr[0];
    if (unused > 7 || ((uint8_t)bits.ptr[bits.len - 1] & ((1u << unused) - 1)))
        return false;
    *out = 0;
    for (unsigned i = 0; i < 8; i++)
        if ((uint8_t)bits.ptr[1] & (0x80u >> i))
            *out |= 1u << i;
    return true;
}

static bool read_constraints(struct str value, struct x509_cert *c)
{
    struct str seq, number;

    c->path_max = X509_NO_PATH;
    if (!der_take(&value, DER_SEQUENCE, &seq) || value.len)
        return false;
    if (der_is(seq, DER_BOOLEAN) && !der_bool(&seq, &c->ca))
        return false;
    if (der_is(seq, DER_INTEGER) &&
        (!der_take(&seq, DER_INTEGER, &number) || !der_small(number, X509_PATH_MAX, &c->path_max)))
        return false;
    return seq.len == 0;
}

static bool cert_extensions(struct str list, struct x509_cert *c)
{
    struct str oid, value, inner;
    unsigned seen = 0;
    bool critical, twice = false;

    if (!list.len)
        return false;
    while (list.len) {
        bool ok = true;

        if (!extension(&list, &oid, &critical, &value))
            return false;
        if (is_ext(oid, BYTES(oid_ski), SEEN_SKI, &seen, &twice)) {
            ok = der_take(&value, DER_OCTETS, &c->ski) && !value.len;
        } else if (is_ext(oid, BYTES(oid_usage), SEEN_USAGE, &seen, &twice)) {
            ok = read_usage(value, &c->usage);
            c->has_usage = true;
        } else if (is_ext(oid, BYTES(oid_constraints), SEEN_CONSTRAINTS, &seen, &twice)) {
            ok = read_constraints(value, c);
            c->has_constraints = true;
        } else if (is_ext(oid, BYTES(oid_crl_points), SEEN_CRL_POINTS, &seen, &twice)) {
            ok = der_take(&value, DER_SEQUENCE, &inner) && !value.len;
        } else if (is_ext(oid, BYTES(oid_aki), SEEN_AKI, &seen, &twice)) {
            ok = read_aki(value, &c->aki);
        } else if (is_ext(oid, BYTES(oid_intel), SEEN_INTEL, &seen, &twice)) {
            c->intel = value;
        } else if (critical) {
            c->odd_critical = true;
        }
        if (!ok || twice)
            return false;
    }
    return true;
}

/* The common name of a Name; exactly one. */
static bool common_name(struct str name, struct str *out)
{
    struct str rdns, set, attr, oid, value;
    uint8_t tag;
    bool found = false;

    if (!der_take(&name, DER_SEQUENCE, &rdns) || name.len)
        return false;
    while (rdns.len) {
        if (!der_take(&rdns, DER_SET, &set) || !set.len)
            return false;
        while (set.len) {
            if (!der_take(&set, DER_SEQUENCE, &attr) || !der_take(&attr, DER_OID, &oid) ||
                !der_any(&attr, &tag, &value, NULL) || attr.len)
                return false;
            if (!str_eq(oid, BYTES(oid_cn)))
                continue;
            if (found)
                return false;
            found = true;
            *out = value;
        }
    }
    return found;
}

/* SEQUENCE { tbs, algorithm, BIT STRING } of certificates and lists. */
static bool outer(struct str der, struct str *tbs, struct str *alg, struct str *bits)
{
    struct str seq;

    return der_take(&der, DER_SEQUENCE, &seq) && !der.len && der_whole(&seq, DER_SEQUENCE, tbs) &&
           der_whole(&seq, DER_SEQUENCE, alg) && der_take(&seq, DER_BITS, bits) && !seq.len &&
           bits->len > 1 && bits->ptr[0] == 0;
}

static bool ecdsa(struct str inner_alg, struct str outer_alg, struct str bits, uint8_t sig[64])
{
    return str_eq(inner_alg, BYTES(alg_ecdsa)) && str_eq(outer_alg, BYTES(alg_ecdsa)) &&
           der_signature(str_skip(bits, 1), sig);
}

bool x509_cert_read(struct str der, struct x509_cert *out)
{
    struct x509_cert c = {.der = der, .path_max = X509_NO_PATH};
    struct str in, body, alg, outer_alg, bits, spki, list;
    uint32_t version;
    bool key_ok;

    if (der.len > X509_CERT_MAX || !outer(der, &c.tbs, &outer_alg, &bits))
        return false;
    body = c.tbs;
    if (!der_take(&body, DER_SEQUENCE, &in) || !der_take(&in, 0xa0, &body) ||
        !der_take(&body, DER_INTEGER, &spki) || body.len || !der_small(spki, 2, &version) ||
        version != 2)
        return false;
    if (!der_take(&in, DER_INTEGER, &c.serial) || !c.serial.len ||
        !der_whole(&in, DER_SEQUENCE, &alg) || !der_whole(&in, DER_SEQUENCE, &c.issuer) ||
        !der_take(&in, DER_SEQUENCE, &body) || !der_time(&body, &c.from) ||
        !der_time(&body, &c.until) || body.len || !der_whole(&in, DER_SEQUENCE, &c.subject) ||
        !common_name(c.subject, &c.cn) || !der_take(&in, DER_SEQUENCE, &spki))
        return false;
    if (!der_take(&in, 0xa3, &body) || in.len || !der_take(&body, DER_SEQUENCE, &list) ||
        body.len || !cert_extensions(list, &c))
        return false;
    key_ok = spki.len == sizeof spki_head + 64 && str_starts(spki, BYTES(spki_head));
    if (key_ok)
        memcpy(c.key, spki.ptr + sizeof spki_head, 64);
    c.p256 = key_ok && ecdsa(alg, outer_alg, bits, c.sig);
    *out = c;
    return true;
}

/* One revoked certificate off the front. */
static bool entry(struct str *list, struct str *serial, bool *odd_critical)
{
    struct str one, exts, oid, value;
    int64_t when;
    bool critical;

    if (!der_take(list, DER_SEQUENCE, &one) || !der_take(&one, DER_INTEGER, serial) ||
        !serial->len || !der_time(&one, &when))
        return false;
    if (!one.len)
        return true;
    if (!der_take(&one, DER_SEQUENCE, &exts) || one.len)
        return false;
    while (exts.len) {
        if (!extension(&exts, &oid, &critical, &value))
            return false;
        *odd_critical |= critical;
    }
    return true;
}

static bool crl_extensions(struct str list, struct x509_crl *c)
{
    struct str oid, value, number;
    unsigned seen = 0;
    bool critical, twice = false;

    while (list.len) {
        bool ok = true;

        if (!extension(&list, &oid, &critical, &value))
            return false;
        if (is_ext(oid, BYTES(oid_aki), SEEN_AKI, &seen, &twice)) {
            ok = read_aki(value, &c->aki);
        } else if (is_ext(oid, BYTES(oid_crl_number), SEEN_NUMBER, &seen, &twice)) {
            ok = der_take(&value, DER_INTEGER, &number) && !value.len && number.len > 0;
            c->has_number = ok;
        } else if (critical) {
            c->odd_critical = true;
        }
        if (!ok || twice)
            return false;
    }
    return true;
}

bool x509_crl_read(struct str der, struct x509_crl *out)
{
    struct x509_crl c = {.der = der};
    struct str in, alg, outer_alg, bits, number, body, list, rest, serial;
    uint32_t version;

    if (der.len > X509_CRL_MAX || !outer(der, &c.tbs, &outer_alg, &bits))
        return false;
    body = c.tbs;
    if (!der_take(&body, DER_SEQUENCE, &in) || !der_take(&in, DER_INTEGER, &number) ||
        !der_small(number, 1, &version) || version != 1 || !der_whole(&in, DER_SEQUENCE, &alg) ||
        !der_whole(&in, DER_SEQUENCE, &c.issuer) || !der_time(&in, &c.from) ||
        !der_time(&in, &c.until))
        return false;
    if (der_is(in, DER_SEQUENCE) && !der_take(&in, DER_SEQUENCE, &c.entries))
        return false;
    for (rest = c.entries; rest.len;)
        if (!entry(&rest, &serial, &c.odd_critical))
            return false;
    if (!der_take(&in, 0xa0, &body) || in.len || !der_take(&body, DER_SEQUENCE, &list) ||
        body.len || !crl_extensions(list, &c))
        return false;
    c.p256 = ecdsa(alg, outer_alg, bits, c.sig);
    *out = c;
    return true;
}

bool x509_crl_has(const struct x509_crl *crl, struct str serial)
{
    struct str rest = crl->entries, one;
    bool ignored = false;

    while (rest.len) {
        if (!entry(&rest, &one, &ignored))
            return true; /* x509_crl_read has refused such a list; never "not revoked" */
        if (str_eq(one, serial))
            return true;
    }
    return false;
}
