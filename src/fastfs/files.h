/*
 * files.h — the files that blocks have brought, in one database file.
 *
 * A file is known by who sent it, to whom, and its path; the last one sent is the one that is
 * served. A long file comes in parts and is there when all parts of one nonce are. What a block
 * brings and the position in the stream are written in one transaction.
 *
 * Memory: as told. Thread: one at a time; the holder of a `struct files` locks.
 */
#ifndef FASTFS_FILES_H
#define FASTFS_FILES_H

#include "base/arena.h"
#include "crypto/hash.h"
#include "db/db.h"
#include "near/fastfs.h"

#define FILES_PARTS_MAX (256u << 20) /* bytes of files that are not complete; the oldest go */

struct files {
    struct db *db;
    uint64_t bytes_max; /* of all files; more are not kept */
};

MUST_USE enum err files_open(struct files *f, const char *path, uint64_t bytes_max,
                             struct buf *why);
void files_close(struct files *f);

struct files_at {
    uint64_t next; /* height to read */
    char hash[65]; /* of the block before it, base58 */
    bool known;
};
MUST_USE enum err files_position(struct files *f, struct files_at *out, struct buf *why);

/* One block: files_begin, any number of files_take, files_end with the position after it. */
MUST_USE enum err files_begin(struct files *f, struct buf *why);
/* ERR_TOO_BIG: there is no room for it; nothing has been changed. */
MUST_USE enum err files_take(struct files *f, struct str sender, struct str receiver,
                             const struct fastfs_call *c, uint64_t height, struct buf *why);
MUST_USE enum err files_end(struct files *f, uint64_t next, struct str hash, struct buf *why);
void files_undo(struct files *f);

struct file {
    struct str mime, content; /* in the arena */
    struct hash256 sha256;
};
/* ERR_ABSENT. */
MUST_USE enum err files_get(struct files *f, struct str sender, struct str receiver,
                            struct str path, struct arena *a, struct file *out, struct buf *why);

#endif
