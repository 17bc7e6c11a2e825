/*
 * secrets.h — the worker's side of the keystore: a session, and the secrets of a run.
 *
 * The worker shows its chain key once an hour (secrets/session.h) and says which box key it wants
 * things sealed to; that key is made for each session and never leaves this process. What comes
 * back is opened here and goes nowhere but into the guest's environment: secret_env_release() wipes
 * it. Which secrets a run gets is decided by its source, and by the keystore.
 *
 * Thread: one.
 */
#ifndef WORKER_SECRETS_H
#define WORKER_SECRETS_H

#include "near/key.h"
#include "near/request.h"
#include "near/rpc.h"
#include "secrets/accessor.h"
#include "secrets/secret_set.h"
#include "worker/env.h"

struct keystore_client;

/* Copies `url` and `token`; borrows `key`. */
struct keystore_client *keystore_client_new(const char *url, struct str token,
                                            const struct near_key *key, struct str contract_id);
void keystore_client_free(struct keystore_client *c);

struct secret_env {
    char *room; /* everything that is in the clear */
    struct run_var var[SECRETS_MAX];
    size_t n;
    struct hash256 ciphertext; /* SHA-256 of what the chain has */
};
#define SECRET_ENV_NONE ((struct secret_env){.room = NULL})
void secret_env_release(struct secret_env *e); /* wipes; fine on SECRET_ENV_NONE */

struct secrets_question {
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

/* What the source of `r` is bound to. False: nothing can be bound to it. */
MUST_USE bool secrets_accessor(const struct request *r, bool dev, struct arena *a,
                               struct accessor *out);
/* Who owns project `id` now: its secrets are used unless the request names others. ERR_ABSENT. */
MUST_USE enum err secrets_project_owner(struct rpc *rpc, struct str contract_id, struct str id,
                                        struct arena *a, struct str *out, struct buf *why);
/* Add them to the environment; names that are there already stay what they are. */
void secrets_add(struct env *env, const struct secret_env *s);

#endif
