/* Ciphertexts and sealed files of strangers: nothing opens by chance, failures leave nothing. */
#include "crypto/ecies.h"
#include "crypto/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[32] = {7};
    static bool ready;
    struct str in = str_from(data, size);
    struct buf out = BUF_INIT(1u << 16);
    struct x25519_key k;
    struct ed25519_key old;

    if (!ready)
        crypto_init();
    ready = true;
    x25519_from_secret(secret, &k);
    ed25519_from_seed(secret, &old);
    if (ecies_open(&k, in, &out, NULL))
        BUG_ON(out.len);
    buf_clear(&out);
    if (ecies_open_legacy(&old.pub, in, &out, NULL))
        BUG_ON(out.len);
    buf_clear(&out);
    BUG_ON(seal_open(SEAL_KEY_FILE, str_from(secret, sizeof(secret)), in, &out, NULL) == ERR_OK);
    BUG_ON(out.len);
    buf_release(&out);
    return 0;
}
