#include "signcalls.h"

#include <stdlib.h>
#include <string.h>

#include "codec/hex.h"
#include "crypto/ed25519.h"
#include "crypto/mldsa65.h"
#include "curvecalls.h"

#define SIGNED_MAX 16
#define MSG_MAX    512

struct signed_ {
    uint8_t key[MLDSA65_KEY], sig[MLDSA65_SIG], msg[MSG_MAX];
    size_t key_len, sig_len, msg_len;
};

static struct signed_ mldsa[SIGNED_MAX];
static size_t n_mldsa;
static uint64_t state = 1;

static uint64_t random_(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % n;
}

void signcalls_seed(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15ULL | 1;
}

static size_t unhex(struct str h, uint8_t *out, size_t max)
{
    BUG_ON(h.len / 2 > max || !hex_get(h, out, h.len / 2));
    return h.len / 2;
}

void signcalls_add(struct str line)
{
    struct signed_ *s = &mldsa[n_mldsa];
    struct str key, msg;

    if (n_mldsa == SIGNED_MAX)
        return;
    line = str_cut(line, ' ', &key);
    line = str_cut(line, ' ', &msg);
    s->key_len = unhex(key, s->key, sizeof s->key);
    s->msg_len = unhex(msg, s->msg, sizeof s->msg);
    s->sig_len = unhex(line, s->sig, sizeof s->sig);
    n_mldsa++;
}

/* ------------------------------------------------------------------ Ed25519 */

/* Every encoding of a point of small order that a lenient reader takes, and some of none. */
static const char *const small[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0200000000000000000000000000000000000000000000000000000000000000",
};

static void draw_ed25519(struct signed_ *s)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct ed25519_key k;
    struct ed25519_sig sig;
    uint8_t seed[32];
    unsigned carry = 0;

    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)random_(256);
    ed25519_from_seed(seed, &k);
    s->key_len = sizeof k.pub.b;
    s->sig_len = sizeof sig.b;
    s->msg_len = random_(40);
    for (size_t i = 0; i < s->msg_len; i++)
        s->msg[i] = (uint8_t)random_(256);
    sig = ed25519_sign(&k, str_from(s->msg, s->msg_len));
    memcpy(s->key, k.pub.b, 32);
    memcpy(s->sig, sig.b, 64);
    switch (random_(6)) {
    case 0: /* as it is */
        return;
    case 1: /* s + order */
        for (size_t i = 0; i < 32; i++) {
            carry += (unsigned)s->sig[32 + i] + order[i];
            s->sig[32 + i] = (uint8_t)carry;
            carry >>= 8;
        }
        return;
    case 2: /* the order itself as s */
        memcpy(s->sig + 32, order, 32);
        return;
    default: /* 0·B - H·A = R with A and R of small order: true for one message in eight */
        unhex(str_of(small[random_(countof(small))]), s->key, 32);
        unhex(str_of(small[random_(countof(small))]), s->sig, 32);
        memset(s->sig + 32, 0, 32);
        if (random_(8) == 0)
            s->sig[32] = 1;
    }
}

/* ------------------------------------------------------------------ P-256 */

/* Key, digest and signature; y odd and even, above and below (p-1)/2. Made with openssl(1). */
static const char *const p256[][3] = {
    {"02f67c0db8574f9932a3608f2f704c508a02960d9666349b2fe8f00492a8e00a"
     "7f",
     "fec01c4cf0c9bdaec09f9aaea5d7e7d0105cfb9d2c95fd86e37d4de2c57048ed",
     "653a112cb0537af38b6f851a412c8847f019e95dd3ddcff184a24815c247a80f"
     "69b1744dbc87764fabf0c2959ac8a59721b3e85d2b517ed95b571cc0ac384c38"},
    {"0293cad530afe5b8388379efb4cdc94a93918621b1e791a1c939fd3e1d415b39"
     "d1",
     "3eaa54e6d52b0b42ee1e8813fe37d633c3f8879153dc496a20d8bb97714ae4e4",
     "0a22c2a7ac14e4d12e2cb736a07cb8729951fcc62467e305c87daf304878a1db"
     "0da34c9c692636956e1a3def3ce894249a0468bdf1792c240e92f2b5c90eb6ff"},
    {"0395e94c33aaccaee8966a36e35f30edbc1e124f31d7c6bbd3929dec57be0141"
     "39",
     "9a10f944fcd24a2875028e0a2d464dd071651384b40eb77fd37b076825bfad3f",
     "73f7f07d0b1eb6e464db3fb11ffdc2d923d9449b61f1f54db2e32f959ed3b73a"
     "7132286afa09f20c9b3275c31990974d1e988a577f6f05543b27efca34e07ab0"},
    {"035738a1319ba1276c195232bddd0116b96a2520a7d5ef4a279db70f4cccecbf"
     "0e",
     "807ad0d41a8e5e56e0ce4f5216ce79c5f61eb2160a039ebef922e53fabee1cb5",
     "597fdcff2b16c685c93de2a7eb4b61473d08c1b17dc890188f5bb33fd2696c06"
     "5cc0aaa221b8993bec523a8ca6c4285509f3558c464d14eff484d834f74f591e"}};

static void draw_p256(struct signed_ *s)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                      0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    const char *const *v = p256[random_(countof(p256))];
    unsigned borrow = 0;

    s->key_len = unhex(str_of(v[0]), s->key, 33);
    s->msg_len = unhex(str_of(v[1]), s->msg, 32);
    s->sig_len = unhex(str_of(v[2]), s->sig, 64);
    if (random_(3) == 0)
        s->key[0] = 5;
    if (random_(20) == 0)
        s->key[0] = (uint8_t)random_(7);
    if (random_(3) == 0) { /* order - s, as good */
        for (size_t i = 32; i-- > 0;) {
            unsigned d = 256U + order[i] - s->sig[32 + i] - borrow;

            s->sig[32 + i] = (uint8_t)d;
            borrow = d < 256;
        }
    }
    if (random_(20) == 0)
        memcpy(s->sig + (random_(2) == 0 ? 0 : 32), order, 32);
    if (random_(6) == 0)
        s->msg_len += random_(20);
}

/* ------------------------------------------------------------------ all of them */

static void spoil(uint8_t *p, size_t *n)
{
    if (*n == 0)
        return;
    switch (random_(24)) {
    case 0:
    case 1:
    case 2:
        p[random_(*n)] ^= (uint8_t)(1 << random_(8));
        return;
    case 3:
        *n -= 1 + random_(*n < 3 ? *n : 3);
        return;
    default:
        return;
    }
}

bool signcall_draw(const char *name, struct buf *bytes, uint64_t *args)
{
    static struct signed_ s;

    if (strcmp(name, "ed25519_verify") == 0)
        draw_ed25519(&s);
    else if (strcmp(name, "p256_verify") == 0)
        draw_p256(&s);
    else if (strcmp(name, "ml_dsa_verify") == 0 && n_mldsa > 0)
        s = mldsa[random_(n_mldsa)];
    else
        return false;
    spoil(s.key, &s.key_len);
    spoil(s.msg, &s.msg_len);
    spoil(s.sig, &s.sig_len);
    if (s.sig_len > 3300 && random_(8) == 0) /* the hint, which has one right way to be written */
        s.sig[s.sig_len - 1 - random_(61)] ^= (uint8_t)(1 << random_(6));
    buf_add(bytes, s.sig, s.sig_len);
    buf_add(bytes, s.msg, s.msg_len);
    buf_add(bytes, s.key, s.key_len);
    args[0] = s.sig_len;
    args[1] = CURVECALL_AT;
    args[2] = s.msg_len;
    args[3] = CURVECALL_AT + s.sig_len;
    args[4] = s.key_len;
    args[5] = CURVECALL_AT + s.sig_len + s.msg_len;
    return true;
}
