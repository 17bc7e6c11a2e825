/*
 * kv.c — a hash table for looking up and a skip list for order, over the same nodes.
 *
 * A deleted key keeps its node, without a value, until the block is sealed: the undo log points at
 * nodes.
 */
#include "devnet/kv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/ed25519.h"

#define LEVELS       20
#define BUCKETS_INIT 1024

struct kv_node {
    struct kv_node *chain; /* in the bucket */
    struct kv_val *val;    /* NULL: deleted */
    struct kv_val *closed; /* the value that the last closed group left */
    struct kv_val *first;  /* the value before the block, when `dirty` */
    uint64_t hash;
    uint32_t klen;
    uint8_t levels;
    bool dirty; /* changed in this block */
    bool open;  /* changed since the last close */
    struct kv_node *next[];
    /* the key's bytes follow */
};

struct undo {
    struct kv_node *node;
    struct kv_val *old;
};

struct kv {
    struct kv_node **buckets;
    size_t n_buckets, n_nodes, n_live;
    struct kv_node *head; /* before the first key */
    uint64_t seed, rng;
    struct undo *undo;
    size_t n_undo, cap_undo;
    struct kv_node **dirty;
    size_t n_dirty, cap_dirty;
    struct kv_node **open;
    size_t n_open, cap_open;
    struct {
        struct kv_node *node;
        struct kv_val *value;
        uint32_t group;
    } * log;
    size_t n_log, cap_log;
};

/* ------------------------------------------------------------------ values */

struct kv_val *kv_val_new(struct str bytes)
{
    struct kv_val *v;

    BUG_ON(bytes.len > KV_VALUE_MAX);
    v = mem_alloc(sizeof(*v) + bytes.len);
    v->refs = 1;
    v->len = (uint32_t)bytes.len;
    if (bytes.len)
        memcpy(v->b, bytes.ptr, bytes.len);
    return v;
}

struct kv_val *kv_val_ref(struct kv_val *v)
{
    if (v)
        v->refs++;
    return v;
}

void kv_val_drop(struct kv_val *v)
{
    if (v && --v->refs == 0)
        mem_free(v);
}

struct str kv_val_str(const struct kv_val *v)
{
    return v ? str_from(v->b, v->len) : STR_NONE;
}

/* ------------------------------------------------------------------ nodes */

static const char *node_bytes(const struct kv_node *n)
{
    return (const char *)&n->next[n->levels];
}

static struct str node_key(const struct kv_node *n)
{
    return str_from(node_bytes(n), n->klen);
}

static uint64_t key_hash(const struct kv *kv, struct str key)
{
    uint64_t h = kv->seed ^ (key.len * UINT64_C(0x9e3779b97f4a7c15));
    size_t i = 0;

    for (; i + 8 <= key.len; i += 8) {
        uint64_t w;

        memcpy(&w, key.ptr + i, 8);
        h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    if (i < key.len) {
        uint64_t w = 0;

        memcpy(&w, key.ptr + i, key.len - i);
        h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 29);
}

static struct kv_node *node_new(struct str key, uint8_t levels)
{
    struct kv_node *n = mem_alloc(sizeof(*n) + levels * sizeof(n->next[0]) + key.len);

    n->levels = levels;
    n->klen = (uint32_t)key.len;
    if (key.len)
        memcpy(&n->next[levels], key.ptr, key.len);
    return n;
}

static uint8_t random_levels(struct kv *kv)
{
    uint8_t n = 1;
    uint64_t x = kv->rng;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    kv->rng = x;
    while (n < LEVELS && (x & 3) == 0) {
        n++;
        x >>= 2;
    }
    return n;
}

static struct kv_node *find(const struct kv *kv, struct str key)
{
    uint64_t h = key_hash(kv, key);
    struct kv_node *n = kv->buckets[h & (kv->n_buckets - 1)];

    while (n &&
           (n->hash != h || n->klen != key.len || memcmp(node_bytes(n), key.ptr, key.len) != 0))
        n = n->chain;
    return n;
}

static void grow_buckets(struct kv *kv)
{
    size_t n = kv->n_buckets * 2;
    struct kv_node **b = mem_new_n(struct kv_node *, n);

    for (size_t i = 0; i < kv->n_buckets; i++) {
        struct kv_node *x = kv->buckets[i];

        while (x) {
            struct kv_node *rest = x->chain;

            x->chain = b[x->hash & (n - 1)];
            b[x->hash & (n - 1)] = x;
            x = rest;
        }
    }
    mem_free(kv->buckets);
    kv->buckets = b;
    kv->n_buckets = n;
}

/* For each level the last node before `key`. */
static void find_before(const struct kv *kv, struct str key, struct kv_node *before[LEVELS])
{
    struct kv_node *n = kv->head;

    for (int l = LEVELS - 1; l >= 0; l--) {
        while (n->next[l] && str_cmp(node_key(n->next[l]), key) < 0)
            n = n->next[l];
        before[l] = n;
    }
}

static struct kv_node *insert(struct kv *kv, struct str key)
{
    struct kv_node *before[LEVELS], *n;

    BUG_ON(key.len > KV_KEY_MAX);
    if (kv->n_nodes >= kv->n_buckets)
        grow_buckets(kv);
    n = node_new(key, random_levels(kv));
    n->hash = key_hash(kv, key);
    n->chain = kv->buckets[n->hash & (kv->n_buckets - 1)];
    kv->buckets[n->hash & (kv->n_buckets - 1)] = n;
    find_before(kv, key, before);
    for (int l = 0; l < n->levels; l++) {
        n->next[l] = before[l]->next[l];
        before[l]->next[l] = n;
    }
    kv->n_nodes++;
    return n;
}

static void unlink_node(struct kv *kv, struct kv_node *n)
{
    struct kv_node *before[LEVELS], **p = &kv->buckets[n->hash & (kv->n_buckets - 1)];

    while (*p != n)
        p = &(*p)->chain;
    *p = n->chain;
    find_before(kv, node_key(n), before);
    for (int l = 0; l < n->levels; l++)
        before[l]->next[l] = n->next[l];
    kv->n_nodes--;
    mem_free(n);
}

/* ------------------------------------------------------------------ the map */

struct kv *kv_new(void)
{
    struct kv *kv = mem_new(struct kv);

    kv->n_buckets = BUCKETS_INIT;
    kv->buckets = mem_new_n(struct kv_node *, kv->n_buckets);
    kv->head = node_new(STR_NONE, LEVELS);
    random_bytes(&kv->seed, sizeof(kv->seed));
    kv->rng = UINT64_C(0x2545f4914f6cdd1d);
    return kv;
}

void kv_free(struct kv *kv)
{
    if (!kv)
        return;
    for (size_t i = 0; i < kv->n_undo; i++)
        kv_val_drop(kv->undo[i].old);
    for (size_t i = 0; i < kv->n_log; i++)
        kv_val_drop(kv->log[i].value);
    for (size_t i = 0; i < kv->n_dirty; i++)
        kv_val_drop(kv->dirty[i]->first);
    for (struct kv_node *n = kv->head->next[0], *next; n; n = next) {
        next = n->next[0];
        kv_val_drop(n->val);
        mem_free(n);
    }
    mem_free(kv->head);
    mem_free(kv->buckets);
    mem_free(kv->undo);
    mem_free(kv->dirty);
    mem_free(kv->open);
    mem_free(kv->log);
    mem_free(kv);
}

struct str kv_get(const struct kv *kv, struct str key)
{
    const struct kv_node *n = find(kv, key);

    return n ? kv_val_str(n->val) : STR_NONE;
}

bool kv_has(const struct kv *kv, struct str key)
{
    return kv_get(kv, key).ptr != NULL;
}

bool kv_touched(const struct kv *kv, struct str key)
{
    const struct kv_node *n = find(kv, key);

    return n && n->dirty;
}

size_t kv_count(const struct kv *kv)
{
    return kv->n_live;
}

/* Room for one more in a growing array. */
static void *room(void *p, size_t n, size_t *cap, size_t size)
{
    size_t more;

    if (n < *cap)
        return p;
    more = *cap ? *cap * 2 : 256;
    p = mem_realloc(p, *cap * size, more * size);
    *cap = more;
    return p;
}

/* Give the node a value (taken), remembering what it had. */
static void set(struct kv *kv, struct kv_node *n, struct kv_val *v)
{
    if (!n->dirty) {
        kv->dirty = room(kv->dirty, kv->n_dirty, &kv->cap_dirty, sizeof(kv->dirty[0]));
        kv->dirty[kv->n_dirty++] = n;
        n->dirty = true;
        n->first = kv_val_ref(n->val);
        n->closed = n->val; /* only compared, never followed */
    }
    if (!n->open) {
        kv->open = room(kv->open, kv->n_open, &kv->cap_open, sizeof(kv->open[0]));
        kv->open[kv->n_open++] = n;
        n->open = true;
    }
    kv->undo = room(kv->undo, kv->n_undo, &kv->cap_undo, sizeof(kv->undo[0]));
    kv->undo[kv->n_undo++] = (struct undo){n, n->val};
    kv->n_live += (v != NULL);
    kv->n_live -= (n->val != NULL);
    n->val = v;
}

void kv_put(struct kv *kv, struct str key, struct str value)
{
    struct kv_node *n = find(kv, key);

    set(kv, n ? n : insert(kv, key), kv_val_new(value));
}

void kv_del(struct kv *kv, struct str key)
{
    struct kv_node *n = find(kv, key);

    if (n && n->val)
        set(kv, n, NULL);
}

void kv_load(struct kv *kv, struct str key, struct str value)
{
    struct kv_node *n = find(kv, key);

    if (!n)
        n = insert(kv, key);
    kv->n_live += n->val == NULL;
    kv_val_drop(n->val);
    n->val = kv_val_new(value);
}

/* ------------------------------------------------------------------ walking */

struct kv_iter kv_walk(const struct kv *kv, struct str prefix)
{
    struct kv_node *before[LEVELS];

    find_before(kv, prefix, before);
    return (struct kv_iter){.next = before[0]->next[0], .prefix = prefix};
}

struct kv_iter kv_walk_after(const struct kv *kv, struct str prefix, struct str after)
{
    struct kv_node *before[LEVELS], *n;

    find_before(kv, after, before);
    n = before[0]->next[0];
    if (n && str_eq(node_key(n), after))
        n = n->next[0];
    return (struct kv_iter){.next = n, .prefix = prefix};
}

bool kv_next(struct kv_iter *it)
{
    while (it->next) {
        struct kv_node *n = it->next;

        if (!str_starts(node_key(n), it->prefix))
            return false;
        it->next = n->next[0];
        if (n->val) {
            it->key = node_key(n);
            it->value = kv_val_str(n->val);
            return true;
        }
    }
    return false;
}

void kv_del_prefix(struct kv *kv, struct str prefix)
{
    struct kv_node *before[LEVELS];

    find_before(kv, prefix, before);
    for (struct kv_node *n = before[0]->next[0]; n && str_starts(node_key(n), prefix);
         n = n->next[0])
        if (n->val)
            set(kv, n, NULL);
}

/* ------------------------------------------------------------------ undo and seal */

size_t kv_mark(const struct kv *kv)
{
    return kv->n_undo;
}

void kv_rollback(struct kv *kv, size_t mark)
{
    BUG_ON(mark > kv->n_undo);
    while (kv->n_undo > mark) {
        struct undo *u = &kv->undo[--kv->n_undo];

        kv->n_live += (u->old != NULL);
        kv->n_live -= (u->node->val != NULL);
        kv_val_drop(u->node->val);
        u->node->val = u->old;
    }
}

void kv_close_group(struct kv *kv, uint32_t group)
{
    for (size_t i = 0; i < kv->n_open; i++) {
        struct kv_node *n = kv->open[i];

        n->open = false;
        if (n->val == n->closed)
            continue; /* rolled back, or deleted as it had never been */
        n->closed = n->val;
        kv->log = room(kv->log, kv->n_log, &kv->cap_log, sizeof(kv->log[0]));
        kv->log[kv->n_log].node = n;
        kv->log[kv->n_log].value = kv_val_ref(n->val);
        kv->log[kv->n_log++].group = group;
    }
    kv->n_open = 0;
}

static int by_key(const void *a, const void *b)
{
    const struct kv_row *x = a, *y = b;

    return str_cmp(x->key, y->key);
}

static int by_key_and_group(const void *a, const void *b)
{
    const struct kv_change *x = a, *y = b;
    int c = str_cmp(x->key, y->key);

    return c ? c : (x->group > y->group) - (x->group < y->group);
}

static bool same_value(const struct kv_val *a, const struct kv_val *b)
{
    return a == b || (a && b && str_eq(kv_val_str(a), kv_val_str(b)));
}

void kv_seal(struct kv *kv, struct kv_sealed *out)
{
    struct kv_sealed s = {0};
    size_t bytes = 0, at = 0;

    for (size_t i = 0; i < kv->n_dirty; i++)
        bytes += kv->dirty[i]->klen;
    s.keys = mem_alloc(bytes + 1);
    s.rows = mem_new_n(struct kv_row, kv->n_dirty);
    s.changes = mem_new_n(struct kv_change, kv->n_log);

    for (size_t i = 0; i < kv->n_dirty; i++) {
        struct kv_node *n = kv->dirty[i];

        memcpy(s.keys + at, node_bytes(n), n->klen);
        s.rows[i] = (struct kv_row){str_from(s.keys + at, n->klen), n->first, kv_val_ref(n->val)};
        at += n->klen;
        n->closed = NULL;
        n->first = NULL;
    }
    for (size_t i = 0; i < kv->n_log; i++)
        s.changes[s.n_changes++] =
            (struct kv_change){node_key(kv->log[i].node), kv->log[i].value, kv->log[i].group};
    qsort(s.changes, s.n_changes, sizeof(s.changes[0]), by_key_and_group);
    qsort(s.rows, kv->n_dirty, sizeof(s.rows[0]), by_key);
    /* Let the changes borrow the rows' copies of the keys: nodes may go. */
    for (size_t i = 0, r = 0; i < s.n_changes; i++) {
        while (str_cmp(s.rows[r].key, s.changes[i].key) != 0)
            r++;
        s.changes[i].key = s.rows[r].key;
    }

    for (size_t i = 0; i < kv->n_undo; i++)
        kv_val_drop(kv->undo[i].old);
    for (size_t i = 0; i < kv->n_dirty; i++) {
        struct kv_node *n = kv->dirty[i];

        n->dirty = false;
        n->open = false;
        if (!n->val)
            unlink_node(kv, n);
    }
    for (size_t i = 0; i < kv->n_dirty; i++) {
        if (same_value(s.rows[i].before, s.rows[i].after)) {
            kv_val_drop(s.rows[i].before);
            kv_val_drop(s.rows[i].after);
        } else {
            s.rows[s.n_rows++] = s.rows[i];
        }
    }
    kv->n_undo = kv->n_dirty = kv->n_open = kv->n_log = 0;
    *out = s;
}

void kv_sealed_release(struct kv_sealed *s)
{
    for (size_t i = 0; i < s->n_changes; i++)
        kv_val_drop(s->changes[i].value);
    for (size_t i = 0; i < s->n_rows; i++) {
        kv_val_drop(s->rows[i].before);
        kv_val_drop(s->rows[i].after);
    }
    mem_free(s->changes);
    mem_free(s->rows);
    mem_free(s->keys);
    *s = (struct kv_sealed){0};
}
