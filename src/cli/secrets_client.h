/*
 * secrets_client.h — what `outlayer secrets` asks the keystore and the contract.
 *
 * New values leave this process sealed to the key that the keystore names; the keystore never gets
 * them in the clear.
 */
#ifndef CLI_SECRETS_CLIENT_H
#define CLI_SECRETS_CLIENT_H

#include "cli/client.h"
#include "secrets/accessor.h"
#include "secrets/secret_set.h"

#define SECRETS_CIPHER_MAX 65536 /* base64, as the contract takes it */

struct secrets_client {
    const char *keystore_url;
    struct client *chain;
    struct accessor accessor;
    struct str profile, owner;
    struct str generate[SECRETS_GENERATE_MAX][2]; /* name, type */
    size_t ngenerate;
};

/* What the contract has; with `exact` no other accessor's. ERR_ABSENT; ERR_CONFLICT: it is bound to
 * a vault, so none of ours could open it. */
struct secrets_row {
    struct str cipher, access; /* in the arena; access as JSON */
    struct accessor accessor;
};
MUST_USE enum err secrets_row_get(struct secrets_client *c, bool exact, struct arena *a,
                                  struct secrets_row *out, struct buf *why);

/* A ciphertext in base64 with `plain` (a JSON object) and what is to be generated. */
MUST_USE enum err secrets_seal_new(struct secrets_client *c, struct str plain, struct buf *cipher,
                                   struct buf *why);
/* One with what is stored, over which `plain` is laid. `note`: what changed, for people. */
MUST_USE enum err secrets_seal_update(struct secrets_client *c, struct str plain, bool reset,
                                      struct buf *cipher, struct buf *note, struct buf *why);

#endif
