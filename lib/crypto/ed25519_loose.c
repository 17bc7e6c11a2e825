#include "crypto/ed25519_loose.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "crypto/bigfield.h"

/* Extended coordinates on -x² + y² = 1 + d·x²y²: x = X/Z, y = Y/Z, T = XY/Z. */
struct point {
    struct fe x, y, z, t;
};

static struct field f;
static struct fe d2, d, root_of_minus_one;
static uint64_t exponent[4]; /* (p-5)/8 */
static struct point base;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ------------------------------------------------------------------ points */

static bool point_read(struct point *out, const uint8_t in[32]);

static void init(void)
{
    static const uint64_t p[4] = {0xffffffffffffffed, ~0ULL, ~0ULL, 0x7fffffffffffffff};
    static const uint64_t quarter[4] = {0xfffffffffffffffb, ~0ULL, ~0ULL, 0x1fffffffffffffff};
    uint8_t b[32];
    struct fe a;

    field_init(&f, p, 4);
    memcpy(exponent, (const uint64_t[4]){0xfffffffffffffffd, ~0ULL, ~0ULL, 0x0fffffffffffffff},
           sizeof exponent);
    fe_from_u64(&f, &d, 121665); /* d = -121665/121666 */
    fe_from_u64(&f, &a, 121666);
    fe_inv(&f, &a, &a);
    fe_mul(&f, &d, &d, &a);
    fe_neg(&f, &d, &d);
    fe_add(&f, &d2, &d, &d);
    fe_from_u64(&f, &a, 2); /* 2^((p-1)/4): 2 is no square */
    fe_pow(&f, &root_of_minus_one, &a, quarter, 4);
    memset(b, 0x66, sizeof b); /* y = 4/5, x even */
    b[0] = 0x58;
    BUG_ON(!point_read(&base, b));
}

/* Any 32 bytes whose low 255 bits, modulo p, are the y of a point. */
static bool point_read(struct point *out, const uint8_t in[32])
{
    static const uint8_t p[32] = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    struct fe u, v, v3, x, check;
    uint8_t y[32];

    memcpy(y, in, sizeof y);
    y[31] &= 0x7f;
    if (!fe_read_le(&f, &out->y, y)) {
        memset(y + 1, 0, 31); /* p … 2^255-1: 0 … 18 */
        y[0] = (uint8_t)(in[0] - p[0]);
        if (!fe_read_le(&f, &out->y, y))
            return false;
    }
    fe_sqr(&f, &u, &out->y);
    fe_mul(&f, &v, &u, &d);
    fe_sub(&f, &u, &u, &f.one);
    fe_add(&f, &v, &v, &f.one);
    fe_sqr(&f, &v3, &v); /* x = u·v³·(u·v⁷)^((p-5)/8) */
    fe_mul(&f, &v3, &v3, &v);
    fe_sqr(&f, &x, &v3);
    fe_mul(&f, &x, &x, &v);
    fe_mul(&f, &x, &x, &u);
    fe_pow(&f, &x, &x, exponent, 4);
    fe_mul(&f, &x, &x, &v3);
    fe_mul(&f, &x, &x, &u);
    fe_sqr(&f, &check, &x);
    fe_mul(&f, &check, &check, &v);
    if (!fe_eq(&f, &check, &u)) {
        fe_neg(&f, &check, &check);
        if (!fe_eq(&f, &check, &u))
            return false;
        fe_mul(&f, &x, &x, &root_of_minus_one);
    }
    if (fe_is_odd(&f, &x) != (in[31] >> 7 != 0))
        fe_neg(&f, &x, &x);
    out->x = x;
    out->z = f.one;
    fe_mul(&f, &out->t, &out->x, &out->y);
    return true;
}

static void point_write(uint8_t out[32], const struct point *p)
{
    struct fe z, x, y;

    fe_inv(&f, &z, &p->z);
    fe_mul(&f, &x, &p->x, &z);
    fe_mul(&f, &y, &p->y, &z);
    fe_write_le(&f, out, &y);
    out[31] |= (uint8_t)(fe_is_odd(&f, &x) << 7);
}

/* RFC 8032, 5.1.4: complete, so good for doubling as well. */
static void point_add(struct point *out, const struct point *p, const struct point *q)
{
    struct fe a, b, c, e, g, h, s;

    fe_sub(&f, &a, &p->y, &p->x);
    fe_sub(&f, &s, &q->y, &q->x);
    fe_mul(&f, &a, &a, &s);
    fe_add(&f, &b, &p->y, &p->x);
    fe_add(&f, &s, &q->y, &q->x);
    fe_mul(&f, &b, &b, &s);
    fe_mul(&f, &c, &p->t, &q->t);
    fe_mul(&f, &c, &c, &d2);
    fe_mul(&f, &s, &p->z, &q->z);
    fe_add(&f, &s, &s, &s);
    fe_sub(&f, &e, &b, &a);
    fe_sub(&f, &g, &s, &c);
    fe_add(&f, &c, &s, &c);
    fe_add(&f, &h, &b, &a);
    fe_mul(&f, &out->x, &e, &g);
    fe_mul(&f, &out->y, &c, &h);
    fe_mul(&f, &out->t, &e, &h);
    fe_mul(&f, &out->z, &g, &c);
}

/* m·p + n·q, bit by bit together */
static void point_mul2(struct point *out, const uint8_t m[32], const struct point *p,
                       const uint8_t n[32], const struct point *q)
{
    struct point r = {{{0}}, f.one, f.one, {{0}}}, both;

    point_add(&both, p, q);
    for (unsigned i = 256; i-- > 0;) {
        bool x = (m[i / 8] >> (i % 8) & 1) != 0, y = (n[i / 8] >> (i % 8) & 1) != 0;

        point_add(&r, &r, &r);
        if (x || y)
            point_add(&r, &r, x && y ? &both : x ? p : q);
    }
    *out = r;
}

/* ------------------------------------------------------------------ verifying */

/* The order of the base point is 2^252 + 27742317777372353535851937790883648493. */
static bool below_order(const uint8_t s[32])
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};

    for (unsigned i = 32; i-- > 0;)
        if (s[i] != order[i])
            return s[i] < order[i];
    return false;
}

bool ed25519_verify_loose(const struct ed25519_pub *pub, struct str msg,
                          const struct ed25519_sig *sig)
{
    crypto_hash_sha512_state hash;
    uint8_t wide[64], h[32], r[32];
    struct point a, sum;

    if (ed25519_verify(pub, msg, sig)) /* whatever libsodium takes is good here as well */
        return true;
    pthread_once(&once, init);
    if (!below_order(sig->b + 32) || !point_read(&a, pub->b))
        return false;
    crypto_hash_sha512_init(&hash);
    crypto_hash_sha512_update(&hash, sig->b, 32);
    crypto_hash_sha512_update(&hash, pub->b, 32);
    crypto_hash_sha512_update(&hash, (const uint8_t *)msg.ptr, msg.len);
    crypto_hash_sha512_final(&hash, wide);
    crypto_core_ed25519_scalar_reduce(h, wide);
    fe_neg(&f, &a.x, &a.x);
    fe_neg(&f, &a.t, &a.t);
    point_mul2(&sum, sig->b + 32, &base, h, &a);
    point_write(r, &sum);
    return memcmp(r, sig->b, sizeof r) == 0;
}
