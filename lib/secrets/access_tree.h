/* access_tree.h — a condition in memory, between access.c and judge.c. */
#ifndef SECRETS_ACCESS_TREE_H
#define SECRETS_ACCESS_TREE_H

#include "secrets/access.h"
#include "secrets/pattern.h"

#define ACCESS_NAME_MAX 256 /* bytes of a role or token id */

enum access_kind {
    ACCESS_ALLOW_ALL,
    ACCESS_WHITELIST,
    ACCESS_PATTERN,
    ACCESS_NEAR_BALANCE,
    ACCESS_FT_BALANCE,
    ACCESS_NFT_OWNED,
    ACCESS_DAO_MEMBER,
    ACCESS_LOGIC,
    ACCESS_NOT,
};
enum compare { COMPARE_GTE, COMPARE_LTE, COMPARE_GT, COMPARE_LT, COMPARE_EQ, COMPARE_NE };

struct access {
    enum access_kind kind;
    struct str contract;
    struct str text;               /* pattern, role, token id (ptr NULL: any) */
    const struct pattern *pattern; /* NULL: it is none that can be matched */
    enum compare compare;
    u128 value;
    struct str *accounts; /* WHITELIST, `n` of them */
    struct access *child; /* LOGIC: `n` of them, NOT: one */
    size_t n;
    bool any; /* LOGIC: Or */
};

const char *access_kind_name(enum access_kind k);
const char *compare_name(enum compare c);

#endif
