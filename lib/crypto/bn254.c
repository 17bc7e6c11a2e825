#include "crypto/bn254.h"

#include <pthread.h>
#include <string.h>

#include "crypto/miller.h"

/* EIP-196: the field and the order of the groups. */
static const uint64_t modulus[4] = {0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d,
                                    0x30644e72e131a029};
static const uint64_t order[4] = {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d,
                                  0x30644e72e131a029};
/* The parameter of the family: p = 36x⁴ + 36x³ + 24x² + 6x + 1. */
#define BN_X 4965661367192848881U
/* 6x + 2 without its top bit, 2^64. */
#define LOOP (6 * BN_X + 2)

static struct tower tower;
static struct field scalars;
static struct fe g1_b;
static struct fp2 g2_b; /* 3/(9 + u) */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
    struct fp2 xi;

    tower_init(&tower, modulus, 4, 9);
    field_init(&scalars, order, 4);
    fe_from_u64(&tower.f, &g1_b, 3);
    fe_from_u64(&tower.f, &xi.c0, 9);
    xi.c1 = tower.f.one;
    fp2_inv(&tower.f, &xi, &xi);
    fp2_mul_fe(&tower.f, &g2_b, &xi, &g1_b);
}

/* ------------------------------------------------------------------ reading and writing */

static bool refuse(struct bn254_fault *fault, const char *what, const uint8_t *at, size_t n)
{
    fault->what = what;
    fault->bytes = str_from(at, n);
    return false;
}

static bool read_fq(const uint8_t *in, struct fe *out, struct bn254_fault *fault)
{
    return fe_read_le(&tower.f, out, in) || refuse(fault, "invalid fq", in, 32);
}

static bool read_g1(const uint8_t *in, struct g1_affine *out, struct bn254_fault *fault)
{
    if (!read_fq(in, &out->x, fault) || !read_fq(in + 32, &out->y, fault))
        return false;
    if (!g1_affine_is_infinity(&tower.f, out) && !g1_on_curve(&tower.f, out, &g1_b))
        return refuse(fault, "invalid g1", in, 64);
    return true;
}

static bool read_g2(const uint8_t *in, struct g2_affine *out, struct bn254_fault *fault)
{
    struct g2 p;

    if (!read_fq(in, &out->x.c0, fault) || !read_fq(in + 32, &out->x.c1, fault) ||
        !read_fq(in + 64, &out->y.c0, fault) || !read_fq(in + 96, &out->y.c1, fault))
        return false;
    if (g2_affine_is_infinity(&tower.f, out))
        return true;
    if (!g2_on_curve(&tower.f, out, &g2_b))
        return refuse(fault, "invalid g2", in, 128);
    g2_from_affine(&tower.f, &p, out);
    g2_mul(&tower.f, &p, &p, order, 4);
    return g2_is_infinity(&tower.f, &p) || refuse(fault, "invalid g2", in, 128);
}

static void write_g1(const struct g1 *p, uint8_t out[BN254_G1])
{
    struct g1_affine a;

    g1_to_affine(&tower.f, &a, p);
    fe_write_le(&tower.f, out, &a.x);
    fe_write_le(&tower.f, out + 32, &a.y);
}

/* ------------------------------------------------------------------ G1 */

bool bn254_g1_sum(struct str items, uint8_t out[BN254_G1], struct bn254_fault *fault)
{
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct g1 sum, p;
    struct g1_affine a;

    BUG_ON(items.len % BN254_SUM_ITEM != 0);
    pthread_once(&once, init);
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < items.len; i += BN254_SUM_ITEM) {
        if (in[i] > 1)
            return refuse(fault, "invalid bool", in + i, 1);
        if (!read_g1(in + i + 1, &a, fault))
            return false;
        g1_from_affine(&tower.f, &p, &a);
        if (in[i] == 1)
            g1_neg(&tower.f, &p, &p);
        g1_add(&tower.f, &sum, &sum, &p);
    }
    write_g1(&sum, out);
    return true;
}

bool bn254_g1_multiexp(struct str items, uint8_t out[BN254_G1], struct bn254_fault *fault)
{
    const uint8_t *in = (const uint8_t *)items.ptr;
    uint64_t e[FE_LIMBS_MAX];
    struct g1 sum, p;
    struct g1_affine a;
    struct fe s;

    BUG_ON(items.len % BN254_EXP_ITEM != 0);
    pthread_once(&once, init);
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < items.len; i += BN254_EXP_ITEM) {
        if (!read_g1(in + i, &a, fault))
            return false;
        if (!fe_read_le(&scalars, &s, in + i + 64))
            return refuse(fault, "invalid fr", in + i + 64, 32);
        fe_number(&scalars, e, &s);
        g1_from_affine(&tower.f, &p, &a);
        g1_mul(&tower.f, &p, &p, e, 4);
        g1_add(&tower.f, &sum, &sum, &p);
    }
    write_g1(&sum, out);
    return true;
}

/* ------------------------------------------------------------------ the pairing */

/* The optimal ate pairing: f_{6x+2,Q}(P), and lines through π(Q) and -π²(Q) (Vercauteren 2010). */
static void miller(struct fp12 *acc, const struct g1_affine *p, const struct g2_affine *q)
{
    const struct field *f = &tower.f;
    struct fp12 r;
    struct g2_affine q1, q2;
    struct g2 at;

    fp12_one(&tower, &r);
    g2_from_affine(f, &at, q);
    for (unsigned i = 64; i-- > 0;) {
        fp12_sqr(&tower, &r, &r);
        miller_double(&tower, TWIST_D, &r, &at, p);
        if (((uint64_t)LOOP >> i & 1) != 0)
            miller_add(&tower, TWIST_D, &r, &at, q, p);
    }
    fp2_conj(f, &q1.x, &q->x);
    fp2_mul(f, &q1.x, &q1.x, &tower.gamma[2]);
    fp2_conj(f, &q1.y, &q->y);
    fp2_mul(f, &q1.y, &q1.y, &tower.gamma[3]);
    fp2_mul(f, &q2.x, &q->x, &tower.gamma2[2]);
    fp2_mul(f, &q2.y, &q->y, &tower.gamma2[3]);
    fp2_neg(f, &q2.y, &q2.y);
    miller_add(&tower, TWIST_D, &r, &at, &q1, p);
    miller_add(&tower, TWIST_D, &r, &at, &q2, p);
    fp12_mul(&tower, acc, acc, &r);
}

/* a^((p⁴-p²+1)/r): M. Scott et al., "On the final exponentiation" (2009), section 5. */
static void final_exp_hard(struct fp12 *out, const struct fp12 *a)
{
    const struct tower *t = &tower;
    struct fp12 fx, fx2, fx3, y0, y1, y2, y3, y4, y5, y6, s, u;

    cyclotomic_pow(t, &fx, a, BN_X);
    cyclotomic_pow(t, &fx2, &fx, BN_X);
    cyclotomic_pow(t, &fx3, &fx2, BN_X);
    fp12_frobenius(t, &y0, a, 1); /* a^(p + p² + p³) */
    fp12_frobenius(t, &s, a, 2);
    fp12_frobenius(t, &u, &s, 1);
    fp12_mul(t, &y0, &y0, &s);
    fp12_mul(t, &y0, &y0, &u);
    fp12_conj(t, &y1, a);
    fp12_frobenius(t, &y2, &fx2, 2);
    fp12_frobenius(t, &y3, &fx, 1);
    fp12_conj(t, &y3, &y3);
    fp12_frobenius(t, &y4, &fx2, 1);
    fp12_mul(t, &y4, &y4, &fx);
    fp12_conj(t, &y4, &y4);
    fp12_conj(t, &y5, &fx2);
    fp12_frobenius(t, &y6, &fx3, 1);
    fp12_mul(t, &y6, &y6, &fx3);
    fp12_conj(t, &y6, &y6);
    /* y0·y1²·y2⁶·y3¹²·y4¹⁸·y5³⁰·y6³⁶ by an addition chain */
    fp12_cyclotomic_sqr(t, &s, &y6);
    fp12_mul(t, &s, &s, &y4);
    fp12_mul(t, &s, &s, &y5);
    fp12_mul(t, &u, &y3, &y5);
    fp12_mul(t, &u, &u, &s);
    fp12_mul(t, &s, &s, &y2);
    fp12_cyclotomic_sqr(t, &u, &u);
    fp12_mul(t, &u, &u, &s);
    fp12_cyclotomic_sqr(t, &u, &u);
    fp12_mul(t, &s, &u, &y1);
    fp12_mul(t, &u, &u, &y0);
    fp12_cyclotomic_sqr(t, &s, &s);
    fp12_mul(t, out, &s, &u);
}

bool bn254_pairing_check(struct str items, bool *holds, struct bn254_fault *fault)
{
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct g1_affine p;
    struct g2_affine q;
    struct fp12 acc;

    BUG_ON(items.len % BN254_PAIR != 0);
    pthread_once(&once, init);
    fp12_one(&tower, &acc);
    for (size_t i = 0; i < items.len; i += BN254_PAIR) {
        if (!read_g1(in + i, &p, fault) || !read_g2(in + i + BN254_G1, &q, fault))
            return false;
        if (!g1_affine_is_infinity(&tower.f, &p) && !g2_affine_is_infinity(&tower.f, &q))
            miller(&acc, &p, &q);
    }
    final_exp_easy(&tower, &acc, &acc);
    final_exp_hard(&acc, &acc);
    *holds = fp12_is_one(&tower, &acc);
    return true;
}
