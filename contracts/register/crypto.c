/*
 * crypto.c — what the verifier asks of the chain: SHA-256 is a host function; P-256 is one where
 * the module was made for protocols that have it (register_p256.wasm), else our own.
 */
#include <string.h>

#include "crypto/p256_plain.h"
#include "register/register.h"
#ifdef REGISTER_HOST_P256
#include "sdk/host.h"
#endif

#define REMEMBERED_MAX 16u

static struct {
    uint8_t id[REMEMBERED_MAX][32];
    size_t n;
} remembered;

void memory_clear(void)
{
    remembered.n = 0;
}

void memory_read(struct rd *r)
{
    remembered.n = rd_count(r, REMEMBERED_MAX);
    for (size_t i = 0; i < remembered.n; i++)
        rd_copy(r, remembered.id[i], 32);
}

void memory_write(struct buf *b)
{
    wr_u32(b, (uint32_t)remembered.n);
    buf_add(b, remembered.id, remembered.n * 32);
}

#ifdef REGISTER_HOST_P256
#define P(p) ((uint64_t)(uintptr_t)(p))

/* The host takes a compressed key, which is always a point: whether ours is one we ask ourselves.
 */
static bool check(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64])
{
    uint8_t compressed[33];

    compressed[0] = (uint8_t)(2 | (key[63] & 1));
    memcpy(compressed + 1, key, 32);
    return p256_plain_on_curve(key) &&
           host_p256_verify(64, P(sig), 32, P(digest), sizeof compressed, P(compressed)) == 1;
}
#else
static bool check(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64])
{
    return p256_plain_verify(key, digest, sig);
}
#endif

static bool verify(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64])
{
    uint8_t all[160], id[32];

    memcpy(all, key, 64);
    memcpy(all + 64, digest, 32);
    memcpy(all + 96, sig, 64);
    near_sha256(str_from(all, sizeof all), id);
    for (size_t i = 0; i < remembered.n; i++)
        if (memcmp(remembered.id[i], id, sizeof id) == 0)
            return true;
    if (!check(key, digest, sig))
        return false;
    if (remembered.n < REMEMBERED_MAX)
        memcpy(remembered.id[remembered.n++], id, sizeof id);
    return true;
}

const struct attest_crypto register_crypto = {.p256_verify = verify, .sha256 = near_sha256};
