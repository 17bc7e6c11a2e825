/* fuzz_keys.c — any text as a key; what is taken prints back to an equal key. */
#include <string.h>

#include "crypto/ed25519.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = BUF_INIT(1000);
    struct ed25519_pub p, q;
    struct ed25519_key k;

    crypto_init();
    if (ed25519_pub_get(str_from(data, size), &p)) {
        ed25519_pub_put(&text, &p);
        BUG_ON(!ed25519_pub_get(buf_str(&text), &q) || memcmp(&p, &q, sizeof(p)) != 0);
    }
    if (ed25519_secret_get(str_from(data, size), &k)) {
        struct ed25519_sig s = ed25519_sign(&k, STR("m"));

        BUG_ON(!ed25519_verify(&k.pub, STR("m"), &s));
    }
    buf_release(&text);
    return 0;
}
