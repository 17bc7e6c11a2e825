/*
 * wire.h — little-endian binary, which is also borsh: read straight down, ask once at the end.
 *
 * A reader that runs short, or meets a length over its limit, goes bad: it gives zeros from then
 * on and rd_end() is false. A writer is a buf. Freestanding.
 *
 * Borsh (borsh.io): integers little-endian, string and vec = u32 count + items, option = u8 0/1 +
 * value, enum = u8 + fields.
 */
#ifndef CODEC_WIRE_H
#define CODEC_WIRE_H

#include "base/buf.h"

struct rd {
    struct str in;
    size_t at; /* bytes consumed; where it went bad */
    bool bad;
};

struct rd rd_over(struct str bytes);
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
u128 rd_u128(struct rd *r);
bool rd_bool(struct rd *r);                      /* bad unless 0 or 1 */
struct str rd_fixed(struct rd *r, size_t n);     /* borrows from the input */
void rd_copy(struct rd *r, void *out, size_t n); /* zeros when short */
struct str rd_bytes(struct rd *r, size_t max);   /* u32 length + bytes; borrows */
struct str rd_text(struct rd *r, size_t max);    /* the same, bad unless UTF-8 */
uint32_t rd_count(struct rd *r, uint32_t max);   /* u32; bad when over max */
void rd_fail(struct rd *r);                      /* the caller found a value it cannot take */
size_t rd_left(const struct rd *r);
MUST_USE bool rd_end(const struct rd *r); /* all there, and nothing left over */

void wr_u8(struct buf *b, uint8_t v);
void wr_u16(struct buf *b, uint16_t v);
void wr_u32(struct buf *b, uint32_t v);
void wr_u64(struct buf *b, uint64_t v);
void wr_u128(struct buf *b, u128 v);
void wr_bytes(struct buf *b, struct str s); /* u32 length + bytes */

#endif
