/*
 * view.h — what the chain holds as the JSON of its RPC and of the block stream.
 *
 * Source: nearcore core/primitives/src/views.rs; the shapes clients read are in docs.near.org.
 */
#ifndef DEVNET_VIEW_H
#define DEVNET_VIEW_H

#include "codec/json.h"
#include "devnet/chain.h"

/* Values under a key that was just written. */
void view_hash(struct buf *b, const struct hash256 *h);
void view_base64(struct buf *b, struct str bytes);
void view_key(struct buf *b, struct public_key k);
void view_id(struct buf *b, const struct account_id *id);
void view_signature(struct buf *b, struct signature s);
void view_global_id(struct buf *b, const struct global_id *g);

/* A member: "public_key", and an amount as text. */
void view_member_key(struct buf *b, struct public_key k);

void view_access_key(struct buf *b, const struct access_key *k);        /* {"nonce","permission"} */
void view_access_key_fields(struct buf *b, const struct access_key *k); /* members, no braces */
void view_account_fields(struct buf *b, const struct account *a);       /* members, no braces */
void view_actions(struct buf *b, const struct action *x, size_t n);
void view_signed_tx(struct buf *b, const struct signed_tx *t);
void view_receipt(struct buf *b, const struct receipt *r);
/* With its proof within the chunk. `block` holds the outcome at place `at`. */
void view_outcome(struct buf *b, struct arena *a, const struct block *block, size_t at);
/* The same as light clients get it: under the hash of the block whose header commits to it. */
void view_outcome_in(struct buf *b, struct arena *a, const struct block *block, size_t at,
                     const struct hash256 *block_hash);
struct merkle_step;
void view_path(struct buf *b, const struct merkle_step *path, size_t n);
void view_chunk_header(struct buf *b, const struct block *block);
void view_block(struct buf *b, const struct block *block);
/* Receipts that this block has to execute: local ones, then what the block before sent. */
void view_chunk_receipts(struct buf *b, struct reader *r, const struct block *block, bool local);
void view_change(struct buf *b, const struct change *c);
/* Nanoseconds since 1970 as RFC 3339 text. */
void view_time(struct buf *b, uint64_t ns);

#endif
