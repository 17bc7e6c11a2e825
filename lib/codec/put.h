/*
 * put.h — members of a JSON object, a name and its value at once.
 *
 *     json_obj(&b);
 *     put_str(&b, "owner", owner);
 *     put_u64(&b, "version", 3);
 *     json_obj_end(&b);
 *
 * Names are plain ASCII, as for json_key(). Freestanding.
 */
#ifndef CODEC_PUT_H
#define CODEC_PUT_H

#include "codec/json.h"

void put_str(struct buf *b, const char *key, struct str s);     /* UTF-8 */
void put_opt_str(struct buf *b, const char *key, struct str s); /* null when it has no bytes */
void put_text(struct buf *b, const char *key, struct str s);    /* null when s.ptr is NULL */
void put_z(struct buf *b, const char *key, const char *z);
void put_u64(struct buf *b, const char *key, uint64_t v);
void put_opt_u64(struct buf *b, const char *key, uint64_t v); /* null for 0 */
void put_u128(struct buf *b, const char *key, u128 v);        /* a decimal string */
void put_bool(struct buf *b, const char *key, bool v);
void put_null(struct buf *b, const char *key);
void put_raw(struct buf *b, const char *key, struct str value); /* a JSON value; no bytes: null */
void put_hex(struct buf *b, const char *key, struct str bytes);
void put_base64(struct buf *b, const char *key, struct str bytes);

#endif
