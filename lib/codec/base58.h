/* base58.h — the Bitcoin alphabet without a checksum, as NEAR writes hashes and keys. Freestanding.
 */
#ifndef CODEC_BASE58_H
#define CODEC_BASE58_H

#include "base/buf.h"

#define BASE58_MAX 3400 /* bytes, an ML-DSA-65 signature; the algorithm is quadratic */

void base58_put(struct buf *out, const void *bytes, size_t n); /* n <= BASE58_MAX */
/* Exactly `n` bytes, or false. */
MUST_USE bool base58_get(struct str text, void *out, size_t n);

#endif
