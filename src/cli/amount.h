/* amount.h — money as people write it: "12.5" NEAR, which is 12.5 × 10^24 yocto. */
#ifndef CLI_AMOUNT_H
#define CLI_AMOUNT_H

#include "base/buf.h"

/* False: not a number, or too precise or large. */
MUST_USE bool near_amount_parse(struct str text, u128 *out);
void near_amount_put(struct buf *out, u128 yocto); /* with what decimals it needs */

#endif
