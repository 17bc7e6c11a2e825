/*
 * sim.h — a SIMULATED maker of TDX machines: its own root, certificates, revocation lists and
 * documents, and quotes that are right to the byte.
 *
 * So machines without TDX run the same code as machines with it, and everything that can be wrong
 * with evidence can be made. It proves nothing about hardware: every certificate carries the name
 * SIMULATED, and a verifier takes its root only where somebody configured it.
 *
 * Keys come from a seed; signatures are random, so the root certificate is kept beside the seed
 * (sim_open).
 *
 * Thread: one per struct sim.  Native.
 */
#ifndef ATTEST_SIM_H
#define ATTEST_SIM_H

#include "attest/verify.h"

#define SIM_SEED_LEN       32
#define SIM_QUOTE_MAX      (32 * 1024)
#define SIM_COLLATERAL_MAX (256 * 1024)
#define SIM_QE_AUTH_MAX    1000

/* Things to be wrong, as bits. */
enum sim_fault {
    SIM_LEAF_REVOKED = 1 << 0,
    SIM_CA_REVOKED = 1 << 1,
    SIM_SIGNER_REVOKED = 1 << 2,
    SIM_LEAF_EXPIRED = 1 << 3,
    SIM_CA_EXPIRED = 1 << 4,
    SIM_SIGNER_EXPIRED = 1 << 5,
    SIM_CRL_EXPIRED = 1 << 6,
    SIM_CRL_OTHER_AKI = 1 << 7,    /* the list names another key */
    SIM_CRL_OTHER_SIGNER = 1 << 8, /* the PCK list is signed by the root */
    SIM_CA_SIGNS_DOCUMENTS = 1 << 9,
    SIM_LEAF_IS_CA = 1 << 10,
    SIM_CA_NO_SIGN = 1 << 11,      /* the intermediate may not sign certificates */
    SIM_PATH_EXCEEDED = 1 << 12,   /* the root allows no intermediate */
    SIM_ODD_CRITICAL = 1 << 13,    /* an unknown critical extension in the leaf */
    SIM_TWO_INTEL = 1 << 14,       /* the leaf describes two machines */
    SIM_NO_INTEL = 1 << 15,        /* … or none */
    SIM_FOUR_CERTS = 1 << 16,      /* the chain in the quote is one too long */
    SIM_KEY_OFF_CURVE = 1 << 17,   /* the attestation key is no point */
    SIM_SIGNATURE_ZERO = 1 << 18,  /* r of the quote's signature is 0 */
    SIM_SIGNATURE_ORDER = 1 << 19, /* s is the order of the group */
    SIM_OTHER_QE_KEY = 1 << 20,    /* the QE report is signed by a stranger */
    SIM_UNBOUND_KEY = 1 << 21,     /* the QE vouches for another key */
    SIM_DOCUMENTS_OLD = 1 << 22,   /* issued 31 days before */
    SIM_PEM_CRLF = 1 << 23,        /* not wrong: line ends of another system */
    SIM_HIGH_S = 1 << 24,          /* not wrong: s in the upper half of the order */
};

/* A machine, its evidence, and what its maker says about it. */
struct sim_spec {
    int64_t now; /* documents and lists were issued a day before */
    unsigned faults;
    unsigned version; /* of the quote: 4 or 5 (with the 1.5 report) */
    /* PCK certificate */
    uint8_t fmspc[6], pceid[2], ppid[16], components[16];
    uint32_t pcesvn;
    /* quoting enclave */
    uint8_t qe_attributes[16], qe_mr_signer[32];
    uint32_t qe_misc;
    uint16_t qe_prod_id, qe_svn;
    size_t qe_auth_len;
    unsigned cert_type, key_type; /* 5 and 2 */
    /* report */
    uint8_t tee_tcb_svn[16], tee_tcb_svn2[16], mr_seam[48], mr_signer_seam[48];
    uint8_t seam_attributes[8];
    uint64_t td_attributes, xfam;
    uint8_t mr_td[48], mr_config_id[48], mr_owner[48], mr_owner_config[48], rtmr[4][48];
    uint8_t mr_service_td[48], report_data[64];
    /* documents; ptr NULL: ones that find this machine UpToDate */
    struct str tcb_info, qe_identity;
};

struct sim;

struct sim *sim_new(const uint8_t seed[SIM_SEED_LEN]);
/* The one that lives in the folder `dir`, made when it is not there: seed, root.der. */
MUST_USE enum err sim_open(const char *dir, struct sim **out, struct buf *why);
void sim_free(struct sim *s); /* wipes its keys */
/* Borrowed; `simulated` is set. */
struct attest_root sim_root(const struct sim *s);

void sim_spec_default(struct sim_spec *out, int64_t now);
/* Append the quote, or the collateral's JSON. Certificates of both are those of one machine as
 * long as `spec` is the same but for report and report data. */
void sim_quote(struct sim *s, const struct sim_spec *spec, struct buf *out);
void sim_collateral(struct sim *s, const struct sim_spec *spec, struct buf *out);

/* The documents that sim_collateral would sign, to be changed and given back. */
void sim_tcb_info(const struct sim_spec *spec, struct buf *out);
void sim_qe_identity(const struct sim_spec *spec, struct buf *out);

#endif
