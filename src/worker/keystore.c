/* keystore.c — see keystore.h. */
#include "worker/keystore.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/client.h"
#include "secrets/session.h"

#define URL_MAX   2048
#define TOKEN_MAX 512
#define CALL_MS   20000 /* the keystore asks the chain, a few times */

struct keystore_client {
    struct http_client *http;
    struct tee_who who;
    char url[URL_MAX + 1], token[TOKEN_MAX + 1], session[TEE_SESSION_MAX + 1];
    struct x25519_key box; /* of the session */
    uint64_t deadline_ms;  /* 0: none */
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
    c->who = (struct tee_who){.key = key, .contract_id = contract_id};
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
    c->who.quoted = q;
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
    return tee_said("keystore", status, doc, why);
}

static enum err ask(void *ctx, const char *path, struct str body, unsigned *status,
                    struct buf *answer, struct json *doc, struct buf *why)
{
    return exchange(ctx, path, body, status, answer, doc, why);
}

/* A new session. */
static enum err enter(struct keystore_client *c, struct buf *why)
{
    const struct tee_door door = {.name = "keystore",
                                  .audience = SESSION_AUDIENCE,
                                  .challenge_path = "/tee-challenge",
                                  .register_path = "/register-tee",
                                  .ask = ask,
                                  .ctx = c};

    c->session[0] = '\0';
    return tee_enter(&door, &c->who, &c->box, c->session, why);
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
