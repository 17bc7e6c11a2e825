/*
 * buf.h — building bytes, up to a stated maximum.
 *
 * Invariants: `len <= cap`, and when `ptr` is set `ptr[len]` is NUL, so text can be printed. What
 * does not fit sets `full` and is dropped whole; later additions do nothing. So a writer runs
 * straight down and asks `buf.full` once at the end.
 *
 *     struct buf b = BUF_INIT(64 * 1024);
 *     buf_addz(&b, "hello ");
 *     buf_add_u64(&b, 42);
 *     …
 *     buf_release(&b);
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/def.h"
#include "base/str.h"

struct buf {
    char *ptr;
    size_t len, cap;
    size_t max; /* never more bytes than this */
    bool full;  /* something did not fit */
    bool fixed; /* `ptr` is the caller's array: never grown, never freed */
};

#define BUF_INIT(maximum) ((struct buf){.max = (maximum)})
/* Over a caller's char array; nothing to release. */
#define BUF_OVER(array)                                                                            \
    ((struct buf){                                                                                 \
        .ptr = (array), .cap = sizeof(array) - 1, .max = sizeof(array) - 1, .fixed = true})

void buf_release(struct buf *b); /* frees; the buf is empty and usable again */
void buf_wipe(struct buf *b);    /* the same for secrets: overwrites first */
void buf_clear(struct buf *b);   /* keeps the memory; clears `full` */

void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, struct str s);
void buf_addz(struct buf *b, const char *z);
void buf_add_byte(struct buf *b, uint8_t c);
void buf_add_u64(struct buf *b, uint64_t v);                          /* decimal */
void buf_add_u128(struct buf *b, u128 v);                             /* decimal */
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3); /* native only */

/* `n` bytes to be filled by the caller at once, or NULL (and `full`) when they do not fit. */
char *buf_room(struct buf *b, size_t n);

struct str buf_str(const struct buf *b);
const char *buf_z(const struct buf *b); /* terminated; "" when empty */

#endif
