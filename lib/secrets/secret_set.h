/*
 * secret_set.h — secrets in the clear: a JSON object whose values are strings.
 *
 * Each member becomes an environment variable of the guest. Some names belong to the platform and
 * are refused when secrets are stored and dropped when they are used. Names that begin with
 * PROTECTED_ are for values that the keystore drew by itself: nobody can choose or change those.
 *
 * Memory: a `struct secret_set` borrows from the text it was read from; texts hold secrets, so
 * whoever owns them wipes them, and gives buffers that never move.  Thread: any. Source: OutLayer
 * documentation, "Secrets".
 */
#ifndef SECRETS_SECRET_SET_H
#define SECRETS_SECRET_SET_H

#include "base/err.h"
#include "codec/json.h"

#define SECRETS_MAX          128   /* members */
#define SECRETS_TEXT_MAX     49000 /* bytes of JSON: sealed and in base64 it fits the contract */
#define SECRET_NAME_MAX      256
#define SECRET_VALUE_MAX     32768
#define SECRETS_GENERATE_MAX 16 /* in one call */
#define SECRET_GENERATED_MAX 256

struct secret {
    struct str name;
    struct json value; /* a string */
};
struct secret_set {
    struct secret list[SECRETS_MAX];
    size_t n;
};

/* ERR_FORMAT: not such an object, a name that no variable can have, a name twice, a NUL in a value;
 * ERR_TOO_BIG. `why` never holds a value. */
MUST_USE enum err secret_set_parse(struct str json, struct secret_set *out, struct buf *why);
void secret_set_put(struct buf *out, const struct secret_set *b);
const struct secret *secret_set_find(const struct secret_set *b, struct str name);
/* Without what belongs to the platform; gives how many were dropped. */
size_t secret_set_strip(struct secret_set *b);

bool secret_name_reserved(struct str name);
bool secret_name_protected(struct str name);
/* May a user store these names? ERR_DENIED: reserved or PROTECTED_. */
MUST_USE enum err secret_set_check_names(const struct secret_set *b, struct buf *why);
MUST_USE enum err secret_name_check(struct str name, bool generated, struct buf *why);

/* hex16 hex32 hex64 ed25519 ed25519_seed password password:N (8…128): append a fresh value. */
MUST_USE enum err secret_generate(struct str type, struct buf *out, struct buf *why);
MUST_USE bool secret_type_valid(struct str type);

/* What the owner signs for an update (NEP-413): the names it gives and those it has generated,
 * which are sorted here. */
void secret_update_message(struct buf *out, struct str owner, struct str profile, struct str *names,
                           size_t n, struct str *generated, size_t ngenerated);

/* Add to `base` what `add` has, over what is there. With `reset` only PROTECTED_ names of `base`
 * stay. ERR_TOO_BIG: too many. */
MUST_USE enum err secret_set_merge(struct secret_set *base, const struct secret_set *add,
                                   bool reset, struct buf *why);

#endif
