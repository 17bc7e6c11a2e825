#include "crypto/miller.h"

/* acc *= y·yP + x·xP + c, each in its place of the twist. */
static void put_line(const struct tower *t, enum twist twist, struct fp12 *acc, const struct fp2 *y,
                     const struct fp2 *x, const struct fp2 *c, const struct g1_affine *p)
{
    struct fp2 ly, lx;

    fp2_mul_fe(&t->f, &ly, y, &p->y);
    fp2_mul_fe(&t->f, &lx, x, &p->x);
    if (twist == TWIST_D)
        fp12_mul_013(t, acc, acc, &ly, &lx, c);
    else
        fp12_mul_023(t, acc, acc, c, &lx, &ly);
}

/* Slope 3X²/2YZ; the line times 2YZ·Z². */
void miller_double(const struct tower *t, enum twist twist, struct fp12 *acc, struct g2 *at,
                   const struct g1_affine *p)
{
    const struct field *f = &t->f;
    struct fp2 e, zz, y, x, c;

    fp2_sqr(f, &x, &at->x);
    fp2_add(f, &e, &x, &x);
    fp2_add(f, &e, &e, &x);
    fp2_sqr(f, &zz, &at->z);
    fp2_mul(f, &x, &e, &zz); /* -3X²Z²·xP */
    fp2_neg(f, &x, &x);
    fp2_mul(f, &c, &e, &at->x); /* 3X³ - 2Y² */
    fp2_sqr(f, &y, &at->y);
    fp2_sub(f, &c, &c, &y);
    fp2_sub(f, &c, &c, &y);
    g2_double(f, at, at);
    fp2_mul(f, &y, &at->z, &zz); /* Z3·Z²·yP */
    put_line(t, twist, acc, &y, &x, &c, p);
}

/* Slope R/(Z·H) with H = x2·Z² - X and R = y2·Z³ - Y; the line through Q times Z3 = Z·H. */
void miller_add(const struct tower *t, enum twist twist, struct fp12 *acc, struct g2 *at,
                const struct g2_affine *q, const struct g1_affine *p)
{
    const struct field *f = &t->f;
    struct fp2 zz, h, r, hh, hhh, v, x, c;

    fp2_sqr(f, &zz, &at->z);
    fp2_mul(f, &h, &q->x, &zz);
    fp2_sub(f, &h, &h, &at->x);
    fp2_mul(f, &r, &q->y, &zz);
    fp2_mul(f, &r, &r, &at->z);
    fp2_sub(f, &r, &r, &at->y);
    fp2_sqr(f, &hh, &h);
    fp2_mul(f, &hhh, &hh, &h);
    fp2_mul(f, &v, &at->x, &hh);
    fp2_mul(f, &at->z, &at->z, &h);
    fp2_sqr(f, &at->x, &r); /* X3 = R² - H³ - 2V */
    fp2_sub(f, &at->x, &at->x, &hhh);
    fp2_sub(f, &at->x, &at->x, &v);
    fp2_sub(f, &at->x, &at->x, &v);
    fp2_sub(f, &v, &v, &at->x); /* Y3 = R(V - X3) - Y·H³ */
    fp2_mul(f, &v, &v, &r);
    fp2_mul(f, &hhh, &hhh, &at->y);
    fp2_sub(f, &at->y, &v, &hhh);
    fp2_neg(f, &x, &r);
    fp2_mul(f, &c, &r, &q->x);
    fp2_mul(f, &v, &q->y, &at->z);
    fp2_sub(f, &c, &c, &v);
    put_line(t, twist, acc, &at->z, &x, &c, p);
}

void final_exp_easy(const struct tower *t, struct fp12 *out, const struct fp12 *a)
{
    struct fp12 r, s;

    fp12_inv(t, &s, a);
    fp12_conj(t, &r, a);
    fp12_mul(t, &r, &r, &s);
    fp12_frobenius(t, &s, &r, 2);
    fp12_mul(t, out, &r, &s);
}

void cyclotomic_pow(const struct tower *t, struct fp12 *out, const struct fp12 *a, uint64_t e)
{
    struct fp12 r = *a;
    int bit = 63;

    BUG_ON(e == 0);
    while ((e >> bit & 1) == 0)
        bit--;
    while (bit-- > 0) {
        fp12_cyclotomic_sqr(t, &r, &r);
        if ((e >> bit & 1) != 0)
            fp12_mul(t, &r, &r, a);
    }
    *out = r;
}
