/* ed25519.c — see ed25519.h. */
#include "crypto/ed25519.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base58.h"

#define PREFIX STR("ed25519:")

void crypto_init(void)
{
    if (sodium_init() < 0)
        BUG("libsodium cannot start");
}

static void set_pub(struct ed25519_key *k)
{
    memcpy(k->pub.b, k->secret + 32, 32);
}

void ed25519_generate(struct ed25519_key *out)
{
    crypto_sign_ed25519_keypair(out->pub.b, out->secret);
}

void ed25519_from_seed(const uint8_t seed[32], struct ed25519_key *out)
{
    crypto_sign_ed25519_seed_keypair(out->pub.b, out->secret, seed);
}

struct ed25519_sig ed25519_sign(const struct ed25519_key *k, struct str msg)
{
    struct ed25519_sig sig;

    crypto_sign_ed25519_detached(sig.b, NULL, (const uint8_t *)msg.ptr, msg.len, k->secret);
    return sig;
}

bool ed25519_verify(const struct ed25519_pub *pub, struct str msg, const struct ed25519_sig *sig)
{
    return crypto_sign_ed25519_verify_detached(sig->b, (const uint8_t *)msg.ptr, msg.len, pub->b) ==
           0;
}

void ed25519_wipe(struct ed25519_key *k)
{
    mem_wipe(k, sizeof(*k));
}

void random_bytes(void *out, size_t n)
{
    randombytes_buf(out, n);
}

/* "ed25519:" in any case, or nothing; another curve's name is refused. */
static bool strip_prefix(struct str text, struct str *rest)
{
    struct str head;
    struct str tail = str_cut(text, ':', &head);

    if (head.len == text.len) {
        *rest = text;
        return true;
    }
    *rest = tail;
    return head.len == 7 && strncasecmp(head.ptr, "ed25519", 7) == 0;
}

void ed25519_pub_put(struct buf *out, const struct ed25519_pub *p)
{
    buf_add_str(out, PREFIX);
    base58_put(out, p->b, sizeof(p->b));
}

bool ed25519_pub_get(struct str text, struct ed25519_pub *out)
{
    struct str rest;

    return strip_prefix(text, &rest) && base58_get(rest, out->b, sizeof(out->b));
}

void ed25519_secret_put(struct buf *out, const struct ed25519_key *k)
{
    buf_add_str(out, PREFIX);
    base58_put(out, k->secret, sizeof(k->secret));
}

bool ed25519_secret_get(struct str text, struct ed25519_key *out)
{
    struct ed25519_key k;
    uint8_t pair[64];
    struct str rest;
    bool ok;

    if (!strip_prefix(text, &rest))
        return false;
    ok = base58_get(rest, pair, 64);
    if (ok) {
        ed25519_from_seed(pair, &k);
        /* the stored public half must be the seed's own */
        ok = mem_eq_secret(k.secret, pair, 64);
    } else if (base58_get(rest, pair, 32)) { /* a bare seed */
        ed25519_from_seed(pair, &k);
        ok = true;
    }
    if (ok) {
        *out = k;
        set_pub(out);
    }
    mem_wipe(pair, sizeof(pair));
    ed25519_wipe(&k);
    return ok;
}

void ed25519_sig_put(struct buf *out, const struct ed25519_sig *s)
{
    buf_add_str(out, PREFIX);
    base58_put(out, s->b, sizeof(s->b));
}
