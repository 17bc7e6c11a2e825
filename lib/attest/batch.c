#include "attest/batch.h"

#include <string.h>

#include "codec/wire.h"

static struct hash256 node(const struct hash256 *left, const struct hash256 *right)
{
    uint8_t both[65] = {1};

    memcpy(both + 1, left->b, 32);
    memcpy(both + 33, right->b, 32);
    return sha256(str_from(both, sizeof both));
}

/* The largest power of two below n; n > 1. */
static uint64_t split(uint64_t n)
{
    uint64_t k = 1;

    while (k * 2 < n)
        k *= 2;
    return k;
}

struct hash256 batch_root(const struct hash256 *leaf, size_t n)
{
    struct hash256 left, right;
    size_t k;

    BUG_ON(n == 0 || n > BATCH_LEAVES_MAX);
    if (n == 1)
        return leaf[0];
    k = split(n);
    left = batch_root(leaf, k);
    right = batch_root(leaf + k, n - k);
    return node(&left, &right);
}

size_t batch_path(const struct hash256 *leaf, size_t n, size_t i,
                  struct hash256 out[BATCH_PATH_MAX])
{
    size_t k, steps;

    BUG_ON(i >= n || n > BATCH_LEAVES_MAX);
    if (n == 1)
        return 0;
    k = split(n);
    if (i < k) {
        steps = batch_path(leaf, k, i, out);
        out[steps] = batch_root(leaf + k, n - k);
    } else {
        steps = batch_path(leaf + k, n - k, i - k, out);
        out[steps] = batch_root(leaf, k);
    }
    return steps + 1;
}

bool batch_path_holds(const struct hash256 *leaf, uint64_t i, uint64_t n,
                      const struct hash256 *path, size_t steps, const struct hash256 *root)
{
    bool right[BATCH_PATH_MAX]; /* from the root down: is our half the right one? */
    struct hash256 h = *leaf;
    size_t depth = 0;

    if (i >= n || n > BATCH_LEAVES_MAX)
        return false;
    while (n > 1) {
        uint64_t k = split(n);

        right[depth] = i >= k;
        n = right[depth] ? n - k : k;
        i = right[depth] ? i - k : i;
        depth++;
    }
    if (steps != depth)
        return false;
    for (size_t s = 0; s < steps; s++)
        h = right[depth - 1 - s] ? node(&path[s], &h) : node(&h, &path[s]);
    return hash_eq(&h, root);
}

void batch_tree_add(struct batch_tree *t, const struct hash256 *leaf)
{
    struct hash256 h = *leaf;
    unsigned i = 0;

    BUG_ON(t->n >= BATCH_LEAVES_MAX);
    for (; (t->n >> i) & 1; i++)
        h = node(&t->peak[i], &h);
    t->peak[i] = h;
    t->n++;
}

struct hash256 batch_tree_root(const struct batch_tree *t)
{
    struct hash256 h;
    unsigned i = 0;

    BUG_ON(!t->n);
    while (!((t->n >> i) & 1))
        i++;
    h = t->peak[i];
    while (t->n >> ++i)
        if ((t->n >> i) & 1)
            h = node(&t->peak[i], &h);
    return h;
}
