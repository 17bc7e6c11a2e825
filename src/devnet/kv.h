/*
 * kv.h — the chain's state as one ordered map from bytes to bytes, in memory, with undo.
 *
 * Everything that a block changes goes through kv_put() and kv_del(). A receipt that fails is
 * undone with kv_rollback(); what a receipt or transaction leaves is closed with kv_close_group(),
 * which remembers per key the value it left, for "state changes". kv_seal() ends the block: it
 * hands out the rows to be stored and those change records, and forgets the undo log.
 *
 * Values are reference counted and never change once made, so change records and undo records
 * share them with the map.
 *
 * Memory: keys and values are copied in. A value handed out lives until the key changes.
 * Thread: one writer, or any number of readers.
 */
#ifndef DEVNET_KV_H
#define DEVNET_KV_H

#include "base/buf.h"
#include "base/str.h"
#include "crypto/hash.h"

#define KV_KEY_MAX   4096
#define KV_VALUE_MAX (16u << 20)

struct kv;

/* Bytes with a count of owners; only the thread that writes the map counts. */
struct kv_val {
    uint32_t refs, len;
    char b[];
};
struct kv_val *kv_val_new(struct str bytes);
struct kv_val *kv_val_ref(struct kv_val *v);
void kv_val_drop(struct kv_val *v); /* NULL is fine */
struct str kv_val_str(const struct kv_val *v);

struct kv *kv_new(void);
void kv_free(struct kv *kv);

struct str kv_get(const struct kv *kv, struct str key); /* ptr NULL: none */
bool kv_has(const struct kv *kv, struct str key);
bool kv_touched(const struct kv *kv, struct str key); /* set or deleted in this block */
void kv_put(struct kv *kv, struct str key, struct str value);
void kv_del(struct kv *kv, struct str key);
/* Set without undo or change record: only while loading. */
void kv_load(struct kv *kv, struct str key, struct str value);
size_t kv_count(const struct kv *kv);

/* Walk keys that start with `prefix`, in order of their bytes. No change during the walk. */
struct kv_node;
struct kv_iter {
    struct kv_node *next;
    struct str prefix;
    struct str key, value;
};
struct kv_iter kv_walk(const struct kv *kv, struct str prefix);
/* The same, beginning after `after` (which starts with the prefix). */
struct kv_iter kv_walk_after(const struct kv *kv, struct str prefix, struct str after);
bool kv_next(struct kv_iter *it);
/* Delete all keys that start with `prefix`. */
void kv_del_prefix(struct kv *kv, struct str prefix);

/* ---- undo */
size_t kv_mark(const struct kv *kv);
void kv_rollback(struct kv *kv, size_t mark);

/* ---- what a block did */

/* One key as one group (a transaction or a receipt) left it. */
struct kv_change {
    struct str key;       /* borrows from the map's node, valid until the seal's rows are freed */
    struct kv_val *value; /* NULL: deleted */
    uint32_t group;
};

/* One key as the block found it and left it. */
struct kv_row {
    struct str key;
    struct kv_val *before, *after; /* NULL: absent */
};

struct kv_sealed {
    struct kv_change *changes; /* by key, then by group */
    size_t n_changes;
    struct kv_row *rows; /* by key */
    size_t n_rows;
    char *keys; /* their bytes */
};

/* What was put since the last close belongs to `group`. */
void kv_close_group(struct kv *kv, uint32_t group);
/* End the block; changes made outside a group belong to none and are only in `rows`. */
void kv_seal(struct kv *kv, struct kv_sealed *out);
void kv_sealed_release(struct kv_sealed *s);

#endif
