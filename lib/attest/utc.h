/* utc.h — UTC seconds since 1970 as certificates and JSON documents write them. Freestanding. */
#ifndef ATTEST_UTC_H
#define ATTEST_UTC_H

#include "base/buf.h"

/* "2026-08-13T10:45:38Z", years 1970 … 9999, nothing else: no fractions, no offsets. */
MUST_USE bool utc_get(struct str text, int64_t *out);
void utc_put(struct buf *out, int64_t seconds);
void put_utc(struct buf *b, const char *key, int64_t seconds); /* a member (codec/put.h) */
/* The digits of an ASN.1 UTCTime (12) or GeneralizedTime (14) without the Z. */
MUST_USE bool utc_from_digits(struct str digits, int64_t *out);

#endif
