/*
 * key.h — an account's key, as a file and as the transaction carries it.
 *
 * Key files are those the NEAR tools read and write, one JSON object:
 *     {"account_id":"a.near","public_key":"ed25519:…","private_key":"ed25519:…"}
 * (`secret_key`, as nodes spell it, is read too). A key file that others may read is refused.
 *
 * Memory: a `struct near_key` holds a secret: near_key_wipe() it. A `struct public_key` borrows.
 */
#ifndef NEAR_KEY_H
#define NEAR_KEY_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/wire.h"
#include "crypto/ed25519.h"
#include "near/account_id.h"

#define KEY_FILE_MAX 4096 /* bytes of a key file */

struct near_key {
    struct account_id account;
    struct ed25519_key key;
};

/* ERR_ABSENT; ERR_DENIED: group or others may read or write it; ERR_FORMAT: not a key file, or the
 * public key does not belong to the private one. */
MUST_USE enum err near_key_load(const char *path, struct near_key *out, struct buf *why);
/* Mode 0600, written beside and renamed over. */
MUST_USE enum err near_key_store(const char *path, const struct near_key *k, struct buf *why);
void near_key_wipe(struct near_key *k);

/* Tags are those of borsh. */
enum key_curve { CURVE_ED25519 = 0, CURVE_SECP256K1 = 1, CURVE_ML_DSA_65 = 2 };

#define PUBLIC_KEY_MAX 1952 /* bytes, of an ML-DSA-65 key */
#define SIGNATURE_MAX  3309

struct public_key {
    enum key_curve curve;
    struct str bytes; /* 32, 64 or 1,952 */
};
struct signature {
    enum key_curve curve;
    struct str bytes; /* 64, 65 or 3,309 */
};

struct public_key public_key_of(const struct ed25519_pub *p); /* borrows from `p` */
bool public_key_eq(struct public_key a, struct public_key b);
/* False (and `out` untouched) when the key is of another curve. */
MUST_USE bool public_key_ed25519(struct public_key k, struct ed25519_pub *out);
void public_key_put(struct buf *out, struct public_key k); /* "ed25519:<base58>" */
struct str public_key_text(struct arena *a, struct public_key k);

void public_key_write(struct buf *out, struct public_key k);
struct public_key public_key_read(struct rd *r);
void signature_write(struct buf *out, struct signature s);
/* An ed25519 signature with any of the top three bits set is bad, as nodes have it. */
struct signature signature_read(struct rd *r);

#endif
