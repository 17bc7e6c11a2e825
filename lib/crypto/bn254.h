/*
 * bn254.h — the curve alt_bn128 (BN254) as contracts on NEAR may compute on it: sums, sums of
 * multiples, pairing checks.
 *
 * Numbers are 32 bytes, least significant first. A point of G1 is x ‖ y; one of G2 is x ‖ y with
 * coordinates c0 ‖ c1; all zeros is infinity. A sum's item is a sign (0, 1 = minus) and a point, a
 * multiexp's a point and a scalar below the group's order, a pairing's a point of G1 and one of G2.
 *
 * Public data only: nothing here is constant time.  Memory: a fault borrows from the input.
 * Thread: any.
 * Source: EIP-196 and EIP-197 (the curve, the checks); nearcore docs, "Math API" (the encoding).
 */
#ifndef CRYPTO_BN254_H
#define CRYPTO_BN254_H

#include "base/str.h"

#define BN254_G1       64
#define BN254_SUM_ITEM 65
#define BN254_EXP_ITEM 96
#define BN254_PAIR     192

struct bn254_fault {
    const char *what; /* "invalid g1", "invalid g2", "invalid fq", "invalid fr", "invalid bool" */
    struct str bytes; /* that are it */
};

/* `items` is a multiple of the item's size. False with the first fault; `out` only on success. */
MUST_USE bool bn254_g1_sum(struct str items, uint8_t out[BN254_G1], struct bn254_fault *fault);
MUST_USE bool bn254_g1_multiexp(struct str items, uint8_t out[BN254_G1], struct bn254_fault *fault);
/* Is the product of the pairings one? */
MUST_USE bool bn254_pairing_check(struct str items, bool *holds, struct bn254_fault *fault);

#endif
