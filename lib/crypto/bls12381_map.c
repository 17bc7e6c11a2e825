/* Maps of field elements onto the groups: RFC 9380, simplified SWU (6.6.2, 6.6.3), isogeny, and
 * multiplication by the effective cofactor. */
#include <pthread.h>
#include <string.h>

#include "crypto/bls12381.h"
#include "crypto/bls12381_in.h"
#include "crypto/bls12381_iso.h"

#define COEFFS_MAX 16

/* The curve y² = x³ + A·x + B that SSWU maps onto, with its Z; over Fp2, or Fp inside it. */
struct sswu {
    struct fp2 a, b, z, minus_b_a; /* -B/A */
    /* x = num/den, y = y·num/den; the coefficients of the denominators end with one */
    struct fp2 coeff[4][COEFFS_MAX];
    unsigned n[4];
};

static struct sswu sswu1, sswu2;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(const struct field *f, struct fe *out, const uint64_t v[6])
{
    struct fe a;

    memcpy(a.v, v, sizeof a.v);
    fe_mul(f, out, &a, &f->r2);
}

static void divide(const struct field *f, struct sswu *s)
{
    fp2_inv(f, &s->minus_b_a, &s->a);
    fp2_mul(f, &s->minus_b_a, &s->minus_b_a, &s->b);
    fp2_neg(f, &s->minus_b_a, &s->minus_b_a);
}

static void init(void)
{
    /* Section 8.8.1 */
    static const uint64_t a1[6] = {0x5cf428082d584c1d, 0x98936f8da0e0f97f, 0xd8e8981aefd881ac,
                                   0xb0ea985383ee66a8, 0x3d693a02c96d4982, 0x00144698a3b8e943};
    static const uint64_t b1[6] = {0xd1cc48e98e172be0, 0x5a23215a316ceaa5, 0xa0b9c14fcef35ef5,
                                   0x2016c1f0f24f4070, 0x018b12e8753eee3b, 0x12e2908d11688030};
    static const struct {
        const uint64_t (*g1)[6];
        unsigned n1;
        const uint64_t (*g2)[2][6];
        unsigned n2;
    } iso[4] = {{bls12381_iso1_x_num, 12, bls12381_iso2_x_num, 4},
                {bls12381_iso1_x_den, 10, bls12381_iso2_x_den, 2},
                {bls12381_iso1_y_num, 16, bls12381_iso2_y_num, 4},
                {bls12381_iso1_y_den, 15, bls12381_iso2_y_den, 3}};
    const struct field *f = &bls12381_get()->t.f;

    load(f, &sswu1.a.c0, a1);
    load(f, &sswu1.b.c0, b1);
    fe_from_u64(f, &sswu1.z.c0, 11);
    /* Section 8.8.2: A = 240u, B = 1012(1 + u), Z = -(2 + u) */
    fe_from_u64(f, &sswu2.a.c1, 240);
    fe_from_u64(f, &sswu2.b.c0, 1012);
    sswu2.b.c1 = sswu2.b.c0;
    fe_from_u64(f, &sswu2.z.c0, 2);
    sswu2.z.c1 = f->one;
    fp2_neg(f, &sswu2.z, &sswu2.z);
    divide(f, &sswu1);
    divide(f, &sswu2);
    for (unsigned i = 0; i < countof(iso); i++) {
        for (unsigned k = 0; k < iso[i].n1; k++)
            load(f, &sswu1.coeff[i][k].c0, iso[i].g1[k]);
        for (unsigned k = 0; k < iso[i].n2; k++) {
            load(f, &sswu2.coeff[i][k].c0, iso[i].g2[k][0]);
            load(f, &sswu2.coeff[i][k].c1, iso[i].g2[k][1]);
        }
        sswu1.n[i] = iso[i].n1;
        sswu2.n[i] = iso[i].n2;
        if (i % 2 == 1) {
            fp2_one(f, &sswu1.coeff[i][sswu1.n[i]++]);
            fp2_one(f, &sswu2.coeff[i][sswu2.n[i]++]);
        }
    }
}

/* RFC 9380, 4.1 */
static bool sgn0(const struct field *f, const struct fp2 *a)
{
    return fe_is_odd(f, &a->c0) || (fe_is_zero(f, &a->c0) && fe_is_odd(f, &a->c1));
}

/* A square root; over Fp only one without an imaginary part counts. */
static bool root(const struct field *f, bool prime, struct fp2 *out, const struct fp2 *a)
{
    if (!prime)
        return fp2_sqrt(f, out, a);
    memset(&out->c1, 0, sizeof out->c1);
    return fe_sqrt(f, &out->c0, &a->c0);
}

static void right_side(const struct field *f, const struct sswu *s, struct fp2 *out,
                       const struct fp2 *x)
{
    fp2_sqr(f, out, x);
    fp2_add(f, out, out, &s->a);
    fp2_mul(f, out, out, x);
    fp2_add(f, out, out, &s->b);
}

static void swu(const struct field *f, const struct sswu *s, bool prime, const struct fp2 *u,
                struct fp2 *x, struct fp2 *y)
{
    struct fp2 zu2, d, one, g;

    fp2_one(f, &one);
    fp2_sqr(f, &zu2, u);
    fp2_mul(f, &zu2, &zu2, &s->z);
    fp2_sqr(f, &d, &zu2); /* d = Z²u⁴ + Zu² */
    fp2_add(f, &d, &d, &zu2);
    if (fp2_is_zero(f, &d)) {
        fp2_inv(f, &d, &s->z); /* x = B/(Z·A) */
        fp2_mul(f, x, &d, &s->minus_b_a);
        fp2_neg(f, x, x);
    } else {
        fp2_inv(f, &d, &d); /* x = -B/A·(1 + 1/d) */
        fp2_add(f, &d, &d, &one);
        fp2_mul(f, x, &d, &s->minus_b_a);
    }
    right_side(f, s, &g, x);
    if (!root(f, prime, y, &g)) {
        fp2_mul(f, x, x, &zu2);
        right_side(f, s, &g, x);
        BUG_ON(!root(f, prime, y, &g)); /* one of the two is a square */
    }
    if (sgn0(f, u) != sgn0(f, y))
        fp2_neg(f, y, y);
}

static void horner(const struct field *f, const struct sswu *s, unsigned i, struct fp2 *out,
                   const struct fp2 *x)
{
    struct fp2 r = s->coeff[i][s->n[i] - 1];

    for (unsigned k = s->n[i] - 1; k-- > 0;) {
        fp2_mul(f, &r, &r, x);
        fp2_add(f, &r, &r, &s->coeff[i][k]);
    }
    *out = r;
}

/* To a point of the curve in question; the kernel of the isogeny goes to infinity. */
static void map(const struct field *f, const struct sswu *s, bool prime, const struct fp2 *u,
                struct g2 *out)
{
    struct fp2 x, y, xn, xd, yn, yd, both;
    struct g2_affine a;

    swu(f, s, prime, u, &x, &y);
    horner(f, s, 0, &xn, &x);
    horner(f, s, 1, &xd, &x);
    horner(f, s, 2, &yn, &x);
    horner(f, s, 3, &yd, &x);
    memset(&a, 0, sizeof a);
    if (!fp2_is_zero(f, &xd) && !fp2_is_zero(f, &yd)) {
        fp2_mul(f, &both, &xd, &yd); /* one inversion for both */
        fp2_inv(f, &both, &both);
        fp2_mul(f, &a.x, &xn, &yd);
        fp2_mul(f, &a.x, &a.x, &both);
        fp2_mul(f, &a.y, &yn, &y);
        fp2_mul(f, &a.y, &a.y, &xd);
        fp2_mul(f, &a.y, &a.y, &both);
    }
    g2_from_affine(f, out, &a);
}

/*
 * (x²-x-1)P + (x-1)ψ(P) + ψ²(2P) with the negative parameter x: A. Budroni and F. Pintore,
 * "Efficient hash maps to G2 on BLS curves" (2017), as in RFC 9380, G.3.
 */
static void clear_cofactor2(const struct field *f, struct g2 *out, const struct g2 *p)
{
    static const uint64_t x[1] = {BLS_X};
    struct g2 t1, t2, t3;

    g2_mul(f, &t1, p, x, 1); /* t1 = xP */
    g2_neg(f, &t1, &t1);
    bls12381_psi(&t2, p);
    g2_double(f, &t3, p);
    bls12381_psi(&t3, &t3);
    bls12381_psi(&t3, &t3);
    g2_neg(f, &t2, &t2);
    g2_add(f, &t3, &t3, &t2); /* ψ²(2P) - ψ(P) */
    g2_neg(f, &t2, &t2);
    g2_add(f, &t2, &t1, &t2); /* x(xP + ψ(P)) */
    g2_mul(f, &t2, &t2, x, 1);
    g2_neg(f, &t2, &t2);
    g2_add(f, &t3, &t3, &t2);
    g2_neg(f, &t1, &t1);
    g2_add(f, &t3, &t3, &t1);
    g2_neg(f, &t1, p);
    g2_add(f, out, &t3, &t1);
}

bool bls12381_map_fp_to_g1(struct str items, uint8_t *out)
{
    static const uint64_t h_eff[1] = {BLS_X + 1}; /* 1 - x */
    const struct field *f = &bls12381_get()->t.f;
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct fp2 u = {{{0}}, {{0}}};
    struct g2 wide;
    struct g1 p;

    BUG_ON(items.len % BLS12381_FP != 0);
    pthread_once(&once, init);
    for (size_t i = 0; i < items.len; i += BLS12381_FP, out += BLS12381_P1) {
        if (!fe_read_be(f, &u.c0, in + i))
            return false;
        map(f, &sswu1, true, &u, &wide);
        p = (struct g1){wide.x.c0, wide.y.c0, wide.z.c0};
        g1_mul(f, &p, &p, h_eff, 1);
        bls12381_write_g1(out, &p);
    }
    return true;
}

bool bls12381_map_fp2_to_g2(struct str items, uint8_t *out)
{
    const struct field *f = &bls12381_get()->t.f;
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct fp2 u;
    struct g2 p;

    BUG_ON(items.len % BLS12381_FP2 != 0);
    pthread_once(&once, init);
    for (size_t i = 0; i < items.len; i += BLS12381_FP2, out += BLS12381_P2) {
        if (!fe_read_be(f, &u.c1, in + i) || !fe_read_be(f, &u.c0, in + i + BLS12381_FP))
            return false;
        map(f, &sswu2, false, &u, &p);
        clear_cofactor2(f, &p, &p);
        bls12381_write_g2(out, &p);
    }
    return true;
}
