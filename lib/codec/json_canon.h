/*
 * json_canon.h — the one spelling of a JSON value: what is hashed and compared. Native only.
 *
 * Keys sorted by their UTF-8 bytes, the last of duplicates, no white space, minimal escapes;
 * integers in -2^63 … 2^64-1 as they are, every other number as the shortest decimal that reads
 * back to the same IEEE double (fixed notation iff -5 < digits left of the point <= 16).
 */
#ifndef CODEC_JSON_CANON_H
#define CODEC_JSON_CANON_H

#include "codec/json.h"

/* Append the canonical form of `v`; false when a number overflows a double. */
MUST_USE bool json_canon(struct json v, struct buf *out);

#endif
