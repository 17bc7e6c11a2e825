/*
 * overlay.h — one account as it was after an earlier block.
 *
 * Blocks that are still in memory remember what their rows were before; going back from the head
 * undoes them one by one.
 */
#ifndef DEVNET_OVERLAY_H
#define DEVNET_OVERLAY_H

#include "devnet/chain.h"

/* Rows of `account` (and all global contracts) after block `height`; NULL when a block in between
 * is no longer in memory. The caller frees it. */
struct kv *overlay_at(struct reader *r, uint64_t height, struct str account);

#endif
