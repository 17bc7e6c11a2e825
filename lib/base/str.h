/*
 * str.h — looking at bytes: a pointer and a length, owning nothing.
 *
 * A `struct str` borrows; whoever made it says how long the bytes live. It may hold NUL bytes and
 * is not terminated. Pass it by value.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/def.h"

struct str {
    const char *ptr;
    size_t len;
};

#define STR(lit)   ((struct str){"" lit, sizeof(lit) - 1}) /* of a literal */
#define STR_NONE   ((struct str){NULL, 0})
#define STR_ARG(s) (int)(s).len, (s).ptr /* for "%.*s" */

struct str str_of(const char *z); /* of a terminated string; NULL gives STR_NONE */
struct str str_from(const void *p, size_t n);

bool str_eq(struct str a, struct str b);
bool str_eqz(struct str a, const char *z);
int str_cmp(struct str a, struct str b); /* by bytes, shorter first when a prefix */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_has_byte(struct str s, char c);
size_t str_find(struct str s, struct str what); /* s.len when absent */
struct str str_skip(struct str s, size_t n);    /* without the first n bytes (all, if shorter) */
struct str str_head(struct str s, size_t n);
struct str str_trim(struct str s); /* ASCII white space off both ends */

/* Cut `s` at the first `sep`: `*head` before it, the rest returned; no `sep`: all and nothing. */
struct str str_cut(struct str s, char sep, struct str *head);

/* Well-formed UTF-8, as Unicode 15 table 3-7 says (no surrogates, no overlong forms). */
bool str_is_utf8(struct str s);

/* Decimal digits only, no sign, no leading "+", at least one digit; false on overflow. */
MUST_USE bool str_u64(struct str s, uint64_t *out);
MUST_USE bool str_u128(struct str s, u128 *out);

#endif
