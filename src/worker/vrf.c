/* vrf.c — see vrf.h. */
#include "worker/vrf.h"

#include "base/clock.h"
#include "codec/hex.h"
#include "codec/put.h"

#define BODY_MAX (8 * ALPHA_MAX)
#define TRIES    3
#define PAUSE_MS 300 /* the keystore's node may not have seen the request yet */

static bool hex_member(struct json doc, const char *name, void *out, size_t n)
{
    struct str hex;

    return json_plain(json_get(doc, name), &hex) && hex_get(hex, out, n);
}

static enum err ask(struct keystore_client *c, struct str body, struct vrf *out,
                    struct ed25519_pub *pub, struct buf *why)
{
    struct buf answer = BUF_INIT(KEYSTORE_ANSWER_MAX);
    struct json doc;
    unsigned status;
    enum err e = keystore_ask(c, "/vrf/generate", body, &status, &answer, &doc, why);

    if (!e && status != 200)
        e = keystore_said(status, doc, why);
    if (!e && (!hex_member(doc, "output_hex", out->output, sizeof(out->output)) ||
               !hex_member(doc, "signature_hex", out->proof.b, sizeof(out->proof.b)) ||
               !hex_member(doc, "vrf_public_key_hex", pub->b, sizeof(pub->b))))
        e = err_put(why, ERR_UPSTREAM, "the keystore's answer is malformed");
    buf_release(&answer);
    return e;
}

static enum err draw(void *ctx, struct str alpha, uint64_t deadline_ms, struct vrf *out,
                     struct ed25519_pub *pub, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX);
    enum err e;

    keystore_deadline(ctx, deadline_ms);
    json_obj(&body);
    put_str(&body, "alpha", alpha);
    json_obj_end(&body);
    e = ask(ctx, buf_str(&body), out, pub, why);
    for (unsigned i = 1; e && i < TRIES && clock_mono_ms() + PAUSE_MS * i < deadline_ms; i++) {
        clock_sleep_ms(PAUSE_MS * i);
        e = ask(ctx, buf_str(&body), out, pub, why);
    }
    keystore_deadline(ctx, 0);
    buf_release(&body);
    return e;
}

static enum err pubkey(void *ctx, uint64_t deadline_ms, struct ed25519_pub *out, struct buf *why)
{
    struct buf answer = BUF_INIT(KEYSTORE_ANSWER_MAX);
    struct json doc;
    unsigned status;
    enum err e;

    keystore_deadline(ctx, deadline_ms);
    e = keystore_get(ctx, "/vrf/pubkey", &status, &answer, &doc, why);
    keystore_deadline(ctx, 0);
    if (!e && status != 200)
        e = keystore_said(status, doc, why);
    if (!e && !hex_member(doc, "vrf_public_key_hex", out->b, sizeof(out->b)))
        e = err_put(why, ERR_UPSTREAM, "the keystore's answer is malformed");
    buf_release(&answer);
    return e;
}

struct vrf_source vrf_source_keystore(struct keystore_client *c)
{
    return (struct vrf_source){c, draw, pubkey};
}
