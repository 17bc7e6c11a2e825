/* merkle.c — see merkle.h. */
#include "devnet/merkle.h"

#include <string.h>

#include "codec/wire.h"
#include "devnet/block.h"

struct hash256 merkle_combine(const struct hash256 *l, const struct hash256 *r)
{
    uint8_t both[64];

    memcpy(both, l->b, 32);
    memcpy(both + 32, r->b, 32);
    return sha256(str_from(both, sizeof(both)));
}

/* One level up, in place; gives how many nodes that level has. */
static size_t level_up(struct hash256 *nodes, size_t n)
{
    size_t up = 0;

    for (size_t i = 0; i < n; i += 2)
        nodes[up++] = i + 1 < n ? merkle_combine(&nodes[i], &nodes[i + 1]) : nodes[i];
    return up;
}

static struct hash256 *copy_of(struct arena *a, const struct hash256 *leaves, size_t n)
{
    struct hash256 *nodes = arena_new_n(a, struct hash256, n);

    memcpy(nodes, leaves, n * sizeof(nodes[0]));
    return nodes;
}

struct hash256 merkle_root(const struct hash256 *leaves, size_t n)
{
    struct arena a = ARENA_INIT;
    struct hash256 root = {0}, *nodes;

    if (n == 0)
        return root;
    nodes = copy_of(&a, leaves, n);
    while (n > 1)
        n = level_up(nodes, n);
    root = nodes[0];
    arena_release(&a);
    return root;
}

static size_t all_nodes(size_t leaves)
{
    size_t sum = leaves;

    for (size_t n = leaves; n > 1;) {
        n = (n + 1) / 2;
        sum += n;
    }
    return sum;
}

struct merkle_full merkle_full(struct arena *a, const struct hash256 *leaves, size_t n)
{
    struct merkle_full t = {arena_new_n(a, struct hash256, all_nodes(n)), n};
    struct hash256 *level = t.nodes;

    if (n)
        memcpy(level, leaves, n * sizeof(level[0]));
    while (n > 1) {
        struct hash256 *up = level + n;

        for (size_t i = 0; i < n; i += 2)
            up[i / 2] = i + 1 < n ? merkle_combine(&level[i], &level[i + 1]) : level[i];
        level = up;
        n = (n + 1) / 2;
    }
    return t;
}

struct hash256 merkle_full_root(const struct merkle_full *t)
{
    return t->leaves ? t->nodes[all_nodes(t->leaves) - 1] : (struct hash256){{0}};
}

struct merkle_step *merkle_full_path(struct arena *a, const struct merkle_full *t, size_t i,
                                     size_t *steps)
{
    struct merkle_step *path = arena_new_n(a, struct merkle_step, 64);
    const struct hash256 *level = t->nodes;
    size_t depth = 0;

    BUG_ON(i >= t->leaves);
    for (size_t n = t->leaves; n > 1; i /= 2, level += n, n = (n + 1) / 2) {
        const size_t sibling = i ^ 1;

        if (sibling < n)
            path[depth++] = (struct merkle_step){level[sibling], sibling < i};
    }
    *steps = depth;
    return path;
}

struct merkle_step *merkle_path(struct arena *a, const struct hash256 *leaves, size_t n, size_t i,
                                size_t *steps)
{
    const struct merkle_full t = merkle_full(a, leaves, n);

    return merkle_full_path(a, &t, i, steps);
}

struct hash256 merkle_climb(struct hash256 leaf, const struct merkle_step *path, size_t n)
{
    for (size_t i = 0; i < n; i++)
        leaf = path[i].left ? merkle_combine(&path[i].hash, &leaf)
                            : merkle_combine(&leaf, &path[i].hash);
    return leaf;
}

void merkle_append(struct merkle_tree *t, const struct hash256 *leaf)
{
    struct hash256 h = *leaf;

    /* Each trailing one bit of the size is a full part of that height: carry. */
    for (uint64_t s = t->size; s & 1; s >>= 1) {
        t->n_parts--;
        h = merkle_combine(&t->parts[t->n_parts], &h);
    }
    t->parts[t->n_parts++] = h;
    t->size++;
}

struct hash256 merkle_tree_root(const struct merkle_tree *t)
{
    struct hash256 h = {0};

    if (t->n_parts == 0)
        return h;
    h = t->parts[t->n_parts - 1];
    for (unsigned i = t->n_parts - 1; i-- > 0;)
        h = merkle_combine(&t->parts[i], &h);
    return h;
}

struct hash256 outcome_leaf(const struct outcome *o)
{
    struct buf partial = BUF_INIT(KV_VALUE_MAX), all = BUF_INIT(1u << 20);
    struct hash256 h;

    wr_u32(&partial, (uint32_t)o->n_receipt_ids);
    for (size_t i = 0; i < o->n_receipt_ids; i++)
        buf_add(&partial, o->receipt_ids[i].b, 32);
    wr_u64(&partial, o->gas_burnt);
    wr_u128(&partial, o->tokens_burnt);
    wr_bytes(&partial, account_id_str(&o->executor));
    wr_u8(&partial, (uint8_t)o->status);
    if (o->status == STATUS_VALUE)
        wr_bytes(&partial, o->value);
    if (o->status == STATUS_RECEIPT)
        buf_add(&partial, o->receipt_id.b, 32);

    wr_u32(&all, (uint32_t)(2 + o->n_logs));
    buf_add(&all, o->id.b, 32);
    h = sha256(buf_str(&partial));
    buf_add(&all, h.b, 32);
    for (size_t i = 0; i < o->n_logs; i++) {
        h = sha256(o->logs[i]);
        buf_add(&all, h.b, 32);
    }
    BUG_ON(partial.full || all.full);
    h = sha256(buf_str(&all));
    buf_release(&partial);
    buf_release(&all);
    return h;
}
