/*
 * fastfs_send.h — putting a file on the chain.
 *
 * One transaction for each part, one after another; done when all of them are in blocks that are
 * final. That the calls fail there is as it should be (fastfs.h). Blocks for as long as that takes.
 * Others may use the key meanwhile: a part whose nonce was taken is signed anew.
 *
 * Thread: that of the `struct rpc`.
 */
#ifndef NEAR_FASTFS_SEND_H
#define NEAR_FASTFS_SEND_H

#include "near/fastfs.h"
#include "near/rpc.h"

#define FASTFS_SEND_GAS UINT64_C(300000000000000)

struct fastfs_file {
    struct str receiver, path, mime, content;
    uint32_t nonce; /* of a file in parts; fastfs_nonce() */
};

/* Called for each transaction that is in a block, again for one that is sent again; may be NULL. */
typedef void fastfs_sent(void *ctx, const struct hash256 *tx);

/*
 * ERR_OK       all of it is on the chain
 * ERR_TOO_BIG  over FASTFS_FILE_MAX
 * ERR_DENIED   the chain refuses it: the key is not there, may not call this, or cannot pay
 * others       the node could not be asked; some parts may be there, sending again does no harm
 */
MUST_USE enum err fastfs_send(struct rpc *rpc, const struct near_key *key,
                              const struct fastfs_file *f, fastfs_sent *sent, void *ctx,
                              struct buf *why);

/* Seconds since FASTFS_EPOCH_S, now. */
uint32_t fastfs_nonce(void);

#endif
