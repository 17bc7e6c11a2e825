/* coordinator.c — see coordinator.h. */
#include "worker/coordinator.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/put.h"
#include "http/client.h"
#include "secrets/session.h"

#define URL_MAX    2048
#define CALL_MS    5000
#define BYTES_MS   20000 /* with a program */
#define TOKEN_MAX  512
#define BODY_MAX   (8u << 20)
#define ANSWER_MAX (64u << 10)
#define REASON_MAX 1000
#define ID_MAX     128 /* bytes of a hash, an account or a key in a lease */

struct coordinator {
    struct http_client *http;
    char url[URL_MAX + 1];
    char token[TOKEN_MAX + 1];
    uint64_t call_ms;
    struct pass *pass; /* NULL: none */
};

struct coordinator *coordinator_new(const char *url, struct str token, struct pass *pass)
{
    struct coordinator *c = mem_new(struct coordinator);
    size_t n = strlen(url);

    BUG_ON(n > URL_MAX || token.len > TOKEN_MAX);
    while (n && url[n - 1] == '/')
        n--;
    memcpy(c->url, url, n);
    memcpy(c->token, token.ptr, token.len);
    c->http = http_client_new();
    c->call_ms = CALL_MS;
    c->pass = pass;
    return c;
}

void coordinator_patience(struct coordinator *c, uint64_t ms)
{
    c->call_ms = ms;
}

void coordinator_free(struct coordinator *c)
{
    if (!c)
        return;
    http_client_free(c->http);
    mem_wipe(c->token, sizeof(c->token));
    mem_free(c);
}

/* `session` empty: none. `body` with ptr NULL: a GET. */
static enum err post_as(struct coordinator *c, const char *session, const char *path,
                        struct str body, uint64_t ms, unsigned *status, struct buf *answer,
                        struct buf *why)
{
    char room[URL_MAX + 128];
    struct buf url = BUF_OVER(room);
    const struct http_call call = {.method = body.ptr ? "POST" : "GET",
                                   .url = room,
                                   .body = body,
                                   .content_type = "application/json",
                                   .bearer = c->token,
                                   .session = session[0] ? session : NULL,
                                   .timeout_ms = ms,
                                   .max_body = answer->max};

    buf_addf(&url, "%s%s", c->url, path);
    return http_client_call(c->http, &call, status, answer, why);
}

static enum err ask_door(void *ctx, const char *path, struct str body, unsigned *status,
                         struct buf *answer, struct json *doc, struct buf *why)
{
    struct coordinator *c = ctx;
    enum err e;

    buf_clear(answer);
    e = post_as(c, "", path, body, c->call_ms, status, answer, why);
    if (!e && (!json_parse(buf_str(answer), doc, NULL) || json_type(*doc) != JSON_OBJECT))
        e = err_put(why, ERR_UPSTREAM, "the coordinator answered '%s' with status %u and no JSON",
                    path, *status);
    return e;
}

/* 401: it asks for a session, or does not know ours any more. */
static enum err post(struct coordinator *c, const char *path, struct str body, uint64_t ms,
                     unsigned *status, struct buf *answer, struct buf *why)
{
    const struct tee_door door = {.name = "coordinator",
                                  .audience = SESSION_COORDINATOR,
                                  .challenge_path = "/workers/tee-challenge",
                                  .register_path = "/workers/register-tee",
                                  .ask = ask_door,
                                  .ctx = c};
    char session[TEE_SESSION_MAX + 1] = "";
    size_t before = answer->len;
    enum err e;

    if (c->pass)
        pass_get(c->pass, session);
    e = post_as(c, session, path, body, ms, status, answer, why);
    if (e || *status != 401 || !c->pass)
        return e;
    e = pass_renew(c->pass, session, &door, why);
    if (e)
        return e;
    pass_get(c->pass, session);
    answer->len = before;
    return post_as(c, session, path, body, ms, status, answer, why);
}

static enum err status_error(unsigned status, const char *path, struct str answer, struct buf *why)
{
    enum err e = ERR_UPSTREAM;

    if (status / 100 == 2)
        return ERR_OK;
    if (status == 409)
        e = ERR_CONFLICT;
    else if (status == 404 || status == 410)
        e = ERR_ABSENT;
    else if (status == 401 || status == 403)
        e = ERR_DENIED;
    else if (status / 100 == 4 && status != 408 && status != 429)
        e = ERR_FORMAT;
    return err_put(why, e, "the coordinator answered '%s' with status %u: %.*s", path, status,
                   STR_ARG(str_head(answer, 200)));
}

enum err coordinator_call(struct coordinator *c, const char *path, struct str body,
                          uint64_t wait_ms, unsigned *status, struct buf *answer, struct buf *why)
{
    return post(c, path, body, c->call_ms + wait_ms, status, answer, why);
}

/* Say something about a job; the answer is appended to `answer`. */
static enum err say(struct coordinator *c, uint64_t job_id, const char *what, struct str body,
                    struct buf *answer, struct buf *why)
{
    char room[128];
    struct buf path = BUF_OVER(room);
    unsigned status;
    enum err e;

    buf_addf(&path, "/jobs/%llu/%s", (unsigned long long)job_id, what);
    e = post(c, room, body, c->call_ms, &status, answer, why);
    return e ? e : status_error(status, room, buf_str(answer), why);
}

static struct str plain(struct json v)
{
    struct str s;

    return json_plain(v, &s) && s.len <= ID_MAX ? s : STR("");
}

enum err lease_parse(struct str text, struct arena *a, struct lease *out, struct buf *why)
{
    struct lease l;
    struct json doc;
    struct str data_id;

    memset(&l, 0, sizeof(l));
    text = arena_str(a, text);
    if (!json_parse(text, &doc, NULL) || json_type(doc) != JSON_OBJECT)
        return err_put(why, ERR_FORMAT, "the coordinator's job is not a JSON object");
    if (!json_u64(json_get(doc, "job_id"), &l.job_id) ||
        !json_u64(json_get(doc, "token"), &l.token) ||
        !json_u64(json_get(doc, "request_id"), &l.request_id) ||
        !json_plain(json_get(doc, "data_id"), &data_id) || !hash_from_hex(data_id, &l.data_id) ||
        !json_u64(json_get(doc, "lease_ms"), &l.lease_ms) || !l.lease_ms)
        return err_put(why, ERR_FORMAT, "the coordinator's job lacks an id, a token or a time");
    l.request_data = json_get(doc, "request_data");
    if (json_type(l.request_data) != JSON_OBJECT)
        return err_put(why, ERR_FORMAT, "the coordinator's job has no 'request_data'");
    /* The rest is for the guest's environment; what is not told stays empty. */
    if (!json_u64(json_get(doc, "attempt"), &l.attempt))
        l.attempt = 1;
    if (!json_u64(json_get(doc, "block_height"), &l.block_height))
        l.block_height = 0;
    if (!json_u64(json_get(doc, "block_timestamp"), &l.block_timestamp_ns))
        l.block_timestamp_ns = 0;
    if (!json_u64(json_get(doc, "gas_burnt"), &l.gas_burnt))
        l.gas_burnt = 0;
    l.contract_id = plain(json_get(doc, "contract_id"));
    l.transaction_hash = plain(json_get(doc, "transaction_hash"));
    l.receipt_id = plain(json_get(doc, "receipt_id"));
    l.signer_id = plain(json_get(doc, "signer_id"));
    l.predecessor_id = plain(json_get(doc, "predecessor_id"));
    l.signer_public_key = plain(json_get(doc, "signer_public_key"));
    *out = l;
    return ERR_OK;
}

static void name_open(struct buf *body, const struct worker_name *who)
{
    json_obj(body);
    put_z(body, "worker", who->id);
    put_z(body, "session", who->session);
}

enum err coordinator_heartbeat(struct coordinator *c, const struct worker_name *who, bool recall,
                               struct buf *why)
{
    struct buf body = BUF_INIT(1024), answer = BUF_INIT(ANSWER_MAX);
    unsigned status;
    enum err e;

    name_open(&body, who);
    if (recall)
        put_bool(&body, "recall", true);
    json_obj_end(&body);
    e = post(c, "/workers/heartbeat", buf_str(&body), c->call_ms, &status, &answer, why);
    if (!e)
        e = status_error(status, "/workers/heartbeat", buf_str(&answer), why);
    buf_release(&body);
    buf_release(&answer);
    return e;
}

enum err coordinator_lease(struct coordinator *c, const struct worker_name *who,
                           unsigned owner_slots, uint64_t wait_ms, struct arena *a,
                           struct lease *out, struct buf *why)
{
    struct buf body = BUF_INIT(1024), answer = BUF_INIT(LEASE_ANSWER_MAX);
    unsigned status;
    enum err e;

    name_open(&body, who);
    put_u64(&body, "wait_ms", wait_ms);
    if (owner_slots)
        put_u64(&body, "owner_slots", owner_slots);
    json_obj_end(&body);
    e = post(c, "/jobs/lease", buf_str(&body), wait_ms + CALL_MS, &status, &answer, why);
    if (!e && status == 204)
        e = ERR_EMPTY;
    if (!e)
        e = status_error(status, "/jobs/lease", buf_str(&answer), why);
    if (!e)
        e = lease_parse(buf_str(&answer), a, out, why);
    buf_release(&body);
    buf_release(&answer);
    return e;
}

static void token_open(struct buf *body, uint64_t token)
{
    json_obj(body);
    put_u64(body, "token", token);
}

enum err coordinator_renew(struct coordinator *c, uint64_t job_id, uint64_t token,
                           uint64_t *lease_ms, struct buf *why)
{
    char room[64];
    struct buf body = BUF_OVER(room), answer = BUF_INIT(ANSWER_MAX);
    struct json doc;
    uint64_t ms;
    enum err e;

    token_open(&body, token);
    json_obj_end(&body);
    e = say(c, job_id, "renew", buf_str(&body), &answer, why);
    if (!e && json_parse(buf_str(&answer), &doc, NULL) &&
        json_u64(json_get(doc, "lease_ms"), &ms) && ms)
        *lease_ms = ms;
    buf_release(&answer);
    return e;
}

enum err coordinator_progress(struct coordinator *c, uint64_t job_id, uint64_t token,
                              const char *step, struct str detail, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX);
    enum err e;

    token_open(&body, token);
    put_z(&body, "step", step);
    put_raw(&body, "detail", detail);
    json_obj_end(&body);
    e = say(c, job_id, "progress", buf_str(&body), &answer, why);
    buf_release(&body);
    buf_release(&answer);
    return e;
}

void coordinator_news(struct coordinator *c, const struct lease *l, const char *step,
                      const struct buf *detail)
{
    struct buf why = WHY_INIT;

    if (coordinator_progress(c, l->job_id, l->token, step, buf_str(detail), &why))
        log_unusual("progress_not_told", "job=%llu why=%s", (unsigned long long)l->job_id,
                    buf_z(&why));
    buf_release(&why);
}

enum err coordinator_release(struct coordinator *c, uint64_t job_id, uint64_t token,
                             struct str reason, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX);
    enum err e;

    token_open(&body, token);
    put_str(&body, "reason", str_head(reason, REASON_MAX));
    json_obj_end(&body);
    e = say(c, job_id, "release", buf_str(&body), &answer, why);
    buf_release(&body);
    buf_release(&answer);
    return e;
}

enum err coordinator_complete(struct coordinator *c, uint64_t job_id, struct str body,
                              struct buf *why)
{
    struct buf answer = BUF_INIT(ANSWER_MAX);
    enum err e = say(c, job_id, "complete", body, &answer, why);

    buf_release(&answer);
    return e;
}

/* One call at `path` whose answer is appended. */
static enum err ask(struct coordinator *c, const char *path, struct str body, struct buf *answer,
                    struct buf *why)
{
    unsigned status;
    enum err e = post(c, path, body, BYTES_MS, &status, answer, why);

    return e ? e : status_error(status, path, buf_str(answer), why);
}

static bool answered_true(const struct buf *answer, const char *key)
{
    struct json doc;
    bool v = false;

    return json_parse(buf_str(answer), &doc, NULL) && json_bool(json_get(doc, key), &v) && v;
}

enum err coordinator_build_told(struct coordinator *c, uint64_t job_id, struct str body,
                                bool *wanted, struct buf *why)
{
    struct buf answer = BUF_INIT(ANSWER_MAX);
    enum err e = say(c, job_id, "build", body, &answer, why);

    if (!e)
        *wanted = answered_true(&answer, "wanted");
    buf_release(&answer);
    return e;
}

enum err coordinator_build_get(struct coordinator *c, const char *key, struct buf *out,
                               struct buf *why)
{
    char room[128];
    struct buf path = BUF_OVER(room);

    buf_addf(&path, "/builds/%s", key);
    return ask(c, room, STR_NONE, out, why);
}

enum err coordinator_build_lock(struct coordinator *c, const char *key, const char *holder,
                                uint64_t ttl_ms, bool *got, struct buf *why)
{
    char room[128];
    struct buf path = BUF_OVER(room), body = BUF_INIT(1024), answer = BUF_INIT(ANSWER_MAX);
    enum err e;

    buf_addf(&path, "/builds/%s/lock", key);
    json_obj(&body);
    put_z(&body, "worker", holder);
    put_u64(&body, "ttl_ms", ttl_ms);
    json_obj_end(&body);
    e = ask(c, room, buf_str(&body), &answer, why);
    if (!e)
        *got = answered_true(&answer, "acquired");
    buf_release(&body);
    buf_release(&answer);
    return e;
}

enum err coordinator_program_put(struct coordinator *c, const char *sha256, struct str bytes,
                                 struct buf *why)
{
    char room[128];
    struct buf path = BUF_OVER(room), answer = BUF_INIT(ANSWER_MAX);
    enum err e;

    buf_addf(&path, "/wasm/%s", sha256);
    e = ask(c, room, bytes, &answer, why);
    buf_release(&answer);
    return e;
}

enum err coordinator_program_get(struct coordinator *c, const char *sha256, struct buf *out,
                                 struct buf *why)
{
    char room[128];
    struct buf path = BUF_OVER(room);

    buf_addf(&path, "/wasm/%s", sha256);
    return ask(c, room, STR_NONE, out, why);
}
