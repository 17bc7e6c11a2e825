/*
 * derive.h — the keys a keystore hands out, all from one master secret and a seed text.
 *
 *     X25519 private = HMAC-SHA256(master, "ecies:" ‖ seed)   what secrets are sealed to
 *     Ed25519 seed   = HMAC-SHA256(master, seed)              signing: verifiable randomness
 *
 * The same master and seed give the same key for ever, so nothing but the master is kept.
 * Memory: results hold secrets; wipe them.  Thread: any.
 * Source: OutLayer documentation, "Secrets" (key derivation); RFC 2104, RFC 5869, RFC 7748.
 */
#ifndef CRYPTO_DERIVE_H
#define CRYPTO_DERIVE_H

#include "crypto/ed25519.h"

#define MASTER_BYTES 32

struct master {
    uint8_t b[MASTER_BYTES];
};

struct x25519_key {
    uint8_t pub[32];
    uint8_t secret[32];
};

void x25519_from_secret(const uint8_t secret[32], struct x25519_key *out);
void x25519_generate(struct x25519_key *out);
void x25519_wipe(struct x25519_key *k);

void derive_x25519(const struct master *m, struct str seed, struct x25519_key *out);
void derive_ed25519(const struct master *m, struct str seed, struct ed25519_key *out);

/* HMAC-SHA256 and HKDF-SHA256 (RFC 5869) for 32 bytes. */
void hmac_sha256(struct str key, struct str msg, uint8_t out[32]);
void hkdf_sha256(struct str salt, struct str ikm, struct str info, uint8_t out[32]);

/*
 * Verifiable randomness: the signature of `alpha` under the key of seed "vrf-key"; its SHA-256 is
 * the random value. Ed25519 signatures are deterministic, so there is one value per alpha.
 */
#define VRF_SEED STR("vrf-key")
struct vrf {
    struct ed25519_sig proof;
    uint8_t output[32];
};
void vrf_make(const struct ed25519_key *k, struct str alpha, struct vrf *out);
MUST_USE bool vrf_check(const struct ed25519_pub *pub, struct str alpha, const struct vrf *v);

#endif
