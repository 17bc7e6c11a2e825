/*
 * ed25519.h — signatures (libsodium). Secret keys are wiped by ed25519_wipe; none is ever printed
 * but by ed25519_secret_put, whose callers write key files.
 */
#ifndef CRYPTO_ED25519_H
#define CRYPTO_ED25519_H

#include "base/buf.h"

struct ed25519_pub {
    uint8_t b[32];
};
struct ed25519_sig {
    uint8_t b[64];
};
struct ed25519_key {
    struct ed25519_pub pub;
    uint8_t secret[64]; /* seed ‖ public */
};

void crypto_init(void); /* once per process, before anything else of crypto */

void ed25519_generate(struct ed25519_key *out);
void ed25519_from_seed(const uint8_t seed[32], struct ed25519_key *out);
struct ed25519_sig ed25519_sign(const struct ed25519_key *k, struct str msg);
MUST_USE bool ed25519_verify(const struct ed25519_pub *pub, struct str msg,
                             const struct ed25519_sig *sig);
void ed25519_wipe(struct ed25519_key *k);
void random_bytes(void *out, size_t n);

/* NEAR text forms: "ed25519:<base58>"; on input the prefix may be missing. */
void ed25519_pub_put(struct buf *out, const struct ed25519_pub *p);
MUST_USE bool ed25519_pub_get(struct str text, struct ed25519_pub *out);
void ed25519_secret_put(struct buf *out, const struct ed25519_key *k);
MUST_USE bool ed25519_secret_get(struct str text, struct ed25519_key *out);
void ed25519_sig_put(struct buf *out, const struct ed25519_sig *s);

#endif
