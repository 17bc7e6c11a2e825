/*
 * bls12381_iso.h — coefficients of the maps from the curves that SSWU maps onto, to BLS12-381.
 *
 * Numbers, least significant limb first; the coefficient of the lowest power first. The leading
 * coefficient of each denominator is one and left out.
 *
 * Source: RFC 9380, appendix E.2 (11-isogeny for G1) and E.3 (3-isogeny for G2).
 */
#ifndef CRYPTO_BLS12381_ISO_H
#define CRYPTO_BLS12381_ISO_H

#include <stdint.h>

extern const uint64_t bls12381_iso1_x_num[12][6];
extern const uint64_t bls12381_iso1_x_den[10][6];
extern const uint64_t bls12381_iso1_y_num[16][6];
extern const uint64_t bls12381_iso1_y_den[15][6];
extern const uint64_t bls12381_iso2_x_num[4][2][6];
extern const uint64_t bls12381_iso2_x_den[2][2][6];
extern const uint64_t bls12381_iso2_y_num[4][2][6];
extern const uint64_t bls12381_iso2_y_den[3][2][6];

#endif
