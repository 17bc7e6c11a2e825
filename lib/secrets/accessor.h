/*
 * accessor.h — what a stored secret is bound to, and the seed of the key it is sealed to.
 *
 * JSON has it in two spellings: the contract's `{"Project":{"project_id":"a.near/dice"}}` and that
 * of the HTTPS interfaces, `{"type":"Project","project_id":"a.near/dice"}`. Both are read, either
 * is written. Repositories are known by one name, `github.com/alice/dice`, however they are spelt.
 *
 * Memory: texts live in the arena given.  Thread: any.
 * Source: OutLayer documentation, "Secrets".
 */
#ifndef SECRETS_ACCESSOR_H
#define SECRETS_ACCESSOR_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/json.h"

#define ACCESSOR_TEXT_MAX   512 /* bytes of a repository or project id */
#define ACCESSOR_BRANCH_MAX 255
#define PROFILE_TEXT_MAX    64
#define PROFILE_DEFAULT     "default"
#define SEED_MAX            1024

enum accessor_kind { ACCESSOR_REPO, ACCESSOR_WASM_HASH, ACCESSOR_PROJECT, ACCESSOR_PAYMENT_KEY };

struct accessor {
    enum accessor_kind kind;
    struct str name;   /* repository, hash in lower case or project id; nothing for payment keys */
    struct str branch; /* REPO; ptr NULL: none */
};

/* Either spelling. ERR_FORMAT says what is wrong. A repository is left as it is spelt. */
MUST_USE enum err accessor_parse(struct json v, struct arena *a, struct accessor *out,
                                 struct buf *why);
void accessor_put(struct buf *out, const struct accessor *a);     /* the contract's spelling */
void accessor_put_web(struct buf *out, const struct accessor *a); /* with "type" */
bool accessor_eq(const struct accessor *a, const struct accessor *b);

/* "github.com/alice/dice": without scheme, user, `.git` and slashes at the end, and with the host
 * that "alice/dice" leaves out. Idempotent. */
MUST_USE enum err repo_name_normalise(struct str name, struct buf *out, struct buf *why);

/* The seed of the key that secrets of `owner` under this accessor are sealed to; the repository is
 * normalised in it. `profile` matters to payment keys only: it is their nonce. */
MUST_USE enum err accessor_seed(const struct accessor *a, struct str owner, struct str profile,
                                struct buf *out, struct buf *why);

/* 1 to 64 of A-Z a-z 0-9 - _ */
bool profile_valid(struct str profile);

/* "Secrets not found for this project ID and profile.", by kind */
const char *accessor_not_found(const struct accessor *a);

#endif
