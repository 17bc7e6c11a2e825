/* sim_pki.h — the simulator's certificates and lists; for sim.c. */
#ifndef ATTEST_SIM_PKI_H
#define ATTEST_SIM_PKI_H

#include "attest/sim.h"
#include "crypto/p256.h"

enum sim_role { SIM_ROOT, SIM_CA, SIM_LEAF, SIM_SIGNER, SIM_ATTESTATION, SIM_STRANGER, SIM_ROLES };

struct sim {
    struct p256_key *key[SIM_ROLES];
    struct buf root;       /* DER */
    struct buf ca;         /* the intermediate without faults, once made */
    struct buf root_short; /* the same key with a path length of 0 */
};

/* Certificates as this machine's faults want them. */
void sim_put_cert(struct sim *s, const struct sim_spec *spec, enum sim_role role, struct buf *der);
/* SIM_ROOT: the root's list; SIM_CA: the list of PCK certificates. */
void sim_put_crl(struct sim *s, const struct sim_spec *spec, enum sim_role issuer, struct buf *der);
void sim_put_pem(struct buf *out, struct str der, bool crlf);
/* The self-signed root. */
void sim_make_root(struct sim *s, unsigned path_max, struct buf *der);
/* Sign SHA-256 of the bytes. */
void sim_sign(const struct p256_key *k, struct str bytes, uint8_t out[64]);

#endif
