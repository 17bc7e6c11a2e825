/* sign.c — see sign.h. */
#include "devnet/sign.h"

#include <string.h>

#include "crypto/curves.h"
#include "crypto/ed25519_loose.h"

static bool ed25519_holds(struct public_key k, struct signature s, const struct hash256 *digest)
{
    struct ed25519_pub pub;
    struct ed25519_sig sig;

    if (!public_key_ed25519(k, &pub))
        return false;
    memcpy(sig.b, s.bytes.ptr, sizeof(sig.b));
    return ed25519_verify_loose(&pub, str_from(digest->b, sizeof(digest->b)), &sig);
}

/* The signature is r ‖ s ‖ recovery id; the key is x ‖ y. */
static bool secp256k1_holds(struct public_key k, struct signature s, const struct hash256 *digest)
{
    uint8_t recovered[64];
    const uint8_t *sig = (const uint8_t *)s.bytes.ptr;

    return sig[64] < 4 && secp256k1_recover_key(digest->b, sig, sig[64], false, recovered) &&
           memcmp(recovered, k.bytes.ptr, sizeof(recovered)) == 0;
}

bool signature_holds(struct public_key k, struct signature s, const struct hash256 *digest)
{
    if (k.curve != s.curve)
        return false;
    switch (k.curve) {
    case CURVE_ED25519:
        return ed25519_holds(k, s, digest);
    case CURVE_SECP256K1:
        return secp256k1_holds(k, s, digest);
    case CURVE_ML_DSA_65:
        break; /* no library of the system has it; such keys cannot be added either */
    }
    return false;
}
