/* mac.c — see mac.h. */
#include "crypto/mac.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "crypto/ed25519.h"

static enum err key_read(const char *path, struct mac_key *out, struct buf *why)
{
    struct buf text = BUF_INIT(sizeof(out->b));
    enum err e = file_read(path, &text, why);

    if (e == ERR_TOO_BIG || (e == ERR_OK && text.len != sizeof(out->b)))
        e = err_put(why, ERR_FORMAT,
                    "the key file '%s' does not hold %zu bytes; remove it to get a new one", path,
                    sizeof(out->b));
    if (e == ERR_OK)
        memcpy(out->b, text.ptr, sizeof(out->b));
    buf_wipe(&text);
    return e;
}

enum err mac_key_load(const char *path, struct mac_key *out, struct buf *why)
{
    char tmp[4096];
    struct buf name = BUF_OVER(tmp);
    struct mac_key k;
    enum err e;

    crypto_init();
    e = key_read(path, out, why);
    if (e != ERR_ABSENT)
        return e;
    /* A whole file appears under its name at once and never replaces another's. */
    mac_key_new(&k);
    buf_addf(&name, "%s.%ld", path, (long)getpid());
    if (name.full)
        return err_put(why, ERR_RANGE, "the path of the key file '%s' is too long", path);
    e = file_write_atomic(tmp, str_from(k.b, sizeof(k.b)), 0600, why);
    mac_key_wipe(&k);
    if (e)
        return e;
    if (link(tmp, path) < 0 && errno != EEXIST)
        e = err_sys(why, "make the key file '%s'", path);
    unlink(tmp);
    return e ? e : key_read(path, out, why);
}

void mac_key_new(struct mac_key *out)
{
    crypto_init();
    randombytes_buf(out->b, sizeof(out->b));
}

void mac_key_wipe(struct mac_key *k)
{
    mem_wipe(k->b, sizeof(k->b));
}

static void one_time_key(const struct mac_key *k, const struct mac *m, struct str label,
                         uint8_t out[crypto_onetimeauth_KEYBYTES])
{
    crypto_generichash_state st;

    crypto_generichash_init(&st, k->b, sizeof(k->b), crypto_onetimeauth_KEYBYTES);
    crypto_generichash_update(&st, m->nonce, sizeof(m->nonce)); /* of one length, so no seams */
    crypto_generichash_update(&st, (const uint8_t *)label.ptr, label.len);
    crypto_generichash_final(&st, out, crypto_onetimeauth_KEYBYTES);
    mem_wipe(&st, sizeof(st));
}

struct mac mac_make(const struct mac_key *k, struct str label, struct str bytes)
{
    uint8_t key[crypto_onetimeauth_KEYBYTES];
    struct mac m;

    randombytes_buf(m.nonce, sizeof(m.nonce));
    one_time_key(k, &m, label, key);
    crypto_onetimeauth(m.tag, (const uint8_t *)bytes.ptr, bytes.len, key);
    mem_wipe(key, sizeof(key));
    return m;
}

bool mac_check(const struct mac *m, const struct mac_key *k, struct str label, struct str bytes)
{
    uint8_t key[crypto_onetimeauth_KEYBYTES];
    bool ok;

    one_time_key(k, m, label, key);
    ok = crypto_onetimeauth_verify(m->tag, (const uint8_t *)bytes.ptr, bytes.len, key) == 0;
    mem_wipe(key, sizeof(key));
    return ok;
}
