#include "attest/bundle.h"

#include <string.h>

#include "attest/docs.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/put.h"

#define TEXT_MAX (8 * 1024 * 1024) /* of collateral and event log */

/* ------------------------------------------------------------------ writing */

static void put_base64_if(struct buf *b, const char *key, struct str bytes)
{
    if (bytes.ptr)
        put_base64(b, key, bytes);
}

static void put_text_if(struct buf *b, const char *key, struct str text)
{
    if (text.ptr)
        put_str(b, key, text);
}

static void put_anchor(struct buf *b, const struct bundle *in)
{
    json_key(b, "anchor");
    json_obj(b);
    put_base64_if(b, "head", in->head);
    put_hex(b, "signature", str_from(in->head_sig.b, sizeof in->head_sig.b));
    json_key(b, "path");
    json_arr(b);
    for (size_t i = 0; i < in->steps; i++) {
        json_str_open(b);
        hash_put_hex(b, &in->path[i]);
        json_str_close(b);
    }
    json_arr_end(b);
    put_text_if(b, "transaction", in->transaction);
    put_text_if(b, "contract", in->contract);
    if (in->block_height)
        put_u64(b, "block_height", in->block_height);
    json_obj_end(b);
}

void bundle_put(struct buf *b, const struct bundle *in)
{
    struct hash256 h;

    json_obj(b);
    put_text_if(b, "format", STR(BUNDLE_FORMAT));
    put_bool(b, "simulated", in->simulated);
    put_base64_if(b, "statement", in->statement);
    put_hex(b, "signature", str_from(in->sig.b, sizeof in->sig.b));
    json_key(b, "session");
    json_obj(b);
    put_base64_if(b, "manifest", in->manifest);
    put_base64_if(b, "quote", in->quote);
    put_text_if(b, "event_log", in->event_log);
    json_obj_end(b);
    if (in->collateral.ptr) {
        h = sha256(in->collateral);
        put_text_if(b, "collateral", in->collateral);
        put_hex(b, "collateral_sha256", str_from(h.b, sizeof h.b));
    }
    if (in->has_anchor)
        put_anchor(b, in);
    json_key(b, "payload");
    json_obj(b);
    put_base64_if(b, "wasm", in->wasm);
    put_base64_if(b, "input", in->input);
    put_base64_if(b, "stdout", in->stdout_bytes);
    put_base64_if(b, "delivered", in->delivered);
    json_obj_end(b);
    json_obj_end(b);
}

/* ------------------------------------------------------------------ reading */

/* Absent and null leave *out alone. */
static bool get_base64(struct json o, const char *key, size_t max, struct arena *a, struct str *out)
{
    struct json v = json_get(o, key);
    struct buf b = BUF_INIT(max);
    struct str text;
    bool ok = true;

    if (!json_is_null(v)) {
        ok = json_plain(v, &text) && base64_get(text, &b) && !b.full;
        if (ok)
            *out = arena_str(a, buf_str(&b));
    }
    buf_release(&b);
    return ok;
}

static bool get_text(struct json o, const char *key, struct arena *a, struct str *out)
{
    struct json v = json_get(o, key);
    struct buf b = BUF_INIT(TEXT_MAX);
    bool ok = true;

    if (!json_is_null(v)) {
        ok = json_str(v, &b) && !b.full;
        if (ok)
            *out = arena_str(a, buf_str(&b));
    }
    buf_release(&b);
    return ok;
}

static bool get_hex(struct json o, const char *key, void *out, size_t n)
{
    struct str text;

    return json_plain(json_get(o, key), &text) && hex_get(text, out, n);
}

static const char *read_anchor(struct json o, struct arena *a, struct bundle *b)
{
    struct json path = json_get(o, "path");
    struct json_iter it = json_iter(path);
    struct str text;

    if (!get_base64(o, "head", BATCH_HEAD_LEN, a, &b->head) || !b->head.ptr)
        return "head";
    if (!get_hex(o, "signature", b->head_sig.b, sizeof b->head_sig.b))
        return "signature";
    if (json_type(path) != JSON_ARRAY)
        return "path";
    while (json_next(&it))
        if (b->steps == BATCH_PATH_MAX || !json_plain(it.value, &text) ||
            !hash_from_hex(text, &b->path[b->steps++]))
            return "path";
    if (!get_text(o, "transaction", a, &b->transaction))
        return "transaction";
    if (!get_text(o, "contract", a, &b->contract))
        return "contract";
    if (!json_is_null(json_get(o, "block_height")) &&
        !json_u64(json_get(o, "block_height"), &b->block_height))
        return "block_height";
    b->has_anchor = true;
    return NULL;
}

static const char *read_parts(struct json o, struct arena *a, struct bundle *b)
{
    struct json session = json_get(o, "session"), payload = json_get(o, "payload"),
                anchor = json_get(o, "anchor");
    struct hash256 want, got;

    if (!json_str_eq(json_get(o, "format"), STR(BUNDLE_FORMAT)))
        return "format";
    if (!json_is_null(json_get(o, "simulated")) &&
        !json_bool(json_get(o, "simulated"), &b->simulated))
        return "simulated";
    if (!get_base64(o, "statement", STATEMENT_MAX, a, &b->statement) || !b->statement.ptr)
        return "statement";
    if (!get_hex(o, "signature", b->sig.b, sizeof b->sig.b))
        return "signature";
    if (!get_base64(session, "manifest", MANIFEST_MAX, a, &b->manifest) || !b->manifest.ptr)
        return "session.manifest";
    if (!get_base64(session, "quote", QUOTE_MAX, a, &b->quote) || !b->quote.ptr)
        return "session.quote";
    if (!get_text(session, "event_log", a, &b->event_log))
        return "session.event_log";
    if (!get_text(o, "collateral", a, &b->collateral))
        return "collateral";
    got = sha256(b->collateral);
    if (b->collateral.ptr &&
        (!get_hex(o, "collateral_sha256", want.b, sizeof want.b) || !hash_eq(&want, &got)))
        return "collateral_sha256";
    if (!get_base64(payload, "wasm", BUNDLE_PAYLOAD_MAX, a, &b->wasm))
        return "payload.wasm";
    if (!get_base64(payload, "input", BUNDLE_PAYLOAD_MAX, a, &b->input))
        return "payload.input";
    if (!get_base64(payload, "stdout", BUNDLE_PAYLOAD_MAX, a, &b->stdout_bytes))
        return "payload.stdout";
    if (!get_base64(payload, "delivered", BUNDLE_PAYLOAD_MAX, a, &b->delivered))
        return "payload.delivered";
    return json_is_null(anchor) ? NULL : read_anchor(anchor, a, b);
}

enum err bundle_read(struct str json, struct arena *a, struct bundle *out, struct buf *why)
{
    struct bundle b = {0};
    struct json object;
    const char *wrong;

    if (json.len > BUNDLE_MAX)
        return err_put(why, ERR_TOO_BIG, "the bundle has more than %u bytes", BUNDLE_MAX);
    if (!json_parse(json, &object, NULL) || json_type(object) != JSON_OBJECT ||
        !json_strict(object, DOC_DEPTH_MAX))
        return err_put(why, ERR_FORMAT, "the bundle is no JSON object, or has a member twice");
    wrong = read_parts(object, a, &b);
    if (wrong)
        return err_put(why, ERR_FORMAT, "the bundle's '%s' is missing or malformed", wrong);
    *out = b;
    return ERR_OK;
}
