/*
 * ask.h — what the headers of a request ask for: a part of the file, or nothing when it is known.
 *
 * Memory: none. Thread: any. Source: RFC 9110, sections 8.8.3, 13.1 and 14.2.
 */
#ifndef FASTFS_ASK_H
#define FASTFS_ASK_H

#include "base/str.h"

enum ask_range {
    ASK_WHOLE, /* also where the header is malformed, of another unit, or names several ranges */
    ASK_PART,
    ASK_NEVER, /* there are no such bytes */
};
/* `size`: of the file. With ASK_PART, `*from` and `*n` lie in it. */
enum ask_range ask_range(struct str header, uint64_t size, uint64_t *from, uint64_t *n);

/* Is `etag` (with its quotes) in an If-Match or If-None-Match? `weak`: W/"x" equals "x". */
bool ask_listed(struct str header, struct str etag, bool weak);

/* Does Accept name this type, other than by a wildcard? */
bool ask_accepts(struct str header, struct str type);

#endif
