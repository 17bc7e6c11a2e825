/* secrets.c — see secrets.h. */
#include "worker/secrets.h"

#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/mem.h"
#include "builder/repo.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/ecies.h"
#include "http/client.h"
#include "secrets/session.h"

#define URL_MAX        2048
#define TOKEN_MAX      512
#define CALL_MS        20000 /* the keystore asks the chain, a few times */
#define BODY_MAX       16384
#define ANSWER_MAX     (512u << 10)
#define BOX_MAX        (RELEASE_HEAD + 2 * SECRETS_TEXT_MAX + ECIES_OVERHEAD)
#define ROOM_BYTES     (2 * (size_t)BOX_MAX + 2) /* the JSON, then the values */
#define SESSION_ID_MAX 64

struct keystore_client {
    struct http_client *http;
    const struct near_key *key;
    struct str contract_id;
    char url[URL_MAX + 1], token[TOKEN_MAX + 1], session[SESSION_ID_MAX + 1];
    struct x25519_key box; /* of the session */
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

/* `*doc` borrows from `answer`. Any status that is not 200 comes with `error` in it. */
static enum err post(struct keystore_client *c, const char *path, struct str body, unsigned *status,
                     struct buf *answer, struct json *doc, struct buf *why)
{
    char room[URL_MAX + 64];
    struct buf url = BUF_OVER(room);
    const struct http_call call = {.method = "POST",
                                   .url = room,
                                   .body = body,
                                   .content_type = "application/json",
                                   .bearer = c->token,
                                   .session = c->session[0] ? c->session : NULL,
                                   .timeout_ms = CALL_MS,
                                   .max_body = ANSWER_MAX};
    enum err e;

    buf_addz(&url, c->url);
    buf_addz(&url, path);
    buf_clear(answer);
    e = http_client_call(c->http, &call, status, answer, why);
    if (!e && (!json_parse(buf_str(answer), doc, NULL) || json_type(*doc) != JSON_OBJECT))
        e = err_put(why, ERR_UPSTREAM, "the keystore answered with status %u and no JSON", *status);
    return e;
}

static enum err said(unsigned status, struct json doc, struct buf *why)
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
    enum err e = post(c, "/tee-challenge", STR("{}"), &status, answer, &doc, why);

    if (!e && status != 200)
        e = said(status, doc, why);
    if (!e && (!json_plain(json_get(doc, "challenge"), &hex) ||
               !hex_get(hex, claim->challenge, sizeof(claim->challenge))))
        e = err_put(why, ERR_UPSTREAM, "the keystore's challenge is malformed");
    return e;
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

/* A new session with a new box key. */
static enum err enter(struct keystore_client *c, struct buf *why)
{
    struct buf answer = BUF_INIT(ANSWER_MAX), body = BUF_INIT(BODY_MAX);
    char room[SESSION_AUDIENCE_MAX + 1];
    struct buf audience = BUF_OVER(room);
    struct session_claim claim;
    struct hash256 id;
    struct json doc;
    struct str session;
    unsigned status;
    enum err e;

    memset(&claim, 0, sizeof(claim));
    c->session[0] = '\0';
    x25519_generate(&c->box);
    /* Ours, whatever the other side says its name is. */
    buf_addz(&audience, SESSION_AUDIENCE);
    buf_add_str(&audience, c->contract_id);
    claim.audience = buf_str(&audience);
    random_bytes(claim.worker_nonce, sizeof(claim.worker_nonce));
    id = session_id_of_box(c->box.pub);
    memcpy(claim.session_id, id.b, sizeof(claim.session_id));
    e = ask_challenge(c, &claim, &answer, why);
    if (!e) {
        claim.issued_at = clock_unix_ns() / 1000000000u;
        registration_write(c, &claim, &body);
        e = post(c, "/register-tee", buf_str(&body), &status, &answer, &doc, why);
    }
    if (!e && status != 200)
        e = said(status, doc, why);
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

/* ---- secrets ---- */

void secret_env_release(struct secret_env *e)
{
    if (e->room) {
        mem_wipe(e->room, ROOM_BYTES);
        (void)munlock(e->room, ROOM_BYTES);
        mem_free(e->room);
    }
    *e = SECRET_ENV_NONE;
}

/* The box holds a label and our nonce, so that nothing else can be put in its place. */
static enum err box_open(struct keystore_client *c, struct str box, const uint8_t nonce[32],
                         struct secret_env *out, struct buf *why)
{
    static const char label[32] = RELEASE_LABEL;
    struct buf plain = {.ptr = out->room, .cap = BOX_MAX, .max = BOX_MAX, .fixed = true};
    struct buf values = {
        .ptr = out->room + BOX_MAX + 1, .cap = BOX_MAX, .max = BOX_MAX, .fixed = true};
    struct secret_set *b;
    enum err e = ecies_open(&c->box, box, &plain, why);

    if (e || plain.len < RELEASE_HEAD || memcmp(plain.ptr, label, 32) != 0 ||
        memcmp(plain.ptr + 32, nonce, 32) != 0)
        return err_put(why, ERR_UPSTREAM,
                       "what the keystore sent was not sealed for this question");
    b = mem_new(struct secret_set);
    if (secret_set_parse(str_skip(buf_str(&plain), RELEASE_HEAD), b, why))
        e = err_put(why, ERR_UPSTREAM, "what the keystore sent are no secrets");
    else
        secret_set_strip(b);
    for (size_t i = 0; i < b->n && !e; i++) {
        size_t from = values.len;

        if (!json_str(b->list[i].value, &values) || values.full)
            e = err_put(why, ERR_UPSTREAM, "the secrets are too large");
        out->var[out->n++] =
            (struct run_var){b->list[i].name, str_from(values.ptr + from, values.len - from)};
    }
    mem_free(b);
    return e;
}

static void question_write(const struct secrets_question *q, const uint8_t nonce[32],
                           struct buf *out)
{
    json_obj(out);
    json_key(out, "accessor");
    accessor_put_web(out, &q->accessor);
    json_key(out, "profile");
    json_put_str(out, q->profile);
    json_key(out, "owner");
    json_put_str(out, q->owner);
    json_key(out, "user_account_id");
    json_put_str(out, q->user);
    put_hex(out, "nonce", nonce, 32);
    json_obj_end(out);
}

static enum err answer_read(struct keystore_client *c, unsigned status, struct json doc,
                            const uint8_t nonce[32], struct secret_env *out, struct buf *why)
{
    struct buf text = BUF_INIT(WHY_MAX), box = BUF_INIT(BOX_MAX);
    struct str b64, hex;
    enum err e;

    if (status == 400 || status == 403 || status == 404) {
        if (!json_str(json_get(doc, "error"), &text))
            buf_addz(&text, "Failed to decrypt secrets. Please check your secrets configuration.");
        e = err_put(why,
                    status == 403   ? ERR_DENIED
                    : status == 404 ? ERR_ABSENT
                                    : ERR_FORMAT,
                    "%s", buf_z(&text));
    } else if (status != 200) {
        e = said(status, doc, why);
    } else if (!json_plain(json_get(doc, "sealed_secrets"), &b64) || !base64_get(b64, &box) ||
               !json_plain(json_get(doc, "ciphertext_sha256"), &hex) ||
               !hash_from_hex(hex, &out->ciphertext)) {
        e = err_put(why, ERR_UPSTREAM, "the keystore's answer is malformed");
    } else {
        e = box_open(c, buf_str(&box), nonce, out, why);
    }
    buf_release(&text);
    buf_release(&box);
    return e;
}

enum err secrets_get(struct keystore_client *c, const struct secrets_question *q,
                     struct secret_env *out, struct buf *why)
{
    struct buf answer = BUF_INIT(ANSWER_MAX), body = BUF_INIT(BODY_MAX);
    struct secret_env got = {.room = mem_alloc(ROOM_BYTES)};
    struct json doc;
    uint8_t nonce[32];
    unsigned status = 401;
    enum err e = ERR_OK;

    /* Better not on a swap disk; where it cannot be had, wiping has to do. */
    (void)mlock(got.room, ROOM_BYTES);
    random_bytes(nonce, sizeof(nonce));
    question_write(q, nonce, &body);
    if (c->session[0])
        e = post(c, "/decrypt", buf_str(&body), &status, &answer, &doc, why);
    /* No session yet, or one that is over: the keystore was started again, an hour has gone. */
    if (!e && status == 401)
        e = enter(c, why);
    if (!e && status == 401)
        e = post(c, "/decrypt", buf_str(&body), &status, &answer, &doc, why);
    if (!e)
        e = answer_read(c, status, doc, nonce, &got, why);
    if (e)
        secret_env_release(&got);
    else
        *out = got;
    buf_release(&answer);
    buf_release(&body);
    return e;
}

bool secrets_accessor(const struct request *r, bool dev, struct arena *a, struct accessor *out)
{
    struct buf text = BUF_INIT(ACCESSOR_TEXT_MAX + 16);
    bool ok = true;

    *out = (struct accessor){.kind = ACCESSOR_PROJECT, .name = r->project_id};
    if (r->project_id.len) {
        ok = r->project_id.len <= ACCESSOR_TEXT_MAX;
    } else if (r->source.kind == SOURCE_WASM_URL) {
        out->kind = ACCESSOR_WASM_HASH;
        hash_put_hex(&text, &r->source.wasm_sha256);
        out->name = arena_str(a, buf_str(&text));
    } else {
        out->kind = ACCESSOR_REPO;
        ok = !repo_normalise(r->source.repo, dev, &text, NULL);
        out->name = arena_str(a, repo_bare(buf_str(&text)));
        /* A commit is on no branch that anybody has told: the row without one is looked at. */
        if (r->source.commit.len && r->source.commit.len <= ACCESSOR_BRANCH_MAX &&
            !ref_is_sha(r->source.commit))
            out->branch = r->source.commit;
    }
    buf_release(&text);
    return ok;
}

enum err secrets_project_owner(struct rpc *rpc, struct str contract_id, struct str id,
                               struct arena *a, struct str *out, struct buf *why)
{
    struct buf args = BUF_INIT(1024), answer = BUF_INIT(65536);
    struct json doc;
    struct str owner;
    enum err e;

    json_obj(&args);
    json_key(&args, "project_id");
    json_put_str(&args, id);
    json_obj_end(&args);
    e = rpc_view_call(rpc, contract_id, "get_project", buf_str(&args), &answer, why);
    if (!e && !json_parse(buf_str(&answer), &doc, NULL))
        e = err_put(why, ERR_UPSTREAM, "the contract's get_project() answered no JSON");
    if (!e && (!json_plain(json_get(doc, "owner"), &owner) || !account_id_valid(owner)))
        e = err_put(why, ERR_ABSENT, "the project is gone");
    if (!e)
        *out = arena_str(a, owner);
    buf_release(&args);
    buf_release(&answer);
    return e;
}

void secrets_add(struct env *env, const struct secret_env *s)
{
    for (size_t i = 0; i < s->n && env->n < ENV_VARS_MAX; i++)
        if (!env_has(env, s->var[i].name))
            env->var[env->n++] = s->var[i];
    env->secret = s->n > 0;
}
