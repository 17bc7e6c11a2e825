/*
 * store.h — files known by a hash: programs by that of their bytes, compiled crates by that of what
 * they were made from.
 *
 * One file each, `<dir>/<64 hex digits>`, written beside and renamed over. The folder stays under
 * a maximum of bytes and of files: what was used least recently goes first. What is given out is
 * not checked again here: whoever runs a program hashes it anyway (guest/guest.h), and archives
 * carry checksums.
 */
#ifndef BUILDER_STORE_H
#define BUILDER_STORE_H

#include "base/err.h"
#include "crypto/hash.h"

#define STORE_PATH_MAX  3000
#define STORE_FILES_MAX 10000 /* small ones take room on the disk, too */

struct store {
    char dir[STORE_PATH_MAX];
    _Atomic uint64_t bytes_max;
};

/* Thread: any. */
MUST_USE enum err store_init(struct store *s, const char *dir, uint64_t bytes_max, struct buf *why);
/* ERR_OK: *fd is the file, the caller closes it. ERR_ABSENT. */
MUST_USE enum err store_get(const struct store *s, const struct hash256 *id, int *fd,
                            uint64_t *size, struct buf *why);
/* Keep the `size` bytes of `fd`, which is read from its start. */
MUST_USE enum err store_put(const struct store *s, const struct hash256 *id, int fd, uint64_t size,
                            struct buf *why);
void store_drop(const struct store *s, const struct hash256 *id);
/* Another maximum; what is over it goes with the next store_put(). */
void store_limit(struct store *s, uint64_t bytes_max);

#endif
