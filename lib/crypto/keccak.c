#include "crypto/keccak.h"

#include <string.h>

#define LANES 25

static uint64_t rotl(uint64_t v, unsigned n)
{
    return n == 0 ? v : v << n | v >> (64 - n);
}

/* FIPS 202, section 3.2: theta, rho and pi, chi, iota. */
static void permute(uint64_t s[LANES])
{
    static const uint64_t round_const[24] = {
        0x0000000000000001U, 0x0000000000008082U, 0x800000000000808aU, 0x8000000080008000U,
        0x000000000000808bU, 0x0000000080000001U, 0x8000000080008081U, 0x8000000000008009U,
        0x000000000000008aU, 0x0000000000000088U, 0x0000000080008009U, 0x000000008000000aU,
        0x000000008000808bU, 0x800000000000008bU, 0x8000000000008089U, 0x8000000000008003U,
        0x8000000000008002U, 0x8000000000000080U, 0x000000000000800aU, 0x800000008000000aU,
        0x8000000080008081U, 0x8000000000008080U, 0x0000000080000001U, 0x8000000080008008U,
    };
    static const uint8_t turn[LANES] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                        25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};

    for (unsigned round = 0; round < 24; round++) {
        uint64_t c[5], b[LANES];

        for (unsigned x = 0; x < 5; x++)
            c[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
        for (unsigned x = 0; x < 5; x++) {
            uint64_t d = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);

            for (unsigned y = 0; y < LANES; y += 5)
                s[y + x] ^= d;
        }
        for (unsigned x = 0; x < 5; x++)
            for (unsigned y = 0; y < 5; y++)
                b[y + 5 * ((2 * x + 3 * y) % 5)] = rotl(s[x + 5 * y], turn[x + 5 * y]);
        for (unsigned y = 0; y < LANES; y += 5)
            for (unsigned x = 0; x < 5; x++)
                s[y + x] = b[y + x] ^ (~b[y + (x + 1) % 5] & b[y + (x + 2) % 5]);
        s[0] ^= round_const[round];
    }
}

static void absorb(uint64_t s[LANES], const uint8_t *block, size_t rate)
{
    for (size_t i = 0; i < rate / 8; i++) {
        uint64_t lane = 0;

        for (unsigned k = 0; k < 8; k++)
            lane |= (uint64_t)block[8 * i + k] << (8 * k);
        s[i] ^= lane;
    }
    permute(s);
}

static void sponge(struct str in, uint8_t pad, uint8_t *out, size_t n_out)
{
    const size_t rate = 200 - 2 * n_out;
    uint64_t s[LANES] = {0};
    uint8_t last[200] = {0};

    while (in.len >= rate) {
        absorb(s, (const uint8_t *)in.ptr, rate);
        in = str_skip(in, rate);
    }
    if (in.len > 0)
        memcpy(last, in.ptr, in.len);
    last[in.len] = pad;
    last[rate - 1] |= 0x80;
    absorb(s, last, rate);
    for (size_t i = 0; i < n_out; i++)
        out[i] = (uint8_t)(s[i / 8] >> (8 * (i % 8)));
}

void keccak256(struct str s, uint8_t out[32])
{
    sponge(s, 0x01, out, 32);
}

void keccak512(struct str s, uint8_t out[64])
{
    sponge(s, 0x01, out, 64);
}

void sha3_256(struct str s, uint8_t out[32])
{
    sponge(s, 0x06, out, 32);
}

void sha3_384(struct str s, uint8_t out[48])
{
    sponge(s, 0x06, out, 48);
}

void sha3_512(struct str s, uint8_t out[64])
{
    sponge(s, 0x06, out, 64);
}

/* ------------------------------------------------------------------ SHAKE */

static void shake_init(struct shake *k, size_t rate)
{
    memset(k, 0, sizeof *k);
    k->rate = rate;
}

void shake128_init(struct shake *k)
{
    shake_init(k, 168);
}

void shake256_init(struct shake *k)
{
    shake_init(k, 136);
}

static void shake_byte(struct shake *k, size_t at, uint8_t b)
{
    k->s[at / 8] ^= (uint64_t)b << (8 * (at % 8));
}

void shake_absorb(struct shake *k, const void *p, size_t n)
{
    const uint8_t *in = p;

    BUG_ON(k->squeezing);
    for (size_t i = 0; i < n; i++) {
        shake_byte(k, k->at++, in[i]);
        if (k->at == k->rate) {
            permute(k->s);
            k->at = 0;
        }
    }
}

void shake_squeeze(struct shake *k, uint8_t *out, size_t n)
{
    if (!k->squeezing) {
        shake_byte(k, k->at, 0x1f);
        shake_byte(k, k->rate - 1, 0x80);
        k->squeezing = true;
        k->at = k->rate;
    }
    for (size_t i = 0; i < n; i++) {
        if (k->at == k->rate) {
            permute(k->s);
            k->at = 0;
        }
        out[i] = (uint8_t)(k->s[k->at / 8] >> (8 * (k->at % 8)));
        k->at++;
    }
}
