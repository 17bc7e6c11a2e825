/*
 * collateral.h — what Intel publishes about machines: chains, revocation lists, TCB info, QE
 * identity, read from the JSON object of nine texts in which tools carry it.
 *
 * Reading checks form and limits only; verify.c believes it or not. `tcb_text` and `qe_text` are
 * the exact bytes that Intel signed. Numbers, hex and dates are decoded, unknown members ignored,
 * members that come twice refused.
 *
 * Memory: slices point into the arena given; the text may go.  Freestanding.
 * Rule: Intel SGX and TDX provisioning certification service API, version 4.
 */
#ifndef ATTEST_COLLATERAL_H
#define ATTEST_COLLATERAL_H

#include "attest/code.h"
#include "attest/pck.h"
#include "attest/pem.h"
#include "attest/quote.h"
#include "attest/x509.h"
#include "base/arena.h"
#include "base/err.h"

#define COLLATERAL_MAX    (2 * 1024 * 1024) /* bytes of JSON; real ones have 14 to 20 KB */
#define TCB_LEVELS_MAX    64
#define MODULES_MAX       16
#define MODULE_LEVELS_MAX 32
#define ADVISORIES_MAX    64 /* of one level */
#define ADVISORY_LEN_MAX  64

struct cert_chain {
    struct x509_cert cert[PEM_CERTS_MAX];
    size_t n;
};

/* Advisory ids of a level: the JSON array, checked; see advisory_each. */
struct advisories {
    struct str array; /* ptr NULL: none */
};

struct tcb_level {
    uint8_t sgx[TCB_COMPONENTS], tdx[TCB_COMPONENTS];
    uint32_t pcesvn;
    int64_t date;
    enum tcb_status status;
    struct advisories advisories;
};

struct svn_level {
    uint32_t isvsvn;
    int64_t date;
    enum tcb_status status;
    struct advisories advisories;
};

struct tdx_module {
    uint8_t version; /* of an identity: TDX_xx */
    uint8_t mr_signer[48], attributes[8], mask[8];
    struct svn_level level[MODULE_LEVELS_MAX];
    size_t n;
};

/* A document of another version is not read further than its head. */
struct doc_head {
    char id[16];
    uint32_t version;
    int64_t issued, next;
    uint32_t evaluation;
};

struct tcb_info {
    struct doc_head head;
    bool tdx;
    uint8_t fmspc[6], pceid[2];
    uint32_t tcb_type;
    bool has_module;
    struct tdx_module module; /* of the first module line, without levels */
    struct tdx_module identity[MODULES_MAX];
    size_t identities;
    struct tcb_level level[TCB_LEVELS_MAX]; /* newest first, however they were written */
    size_t levels;
};

struct qe_identity {
    struct doc_head head;
    uint32_t misc_select, misc_mask;
    uint8_t attributes[16], attributes_mask[16], mr_signer[32];
    uint32_t isv_prod_id;
    struct svn_level level[MODULE_LEVELS_MAX];
    size_t n;
};

struct collateral {
    struct cert_chain pck_ca, tcb_chain, qe_chain;
    struct x509_crl root_crl, pck_crl;
    struct str tcb_text, qe_text;
    uint8_t tcb_sig[64], qe_sig[64];
    struct tcb_info tcb;
    struct qe_identity qe;
};

/* ERR_FORMAT or ERR_TOO_BIG with the part that is wrong in `why`. */
MUST_USE enum err collateral_read(struct str json, struct arena *a, struct collateral *out,
                                  struct buf *why);

/* The PEM chain of a quote or a document, in `a`; false when malformed. */
MUST_USE bool chain_read(struct str pem, struct arena *a, struct cert_chain *out);

/* Walk: start with *rest = advisories.array; false at the end. */
bool advisory_each(struct str *rest, struct str *id);

#endif
