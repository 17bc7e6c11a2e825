/*
 * bls12381_in.h — what the files of BLS12-381 share: the fields, the curves' constants, reading and
 * writing, the groups. Inside lib/crypto only.
 */
#ifndef CRYPTO_BLS12381_IN_H
#define CRYPTO_BLS12381_IN_H

#include "crypto/miller.h"

/* The parameter of the family is -BLS_X. */
#define BLS_X 0xd201000000010000U

struct bls12381 {
    struct tower t;
    struct fe b1;            /* 4 */
    struct fp2 b2;           /* 4 + 4u */
    struct fe beta;          /* (x, y) → (beta·x, y) multiplies points of G1 by -BLS_X² */
    struct fp2 psi_x, psi_y; /* ψ: the Frobenius map, seen from the twist */
};

const struct bls12381 *bls12381_get(void);

/* Uncompressed, on the curve; false otherwise. */
MUST_USE bool bls12381_read_g1(const uint8_t *in, struct g1_affine *out);
MUST_USE bool bls12381_read_g2(const uint8_t *in, struct g2_affine *out);
void bls12381_write_g1(uint8_t *out, const struct g1 *p);
void bls12381_write_g2(uint8_t *out, const struct g2 *p);

bool bls12381_in_g1(const struct g1 *p);
bool bls12381_in_g2(const struct g2 *p);
void bls12381_psi(struct g2 *out, const struct g2 *p);

#endif
