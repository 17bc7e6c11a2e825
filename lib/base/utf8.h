/* utf8.h — text out of bytes that should be UTF-8 and need not be. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/buf.h"

/* Append `s` with every malformed byte replaced by U+FFFD: at most three times as long. */
void utf8_lossy(struct buf *out, struct str s);

/* At most `max` bytes from the start of `s`, or from its end, not cutting a character. */
struct str utf8_head(struct str s, size_t max);
struct str utf8_tail(struct str s, size_t max);

#endif
