/* nep413.h — messages that wallets sign which are no transactions (NEP-413). */
#ifndef NEAR_NEP413_H
#define NEAR_NEP413_H

#include "base/buf.h"
#include "crypto/hash.h"

/* What an ed25519 key signs: SHA-256 of the tag 2^31 + 413 and the message in borsh, without a
 * callback URL. */
struct hash256 nep413_digest(struct str message, const uint8_t nonce[32], struct str recipient);

#endif
