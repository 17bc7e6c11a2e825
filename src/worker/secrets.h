/*
 * secrets.h — the secrets of a run, asked of the keystore.
 *
 * They come sealed to the session's box key (keystore.h), are opened here and go nowhere but into
 * the guest's environment: secret_env_release() wipes them. Which secrets a run gets is decided by
 * its source, and by the keystore.
 *
 * Thread: one.
 */
#ifndef WORKER_SECRETS_H
#define WORKER_SECRETS_H

#include "near/request.h"
#include "near/rpc.h"
#include "secrets/accessor.h"
#include "secrets/secret_set.h"
#include "worker/env.h"
#include "worker/keystore.h"

struct secret_env {
    char *room; /* everything that is in the clear */
    struct run_var var[SECRETS_MAX];
    size_t n;
    struct hash256 ciphertext; /* SHA-256 of what the chain has */
};
#define SECRET_ENV_NONE ((struct secret_env){.room = NULL})
void secret_env_release(struct secret_env *e); /* wipes; fine on SECRET_ENV_NONE */

struct secrets_question {
    uint64_t request_id; /* the keystore looks it up: it must ask for just these */
    struct accessor accessor;
    struct str profile, owner, user;
};
/*
 * ERR_ABSENT  there are none of that name
 * ERR_DENIED  the user may not have them; `why` is for the user
 * ERR_FORMAT  they do not open; `why` is for the user
 * others      a fault of ours: another worker, or a later try
 */
MUST_USE enum err secrets_get(struct keystore_client *c, const struct secrets_question *q,
                              struct secret_env *out, struct buf *why);

/* The second half of it: what the keystore answered, sealed to `key` with `nonce` in it. */
MUST_USE enum err secrets_read(const struct x25519_key *key, unsigned status, struct json doc,
                               const uint8_t nonce[32], struct secret_env *out, struct buf *why);

/* What the source of `r` is bound to. False: nothing can be bound to it. */
MUST_USE bool secrets_accessor(const struct request *r, bool dev, struct arena *a,
                               struct accessor *out);
/* Who owns project `id` now: its secrets are used unless the request names others. ERR_ABSENT. */
MUST_USE enum err secrets_project_owner(struct rpc *rpc, struct str contract_id, struct str id,
                                        struct arena *a, struct str *out, struct buf *why);
/* Add them to the environment; names that are there already stay what they are. */
void secrets_add(struct env *env, const struct secret_env *s);

#endif
