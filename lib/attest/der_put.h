/* der_put.h — writing DER, for the simulator's certificates and lists. Native. */
#ifndef ATTEST_DER_PUT_H
#define ATTEST_DER_PUT_H

#include "base/buf.h"

/* Tag, shortest length, body. */
void der_put(struct buf *out, uint8_t tag, struct str body);
void der_put_small(struct buf *out, uint8_t tag, uint32_t v); /* INTEGER or ENUMERATED */
void der_put_time(struct buf *out, int64_t utc);
void der_put_bits(struct buf *out, struct str bytes); /* no unused bits */
void der_put_signature(struct buf *out, const uint8_t sig[64]);

/*
 * What is written between these two becomes the body of one value:
 *     size_t at = der_open(b); … der_close(b, DER_SEQUENCE, at);
 */
size_t der_open(struct buf *out);
void der_close(struct buf *out, uint8_t tag, size_t at);

#endif
