/* history.c — a ring of blocks and one hash table over all ids in them. See history.h. */
#include "devnet/history.h"

#include <string.h>

#include "base/mem.h"

#define BUCKETS_MIN 4096

struct entry {
    struct entry *next;
    const struct hash256 *id;
    const struct block *block;
    uint32_t at;
    uint8_t kind;
};

struct slot {
    struct block *block;
    struct entry *entries;
    size_t n;
};

struct history {
    struct slot ring[HISTORY_BLOCKS_MAX];
    size_t first, n; /* of the ring */
    size_t bytes;
    struct entry **buckets;
    size_t n_buckets, n_entries;
};

struct history *history_new(void)
{
    struct history *h = mem_new(struct history);

    h->n_buckets = BUCKETS_MIN;
    h->buckets = mem_new_n(struct entry *, h->n_buckets);
    return h;
}

static struct slot *slot_at(const struct history *h, size_t i)
{
    return (struct slot *)&h->ring[(h->first + i) % HISTORY_BLOCKS_MAX];
}

/* Ids are hashes: eight of their bytes are as good as a hash of them. */
static size_t bucket_of(const struct history *h, const struct hash256 *id)
{
    uint64_t v;

    memcpy(&v, id->b, sizeof(v));
    return v & (h->n_buckets - 1);
}

static void grow(struct history *h)
{
    const size_t old = h->n_buckets;
    struct entry **was = h->buckets;

    h->n_buckets = old * 2;
    h->buckets = mem_new_n(struct entry *, h->n_buckets);
    for (size_t i = 0; i < old; i++) {
        for (struct entry *e = was[i], *next; e; e = next) {
            const size_t b = bucket_of(h, e->id);

            next = e->next;
            e->next = h->buckets[b];
            h->buckets[b] = e;
        }
    }
    mem_free(was);
}

static void put(struct history *h, struct slot *s, enum history_kind kind, const struct hash256 *id,
                size_t at)
{
    struct entry *e = &s->entries[s->n++];
    const size_t b = bucket_of(h, id);

    *e = (struct entry){h->buckets[b], id, s->block, (uint32_t)at, (uint8_t)kind};
    h->buckets[b] = e;
    h->n_entries++;
}

static void drop_oldest(struct history *h)
{
    struct slot *s = slot_at(h, 0);

    for (size_t i = 0; i < s->n; i++) {
        struct entry *e = &s->entries[i], **p = &h->buckets[bucket_of(h, e->id)];

        while (*p != e)
            p = &(*p)->next;
        *p = e->next;
    }
    h->n_entries -= s->n;
    h->bytes -= s->block->bytes;
    block_free(s->block);
    mem_free(s->entries);
    *s = (struct slot){0};
    h->first = (h->first + 1) % HISTORY_BLOCKS_MAX;
    h->n--;
}

void history_free(struct history *h)
{
    if (!h)
        return;
    while (h->n)
        drop_oldest(h);
    mem_free(h->buckets);
    mem_free(h);
}

void history_add(struct history *h, struct block *b)
{
    struct slot *s;

    while (h->n == HISTORY_BLOCKS_MAX || (h->n > 1 && h->bytes + b->bytes > HISTORY_BYTES_MAX))
        drop_oldest(h);
    while (h->n_entries + b->txs.n + b->receipts.n + b->outcomes.n + 1 > h->n_buckets)
        grow(h);
    s = slot_at(h, h->n++);
    s->block = b;
    s->entries = mem_new_n(struct entry, b->txs.n + b->receipts.n + b->outcomes.n + 1);
    put(h, s, HISTORY_BLOCK, &b->hash, 0);
    for (size_t i = 0; i < b->txs.n; i++)
        put(h, s, HISTORY_TX, &b->txs.at[i].hash, i);
    for (size_t i = 0; i < b->receipts.n; i++)
        put(h, s, HISTORY_RECEIPT, &b->receipts.at[i]->id, i);
    for (size_t i = 0; i < b->outcomes.n; i++)
        put(h, s, HISTORY_OUTCOME, &b->outcomes.at[i].id, i);
    h->bytes += b->bytes;
}

/* Position of the first block at or above `height`. */
static size_t lower_bound(const struct history *h, uint64_t height)
{
    size_t lo = 0, hi = h->n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;

        if (slot_at(h, mid)->block->height < height)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const struct block *history_at(const struct history *h, uint64_t height)
{
    const size_t i = lower_bound(h, height);

    return i < h->n && slot_at(h, i)->block->height == height ? slot_at(h, i)->block : NULL;
}

const struct block *history_after(const struct history *h, uint64_t height)
{
    size_t i = lower_bound(h, height);

    if (i < h->n && slot_at(h, i)->block->height == height)
        i++;
    return i < h->n ? slot_at(h, i)->block : NULL;
}

const struct block *history_oldest(const struct history *h)
{
    return h->n ? slot_at(h, 0)->block : NULL;
}

const struct block *history_newest(const struct history *h)
{
    return h->n ? slot_at(h, h->n - 1)->block : NULL;
}

const struct block *history_find(const struct history *h, enum history_kind kind,
                                 const struct hash256 *id, size_t *at)
{
    for (const struct entry *e = h->buckets[bucket_of(h, id)]; e; e = e->next) {
        if (e->kind == kind && hash_eq(e->id, id)) {
            if (at)
                *at = e->at;
            return e->block;
        }
    }
    return NULL;
}
