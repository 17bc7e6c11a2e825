/*
 * merkle.h — the protocol's trees: outcomes of a chunk, chunks of a block, blocks of the chain.
 *
 * combine(l, r) = H(l ‖ r); an odd last node moves up unchanged; an empty tree is 32 zero bytes.
 * Source: NEAR nomicon "ChainSpec/LightClient"; nearcore core/primitives/src/merkle.rs.
 */
#ifndef DEVNET_MERKLE_H
#define DEVNET_MERKLE_H

#include "base/arena.h"
#include "crypto/hash.h"

struct merkle_step {
    struct hash256 hash;
    bool left; /* the sibling stands left: combine(sibling, acc) */
};

struct hash256 merkle_combine(const struct hash256 *l, const struct hash256 *r);
struct hash256 merkle_root(const struct hash256 *leaves, size_t n);
/* Path of leaf `i`, from the leaf up; *n gets its length. */
struct merkle_step *merkle_path(struct arena *a, const struct hash256 *leaves, size_t n, size_t i,
                                size_t *steps);

/* A tree with all its nodes, for many paths: the leaves, then each level above, the root last. */
struct merkle_full {
    struct hash256 *nodes;
    size_t leaves;
};
struct merkle_full merkle_full(struct arena *a, const struct hash256 *leaves, size_t n);
struct hash256 merkle_full_root(const struct merkle_full *t);
struct merkle_step *merkle_full_path(struct arena *a, const struct merkle_full *t, size_t i,
                                     size_t *steps);
struct hash256 merkle_climb(struct hash256 leaf, const struct merkle_step *path, size_t n);

/* A tree that only grows, kept as the roots of its full parts. */
#define MERKLE_PARTS_MAX 64
struct merkle_tree {
    uint64_t size;
    struct hash256 parts[MERKLE_PARTS_MAX]; /* largest first */
    unsigned n_parts;
};
void merkle_append(struct merkle_tree *t, const struct hash256 *leaf);
struct hash256 merkle_tree_root(const struct merkle_tree *t);

struct outcome;
struct hash256 outcome_leaf(const struct outcome *o);

#endif
