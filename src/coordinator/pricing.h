/*
 * pricing.h — the contract's fees, read from the chain now and then and kept for those who ask.
 *
 * The thread asks a NEAR node; nobody else waits for it. Without --rpc-url there are no prices.
 */
#ifndef COORDINATOR_PRICING_H
#define COORDINATOR_PRICING_H

#include "codec/json.h"

#define PRICING_FEES     8
#define PRICING_EVERY_MS 600000  /* between two looks at the contract */
#define PRICING_ASKED_MS 3600000 /* when somebody asks for a look: at most once in this time */

struct coord;

struct pricing {
    bool known, wanted;
    uint64_t read_ms; /* when, by now_ms() */
    u128 fee[PRICING_FEES];
};

/* What get_pricing_full answers; false: not all eight fees as decimal strings. */
MUST_USE bool pricing_parse(struct json v, struct pricing *out);
/* As /public/pricing answers. */
void pricing_write(const struct pricing *p, struct buf *out);
void *pricing_main(void *coord);

#endif
