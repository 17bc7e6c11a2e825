/*
 * store.h — the chain on disk: one database transaction per block.
 *
 * Rows of the state, whole blocks, and an index from ids to heights. What was committed survives
 * the end of the process at any instant; nothing is acknowledged before. Everything a client can
 * ask for and that is no longer in memory is read from here.
 *
 * Thread: any; calls take turns.
 */
#ifndef DEVNET_STORE_H
#define DEVNET_STORE_H

#include "devnet/history.h"
#include "devnet/kv.h"
#include "devnet/merkle.h"

#define STORE_FILE "chain.db" /* in the home folder */

struct store;

/* What is not in any block: kept with the last one. */
struct store_meta {
    struct merkle_tree blocks; /* hashes of all blocks before the head */
    uint64_t time_offset_ns;   /* how far fast-forwards moved the clock */
    u128 genesis_supply;
};

MUST_USE enum err store_open(const char *home, struct store **out, struct buf *why);
void store_close(struct store *s); /* NULL is fine */

MUST_USE enum err store_commit(struct store *s, const struct block *b, struct str bytes,
                               const struct kv_row *rows, size_t n_rows,
                               const struct store_meta *meta, struct buf *why);

/* ERR_EMPTY: a new chain. Otherwise fills the state, the meta data and the last blocks. */
MUST_USE enum err store_restore(struct store *s, struct kv *kv, struct history *h,
                                struct store_meta *meta, struct buf *why);

/* Forget blocks below `height`, but the first one, and where to find what was in them. */
MUST_USE enum err store_prune(struct store *s, uint64_t height, struct buf *why);
/* A copy of all of it as a database of its own. */
MUST_USE enum err store_copy(struct store *s, const char *path, struct buf *why);

/* ERR_ABSENT when there is no such block; `*out` is the caller's. */
MUST_USE enum err store_block_at(struct store *s, uint64_t height, struct block **out,
                                 struct buf *why);
/* The first above `height`. */
MUST_USE enum err store_block_after(struct store *s, uint64_t height, struct block **out,
                                    struct buf *why);
/* Height of the (last) block that holds `id`; ERR_ABSENT. */
MUST_USE enum err store_find(struct store *s, enum history_kind kind, const struct hash256 *id,
                             uint64_t *height, struct buf *why);
/* Hashes of blocks in order, from the genesis block on, at most `n`; *got tells how many. */
MUST_USE enum err store_hashes(struct store *s, struct hash256 *out, size_t n, size_t *got,
                               struct buf *why);

#endif
