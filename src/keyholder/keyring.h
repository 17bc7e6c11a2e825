/*
 * keyring.h — the master secrets of a keystore, one per epoch, and their file.
 *
 * New secrets are sealed to keys of the newest epoch; what was sealed before still opens with the
 * epoch of its time, because every epoch is tried. So the master can be changed at any time without
 * asking anybody to store their secrets again, and an old epoch can be told apart from a new one by
 * nobody but the keyholder.
 *
 * On disk: sealed (crypto/seal.h) with a key file or a passphrase, mode 0600, written beside and
 * renamed over. Inside: u8 version 1, u8 count, then per epoch u32 number, u64 Unix seconds, 32
 * bytes. A backup is the same file under another lock.
 *
 * Memory: a `struct keyring` is all secret: keyring_wipe() it.  Thread: one.
 */
#ifndef KEYHOLDER_KEYRING_H
#define KEYHOLDER_KEYRING_H

#include "base/err.h"
#include "crypto/derive.h"
#include "crypto/seal.h"

#define KEYRING_MAX 16

struct epoch {
    uint32_t number; /* 1, 2, … */
    uint64_t made_s;
    struct master master;
};
struct keyring {
    struct epoch epoch[KEYRING_MAX];
    size_t n; /* the newest is the last */
};

/* How a file is locked: one of the two paths is set. */
struct lock {
    const char *key_file, *passphrase_file;
};

MUST_USE enum err keyring_load(const char *path, const struct lock *lock, struct keyring *out,
                               struct buf *why);
/* `fresh`: refuse (ERR_CONFLICT) when there is a file already. */
MUST_USE enum err keyring_store(const char *path, const struct lock *lock, const struct keyring *k,
                                bool fresh, struct buf *why);
/* ERR_TOO_BIG: no room for another. */
MUST_USE enum err keyring_rotate(struct keyring *k, struct buf *why);
void keyring_wipe(struct keyring *k);

/* The bytes inside. */
MUST_USE enum err keyring_read(struct str bytes, struct keyring *out, struct buf *why);

#endif
