/*
 * genesis.h — the first block: a root account with a key, and the validator.
 *
 * Keys are made once and kept in the home folder: credentials/localnet/test.json (the layout near
 * tools read) and validator_key.json, both readable by the owner alone.
 */
#ifndef DEVNET_GENESIS_H
#define DEVNET_GENESIS_H

#include "devnet/apply.h"
#include "near/key.h"

struct genesis {
    struct near_key root, validator;
};

/* Load the keys of `home`, making those that are missing; NULL: fresh ones, not kept. */
MUST_USE enum err genesis_keys(const char *home, struct genesis *g, struct buf *why);
/* Put the accounts into an empty state; gives the total supply. */
u128 genesis_state(const struct params *p, struct kv *kv, const struct genesis *g);
u128 genesis_validator_stake(void);
/* Put the "records" of a genesis file in addition. */
MUST_USE enum err genesis_file(const char *path, const struct params *p, struct kv *kv,
                               struct buf *why);

#endif
