#include "crypto/mldsa65.h"

#include <pthread.h>
#include <string.h>

#include "crypto/keccak.h"

/* FIPS 204, table 1, ML-DSA-65. */
#define Q      8380417
#define N      256
#define D      13
#define TAU    49
#define GAMMA1 (1 << 19)
#define GAMMA2 ((Q - 1) / 32)
#define K      6
#define L      5
#define BETA   196
#define OMEGA  55
#define C_LEN  48

struct poly {
    uint32_t c[N]; /* each below Q */
};

/* ------------------------------------------------------------------ modulo Q */

static uint32_t mul(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)a * b % Q);
}

static uint32_t add(uint32_t a, uint32_t b)
{
    uint32_t s = a + b;

    return s >= Q ? s - Q : s;
}

static uint32_t sub(uint32_t a, uint32_t b)
{
    return add(a, Q - b);
}

/* ------------------------------------------------------------------ the transform */

static uint32_t zetas[N]; /* 1753 to the power of the bits of the index backwards (appendix B) */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
    uint32_t power = 1;

    for (unsigned i = 0; i < N; i++) {
        unsigned back = 0;

        for (unsigned bit = 0; bit < 8; bit++)
            back |= (i >> bit & 1) << (7 - bit);
        zetas[back] = power;
        power = mul(power, 1753);
    }
}

/* Algorithm 41 */
static void ntt(struct poly *p)
{
    unsigned m = 0;

    for (unsigned len = 128; len >= 1; len /= 2) {
        for (unsigned start = 0; start < N; start += 2 * len) {
            uint32_t z = zetas[++m];

            for (unsigned j = start; j < start + len; j++) {
                uint32_t t = mul(z, p->c[j + len]);

                p->c[j + len] = sub(p->c[j], t);
                p->c[j] = add(p->c[j], t);
            }
        }
    }
}

/* Algorithm 42 */
static void ntt_inverse(struct poly *p)
{
    unsigned m = N;

    for (unsigned len = 1; len < N; len *= 2) {
        for (unsigned start = 0; start < N; start += 2 * len) {
            uint32_t z = Q - zetas[--m];

            for (unsigned j = start; j < start + len; j++) {
                uint32_t t = p->c[j];

                p->c[j] = add(t, p->c[j + len]);
                p->c[j + len] = mul(z, sub(t, p->c[j + len]));
            }
        }
    }
    for (unsigned j = 0; j < N; j++)
        p->c[j] = mul(p->c[j], 8347681); /* 1/256 */
}

/* ------------------------------------------------------------------ sampling */

/* Algorithm 30: one entry of the matrix, already transformed. */
static void sample_entry(struct poly *out, const uint8_t rho[32], uint8_t row, uint8_t column)
{
    struct shake k;
    unsigned n = 0;

    shake128_init(&k);
    shake_absorb(&k, rho, 32);
    shake_absorb(&k, &column, 1);
    shake_absorb(&k, &row, 1);
    while (n < N) {
        uint8_t b[3];
        uint32_t v;

        shake_squeeze(&k, b, sizeof b);
        v = b[0] | (uint32_t)b[1] << 8 | (uint32_t)(b[2] & 0x7f) << 16;
        if (v < Q)
            out->c[n++] = v;
    }
}

/* Algorithm 29 */
static void sample_in_ball(struct poly *out, const uint8_t seed[C_LEN])
{
    struct shake k;
    uint8_t b[8], j;
    uint64_t signs = 0;

    memset(out, 0, sizeof *out);
    shake256_init(&k);
    shake_absorb(&k, seed, C_LEN);
    shake_squeeze(&k, b, sizeof b);
    for (unsigned i = 0; i < 8; i++)
        signs |= (uint64_t)b[i] << (8 * i);
    for (unsigned i = N - TAU; i < N; i++) {
        do
            shake_squeeze(&k, &j, 1);
        while (j > i);
        out->c[i] = out->c[j];
        out->c[j] = (signs & 1) != 0 ? Q - 1 : 1;
        signs >>= 1;
    }
}

/* ------------------------------------------------------------------ reading */

static uint32_t bits(const uint8_t *in, size_t at, unsigned n)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < n; i++, at++)
        v |= (uint32_t)(in[at / 8] >> (at % 8) & 1) << i;
    return v;
}

/* z from 20 bits for each coefficient; false when one is too large. */
static bool read_z(struct poly *out, const uint8_t *in)
{
    for (unsigned i = 0; i < N; i++) {
        int32_t v = GAMMA1 - (int32_t)bits(in, (size_t)20 * i, 20);

        if (v >= GAMMA1 - BETA || v <= -(GAMMA1 - BETA))
            return false;
        out->c[i] = (uint32_t)(v < 0 ? v + Q : v);
    }
    return true;
}

/* Algorithm 21: only the one way of writing a hint is taken. */
static bool read_hint(uint8_t h[K][N], const uint8_t y[OMEGA + K])
{
    unsigned at = 0;

    memset(h, 0, (size_t)K * N);
    for (unsigned i = 0; i < K; i++) {
        unsigned first = at;

        if (y[OMEGA + i] < at || y[OMEGA + i] > OMEGA)
            return false;
        for (; at < y[OMEGA + i]; at++) {
            if (at > first && y[at - 1] >= y[at])
                return false;
            h[i][y[at]] = 1;
        }
    }
    for (; at < OMEGA; at++)
        if (y[at] != 0)
            return false;
    return true;
}

/* Algorithm 40, with 36 */
static uint8_t use_hint(uint32_t r, bool hint)
{
    int32_t r0 = (int32_t)(r % (2 * GAMMA2)), r1;

    if (r0 > GAMMA2)
        r0 -= 2 * GAMMA2;
    r1 = ((int32_t)r - r0) / (2 * GAMMA2);
    if ((int32_t)r - r0 == Q - 1) {
        r1 = 0;
        r0--;
    }
    if (hint)
        r1 += r0 > 0 ? 1 : -1;
    return (uint8_t)(r1 & 15);
}

/* ------------------------------------------------------------------ verifying */

/* μ = H(H(key) ‖ 0 ‖ 0 ‖ msg): no pre-hash, an empty context. */
static void absorb_message(struct shake *out, const uint8_t *key, struct str msg)
{
    struct shake k;
    uint8_t tr[64], mu[64];

    shake256_init(&k);
    shake_absorb(&k, key, MLDSA65_KEY);
    shake_squeeze(&k, tr, sizeof tr);
    shake256_init(&k);
    shake_absorb(&k, tr, sizeof tr);
    shake_absorb(&k, "\0\0", 2);
    shake_absorb(&k, msg.ptr, msg.len);
    shake_squeeze(&k, mu, sizeof mu);
    shake256_init(out);
    shake_absorb(out, mu, sizeof mu);
}

/* Row `row` of A·z - c·t1·2^d, with its hint, as 4 bits for each coefficient. */
static void absorb_row(struct shake *out, const uint8_t *key, uint8_t row, const struct poly z[L],
                       const struct poly *c, const uint8_t hint[N])
{
    const uint8_t *t1 = key + 32 + (size_t)row * 320;
    struct poly w = {{0}}, a;
    uint8_t packed[N / 2];

    for (uint8_t i = 0; i < L; i++) {
        sample_entry(&a, key, row, i);
        for (unsigned j = 0; j < N; j++)
            w.c[j] = add(w.c[j], mul(a.c[j], z[i].c[j]));
    }
    for (unsigned j = 0; j < N; j++)
        a.c[j] = bits(t1, (size_t)10 * j, 10) << D;
    ntt(&a);
    for (unsigned j = 0; j < N; j++)
        w.c[j] = sub(w.c[j], mul(a.c[j], c->c[j]));
    ntt_inverse(&w);
    for (unsigned j = 0; j < N; j += 2)
        packed[j / 2] =
            (uint8_t)(use_hint(w.c[j], hint[j] != 0) | use_hint(w.c[j + 1], hint[j + 1] != 0) << 4);
    shake_absorb(out, packed, sizeof packed);
}

bool mldsa65_verify(const uint8_t key[MLDSA65_KEY], struct str msg, const uint8_t sig[MLDSA65_SIG])
{
    struct poly z[L], c;
    uint8_t hint[K][N], check[C_LEN];
    struct shake k;

    pthread_once(&once, init);
    for (unsigned i = 0; i < L; i++) {
        if (!read_z(&z[i], sig + C_LEN + (size_t)i * 640))
            return false;
        ntt(&z[i]);
    }
    if (!read_hint(hint, sig + C_LEN + (size_t)L * 640))
        return false;
    sample_in_ball(&c, sig);
    ntt(&c);
    absorb_message(&k, key, msg);
    for (uint8_t i = 0; i < K; i++)
        absorb_row(&k, key, i, z, &c, hint[i]);
    shake_squeeze(&k, check, sizeof check);
    return memcmp(check, sig, sizeof check) == 0;
}
