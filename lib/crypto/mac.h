/*
 * mac.h — who wrote these bytes: a keyed hash (BLAKE2b-256, RFC 7693) with a secret of ours.
 *
 * For files that a process keeps for itself: it authenticates, it does not hide. The key lives in
 * a file that only its owner reads and never leaves the process.
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
    uint8_t b[32];
};

/* Read the key in `path`; when there is none make one (mode 0600), also when two start at once. */
MUST_USE enum err mac_key_load(const char *path, struct mac_key *out, struct buf *why);
void mac_key_new(struct mac_key *out);
void mac_key_wipe(struct mac_key *k);

/* In pieces. Give the length of every piece of variable size a piece of its own. */
struct mac_state {
    crypto_generichash_state st;
};
void mac_init(struct mac_state *m, const struct mac_key *k);
void mac_add(struct mac_state *m, struct str bytes);
struct mac mac_final(struct mac_state *m);
MUST_USE bool mac_eq(const struct mac *a, const struct mac *b); /* constant time */

#endif
