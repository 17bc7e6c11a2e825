/* sign.h — whether a signature is a key's: ed25519, and secp256k1 by recovering the key. */
#ifndef DEVNET_SIGN_H
#define DEVNET_SIGN_H

#include "crypto/hash.h"
#include "near/key.h"

MUST_USE bool signature_holds(struct public_key k, struct signature s,
                              const struct hash256 *digest);

#endif
