/* source_dstack.c — quotes from dstack's guest agent: HTTP over a Unix socket. */
#include <stdlib.h>
#include <string.h>

#include "attest/source_kind.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "http/client.h"

#define CALL_MS    60000 /* a quote waits behind those of other guests of the machine */
#define ANSWER_MAX (32 * 1024 * 1024)
#define URL_MAX    1024

/* In the order in which they are tried; the last is the agent before version 0.5. */
static const char *const sockets[] = {
    "/var/run/dstack.sock",    "/run/dstack.sock",    "/var/run/dstack/dstack.sock",
    "/run/dstack/dstack.sock", "/var/run/tappd.sock",
};

struct dstack {
    char *socket; /* path, or NULL */
    char *base;   /* URL without a slash at the end */
    bool legacy;
    struct http_client *http;
};

static const char *find_socket(void)
{
    const char *named = getenv("DSTACK_SIMULATOR_ENDPOINT");

    if (named && *named)
        return named;
    for (size_t i = 0; i < countof(sockets); i++)
        if (file_exists(sockets[i]))
            return sockets[i];
    return NULL;
}

bool source_dstack_there(void)
{
    return find_socket() != NULL;
}

static enum err call(struct dstack *d, const char *method, struct str body, struct arena *a,
                     struct json *answer, struct buf *why)
{
    struct buf url = BUF_INIT(URL_MAX), got = BUF_INIT(ANSWER_MAX);
    struct http_call c = {.method = "POST",
                          .body = body,
                          .content_type = "application/json",
                          .timeout_ms = CALL_MS,
                          .max_body = ANSWER_MAX,
                          .unix_socket = d->socket};
    unsigned status = 0;
    struct str text = STR_NONE;
    enum err e;

    buf_addf(&url, "%s/%s", d->base, method);
    c.url = buf_z(&url);
    e = http_client_call(d->http, &c, &status, &got, why);
    if (!e && status / 100 != 2) {
        if (json_parse(buf_str(&got), answer, NULL))
            (void)!json_plain(json_get(*answer, "error"), &text);
        e = err_put(why, ERR_UPSTREAM, "the guest agent answered %u to '%s': %.*s", status, method,
                    (int)(text.len > 200 ? 200 : text.len), text.len ? text.ptr : "");
    } else if (!e && !json_parse(arena_str(a, buf_str(&got)), answer, NULL)) {
        e = err_put(why, ERR_UPSTREAM, "the guest agent answered '%s' with no JSON", method);
    }
    buf_release(&url);
    buf_release(&got);
    return e;
}

/* A member that may be missing or empty. */
static void take(struct json answer, const char *name, struct buf *out)
{
    (void)!json_str(json_get(answer, name), out);
}

static enum err get(void *ctx, const uint8_t report_data[64], struct evidence *out, struct buf *why)
{
    struct dstack *d = ctx;
    struct arena a = ARENA_INIT;
    char room[256];
    struct buf body = BUF_OVER(room);
    struct json answer;
    struct str hex;
    char *to;
    enum err e;

    json_obj(&body);
    put_hex(&body, "report_data", str_from(report_data, REPORT_DATA_LEN));
    json_obj_end(&body);
    e = call(d, d->legacy ? "prpc/Tappd.RawQuote" : "GetQuote", buf_str(&body), &a, &answer, why);
    if (!e &&
        (!json_plain(json_get(answer, "quote"), &hex) || hex.len % 2 || hex.len / 2 > QUOTE_MAX))
        e = err_put(why, ERR_UPSTREAM, "the guest agent sent no quote");
    if (!e) {
        to = buf_room(&out->quote, hex.len / 2);
        if (!to || !hex_get(hex, to, hex.len / 2))
            e = err_put(why, ERR_UPSTREAM, "the guest agent's quote is no hexadecimal text");
    }
    if (!e) {
        take(answer, "event_log", &out->event_log);
        take(answer, "vm_config", &out->vm_config);
        if (out->event_log.full || out->vm_config.full)
            e = err_put(why, ERR_TOO_BIG, "the guest agent's event log is too large");
    }
    arena_release(&a);
    return e;
}

static enum err compose(void *ctx, struct buf *out, struct buf *why)
{
    struct dstack *d = ctx;
    struct arena a = ARENA_INIT;
    struct buf tcb = BUF_INIT(ANSWER_MAX);
    struct json answer, info;
    enum err e = call(d, d->legacy ? "prpc/Tappd.Info" : "Info", STR("{}"), &a, &answer, why);

    if (!e &&
        (!json_str(json_get(answer, "tcb_info"), &tcb) || !json_parse(buf_str(&tcb), &info, NULL) ||
         !json_str(json_get(info, "app_compose"), out)))
        e = err_put(why, ERR_UPSTREAM, "the guest agent sent no 'app_compose'");
    buf_release(&tcb);
    arena_release(&a);
    return e;
}

static char *copy(struct str s)
{
    char *p = mem_alloc(s.len + 1);

    memcpy(p, s.ptr, s.len);
    return p;
}

static void close_dstack(void *ctx)
{
    struct dstack *d = ctx;

    http_client_free(d->http);
    mem_free(d->socket);
    mem_free(d->base);
    mem_free(d);
}

static const struct quote_source_kind kind = {
    .name = "dstack", .get = get, .compose = compose, .close = close_dstack};

enum err source_dstack(const char *where, struct quote_source **out, struct buf *why)
{
    struct dstack *d;
    struct str s = str_of(where && *where ? where : find_socket());

    if (!s.ptr)
        return err_put(why, ERR_ABSENT,
                       "the guest agent's socket '%s' is not there; mount it, or name another",
                       sockets[0]);
    d = mem_new(struct dstack);
    d->http = http_client_new();
    d->legacy = str_ends(s, STR("tappd.sock"));
    if (str_starts(s, STR("http://")) || str_starts(s, STR("https://"))) {
        while (s.len && s.ptr[s.len - 1] == '/')
            s.len--;
        d->base = copy(s);
    } else {
        d->socket = copy(s);
        d->base = copy(STR("http://dstack"));
    }
    *out = source_new(&kind, d);
    return ERR_OK;
}
