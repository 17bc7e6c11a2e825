/*
 * state.h — what the chain remembers, as typed records over the map of kv.h.
 *
 * Keys begin with a column byte as in the protocol's trie (nearcore core/primitives, trie_key):
 * accounts 0, code 1, access keys 2, received data 3, postponed receipts 4-6, delayed receipts 7,
 * contract data 9, yields 10-12 and 20-23, global contracts 18 and 19. So a state's bytes mean the
 * same to any reader of a NEAR state, apart from receipts, which carry the hash of the transaction
 * that caused them in front.
 *
 * Records that are read borrow from the map until it changes; lists are in the arena given.
 */
#ifndef DEVNET_STATE_H
#define DEVNET_STATE_H

#include "base/arena.h"
#include "devnet/kv.h"
#include "near/account_id.h"
#include "near/action.h"

enum column {
    COL_ACCOUNT = 0,
    COL_CODE = 1,
    COL_ACCESS_KEY = 2,
    COL_RECEIVED_DATA = 3,
    COL_POSTPONED_ID = 4,
    COL_PENDING_COUNT = 5,
    COL_POSTPONED = 6,
    COL_DELAYED = 7,
    COL_DATA = 9,
    COL_TIMEOUT_INDEX = 10,
    COL_TIMEOUT = 11,
    COL_YIELD = 12,
    COL_GLOBAL_CODE = 18,
    COL_GLOBAL_NONCE = 19,
    COL_YIELD_STATUS = 20,
    COL_YIELD_BY_ID = 22,
    COL_YIELD_ID_OF = 23,
};

/* Where a key is put together; the functions give it as text, valid while `k` is. */
struct skey {
    size_t len;
    char b[KV_KEY_MAX];
};
struct str skey_account(struct skey *k, enum column c, struct str account); /* column ‖ account */
/* column ‖ account ‖ separator ‖ rest: ',' but for access keys, which have their column again. */
struct str skey_sub(struct skey *k, enum column c, struct str account, struct str rest);
struct str skey_global(struct skey *k, enum column c, const struct global_id *id);

enum code_kind { CODE_NONE, CODE_LOCAL, CODE_GLOBAL_HASH, CODE_GLOBAL_ACCOUNT };

struct account {
    u128 amount, locked;
    uint64_t storage_usage;
    enum code_kind code;
    struct hash256 code_hash;       /* LOCAL and GLOBAL_HASH */
    struct account_id code_account; /* GLOBAL_ACCOUNT */
};

MUST_USE bool account_get(const struct kv *kv, struct str id, struct account *out);
void account_put(struct kv *kv, struct str id, const struct account *a);
/* The record alone, for views of changes. */
MUST_USE bool account_parse(struct str record, struct account *out);

/* The code that `a` runs: its own, or a global one. `hash` gets its SHA-256. */
struct str account_code(const struct kv *kv, struct str id, const struct account *a,
                        struct hash256 *hash);
void own_code_put(struct kv *kv, struct str id, struct str code);
/* Bytes of storage that the account's contract counts as. */
uint64_t account_code_usage(const struct kv *kv, struct str id, const struct account *a);

MUST_USE bool key_get(const struct kv *kv, struct arena *a, struct str id, struct public_key pk,
                      struct access_key *out);
void key_put(struct kv *kv, struct str id, struct public_key pk, const struct access_key *k);
void key_del(struct kv *kv, struct str id, struct public_key pk);
/* Bytes of storage that the key counts as, with the overhead of a record. */
uint64_t key_usage(struct public_key pk, const struct access_key *k, uint64_t record_overhead);
/* Split a key of column COL_ACCESS_KEY or COL_DATA into account and rest; false for others. */
bool skey_split(struct str key, struct str *account, struct str *rest);

uint64_t u64_get(const struct kv *kv, struct str key); /* 0 when absent */
void u64_put(struct kv *kv, struct str key, uint64_t v);

/* A queue of records: `first` and `next` under the bare column, items under their index. */
struct queue {
    uint64_t first, next;
};
struct queue queue_get(const struct kv *kv, enum column index);
void queue_push(struct kv *kv, enum column index, enum column items, struct str record);
struct str queue_first(const struct kv *kv, enum column index, enum column items);
void queue_pop(struct kv *kv, enum column index, enum column items);

#endif
