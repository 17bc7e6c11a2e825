#include "crypto/tower.h"

#include <string.h>

/* ------------------------------------------------------------------ Fp2 */

void fp2_add(const struct field *f, struct fp2 *out, const struct fp2 *a, const struct fp2 *b)
{
    fe_add(f, &out->c0, &a->c0, &b->c0);
    fe_add(f, &out->c1, &a->c1, &b->c1);
}

void fp2_sub(const struct field *f, struct fp2 *out, const struct fp2 *a, const struct fp2 *b)
{
    fe_sub(f, &out->c0, &a->c0, &b->c0);
    fe_sub(f, &out->c1, &a->c1, &b->c1);
}

void fp2_neg(const struct field *f, struct fp2 *out, const struct fp2 *a)
{
    fe_neg(f, &out->c0, &a->c0);
    fe_neg(f, &out->c1, &a->c1);
}

void fp2_conj(const struct field *f, struct fp2 *out, const struct fp2 *a)
{
    out->c0 = a->c0;
    fe_neg(f, &out->c1, &a->c1);
}

void fp2_mul(const struct field *f, struct fp2 *out, const struct fp2 *a, const struct fp2 *b)
{
    struct fe s, t, x, y;

    fe_add(f, &s, &a->c0, &a->c1);
    fe_add(f, &t, &b->c0, &b->c1);
    fe_mul(f, &s, &s, &t);
    fe_mul(f, &x, &a->c0, &b->c0);
    fe_mul(f, &y, &a->c1, &b->c1);
    fe_sub(f, &out->c0, &x, &y);
    fe_sub(f, &s, &s, &x);
    fe_sub(f, &out->c1, &s, &y);
}

void fp2_mul_fe(const struct field *f, struct fp2 *out, const struct fp2 *a, const struct fe *b)
{
    fe_mul(f, &out->c0, &a->c0, b);
    fe_mul(f, &out->c1, &a->c1, b);
}

void fp2_sqr(const struct field *f, struct fp2 *out, const struct fp2 *a)
{
    struct fe s, d, m;

    fe_add(f, &s, &a->c0, &a->c1);
    fe_sub(f, &d, &a->c0, &a->c1);
    fe_mul(f, &m, &a->c0, &a->c1);
    fe_mul(f, &out->c0, &s, &d);
    fe_add(f, &out->c1, &m, &m);
}

void fp2_inv(const struct field *f, struct fp2 *out, const struct fp2 *a)
{
    struct fe n, m;

    fe_sqr(f, &n, &a->c0);
    fe_sqr(f, &m, &a->c1);
    fe_add(f, &n, &n, &m);
    fe_inv(f, &n, &n);
    fe_mul(f, &out->c0, &a->c0, &n);
    fe_neg(f, &n, &n);
    fe_mul(f, &out->c1, &a->c1, &n);
}

/* The complex method: with a norm of s², one of (c0 ± s)/2 is the square of the real part. */
bool fp2_sqrt(const struct field *f, struct fp2 *out, const struct fp2 *a)
{
    struct fe s, m, half, x;
    struct fp2 r = {{{0}}, {{0}}};

    if (fe_is_zero(f, &a->c1)) {
        if (!fe_sqrt(f, &r.c0, &a->c0)) {
            fe_neg(f, &m, &a->c0);
            if (!fe_sqrt(f, &r.c1, &m))
                return false;
        }
        *out = r;
        return true;
    }
    fe_sqr(f, &s, &a->c0);
    fe_sqr(f, &m, &a->c1);
    fe_add(f, &s, &s, &m);
    if (!fe_sqrt(f, &s, &s))
        return false;
    fe_from_u64(f, &half, 2);
    fe_inv(f, &half, &half);
    fe_add(f, &x, &a->c0, &s);
    fe_mul(f, &x, &x, &half);
    if (!fe_sqrt(f, &r.c0, &x)) {
        fe_sub(f, &x, &a->c0, &s);
        fe_mul(f, &x, &x, &half);
        if (!fe_sqrt(f, &r.c0, &x))
            return false;
    }
    fe_inv(f, &x, &r.c0);
    fe_mul(f, &x, &x, &half);
    fe_mul(f, &r.c1, &a->c1, &x);
    *out = r;
    return true;
}

bool fp2_is_zero(const struct field *f, const struct fp2 *a)
{
    return fe_is_zero(f, &a->c0) && fe_is_zero(f, &a->c1);
}

bool fp2_eq(const struct field *f, const struct fp2 *a, const struct fp2 *b)
{
    return fe_eq(f, &a->c0, &b->c0) && fe_eq(f, &a->c1, &b->c1);
}

void fp2_one(const struct field *f, struct fp2 *out)
{
    memset(out, 0, sizeof *out);
    out->c0 = f->one;
}

/* a·ξ = (k·c0 - c1) + (k·c1 + c0)·u */
static void fp2_mul_xi(const struct tower *t, struct fp2 *out, const struct fp2 *a)
{
    struct fp2 r = *a;

    if (t->k == 9) { /* 8a + a */
        for (unsigned i = 0; i < 3; i++)
            fp2_add(&t->f, &r, &r, &r);
        fp2_add(&t->f, &r, &r, a);
    } else {
        BUG_ON(t->k != 1);
    }
    fe_sub(&t->f, &r.c0, &r.c0, &a->c1);
    fe_add(&t->f, &r.c1, &r.c1, &a->c0);
    *out = r;
}

/* ------------------------------------------------------------------ the tower */

/* e = (p-1)/6: both moduli are 1 mod 6. */
static void sixth(const struct field *f, uint64_t e[FE_LIMBS_MAX])
{
    u128 rest = 0;

    for (unsigned i = f->n; i-- > 0;) {
        rest = rest << 64 | (f->p.v[i] - (i == 0));
        e[i] = (uint64_t)(rest / 6);
        rest %= 6;
    }
    BUG_ON(rest != 0);
}

void tower_init(struct tower *t, const uint64_t *p, unsigned n, unsigned k)
{
    uint64_t e[FE_LIMBS_MAX];
    struct fp2 xi, g, c;

    field_init(&t->f, p, n);
    t->k = k;
    fe_from_u64(&t->f, &xi.c0, k);
    xi.c1 = t->f.one;
    sixth(&t->f, e);
    fp2_one(&t->f, &g);
    for (unsigned i = 64 * n; i-- > 0;) {
        fp2_sqr(&t->f, &g, &g);
        if ((e[i / 64] >> (i % 64) & 1) != 0)
            fp2_mul(&t->f, &g, &g, &xi);
    }
    fp2_conj(&t->f, &c, &g); /* g^p */
    fp2_mul(&t->f, &c, &c, &g);
    fp2_one(&t->f, &t->gamma[0]);
    fp2_one(&t->f, &t->gamma2[0]);
    for (unsigned i = 1; i < 6; i++) {
        fp2_mul(&t->f, &t->gamma[i], &t->gamma[i - 1], &g);
        fp2_mul(&t->f, &t->gamma2[i], &t->gamma2[i - 1], &c);
    }
}

/* ------------------------------------------------------------------ Fp6 */

static void fp6_add(const struct tower *t, struct fp6 *out, const struct fp6 *a,
                    const struct fp6 *b)
{
    fp2_add(&t->f, &out->c0, &a->c0, &b->c0);
    fp2_add(&t->f, &out->c1, &a->c1, &b->c1);
    fp2_add(&t->f, &out->c2, &a->c2, &b->c2);
}

static void fp6_sub(const struct tower *t, struct fp6 *out, const struct fp6 *a,
                    const struct fp6 *b)
{
    fp2_sub(&t->f, &out->c0, &a->c0, &b->c0);
    fp2_sub(&t->f, &out->c1, &a->c1, &b->c1);
    fp2_sub(&t->f, &out->c2, &a->c2, &b->c2);
}

static void fp6_neg(const struct tower *t, struct fp6 *out, const struct fp6 *a)
{
    fp2_neg(&t->f, &out->c0, &a->c0);
    fp2_neg(&t->f, &out->c1, &a->c1);
    fp2_neg(&t->f, &out->c2, &a->c2);
}

/* (a0 + a1)(b0 + b1) - ab0 - ab1 */
static void cross(const struct tower *t, struct fp2 *out, const struct fp2 *a0,
                  const struct fp2 *a1, const struct fp2 *b0, const struct fp2 *b1,
                  const struct fp2 *ab0, const struct fp2 *ab1)
{
    struct fp2 x, y;

    fp2_add(&t->f, &x, a0, a1);
    fp2_add(&t->f, &y, b0, b1);
    fp2_mul(&t->f, &x, &x, &y);
    fp2_sub(&t->f, &x, &x, ab0);
    fp2_sub(&t->f, out, &x, ab1);
}

static void fp6_mul(const struct tower *t, struct fp6 *out, const struct fp6 *a,
                    const struct fp6 *b)
{
    struct fp2 v0, v1, v2, x01, x02, x12;

    fp2_mul(&t->f, &v0, &a->c0, &b->c0);
    fp2_mul(&t->f, &v1, &a->c1, &b->c1);
    fp2_mul(&t->f, &v2, &a->c2, &b->c2);
    cross(t, &x01, &a->c0, &a->c1, &b->c0, &b->c1, &v0, &v1);
    cross(t, &x02, &a->c0, &a->c2, &b->c0, &b->c2, &v0, &v2);
    cross(t, &x12, &a->c1, &a->c2, &b->c1, &b->c2, &v1, &v2);
    fp2_mul_xi(t, &x12, &x12);
    fp2_add(&t->f, &out->c0, &v0, &x12);
    fp2_add(&t->f, &out->c2, &x02, &v1);
    fp2_mul_xi(t, &v2, &v2);
    fp2_add(&t->f, &out->c1, &x01, &v2);
}

/* a·(b0 + b1·v) */
static void fp6_mul_01(const struct tower *t, struct fp6 *out, const struct fp6 *a,
                       const struct fp2 *b0, const struct fp2 *b1)
{
    struct fp2 v0, v1, x01, x, y;

    fp2_mul(&t->f, &v0, &a->c0, b0);
    fp2_mul(&t->f, &v1, &a->c1, b1);
    cross(t, &x01, &a->c0, &a->c1, b0, b1, &v0, &v1);
    fp2_mul(&t->f, &x, &a->c2, b1);
    fp2_mul(&t->f, &y, &a->c2, b0);
    fp2_mul_xi(t, &x, &x);
    fp2_add(&t->f, &out->c0, &v0, &x);
    out->c1 = x01;
    fp2_add(&t->f, &out->c2, &v1, &y);
}

/* a·b0 */
static void fp6_mul_0(const struct tower *t, struct fp6 *out, const struct fp6 *a,
                      const struct fp2 *b0)
{
    fp2_mul(&t->f, &out->c0, &a->c0, b0);
    fp2_mul(&t->f, &out->c1, &a->c1, b0);
    fp2_mul(&t->f, &out->c2, &a->c2, b0);
}

/* a·v */
static void fp6_mul_v(const struct tower *t, struct fp6 *out, const struct fp6 *a)
{
    struct fp6 r;

    fp2_mul_xi(t, &r.c0, &a->c2);
    r.c1 = a->c0;
    r.c2 = a->c1;
    *out = r;
}

static void fp6_inv(const struct tower *t, struct fp6 *out, const struct fp6 *a)
{
    struct fp2 x, y, z, s, m;

    fp2_sqr(&t->f, &x, &a->c0); /* x = c0² - ξ·c1·c2 */
    fp2_mul(&t->f, &m, &a->c1, &a->c2);
    fp2_mul_xi(t, &m, &m);
    fp2_sub(&t->f, &x, &x, &m);
    fp2_sqr(&t->f, &y, &a->c2); /* y = ξ·c2² - c0·c1 */
    fp2_mul_xi(t, &y, &y);
    fp2_mul(&t->f, &m, &a->c0, &a->c1);
    fp2_sub(&t->f, &y, &y, &m);
    fp2_sqr(&t->f, &z, &a->c1); /* z = c1² - c0·c2 */
    fp2_mul(&t->f, &m, &a->c0, &a->c2);
    fp2_sub(&t->f, &z, &z, &m);
    fp2_mul(&t->f, &s, &a->c2, &y); /* s = c0·x + ξ(c2·y + c1·z) */
    fp2_mul(&t->f, &m, &a->c1, &z);
    fp2_add(&t->f, &s, &s, &m);
    fp2_mul_xi(t, &s, &s);
    fp2_mul(&t->f, &m, &a->c0, &x);
    fp2_add(&t->f, &s, &s, &m);
    fp2_inv(&t->f, &s, &s);
    fp2_mul(&t->f, &out->c0, &x, &s);
    fp2_mul(&t->f, &out->c1, &y, &s);
    fp2_mul(&t->f, &out->c2, &z, &s);
}

/* ------------------------------------------------------------------ Fp12 */

void fp12_one(const struct tower *t, struct fp12 *out)
{
    memset(out, 0, sizeof *out);
    out->c0.c0.c0 = t->f.one;
}

bool fp12_is_one(const struct tower *t, const struct fp12 *a)
{
    struct fp12 one;

    fp12_one(t, &one);
    return memcmp(&one, a, sizeof one) == 0;
}

/* out = (x - a0b0 - a1b1) w + (a0b0 + v·a1b1) */
static void fp12_join(const struct tower *t, struct fp12 *out, const struct fp6 *v0,
                      const struct fp6 *v1, const struct fp6 *x)
{
    struct fp6 s;

    fp6_sub(t, &s, x, v0);
    fp6_sub(t, &out->c1, &s, v1);
    fp6_mul_v(t, &s, v1);
    fp6_add(t, &out->c0, v0, &s);
}

void fp12_mul(const struct tower *t, struct fp12 *out, const struct fp12 *a, const struct fp12 *b)
{
    struct fp6 v0, v1, x, y;

    fp6_add(t, &x, &a->c0, &a->c1);
    fp6_add(t, &y, &b->c0, &b->c1);
    fp6_mul(t, &x, &x, &y);
    fp6_mul(t, &v0, &a->c0, &b->c0);
    fp6_mul(t, &v1, &a->c1, &b->c1);
    fp12_join(t, out, &v0, &v1, &x);
}

/* c0² + v·c1² = (c0 + c1)(c0 + v·c1) - m - v·m with m = c0·c1 */
void fp12_sqr(const struct tower *t, struct fp12 *out, const struct fp12 *a)
{
    struct fp6 m, x, y;

    fp6_mul(t, &m, &a->c0, &a->c1);
    fp6_add(t, &x, &a->c0, &a->c1);
    fp6_mul_v(t, &y, &a->c1);
    fp6_add(t, &y, &y, &a->c0);
    fp6_mul(t, &x, &x, &y);
    fp6_sub(t, &x, &x, &m);
    fp6_mul_v(t, &y, &m);
    fp6_sub(t, &out->c0, &x, &y);
    fp6_add(t, &out->c1, &m, &m);
}

void fp12_inv(const struct tower *t, struct fp12 *out, const struct fp12 *a)
{
    struct fp6 n, m;

    fp6_mul(t, &n, &a->c0, &a->c0);
    fp6_mul(t, &m, &a->c1, &a->c1);
    fp6_mul_v(t, &m, &m);
    fp6_sub(t, &n, &n, &m);
    fp6_inv(t, &n, &n);
    fp6_mul(t, &out->c0, &a->c0, &n);
    fp6_mul(t, &m, &a->c1, &n);
    fp6_neg(t, &out->c1, &m);
}

void fp12_conj(const struct tower *t, struct fp12 *out, const struct fp12 *a)
{
    out->c0 = a->c0;
    fp6_neg(t, &out->c1, &a->c1);
}

void fp12_frobenius(const struct tower *t, struct fp12 *out, const struct fp12 *a, unsigned power)
{
    const struct fp2 *gamma = power == 1 ? t->gamma : t->gamma2;
    struct fp2 *to[6] = {&out->c0.c0, &out->c1.c0, &out->c0.c1,
                         &out->c1.c1, &out->c0.c2, &out->c1.c2}; /* w⁰ … w⁵ */

    BUG_ON(power != 1 && power != 2);
    *out = *a;
    for (unsigned i = 0; i < 6; i++) {
        if (power == 1)
            fp2_conj(&t->f, to[i], to[i]);
        fp2_mul(&t->f, to[i], to[i], &gamma[i]);
    }
}

/* (a + b·s)² in Fp4 = Fp2[s]/(s²-ξ) */
static void fp4_sqr(const struct tower *t, struct fp2 *c0, struct fp2 *c1, const struct fp2 *a,
                    const struct fp2 *b)
{
    struct fp2 x, y, s;

    fp2_sqr(&t->f, &x, a);
    fp2_sqr(&t->f, &y, b);
    fp2_add(&t->f, &s, a, b);
    fp2_sqr(&t->f, &s, &s);
    fp2_sub(&t->f, &s, &s, &x);
    fp2_sub(&t->f, c1, &s, &y);
    fp2_mul_xi(t, &y, &y);
    fp2_add(&t->f, c0, &x, &y);
}

/* 3x ± 2a */
static void thrice(const struct tower *t, struct fp2 *out, const struct fp2 *x, const struct fp2 *a,
                   bool plus)
{
    struct fp2 s;

    if (plus)
        fp2_add(&t->f, &s, x, a);
    else
        fp2_sub(&t->f, &s, x, a);
    fp2_add(&t->f, &s, &s, &s);
    fp2_add(&t->f, out, &s, x);
}

void fp12_cyclotomic_sqr(const struct tower *t, struct fp12 *out, const struct fp12 *a)
{
    struct fp2 a0, a1, b0, b1, c0, c1;
    struct fp12 r;

    fp4_sqr(t, &a0, &a1, &a->c0.c0, &a->c1.c1);
    fp4_sqr(t, &b0, &b1, &a->c1.c0, &a->c0.c2);
    fp4_sqr(t, &c0, &c1, &a->c0.c1, &a->c1.c2);
    fp2_mul_xi(t, &c1, &c1);
    thrice(t, &r.c0.c0, &a0, &a->c0.c0, false);
    thrice(t, &r.c0.c1, &b0, &a->c0.c1, false);
    thrice(t, &r.c0.c2, &c0, &a->c0.c2, false);
    thrice(t, &r.c1.c0, &c1, &a->c1.c0, true);
    thrice(t, &r.c1.c1, &a1, &a->c1.c1, true);
    thrice(t, &r.c1.c2, &b1, &a->c1.c2, true);
    *out = r;
}

void fp12_mul_013(const struct tower *t, struct fp12 *out, const struct fp12 *a,
                  const struct fp2 *l0, const struct fp2 *l1, const struct fp2 *l3)
{
    struct fp6 v0, v1, x;
    struct fp2 s;

    fp6_mul_0(t, &v0, &a->c0, l0);
    fp6_mul_01(t, &v1, &a->c1, l1, l3);
    fp6_add(t, &x, &a->c0, &a->c1);
    fp2_add(&t->f, &s, l0, l1);
    fp6_mul_01(t, &x, &x, &s, l3);
    fp12_join(t, out, &v0, &v1, &x);
}

void fp12_mul_023(const struct tower *t, struct fp12 *out, const struct fp12 *a,
                  const struct fp2 *l0, const struct fp2 *l2, const struct fp2 *l3)
{
    struct fp6 v0, v1, x;
    struct fp2 s;

    fp6_mul_01(t, &v0, &a->c0, l0, l2);
    fp6_mul_0(t, &v1, &a->c1, l3); /* ·l3·v */
    fp6_mul_v(t, &v1, &v1);
    fp6_add(t, &x, &a->c0, &a->c1);
    fp2_add(&t->f, &s, l2, l3);
    fp6_mul_01(t, &x, &x, l0, &s);
    fp12_join(t, out, &v0, &v1, &x);
}
