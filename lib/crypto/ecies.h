/*
 * ecies.h — sealing bytes to an X25519 public key, so that only the holder of the secret opens
 * them.
 *
 *     0x01 | ephemeral public key (32) | nonce (12) | ChaCha20 ciphertext | Poly1305 tag (16)
 *     key = HKDF-SHA256(no salt, X25519(ephemeral, recipient), "outlayer-keystore-v1")
 *
 * ChaCha20-Poly1305 of RFC 8439, no associated data. An older form, `nonce | ciphertext | tag` with
 * a key that anyone can compute, is opened for those who still have one and never made.
 *
 * Memory: plaintexts go to the caller's buf: buf_wipe() it.  Thread: any.
 * Source: OutLayer documentation, "Secrets" (ciphertext format).
 */
#ifndef CRYPTO_ECIES_H
#define CRYPTO_ECIES_H

#include "base/err.h"
#include "crypto/derive.h"

#define ECIES_OVERHEAD     61
#define ECIES_MAX          (10u << 20) /* bytes of a ciphertext */
#define ECIES_NONCE_BYTES  12
#define ECIES_LEGACY_BYTES 28 /* overhead of the older form */

/* Append the ciphertext. ERR_TOO_BIG; ERR_RANGE: `to` is a point of small order. */
MUST_USE enum err ecies_seal(const uint8_t to[32], struct str plain, struct buf *out,
                             struct buf *why);
/* The same with the randomness given: for test vectors only. */
MUST_USE enum err ecies_seal_with(const uint8_t to[32], const uint8_t ephemeral[32],
                                  const uint8_t nonce[ECIES_NONCE_BYTES], struct str plain,
                                  struct buf *out, struct buf *why);
/* Append the plaintext. ERR_FORMAT: too short or long, another version; ERR_DENIED: not sealed to
 * this key, or changed since. */
MUST_USE enum err ecies_open(const struct x25519_key *k, struct str sealed, struct buf *out,
                             struct buf *why);
/* The older form. */
MUST_USE enum err ecies_open_legacy(const struct ed25519_pub *k, struct str sealed, struct buf *out,
                                    struct buf *why);

#endif
