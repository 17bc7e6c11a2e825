/*
 * der.h — reading ASN.1 DER strictly: definite, shortest lengths, one-byte tags.
 *
 * Each function takes a value off the front of `*in`, which keeps the rest, and hands out slices
 * of it; nothing is copied. After a false return `*in` is not to be used.  Freestanding.
 * Rule: ITU-T X.690, sections 8 and 10.
 */
#ifndef ATTEST_DER_H
#define ATTEST_DER_H

#include "base/str.h"

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BITS = 0x03,
    DER_OCTETS = 0x04,
    DER_OID = 0x06,
    DER_ENUM = 0x0a,
    DER_UTC_TIME = 0x17,
    DER_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
};

/* Any value; `whole` (may be NULL) is tag, length and body. */
MUST_USE bool der_any(struct str *in, uint8_t *tag, struct str *body, struct str *whole);
/* A value with this tag. */
MUST_USE bool der_take(struct str *in, uint8_t tag, struct str *body);
/* The same with tag and length. */
MUST_USE bool der_whole(struct str *in, uint8_t tag, struct str *whole);
bool der_is(struct str in, uint8_t tag); /* is this tag next? */

/* A BOOLEAN as DER has it: 00 or ff. */
MUST_USE bool der_bool(struct str *in, bool *out);
/* The body of an INTEGER or ENUMERATED of 0 … max. */
MUST_USE bool der_small(struct str body, uint32_t max, uint32_t *out);
/* A UTCTime or GeneralizedTime in the form RFC 5280 prescribes, as UTC seconds. */
MUST_USE bool der_time(struct str *in, int64_t *out);
/* ECDSA-Sig-Value (RFC 3279) as r ‖ s of 32 bytes each; all of `in`. */
MUST_USE bool der_signature(struct str in, uint8_t out[64]);

#endif
