/*
 * seal.h — a secret at rest: a small file that only its key file or passphrase opens.
 *
 *     magic "OLSEAL01" | lock u8 | salt[16] | operations u32 | memory u32 (KiB) | nonce[24] | box
 *
 * box is XChaCha20-Poly1305 of the secret; all bytes before it are associated data, so nothing can
 * be changed unnoticed. With lock 1 the key is HKDF-SHA256(salt, key file, "outlayer-seal-v1");
 * with lock 2 it is Argon2id (RFC 9106) of the passphrase with the operations and memory written
 * there.
 *
 * Memory: plaintexts go to the caller's buf: buf_wipe() it.  Thread: any.
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/err.h"

#define SEAL_OVERHEAD   73 /* bytes of a sealed file over its content */
#define SEAL_KEY_MIN    32 /* bytes of a key file */
#define SEAL_KEY_MAX    4096
#define SEAL_PHRASE_MIN 8 /* bytes of a passphrase */

enum seal_lock { SEAL_KEY_FILE = 1, SEAL_PASSPHRASE = 2 };

/* Append the sealed form. ERR_RANGE: the key or phrase is too short or long. */
MUST_USE enum err seal_make(enum seal_lock lock, struct str key, struct str plain, struct buf *out,
                            struct buf *why);
/* Append the content. ERR_FORMAT: no such file, or made for the other lock; ERR_DENIED: wrong key,
 * or the file was changed. */
MUST_USE enum err seal_open(enum seal_lock lock, struct str key, struct str sealed, struct buf *out,
                            struct buf *why);

#endif
