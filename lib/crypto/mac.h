/*
 * mac.h — did we write these bytes: a tag made with a secret of ours.
 *
 * For large files that a process keeps for itself: it authenticates, it does not hide. Poly1305
 * (RFC 8439) with a key for one message only, derived from the secret, a random nonce and the
 * message's label by keyed BLAKE2b (RFC 7693): as fast as memory, and the one-time key is never
 * met twice because the nonce is 32 random bytes. The secret lives in a file that only its owner
 * reads and never leaves the process.
 */
#ifndef CRYPTO_MAC_H
#define CRYPTO_MAC_H

#include <sodium.h>

#include "base/buf.h"
#include "base/err.h"

struct mac_key {
    uint8_t b[32];
};

struct mac {
    uint8_t nonce[32];
    uint8_t tag[16];
};

/* Read the key in `path`; when there is none make one (mode 0600), also when two start at once. */
MUST_USE enum err mac_key_load(const char *path, struct mac_key *out, struct buf *why);
void mac_key_new(struct mac_key *out);
void mac_key_wipe(struct mac_key *k);

/* `label` says what the bytes are, so that one file cannot stand for another. */
struct mac mac_make(const struct mac_key *k, struct str label, struct str bytes);
MUST_USE bool mac_check(const struct mac *m, const struct mac_key *k, struct str label,
                        struct str bytes);

#endif
