/* base64.h — RFC 4648 standard alphabet with padding, strict. Freestanding. */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "base/buf.h"

void base64_put(struct buf *out, const void *bytes, size_t n);
/* Append the bytes; false (nothing usable in `out`) when the text is not canonical base64. */
MUST_USE bool base64_get(struct str text, struct buf *out);

#endif
