/*
 * files.h — the files that blocks have brought: one database, and a folder of larger contents.
 *
 * A file is known by who sent it, to whom, and its path; the last one sent is the one that is
 * served. A long file comes in parts and is there when all parts of one nonce are; until then the
 * file that was there before stays. What a block brings and the position in the stream are written
 * in one transaction.
 *
 * Anybody may send files, so all of it is bounded: files of `bytes_max` together, then no more are
 * kept; parts of FILES_WAIT_MAX together, then the uploads that have waited longest go, as do those
 * that nobody has gone on with for FILES_WAIT_BLOCKS.
 *
 * Memory: as told. Thread: one at a time; the follower writes with one `struct files`, the server
 * reads with another.
 */
#ifndef FASTFS_FILES_H
#define FASTFS_FILES_H

#include "base/arena.h"
#include "crypto/hash.h"
#include "db/db.h"
#include "fastfs/content.h"
#include "near/fastfs.h"

#define FILES_WAIT_MAX    (256u << 20) /* bytes of files that are not complete */
#define FILES_WAIT_BLOCKS 50000        /* since the last part came */
#define FILES_ROW_BYTES   1024  /* what a file or an upload counts for, besides its content */
#define FILES_INLINE_MAX  32768 /* contents up to here are in the database itself */
#define FILES_LIST_MAX    500

struct files {
    struct db *db;
    struct content content;
    uint64_t bytes_max;
    uint64_t n, bytes, waiting; /* kept by who writes: files, their bytes, bytes of parts */
    struct content_name *gone;  /* to be removed when the transaction has happened */
    size_t ngone, gone_max;
};
#define FILES_NONE ((struct files){.content = CONTENT_NONE})

/* The database at `path`, contents in "<path>.content". bytes_max 0: only to read, after somebody
 * opened it to write. ERR_BUSY: another process writes. */
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
    struct str mime, content; /* in the arena; content only when fd is -1 */
    int fd;                   /* of a larger one; the caller's */
    uint64_t size, height;    /* height: of the block that brought the last of it */
    struct hash256 sha256;
};
/* ERR_ABSENT. */
MUST_USE enum err files_get(struct files *f, struct str sender, struct str receiver,
                            struct str path, struct arena *a, struct file *out, struct buf *why);

/* How many parts of such a file are there, of how many, in the upload that grew last. ERR_ABSENT.
 */
MUST_USE enum err files_waiting(struct files *f, struct str sender, struct str receiver,
                                struct str path, uint32_t *have, uint32_t *parts, struct buf *why);

struct files_row {
    struct str path, mime; /* in the arena */
    uint64_t size;
};
/* The first FILES_LIST_MAX whose path begins with `prefix` and comes after `after`. */
MUST_USE enum err files_list(struct files *f, struct str sender, struct str receiver,
                             struct str prefix, struct str after, struct arena *a,
                             struct files_row **out, size_t *n, struct buf *why);
/* To whom this account has sent files, the first FILES_LIST_MAX after `after`. */
MUST_USE enum err files_receivers(struct files *f, struct str sender, struct str after,
                                  struct arena *a, struct str **out, size_t *n, struct buf *why);

#endif
