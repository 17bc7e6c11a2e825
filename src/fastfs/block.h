/*
 * block.h — what one block of the stream says about files.
 *
 * A neardata document is foreign: everything in it is checked. Receipts that were executed count,
 * whatever became of them: the receivers of files have no such method, so their calls fail.
 *
 * Memory: texts borrow from the document, those of a call are good while it is taken. Thread: any.
 * Source: FastNear's neardata server README (github.com/fastnear/neardata-server).
 */
#ifndef FASTFS_BLOCK_H
#define FASTFS_BLOCK_H

#include "codec/json.h"
#include "near/fastfs.h"

#define BLOCK_DOC_MAX (256u << 20) /* bytes of a document */

struct block {
    uint64_t height;
    struct str hash, prev_hash;
    struct json shards; /* absent: there are no files in it */
};

/* ERR_EMPTY: `null`, no block at this height or not yet. ERR_FORMAT. */
MUST_USE enum err block_read(struct str doc, struct block *out, struct buf *why);

/* One after another, in the order of execution; what `take` gives ends it, ERR_OK goes on. Calls
 * that hold no file are counted in `*malformed`. */
typedef enum err block_take(void *ctx, struct str sender, struct str receiver,
                            const struct fastfs_call *call);
MUST_USE enum err block_files(const struct block *b, block_take *take, void *ctx,
                              size_t *malformed);

#endif
