/*
 * miller.h — the lines of a Miller loop: what both pairings (bn254.c, bls12381_pairing.c) are
 * made of.
 *
 * A point T of the twist over Fp2 is doubled, or a point is added to it, and the value at P of the
 * line through them is multiplied to an accumulator. Lines are right up to factors in Fp2, which
 * the final exponentiation removes.
 *
 * Public data only: nothing here is constant time.  Memory: none.  Thread: any.
 * Source: the chord-and-tangent lines written in Jacobian coordinates, untwisted as in P. Barreto
 * and M. Naehrig, "Pairing-friendly elliptic curves of prime order" (2005).
 */
#ifndef CRYPTO_MILLER_H
#define CRYPTO_MILLER_H

#include "crypto/jacobian.h"

/* The twist is y² = x³ + b/ξ (D, x = X·w²) or y² = x³ + b·ξ (M, x = X/w²). */
enum twist { TWIST_D, TWIST_M };

void miller_double(const struct tower *t, enum twist twist, struct fp12 *acc, struct g2 *at,
                   const struct g1_affine *p);
void miller_add(const struct tower *t, enum twist twist, struct fp12 *acc, struct g2 *at,
                const struct g2_affine *q, const struct g1_affine *p);

/* a^((p⁶-1)(p²+1)): the easy part of a final exponentiation. */
void final_exp_easy(const struct tower *t, struct fp12 *out, const struct fp12 *a);
/* a^e, for `a` out of the easy part. */
void cyclotomic_pow(const struct tower *t, struct fp12 *out, const struct fp12 *a, uint64_t e);

#endif
