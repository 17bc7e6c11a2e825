#include "curvecalls.h"

#include <string.h>

#include "crypto/jacobian.h"

#define POOL 8

/* A curve with a pairing and how its points are written. */
struct kit {
    struct tower t;
    uint64_t order[4];
    struct fe b1;
    struct fp2 b2;
    bool big_endian; /* and the imaginary part first, and flags in the first byte */
    struct g1_affine g1[POOL], off1[POOL]; /* in the group; on the curve only */
    struct g2_affine g2[POOL], off2[POOL];
};

static struct kit bn, bls;
static uint64_t state = 1;

static uint64_t random_(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % n;
}

static uint64_t word(void)
{
    return random_(1ULL << 32) << 32 | random_(1ULL << 32);
}

/* ------------------------------------------------------------------ points */

static void random_fe(const struct field *f, struct fe *out)
{
    struct fe a = {{0}};

    for (unsigned i = 0; i < f->n; i++)
        a.v[i] = word();
    a.v[f->n - 1] %= f->p.v[f->n - 1];
    *out = a; /* some number below the modulus, in Montgomery form */
}

static void random_g1(struct kit *k, struct g1_affine *out)
{
    const struct field *f = &k->t.f;
    struct fe y;

    do {
        random_fe(f, &out->x);
        fe_sqr(f, &y, &out->x);
        fe_mul(f, &y, &y, &out->x);
        fe_add(f, &y, &y, &k->b1);
    } while (!fe_sqrt(f, &out->y, &y));
}

static void random_g2(struct kit *k, struct g2_affine *out)
{
    const struct field *f = &k->t.f;
    struct fp2 y;

    do {
        random_fe(f, &out->x.c0);
        random_fe(f, &out->x.c1);
        fp2_sqr(f, &y, &out->x);
        fp2_mul(f, &y, &y, &out->x);
        fp2_add(f, &y, &y, &k->b2);
    } while (!fp2_sqrt(f, &out->y, &y));
}

static void times1(struct kit *k, struct g1_affine *out, const struct g1_affine *a,
                   const uint64_t *e, unsigned n)
{
    struct g1 p;

    g1_from_affine(&k->t.f, &p, a);
    g1_mul(&k->t.f, &p, &p, e, n);
    g1_to_affine(&k->t.f, out, &p);
}

static void times2(struct kit *k, struct g2_affine *out, const struct g2_affine *a,
                   const uint64_t *e, unsigned n)
{
    struct g2 p;

    g2_from_affine(&k->t.f, &p, a);
    g2_mul(&k->t.f, &p, &p, e, n);
    g2_to_affine(&k->t.f, out, &p);
}

/* Points of the curve times the cofactor are points of the group. */
static void fill(struct kit *k, const uint64_t *h1, unsigned n1, const uint64_t *h2, unsigned n2)
{
    const struct field *f = &k->t.f;
    struct fp2 y;

    for (unsigned i = 0; i < POOL; i++) {
        random_g1(k, &k->off1[i]);
        random_g2(k, &k->off2[i]);
        times1(k, &k->g1[i], &k->off1[i], h1, n1);
        times2(k, &k->g2[i], &k->off2[i], h2, n2);
    }
    memset(&k->off1[0].x, 0, sizeof k->off1[0].x); /* x = 0, where there is such a point */
    if (!fe_sqrt(f, &k->off1[0].y, &k->b1))
        k->off1[0] = k->off1[1];
    if (fp2_sqrt(f, &y, &k->b2)) {
        memset(&k->off2[0].x, 0, sizeof k->off2[0].x);
        k->off2[0].y = y;
    }
}

static void start(void)
{
    static const uint64_t bn_p[4] = {0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d,
                                     0x30644e72e131a029};
    static const uint64_t bn_r[4] = {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d,
                                     0x30644e72e131a029};
    static const uint64_t bls_p[6] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624,
                                      0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
    static const uint64_t bls_r[4] = {0xffffffff00000001, 0x53bda402fffe5bfe, 0x3339d80809a1d805,
                                      0x73eda753299d7d48};
    static const uint64_t one[1] = {1};
    static const uint64_t bls_h1[2] = {0x8c00aaab0000aaab, 0x396c8c005555e156};
    static const uint64_t bls_h2[8] = {0xcf1c38e31c7238e5, 0x1616ec6e786f0c70, 0x21537e293a6691ae,
                                       0xa628f1cb4d9e82ef, 0xa68a205b2e5a7ddf, 0xcd91de4547085aba,
                                       0x091d50792876a202, 0x05d543a95414e7f1};
    uint64_t bn_h2[4]; /* 2p - r */
    unsigned __int128 c = 0;
    struct fp2 xi;

    for (unsigned i = 0; i < 4; i++) {
        __int128 d = (__int128)(c + 2 * (unsigned __int128)bn_p[i]) - bn_r[i];

        bn_h2[i] = (uint64_t)d;
        c = (unsigned __int128)(d >> 64);
    }
    tower_init(&bn.t, bn_p, 4, 9);
    memcpy(bn.order, bn_r, sizeof bn.order);
    fe_from_u64(&bn.t.f, &bn.b1, 3);
    fe_from_u64(&bn.t.f, &xi.c0, 9);
    xi.c1 = bn.t.f.one;
    fp2_inv(&bn.t.f, &xi, &xi);
    fp2_mul_fe(&bn.t.f, &bn.b2, &xi, &bn.b1);
    fill(&bn, one, 1, bn_h2, 4);
    tower_init(&bls.t, bls_p, 6, 1);
    memcpy(bls.order, bls_r, sizeof bls.order);
    fe_from_u64(&bls.t.f, &bls.b1, 4);
    bls.b2 = (struct fp2){bls.b1, bls.b1};
    bls.big_endian = true;
    fill(&bls, bls_h1, 2, bls_h2, 8);
}

void curvecalls_seed(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15ULL | 1;
    start();
}

/* ------------------------------------------------------------------ writing */

static void put_fe(const struct kit *k, struct buf *b, const struct fe *a)
{
    uint8_t out[48];

    if (k->big_endian)
        fe_write_be(&k->t.f, out, a);
    else
        fe_write_le(&k->t.f, out, a);
    /* Once in a while a number that is too large. */
    if (random_(150) == 0) {
        memset(out, random_(2) == 0 ? 0xff : 0x1a, 8 * k->t.f.n);
    } else if (random_(150) == 0) {
        for (unsigned i = 0; i < 8 * k->t.f.n; i++) {
            unsigned at = k->big_endian ? 8 * k->t.f.n - 1 - i : i;

            out[at] = (uint8_t)(k->t.f.p.v[i / 8] >> (8 * (i % 8))); /* the modulus itself */
        }
    }
    buf_add(b, out, 8 * k->t.f.n);
}

static void put_fp2(const struct kit *k, struct buf *b, const struct fp2 *a)
{
    put_fe(k, b, k->big_endian ? &a->c1 : &a->c0);
    put_fe(k, b, k->big_endian ? &a->c0 : &a->c1);
}

static void put_zero(const struct kit *k, struct buf *b, size_t n)
{
    static const uint8_t zeros[192];
    size_t at = b->len;

    buf_add(b, zeros, n);
    if (k->big_endian && random_(20) != 0)
        b->ptr[at] = 0x40;
}

static void put_g1(const struct kit *k, struct buf *b, const struct g1_affine *a)
{
    if (g1_affine_is_infinity(&k->t.f, a)) {
        put_zero(k, b, 16 * k->t.f.n);
        return;
    }
    put_fe(k, b, &a->x);
    put_fe(k, b, &a->y);
}

static void put_g2(const struct kit *k, struct buf *b, const struct g2_affine *a)
{
    if (g2_affine_is_infinity(&k->t.f, a)) {
        put_zero(k, b, 32 * k->t.f.n);
        return;
    }
    put_fp2(k, b, &a->x);
    put_fp2(k, b, &a->y);
}

static void any_g1(struct kit *k, struct g1_affine *out, unsigned off)
{
    *out = random_(100) < off ? k->off1[random_(POOL)] : k->g1[random_(POOL)];
    if (random_(12) == 0)
        memset(out, 0, sizeof *out);
    if (random_(3) == 0)
        fe_neg(&k->t.f, &out->y, &out->y);
}

static void any_g2(struct kit *k, struct g2_affine *out, unsigned off)
{
    *out = random_(100) < off ? k->off2[random_(POOL)] : k->g2[random_(POOL)];
    if (random_(12) == 0)
        memset(out, 0, sizeof *out);
    if (random_(3) == 0)
        fp2_neg(&k->t.f, &out->y, &out->y);
}

static void any_scalar(const struct kit *k, uint64_t e[4])
{
    memset(e, 0, 4 * sizeof *e);
    switch (random_(8)) {
    case 0:
        e[0] = random_(4);
        return;
    case 1:
        memcpy(e, k->order, 32);
        e[0] += random_(5) - 2;
        return;
    case 2:
        memset(e, 0xff, 32);
        return;
    default:
        for (unsigned i = 0; i < 4; i++)
            e[i] = word();
        if (random_(4) != 0)
            e[3] %= k->order[3];
    }
}

/* ------------------------------------------------------------------ items */

static void sum_item(struct kit *k, struct buf *b, bool second)
{
    struct g1_affine p;
    struct g2_affine q;

    buf_add_byte(b, (uint8_t)(random_(60) == 0 ? random_(256) : random_(2)));
    if (second) {
        any_g2(k, &q, k == &bls ? 40 : 2);
        put_g2(k, b, &q);
    } else {
        any_g1(k, &p, k == &bls ? 40 : 20);
        put_g1(k, b, &p);
    }
}

static void exp_item(struct kit *k, struct buf *b, bool second)
{
    struct g1_affine p;
    struct g2_affine q;
    uint64_t e[4];

    if (second) {
        any_g2(k, &q, 4);
        put_g2(k, b, &q);
    } else {
        any_g1(k, &p, 4);
        put_g1(k, b, &p);
    }
    any_scalar(k, e);
    buf_add(b, e, sizeof e);
}

static void pair_item(struct kit *k, struct buf *b)
{
    struct g1_affine p;
    struct g2_affine q;

    any_g1(k, &p, k == &bls ? 3 : 20);
    any_g2(k, &q, 3);
    put_g1(k, b, &p);
    put_g2(k, b, &q);
}

/* e(sP, Q)·e(-P, sQ) = 1 */
static void pair_items(struct kit *k, struct buf *b)
{
    struct g1_affine p = k->g1[random_(POOL)], sp;
    struct g2_affine q = k->g2[random_(POOL)], sq;
    uint64_t e[4];

    any_scalar(k, e);
    times1(k, &sp, &p, e, 4);
    times2(k, &sq, &q, e, 4);
    fe_neg(&k->t.f, &p.y, &p.y);
    put_g1(k, b, &sp);
    put_g2(k, b, &q);
    put_g1(k, b, &p);
    put_g2(k, b, &sq);
}

static void map_item(struct kit *k, struct buf *b, bool second)
{
    for (int i = 0; i < (second ? 2 : 1); i++) {
        struct fe a = {{0}};

        if (random_(12) == 0)
            fe_from_u64(&k->t.f, &a, random_(3));
        else
            random_fe(&k->t.f, &a);
        if (random_(12) == 0)
            fe_neg(&k->t.f, &a, &a);
        put_fe(k, b, &a);
    }
}

static void compressed_item(struct kit *k, struct buf *b, bool second)
{
    struct g1_affine p;
    struct g2_affine q;
    size_t at = b->len;

    any_g1(k, &p, 50);
    any_g2(k, &q, 50);
    if (random_(10) == 0)
        random_fe(&k->t.f, &p.x), q.x.c1 = p.x;
    if (second)
        put_fp2(k, b, &q.x);
    else
        put_fe(k, b, &p.x);
    if (random_(40) != 0)
        b->ptr[at] = (char)(b->ptr[at] | 0x80);
    if (random_(2) == 0)
        b->ptr[at] = (char)(b->ptr[at] | 0x20);
    if (g1_affine_is_infinity(&k->t.f, second ? &k->g1[0] : &p) ||
        (second && g2_affine_is_infinity(&k->t.f, &q)))
        b->ptr[at] = (char)(random_(8) == 0 ? 0xe0 : 0xc0);
}

static void spoil(struct kit *k, struct buf *b, size_t size)
{
    static const uint8_t flags[] = {0x80, 0x40, 0x20, 0xc0, 0xe0, 0x60, 0xa0};

    if (b->len == 0)
        return;
    if (random_(8) == 0)
        b->ptr[random_(b->len)] ^= (char)(1 << random_(8));
    if (k == &bls && random_(20) == 0)
        b->ptr[random_(b->len / size + 1) * size % b->len] ^= (char)flags[random_(countof(flags))];
    if (random_(20) == 0)
        b->len -= random_(size < b->len ? size : b->len);
    if (random_(40) == 0)
        buf_add_byte(b, 0);
}

bool curvecall_draw(const char *name, struct buf *b, uint64_t *args)
{
    struct kit *k = strncmp(name, "bls12381_", 9) == 0 ? &bls : &bn;
    bool second = strstr(name, "p2_") != NULL || strstr(name, "g2") != NULL;
    size_t n = random_(5), fe = 8 * k->t.f.n, size;

    if (k == &bn && strncmp(name, "alt_bn128_", 10) != 0)
        return false;
    if (random_(12) == 0) /* many: the other side then works in another way */
        n += random_(32);
    if (strstr(name, "pairing") != NULL) {
        size = 6 * fe;
        if (random_(2) == 0)
            pair_items(k, b);
        for (n = random_(3); n > 0; n--)
            pair_item(k, b);
    } else if (strstr(name, "sum") != NULL) {
        size = 1 + (second ? 4 : 2) * fe;
        for (; n > 0; n--)
            sum_item(k, b, second);
    } else if (strstr(name, "multiexp") != NULL) {
        size = 32 + (second ? 4 : 2) * fe;
        for (; n > 0; n--)
            exp_item(k, b, second);
    } else if (strstr(name, "map") != NULL) {
        size = (second ? 2 : 1) * fe;
        for (; n > 0; n--)
            map_item(k, b, second);
    } else {
        size = (second ? 2 : 1) * fe;
        for (; n > 0; n--)
            compressed_item(k, b, second);
    }
    /* An item twice: equal points are doubled, or cancel. */
    if (b->len >= size && random_(6) == 0) {
        char again[512];

        memcpy(again, b->ptr, size);
        buf_add(b, again, size);
    }
    spoil(k, b, size);
    args[0] = b->len;
    args[1] = CURVECALL_AT;
    args[2] = random_(2);
    return true;
}
