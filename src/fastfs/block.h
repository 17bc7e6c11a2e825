/*
 * block.h — what one block of the stream says about files.
 *
 * A neardata document is foreign: everything in it is checked. Receipts that were executed count,
 * whatever became of them: the receivers of files have no such method, so their calls fail.
 *
 * Memory: texts live in the arena. Thread: any.
 * Source: FastNear's neardata server README (github.com/fastnear/neardata-server).
 */
#ifndef FASTFS_BLOCK_H
#define FASTFS_BLOCK_H

#include "base/arena.h"
#include "near/fastfs.h"

#define BLOCK_DOC_MAX   (64u << 20) /* bytes of a document */
#define BLOCK_FILES_MAX 4096

struct block_file {
    struct str sender, receiver;
    struct fastfs_call call;
};
struct block {
    uint64_t height;
    struct str hash, prev_hash;
    struct block_file *list;
    size_t n, malformed; /* calls that hold no file */
};

/* ERR_EMPTY: `null`, no block at this height or not yet. ERR_FORMAT. */
MUST_USE enum err block_read(struct str doc, struct arena *a, struct block *out, struct buf *why);

#endif
