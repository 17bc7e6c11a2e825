/*
 * bls12381.h — the curve BLS12-381 as contracts on NEAR may compute on it: sums, sums of multiples,
 * decompression, maps onto the groups, pairing checks.
 *
 * Numbers are 48 bytes, most significant first; an element of Fp2 is c1 ‖ c0, a point x ‖ y. The
 * top bits of a point's first byte are flags: compressed, infinity, and for compressed ones which
 * y. A sum's item is a sign (0, 1 = minus) and a point, a multiexp's a point and 32 bytes of a
 * scalar, least significant first.
 *
 * Sums and decompression take every point of the curve, the others only those of the groups. With
 * `strict`, they refuse those with x = 0, as the protocol did at first.
 *
 * Public data only: nothing here is constant time.  Memory: the caller's.  Thread: any.
 * Source: NEP-488; the maps: RFC 9380, suites BLS12381G1 and BLS12381G2.
 */
#ifndef CRYPTO_BLS12381_H
#define CRYPTO_BLS12381_H

#include "base/str.h"

#define BLS12381_FP       48
#define BLS12381_FP2      96
#define BLS12381_P1       96
#define BLS12381_P2       192
#define BLS12381_SUM1     97
#define BLS12381_SUM2     193
#define BLS12381_EXP1     128
#define BLS12381_EXP2     224
#define BLS12381_COMPACT1 48
#define BLS12381_COMPACT2 96
#define BLS12381_PAIR     288

/*
 * `items` is a multiple of the item's size. False when an item is not what it should be, and `out`
 * may then have been written. Maps and decompression write a point for each item.
 */
MUST_USE bool bls12381_p1_sum(struct str items, bool strict, uint8_t *out);
MUST_USE bool bls12381_p2_sum(struct str items, bool strict, uint8_t *out);
MUST_USE bool bls12381_g1_multiexp(struct str items, uint8_t *out);
MUST_USE bool bls12381_g2_multiexp(struct str items, uint8_t *out);
MUST_USE bool bls12381_p1_decompress(struct str items, bool strict, uint8_t *out);
MUST_USE bool bls12381_p2_decompress(struct str items, bool strict, uint8_t *out);
MUST_USE bool bls12381_map_fp_to_g1(struct str items, uint8_t *out);
MUST_USE bool bls12381_map_fp2_to_g2(struct str items, uint8_t *out);
/* `holds`: is the product of the pairings one? */
MUST_USE bool bls12381_pairing_check(struct str items, bool *holds);

#endif
