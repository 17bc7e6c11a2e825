/*
 * fuzz_p256.c — the library-free P-256 says what OpenSSL says.
 *
 * The first 64 bytes are a private key and a digest; what follows is laid over key, digest and
 * signature by exclusive or, so that most inputs are near a good one.
 */
#include <stdint.h>
#include <string.h>

#include "crypto/p256.h"
#include "crypto/p256_plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t all[160]; /* key, digest, signature */
    struct p256_key *k;

    if (size < 64)
        return 0;
    k = p256_from_scalar(data);
    if (!k)
        return 0;
    p256_public(k, all);
    memcpy(all + 64, data + 32, 32);
    p256_sign(k, all + 64, all + 96);
    p256_free(k);
    data += 64;
    size -= 64;
    for (size_t i = 0; i < size && i < sizeof all; i++)
        all[i] ^= data[i];
    BUG_ON(p256_plain_verify(all, all + 64, all + 96) != p256_verify(all, all + 64, all + 96));
    return 0;
}
