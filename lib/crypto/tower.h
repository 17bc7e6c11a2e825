/*
 * tower.h — the extension fields of pairing-friendly curves: Fp2 = Fp[u]/(u²+1), Fp6 =
 * Fp2[v]/(v³-ξ), Fp12 = Fp6[w]/(w²-v), with ξ = k+u for a small k.
 *
 * The functions on Fp2 take the base field, those above the tower. Every `out` may be an input.
 *
 * Public data only: nothing here is constant time.  Memory: none.  Thread: any.
 * Source: the textbook formulas (Karatsuba); A. Devegili et al., "Multiplication and squaring on
 * pairing-friendly fields" (2006); Granger and Scott, "Faster squaring in the cyclotomic subgroup
 * of sixth degree extensions" (2010).
 */
#ifndef CRYPTO_TOWER_H
#define CRYPTO_TOWER_H

#include "crypto/bigfield.h"

struct fp2 {
    struct fe c0, c1; /* c0 + c1·u */
};

struct fp6 {
    struct fp2 c0, c1, c2;
};

struct fp12 {
    struct fp6 c0, c1;
};

struct tower {
    struct field f;
    unsigned k;           /* ξ = k + u */
    struct fp2 gamma[6];  /* ξ^(i(p-1)/6) */
    struct fp2 gamma2[6]; /* ξ^(i(p²-1)/6) */
};

void tower_init(struct tower *t, const uint64_t *p, unsigned n, unsigned k);

void fp2_add(const struct field *f, struct fp2 *out, const struct fp2 *a, const struct fp2 *b);
void fp2_sub(const struct field *f, struct fp2 *out, const struct fp2 *a, const struct fp2 *b);
void fp2_neg(const struct field *f, struct fp2 *out, const struct fp2 *a);
void fp2_conj(const struct field *f, struct fp2 *out, const struct fp2 *a);
void fp2_mul(const struct field *f, struct fp2 *out, const struct fp2 *a, const struct fp2 *b);
void fp2_mul_fe(const struct field *f, struct fp2 *out, const struct fp2 *a, const struct fe *b);
void fp2_sqr(const struct field *f, struct fp2 *out, const struct fp2 *a);
void fp2_inv(const struct field *f, struct fp2 *out, const struct fp2 *a); /* 0 of 0 */
/* For p = 3 mod 4: false when `a` is no square. */
MUST_USE bool fp2_sqrt(const struct field *f, struct fp2 *out, const struct fp2 *a);
bool fp2_is_zero(const struct field *f, const struct fp2 *a);
bool fp2_eq(const struct field *f, const struct fp2 *a, const struct fp2 *b);
void fp2_one(const struct field *f, struct fp2 *out);

void fp12_one(const struct tower *t, struct fp12 *out);
bool fp12_is_one(const struct tower *t, const struct fp12 *a);
void fp12_mul(const struct tower *t, struct fp12 *out, const struct fp12 *a, const struct fp12 *b);
void fp12_sqr(const struct tower *t, struct fp12 *out, const struct fp12 *a);
void fp12_inv(const struct tower *t, struct fp12 *out, const struct fp12 *a);
/* a^(p^6): the inverse, in the cyclotomic subgroup. */
void fp12_conj(const struct tower *t, struct fp12 *out, const struct fp12 *a);
/* a^(p^power), power 1 or 2. */
void fp12_frobenius(const struct tower *t, struct fp12 *out, const struct fp12 *a, unsigned power);
/* a², for `a` in the cyclotomic subgroup: of order dividing p⁴-p²+1. */
void fp12_cyclotomic_sqr(const struct tower *t, struct fp12 *out, const struct fp12 *a);
/* a·(l0 + l1·w + l3·w³), and a·(l0 + l2·w² + l3·w³). */
void fp12_mul_013(const struct tower *t, struct fp12 *out, const struct fp12 *a,
                  const struct fp2 *l0, const struct fp2 *l1, const struct fp2 *l3);
void fp12_mul_023(const struct tower *t, struct fp12 *out, const struct fp12 *a,
                  const struct fp2 *l0, const struct fp2 *l2, const struct fp2 *l3);

#endif
