/*
 * content.h — the bytes of larger files, each a file of its own, named by its hash.
 *
 * So they are served without passing through us, and what several users sent is kept once. A file
 * that comes in parts grows in place ("part-<id>", sparse) and gets its second name when it is
 * whole. What is written here is on disk before the transaction that refers to it, and removed
 * after the one that no longer does, so a transaction that does not happen can be tried again; what
 * a crash leaves over is swept away at the next start.
 *
 * Memory: none kept. Thread: writing is one thread's; content_get is any's.
 */
#ifndef FASTFS_CONTENT_H
#define FASTFS_CONTENT_H

#include "base/err.h"
#include "crypto/hash.h"

struct content {
    int dir;  /* or -1 */
    int lock; /* held by who writes; or -1 */
};
#define CONTENT_NONE ((struct content){.dir = -1, .lock = -1})

/* Makes the folder. `write`: as the only one in it. ERR_BUSY: somebody else is. */
MUST_USE enum err content_open(struct content *c, const char *dir, bool write, struct buf *why);
void content_close(struct content *c);

MUST_USE enum err content_put(const struct content *c, const struct hash256 *hash, struct str bytes,
                              struct buf *why);
/* A descriptor for reading, the caller's. ERR_ABSENT; ERR_CONFLICT: it is not `size` bytes. */
MUST_USE enum err content_get(const struct content *c, const struct hash256 *hash, uint64_t size,
                              int *out, struct buf *why);
void content_drop(const struct content *c, const struct hash256 *hash);

/* A piece of the growing file `id`; `fresh`: there is none of it yet, whatever lies there. */
MUST_USE enum err content_part(const struct content *c, uint64_t id, bool fresh, uint64_t at,
                               struct str bytes, struct buf *why);
/* It is whole: what is its hash? From now on it is known by that, too. */
MUST_USE enum err content_whole(const struct content *c, uint64_t id, uint64_t size,
                                struct hash256 *out, struct buf *why);
void content_drop_part(const struct content *c, uint64_t id);

/* Remove every file that `wanted` (asked with a hash, or with a part's id) does not know. */
struct content_name {
    bool part;
    uint64_t id;         /* of a part */
    struct hash256 hash; /* of a whole one */
};
MUST_USE enum err content_sweep(const struct content *c,
                                bool (*wanted)(void *ctx, const struct content_name *name),
                                void *ctx, struct buf *why);

#endif
