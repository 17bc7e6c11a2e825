/*
 * holder.h — the keystore's side of its keyholder: starts it, asks it, ends when it ends.
 *
 * One question at a time, from any thread. A keyholder that ended or that answers nonsense is not
 * started again: holder_broken() is true from then on and the keystore ends, for whoever supervises
 * it to look.
 *
 * Memory: answers are copied into the caller's buf, or borrow from it.
 */
#ifndef KEYSTORE_HOLDER_H
#define KEYSTORE_HOLDER_H

#include "keyholder/keyholder_msg.h"

struct holder;

struct holder_opts {
    const char *master_file, *seal_key_file, *passphrase_file;
    bool create, allow_unlocked;
};
MUST_USE enum err holder_start(const struct holder_opts *o, struct holder **out, struct buf *why);
void holder_stop(struct holder *h); /* NULL is fine */
bool holder_broken(struct holder *h);
int holder_pidfd(const struct holder *h); /* readable when it has ended; another after a reload */
unsigned holder_epochs(struct holder *h);
/*
 * Another keyholder, which reads the master file as it is now, takes the place of this one between
 * two questions. ERR_CONFLICT: an epoch is missing there, so what is stored would not open; then,
 * as with any other fault, the old one goes on. Thread: the one that looks at holder_pidfd().
 */
MUST_USE enum err holder_reload(struct holder *h, const struct holder_opts *o, struct buf *why);

MUST_USE enum err holder_pubkey(struct holder *h, struct str seed, uint8_t out[32],
                                struct buf *why);
struct vrf_key {
    uint32_t epoch;
    struct ed25519_pub pub;
};
MUST_USE enum err holder_vrf_keys(struct holder *h, struct vrf_key *out, size_t max, size_t *n,
                                  struct buf *why);
MUST_USE enum err holder_vrf(struct holder *h, struct str alpha, struct vrf *out,
                             struct ed25519_pub *pub, struct buf *why);
/* Append the box for `o->to`. ERR_DENIED: the ciphertext does not open. */
MUST_USE enum err holder_open(struct holder *h, const struct open *o, struct buf *box,
                              struct buf *why);
/* The two boxes of a record borrow from `answer`. */
MUST_USE enum err holder_keep(struct holder *h, const struct keep *k, struct buf *answer,
                              struct str *key, struct str *value, struct buf *why);
/* Append the box for `f->to`. ERR_DENIED: a record does not open. */
MUST_USE enum err holder_fetch(struct holder *h, const struct fetch *f, struct buf *box,
                               struct buf *why);
/* `out` borrows from `answer`. */
MUST_USE enum err holder_merge(struct holder *h, const struct merge *m, struct buf *answer,
                               struct merged *out, struct buf *why);

#endif
