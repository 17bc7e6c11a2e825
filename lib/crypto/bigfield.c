#include "crypto/bigfield.h"

#include <string.h>

/* ------------------------------------------------------------------ limbs */

/* Expanded for a constant `n` in all that is called often. */
#define EXPANDED static inline __attribute__((always_inline))

EXPANDED int limbs_cmp(const uint64_t *a, const uint64_t *b, unsigned n)
{
    while (n-- > 0)
        if (a[n] != b[n])
            return a[n] < b[n] ? -1 : 1;
    return 0;
}

EXPANDED uint64_t limbs_add(uint64_t *out, const uint64_t *a, const uint64_t *b, unsigned n)
{
    u128 c = 0;

#pragma GCC unroll 6
    for (unsigned i = 0; i < n; i++) {
        c += (u128)a[i] + b[i];
        out[i] = (uint64_t)c;
        c >>= 64;
    }
    return (uint64_t)c;
}

EXPANDED uint64_t limbs_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, unsigned n)
{
    uint64_t borrow = 0;

#pragma GCC unroll 6
    for (unsigned i = 0; i < n; i++) {
        u128 d = (u128)a[i] - b[i] - borrow;

        out[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    return borrow;
}

/* t - p when that is not negative, else t; neither waits for a guess of which. */
EXPANDED void reduce(unsigned n, const struct field *f, struct fe *out, const uint64_t *t)
{
    uint64_t d[FE_LIMBS_MAX], keep = 0 - limbs_sub(d, t, f->p.v, n);

#pragma GCC unroll 6
    for (unsigned i = 0; i < n; i++)
        out->v[i] = (t[i] & keep) | (d[i] & ~keep);
    for (unsigned i = n; i < FE_LIMBS_MAX; i++)
        out->v[i] = 0;
}

/* out = a·b/2^(64n) mod p; `n` is a constant wherever this is expanded. */
static inline __attribute__((always_inline)) void mont_mul(unsigned n, const struct field *f,
                                                           struct fe *out, const uint64_t *a,
                                                           const uint64_t *b)
{
    uint64_t t[FE_LIMBS_MAX + 1] = {0};
    const uint64_t *p = f->p.v;

#pragma GCC unroll 6
    for (unsigned i = 0; i < n; i++) {
        u128 c = 0;
        uint64_t m, top;

#pragma GCC unroll 6
        for (unsigned j = 0; j < n; j++) {
            c += (u128)a[j] * b[i] + t[j];
            t[j] = (uint64_t)c;
            c >>= 64;
        }
        c += t[n];
        top = (uint64_t)c; /* no carry: the modulus leaves a bit to spare */
        m = t[0] * f->inv;
        c = ((u128)m * p[0] + t[0]) >> 64;
#pragma GCC unroll 6
        for (unsigned j = 1; j < n; j++) {
            c += (u128)m * p[j] + t[j];
            t[j - 1] = (uint64_t)c;
            c >>= 64;
        }
        c += top;
        t[n - 1] = (uint64_t)c;
        t[n] = (uint64_t)(c >> 64);
    }
    reduce(n, f, out, t);
}

/* ------------------------------------------------------------------ the field */

void field_init(struct field *f, const uint64_t *p, unsigned n)
{
    uint64_t inv = 1;
    struct fe r = {{1}};

    BUG_ON((n != 4 && n != 6) || (p[0] & 1) == 0 || p[n - 1] >> 63 != 0);
    memset(f, 0, sizeof *f);
    f->n = n;
    memcpy(f->p.v, p, n * sizeof *p);
    for (unsigned i = 0; i < 6; i++) /* Newton: each step doubles the bits that are right */
        inv *= 2 - p[0] * inv;
    f->inv = 0 - inv;
    for (unsigned i = 0; i < 128 * n; i++) {
        if (i == 64 * n)
            f->one = r;
        fe_add(f, &r, &r, &r);
    }
    f->r2 = r;
}

void fe_from_u64(const struct field *f, struct fe *out, uint64_t v)
{
    struct fe a = {{v}};

    fe_mul(f, out, &a, &f->r2);
}

static bool from_limbs(const struct field *f, struct fe *out, const struct fe *a)
{
    if (limbs_cmp(a->v, f->p.v, f->n) >= 0)
        return false;
    fe_mul(f, out, a, &f->r2);
    return true;
}

bool fe_read_be(const struct field *f, struct fe *out, const uint8_t *in)
{
    struct fe a = {{0}};

    for (unsigned i = 0; i < 8 * f->n; i++) {
        unsigned at = 8 * f->n - 1 - i;

        a.v[at / 8] |= (uint64_t)in[i] << (8 * (at % 8));
    }
    return from_limbs(f, out, &a);
}

bool fe_read_le(const struct field *f, struct fe *out, const uint8_t *in)
{
    struct fe a = {{0}};

    for (unsigned i = 0; i < 8 * f->n; i++)
        a.v[i / 8] |= (uint64_t)in[i] << (8 * (i % 8));
    return from_limbs(f, out, &a);
}

void fe_number(const struct field *f, uint64_t out[FE_LIMBS_MAX], const struct fe *a)
{
    static const struct fe plain_one = {{1}};
    struct fe r;

    fe_mul(f, &r, a, &plain_one);
    memcpy(out, r.v, sizeof r.v);
}

void fe_write_be(const struct field *f, uint8_t *out, const struct fe *a)
{
    uint64_t v[FE_LIMBS_MAX];

    fe_number(f, v, a);
    for (unsigned i = 0; i < 8 * f->n; i++) {
        unsigned at = 8 * f->n - 1 - i;

        out[i] = (uint8_t)(v[at / 8] >> (8 * (at % 8)));
    }
}

void fe_write_le(const struct field *f, uint8_t *out, const struct fe *a)
{
    uint64_t v[FE_LIMBS_MAX];

    fe_number(f, v, a);
    for (unsigned i = 0; i < 8 * f->n; i++)
        out[i] = (uint8_t)(v[i / 8] >> (8 * (i % 8)));
}

/* ------------------------------------------------------------------ arithmetic */

EXPANDED void add_n(unsigned n, const struct field *f, struct fe *out, const struct fe *a,
                    const struct fe *b)
{
    uint64_t t[FE_LIMBS_MAX];

    limbs_add(t, a->v, b->v, n); /* no carry: a bit to spare */
    reduce(n, f, out, t);
}

EXPANDED void sub_n(unsigned n, const struct field *f, struct fe *out, const struct fe *a,
                    const struct fe *b)
{
    uint64_t t[FE_LIMBS_MAX], p[FE_LIMBS_MAX], borrowed;

    borrowed = 0 - limbs_sub(t, a->v, b->v, n);
#pragma GCC unroll 6
    for (unsigned i = 0; i < n; i++)
        p[i] = f->p.v[i] & borrowed;
    limbs_add(out->v, t, p, n);
    for (unsigned i = n; i < FE_LIMBS_MAX; i++)
        out->v[i] = 0;
}

void fe_add(const struct field *f, struct fe *out, const struct fe *a, const struct fe *b)
{
    if (f->n == 4)
        add_n(4, f, out, a, b);
    else
        add_n(6, f, out, a, b);
}

void fe_sub(const struct field *f, struct fe *out, const struct fe *a, const struct fe *b)
{
    if (f->n == 4)
        sub_n(4, f, out, a, b);
    else
        sub_n(6, f, out, a, b);
}

void fe_neg(const struct field *f, struct fe *out, const struct fe *a)
{
    static const struct fe zero;

    fe_sub(f, out, &zero, a);
}

void fe_mul(const struct field *f, struct fe *out, const struct fe *a, const struct fe *b)
{
    if (f->n == 4)
        mont_mul(4, f, out, a->v, b->v);
    else
        mont_mul(6, f, out, a->v, b->v);
}

void fe_sqr(const struct field *f, struct fe *out, const struct fe *a)
{
    fe_mul(f, out, a, a);
}

void fe_pow(const struct field *f, struct fe *out, const struct fe *a, const uint64_t *e,
            unsigned n)
{
    struct fe window[16], r = f->one;

    window[0] = f->one;
    for (unsigned i = 1; i < countof(window); i++)
        fe_mul(f, &window[i], &window[i - 1], a);
    for (unsigned i = 16 * n; i-- > 0;) {
        for (unsigned k = 0; k < 4; k++)
            fe_sqr(f, &r, &r);
        fe_mul(f, &r, &r, &window[e[i / 16] >> (4 * (i % 16)) & 15]);
    }
    *out = r;
}

void fe_inv(const struct field *f, struct fe *out, const struct fe *a)
{
    static const uint64_t two[FE_LIMBS_MAX] = {2};
    uint64_t e[FE_LIMBS_MAX];

    limbs_sub(e, f->p.v, two, f->n); /* Fermat */
    fe_pow(f, out, a, e, f->n);
}

bool fe_sqrt(const struct field *f, struct fe *out, const struct fe *a)
{
    static const uint64_t one[FE_LIMBS_MAX] = {1};
    uint64_t e[FE_LIMBS_MAX];
    struct fe r, check;

    limbs_add(e, f->p.v, one, f->n);
    for (unsigned i = 0; i < f->n; i++)
        e[i] = e[i] >> 2 | (i + 1 < f->n ? e[i + 1] << 62 : 0);
    fe_pow(f, &r, a, e, f->n);
    fe_sqr(f, &check, &r);
    if (!fe_eq(f, &check, a))
        return false;
    *out = r;
    return true;
}

bool fe_is_zero(const struct field *f, const struct fe *a)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < f->n; i++)
        all |= a->v[i];
    return all == 0;
}

bool fe_eq(const struct field *f, const struct fe *a, const struct fe *b)
{
    return limbs_cmp(a->v, b->v, f->n) == 0;
}

bool fe_is_odd(const struct field *f, const struct fe *a)
{
    uint64_t v[FE_LIMBS_MAX];

    fe_number(f, v, a);
    return (v[0] & 1) != 0;
}

bool fe_is_large(const struct field *f, const struct fe *a)
{
    uint64_t v[FE_LIMBS_MAX];

    fe_number(f, v, a);
    limbs_add(v, v, v, f->n);
    return limbs_cmp(v, f->p.v, f->n) > 0;
}
