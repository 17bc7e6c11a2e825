/* Hashes and signatures. */
#include <string.h>

#include "crypto/curves.h"
#include "crypto/ed25519_loose.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "crypto/mldsa65.h"
#include "crypto/ripemd160.h"
#include "vm/host_fns.h"

/* ------------------------------------------------------------------ hashes */

static void sha2_256(struct str s, uint8_t *out)
{
    struct hash256 h = sha256(s);

    memcpy(out, h.b, sizeof h.b);
}

struct hash_fn {
    enum ext_cost base, byte;
    void (*run)(struct str s, uint8_t *out);
    size_t len;
};

static bool hash(struct host *h, const struct hash_fn *f, const uint64_t *a)
{
    uint8_t out[64];
    struct str s = STR_NONE;

    if (!gas_pay(h, f->base) || !host_read(h, a[0], a[1], &s) || !gas_pay_per(h, f->byte, s.len))
        return false;
    f->run(s, out);
    return host_set(h, a[2], str_from(out, f->len));
}

#define HASH(name, cost, fn, n)                                                                    \
    bool host_##name(struct host *h, const uint64_t *a, uint64_t *r)                               \
    {                                                                                              \
        static const struct hash_fn f = {EXT_##cost##_base, EXT_##cost##_byte, fn, n};             \
                                                                                                   \
        (void)r;                                                                                   \
        return hash(h, &f, a);                                                                     \
    }

HASH(sha256, sha256, sha2_256, 32)
HASH(keccak256, keccak256, keccak256, 32)
HASH(keccak512, keccak512, keccak512, 64)
HASH(sha3_256, sha3_256, sha3_256, 32)
HASH(sha3_384, sha3_384, sha3_384, 48)
HASH(sha3_512, sha3_512, sha3_512, 64)

bool host_ripemd160(struct host *h, const uint64_t *a, uint64_t *r)
{
    uint8_t out[20];
    struct str s = STR_NONE;

    (void)r;
    if (!gas_pay(h, EXT_ripemd160_base) || !host_read(h, a[0], a[1], &s) ||
        !gas_pay_per(h, EXT_ripemd160_block, (s.len + 8) / 64 + 1))
        return false;
    ripemd160(s, out);
    return host_set(h, a[2], str_from(out, sizeof out));
}

/* ------------------------------------------------------------------ signatures */

static bool ecrecover_error(struct host *h, const char *before, uint64_t n, const char *after)
{
    struct buf b = BUF_INIT(256);
    struct str msg;

    buf_addf(&b, "%s%llu%s", before, (unsigned long long)n, after);
    msg = arena_str(h->a, buf_str(&b));
    buf_release(&b);
    return host_fail_text(h, "ECRecoverError", "msg", msg, "ECDSA recover error: ");
}

bool host_ecrecover(struct host *h, const uint64_t *a, uint64_t *r)
{
    uint8_t hash32[32], sig64[64], key[64];
    struct str sig = STR_NONE, digest = STR_NONE;
    uint64_t v = a[4], flag = a[5];

    if (!gas_pay(h, EXT_ecrecover_base) || !host_read(h, a[2], a[3], &sig))
        return false;
    if (sig.len != 64)
        return ecrecover_error(h, "The length of the signature: ", sig.len,
                               ", exceeds the limit of 64 bytes");
    memcpy(sig64, sig.ptr, sizeof sig64);
    if (v > 3)
        return ecrecover_error(h, "V recovery byte 0 through 3 are valid but was provided ", v, "");
    if (!host_read(h, a[0], a[1], &digest))
        return false;
    if (digest.len != 32)
        return ecrecover_error(h, "The length of the hash: ", digest.len,
                               ", exceeds the limit of 32 bytes");
    memcpy(hash32, digest.ptr, sizeof hash32);
    if (flag > 1)
        return ecrecover_error(h, "Malleability flag needs to be 0 or 1, but is instead ", flag,
                               "");
    if (!secp256k1_recover_key(hash32, sig64, (unsigned)v, flag == 1, key))
        return true;
    *r = 1;
    return host_set(h, a[6], str_from(key, sizeof key));
}

static bool wrong_length(struct host *h, const char *debug, const char *what, const char *prefix)
{
    return host_fail_text(h, debug, "msg", str_of(what), prefix);
}

bool host_ed25519_verify(struct host *h, const uint64_t *a, uint64_t *r)
{
    static const char debug[] = "Ed25519VerifyInvalidInput";
    static const char prefix[] = "ED25519 signature verification error: ";
    struct ed25519_sig sig;
    struct ed25519_pub key;
    struct str s = STR_NONE, msg = STR_NONE, k = STR_NONE;

    if (!gas_pay(h, EXT_ed25519_verify_base) || !host_read(h, a[0], a[1], &s))
        return false;
    if (s.len != sizeof sig.b)
        return wrong_length(h, debug, "invalid signature length", prefix);
    if (((uint8_t)s.ptr[63] & 0xe0) != 0)
        return true; /* before anything else is read or paid */
    memcpy(sig.b, s.ptr, sizeof sig.b);
    if (!host_read(h, a[2], a[3], &msg) || !gas_pay_per(h, EXT_ed25519_verify_byte, msg.len) ||
        !host_read(h, a[4], a[5], &k))
        return false;
    if (k.len != sizeof key.b)
        return wrong_length(h, debug, "invalid public key length", prefix);
    memcpy(key.b, k.ptr, sizeof key.b);
    *r = ed25519_verify_loose(&key, msg, &sig);
    return true;
}

bool host_p256_verify(struct host *h, const uint64_t *a, uint64_t *r)
{
    static const char debug[] = "P256VerifyInvalidInput";
    static const char prefix[] = "P256 signature verification error: ";
    uint8_t sig[64], key[33];
    struct str s = STR_NONE, msg = STR_NONE, k = STR_NONE;

    if (!gas_pay(h, EXT_p256_verify_base) || !host_read(h, a[0], a[1], &s))
        return false;
    if (s.len != sizeof sig)
        return wrong_length(h, debug, "invalid signature length", prefix);
    memcpy(sig, s.ptr, sizeof sig);
    if (!p256_signature_ok(sig))
        return true;
    if (!host_read(h, a[2], a[3], &msg) || !gas_pay_per(h, EXT_p256_verify_byte, msg.len) ||
        !host_read(h, a[4], a[5], &k))
        return false;
    if (k.len != sizeof key)
        return wrong_length(h, debug, "invalid public key length", prefix);
    memcpy(key, k.ptr, sizeof key);
    *r = p256_verify_digest(sig, msg, key);
    return true;
}

static bool mldsa_length(struct host *h, const char *what, size_t expected, size_t received)
{
    struct buf b = BUF_INIT(256);

    if (expected == received)
        return true;
    buf_addf(&b, "invalid %s length: expected the input of %zu bytes, but %zu was given", what,
             expected, received);
    host_fail_text(h, "MlDsaVerifyInvalidInput", "msg", arena_str(h->a, buf_str(&b)),
                   "ML-DSA-65 signature verification error: ");
    buf_release(&b);
    return false;
}

bool host_ml_dsa_verify(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str s = STR_NONE, msg = STR_NONE, k = STR_NONE;

    /* Nothing writes to memory or registers meanwhile: what is borrowed stays. */
    if (!gas_pay(h, EXT_ml_dsa_verify_base) || !host_read(h, a[0], a[1], &s) ||
        !mldsa_length(h, "signature", MLDSA65_SIG, s.len) || !host_read(h, a[2], a[3], &msg) ||
        !gas_pay_per(h, EXT_ml_dsa_verify_byte, msg.len) || !host_read(h, a[4], a[5], &k) ||
        !mldsa_length(h, "key", MLDSA65_KEY, k.len))
        return false;
    *r = mldsa65_verify((const uint8_t *)k.ptr, msg, (const uint8_t *)s.ptr);
    return true;
}
