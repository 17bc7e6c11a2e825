/*
 * jacobian.h — points of y² = x³ + b over Fp (G1) and over Fp2 (G2), in Jacobian coordinates:
 * x = X/Z², y = Y/Z³, and Z = 0 is the point at infinity.
 *
 * The functions take any two points, equal, opposite and infinite ones too, and any `out`. Affine
 * points write infinity as (0, 0), which is on no curve with b ≠ 0.
 *
 * Public data only: nothing here is constant time.  Memory: none.  Thread: any.
 * Source: the Explicit-Formulas Database, dbl-2009-l and add-2007-bl.
 */
#ifndef CRYPTO_JACOBIAN_H
#define CRYPTO_JACOBIAN_H

#include "crypto/tower.h"

struct g1_affine {
    struct fe x, y;
};

struct g1 {
    struct fe x, y, z;
};

struct g2_affine {
    struct fp2 x, y;
};

struct g2 {
    struct fp2 x, y, z;
};

#define JACOBIAN_DECLARE(G, E)                                                                     \
    bool G##_is_infinity(const struct field *f, const struct G *a);                                \
    bool G##_affine_is_infinity(const struct field *f, const struct G##_affine *a);                \
    void G##_from_affine(const struct field *f, struct G *out, const struct G##_affine *a);        \
    void G##_to_affine(const struct field *f, struct G##_affine *out, const struct G *a);          \
    bool G##_on_curve(const struct field *f, const struct G##_affine *a, const struct E *b);       \
    void G##_neg(const struct field *f, struct G *out, const struct G *a);                         \
    void G##_double(const struct field *f, struct G *out, const struct G *a);                      \
    void G##_add(const struct field *f, struct G *out, const struct G *a, const struct G *b);      \
    bool G##_eq(const struct field *f, const struct G *a, const struct G *b);                      \
    /* a times a number of `n` limbs */                                                            \
    void G##_mul(const struct field *f, struct G *out, const struct G *a, const uint64_t *e,       \
                 unsigned n);

JACOBIAN_DECLARE(g1, fe)
JACOBIAN_DECLARE(g2, fp2)

/* fp2_one() under the name that goes with fe. */
void fe_one(const struct field *f, struct fe *out);

#endif
