/* hex.h — bytes as lower-case hexadecimal text; upper case is read too. Freestanding. */
#ifndef CODEC_HEX_H
#define CODEC_HEX_H

#include "base/buf.h"

void hex_put(struct buf *out, const void *bytes, size_t n);
/* Exactly `n` bytes from exactly 2n digits. */
MUST_USE bool hex_get(struct str text, void *out, size_t n);
bool hex_is_lower(struct str text); /* only 0-9 a-f */

#endif
