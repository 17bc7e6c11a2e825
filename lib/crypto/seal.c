/* seal.c — see seal.h. */
#include "crypto/seal.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "codec/wire.h"
#include "crypto/derive.h"

#define MAGIC         STR("OLSEAL01")
#define SALT_BYTES    crypto_pwhash_SALTBYTES
#define NONCE_BYTES   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES     crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEAD_BYTES    (8 + 1 + SALT_BYTES + 4 + 4 + NONCE_BYTES)
#define OPERATIONS    3u
#define OPERATION_MAX 16u
#define MEMORY_KIB    65536u
#define MEMORY_MAX    1048576u
#define INFO          STR("outlayer-seal-v1")

struct head {
    uint8_t lock;
    const uint8_t *salt, *nonce;
    uint32_t operations, memory_kib;
};

static enum err key_of(const struct head *h, struct str key, uint8_t out[32], struct buf *why)
{
    if (h->lock == SEAL_KEY_FILE) {
        hkdf_sha256(str_from(h->salt, SALT_BYTES), key, INFO, out);
        return ERR_OK;
    }
    if (crypto_pwhash(out, 32, key.ptr, key.len, h->salt, h->operations,
                      (size_t)h->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return err_put(why, ERR_IO, "there is not enough memory to derive a key from a passphrase");
    return ERR_OK;
}

static enum err key_check(enum seal_lock lock, struct str key, struct buf *why)
{
    size_t min = lock == SEAL_KEY_FILE ? SEAL_KEY_MIN : SEAL_PHRASE_MIN;

    if (key.len < min || key.len > SEAL_KEY_MAX)
        return err_put(why, ERR_RANGE, "a %s has %zu to %d bytes, this one has %zu",
                       lock == SEAL_KEY_FILE ? "sealing key" : "passphrase", min, SEAL_KEY_MAX,
                       key.len);
    return ERR_OK;
}

enum err seal_make(enum seal_lock lock, struct str key, struct str plain, struct buf *out,
                   struct buf *why)
{
    uint8_t salt[SALT_BYTES], nonce[NONCE_BYTES], k[32], *box;
    char head_room[HEAD_BYTES + 1];
    struct buf head = BUF_OVER(head_room);
    struct head h = {(uint8_t)lock, salt, nonce, 0, 0};
    enum err e = key_check(lock, key, why);

    if (e)
        return e;
    if (lock == SEAL_PASSPHRASE) {
        h.operations = OPERATIONS;
        h.memory_kib = MEMORY_KIB;
    }
    randombytes_buf(salt, sizeof(salt));
    randombytes_buf(nonce, sizeof(nonce));
    buf_add_str(&head, MAGIC);
    wr_u8(&head, h.lock);
    buf_add(&head, salt, sizeof(salt));
    wr_u32(&head, h.operations);
    wr_u32(&head, h.memory_kib);
    buf_add(&head, nonce, sizeof(nonce));
    e = key_of(&h, key, k, why);
    if (e)
        return e;
    buf_add_str(out, buf_str(&head));
    box = (uint8_t *)buf_room(out, plain.len + TAG_BYTES);
    if (box)
        crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, (const uint8_t *)plain.ptr, plain.len,
                                                   (const uint8_t *)head.ptr, head.len, NULL, nonce,
                                                   k);
    else
        e = err_put(why, ERR_TOO_BIG, "there is no room for what is to be sealed");
    mem_wipe(k, sizeof(k));
    return e;
}

enum err seal_open(enum seal_lock lock, struct str key, struct str sealed, struct buf *out,
                   struct buf *why)
{
    struct rd r = rd_over(sealed);
    struct str magic = rd_fixed(&r, MAGIC.len);
    struct head h = {.lock = rd_u8(&r)};
    uint8_t k[32], *to;
    size_t n, before = out->len;
    enum err e;

    h.salt = (const uint8_t *)rd_fixed(&r, SALT_BYTES).ptr;
    h.operations = rd_u32(&r);
    h.memory_kib = rd_u32(&r);
    h.nonce = (const uint8_t *)rd_fixed(&r, NONCE_BYTES).ptr;
    if (r.bad || !str_eq(magic, MAGIC) || rd_left(&r) < TAG_BYTES)
        return err_put(why, ERR_FORMAT, "this is no sealed file");
    if (h.lock != lock)
        return err_put(why, ERR_FORMAT, "the file is sealed with a %s",
                       h.lock == SEAL_KEY_FILE ? "key file" : "passphrase");
    if (lock == SEAL_PASSPHRASE && (h.operations < 1 || h.operations > OPERATION_MAX ||
                                    h.memory_kib < 8 || h.memory_kib > MEMORY_MAX))
        return err_put(why, ERR_FORMAT, "the file asks for an absurd effort to open it");
    e = key_check(lock, key, why);
    if (!e)
        e = key_of(&h, key, k, why);
    if (e)
        return e;
    n = rd_left(&r) - TAG_BYTES;
    to = (uint8_t *)buf_room(out, n);
    if (!to) {
        e = err_put(why, ERR_TOO_BIG, "what is sealed is larger than it may be");
    } else if (crypto_aead_xchacha20poly1305_ietf_decrypt(
                   to, NULL, NULL, (const uint8_t *)sealed.ptr + HEAD_BYTES, n + TAG_BYTES,
                   (const uint8_t *)sealed.ptr, HEAD_BYTES, h.nonce, k) != 0) {
        mem_wipe(to, n);
        out->len = before;
        e = err_put(why, ERR_DENIED, "the key does not open it, or it was changed");
    }
    mem_wipe(k, sizeof(k));
    return e;
}
