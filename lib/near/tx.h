/*
 * tx.h — transactions: built and signed, or read from foreign bytes and checked.
 *
 * The hash of a transaction is the SHA-256 of its bytes without the signature; the signature signs
 * that hash. Version 0 starts with the signer's length (its second byte is zero), version 1 with a
 * tag. Memory: as in action.h.
 * Source: nearcore core/primitives/src/transaction.rs.
 */
#ifndef NEAR_TX_H
#define NEAR_TX_H

#include "near/action.h"

#define SIGNED_TX_MAX (TX_SIZE_MAX + 1 + SIGNATURE_MAX)

struct tx {
    uint8_t version; /* 0 or 1 */
    struct str signer_id;
    struct public_key key;
    struct tx_nonce nonce;
    struct str receiver_id;
    struct hash256 block_hash; /* a recent one: the transaction is valid for a while after it */
    const struct action *actions;
    size_t nactions;
    bool strict_nonce; /* version 1: the nonce must be exactly the next one */
};

struct signed_tx {
    struct tx tx;
    struct signature signature;
    struct hash256 hash;
    size_t size; /* bytes of the transaction without its signature */
};

void tx_write(struct buf *out, const struct tx *t);
/* Append the signed transaction; gives its hash. `t->key` must be that of `k`. */
struct hash256 tx_sign(const struct tx *t, const struct ed25519_key *k, struct buf *out);

/*
 * Read one signed transaction, all of `bytes`; strings borrow from it.
 *
 * ERR_TOO_BIG   longer than SIGNED_TX_MAX
 * ERR_FORMAT    `why` says what and at which byte
 */
MUST_USE enum err signed_tx_read(struct str bytes, struct arena *a, struct signed_tx *out,
                                 struct buf *why);
/* True when the signature is the key's; only ed25519 keys are known to us, others are false. */
MUST_USE bool signed_tx_verify(const struct signed_tx *t);

#endif
