/*
 * member.h — members of a foreign body, checked and decoded.
 *
 * false: it is there and not of its kind, or longer than `max`. Texts and bytes may be absent or
 * null: `out` is then STR_NONE. They live in `a`.
 */
#ifndef COORDINATOR_MEMBER_H
#define COORDINATOR_MEMBER_H

#include "base/arena.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "crypto/ed25519.h"

MUST_USE bool member_text(struct json v, size_t max, struct arena *a, struct str *out);
MUST_USE bool member_base64(struct json v, size_t max, struct arena *a, struct str *out);
/* Absent is false for those below. */
MUST_USE bool member_hash(struct json v, struct hash256 *out);
MUST_USE bool member_sig(struct json v, struct ed25519_sig *out);
MUST_USE bool member_digits(struct json v, size_t digits, struct str *out); /* lower-case hex */
MUST_USE bool member_count(struct json v, uint64_t *out); /* a number that a database can hold */
/* Of a worker or its session: 1 to JOB_WORKER_MAX printable characters. Borrows from the body. */
MUST_USE bool member_id(struct json v, struct str *out);

#endif
