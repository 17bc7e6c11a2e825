#include "crypto/bls12381.h"

#include <pthread.h>
#include <string.h>

#include "crypto/bls12381_in.h"

#define FLAG_COMPRESSED 0x80
#define FLAG_INFINITY   0x40
#define FLAG_LARGE      0x20
#define FLAGS           0xe0

static struct bls12381 shared;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
    /* p = (x-1)²(x⁴-x²+1)/3 + x with x = -BLS_X (draft-irtf-cfrg-pairing-friendly-curves, 4.2.1).
     */
    static const uint64_t modulus[6] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624,
                                        0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
    struct bls12381 *c = &shared;

    tower_init(&c->t, modulus, 6, 1);
    fe_from_u64(&c->t.f, &c->b1, 4);
    c->b2.c0 = c->b1;
    c->b2.c1 = c->b1;
    c->beta = c->t.gamma2[2].c0; /* a cube root of one */
    fp2_inv(&c->t.f, &c->psi_x, &c->t.gamma[2]);
    fp2_inv(&c->t.f, &c->psi_y, &c->t.gamma[3]);
}

const struct bls12381 *bls12381_get(void)
{
    pthread_once(&once, init);
    return &shared;
}

/* ------------------------------------------------------------------ reading and writing */

static bool all_zero(const uint8_t *p, size_t n)
{
    while (n > 0 && p[n - 1] == 0)
        n--;
    return n == 0;
}

/* A number whose first byte carries flags. */
static bool read_flagged(const struct field *f, struct fe *out, const uint8_t *in)
{
    uint8_t b[BLS12381_FP];

    memcpy(b, in, sizeof b);
    b[0] &= (uint8_t)~FLAGS;
    return fe_read_be(f, out, b);
}

static bool is_infinity(const uint8_t *in, size_t n, uint8_t flags)
{
    return in[0] == flags && all_zero(in + 1, n - 1);
}

bool bls12381_read_g1(const uint8_t *in, struct g1_affine *out)
{
    const struct bls12381 *c = bls12381_get();

    if ((in[0] & FLAGS) != 0) {
        memset(out, 0, sizeof *out);
        return is_infinity(in, BLS12381_P1, FLAG_INFINITY);
    }
    return fe_read_be(&c->t.f, &out->x, in) && fe_read_be(&c->t.f, &out->y, in + BLS12381_FP) &&
           g1_on_curve(&c->t.f, out, &c->b1);
}

bool bls12381_read_g2(const uint8_t *in, struct g2_affine *out)
{
    const struct bls12381 *c = bls12381_get();
    const struct field *f = &c->t.f;

    if ((in[0] & FLAGS) != 0) {
        memset(out, 0, sizeof *out);
        return is_infinity(in, BLS12381_P2, FLAG_INFINITY);
    }
    return fe_read_be(f, &out->x.c1, in) && fe_read_be(f, &out->x.c0, in + BLS12381_FP) &&
           fe_read_be(f, &out->y.c1, in + 2 * BLS12381_FP) &&
           fe_read_be(f, &out->y.c0, in + 3 * BLS12381_FP) && g2_on_curve(f, out, &c->b2);
}

static void write_affine1(uint8_t *out, const struct g1_affine *a)
{
    const struct field *f = &bls12381_get()->t.f;

    fe_write_be(f, out, &a->x);
    fe_write_be(f, out + BLS12381_FP, &a->y);
    if (g1_affine_is_infinity(f, a))
        out[0] = FLAG_INFINITY;
}

static void write_affine2(uint8_t *out, const struct g2_affine *a)
{
    const struct field *f = &bls12381_get()->t.f;

    fe_write_be(f, out, &a->x.c1);
    fe_write_be(f, out + BLS12381_FP, &a->x.c0);
    fe_write_be(f, out + 2 * BLS12381_FP, &a->y.c1);
    fe_write_be(f, out + 3 * BLS12381_FP, &a->y.c0);
    if (g2_affine_is_infinity(f, a))
        out[0] = FLAG_INFINITY;
}

void bls12381_write_g1(uint8_t *out, const struct g1 *p)
{
    struct g1_affine a;

    g1_to_affine(&bls12381_get()->t.f, &a, p);
    write_affine1(out, &a);
}

void bls12381_write_g2(uint8_t *out, const struct g2 *p)
{
    struct g2_affine a;

    g2_to_affine(&bls12381_get()->t.f, &a, p);
    write_affine2(out, &a);
}

/* ------------------------------------------------------------------ the groups */

/* M. Scott, "A note on group membership tests for G1, G2 and GT" (2021): an endomorphism acts on
 * the points of the group, and on no others of the curve, as its eigenvalue. */
bool bls12381_in_g1(const struct g1 *p)
{
    static const uint64_t x[1] = {BLS_X};
    const struct bls12381 *c = bls12381_get();
    struct g1 a, b = *p;

    fe_mul(&c->t.f, &b.x, &b.x, &c->beta);
    g1_mul(&c->t.f, &a, p, x, 1);
    g1_mul(&c->t.f, &a, &a, x, 1);
    g1_add(&c->t.f, &a, &a, &b);
    return g1_is_infinity(&c->t.f, &a);
}

void bls12381_psi(struct g2 *out, const struct g2 *p)
{
    const struct bls12381 *c = bls12381_get();

    fp2_conj(&c->t.f, &out->x, &p->x);
    fp2_conj(&c->t.f, &out->y, &p->y);
    fp2_conj(&c->t.f, &out->z, &p->z);
    fp2_mul(&c->t.f, &out->x, &out->x, &c->psi_x);
    fp2_mul(&c->t.f, &out->y, &out->y, &c->psi_y);
}

bool bls12381_in_g2(const struct g2 *p)
{
    static const uint64_t x[1] = {BLS_X};
    const struct field *f = &bls12381_get()->t.f;
    struct g2 a, b;

    bls12381_psi(&a, p);
    g2_mul(f, &b, p, x, 1);
    g2_add(f, &a, &a, &b);
    return g2_is_infinity(f, &a);
}

/* ------------------------------------------------------------------ sums */

/* x = 0 and not infinity: a point of order 3, beside the group. */
static bool beside1(const struct g1_affine *a)
{
    const struct field *f = &bls12381_get()->t.f;

    return fe_is_zero(f, &a->x) && !fe_is_zero(f, &a->y);
}

static bool beside2(const struct g2_affine *a)
{
    const struct field *f = &bls12381_get()->t.f;

    return fp2_is_zero(f, &a->x) && !fp2_is_zero(f, &a->y);
}

bool bls12381_p1_sum(struct str items, bool strict, uint8_t *out)
{
    const struct field *f = &bls12381_get()->t.f;
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct g1_affine a;
    struct g1 sum, p;

    BUG_ON(items.len % BLS12381_SUM1 != 0);
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < items.len; i += BLS12381_SUM1) {
        if (in[i] > 1 || !bls12381_read_g1(in + i + 1, &a))
            return false;
        g1_from_affine(f, &p, &a);
        if (strict && beside1(&a))
            return false;
        if (in[i] == 1)
            g1_neg(f, &p, &p);
        g1_add(f, &sum, &sum, &p);
    }
    bls12381_write_g1(out, &sum);
    return true;
}

bool bls12381_p2_sum(struct str items, bool strict, uint8_t *out)
{
    const struct field *f = &bls12381_get()->t.f;
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct g2_affine a;
    struct g2 sum, p;

    BUG_ON(items.len % BLS12381_SUM2 != 0);
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < items.len; i += BLS12381_SUM2) {
        if (in[i] > 1 || !bls12381_read_g2(in + i + 1, &a))
            return false;
        g2_from_affine(f, &p, &a);
        if (strict && beside2(&a))
            return false;
        if (in[i] == 1)
            g2_neg(f, &p, &p);
        g2_add(f, &sum, &sum, &p);
    }
    bls12381_write_g2(out, &sum);
    return true;
}

static void read_scalar(const uint8_t *in, uint64_t e[4])
{
    memset(e, 0, 4 * sizeof *e);
    for (unsigned i = 0; i < 32; i++)
        e[i / 8] |= (uint64_t)in[i] << (8 * (i % 8));
}

bool bls12381_g1_multiexp(struct str items, uint8_t *out)
{
    const struct field *f = &bls12381_get()->t.f;
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct g1_affine a;
    struct g1 sum, p;
    uint64_t e[4];

    BUG_ON(items.len % BLS12381_EXP1 != 0);
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < items.len; i += BLS12381_EXP1) {
        if (!bls12381_read_g1(in + i, &a))
            return false;
        g1_from_affine(f, &p, &a);
        if (!bls12381_in_g1(&p))
            return false;
        read_scalar(in + i + BLS12381_P1, e);
        g1_mul(f, &p, &p, e, 4);
        g1_add(f, &sum, &sum, &p);
    }
    bls12381_write_g1(out, &sum);
    return true;
}

bool bls12381_g2_multiexp(struct str items, uint8_t *out)
{
    const struct field *f = &bls12381_get()->t.f;
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct g2_affine a;
    struct g2 sum, p;
    uint64_t e[4];

    BUG_ON(items.len % BLS12381_EXP2 != 0);
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < items.len; i += BLS12381_EXP2) {
        if (!bls12381_read_g2(in + i, &a))
            return false;
        g2_from_affine(f, &p, &a);
        if (!bls12381_in_g2(&p))
            return false;
        read_scalar(in + i + BLS12381_P2, e);
        g2_mul(f, &p, &p, e, 4);
        g2_add(f, &sum, &sum, &p);
    }
    bls12381_write_g2(out, &sum);
    return true;
}

/* ------------------------------------------------------------------ decompression */

static bool decompress1(const uint8_t *in, struct g1_affine *out)
{
    const struct bls12381 *c = bls12381_get();
    const struct field *f = &c->t.f;
    struct fe y;

    if ((in[0] & FLAG_COMPRESSED) == 0)
        return false;
    if ((in[0] & FLAG_INFINITY) != 0) {
        memset(out, 0, sizeof *out);
        return is_infinity(in, BLS12381_COMPACT1, FLAG_COMPRESSED | FLAG_INFINITY);
    }
    if (!read_flagged(f, &out->x, in))
        return false;
    fe_sqr(f, &y, &out->x);
    fe_mul(f, &y, &y, &out->x);
    fe_add(f, &y, &y, &c->b1);
    if (!fe_sqrt(f, &out->y, &y))
        return false;
    if (fe_is_large(f, &out->y) != ((in[0] & FLAG_LARGE) != 0))
        fe_neg(f, &out->y, &out->y);
    return true;
}

static bool decompress2(const uint8_t *in, struct g2_affine *out)
{
    const struct bls12381 *c = bls12381_get();
    const struct field *f = &c->t.f;
    struct fp2 y;

    if ((in[0] & FLAG_COMPRESSED) == 0)
        return false;
    if ((in[0] & FLAG_INFINITY) != 0) {
        memset(out, 0, sizeof *out);
        return is_infinity(in, BLS12381_COMPACT2, FLAG_COMPRESSED | FLAG_INFINITY);
    }
    if (!read_flagged(f, &out->x.c1, in) || !fe_read_be(f, &out->x.c0, in + BLS12381_FP))
        return false;
    fp2_sqr(f, &y, &out->x);
    fp2_mul(f, &y, &y, &out->x);
    fp2_add(f, &y, &y, &c->b2);
    if (!fp2_sqrt(f, &out->y, &y))
        return false;
    /* the imaginary part decides, unless there is none */
    if (fe_is_large(f, fe_is_zero(f, &out->y.c1) ? &out->y.c0 : &out->y.c1) !=
        ((in[0] & FLAG_LARGE) != 0))
        fp2_neg(f, &out->y, &out->y);
    return true;
}

bool bls12381_p1_decompress(struct str items, bool strict, uint8_t *out)
{
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct g1_affine a;

    BUG_ON(items.len % BLS12381_COMPACT1 != 0);
    for (size_t i = 0; i < items.len; i += BLS12381_COMPACT1, out += BLS12381_P1) {
        if (!decompress1(in + i, &a) || (strict && beside1(&a)))
            return false;
        write_affine1(out, &a);
    }
    return true;
}

bool bls12381_p2_decompress(struct str items, bool strict, uint8_t *out)
{
    const uint8_t *in = (const uint8_t *)items.ptr;
    struct g2_affine a;

    BUG_ON(items.len % BLS12381_COMPACT2 != 0);
    for (size_t i = 0; i < items.len; i += BLS12381_COMPACT2, out += BLS12381_P2) {
        if (!decompress2(in + i, &a) || (strict && beside2(&a)))
            return false;
        write_affine2(out, &a);
    }
    return true;
}
