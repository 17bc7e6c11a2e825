/*
 * secret.h — encrypted secrets: a row per (accessor, profile, owner).
 *
 * The contract cannot read them; it keeps them, takes a storage deposit, and says under which
 * condition a keystore may open them. An owner has a directory row: the highest nonce of payment
 * keys ever used, then 6 bytes of hash for each secret; the position in it is the secret's own row.
 */
#ifndef OUTLAYER_SECRET_H
#define OUTLAYER_SECRET_H

#include "outlayer/outlayer.h"

#define SECRETS_MAX   1000u /* of one owner */
#define CIPHER_MAX    65536u
#define ACCESS_MAX    16384u /* bytes of a condition as compact JSON */
#define ACCESS_DEPTH  8u
#define BRANCH_MAX    255u
#define NONCE_MAX     2147483647u
#define TAG_SECRET    's' /* owner, position u16 → struct secret */
#define TAG_DIRECTORY 'l' /* owner → nonce floor u32, hashes */

enum accessor_kind { ACCESSOR_REPO, ACCESSOR_WASM_HASH, ACCESSOR_PROJECT, ACCESSOR_SYSTEM };

struct accessor {
    uint8_t kind;
    struct str a;      /* repo | hash | project id */
    struct str branch; /* empty: any */
};

struct secret {
    struct accessor accessor;
    struct str profile;
    struct str cipher; /* base64 as given */
    struct str access; /* compact JSON */
    uint64_t created, updated;
    uint32_t deposit_bytes; /* the deposit held, in bytes of storage */
    struct str vault;       /* empty: none */
};

struct directory {
    struct str owner;
    uint32_t nonce_floor;
    struct str hashes;
};

/* accessor.c */
struct accessor accessor_parse(struct json v);
void accessor_put(struct buf *b, const struct accessor *a);
uint32_t accessor_cost(const struct accessor *a); /* bytes, for the deposit */
/* The condition in `v` as compact JSON; panics when it is none. */
struct str access_normal(struct json v);

/* secret.c */
struct directory directory_load(struct str owner);
uint32_t secret_find(const struct directory *d, const struct accessor *a, struct str profile,
                     struct secret *s); /* UINT32_MAX: there is none */
void secret_write(const struct directory *d, uint32_t i, const struct secret *s);
void secret_remove(struct directory *d, uint32_t i);
u128 secret_deposit(const struct secret *s);
struct accessor accessor_payment_key(void);

/* payment.c: a new payment key waits for a worker to set it up. */
void event_top_up(const struct yield_id *id, struct str owner, uint32_t nonce, u128 amount,
                  struct str cipher);

#endif
