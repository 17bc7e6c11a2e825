/*
 * batch.h — Merkle trees over statements, whose roots go on chain.
 *
 * Leaves are statement digests, which are leaf hashes already; a node is SHA-256(0x01 ‖ left ‖
 * right), split at the largest power of two below the number of leaves. The head of a batch is
 * signed with the statement key.
 *
 * Thread: any.  Rule: RFC 6962, section 2.1.
 */
#ifndef ATTEST_BATCH_H
#define ATTEST_BATCH_H

#include "attest/batch_head.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"

#define BATCH_PATH_MAX 20 /* levels of a tree of BATCH_LEAVES_MAX */

/* Of 1 … BATCH_LEAVES_MAX leaves. */
struct hash256 batch_root(const struct hash256 *leaf, size_t n);
/* The siblings of leaf `i`, from the leaf up; their number. */
size_t batch_path(const struct hash256 *leaf, size_t n, size_t i,
                  struct hash256 out[BATCH_PATH_MAX]);
/* Does the path lead from this leaf at place `i` of `n` to the root? */
MUST_USE bool batch_path_holds(const struct hash256 *leaf, uint64_t i, uint64_t n,
                               const struct hash256 *path, size_t steps,
                               const struct hash256 *root);

/* A tree that grows: what is kept are the roots of its complete parts. Starts zero-filled. */
struct batch_tree {
    struct hash256 peak[BATCH_PATH_MAX + 1]; /* [i] covers 2^i leaves where bit i of n is set */
    uint64_t n;
};
void batch_tree_add(struct batch_tree *t, const struct hash256 *leaf);
/* The batch_root() of all that was added, of at least one leaf. */
struct hash256 batch_tree_root(const struct batch_tree *t);

#endif
