/*
 * What a keystore answers a worker. The first byte says how: the rest is an answer, or what is
 * sealed in a well-formed one, with the right label and nonce or without.
 */
#include <string.h>

#include "codec/base64.h"
#include "crypto/ecies.h"
#include "secrets/session.h"
#include "worker/secrets.h"

#define BOX_MAX (SECRETS_TEXT_MAX * 4)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sealed(const struct x25519_key *key, struct str content, bool labelled, struct buf *out)
{
    static const char label[32] = RELEASE_LABEL;
    static const uint8_t zero[32], one[32] = {1};
    struct buf plain = BUF_INIT(BOX_MAX), box = BUF_INIT(BOX_MAX);

    if (labelled) {
        buf_add(&plain, label, sizeof(label));
        buf_add(&plain, zero, sizeof(zero));
    }
    buf_add_str(&plain, content);
    BUG_ON(ecies_seal_with(key->pub, one, zero, buf_str(&plain), &box, NULL));
    buf_addz(out, "{\"ciphertext_sha256\":\"");
    for (size_t i = 0; i < 64; i++)
        buf_add_byte(out, 'a');
    buf_addz(out, "\",\"sealed_secrets\":\"");
    base64_put(out, box.ptr, box.len);
    buf_addz(out, "\"}");
    buf_release(&plain);
    buf_release(&box);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[32] = {7}, nonce[32];
    static const unsigned status[] = {200, 400, 403, 404, 500};
    struct buf text = BUF_INIT(4 * BOX_MAX), why = WHY_INIT;
    struct secret_env got = SECRET_ENV_NONE;
    struct env env = {.n = 0};
    struct x25519_key key;
    struct json doc;

    if (!size || size > SECRETS_TEXT_MAX)
        return 0;
    x25519_from_secret(secret, &key);
    if (data[0] < 2)
        sealed(&key, str_from(data + 1, size - 1), data[0], &text);
    else
        buf_add(&text, data + 1, size - 1);
    if (json_parse(buf_str(&text), &doc, NULL)) {
        enum err e =
            secrets_read(&key, data[0] < 2 ? 200 : status[data[0] % 5], doc, nonce, &got, &why);

        BUG_ON(e && (got.room || !why.len));
        BUG_ON(!e && data[0] == 0); /* without label and nonce */
        for (size_t i = 0; i < got.n; i++)
            BUG_ON(secret_name_reserved(got.var[i].name) || !got.var[i].name.len ||
                   memchr(got.var[i].value.ptr, 0, got.var[i].value.len));
        secrets_add(&env, &got);
    }
    secret_env_release(&got);
    buf_release(&text);
    buf_release(&why);
    return 0;
}
