#include "crypto/jacobian.h"

#include <string.h>

void fe_one(const struct field *f, struct fe *out)
{
    *out = f->one;
}

/* The same formulas over both fields: `E` is the prefix and the type of the coordinates. */
#define JACOBIAN_DEFINE(G, E)                                                                      \
    bool G##_is_infinity(const struct field *f, const struct G *a)                                 \
    {                                                                                              \
        return E##_is_zero(f, &a->z);                                                              \
    }                                                                                              \
                                                                                                   \
    bool G##_affine_is_infinity(const struct field *f, const struct G##_affine *a)                 \
    {                                                                                              \
        return E##_is_zero(f, &a->x) && E##_is_zero(f, &a->y);                                     \
    }                                                                                              \
                                                                                                   \
    void G##_from_affine(const struct field *f, struct G *out, const struct G##_affine *a)         \
    {                                                                                              \
        memset(out, 0, sizeof *out);                                                               \
        if (G##_affine_is_infinity(f, a))                                                          \
            return;                                                                                \
        out->x = a->x;                                                                             \
        out->y = a->y;                                                                             \
        E##_one(f, &out->z);                                                                       \
    }                                                                                              \
                                                                                                   \
    void G##_to_affine(const struct field *f, struct G##_affine *out, const struct G *a)           \
    {                                                                                              \
        struct E z, zz;                                                                            \
                                                                                                   \
        E##_inv(f, &z, &a->z); /* 0 of 0: infinity becomes (0, 0) */                               \
        E##_sqr(f, &zz, &z);                                                                       \
        E##_mul(f, &out->x, &a->x, &zz);                                                           \
        E##_mul(f, &zz, &zz, &z);                                                                  \
        E##_mul(f, &out->y, &a->y, &zz);                                                           \
    }                                                                                              \
                                                                                                   \
    bool G##_on_curve(const struct field *f, const struct G##_affine *a, const struct E *b)        \
    {                                                                                              \
        struct E l, r;                                                                             \
                                                                                                   \
        E##_sqr(f, &l, &a->y);                                                                     \
        E##_sqr(f, &r, &a->x);                                                                     \
        E##_mul(f, &r, &r, &a->x);                                                                 \
        E##_add(f, &r, &r, b);                                                                     \
        return E##_eq(f, &l, &r);                                                                  \
    }                                                                                              \
                                                                                                   \
    void G##_neg(const struct field *f, struct G *out, const struct G *a)                          \
    {                                                                                              \
        *out = *a;                                                                                 \
        E##_neg(f, &out->y, &out->y);                                                              \
    }                                                                                              \
                                                                                                   \
    void G##_double(const struct field *f, struct G *out, const struct G *a)                       \
    {                                                                                              \
        struct E xx, yy, yyyy, d, e, z;                                                            \
                                                                                                   \
        E##_sqr(f, &xx, &a->x);                                                                    \
        E##_sqr(f, &yy, &a->y);                                                                    \
        E##_sqr(f, &yyyy, &yy);                                                                    \
        E##_add(f, &d, &a->x, &yy); /* d = 2((x + yy)² - xx - yyyy) */                            \
        E##_sqr(f, &d, &d);                                                                        \
        E##_sub(f, &d, &d, &xx);                                                                   \
        E##_sub(f, &d, &d, &yyyy);                                                                 \
        E##_add(f, &d, &d, &d);                                                                    \
        E##_add(f, &e, &xx, &xx); /* e = 3xx */                                                    \
        E##_add(f, &e, &e, &xx);                                                                   \
        E##_mul(f, &z, &a->y, &a->z);                                                              \
        E##_add(f, &out->z, &z, &z);                                                               \
        E##_sqr(f, &xx, &e);                                                                       \
        E##_sub(f, &xx, &xx, &d);                                                                  \
        E##_sub(f, &out->x, &xx, &d);                                                              \
        for (unsigned i = 0; i < 3; i++)                                                           \
            E##_add(f, &yyyy, &yyyy, &yyyy);                                                       \
        E##_sub(f, &d, &d, &out->x);                                                               \
        E##_mul(f, &d, &d, &e);                                                                    \
        E##_sub(f, &out->y, &d, &yyyy);                                                            \
    }                                                                                              \
                                                                                                   \
    void G##_add(const struct field *f, struct G *out, const struct G *a, const struct G *b)       \
    {                                                                                              \
        struct E z1, z2, u1, u2, s1, s2, h, r, i, j, v, z;                                         \
                                                                                                   \
        if (G##_is_infinity(f, a) || G##_is_infinity(f, b)) {                                      \
            *out = G##_is_infinity(f, a) ? *b : *a;                                                \
            return;                                                                                \
        }                                                                                          \
        E##_sqr(f, &z1, &a->z);                                                                    \
        E##_sqr(f, &z2, &b->z);                                                                    \
        E##_mul(f, &u1, &a->x, &z2);                                                               \
        E##_mul(f, &u2, &b->x, &z1);                                                               \
        E##_mul(f, &s1, &a->y, &b->z);                                                             \
        E##_mul(f, &s1, &s1, &z2);                                                                 \
        E##_mul(f, &s2, &b->y, &a->z);                                                             \
        E##_mul(f, &s2, &s2, &z1);                                                                 \
        E##_sub(f, &h, &u2, &u1);                                                                  \
        E##_sub(f, &r, &s2, &s1);                                                                  \
        if (E##_is_zero(f, &h)) {                                                                  \
            if (E##_is_zero(f, &r))                                                                \
                G##_double(f, out, a);                                                             \
            else                                                                                   \
                memset(out, 0, sizeof *out);                                                       \
            return;                                                                                \
        }                                                                                          \
        E##_add(f, &r, &r, &r);                                                                    \
        E##_add(f, &i, &h, &h);                                                                    \
        E##_sqr(f, &i, &i);                                                                        \
        E##_mul(f, &j, &h, &i);                                                                    \
        E##_mul(f, &v, &u1, &i);                                                                   \
        E##_mul(f, &z, &a->z, &b->z); /* z3 = 2·z1·z2·h */                                      \
        E##_mul(f, &z, &z, &h);                                                                    \
        E##_add(f, &out->z, &z, &z);                                                               \
        E##_sqr(f, &u1, &r);                                                                       \
        E##_sub(f, &u1, &u1, &j);                                                                  \
        E##_sub(f, &u1, &u1, &v);                                                                  \
        E##_sub(f, &out->x, &u1, &v);                                                              \
        E##_sub(f, &v, &v, &out->x);                                                               \
        E##_mul(f, &v, &v, &r);                                                                    \
        E##_mul(f, &s1, &s1, &j);                                                                  \
        E##_add(f, &s1, &s1, &s1);                                                                 \
        E##_sub(f, &out->y, &v, &s1);                                                              \
    }                                                                                              \
                                                                                                   \
    bool G##_eq(const struct field *f, const struct G *a, const struct G *b)                       \
    {                                                                                              \
        struct G n;                                                                                \
                                                                                                   \
        G##_neg(f, &n, b);                                                                         \
        G##_add(f, &n, a, &n);                                                                     \
        return G##_is_infinity(f, &n);                                                             \
    }                                                                                              \
                                                                                                   \
    void G##_mul(const struct field *f, struct G *out, const struct G *a, const uint64_t *e,       \
                 unsigned n)                                                                       \
    {                                                                                              \
        struct G window[16], r;                                                                    \
        bool started = false;                                                                      \
                                                                                                   \
        memset(&r, 0, sizeof r);                                                                   \
        window[0] = r;                                                                             \
        for (unsigned i = 1; i < countof(window); i++)                                             \
            G##_add(f, &window[i], &window[i - 1], a);                                             \
        for (unsigned i = 16 * n; i-- > 0;) {                                                      \
            unsigned digit = e[i / 16] >> (4 * (i % 16)) & 15;                                     \
                                                                                                   \
            for (unsigned k = 0; started && k < 4; k++)                                            \
                G##_double(f, &r, &r);                                                             \
            if (digit != 0) {                                                                      \
                G##_add(f, &r, &r, &window[digit]);                                                \
                started = true;                                                                    \
            }                                                                                      \
        }                                                                                          \
        *out = r;                                                                                  \
    }

JACOBIAN_DEFINE(g1, fe)
JACOBIAN_DEFINE(g2, fp2)
