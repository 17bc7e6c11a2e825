/* ripemd160.h — the hash of Dobbertin, Bosselaers and Preneel (1996), which Bitcoin uses. */
#ifndef CRYPTO_RIPEMD160_H
#define CRYPTO_RIPEMD160_H

#include "base/str.h"

void ripemd160(struct str s, uint8_t out[20]);

#endif
