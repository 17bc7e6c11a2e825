/*
 * access.h — may this account use these secrets: the owner's condition, judged against the chain.
 *
 *     "AllowAll"                                          {"Whitelist":{"accounts":[…]}}
 *     {"AccountPattern":{"pattern":"…"}}                  whole account id, see pattern.h
 *     {"NearBalance":{"operator":"Gte","value":"1"}}      the account's liquid balance
 *     {"FtBalance":{"contract":…,"operator":…,"value":…}} NEP-141 ft_balance_of
 *     {"NftOwned":{"contract":…,"token_id":…|null}}       NEP-171, NEP-181
 *     {"DaoMember":{"dao_contract":…,"role":…}}           Sputnik v2 get_policy
 *     {"Logic":{"operator":"And"|"Or","conditions":[…]}}  {"Not":{"condition":…}}
 *
 * Judging is strict: what cannot be found out denies, also within Not. And and Or go from left to
 * right and stop as soon as the outcome is known; an empty And allows, an empty Or denies.
 *
 * Everything is bounded: text, depth, conditions, questions to the chain, patterns.
 * Memory: the tree lives in the arena and borrows from nothing.  Thread: any.
 * Source: OutLayer documentation, "Secrets" (access conditions).
 */
#ifndef SECRETS_ACCESS_H
#define SECRETS_ACCESS_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/json.h"

#define ACCESS_TEXT_MAX      16384 /* bytes of JSON */
#define ACCESS_DEPTH_MAX     8
#define ACCESS_NODES_MAX     256
#define ACCESS_QUESTIONS_MAX 16 /* conditions that ask the chain */
#define ACCESS_PATTERNS_MAX  16
#define ACCESS_ANSWER_MAX    (1u << 20) /* bytes that a contract may answer */

struct access;

MUST_USE enum err access_parse(struct str json, struct arena *a, const struct access **out,
                               struct buf *why);
/* The condition as compact JSON, as the contract stores it. */
void access_put(struct buf *out, const struct access *c);

/* How the chain is asked. Both give ERR_OK or an error with its reason. */
struct access_chain {
    void *ctx;
    enum err (*balance)(void *ctx, struct str account_id, u128 *out, struct buf *why);
    /* Append what the view method returns. */
    enum err (*view)(void *ctx, struct str contract_id, const char *method, struct str args,
                     struct buf *out, struct buf *why);
};

/*
 * ERR_OK      `account_id` is let in
 * ERR_DENIED  it is not; `why` names the condition that decided
 * others      it could not be found out, which denies as well; `why` says what failed
 */
MUST_USE enum err access_judge(const struct access *c, struct str account_id,
                               const struct access_chain *chain, struct buf *why);

#endif
