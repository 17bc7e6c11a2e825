/* sessions.c — see sessions.h. */
#include "secrets/sessions.h"

#include <pthread.h>
#include <string.h>

#include "attest/manifest.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/base58.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/put.h"

#define SESSION_VIEW_MAX 65536 /* bytes of what the register says of one */

struct challenge {
    uint8_t bytes[32];
    uint64_t until_ms; /* 0: free */
};
struct session {
    char id[SESSION_TEXT + 1];
    struct ed25519_pub pub;
    uint8_t box_key[32];
    struct hash256 quoted;         /* session id of the quote; with a register */
    uint64_t until_ms, checked_ms; /* until 0: free */
};
struct sessions {
    pthread_mutex_t lock;
    struct str operator_id, audience, register_id;
    uint64_t recheck_ms;
    struct challenge challenge[CHALLENGES_MAX];
    struct session session[SESSIONS_MAX];
};

struct sessions *sessions_new(struct str operator_id, struct str audience, struct str register_id)
{
    struct sessions *s = mem_new(struct sessions);

    pthread_mutex_init(&s->lock, NULL);
    s->operator_id = operator_id;
    s->audience = audience;
    s->register_id = register_id;
    s->recheck_ms = SESSION_RECHECK_MS;
    return s;
}

void sessions_recheck_every(struct sessions *s, uint64_t ms)
{
    s->recheck_ms = ms;
}

void sessions_free(struct sessions *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

enum err sessions_challenge(struct sessions *s, uint8_t out[32], struct buf *why)
{
    uint64_t now = clock_mono_ms();
    struct challenge *c = NULL;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < CHALLENGES_MAX && !c; i++)
        if (s->challenge[i].until_ms <= now)
            c = &s->challenge[i];
    if (c) {
        random_bytes(c->bytes, sizeof(c->bytes));
        c->until_ms = now + CHALLENGE_MS;
        memcpy(out, c->bytes, sizeof(c->bytes));
    }
    pthread_mutex_unlock(&s->lock);
    return c ? ERR_OK : err_put(why, ERR_BUSY, "too many challenges are open; try in a minute");
}

enum err sessions_challenge_write(struct sessions *s, struct buf *out, struct buf *why)
{
    uint8_t bytes[32];
    enum err e = sessions_challenge(s, bytes, why);

    if (e)
        return e;
    json_obj(out);
    put_hex(out, "challenge", str_from(bytes, sizeof(bytes)));
    put_str(out, "audience", s->audience);
    json_key(out, "register");
    if (s->register_id.len)
        json_put_str(out, s->register_id);
    else
        json_put_null(out);
    json_obj_end(out);
    return ERR_OK;
}

static bool signature_get(struct json v, struct ed25519_sig *out)
{
    struct str text;

    return json_plain(v, &text) && str_starts(text, STR("ed25519:")) &&
           base58_get(str_skip(text, 8), out->b, sizeof(out->b));
}

enum err registration_read(struct json body, struct registration *out, struct buf *why)
{
    const struct {
        const char *name;
        uint8_t *to;
    } hex[] = {{"challenge", out->claim.challenge},
               {"worker_nonce", out->claim.worker_nonce},
               {"session_id", out->claim.session_id},
               {"box_key", out->box_key}};
    struct str text;

    memset(out, 0, sizeof(*out));
    if (json_type(json_get(body, "box_key")) == JSON_ABSENT)
        return err_put(why, ERR_FORMAT,
                       "a bare signature of the challenge is not taken: sign the session message, "
                       "and give worker_nonce, session_id, issued_at and box_key with it");
    if (!json_plain(json_get(body, "public_key"), &text) || !ed25519_pub_get(text, &out->pub))
        return err_put(why, ERR_FORMAT, "'public_key' is no ed25519 key");
    if (!signature_get(json_get(body, "signature"), &out->signature))
        return err_put(why, ERR_FORMAT, "'signature' is no ed25519 signature");
    for (size_t i = 0; i < countof(hex); i++)
        if (!json_plain(json_get(body, hex[i].name), &text) || !hex_get(text, hex[i].to, 32))
            return err_put(why, ERR_FORMAT, "'%s' is missing or not 64 hexadecimal digits",
                           hex[i].name);
    if (!json_u64(json_get(body, "issued_at"), &out->claim.issued_at))
        return err_put(why, ERR_FORMAT, "'issued_at' is missing or no number");
    return ERR_OK;
}

/* Taken whatever becomes of the answer: a challenge is good once. */
static bool take_challenge(struct sessions *s, const uint8_t bytes[32])
{
    uint64_t now = clock_mono_ms();
    bool found = false;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < CHALLENGES_MAX; i++) {
        struct challenge *c = &s->challenge[i];

        if (c->until_ms <= now || !mem_eq_secret(c->bytes, bytes, sizeof(c->bytes)))
            continue;
        c->until_ms = 0;
        found = true;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

static enum err key_on_chain(struct sessions *s, struct rpc *rpc, const struct ed25519_pub *pub,
                             struct buf *why)
{
    struct buf reason = WHY_INIT;
    struct rpc_key_state state;
    enum err e = rpc_view_access_key(rpc, s->operator_id, pub, &state, &reason);

    if (e && rpc_fault(rpc) == RPC_UNKNOWN_KEY)
        e = err_put(why, ERR_DENIED, "the key is not registered with '%.*s'",
                    STR_ARG(s->operator_id));
    else if (e)
        e = err_put(why, ERR_UPSTREAM, "the chain could not be asked for the worker's key: %s",
                    buf_z(&reason));
    buf_release(&reason);
    return e;
}

/* What the register has of a session: its manifest, as long as it holds. */
static enum err quoted_manifest(struct sessions *s, struct rpc *rpc, const struct hash256 *id,
                                struct buf *manifest, struct manifest *m, struct buf *why)
{
    struct buf args = BUF_INIT(128), text = BUF_INIT(SESSION_VIEW_MAX), reason = WHY_INIT;
    uint64_t now = clock_unix_ns() / 1000000000u;
    struct json doc = JSON_NONE;
    struct hash256 is;
    struct str b64;
    enum err e;

    json_obj(&args);
    put_hex(&args, "session_id", hash_str(id));
    json_obj_end(&args);
    e = rpc_view_call(rpc, s->register_id, "get_session", buf_str(&args), &text, &reason);
    if (e)
        e = err_put(why, ERR_UPSTREAM, "the register '%.*s' could not be asked: %s",
                    STR_ARG(s->register_id), buf_z(&reason));
    else if (!json_parse(buf_str(&text), &doc, NULL) ||
             !json_plain(json_get(doc, "manifest"), &b64) || !base64_get(b64, manifest) ||
             manifest_read(buf_str(manifest), m, NULL))
        e = err_put(why, ERR_DENIED, "'%.*s' has taken no quote of this session",
                    STR_ARG(s->register_id));
    if (!e) {
        is = manifest_session(LABEL_WORKER, buf_str(manifest));
        if (!hash_eq(&is, id) || m->not_after <= now)
            e = err_put(why, ERR_DENIED, "the quote of this session is over");
    }
    buf_release(&args);
    buf_release(&text);
    buf_release(&reason);
    return e;
}

/* Are these the keys that the quote binds? `*left_s` is how long it still holds. */
static enum err quoted_check(struct sessions *s, struct rpc *rpc, const struct hash256 *id,
                             const struct ed25519_pub *pub, const uint8_t box_key[32],
                             uint64_t *left_s, struct buf *why)
{
    struct buf bytes = BUF_INIT(MANIFEST_MAX);
    struct manifest m = {.not_after = 0};
    enum err e = quoted_manifest(s, rpc, id, &bytes, &m, why);

    if (!e && (!mem_eq_secret(m.near_key, pub->b, sizeof(pub->b)) ||
               !mem_eq_secret(m.box_key, box_key, 32)))
        e = err_put(why, ERR_DENIED, "the quote of this session binds other keys");
    if (!e)
        *left_s = m.not_after - clock_unix_ns() / 1000000000u;
    buf_release(&bytes);
    return e;
}

static void uuid(char out[SESSION_TEXT + 1])
{
    uint8_t r[16];
    struct buf b = {.ptr = out, .cap = SESSION_TEXT, .max = SESSION_TEXT, .fixed = true};

    random_bytes(r, sizeof(r));
    r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
    r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(r); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buf_add_byte(&b, '-');
        hex_put(&b, &r[i], 1);
    }
}

static enum err claim_check(struct sessions *s, const struct registration *r, struct buf *why)
{
    char room[SESSION_MESSAGE_MAX + 1];
    struct buf message = BUF_OVER(room);
    struct session_claim claim = r->claim;
    struct hash256 id = session_id_of_box(r->box_key);
    uint64_t now = clock_unix_ns() / 1000000000u;

    if (!take_challenge(s, claim.challenge))
        return err_put(why, ERR_DENIED,
                       "the challenge is unknown, was used before or is older than 60 seconds");
    if (claim.issued_at + SESSION_SKEW_S < now || claim.issued_at > now + SESSION_SKEW_S)
        return err_put(why, ERR_DENIED,
                       "issued_at is more than 60 seconds off; set the worker's clock");
    if (!s->register_id.len && !mem_eq_secret(id.b, claim.session_id, sizeof(id.b)))
        return err_put(why, ERR_DENIED, "session_id is not that of the box key");
    claim.audience = s->audience;
    session_message(&message, &claim);
    BUG_ON(message.full);
    if (!ed25519_verify(&r->pub, buf_str(&message), &r->signature))
        return err_put(why, ERR_DENIED,
                       "the signature is not that of the session message for '%.*s'",
                       STR_ARG(s->audience));
    return ERR_OK;
}

enum err sessions_register(struct sessions *s, struct rpc *rpc, const struct registration *r,
                           char id[SESSION_TEXT + 1], struct buf *why)
{
    uint64_t now = clock_mono_ms();
    uint64_t lasts_ms = SESSION_MS, left_s = 0;
    char room[101];
    struct buf key = BUF_OVER(room);
    struct session *x = NULL;
    struct hash256 quoted;
    enum err e = claim_check(s, r, why);

    memcpy(quoted.b, r->claim.session_id, sizeof(quoted.b));
    if (!e)
        e = key_on_chain(s, rpc, &r->pub, why);
    if (!e && s->register_id.len) {
        e = quoted_check(s, rpc, &quoted, &r->pub, r->box_key, &left_s, why);
        if (left_s * 1000 < lasts_ms)
            lasts_ms = left_s * 1000;
    }
    if (e)
        return e;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *y = &s->session[i];

        if (!x || y->until_ms < x->until_ms)
            x = y; /* a free one, else the oldest */
    }
    *x = (struct session){
        .pub = r->pub, .quoted = quoted, .until_ms = now + lasts_ms, .checked_ms = now};
    memcpy(x->box_key, r->box_key, sizeof(x->box_key));
    uuid(x->id);
    memcpy(id, x->id, sizeof(x->id));
    pthread_mutex_unlock(&s->lock);
    ed25519_pub_put(&key, &r->pub);
    log_info("session", "key=%s audience=%.*s", room, STR_ARG(s->audience));
    return ERR_OK;
}

void session_write(struct buf *out, const char *id)
{
    json_obj(out);
    put_z(out, "session_id", id);
    put_u64(out, "lasts_ms", SESSION_MS);
    json_obj_end(out);
}

/* Under the lock. */
static struct session *by_id(struct sessions *s, struct str id)
{
    uint64_t now = clock_mono_ms();
    struct session *found = NULL;

    if (id.len != SESSION_TEXT)
        return NULL;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (s->session[i].until_ms > now && mem_eq_secret(s->session[i].id, id.ptr, SESSION_TEXT))
            found = &s->session[i];
    return found;
}

/* Ask the chain about a session as it was found; it ends when the key is gone. */
static enum err recheck(struct sessions *s, struct rpc *rpc, const struct session *was,
                        struct buf *why)
{
    uint64_t now = clock_mono_ms(), left_s;
    struct session *x;
    enum err e = key_on_chain(s, rpc, &was->pub, why);

    if (!e && s->register_id.len)
        e = quoted_check(s, rpc, &was->quoted, &was->pub, was->box_key, &left_s, why);
    pthread_mutex_lock(&s->lock);
    x = by_id(s, str_of(was->id));
    if (x && !e)
        x->checked_ms = now;
    else if (x && e == ERR_DENIED)
        mem_wipe(x, sizeof(*x));
    pthread_mutex_unlock(&s->lock);
    return e;
}

static bool due(const struct sessions *s, const struct session *x, uint64_t now)
{
    return x->checked_ms + s->recheck_ms < now;
}

/* A copy; until_ms 0: there is none. */
static struct session copy_of(struct sessions *s, struct str id)
{
    struct session copy = {.until_ms = 0};
    const struct session *x;

    pthread_mutex_lock(&s->lock);
    x = by_id(s, id);
    if (x)
        copy = *x;
    pthread_mutex_unlock(&s->lock);
    return copy;
}

enum err sessions_find(struct sessions *s, struct rpc *rpc, struct str id, struct session_view *out,
                       struct buf *why)
{
    const struct session x = copy_of(s, id);

    if (!x.until_ms)
        return err_put(why, ERR_DENIED, "there is no such session, or it is over; register again");
    memcpy(out->box_key, x.box_key, sizeof(out->box_key));
    out->pub = x.pub;
    return due(s, &x, clock_mono_ms()) ? recheck(s, rpc, &x, why) : ERR_OK;
}

bool sessions_has(struct sessions *s, struct str id)
{
    const struct session x = copy_of(s, id);

    return x.until_ms && x.checked_ms + SESSION_STALE_MS > clock_mono_ms();
}

void sessions_recheck(struct sessions *s, struct rpc *rpc)
{
    struct buf why = WHY_INIT;
    bool away = false;

    /* A chain that is away is asked once, not once for each. */
    for (size_t i = 0; i < SESSIONS_MAX && !away; i++) {
        uint64_t now = clock_mono_ms();
        struct session x;
        enum err e = ERR_OK;

        pthread_mutex_lock(&s->lock);
        x = s->session[i];
        pthread_mutex_unlock(&s->lock);
        if (x.until_ms > now && due(s, &x, now))
            e = recheck(s, rpc, &x, &why);
        if (e)
            log_info("session_not_confirmed", "error=%s why=%s", err_name(e), buf_z(&why));
        away = e && e != ERR_DENIED;
    }
    buf_release(&why);
}

size_t sessions_open(struct sessions *s)
{
    uint64_t now = clock_mono_ms();
    size_t n = 0;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        n += s->session[i].until_ms > now;
    pthread_mutex_unlock(&s->lock);
    return n;
}
