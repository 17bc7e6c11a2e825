/* derive.c — see derive.h. */
#include "crypto/derive.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"

static void hmac2(struct str key, struct str a, struct str b, uint8_t out[32])
{
    crypto_auth_hmacsha256_state st;

    crypto_auth_hmacsha256_init(&st, (const uint8_t *)key.ptr, key.len);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)a.ptr, a.len);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)b.ptr, b.len);
    crypto_auth_hmacsha256_final(&st, out);
    mem_wipe(&st, sizeof(st));
}

void hmac_sha256(struct str key, struct str msg, uint8_t out[32])
{
    hmac2(key, msg, STR(""), out);
}

/* One block is all that is asked for: T(1) = HMAC(PRK, info ‖ 1). */
void hkdf_sha256(struct str salt, struct str ikm, struct str info, uint8_t out[32])
{
    static const uint8_t zeros[32];
    uint8_t prk[32];

    hmac_sha256(salt.len ? salt : str_from(zeros, sizeof(zeros)), ikm, prk);
    hmac2(str_from(prk, sizeof(prk)), info, STR("\x01"), out);
    mem_wipe(prk, sizeof(prk));
}

void x25519_from_secret(const uint8_t secret[32], struct x25519_key *out)
{
    memcpy(out->secret, secret, 32);
    crypto_scalarmult_base(out->pub, out->secret);
}

void x25519_generate(struct x25519_key *out)
{
    uint8_t secret[32];

    randombytes_buf(secret, sizeof(secret));
    x25519_from_secret(secret, out);
    mem_wipe(secret, sizeof(secret));
}

void x25519_wipe(struct x25519_key *k)
{
    mem_wipe(k, sizeof(*k));
}

void derive_x25519(const struct master *m, struct str seed, struct x25519_key *out)
{
    uint8_t secret[32];

    hmac2(str_from(m->b, sizeof(m->b)), STR("ecies:"), seed, secret);
    x25519_from_secret(secret, out);
    mem_wipe(secret, sizeof(secret));
}

void derive_ed25519(const struct master *m, struct str seed, struct ed25519_key *out)
{
    uint8_t secret[32];

    hmac_sha256(str_from(m->b, sizeof(m->b)), seed, secret);
    ed25519_from_seed(secret, out);
    mem_wipe(secret, sizeof(secret));
}

void vrf_make(const struct ed25519_key *k, struct str alpha, struct vrf *out)
{
    struct hash256 h;

    out->proof = ed25519_sign(k, alpha);
    h = sha256(str_from(out->proof.b, sizeof(out->proof.b)));
    memcpy(out->output, h.b, sizeof(out->output));
}

bool vrf_check(const struct ed25519_pub *pub, struct str alpha, const struct vrf *v)
{
    struct hash256 h = sha256(str_from(v->proof.b, sizeof(v->proof.b)));

    return memcmp(h.b, v->output, sizeof(v->output)) == 0 && ed25519_verify(pub, alpha, &v->proof);
}
