/*
 * quote.h — where things are in a quote: SGX version 3, TDX versions 4 and 5.
 *
 * Reading looks at structure only; nothing is believed yet. All fields borrow from the quote.
 * Bytes after the authentication data are covered by nothing and belong to nobody: `canonical` is
 * the quote without them, the form that is hashed, stored and compared. Freestanding.
 * Rule: Intel TDX DCAP Quoting Library API, appendix A; Intel SGX DCAP ECDSA library, appendix A.
 */
#ifndef ATTEST_QUOTE_H
#define ATTEST_QUOTE_H

#include "attest/code.h"
#include "base/str.h"

#define QUOTE_MAX       (64 * 1024) /* bytes; real ones have 4 to 8 KB */
#define MEASUREMENT_LEN 48
#define REPORT_DATA_LEN 64

enum quote_tee { TEE_SGX = 0x00, TEE_TDX = 0x81 };

/* An SGX enclave's report: the body of a version 3 quote, and of every quoting enclave. */
struct sgx_report {
    struct str raw;
    struct str cpusvn, attributes, mr_enclave, mr_signer, report_data;
    uint32_t misc_select;
    uint16_t isv_prod_id, isv_svn;
};

/* A TD's report, 1.0 or 1.5. */
struct td_report {
    struct str raw;
    struct str tee_tcb_svn, mr_seam, mr_signer_seam, seam_attributes;
    struct str mr_td, mr_config_id, mr_owner, mr_owner_config, rtmr[4], report_data;
    uint64_t td_attributes, xfam;
    bool v15; /* has the two below */
    struct str tee_tcb_svn2, mr_service_td;
};

struct quote {
    struct str canonical; /* up to the end of the authentication data */
    size_t trailing;      /* bytes after it */
    uint16_t version;
    enum quote_tee tee;
    struct str user_data;    /* of the header, 20 bytes */
    struct str signed_bytes; /* what the attestation key signs */
    uint16_t body_type;      /* version 5 only */
    struct sgx_report sgx;   /* of an SGX quote */
    struct td_report td;     /* of a TDX quote */
    struct str signature, attestation_key;
    struct sgx_report qe_report;
    struct str qe_signature, qe_auth_data;
    struct str chain; /* PEM */
};

/* ATTEST_OK or the first E_QUOTE_… */
MUST_USE enum attest_code quote_read(struct str bytes, struct quote *out);
/* The 64 bytes that the guest put in. */
struct str quote_report_data(const struct quote *q);

#endif
