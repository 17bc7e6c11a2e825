/*
 * p256_plain.c — see p256_plain.h.
 *
 * Field elements are nine signed limbs of 29 bits, times 2^261 (Montgomery's form). A product of
 * two limbs has 58 bits, so a column of nine products fits 64 bits with room for one addition or
 * subtraction before it: limbs stay below 2^30, and of two factors one below 2^29. Because p is -1
 * modulo 2^96, the factor of each reduction step is the lowest limb itself, and p's four other
 * powers of two make the step four shifts.
 *
 * Values are only equal modulo p until canonical() makes them comparable: sums and differences are
 * taken without carries, results of fe_mul and fe_fold lie between -p and 2p.
 *
 * Points are Jacobian: x = X / Z², y = Y / Z³.
 */
#include "crypto/p256_plain.h"

#include <string.h>

typedef int32_t fe[P256_LIMBS];

#define BITS 29
#define MASK ((INT64_C(1) << BITS) - 1)

/* ------------------------------------------------------------------ the field */

static const uint8_t prime[32] = {0xff, 0xff,        0xff, 0xff, 0,    0,    0,
                                  1,    [20] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff,        0xff, 0xff, 0xff, 0xff};
/* p in limbs; 2^522 modulo p, which brings a number into Montgomery's form; 1 and the curve's b in
 * that form. */
static const fe p_limbs = {0x1fffffff, 0x1fffffff, 0x1fffffff, 0x000001ff, 0x00000000,
                           0x00000000, 0x00040000, 0x1fe00000, 0x00ffffff};
static const fe to_form = {0x00000c00, 0x00000000, 0x1fff0000, 0x1fdfffff, 0x1fbfffff,
                           0x1fffffff, 0x1fffffff, 0x1ffffffe, 0x00000013};
static const fe one = {0x00000020, 0x00000000, 0x00000000, 0x1fffc000, 0x1fffffff,
                       0x1fffffff, 0x1f7fffff, 0x03ffffff, 0x00000000};
static const fe curve_b = {0x1897bbfb, 0x1cdf6229, 0x018486c4, 0x01732821, 0x1dad59e0,
                           0x0abf7212, 0x1a06d110, 0x17721d20, 0x008600c3};

/* The columns c0 … c16 of a product, reduced: r = c / 2^261 modulo p. */
#define STEP(a, b, c, d, e, f)                                                                     \
    do {                                                                                           \
        const int64_t m = (a)&MASK;                                                                \
        (b) += (a) >> BITS; /* 2^96 m … are what m p adds, its - m empties the limb */           \
        (c) += m << 9;                                                                             \
        (d) += m << 18;                                                                            \
        (e) -= m << 21;                                                                            \
        (f) += m << 24;                                                                            \
    } while (0)
#define LIMB(i, c, next)                                                                           \
    do {                                                                                           \
        r[i] = (int32_t)((c)&MASK);                                                                \
        (next) += (c) >> BITS;                                                                     \
    } while (0)
#define REDUCE()                                                                                   \
    do {                                                                                           \
        int64_t top = 0;                                                                           \
        STEP(c0, c1, c3, c6, c7, c8);                                                              \
        STEP(c1, c2, c4, c7, c8, c9);                                                              \
        STEP(c2, c3, c5, c8, c9, c10);                                                             \
        STEP(c3, c4, c6, c9, c10, c11);                                                            \
        STEP(c4, c5, c7, c10, c11, c12);                                                           \
        STEP(c5, c6, c8, c11, c12, c13);                                                           \
        STEP(c6, c7, c9, c12, c13, c14);                                                           \
        STEP(c7, c8, c10, c13, c14, c15);                                                          \
        STEP(c8, c9, c11, c14, c15, c16);                                                          \
        LIMB(0, c9, c10);                                                                          \
        LIMB(1, c10, c11);                                                                         \
        LIMB(2, c11, c12);                                                                         \
        LIMB(3, c12, c13);                                                                         \
        LIMB(4, c13, c14);                                                                         \
        LIMB(5, c14, c15);                                                                         \
        LIMB(6, c15, c16);                                                                         \
        LIMB(7, c16, top);                                                                         \
        r[8] = (int32_t)top;                                                                       \
    } while (0)

static __attribute__((noinline)) void fe_mul(fe r, const fe a, const fe b)
{
    const int64_t a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4], a5 = a[5], a6 = a[6],
                  a7 = a[7], a8 = a[8];
    const int64_t b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3], b4 = b[4], b5 = b[5], b6 = b[6],
                  b7 = b[7], b8 = b[8];
    int64_t c0 = a0 * b0, c1 = a0 * b1 + a1 * b0, c2 = a0 * b2 + a1 * b1 + a2 * b0,
            c3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0,
            c4 = a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0,
            c5 = a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0,
            c6 = a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0,
            c7 = a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0,
            c8 = a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 +
                 a8 * b0,
            c9 = a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1,
            c10 = a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2,
            c11 = a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3,
            c12 = a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4,
            c13 = a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5, c14 = a6 * b8 + a7 * b7 + a8 * b6,
            c15 = a7 * b8 + a8 * b7, c16 = a8 * b8;

    REDUCE();
}

static __attribute__((noinline)) void fe_sqr(fe r, const fe a)
{
    const int64_t a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4], a5 = a[5], a6 = a[6],
                  a7 = a[7], a8 = a[8];
    const int64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, d3 = 2 * a3, d4 = 2 * a4, d5 = 2 * a5,
                  d6 = 2 * a6, d7 = 2 * a7;
    int64_t c0 = a0 * a0, c1 = d0 * a1, c2 = d0 * a2 + a1 * a1, c3 = d0 * a3 + d1 * a2,
            c4 = d0 * a4 + d1 * a3 + a2 * a2, c5 = d0 * a5 + d1 * a4 + d2 * a3,
            c6 = d0 * a6 + d1 * a5 + d2 * a4 + a3 * a3, c7 = d0 * a7 + d1 * a6 + d2 * a5 + d3 * a4,
            c8 = d0 * a8 + d1 * a7 + d2 * a6 + d3 * a5 + a4 * a4,
            c9 = d1 * a8 + d2 * a7 + d3 * a6 + d4 * a5, c10 = d2 * a8 + d3 * a7 + d4 * a6 + a5 * a5,
            c11 = d3 * a8 + d4 * a7 + d5 * a6, c12 = d4 * a8 + d5 * a7 + a6 * a6,
            c13 = d5 * a8 + d6 * a7, c14 = d6 * a8 + a7 * a7, c15 = d7 * a8, c16 = a8 * a8;

    REDUCE();
}

static void fe_copy(fe r, const fe a)
{
    memcpy(r, a, sizeof(fe));
}

static void fe_add(fe r, const fe a, const fe b)
{
    for (int i = 0; i < P256_LIMBS; i++)
        r[i] = a[i] + b[i];
}

static void fe_sub(fe r, const fe a, const fe b)
{
    for (int i = 0; i < P256_LIMBS; i++)
        r[i] = a[i] - b[i];
}

/* Limbs back below 2^29, and what is above 2^256 taken away as multiples of p. */
static void fe_fold(fe r)
{
    int32_t carry = 0;

    for (int i = 0; i < P256_LIMBS - 1; i++) {
        carry += r[i];
        r[i] = carry & (int32_t)MASK;
        carry >>= BITS;
    }
    r[8] += carry;
    carry = r[8] >> 24;
    r[0] += carry;
    r[3] -= carry * (1 << 9);
    r[6] -= carry * (1 << 18);
    r[7] += carry * (1 << 21);
    r[8] -= carry * (1 << 24);
}

/* 3a / 2 for a product a */
static void fe_three_halves(fe r, const fe a)
{
    const int32_t odd = -(a[0] & 1); /* then 3a + p is even */
    int32_t low = 3 * a[0] + (p_limbs[0] & odd);

    for (int i = 0; i < P256_LIMBS - 1; i++) {
        int32_t next = 3 * a[i + 1] + (p_limbs[i + 1] & odd);

        r[i] = (low >> 1) + (next & 1) * (1 << (BITS - 1));
        low = next;
    }
    r[8] = low >> 1;
    fe_fold(r);
}

/* Every limb but the highest in 0 … 2^29 - 1. */
static void settle(fe r)
{
    for (int i = 0; i < P256_LIMBS - 1; i++) {
        r[i + 1] += r[i] >> BITS;
        r[i] &= (int32_t)MASK;
    }
}

/* The one form of a value: 0 … p - 1, settled. */
static void canonical(fe r)
{
    fe t;

    fe_fold(r);
    settle(r);
    while (r[8] < 0) {
        fe_add(r, r, p_limbs);
        settle(r);
    }
    for (;;) {
        fe_sub(t, r, p_limbs);
        settle(t);
        if (t[8] < 0)
            break;
        fe_copy(r, t);
    }
}

/* Of a value between -8p and 8p. */
static bool fe_is_zero(const fe a)
{
    fe t;
    int32_t any = 0;

    if (((a[0] + 8) & (int32_t)MASK) > 16) /* -k modulo 2^29 is where kp ends */
        return false;
    fe_copy(t, a);
    canonical(t);
    for (int i = 0; i < P256_LIMBS; i++)
        any |= t[i];
    return any == 0;
}

/* Of 32 bytes, most significant first; false when they are not below p. */
static bool fe_read(fe r, const uint8_t b[32])
{
    fe t;

    if (memcmp(b, prime, sizeof prime) >= 0)
        return false;
    for (int i = 0; i < P256_LIMBS; i++) {
        uint64_t v = 0;

        for (int at = BITS * i / 8, k = 0; k < 5 && at + k < 32; k++)
            v |= (uint64_t)b[31 - at - k] << 8 * k;
        t[i] = (int32_t)(v >> BITS * i % 8 & (uint64_t)MASK);
    }
    fe_mul(r, t, to_form);
    return true;
}

/* ------------------------------------------------------------------ points */

struct point {
    fe x, y, z;
    bool none; /* the neutral element; the rest is not set */
};

/* A point that is added often: with Z² and Z³. */
struct summand {
    fe x, y, z, zz, zzz;
};

/* dbl-2001-b of the Explicit-Formulas Database with half its Z. */
static void point_double(struct point *p)
{
    fe delta, gamma, beta, alpha, t;

    if (p->none)
        return;
    fe_sqr(delta, p->z);
    fe_sqr(gamma, p->y);
    fe_mul(beta, p->x, gamma);
    fe_sub(t, p->x, delta);
    fe_add(alpha, p->x, delta);
    fe_mul(t, t, alpha);
    fe_three_halves(alpha, t);
    fe_mul(p->z, p->y, p->z);
    fe_sqr(p->x, alpha);
    for (int i = 0; i < P256_LIMBS; i++)
        p->x[i] -= 2 * beta[i];
    fe_fold(p->x);
    fe_sub(beta, beta, p->x);
    fe_mul(p->y, alpha, beta);
    fe_sqr(t, gamma);
    fe_sub(p->y, p->y, t);
}

/*
 * The common end of both additions: u and s are x and y of the point as the other's Z scales them,
 * h and r the differences to it; p's own z is already that which Z3 is h times. False when the two
 * are the same point.
 */
static bool finish(struct point *p, const fe u, const fe s, const fe h, const fe r)
{
    fe hh, v, t;

    if (fe_is_zero(h)) {
        p->none = true; /* one is the other's opposite, unless … */
        return !fe_is_zero(r);
    }
    fe_sqr(hh, h);
    fe_mul(v, u, hh);
    fe_mul(hh, hh, h);
    fe_mul(t, s, hh);
    fe_sqr(p->x, r);
    for (int i = 0; i < P256_LIMBS; i++)
        p->x[i] -= hh[i] + 2 * v[i];
    fe_fold(p->x);
    fe_sub(v, v, p->x);
    fe_mul(p->y, r, v);
    fe_sub(p->y, p->y, t);
    fe_mul(p->z, p->z, h);
    return true;
}

/* p += ±(x, y) */
static void add_affine(struct point *p, const fe x, const fe y, bool minus)
{
    fe zz, h, r, u, s;

    if (p->none) {
        fe_copy(p->x, x);
        fe_copy(p->y, y);
        if (minus)
            fe_sub(p->y, p_limbs, y);
        fe_copy(p->z, one);
        p->none = false;
        return;
    }
    fe_sqr(zz, p->z);
    fe_mul(h, x, zz);
    fe_sub(h, h, p->x);
    fe_mul(zz, zz, p->z);
    fe_mul(r, y, zz);
    fe_copy(u, p->x);
    fe_copy(s, p->y);
    if (minus)
        fe_sub(r, p_limbs, r);
    fe_sub(r, r, s);
    fe_fold(r);
    if (!finish(p, u, s, h, r)) {
        p->none = false;
        point_double(p);
    }
}

/* p += ±q */
static void add_point(struct point *p, const struct summand *q, bool minus)
{
    struct point before;
    fe zz, h, r, u, s;

    if (p->none) {
        fe_copy(p->x, q->x);
        fe_copy(p->y, q->y);
        if (minus)
            fe_sub(p->y, p_limbs, q->y);
        fe_fold(p->y);
        fe_copy(p->z, q->z);
        p->none = false;
        return;
    }
    fe_sqr(zz, p->z);
    fe_mul(u, p->x, q->zz);
    fe_mul(h, q->x, zz);
    fe_sub(h, h, u);
    fe_mul(zz, zz, p->z);
    fe_mul(s, p->y, q->zzz);
    fe_mul(r, q->y, zz);
    if (minus)
        fe_sub(r, p_limbs, r);
    fe_sub(r, r, s);
    fe_fold(r);
    before = *p;
    fe_mul(p->z, p->z, q->z);
    if (!finish(p, u, s, h, r)) {
        *p = before;
        point_double(p);
    }
}

static void set_summand(struct summand *to, const struct point *p)
{
    fe_copy(to->x, p->x);
    fe_copy(to->y, p->y);
    fe_copy(to->z, p->z);
    fe_sqr(to->zz, p->z);
    fe_mul(to->zzz, to->zz, p->z);
}

/* Is it a point of the curve: y² = x³ - 3x + b? */
static bool on_curve(const fe x, const fe y)
{
    fe left, right;

    fe_sqr(left, y);
    fe_sqr(right, x);
    fe_mul(right, right, x);
    for (int i = 0; i < P256_LIMBS; i++)
        left[i] += 3 * x[i] - right[i] - curve_b[i];
    return fe_is_zero(left);
}

bool p256_plain_on_curve(const uint8_t key[64])
{
    fe x, y;

    return fe_read(x, key) && fe_read(y, key + 32) && on_curve(x, y);
}

/* ------------------------------------------------------------------ numbers modulo the order */

#define WORDS 4

/* 256 bits, least significant word first. */
struct number {
    uint64_t w[WORDS];
};

static const struct number order = {{UINT64_C(0xf3b9cac2fc632551), UINT64_C(0xbce6faada7179e84),
                                     UINT64_C(0xffffffffffffffff), UINT64_C(0xffffffff00000000)}};

static struct number number_read(const uint8_t b[32])
{
    struct number n = {{0}};

    for (int i = 0; i < 32; i++)
        n.w[3 - i / 8] = n.w[3 - i / 8] << 8 | b[i];
    return n;
}

static bool is_zero(const struct number *a)
{
    return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}

static bool less(const struct number *a, const struct number *b)
{
    for (int i = WORDS - 1; i > 0; i--)
        if (a->w[i] != b->w[i])
            return a->w[i] < b->w[i];
    return a->w[0] < b->w[0];
}

/* Gives the carry. */
static uint64_t add(struct number *a, const struct number *b)
{
    uint64_t carry = 0;

    for (int i = 0; i < WORDS; i++) {
        uint64_t sum = a->w[i] + b->w[i], all = sum + carry;

        carry = (uint64_t)(sum < b->w[i]) | (uint64_t)(all < sum);
        a->w[i] = all;
    }
    return carry;
}

static void subtract(struct number *a, const struct number *b)
{
    uint64_t borrow = 0;

    for (int i = 0; i < WORDS; i++) {
        uint64_t less_b = a->w[i] - b->w[i], all = less_b - borrow;

        borrow = (uint64_t)(a->w[i] < b->w[i]) | (uint64_t)(less_b < borrow);
        a->w[i] = all;
    }
}

/* a / 2, with `high` as the bit above. */
static void halve(struct number *a, uint64_t high)
{
    for (int i = 0; i < WORDS - 1; i++)
        a->w[i] = a->w[i] >> 1 | a->w[i + 1] << 63;
    a->w[3] = a->w[3] >> 1 | high << 63;
}

/* a / 2 modulo the order */
static void halve_mod(struct number *a)
{
    halve(a, a->w[0] & 1 ? add(a, &order) : 0);
}

static void subtract_mod(struct number *a, const struct number *b)
{
    bool below = less(a, b);

    subtract(a, b);
    if (below)
        add(a, &order);
}

/*
 * a / s and b / s modulo the order, by Euclid's binary algorithm: the quotients a : s and c : v,
 * b : s and d : v stay what they were, until v is 1.
 */
static void divide(struct number *a, struct number *b, struct number s)
{
    struct number v = order, c = {{0}}, d = {{0}};

    for (;;) {
        while (!(s.w[0] & 1)) {
            halve(&s, 0);
            halve_mod(a);
            halve_mod(b);
        }
        if (less(&s, &v)) { /* keep the larger in s */
            struct number t = s;

            s = v;
            v = t;
            t = *a;
            *a = c;
            c = t;
            t = *b;
            *b = d;
            d = t;
        }
        subtract(&s, &v);
        if (is_zero(&s))
            break;
        subtract_mod(a, &c);
        subtract_mod(b, &d);
    }
    *a = c;
    *b = d;
}

/* ------------------------------------------------------------------ signatures */

#define DIGITS   257
#define WINDOW_G 7 /* P256_MULTIPLE is 2 to the window less 2 */
#define WINDOW_Q 5

/* `a` as a sum of odd digits below 2^(w-1) in size, any w digits in a row with one that is not 0.
 */
static void digits(int out[DIGITS], struct number a, int w)
{
    memset(out, 0, DIGITS * sizeof *out);
    for (int i = 0; !is_zero(&a); i++) {
        if (a.w[0] & 1) {
            int d = (int)(a.w[0] & ((1u << w) - 1));
            uint64_t high = 0;

            if (d >> (w - 1)) {
                struct number up = {{(1u << w) - (unsigned)d}};

                d -= 1 << w;
                high = add(&a, &up);
            } else {
                a.w[0] -= (unsigned)d;
            }
            out[i] = d;
            halve(&a, high);
        } else {
            halve(&a, 0);
        }
    }
}

/* g times the generator plus q times the point */
static void sum(struct point *out, const struct number *g, const struct number *q, const fe x,
                const fe y)
{
    int of_g[DIGITS], of_q[DIGITS];
    struct summand table[1 << (WINDOW_Q - 2)], twice;
    struct point p = {.none = true};

    digits(of_g, *g, WINDOW_G);
    digits(of_q, *q, WINDOW_Q);
    add_affine(&p, x, y, false);
    set_summand(&table[0], &p);
    point_double(&p);
    set_summand(&twice, &p);
    add_affine(&p, x, y, false);
    for (size_t i = 1;;) {
        set_summand(&table[i], &p);
        if (++i == countof(table))
            break;
        add_point(&p, &twice, false);
    }
    out->none = true;
    for (int i = DIGITS; i-- > 0;) {
        int d = of_g[i], e = of_q[i];

        point_double(out);
        if (d) {
            const int32_t(*m)[P256_LIMBS] = p256_plain_multiples[(d < 0 ? -d : d) >> 1];

            add_affine(out, m[0], m[1], d < 0);
        }
        if (e)
            add_point(out, &table[(e < 0 ? -e : e) >> 1], e < 0);
    }
}

/* Is the point's x, a number below p, equal to r modulo the order? Without dividing: X = r Z². */
static bool has_x(const struct point *p, const uint8_t r[32])
{
    uint8_t next[32];
    struct number n = number_read(r);
    fe zz, x;

    if (p->none)
        return false;
    fe_sqr(zz, p->z);
    if (fe_read(x, r)) {
        fe_mul(x, x, zz);
        fe_sub(x, x, p->x);
        if (fe_is_zero(x))
            return true;
    }
    if (add(&n, &order))
        return false;
    for (int i = 0; i < 32; i++)
        next[i] = (uint8_t)(n.w[3 - i / 8] >> (56 - i % 8 * 8));
    if (!fe_read(x, next))
        return false;
    fe_mul(x, x, zz);
    fe_sub(x, x, p->x);
    return fe_is_zero(x);
}

bool p256_plain_verify(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64])
{
    struct number r = number_read(sig), s = number_read(sig + 32), e = number_read(digest);
    struct point p;
    fe x, y;

    if (is_zero(&r) || is_zero(&s) || !less(&r, &order) || !less(&s, &order) || !fe_read(x, key) ||
        !fe_read(y, key + 32) || !on_curve(x, y))
        return false;
    if (!less(&e, &order))
        subtract(&e, &order);
    divide(&e, &r, s);
    sum(&p, &e, &r, x, y);
    return has_x(&p, sig);
}
