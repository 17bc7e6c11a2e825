/* body_storage.c — bodies about storage; see bodies.h. Bytes come as base64 or as numbers. */
#include "codec/base64.h"
#include "coordinator/bodies.h"
#include "coordinator/member.h"

#define VALUE_ROOM (STORAGE_VALUE_MAX + STORAGE_SEALED_MORE)
#define KEY_ROOM   (STORAGE_KEY_MAX + STORAGE_SEALED_MORE)
#define BATCH_MAX  50

static bool numbers(struct json v, struct buf *out)
{
    uint32_t n;

    if (json_type(v) != JSON_ARRAY)
        return false;
    for (struct json_iter it = json_iter(v); json_next(&it);) {
        if (!json_u32(it.value, &n) || n > 255)
            return false;
        buf_add_byte(out, (uint8_t)n);
    }
    return true;
}

static enum err bytes(struct json body, const char *name, size_t max, struct arena *a,
                      struct str *out, struct buf *why)
{
    struct json v = json_get(body, name);
    struct buf b = BUF_INIT(max);
    struct str s;
    enum err e = ERR_OK;

    if (!(json_plain(v, &s) ? base64_get(s, &b) : numbers(v, &b)))
        e = err_put(why, b.full ? ERR_TOO_BIG : ERR_FORMAT,
                    "'%s' is missing, no bytes, or has more than %zu", name, max);
    else if (b.full)
        e = err_put(why, ERR_TOO_BIG, "'%s' has more than %zu bytes", name, max);
    else
        *out = arena_str(a, b.len ? buf_str(&b) : STR(""));
    buf_release(&b);
    return e;
}

static enum err hash(struct json body, const char *name, struct hash256 *out, struct buf *why)
{
    return member_hash(json_get(body, name), out)
               ? ERR_OK
               : err_put(why, ERR_FORMAT, "'%s' is missing or not 64 hexadecimal digits", name);
}

enum err put_body(struct json body, enum when when, bool is_shared, struct arena *a,
                  struct put *out, struct buf *why)
{
    const char *key = when == WHEN_EQUAL ? "new_encrypted_key" : "encrypted_key";
    const char *value = when == WHEN_EQUAL ? "new_encrypted_value" : "encrypted_value";
    struct json sealed = json_get(body, "is_encrypted");
    struct put p = {.when = when};
    bool is_sealed = true;
    enum err e = hash(body, "key_hash", &p.record.key_hash, why);

    if (!e)
        e = hash(body, "wasm_hash", &p.record.wasm, why);
    if (!e)
        e = bytes(body, key, KEY_ROOM, a, &p.record.key, why);
    if (!e)
        e = bytes(body, value, VALUE_ROOM, a, &p.record.value, why);
    if (!e && when == WHEN_EQUAL)
        e = bytes(body, "expected_encrypted_value", VALUE_ROOM, a, &p.expected, why);
    if (!e && !json_is_null(sealed) && !json_bool(sealed, &is_sealed))
        e = err_put(why, ERR_FORMAT, "'is_encrypted' is neither true nor false");
    if (!e && !is_sealed && !is_shared)
        e = err_put(why, ERR_DENIED, "only records of the worker's area may be public");
    p.record.is_public = !is_sealed;
    if (!e)
        *out = p;
    return e;
}

bool keys_body(struct json keys, struct buf *why)
{
    struct str text;

    if (json_type(keys) != JSON_ARRAY || !json_count(keys)) {
        buf_addz(why, "No keys provided");
        return false;
    }
    if (json_count(keys) > BATCH_MAX) {
        buf_addz(why, "Maximum 50 keys allowed per request");
        return false;
    }
    for (struct json_iter it = json_iter(keys); json_next(&it);) {
        text = it.value.text;
        if (json_type(it.value) != JSON_STRING) {
            buf_addz(why, "A key is no text");
            return false;
        }
        if (json_str_len(it.value) > STORAGE_KEY_MAX) {
            buf_addf(why, "Key too long: %.*s", STR_ARG(str_head(str_skip(text, 1), 100)));
            return false;
        }
    }
    return true;
}
