/* tee.c — see tee.h. */
#include "worker/tee.h"

#include <string.h>

#include "base/clock.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "secrets/session.h"
#include "worker/notary.h"

enum err tee_said(const char *name, unsigned status, struct json doc, struct buf *why)
{
    struct buf text = BUF_INIT(WHY_MAX);
    enum err e;

    if (!json_str(json_get(doc, "error"), &text))
        buf_addz(&text, "no reason given");
    e = err_put(why, ERR_UPSTREAM, "the %s answered with status %u: %s", name, status,
                buf_z(&text));
    buf_release(&text);
    return e;
}

static enum err ask(const struct tee_door *d, const char *path, struct str body, struct buf *answer,
                    struct json *doc, struct buf *why)
{
    unsigned status;
    enum err e = d->ask(d->ctx, path, body, &status, answer, doc, why);

    return !e && status != 200 ? tee_said(d->name, status, *doc, why) : e;
}

/* `*quoted`: it names a register. */
static enum err ask_challenge(const struct tee_door *d, struct session_claim *claim, bool *quoted,
                              struct buf *answer, struct buf *why)
{
    struct json doc;
    struct str hex;
    enum err e = ask(d, d->challenge_path, STR("{}"), answer, &doc, why);

    if (!e && (!json_plain(json_get(doc, "challenge"), &hex) ||
               !hex_get(hex, claim->challenge, sizeof(claim->challenge))))
        e = err_put(why, ERR_UPSTREAM, "the %s's challenge is malformed", d->name);
    *quoted = !e && !json_is_null(json_get(doc, "register"));
    return e;
}

/* The box key of the session, and the session that binds it. */
static enum err choose_box(const struct tee_door *d, const struct tee_who *who, bool quoted,
                           struct x25519_key *box, struct session_claim *claim, struct buf *why)
{
    struct hash256 id;

    if (!quoted) {
        x25519_generate(box);
        id = session_id_of_box(box->pub);
    } else if (!who->quoted || !notary_session(who->quoted->notary, &id)) {
        return err_put(why, ERR_DENIED,
                       "the %s takes registered quotes only, and this worker has none; see "
                       "--init-key-file",
                       d->name);
    } else {
        *box = *who->quoted->box;
    }
    memcpy(claim->session_id, id.b, sizeof(claim->session_id));
    return ERR_OK;
}

static void registration_write(const struct tee_who *who, const uint8_t box_pub[32],
                               const struct session_claim *claim, struct buf *out)
{
    char room[SESSION_MESSAGE_MAX + 1];
    struct buf message = BUF_OVER(room);
    struct ed25519_sig sig;

    session_message(&message, claim);
    BUG_ON(message.full);
    sig = ed25519_sign(&who->key->key, buf_str(&message));
    json_obj(out);
    json_key(out, "public_key");
    json_str_open(out);
    ed25519_pub_put(out, &who->key->key.pub);
    json_str_close(out);
    put_hex(out, "challenge", str_from(claim->challenge, 32));
    put_hex(out, "worker_nonce", str_from(claim->worker_nonce, 32));
    put_hex(out, "session_id", str_from(claim->session_id, 32));
    put_hex(out, "box_key", str_from(box_pub, 32));
    put_u64(out, "issued_at", claim->issued_at);
    json_key(out, "signature");
    json_str_open(out);
    ed25519_sig_put(out, &sig);
    json_str_close(out);
    json_obj_end(out);
}

enum err tee_enter(const struct tee_door *d, const struct tee_who *who, struct x25519_key *box,
                   char session[TEE_SESSION_MAX + 1], struct buf *why)
{
    struct buf answer = BUF_INIT(TEE_ANSWER_MAX), body = BUF_INIT(TEE_ANSWER_MAX);
    char room[SESSION_AUDIENCE_MAX + 1];
    struct buf audience = BUF_OVER(room);
    struct session_claim claim;
    struct json doc;
    struct str id;
    bool quoted;
    enum err e;

    memset(&claim, 0, sizeof(claim));
    buf_addz(&audience, d->audience);
    buf_add_str(&audience, who->contract_id);
    claim.audience = buf_str(&audience);
    random_bytes(claim.worker_nonce, sizeof(claim.worker_nonce));
    e = ask_challenge(d, &claim, &quoted, &answer, why);
    if (!e)
        e = choose_box(d, who, quoted, box, &claim, why);
    if (!e) {
        claim.issued_at = clock_unix_ns() / 1000000000u;
        registration_write(who, box->pub, &claim, &body);
        e = ask(d, d->register_path, buf_str(&body), &answer, &doc, why);
    }
    if (!e &&
        (!json_plain(json_get(doc, "session_id"), &id) || !id.len || id.len > TEE_SESSION_MAX))
        e = err_put(why, ERR_UPSTREAM, "the %s's session is malformed", d->name);
    if (!e) {
        memcpy(session, id.ptr, id.len);
        session[id.len] = '\0';
    }
    buf_release(&answer);
    buf_release(&body);
    return e;
}
