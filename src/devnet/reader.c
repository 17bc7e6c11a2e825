/* reader.c — looking at the chain: blocks in memory first, then on disk. */
#include "devnet/chain_internal.h"

#include "base/mem.h"

#define READER_BLOCKS_MAX 4096 /* read from disk for one request */

const struct params *chain_params(const struct chain *c)
{
    return c->p;
}

struct vm *chain_vm(const struct chain *c)
{
    return c->vm;
}

const struct near_key *chain_validator_key(const struct chain *c)
{
    return &c->keys.validator;
}

uint64_t chain_started_ms(const struct chain *c)
{
    return c->started_ms;
}

void chain_read(struct chain *c, struct reader *r)
{
    pthread_rwlock_rdlock(&c->lock);
    *r = (struct reader){.c = c, .kv = c->kv, .head = history_newest(c->history)};
}

bool chain_try_read(struct chain *c, struct reader *r)
{
    if (pthread_rwlock_tryrdlock(&c->lock) != 0)
        return false;
    *r = (struct reader){.c = c, .kv = c->kv, .head = history_newest(c->history)};
    return true;
}

void chain_read_end(struct reader *r)
{
    pthread_rwlock_unlock(&r->c->lock);
    for (size_t i = 0; i < r->n; i++)
        block_free(r->loaded[i]);
    mem_free(r->loaded);
    *r = (struct reader){0};
}

static const struct block *keep(struct reader *r, struct block *b)
{
    if (r->n == r->cap) {
        const size_t more = r->cap ? r->cap * 2 : 8;

        r->loaded =
            mem_realloc(r->loaded, r->cap * sizeof(r->loaded[0]), more * sizeof(r->loaded[0]));
        r->cap = more;
    }
    r->loaded[r->n++] = b;
    return b;
}

static const struct block *loaded_at(const struct reader *r, uint64_t height)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->loaded[i]->height == height)
            return r->loaded[i];
    return NULL;
}

const struct block *reader_at(struct reader *r, uint64_t height)
{
    const struct block *b = history_at(r->c->history, height);
    struct block *old;

    if (!b)
        b = loaded_at(r, height);
    if (b || !r->c->store || height > r->head->height || r->n >= READER_BLOCKS_MAX)
        return b;
    return store_block_at(r->c->store, height, &old, NULL) ? NULL : keep(r, old);
}

const struct block *reader_after(struct reader *r, uint64_t height)
{
    const struct block *oldest = history_oldest(r->c->history);
    struct block *b;

    if (!r->c->store || height >= oldest->height || height + 1 == oldest->height ||
        r->n >= READER_BLOCKS_MAX)
        return history_after(r->c->history, height);
    return store_block_after(r->c->store, height, &b, NULL) ? NULL : keep(r, b);
}

const struct block *reader_genesis(struct reader *r)
{
    return reader_at(r, 0);
}

const struct block *reader_find(struct reader *r, enum history_kind kind, const struct hash256 *id,
                                size_t *at)
{
    const struct block *b = history_find(r->c->history, kind, id, at);
    uint64_t height;
    size_t i = 0, n = 0;

    if (b || !r->c->store || store_find(r->c->store, kind, id, &height, NULL))
        return b;
    b = reader_at(r, height);
    if (!b)
        return NULL;
    switch (kind) {
    case HISTORY_BLOCK:
        n = 1;
        i = hash_eq(&b->hash, id) ? 0 : 1;
        break;
    case HISTORY_TX:
        n = b->txs.n;
        while (i < n && !hash_eq(&b->txs.at[i].hash, id))
            i++;
        break;
    case HISTORY_RECEIPT:
        n = b->receipts.n;
        while (i < n && !hash_eq(&b->receipts.at[i]->id, id))
            i++;
        break;
    case HISTORY_OUTCOME:
        n = b->outcomes.n;
        i = block_find_outcome(b, id);
        break;
    }
    if (at)
        *at = i;
    return i < n ? b : NULL;
}

const struct block *reader_by_hash(struct reader *r, const struct hash256 *hash)
{
    return reader_find(r, HISTORY_BLOCK, hash, NULL);
}

const struct receipt *reader_receipt(struct reader *r, const struct hash256 *id)
{
    size_t at;
    const struct block *b = reader_find(r, HISTORY_RECEIPT, id, &at);

    return b && at < b->receipts.n ? b->receipts.at[at] : NULL;
}

const struct outcome *reader_outcome(struct reader *r, const struct hash256 *id,
                                     const struct block **block)
{
    size_t at;
    const struct block *b = reader_find(r, HISTORY_OUTCOME, id, &at);

    if (!b || at >= b->outcomes.n)
        return NULL;
    if (block)
        *block = b;
    return &b->outcomes.at[at];
}

enum err reader_hashes(struct reader *r, struct hash256 *out, size_t n, size_t *got,
                       struct buf *why)
{
    const struct block *b;

    if (r->c->store)
        return store_hashes(r->c->store, out, n, got, why);
    *got = 0;
    for (b = history_oldest(r->c->history); b && *got < n;
         b = history_after(r->c->history, b->height))
        out[(*got)++] = b->hash;
    return ERR_OK;
}

bool chain_knows_pending(struct chain *c, const struct hash256 *tx_hash)
{
    return pool_has(c->pool, tx_hash);
}

bool chain_supply_holds(struct chain *c)
{
    struct reader r;
    struct arena a = ARENA_INIT;
    const struct receipt **list;
    size_t n = 0;
    bool same;

    chain_read(c, &r);
    list = arena_new_n(&a, const struct receipt *, r.head->receipts.n);
    for (size_t i = 0; i < r.head->receipts.n; i++)
        if (r.head->receipts.at[i]->route == ROUTE_OUT)
            list[n++] = r.head->receipts.at[i];
    same = supply_count(c->p, r.kv, list, n) == r.head->total_supply - r.head->post_burnt;
    chain_read_end(&r);
    arena_release(&a);
    return same;
}
