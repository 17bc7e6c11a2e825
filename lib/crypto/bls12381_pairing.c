/* The optimal ate pairing on BLS12-381. */
#include <string.h>

#include "crypto/bls12381.h"
#include "crypto/bls12381_in.h"

/* f_{-x,Q}(P), conjugated because the parameter is negative. */
static void miller(const struct tower *t, struct fp12 *acc, const struct g1_affine *p,
                   const struct g2_affine *q)
{
    struct fp12 r;
    struct g2 at;

    fp12_one(t, &r);
    g2_from_affine(&t->f, &at, q);
    for (unsigned i = 63; i-- > 0;) {
        fp12_sqr(t, &r, &r);
        miller_double(t, TWIST_M, &r, &at, p);
        if ((BLS_X >> i & 1) != 0)
            miller_add(t, TWIST_M, &r, &at, q, p);
    }
    fp12_conj(t, &r, &r);
    fp12_mul(t, acc, acc, &r);
}

static void pow_x(const struct tower *t, struct fp12 *out, const struct fp12 *a)
{
    cyclotomic_pow(t, out, a, BLS_X);
    fp12_conj(t, out, out);
}

/*
 * The hard part, cubed, which changes nothing for who asks for one: 3(p⁴-p²+1)/r =
 * (x-1)²(x+p)(x²+p²-1) + 3 (D. Hayashida et al., "Efficient final exponentiation via cyclotomic
 * structure for pairings over families of elliptic curves", 2020).
 */
static void final_exp_hard(const struct tower *t, struct fp12 *out, const struct fp12 *a)
{
    struct fp12 r = *a, s, u;

    for (int i = 0; i < 2; i++) { /* r^(x-1) */
        pow_x(t, &s, &r);
        fp12_conj(t, &r, &r);
        fp12_mul(t, &r, &r, &s);
    }
    pow_x(t, &s, &r); /* r^(x+p) */
    fp12_frobenius(t, &r, &r, 1);
    fp12_mul(t, &r, &r, &s);
    pow_x(t, &s, &r); /* r^(x²+p²-1) */
    pow_x(t, &s, &s);
    fp12_frobenius(t, &u, &r, 2);
    fp12_conj(t, &r, &r);
    fp12_mul(t, &r, &r, &s);
    fp12_mul(t, &r, &r, &u);
    fp12_cyclotomic_sqr(t, &s, a);
    fp12_mul(t, &s, &s, a);
    fp12_mul(t, out, &r, &s);
}

bool bls12381_pairing_check(struct str items, bool *holds)
{
    const struct tower *t = &bls12381_get()->t;
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct g1_affine p;
    struct g2_affine q;
    struct g1 p1;
    struct g2 q2;
    struct fp12 acc;

    BUG_ON(items.len % BLS12381_PAIR != 0);
    fp12_one(t, &acc);
    for (size_t i = 0; i < items.len; i += BLS12381_PAIR) {
        if (!bls12381_read_g1(in + i, &p) || !bls12381_read_g2(in + i + BLS12381_P1, &q))
            return false;
        g1_from_affine(&t->f, &p1, &p);
        g2_from_affine(&t->f, &q2, &q);
        if (!bls12381_in_g1(&p1) || !bls12381_in_g2(&q2))
            return false;
        if (!g1_is_infinity(&t->f, &p1) && !g2_is_infinity(&t->f, &q2))
            miller(t, &acc, &p, &q);
    }
    final_exp_easy(t, &acc, &acc);
    final_exp_hard(t, &acc, &acc);
    *holds = fp12_is_one(t, &acc);
    return true;
}
