#include "attest/sim_pki.h"

#include <string.h>

#include "attest/der.h"
#include "attest/der_put.h"
#include "codec/base64.h"
#include "crypto/hash.h"

#define CERT_FROM  INT64_C(1577836800) /* 2020-01-01 */
#define CERT_UNTIL INT64_C(2524607999) /* 2049-12-31T23:59:59Z */
#define DAY        INT64_C(86400)
#define LIST_DAYS  30
#define DER_MAX    (8 * 1024)

#define OID(name, ...) static const char name[] = {__VA_ARGS__}
OID(oid_cn, 0x55, 0x04, 0x03);
OID(oid_o, 0x55, 0x04, 0x0a);
OID(oid_ski, 0x55, 0x1d, 0x0e);
OID(oid_usage, 0x55, 0x1d, 0x0f);
OID(oid_constraints, 0x55, 0x1d, 0x13);
OID(oid_number, 0x55, 0x1d, 0x14);
OID(oid_aki, 0x55, 0x1d, 0x23);
OID(oid_policies, 0x55, 0x1d, 0x20); /* nobody here knows it */
OID(oid_ecdsa, 0x2a, (char)0x86, 0x48, (char)0xce, 0x3d, 0x04, 0x03, 0x02);
OID(oid_ec, 0x2a, (char)0x86, 0x48, (char)0xce, 0x3d, 0x02, 0x01);
OID(oid_p256, 0x2a, (char)0x86, 0x48, (char)0xce, 0x3d, 0x03, 0x01, 0x07);
OID(oid_intel, 0x2a, (char)0x86, 0x48, (char)0x86, (char)0xf8, 0x4d, 0x01, 0x0d, 0x01);
#undef OID
#define BYTES(array) str_from(array, sizeof(array))

static const char *const names[SIM_ROLES] = {
    [SIM_ROOT] = "SIMULATED SGX Root CA",
    [SIM_CA] = "SIMULATED SGX PCK Platform CA",
    [SIM_LEAF] = "SIMULATED SGX PCK Certificate",
    [SIM_SIGNER] = "SIMULATED SGX TCB Signing",
};

void sim_sign(const struct p256_key *k, struct str bytes, uint8_t out[64])
{
    struct hash256 h = sha256(bytes);

    p256_sign(k, h.b, out);
}

static void put_attribute(struct buf *b, struct str oid, const char *value)
{
    size_t set = der_open(b), seq = der_open(b);

    der_put(b, DER_OID, oid);
    der_put(b, 0x0c, str_of(value)); /* UTF8String */
    der_close(b, DER_SEQUENCE, seq);
    der_close(b, DER_SET, set);
}

static void put_name(struct buf *b, enum sim_role role)
{
    size_t at = der_open(b);

    put_attribute(b, BYTES(oid_cn), names[role]);
    put_attribute(b, BYTES(oid_o), "OutLayer simulator");
    der_close(b, DER_SEQUENCE, at);
}

static void put_alg(struct buf *b)
{
    size_t at = der_open(b);

    der_put(b, DER_OID, BYTES(oid_ecdsa));
    der_close(b, DER_SEQUENCE, at);
}

/* Positive, of one length, and never the same for two roles. */
static void serial_of(const struct sim *s, enum sim_role role, uint8_t out[16])
{
    uint8_t pub[64];
    struct hash256 h;

    p256_public(s->key[role], pub);
    h = sha256(str_from(pub, sizeof pub));
    memcpy(out, h.b, 16);
    out[0] = (uint8_t)(0x40 | role);
}

static void key_id(const struct sim *s, enum sim_role role, uint8_t out[20])
{
    uint8_t pub[64];
    struct hash256 h;

    p256_public(s->key[role], pub);
    h = sha256(str_from(pub, sizeof pub));
    memcpy(out, h.b, 20);
}

static void put_extension(struct buf *b, struct str oid, bool critical, struct str value)
{
    size_t at = der_open(b);

    der_put(b, DER_OID, oid);
    if (critical)
        der_put(b, DER_BOOLEAN, STR("\xff"));
    der_put(b, DER_OCTETS, value);
    der_close(b, DER_SEQUENCE, at);
}

static void put_aki(struct buf *b, const struct sim *s, enum sim_role issuer, bool other)
{
    char room[64];
    struct buf v = BUF_OVER(room);
    uint8_t id[20];
    size_t at = der_open(&v);

    key_id(s, issuer, id);
    id[0] ^= other;
    der_put(&v, 0x80, str_from(id, sizeof id));
    der_close(&v, DER_SEQUENCE, at);
    put_extension(b, BYTES(oid_aki), false, buf_str(&v));
}

/* ------------------------------------------------------------------ Intel's extension */

static void put_member(struct buf *b, size_t depth, unsigned number, struct str value)
{
    char oid[sizeof oid_intel + 2];
    size_t at = der_open(b);

    memcpy(oid, oid_intel, sizeof oid_intel);
    oid[sizeof oid_intel] = 2; /* the TCB; overwritten on the first level */
    oid[sizeof oid_intel + depth - 1] = (char)number;
    der_put(b, DER_OID, str_from(oid, sizeof oid_intel + depth));
    buf_add_str(b, value);
    der_close(b, DER_SEQUENCE, at);
}

static void put_octets_member(struct buf *b, size_t depth, unsigned number, const void *p, size_t n)
{
    char room[64];
    struct buf v = BUF_OVER(room);

    der_put(&v, DER_OCTETS, str_from(p, n));
    put_member(b, depth, number, buf_str(&v));
}

static void put_number_member(struct buf *b, size_t depth, unsigned number, uint8_t tag,
                              uint32_t value)
{
    char room[16];
    struct buf v = BUF_OVER(room);

    der_put_small(&v, tag, value);
    put_member(b, depth, number, buf_str(&v));
}

static void put_intel(struct buf *out, const struct sim_spec *spec)
{
    struct buf b = BUF_INIT(DER_MAX), tcb = BUF_INIT(DER_MAX);
    size_t at = der_open(&tcb), all;

    for (unsigned i = 0; i < 16; i++)
        put_number_member(&tcb, 2, i + 1, DER_INTEGER, spec->components[i]);
    put_number_member(&tcb, 2, 17, DER_INTEGER, spec->pcesvn);
    put_octets_member(&tcb, 2, 18, spec->components, 16);
    der_close(&tcb, DER_SEQUENCE, at);
    all = der_open(&b);
    put_octets_member(&b, 1, 1, spec->ppid, sizeof spec->ppid);
    put_member(&b, 1, 2, buf_str(&tcb));
    put_octets_member(&b, 1, 3, spec->pceid, sizeof spec->pceid);
    put_octets_member(&b, 1, 4, spec->fmspc, sizeof spec->fmspc);
    put_number_member(&b, 1, 5, DER_ENUM, 1);
    put_octets_member(&b, 1, 6, spec->ppid, sizeof spec->ppid);
    der_close(&b, DER_SEQUENCE, all);
    put_extension(out, BYTES(oid_intel), false, buf_str(&b));
    buf_release(&b);
    buf_release(&tcb);
}

/* ------------------------------------------------------------------ certificates */

struct cert_plan {
    enum sim_role role, issuer;
    int64_t from, until;
    bool ca;
    uint32_t path_max;              /* or X509_NO_PATH */
    uint8_t usage;                  /* the bits as they are written */
    const struct sim_spec *machine; /* for the leaf, else NULL */
    bool odd_critical;
    unsigned intel; /* times the machine is described */
};

static void put_extensions(struct buf *b, const struct sim *s, const struct cert_plan *p)
{
    char room[64];
    struct buf v = BUF_OVER(room);
    uint8_t id[20];
    uint8_t unused = 0;
    size_t at;

    put_aki(b, s, p->issuer, false);
    key_id(s, p->role, id);
    der_put(&v, DER_OCTETS, str_from(id, sizeof id));
    put_extension(b, BYTES(oid_ski), false, buf_str(&v));
    while (!(p->usage & (1u << unused)))
        unused++;
    buf_clear(&v);
    at = der_open(&v);
    buf_add_byte(&v, unused);
    buf_add_byte(&v, p->usage);
    der_close(&v, DER_BITS, at);
    put_extension(b, BYTES(oid_usage), true, buf_str(&v));
    buf_clear(&v);
    at = der_open(&v);
    if (p->ca)
        der_put(&v, DER_BOOLEAN, STR("\xff"));
    if (p->path_max != X509_NO_PATH)
        der_put_small(&v, DER_INTEGER, p->path_max);
    der_close(&v, DER_SEQUENCE, at);
    put_extension(b, BYTES(oid_constraints), true, buf_str(&v));
    if (p->odd_critical)
        put_extension(b, BYTES(oid_policies), true, STR("\x30\x00"));
    for (unsigned i = 0; i < p->intel; i++)
        put_intel(b, p->machine);
}

/* SEQUENCE { tbs, algorithm, signature }. */
static void put_signed(struct buf *out, struct str tbs, const struct p256_key *key)
{
    char room[96];
    struct buf sig_der = BUF_OVER(room);
    uint8_t sig[64];
    size_t at = der_open(out);

    sim_sign(key, tbs, sig);
    der_put_signature(&sig_der, sig);
    buf_add_str(out, tbs);
    put_alg(out);
    der_put_bits(out, buf_str(&sig_der));
    der_close(out, DER_SEQUENCE, at);
}

static void put_key(struct buf *b, const struct p256_key *key)
{
    uint8_t point[65] = {4};
    size_t at = der_open(b), alg = der_open(b);

    der_put(b, DER_OID, BYTES(oid_ec));
    der_put(b, DER_OID, BYTES(oid_p256));
    der_close(b, DER_SEQUENCE, alg);
    p256_public(key, point + 1);
    der_put_bits(b, str_from(point, sizeof point));
    der_close(b, DER_SEQUENCE, at);
}

static void put_cert(struct buf *out, const struct sim *s, const struct cert_plan *p)
{
    struct buf b = BUF_INIT(DER_MAX);
    size_t tbs = der_open(&b), at = der_open(&b), list;
    uint8_t serial[16];

    der_put_small(&b, DER_INTEGER, 2);
    der_close(&b, 0xa0, at);
    serial_of(s, p->role, serial);
    der_put(&b, DER_INTEGER, str_from(serial, sizeof serial));
    put_alg(&b);
    put_name(&b, p->issuer);
    at = der_open(&b);
    der_put_time(&b, p->from);
    der_put_time(&b, p->until);
    der_close(&b, DER_SEQUENCE, at);
    put_name(&b, p->role);
    put_key(&b, s->key[p->role]);
    at = der_open(&b);
    list = der_open(&b);
    put_extensions(&b, s, p);
    der_close(&b, DER_SEQUENCE, list);
    der_close(&b, 0xa3, at);
    der_close(&b, DER_SEQUENCE, tbs);
    BUG_ON(b.full);
    put_signed(out, buf_str(&b), s->key[p->issuer]);
    buf_release(&b);
}

/* As BIT STRING bytes: digitalSignature, keyCertSign with cRLSign, cRLSign alone. */
#define USE_SIGN 0x80
#define USE_CA   0x06
#define USE_CRL  0x02

void sim_make_root(struct sim *s, unsigned path_max, struct buf *der)
{
    struct cert_plan p = {.role = SIM_ROOT,
                          .issuer = SIM_ROOT,
                          .from = CERT_FROM,
                          .until = CERT_UNTIL,
                          .ca = true,
                          .path_max = path_max,
                          .usage = USE_CA};

    put_cert(der, s, &p);
}

void sim_put_cert(struct sim *s, const struct sim_spec *spec, enum sim_role role, struct buf *der)
{
    struct cert_plan p = {.role = role,
                          .issuer = SIM_ROOT,
                          .from = CERT_FROM,
                          .until = CERT_UNTIL,
                          .path_max = X509_NO_PATH};
    unsigned f = spec->faults;
    bool expired = false;

    switch (role) {
    case SIM_ROOT:
        buf_add_str(der, buf_str(f & SIM_PATH_EXCEEDED ? &s->root_short : &s->root));
        return;
    case SIM_CA:
        p.ca = true;
        p.path_max = 0;
        p.usage = f & SIM_CA_NO_SIGN ? USE_CRL : USE_CA;
        expired = f & SIM_CA_EXPIRED;
        break;
    case SIM_LEAF:
        p.issuer = SIM_CA;
        p.ca = f & SIM_LEAF_IS_CA;
        p.usage = USE_SIGN;
        p.machine = spec;
        p.odd_critical = f & SIM_ODD_CRITICAL;
        p.intel = f & SIM_NO_INTEL ? 0 : f & SIM_TWO_INTEL ? 2 : 1;
        expired = f & SIM_LEAF_EXPIRED;
        break;
    case SIM_SIGNER:
        p.usage = USE_SIGN;
        expired = f & SIM_SIGNER_EXPIRED;
        break;
    default:
        BUG("no certificate for this role");
    }
    if (expired)
        p.until = spec->now - DAY;
    if (role != SIM_CA || f & (SIM_CA_NO_SIGN | SIM_CA_EXPIRED)) {
        put_cert(der, s, &p);
        return;
    }
    if (!s->ca.len) /* the same bytes in every quote and collateral, as a real authority has */
        put_cert(&s->ca, s, &p);
    buf_add_str(der, buf_str(&s->ca));
}

/* ------------------------------------------------------------------ lists */

static void put_entry(struct buf *b, const struct sim *s, enum sim_role role, int64_t when)
{
    uint8_t serial[16];
    size_t at = der_open(b);

    serial_of(s, role, serial);
    der_put(b, DER_INTEGER, str_from(serial, sizeof serial));
    der_put_time(b, when);
    der_close(b, DER_SEQUENCE, at);
}

void sim_put_crl(struct sim *s, const struct sim_spec *spec, enum sim_role issuer, struct buf *der)
{
    struct buf b = BUF_INIT(DER_MAX), entries = BUF_INIT(DER_MAX), number = BUF_INIT(16);
    unsigned f = spec->faults;
    int64_t from = spec->now - (f & SIM_CRL_EXPIRED ? LIST_DAYS + 1 : 1) * DAY;
    size_t tbs = der_open(&b), at, list;
    bool stranger = issuer == SIM_CA && f & SIM_CRL_OTHER_SIGNER;

    der_put_small(&b, DER_INTEGER, 1);
    put_alg(&b);
    put_name(&b, issuer);
    der_put_time(&b, from);
    der_put_time(&b, from + LIST_DAYS * DAY);
    put_entry(&entries, s, SIM_STRANGER, from); /* somebody has always been revoked */
    if (issuer == SIM_CA && f & SIM_LEAF_REVOKED)
        put_entry(&entries, s, SIM_LEAF, from);
    if (issuer == SIM_ROOT && f & SIM_CA_REVOKED)
        put_entry(&entries, s, SIM_CA, from);
    if (issuer == SIM_ROOT && f & SIM_SIGNER_REVOKED)
        put_entry(&entries, s, SIM_SIGNER, from);
    der_put(&b, DER_SEQUENCE, buf_str(&entries));
    at = der_open(&b);
    list = der_open(&b);
    der_put_small(&number, DER_INTEGER, 1);
    put_extension(&b, BYTES(oid_number), false, buf_str(&number));
    put_aki(&b, s, issuer, f & SIM_CRL_OTHER_AKI);
    der_close(&b, DER_SEQUENCE, list);
    der_close(&b, 0xa0, at);
    der_close(&b, DER_SEQUENCE, tbs);
    BUG_ON(b.full);
    put_signed(der, buf_str(&b), s->key[stranger ? SIM_ROOT : issuer]);
    buf_release(&b);
    buf_release(&entries);
    buf_release(&number);
}

void sim_put_pem(struct buf *out, struct str der, bool crlf)
{
    struct buf text = BUF_INIT(2 * DER_MAX);
    const char *eol = crlf ? "\r\n" : "\n";
    struct str rest;

    base64_put(&text, der.ptr, der.len);
    buf_addz(out, "-----BEGIN CERTIFICATE-----");
    buf_addz(out, eol);
    for (rest = buf_str(&text); rest.len; rest = str_skip(rest, 64)) {
        buf_add_str(out, str_head(rest, 64));
        buf_addz(out, eol);
    }
    buf_addz(out, "-----END CERTIFICATE-----");
    buf_addz(out, eol);
    buf_release(&text);
}
