/*
 * history.h — the last blocks in memory, found by height, by hash and by what is in them.
 *
 * Bounded by number and by bytes: the oldest go first. Older blocks are on disk (store.h).
 *
 * Thread: one writer, or any number of readers.
 */
#ifndef DEVNET_HISTORY_H
#define DEVNET_HISTORY_H

#include "devnet/block.h"

#define HISTORY_BLOCKS_MAX 1200
#define HISTORY_BYTES_MAX  (64u << 20)

enum history_kind { HISTORY_BLOCK, HISTORY_TX, HISTORY_RECEIPT, HISTORY_OUTCOME };

struct history;
struct history *history_new(void);
void history_free(struct history *h);

void history_add(struct history *h, struct block *b); /* takes; heights only grow */
const struct block *history_at(const struct history *h, uint64_t height); /* NULL: not here */
/* The next block above `height`: heights may be skipped. */
const struct block *history_after(const struct history *h, uint64_t height);
const struct block *history_oldest(const struct history *h);
const struct block *history_newest(const struct history *h);

/* Which block holds `id`, and its place in that block's list. NULL: not here. */
const struct block *history_find(const struct history *h, enum history_kind kind,
                                 const struct hash256 *id, size_t *at);

#endif
