/* account_id.h — names of NEAR accounts. Freestanding. */
#ifndef NEAR_ACCOUNT_ID_H
#define NEAR_ACCOUNT_ID_H

#include "base/str.h"

#define ACCOUNT_ID_MAX 64

struct account_id {
    uint8_t len;
    char s[ACCOUNT_ID_MAX + 1]; /* terminated */
};

/* 2…64 of a-z 0-9 with single separators - _ . inside. */
bool account_id_valid(struct str s);
MUST_USE bool account_id_parse(struct str s, struct account_id *out);
struct str account_id_str(const struct account_id *a);
bool account_id_eq(const struct account_id *a, const struct account_id *b);
bool account_id_is_implicit(struct str s);     /* 64 lower-case hex digits */
bool account_id_is_eth_implicit(struct str s); /* 0x + 40 lower-case hex digits */
/* `x.p` of `p`, one level only. */
bool account_id_is_sub_of(struct str x, struct str p);

#endif
