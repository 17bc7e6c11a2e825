/*
 * alpha.h — what verifiable randomness is drawn for, as the text that is signed:
 *
 *     vrf:REQUEST:ACCOUNT:SEED
 *
 * REQUEST is the number of the request, ACCOUNT whom the run is for (the signer of the transaction;
 * over HTTPS the owner of the payment key), SEED the program's own words. Neither an account id nor
 * a seed has a colon in it, so a text reads in one way only, and one run draws one value for each
 * seed, whoever runs it and how often. crypto/derive.h signs it.
 *
 * Memory: strings borrow from the text.
 * Source: OutLayer documentation, "VRF".
 */
#ifndef SECRETS_ALPHA_H
#define SECRETS_ALPHA_H

#include "base/err.h"
#include "near/account_id.h"

#define ALPHA_SEED_MAX   1024
#define ALPHA_MAX        (4 + 20 + 1 + ACCOUNT_ID_MAX + 1 + ALPHA_SEED_MAX)
#define ALPHA_HTTPS_FROM UINT64_C(100000000000) /* requests over HTTPS count from here */

struct alpha {
    uint64_t request_id;
    struct str account_id, seed;
};

/* ERR_FORMAT: `why` says which part. Only what alpha_put() writes is taken. */
MUST_USE enum err alpha_parse(struct str text, struct alpha *out, struct buf *why);
/* ERR_FORMAT, ERR_TOO_BIG: the seed cannot be one; `why` is for the guest. */
MUST_USE enum err alpha_put(struct buf *out, const struct alpha *a, struct buf *why);

#endif
