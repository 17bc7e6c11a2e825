/*
 * box.h — bytes sealed with a secret key, to a place: they open there and nowhere else.
 *
 *     0x01 | nonce[24] | ciphertext | tag[16]
 *
 * XChaCha20-Poly1305 with a random nonce; the place is associated data, it is not in the box.
 * Memory: plaintexts go to the caller's buf: buf_wipe() it.  Thread: any.
 */
#ifndef CRYPTO_BOX_H
#define CRYPTO_BOX_H

#include "base/err.h"

#define BOX_OVERHEAD 41

struct box_key {
    uint8_t b[32];
};
void box_key_wipe(struct box_key *k);

/* Append the box. */
void box_seal(const struct box_key *k, struct str place, struct str plain, struct buf *out);
/* Append the content. ERR_DENIED: another key or place, or changed since; ERR_FORMAT: no box. */
MUST_USE enum err box_open(const struct box_key *k, struct str place, struct str box,
                           struct buf *out, struct buf *why);

#endif
