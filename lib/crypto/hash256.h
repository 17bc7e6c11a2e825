/* hash256.h — 32 bytes of a hash, for who only hands them on. Freestanding. */
#ifndef CRYPTO_HASH256_H
#define CRYPTO_HASH256_H

#include "base/def.h"

struct hash256 {
    uint8_t b[32];
};

#endif
