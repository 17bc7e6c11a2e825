/* ecies.c — see ecies.h. */
#include "crypto/ecies.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"

#define VERSION   1
#define TAG_BYTES 16
#define INFO      STR("outlayer-keystore-v1")

/* False for the few points whose product says nothing of our secret. */
static bool shared_key(const uint8_t secret[32], const uint8_t pub[32], uint8_t out[32])
{
    uint8_t shared[32];
    bool ok = crypto_scalarmult(shared, secret, pub) == 0;

    if (ok)
        hkdf_sha256(STR_NONE, str_from(shared, sizeof(shared)), INFO, out);
    mem_wipe(shared, sizeof(shared));
    return ok;
}

enum err ecies_seal_with(const uint8_t to[32], const uint8_t ephemeral[32],
                         const uint8_t nonce[ECIES_NONCE_BYTES], struct str plain, struct buf *out,
                         struct buf *why)
{
    struct x25519_key e;
    uint8_t key[32], *to_here;
    enum err err = ERR_OK;

    if (plain.len > ECIES_MAX - ECIES_OVERHEAD)
        return err_put(why, ERR_TOO_BIG, "the plaintext has more than %u bytes",
                       ECIES_MAX - ECIES_OVERHEAD);
    x25519_from_secret(ephemeral, &e);
    if (!shared_key(e.secret, to, key)) {
        err = err_put(why, ERR_RANGE, "the public key is no key that anything can be sealed to");
        goto out;
    }
    to_here = (uint8_t *)buf_room(out, plain.len + ECIES_OVERHEAD);
    if (!to_here) {
        err = err_put(why, ERR_TOO_BIG, "there is no room for the ciphertext");
        goto out;
    }
    to_here[0] = VERSION;
    memcpy(to_here + 1, e.pub, 32);
    memcpy(to_here + 33, nonce, ECIES_NONCE_BYTES);
    crypto_aead_chacha20poly1305_ietf_encrypt(to_here + 45, NULL, (const uint8_t *)plain.ptr,
                                              plain.len, NULL, 0, NULL, nonce, key);
out:
    x25519_wipe(&e);
    mem_wipe(key, sizeof(key));
    return err;
}

enum err ecies_seal(const uint8_t to[32], struct str plain, struct buf *out, struct buf *why)
{
    uint8_t ephemeral[32], nonce[ECIES_NONCE_BYTES];
    enum err e;

    randombytes_buf(ephemeral, sizeof(ephemeral));
    randombytes_buf(nonce, sizeof(nonce));
    e = ecies_seal_with(to, ephemeral, nonce, plain, out, why);
    mem_wipe(ephemeral, sizeof(ephemeral));
    return e;
}

/* nonce | ciphertext | tag */
static enum err open_box(const uint8_t key[32], struct str box, struct buf *out, struct buf *why)
{
    size_t n = box.len - ECIES_NONCE_BYTES - TAG_BYTES, before = out->len;
    const uint8_t *p = (const uint8_t *)box.ptr;
    uint8_t *to = (uint8_t *)buf_room(out, n);

    if (!to)
        return err_put(why, ERR_TOO_BIG, "there is no room for the plaintext");
    if (crypto_aead_chacha20poly1305_ietf_decrypt(to, NULL, NULL, p + ECIES_NONCE_BYTES,
                                                  n + TAG_BYTES, NULL, 0, p, key) != 0) {
        mem_wipe(to, n);
        out->len = before;
        return err_put(why, ERR_DENIED, "the ciphertext was not made for this key");
    }
    return ERR_OK;
}

enum err ecies_open(const struct x25519_key *k, struct str sealed, struct buf *out, struct buf *why)
{
    uint8_t key[32];
    enum err e;

    if (sealed.len < ECIES_OVERHEAD || sealed.len > ECIES_MAX)
        return err_put(why, ERR_FORMAT, "a ciphertext has %d to %u bytes, this one has %zu",
                       ECIES_OVERHEAD, ECIES_MAX, sealed.len);
    if (sealed.ptr[0] != VERSION)
        return err_put(why, ERR_FORMAT, "the ciphertext is of version %d, not %d",
                       (unsigned char)sealed.ptr[0], VERSION);
    if (!shared_key(k->secret, (const uint8_t *)sealed.ptr + 1, key))
        return err_put(why, ERR_FORMAT, "the ciphertext was made with a key that is none");
    e = open_box(key, str_skip(sealed, 33), out, why);
    mem_wipe(key, sizeof(key));
    return e;
}

enum err ecies_open_legacy(const struct ed25519_pub *k, struct str sealed, struct buf *out,
                           struct buf *why)
{
    if (sealed.len < ECIES_LEGACY_BYTES || sealed.len > ECIES_MAX)
        return err_put(why, ERR_FORMAT, "a ciphertext has %d to %u bytes, this one has %zu",
                       ECIES_LEGACY_BYTES, ECIES_MAX, sealed.len);
    return open_box(k->b, sealed, out, why);
}
