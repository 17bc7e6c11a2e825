/* pool.c — see pool.h. */
#include "devnet/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BUCKETS 4096

struct pool {
    pthread_mutex_t lock;
    struct pooled *first, **last; /* waiting, in order of arrival */
    struct pooled *buckets[BUCKETS];
    size_t n; /* known: waiting or being applied */
    size_t waiting, bytes;
};

struct pool *pool_new(void)
{
    struct pool *p = mem_new(struct pool);

    pthread_mutex_init(&p->lock, NULL);
    p->last = &p->first;
    return p;
}

void pooled_free(struct pooled *t)
{
    if (!t)
        return;
    arena_release(&t->arena);
    mem_free(t);
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    for (struct pooled *t = p->first, *next; t; t = next) {
        next = t->next;
        pooled_free(t);
    }
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

static struct pooled **bucket(struct pool *p, const struct hash256 *h)
{
    return &p->buckets[(h->b[0] | h->b[1] << 8) & (BUCKETS - 1)];
}

static bool known(struct pool *p, const struct hash256 *h)
{
    struct pooled *t = *bucket(p, h);

    while (t && !hash_eq(&t->tx.hash, h))
        t = t->chain;
    return t != NULL;
}

enum pool_add pool_put(struct pool *p, struct pooled *t)
{
    enum pool_add r = POOL_ADDED;
    struct pooled **b = bucket(p, &t->tx.hash);

    pthread_mutex_lock(&p->lock);
    if (known(p, &t->tx.hash)) {
        r = POOL_KNOWN;
    } else if (p->n >= POOL_TXS_MAX || p->bytes + t->bytes.len > POOL_BYTES_MAX) {
        r = POOL_FULL;
    } else {
        t->next = NULL;
        *p->last = t;
        p->last = &t->next;
        t->chain = *b;
        *b = t;
        p->n++;
        p->waiting++;
        p->bytes += t->bytes.len;
    }
    pthread_mutex_unlock(&p->lock);
    return r;
}

bool pool_has(struct pool *p, const struct hash256 *hash)
{
    bool yes;

    pthread_mutex_lock(&p->lock);
    yes = known(p, hash);
    pthread_mutex_unlock(&p->lock);
    return yes;
}

bool pool_is_empty(struct pool *p)
{
    bool yes;

    pthread_mutex_lock(&p->lock);
    yes = p->first == NULL;
    pthread_mutex_unlock(&p->lock);
    return yes;
}

/* ------------------------------------------------------------------ taking */

struct place {
    struct pooled *t;
    size_t at;
};

static int same_key(const struct pooled *a, const struct pooled *b)
{
    int c = str_cmp(a->tx.tx.signer_id, b->tx.tx.signer_id);

    if (c == 0)
        c = str_cmp(a->tx.tx.key.bytes, b->tx.tx.key.bytes);
    return c;
}

static int by_key_and_nonce(const void *x, const void *y)
{
    const struct pooled *a = ((const struct place *)x)->t, *b = ((const struct place *)y)->t;
    const uint64_t na = a->tx.tx.nonce.nonce, nb = b->tx.tx.nonce.nonce;
    const int c = same_key(a, b);

    return c ? c : (na > nb) - (na < nb);
}

static int by_place(const void *x, const void *y)
{
    const size_t a = *(const size_t *)x, b = *(const size_t *)y;

    return (a > b) - (a < b);
}

/* Each key keeps the places its transactions took, but fills them by nonce. */
static void order(struct pooled **list, size_t n)
{
    struct place *p = mem_new_n(struct place, n);
    size_t *places = mem_new_n(size_t, n);

    for (size_t i = 0; i < n; i++)
        p[i] = (struct place){list[i], i};
    qsort(p, n, sizeof(p[0]), by_key_and_nonce);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from; to < n && same_key(p[from].t, p[to].t) == 0; to++)
            places[to - from] = p[to].at;
        qsort(places, to - from, sizeof(places[0]), by_place);
        for (size_t i = from; i < to; i++)
            list[places[i - from]] = p[i].t;
    }
    mem_free(places);
    mem_free(p);
}

struct pooled *pool_take(struct pool *p, size_t max_n, size_t max_bytes, size_t *n)
{
    struct pooled **list, *first = NULL, **last = &first;
    size_t taken = 0, bytes = 0;

    pthread_mutex_lock(&p->lock);
    list = mem_new_n(struct pooled *, p->waiting < max_n ? p->waiting : max_n);
    while (p->first && taken < max_n && (taken == 0 || bytes + p->first->bytes.len <= max_bytes)) {
        bytes += p->first->bytes.len;
        list[taken++] = p->first;
        p->first = p->first->next;
    }
    if (!p->first)
        p->last = &p->first;
    p->waiting -= taken;
    pthread_mutex_unlock(&p->lock);

    order(list, taken);
    for (size_t i = 0; i < taken; i++) {
        *last = list[i];
        last = &list[i]->next;
    }
    *last = NULL;
    mem_free(list);
    *n = taken;
    return first;
}

void pool_forget(struct pool *p, struct pooled *list)
{
    pthread_mutex_lock(&p->lock);
    for (struct pooled *t = list, *next; t; t = next) {
        struct pooled **b = bucket(p, &t->tx.hash);

        next = t->next;
        while (*b != t)
            b = &(*b)->chain;
        *b = t->chain;
        p->n--;
        p->bytes -= t->bytes.len;
        pooled_free(t);
    }
    pthread_mutex_unlock(&p->lock);
}
