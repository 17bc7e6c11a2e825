/* box.c — see box.h. */
#include "crypto/box.h"

#include <sodium.h>

#include "base/mem.h"

#define VERSION     1
#define NONCE_BYTES 24

void box_key_wipe(struct box_key *k)
{
    mem_wipe(k, sizeof(*k));
}

void box_seal(const struct box_key *k, struct str place, struct str plain, struct buf *out)
{
    uint8_t *to = (uint8_t *)buf_room(out, plain.len + BOX_OVERHEAD);

    if (!to)
        return;
    to[0] = VERSION;
    randombytes_buf(to + 1, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        to + 1 + NONCE_BYTES, NULL, (const uint8_t *)plain.ptr, plain.len,
        (const uint8_t *)place.ptr, place.len, NULL, to + 1, k->b);
}

enum err box_open(const struct box_key *k, struct str place, struct str box, struct buf *out,
                  struct buf *why)
{
    const uint8_t *p = (const uint8_t *)box.ptr;
    size_t before = out->len;
    uint8_t *to;

    if (box.len < BOX_OVERHEAD || p[0] != VERSION)
        return err_put(why, ERR_FORMAT, "these bytes are no sealed box");
    to = (uint8_t *)buf_room(out, box.len - BOX_OVERHEAD);
    if (!to)
        return err_put(why, ERR_TOO_BIG, "there is no room for the plaintext");
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            to, NULL, NULL, p + 1 + NONCE_BYTES, box.len - 1 - NONCE_BYTES,
            (const uint8_t *)place.ptr, place.len, p + 1, k->b) != 0) {
        mem_wipe(to, box.len - BOX_OVERHEAD);
        out->len = before;
        return err_put(why, ERR_DENIED,
                       "the box was sealed with another key, elsewhere, or changed");
    }
    return ERR_OK;
}
