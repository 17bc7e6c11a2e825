/*
 * json.h — JSON (RFC 8259) without a tree: a value is a checked slice of the text it came from.
 *
 * json_parse() validates all of the text once: syntax, UTF-8, escapes, nesting. After that a
 * `struct json` is never malformed and the accessors only look. Nothing is allocated, number text
 * is kept as written (NEAR has bare u64 and u128 numbers), and a value borrows from the text.
 * Looking a member up is a scan of its object: fine for the small objects of this system; walk big
 * ones with json_each.
 *
 * Writing needs no state either: each function puts the comma it needs by looking at the last
 * byte of the buf.
 *
 *     json_obj(&b); json_key(&b, "id"); json_put_u64(&b, 7); json_obj_end(&b);
 *
 * Freestanding: contracts and daemons compile the same file, so they agree to the byte.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/buf.h"

#define JSON_DEPTH_MAX 128 /* deeper nesting is a parse error */

enum json_type {
    JSON_ABSENT,
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    struct str text; /* exactly the value, no white space around; ptr NULL: absent */
};

/* What is wrong and where, for a message; `what` is static text. */
struct json_fault {
    size_t at;
    const char *what;
};

#define JSON_NONE ((struct json){{NULL, 0}})

/* One value and white space around it. `fault` may be NULL. */
MUST_USE bool json_parse(struct str text, struct json *out, struct json_fault *fault);

enum json_type json_type(struct json v);
bool json_is_null(struct json v); /* null or absent: the contract's rule for optionals */

/* Member of an object by its decoded name, the last of several; absent when there is none or
 * `v` is no object. */
struct json json_get(struct json v, const char *key);
struct json json_at(struct json v, size_t i); /* item of an array, or absent */
size_t json_count(struct json v);             /* items or members */

/* Walk an array (key is absent) or an object:
 *     struct json_iter it = json_iter(v);
 *     while (json_each(&it)) … it.key, it.value …
 */
struct json_iter {
    struct json key, value;
    struct str rest;
    char kind;
};
struct json_iter json_iter(struct json v);
bool json_next(struct json_iter *it);

/* Values; false when of another type, out of range, or not an integer as written. */
MUST_USE bool json_bool(struct json v, bool *out);
MUST_USE bool json_u64(struct json v, uint64_t *out);
MUST_USE bool json_u32(struct json v, uint32_t *out);
MUST_USE bool json_i64(struct json v, int64_t *out);
MUST_USE bool json_u128(struct json v, u128 *out);     /* bare number */
MUST_USE bool json_u128_str(struct json v, u128 *out); /* "decimal string", as NEAR writes money */
/* Append the decoded string. */
MUST_USE bool json_str(struct json v, struct buf *out);
bool json_str_eq(struct json v, struct str s); /* decoded equality */
/* The bytes between the quotes when nothing in them is escaped: most ids, keys, names. Borrows. */
MUST_USE bool json_plain(struct json v, struct str *out);
/* Decoded length in bytes of a string; 0 for other types. */
size_t json_str_len(struct json v);

/* How many bytes at the start of `s` are neither '"' nor '\\' nor a control character: what stands
 * in a JSON string as it is. Goes by eight, since contracts pay for each step. */
size_t json_run(struct str s);

void json_obj(struct buf *b);
void json_obj_end(struct buf *b);
void json_arr(struct buf *b);
void json_arr_end(struct buf *b);
void json_key(struct buf *b, const char *key); /* plain ASCII, nothing to escape */
void json_key_str(struct buf *b, struct str key);
void json_put_str(struct buf *b, struct str s); /* escapes as canonical JSON does; s is UTF-8 */
void json_putz(struct buf *b, const char *z);
void json_put_u64(struct buf *b, uint64_t v);
void json_put_i64(struct buf *b, int64_t v);
void json_put_u128(struct buf *b, u128 v);     /* bare number */
void json_put_u128_str(struct buf *b, u128 v); /* "decimal" */
void json_put_bool(struct buf *b, bool v);
void json_put_null(struct buf *b);
void json_put_raw(struct buf *b, struct str value); /* one finished value, as it is */
/* Open and close a string whose content is written by json_esc pieces. */
void json_str_open(struct buf *b);
void json_str_close(struct buf *b);
void json_esc(struct buf *b, struct str s);

#endif
