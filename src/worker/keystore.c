/* keystore.c — see keystore.h. */
#include "worker/keystore.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "http/client.h"
#include "secrets/session.h"
#include "worker/notary.h"

#define URL_MAX        2048
#define TOKEN_MAX      512
#define CALL_MS        20000 /* the keystore asks the chain, a few times */
#define BODY_MAX       16384
#define SESSION_ID_MAX 64

struct keystore_client {
    struct http_client *http;
    const struct near_key *key;
    struct str contract_id;
    char url[URL_MAX + 1], token[TOKEN_MAX + 1], session[SESSION_ID_MAX + 1];
    struct x25519_key box;           /* of the session */
    const struct quoted_box *quoted; /* NULL: nothing is */
    bool asks_for_quote;             /* the keystore names a register */
    uint64_t deadline_ms;            /* 0: none */
};

struct keystore_client *keystore_client_new(const char *url, struct str token,
                                            const struct near_key *key, struct str contract_id)
{
    struct keystore_client *c = mem_new(struct keystore_client);
    size_t n = strlen(url);

    BUG_ON(n > URL_MAX || token.len > TOKEN_MAX);
    while (n && url[n - 1] == '/')
        n--;
    memcpy(c->url, url, n);
    memcpy(c->token, token.ptr, token.len);
    c->key = key;
    c->contract_id = contract_id;
    c->http = http_client_new();
    return c;
}

void keystore_client_free(struct keystore_client *c)
{
    if (!c)
        return;
    http_client_free(c->http);
    mem_wipe(c, sizeof(*c));
    mem_free(c);
}

void keystore_deadline(struct keystore_client *c, uint64_t mono_ms)
{
    c->deadline_ms = mono_ms;
}

void keystore_quoted(struct keystore_client *c, const struct quoted_box *q)
{
    c->quoted = q;
}

static uint64_t patience(const struct keystore_client *c)
{
    uint64_t now = clock_mono_ms(), left = c->deadline_ms > now ? c->deadline_ms - now : 1;

    return c->deadline_ms && left < CALL_MS ? left : CALL_MS;
}

/* `*doc` borrows from `answer`. Any status that is not 200 comes with `error` in it. No body: GET.
 */
static enum err exchange(struct keystore_client *c, const char *path, struct str body,
                         unsigned *status, struct buf *answer, struct json *doc, struct buf *why)
{
    char room[URL_MAX + 64];
    struct buf url = BUF_OVER(room);
    const struct http_call call = {.method = body.ptr ? "POST" : "GET",
                                   .url = room,
                                   .body = body,
                                   .content_type = "application/json",
                                   .bearer = c->token,
                                   .session = c->session[0] ? c->session : NULL,
                                   .timeout_ms = patience(c),
                                   .max_body = KEYSTORE_ANSWER_MAX};
    enum err e;

    buf_addz(&url, c->url);
    buf_addz(&url, path);
    buf_clear(answer);
    e = http_client_call(c->http, &call, status, answer, why);
    if (!e && (!json_parse(buf_str(answer), doc, NULL) || json_type(*doc) != JSON_OBJECT))
        e = err_put(why, ERR_UPSTREAM, "the keystore answered with status %u and no JSON", *status);
    return e;
}

enum err keystore_said(unsigned status, struct json doc, struct buf *why)
{
    struct buf text = BUF_INIT(WHY_MAX);
    enum err e;

    if (!json_str(json_get(doc, "error"), &text))
        buf_addz(&text, "no reason given");
    e = err_put(why, ERR_UPSTREAM, "the keystore answered with status %u: %s", status,
                buf_z(&text));
    buf_release(&text);
    return e;
}

static enum err ask_challenge(struct keystore_client *c, struct session_claim *claim,
                              struct buf *answer, struct buf *why)
{
    unsigned status;
    struct json doc;
    struct str hex;
    enum err e = exchange(c, "/tee-challenge", STR("{}"), &status, answer, &doc, why);

    if (!e && status != 200)
        e = keystore_said(status, doc, why);
    if (!e && (!json_plain(json_get(doc, "challenge"), &hex) ||
               !hex_get(hex, claim->challenge, sizeof(claim->challenge))))
        e = err_put(why, ERR_UPSTREAM, "the keystore's challenge is malformed");
    c->asks_for_quote = !e && !json_is_null(json_get(doc, "register"));
    return e;
}

/* The box key of the session, and the session that binds it. */
static enum err choose_box(struct keystore_client *c, struct session_claim *claim, struct buf *why)
{
    struct hash256 id;

    if (!c->asks_for_quote) {
        x25519_generate(&c->box);
        id = session_id_of_box(c->box.pub);
    } else if (!c->quoted || !notary_session(c->quoted->notary, &id)) {
        return err_put(why, ERR_DENIED,
                       "the keystore takes registered quotes only, and this worker has none; see "
                       "--init-key-file");
    } else {
        c->box = *c->quoted->box;
    }
    memcpy(claim->session_id, id.b, sizeof(claim->session_id));
    return ERR_OK;
}

static void put_hex(struct buf *out, const char *key, const void *bytes, size_t n)
{
    json_key(out, key);
    json_str_open(out);
    hex_put(out, bytes, n);
    json_str_close(out);
}

static void registration_write(struct keystore_client *c, const struct session_claim *claim,
                               struct buf *out)
{
    char room[SESSION_MESSAGE_MAX + 1];
    struct buf message = BUF_OVER(room);
    struct ed25519_sig sig;

    session_message(&message, claim);
    BUG_ON(message.full);
    sig = ed25519_sign(&c->key->key, buf_str(&message));
    json_obj(out);
    json_key(out, "public_key");
    json_str_open(out);
    ed25519_pub_put(out, &c->key->key.pub);
    json_str_close(out);
    put_hex(out, "challenge", claim->challenge, 32);
    put_hex(out, "worker_nonce", claim->worker_nonce, 32);
    put_hex(out, "session_id", claim->session_id, 32);
    put_hex(out, "box_key", c->box.pub, 32);
    json_key(out, "issued_at");
    json_put_u64(out, claim->issued_at);
    json_key(out, "signature");
    json_str_open(out);
    ed25519_sig_put(out, &sig);
    json_str_close(out);
    json_obj_end(out);
}

/* A new session. */
static enum err enter(struct keystore_client *c, struct buf *why)
{
    struct buf answer = BUF_INIT(KEYSTORE_ANSWER_MAX), body = BUF_INIT(BODY_MAX);
    char room[SESSION_AUDIENCE_MAX + 1];
    struct buf audience = BUF_OVER(room);
    struct session_claim claim;
    struct json doc;
    struct str session;
    unsigned status;
    enum err e;

    memset(&claim, 0, sizeof(claim));
    c->session[0] = '\0';
    /* Ours, whatever the other side says its name is. */
    buf_addz(&audience, SESSION_AUDIENCE);
    buf_add_str(&audience, c->contract_id);
    claim.audience = buf_str(&audience);
    random_bytes(claim.worker_nonce, sizeof(claim.worker_nonce));
    e = ask_challenge(c, &claim, &answer, why);
    if (!e)
        e = choose_box(c, &claim, why);
    if (!e) {
        claim.issued_at = clock_unix_ns() / 1000000000u;
        registration_write(c, &claim, &body);
        e = exchange(c, "/register-tee", buf_str(&body), &status, &answer, &doc, why);
    }
    if (!e && status != 200)
        e = keystore_said(status, doc, why);
    if (!e && (!json_plain(json_get(doc, "session_id"), &session) || !session.len ||
               session.len > SESSION_ID_MAX))
        e = err_put(why, ERR_UPSTREAM, "the keystore's session is malformed");
    if (!e) {
        memcpy(c->session, session.ptr, session.len);
        c->session[session.len] = '\0';
    }
    buf_release(&answer);
    buf_release(&body);
    return e;
}

enum err keystore_ask(struct keystore_client *c, const char *path, struct str body,
                      unsigned *status, struct buf *answer, struct json *doc, struct buf *why)
{
    enum err e = ERR_OK;

    *status = 401;
    if (c->session[0])
        e = exchange(c, path, body, status, answer, doc, why);
    /* No session yet, or one that is over: the keystore was started again, an hour has gone. */
    if (!e && *status == 401)
        e = enter(c, why);
    if (!e && *status == 401)
        e = exchange(c, path, body, status, answer, doc, why);
    return e;
}

enum err keystore_get(struct keystore_client *c, const char *path, unsigned *status,
                      struct buf *answer, struct json *doc, struct buf *why)
{
    return exchange(c, path, STR_NONE, status, answer, doc, why);
}

const struct x25519_key *keystore_box_key(const struct keystore_client *c)
{
    return &c->box;
}
