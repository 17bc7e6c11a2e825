#include "cli/attestation_get.h"

#include <string.h>

#include "codec/json.h"
#include "http/client.h"

#define URL_BYTES  4096
#define CALL_MS    30000
#define RECORD_MAX (4u << 20)

/* GET `path`; the answer is appended to `out`. */
static enum err get(struct http_client *http, const char *base, const char *path, struct buf *out,
                    struct buf *why)
{
    char room[URL_BYTES + 1];
    struct buf url = BUF_OVER(room);
    const struct http_call call = {
        .method = "GET", .url = room, .timeout_ms = CALL_MS, .max_body = out->max};
    struct str host = str_of(base);
    struct json doc;
    struct buf said = BUF_INIT(512);
    unsigned status = 0;
    enum err e;

    while (host.len && host.ptr[host.len - 1] == '/')
        host = str_head(host, host.len - 1);
    buf_addf(&url, "%.*s%s", STR_ARG(host), path);
    if (url.full)
        return err_put(why, ERR_TOO_BIG, "the coordinator's URL is too long");
    e = http_client_call(http, &call, &status, out, why);
    if (!e && status != 200) {
        if (!json_parse(buf_str(out), &doc, NULL) || !json_str(json_get(doc, "error"), &said))
            buf_addf(&said, "status %u", status);
        e = err_put(why, status == 404 ? ERR_ABSENT : ERR_UPSTREAM, "'%s' answers: %s", room,
                    buf_z(&said));
    }
    buf_release(&said);
    return e;
}

/* The number in member `key` of what `path` answers. */
static enum err look_up(struct http_client *http, const char *base, const char *path,
                        const char *key, uint64_t *id, struct buf *why)
{
    struct buf answer = BUF_INIT(RECORD_MAX);
    struct json doc;
    enum err e = get(http, base, path, &answer, why);

    if (!e && (!json_parse(buf_str(&answer), &doc, NULL) || !json_u64(json_get(doc, key), id)))
        e = err_put(why, ERR_UPSTREAM, "the coordinator's answer to '%s' has no '%s'", path, key);
    buf_release(&answer);
    return e;
}

static bool is_transaction(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.ptr[i] < '0' || s.ptr[i] > '9') && (s.ptr[i] < 'A' || s.ptr[i] > 'Z') &&
            (s.ptr[i] < 'a' || s.ptr[i] > 'z'))
            return false;
    return s.len >= 32 && s.len <= 44;
}

static enum err find(struct http_client *http, const struct attestation_wish *w, uint64_t *id,
                     struct buf *why)
{
    char room[256];
    struct buf path = BUF_OVER(room);
    struct str what = str_of(w->what);
    uint64_t request;

    if (what.ptr && str_u64(what, id))
        return ERR_OK;
    if (what.ptr && !is_transaction(what))
        return err_put(why, ERR_FORMAT, "'%s' is neither an execution's id nor a transaction",
                       w->what);
    if (what.ptr) {
        buf_addf(&path, "/attestations/by-tx/%s?quote=0", w->what);
        return look_up(http, w->coordinator_url, room, "id", id, why);
    }
    if (!str_u64(str_of(w->request), &request))
        return err_put(why, ERR_FORMAT, "'%s' is no request id", w->request);
    buf_addf(&path, "/requests/%llu", (unsigned long long)request);
    return look_up(http, w->coordinator_url, room, "job_id", id, why);
}

enum err attestation_get(const struct attestation_wish *w, struct arena *a, struct buf *text,
                         struct bundle *out, uint64_t *id, struct buf *why)
{
    struct http_client *http = http_client_new();
    char room[256];
    struct buf path = BUF_OVER(room);
    enum err e = find(http, w, id, why);

    if (!e) {
        buf_addf(&path, "/attestations/%llu/bundle?payload=%d%s", (unsigned long long)*id,
                 w->payloads, w->compile ? "&type=compile" : "");
        e = get(http, w->coordinator_url, room, text, why);
    }
    if (!e && bundle_read(buf_str(text), a, out, why))
        e = ERR_UPSTREAM;
    http_client_free(http);
    return e;
}
