/*
 * batch_head.h — what is signed and put on chain for a batch of statements; see batch.h.
 *
 * The chain checks the signature with the session's statement key and that the batch begins where
 * the one before ended.  Freestanding.
 */
#ifndef ATTEST_BATCH_HEAD_H
#define ATTEST_BATCH_HEAD_H

#include "attest/label.h"
#include "base/err.h"
#include "crypto/hash256.h"

#define BATCH_LEAVES_MAX (1u << 20)
#define BATCH_HEAD_LEN   (LABEL_LEN + 32 + 8 + 8 + 32 + 8)

struct batch_head {
    struct hash256 session, root;
    uint64_t first_seq, count, time_ms;
};

/* The message that is signed, label and all. */
void batch_head_write(struct buf *out, const struct batch_head *h);
MUST_USE enum err batch_head_read(struct str message, struct batch_head *out, struct buf *why);

#endif
