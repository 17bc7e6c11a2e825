/*
 * x509.h — certificates and revocation lists as Intel's provisioning service issues them.
 *
 * Reading checks the form only (DER, version 3 and 2, no extension twice, nothing left over);
 * whether what was read may be believed is for verify.c to say. Everything is a slice of the DER.
 * Freestanding.  Rule: RFC 5280.
 */
#ifndef ATTEST_X509_H
#define ATTEST_X509_H

#include "base/str.h"

#define X509_CERT_MAX (8 * 1024)   /* bytes of one certificate */
#define X509_CRL_MAX  (512 * 1024) /* bytes of one list */
#define X509_NO_PATH  UINT32_MAX   /* no path length in the certificate */
#define X509_PATH_MAX 15           /* a longer one is malformed */

/* Key usage, as bits of the number read from left to right. */
enum {
    X509_SIGN_DATA = 1 << 0,
    X509_SIGN_CERT = 1 << 5,
    X509_SIGN_CRL = 1 << 6,
};

struct x509_cert {
    struct str der, tbs;
    struct str issuer, subject; /* names with tag and length, compared as bytes */
    struct str cn;              /* the subject's common name */
    struct str serial;          /* body of the INTEGER */
    int64_t from, until;
    uint8_t key[64], sig[64]; /* x ‖ y, r ‖ s */
    bool p256;                /* key and signature are P-256 with SHA-256, both fields agree */
    bool odd_critical;        /* a critical extension that nobody here knows */
    bool has_constraints, ca, has_usage;
    uint32_t path_max; /* or X509_NO_PATH */
    unsigned usage;
    struct str ski, aki; /* key identifiers; ptr NULL: not there */
    struct str intel;    /* body of Intel's SGX extension; ptr NULL: not there */
};

struct x509_crl {
    struct str der, tbs, issuer;
    struct str entries; /* checked; walked by x509_crl_has */
    int64_t from, until;
    uint8_t sig[64];
    bool p256, odd_critical, has_number;
    struct str aki;
};

MUST_USE bool x509_cert_read(struct str der, struct x509_cert *out);
MUST_USE bool x509_crl_read(struct str der, struct x509_crl *out);
bool x509_crl_has(const struct x509_crl *crl, struct str serial);

#endif
