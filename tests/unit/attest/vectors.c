#include "vectors.h"

#include "base/file.h"
#include "codec/hex.h"
#include "crypto/p256.h"
#include "crypto/p256_plain.h"

struct str vector_named(struct arena *a, struct str name)
{
    struct buf path = BUF_INIT(4096), all = BUF_INIT(VECTOR_MAX), why = WHY_INIT;
    struct str s;

    buf_addf(&path, "%s/vectors/tdx/%.*s", TESTS_DIR, STR_ARG(name));
    if (file_read(buf_z(&path), &all, &why))
        fail_msg("%s", buf_z(&why));
    s = arena_str(a, buf_str(&all));
    buf_release(&path);
    buf_release(&all);
    return s;
}

struct str vector_file(struct arena *a, const char *name)
{
    return vector_named(a, str_of(name));
}

struct str vector_collateral(struct arena *a, struct str name)
{
    struct buf path = BUF_INIT(256);
    struct str s;

    buf_addf(&path, "collateral/%.*s.json", STR_ARG(name));
    s = vector_named(a, buf_str(&path));
    buf_release(&path);
    return s;
}

struct json vector_expected(void)
{
    static struct arena a;
    static struct json all;

    if (!all.text.ptr && !json_parse(vector_file(&a, "expected.json"), &all, NULL))
        fail_msg("expected.json is no JSON");
    return all;
}

struct str vector_hex(struct arena *a, struct json v)
{
    struct str text;
    char *bytes;

    if (!json_plain(v, &text))
        fail_msg("no hex text");
    bytes = arena_alloc(a, text.len / 2 + 1);
    assert_true(hex_get(text, bytes, text.len / 2));
    return str_from(bytes, text.len / 2);
}

struct str vector_text(struct json object, const char *key)
{
    struct str s;

    if (!json_plain(json_get(object, key), &s))
        fail_msg("'%s' is no plain text", key);
    return s;
}

/* Both P-256 in one: they must agree on whatever a test comes up with. */
static bool p256_both(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64])
{
    bool ok = p256_verify(key, digest, sig);

    if (p256_plain_verify(key, digest, sig) != ok)
        fail_msg("the two P-256 disagree: OpenSSL says %d", ok);
    return ok;
}

static void hash(struct str bytes, uint8_t out[32])
{
    attest_crypto_native.sha256(bytes, out);
}

const struct attest_crypto vector_crypto = {.p256_verify = p256_both, .sha256 = hash};

enum attest_code vector_verify(struct arena *a, struct str quote, struct str collateral, int64_t at,
                               struct attest_verdict *v)
{
    struct collateral *c = arena_new(a, struct collateral);
    bool ok = collateral_read(collateral, a, c, NULL) == ERR_OK;
    struct attest_input in = {
        .quote = quote, .collateral = ok ? c : NULL, .at = at, .crypto = &vector_crypto};

    return attest_verify(&in, a, v);
}

struct str vector_with(struct arena *a, struct str collateral, const char *field, struct str value)
{
    struct buf b = BUF_INIT(VECTOR_MAX);
    struct json object;
    struct json_iter it;
    struct str s;

    assert_true(json_parse(collateral, &object, NULL));
    json_obj(&b);
    it = json_iter(object);
    while (json_next(&it)) {
        bool this = json_str_eq(it.key, str_of(field));

        json_key_str(&b, str_head(str_skip(it.key.text, 1), it.key.text.len - 2));
        if (this)
            json_put_str(&b, value);
        else
            json_put_raw(&b, it.value.text);
    }
    json_obj_end(&b);
    s = arena_str(a, buf_str(&b));
    buf_release(&b);
    return s;
}
