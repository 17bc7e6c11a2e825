/* host_vrf.c — see host_vrf.h. */
#include "guest/host_vrf.h"

#include <string.h>

#include "base/clock.h"
#include "codec/hex.h"
#include "guest/host.h"

void host_vrf_init(struct host_vrf *h, struct vrf_source source, uint64_t request_id,
                   struct str account_id)
{
    *h = (struct host_vrf){.source = source, .request_id = request_id, .account_id = account_id};
}

static enum err generate(struct host_vrf *h, struct str seed, uint64_t deadline_ms,
                         struct host_reply *out, struct buf *why)
{
    const struct alpha alpha = {h->request_id, h->account_id, seed};
    char room[ALPHA_MAX + 1];
    struct buf text = BUF_OVER(room);
    struct ed25519_pub pub;
    struct vrf v;
    enum err e = alpha_put(&text, &alpha, why);

    if (!e && h->drawn == HOST_VRF_DRAWS_MAX)
        e = err_put(why, ERR_DENIED, "a run may draw %d values, and it has", HOST_VRF_DRAWS_MAX);
    if (e)
        return e;
    h->drawn++;
    e = h->source.draw(h->source.ctx, buf_str(&text), deadline_ms, &v, &pub, why);
    if (!e && !vrf_check(&pub, buf_str(&text), &v))
        e = err_put(why, ERR_UPSTREAM, "the value that was drawn is not that of its proof");
    /* One key for all of a run: the guest may have told it already. */
    if (!e && h->has_pub && memcmp(&pub, &h->pub, sizeof(pub)) != 0)
        e = err_put(why, ERR_UPSTREAM, "the key changed while the program ran; try again");
    if (e)
        return e;
    h->has_pub = true;
    h->pub = pub;
    hex_put(&out->text[0], v.output, sizeof(v.output));
    hex_put(&out->text[1], v.proof.b, sizeof(v.proof.b));
    buf_add_str(&out->text[2], buf_str(&text));
    return ERR_OK;
}

static enum err pubkey(struct host_vrf *h, uint64_t deadline_ms, struct host_reply *out,
                       struct buf *why)
{
    enum err e = h->has_pub ? ERR_OK : h->source.pubkey(h->source.ctx, deadline_ms, &h->pub, why);

    if (e)
        return e;
    h->has_pub = true;
    hex_put(&out->text[0], h->pub.b, sizeof(h->pub.b));
    return ERR_OK;
}

static enum err serve(void *ctx, const struct host_call *c, uint64_t deadline_ms,
                      struct host_reply *out, struct buf *why)
{
    struct host_vrf *h = ctx;
    uint64_t began = clock_mono_ms();
    enum err e = c->fn == &host_faces[HOST_VRF].fns[HOST_VRF_GENERATE]
                     ? generate(h, c->args[0].s, deadline_ms, out, why)
                     : pubkey(h, deadline_ms, out, why);

    h->broken |= err_retry(e) && !(e == ERR_TIMEOUT && host_cut_off(began, deadline_ms));
    return e;
}

struct host_server host_vrf_server(struct host_vrf *h)
{
    return (struct host_server){.serve = serve, .ctx = h};
}

/* ---- a key at hand ---- */

static enum err key_draw(void *ctx, struct str alpha, uint64_t deadline_ms, struct vrf *out,
                         struct ed25519_pub *pub, struct buf *why)
{
    const struct ed25519_key *key = ctx;

    (void)deadline_ms;
    (void)why;
    vrf_make(key, alpha, out);
    *pub = key->pub;
    return ERR_OK;
}

static enum err key_pubkey(void *ctx, uint64_t deadline_ms, struct ed25519_pub *out,
                           struct buf *why)
{
    const struct ed25519_key *key = ctx;

    (void)deadline_ms;
    (void)why;
    *out = key->pub;
    return ERR_OK;
}

struct vrf_source vrf_source_key(struct ed25519_key *key)
{
    return (struct vrf_source){key, key_draw, key_pubkey};
}
