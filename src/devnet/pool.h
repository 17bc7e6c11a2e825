/*
 * pool.h — transactions that were admitted and wait for a block.
 *
 * Taken in the order they came, but those of one key in the order of their nonces. Bounded; a full
 * pool refuses.  Thread: any.
 */
#ifndef DEVNET_POOL_H
#define DEVNET_POOL_H

#include "near/tx.h"

#define POOL_TXS_MAX   20000
#define POOL_BYTES_MAX (128u << 20)

struct pooled {
    struct arena arena; /* holds what follows */
    struct signed_tx tx;
    struct str bytes;
    struct pooled *next, *chain;
};

struct pool;
struct pool *pool_new(void);
void pool_free(struct pool *p);

enum pool_add { POOL_ADDED, POOL_KNOWN, POOL_FULL };
enum pool_add pool_put(struct pool *p, struct pooled *t); /* takes `t` when added */
bool pool_has(struct pool *p, const struct hash256 *hash);
bool pool_is_empty(struct pool *p);
/*
 * The next transactions, at most `max_n` and `max_bytes` together, as a list; gives. They still
 * count as known until pool_forget(), so that nobody loses sight of one that is being applied.
 */
struct pooled *pool_take(struct pool *p, size_t max_n, size_t max_bytes, size_t *n);
void pool_forget(struct pool *p, struct pooled *list); /* and free them */
void pooled_free(struct pooled *t);

#endif
