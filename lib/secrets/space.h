/*
 * space.h — whose storage: a project's uuid and an account, and the keys that come of them.
 *
 *     key = HMAC-SHA256(master, "box:storage:" ‖ uuid ‖ ":" ‖ account)
 *
 * The boxes of a record (crypto/box.h) say in their associated data what they are, so that none can
 * be put in another's place: "key"; "value" ‖ SHA-256(key); and for a public record, whose value is
 * in the clear, "public" ‖ SHA-256(value) in the box of its key.
 *
 * Source: OutLayer documentation, seeds of keys; docs/formats/storage.md.
 */
#ifndef SECRETS_SPACE_H
#define SECRETS_SPACE_H

#include "crypto/box.h"
#include "crypto/derive.h"
#include "crypto/hash.h"

#define STORAGE_KEY_MAX   1024u      /* bytes of a key */
#define STORAGE_VALUE_MAX (1u << 20) /* bytes of a value */
#define STORAGE_UUID_LEN  17u
#define STORAGE_WORKER    "@worker" /* the account of the area that all users share */
#define SPACE_SEED_MAX    128u
#define PLACE_MAX         40u

/* Opened records are sealed to the worker's box key: this label, its nonce, then what it asked. */
#define SPACE_LABEL "outlayer:v2:storage"

struct space {
    struct str project, account;
};
/* A uuid as projects have it, 'p' and 16 hex digits; an account id, or STORAGE_WORKER. */
bool space_ok(const struct space *s);
/* "storage:{uuid}:{account}" and back. */
void space_seed(struct buf *out, const struct space *s);
MUST_USE bool space_of_seed(struct str seed, struct space *out);

void space_key(const struct master *m, struct str seed, struct box_key *out);
/* What each box of a record is sealed to. */
void place_of_key(struct buf *out);
void place_of_value(struct buf *out, const struct hash256 *key);
void place_of_public(struct buf *out, struct str value);

#endif
