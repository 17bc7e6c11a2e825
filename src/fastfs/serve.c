/*
 * serve.c — files over HTTP.
 *
 *     /{sender}/{receiver}/{path}          and by host, behind a name server with a wildcard:
 *     {sender}.fastfs.io/{receiver}/{path}
 *     main.fastfs.io/{sender}/{receiver}/{path}, test.fastfs.io/…
 *
 * A file whose name holds its own hash can never be another one: it may be kept for ever. All
 * others are asked for again by their ETag, which is the hash; what is not there may be there in a
 * moment. What users uploaded is theirs, not ours: pages among it run without an origin.
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "codec/base64.h"
#include "fastfs/ask.h"
#include "fastfs/gateway.h"
#include "fastfs/page.h"
#include "near/account_id.h"

#define SILENT_MS 30000 /* without a proper answer of the stream: not ready */
#define TYPE_MAX  (FASTFS_MIME_MAX + 32)
#define URL_MAX_  4096

static bool cut_id(struct str *path, struct str *id)
{
    *path = str_cut(*path, '/', id);
    return account_id_valid(*id);
}

enum gateway_what gateway_name(struct str host, struct str path, struct str domain,
                               struct gateway_name *out)
{
    struct str bare, label;
    bool whole;

    *out = (struct gateway_name){.by_host = false};
    (void)str_cut(host, ':', &bare);
    label = str_head(bare, bare.len > domain.len ? bare.len - domain.len - 1 : 0);
    if (str_starts(path, STR("/")))
        path = str_skip(path, 1);
    out->by_host = label.len && str_ends(bare, domain) && bare.ptr[label.len] == '.' &&
                   !str_eqz(label, "main") && !str_eqz(label, "test");
    if (out->by_host) {
        out->sender = label;
        if (!account_id_valid(label))
            return GATEWAY_NOTHING;
    } else {
        if (!path.len)
            return GATEWAY_HOME;
        if (!cut_id(&path, &out->sender))
            return GATEWAY_NOTHING;
    }
    if (!path.len)
        return GATEWAY_SENDER;
    whole = str_has_byte(path, '/');
    if (!cut_id(&path, &out->receiver))
        return GATEWAY_NOTHING;
    out->path = path;
    if (whole && !path.len)
        return GATEWAY_FOLDER;
    if (str_ends(path, STR("/")))
        return fastfs_path_ok(str_head(path, path.len - 1)) ? GATEWAY_FOLDER : GATEWAY_NOTHING;
    return fastfs_path_ok(path) ? GATEWAY_FILE : GATEWAY_NOTHING;
}

struct gateway_status gateway_status(struct gateway *g)
{
    struct gateway_status s;

    pthread_mutex_lock(&g->lock);
    s = g->status;
    pthread_mutex_unlock(&g->lock);
    return s;
}

/* ---- files ---- */

static bool token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || strchr("()<>@,;:\\\"/[]?={}", s.ptr[i]))
            return false;
    return s.len > 0;
}

/* What the sender calls it, if that is a type; texts are UTF-8 unless they say otherwise. */
static const char *type_of(struct str mime, struct arena *a)
{
    struct buf b = BUF_INIT(TYPE_MAX);
    struct str kind, sub, more = str_cut(mime, ';', &kind);
    const char *z;

    kind = str_trim(kind);
    sub = str_cut(kind, '/', &kind);
    if (!token(kind) || !token(sub))
        return "application/octet-stream";
    buf_addf(&b, "%.*s/%.*s", STR_ARG(kind), STR_ARG(sub));
    more = str_trim(more);
    if (more.len)
        buf_addf(&b, "; %.*s", STR_ARG(more));
    else if (str_eqz(kind, "text"))
        buf_addz(&b, "; charset=utf-8");
    z = arena_z(a, buf_str(&b));
    buf_release(&b);
    return z;
}

static void open_to_all(struct http_req *r)
{
    http_reply_header(r, "Access-Control-Allow-Origin", "*");
    http_reply_header(r, "X-Content-Type-Options", "nosniff");
}

static void file_headers(struct http_req *r, const struct file *f, const char *hex, const char *tag,
                         struct str name)
{
    char digest[64];
    struct buf d = BUF_OVER(digest);

    buf_addz(&d, "sha-256=:");
    base64_put(&d, f->sha256.b, sizeof(f->sha256.b));
    buf_addz(&d, ":");
    open_to_all(r);
    http_reply_header(r, "Access-Control-Expose-Headers",
                      "ETag, Content-Length, Content-Range, Accept-Ranges, Repr-Digest");
    http_reply_header(r, "Cross-Origin-Resource-Policy", "cross-origin");
    http_reply_header(r, "ETag", tag);
    http_reply_header(r, "Repr-Digest", digest);
    http_reply_header(r, "Accept-Ranges", "bytes");
    http_reply_header(r, "Content-Security-Policy", "sandbox allow-scripts");
    http_reply_header(r, "Cache-Control",
                      str_find(name, str_of(hex)) < name.len ? "public, max-age=31536000, immutable"
                                                             : "public, no-cache");
}

static void send_part(struct http_req *r, unsigned status, struct file *f, uint64_t from,
                      uint64_t n)
{
    const char *type = type_of(f->mime, http_req_arena(r));

    if (f->fd >= 0)
        http_reply_fd(r, status, type, f->fd, from, n);
    else
        http_reply(r, status, type, str_head(str_skip(f->content, (size_t)from), (size_t)n));
    f->fd = -1;
}

static void reply_file(struct http_req *r, struct file *f, struct str name)
{
    char tag[70], hex[65], text[80];
    struct buf e = BUF_OVER(tag), h = BUF_OVER(hex), range = BUF_OVER(text);
    struct str match = http_req_header(r, "If-Match");
    struct str none_match = http_req_header(r, "If-None-Match");
    struct str if_range = http_req_header(r, "If-Range"), asked = http_req_header(r, "Range");
    uint64_t from = 0, n = f->size;

    hash_put_hex(&h, &f->sha256);
    buf_addf(&e, "\"%s\"", hex);
    file_headers(r, f, hex, tag, name);
    if (match.ptr && !ask_listed(match, str_of(tag), false)) {
        http_reply(r, 412, NULL, STR_NONE);
        return;
    }
    if (none_match.ptr && ask_listed(none_match, str_of(tag), true)) {
        http_reply(r, 304, NULL, STR_NONE);
        return;
    }
    if (if_range.ptr && !str_eq(str_trim(if_range), str_of(tag)))
        asked = STR_NONE;
    switch (ask_range(asked, f->size, &from, &n)) {
    case ASK_WHOLE:
        send_part(r, 200, f, 0, f->size);
        break;
    case ASK_PART:
        buf_addf(&range, "bytes %llu-%llu/%llu", (unsigned long long)from,
                 (unsigned long long)(from + n - 1), (unsigned long long)f->size);
        http_reply_header(r, "Content-Range", text);
        send_part(r, 206, f, from, n);
        break;
    case ASK_NEVER:
        buf_addf(&range, "bytes */%llu", (unsigned long long)f->size);
        http_reply_header(r, "Content-Range", text);
        http_reply(r, 416, NULL, STR_NONE);
        break;
    }
}

/* ---- where there is no file ---- */

static enum page_form form_of(struct http_req *r, enum page_form usual)
{
    struct str accept = http_req_header(r, "Accept");

    return ask_accepts(accept, STR("text/html"))          ? PAGE_HTML
           : ask_accepts(accept, STR("application/json")) ? PAGE_JSON
                                                          : usual;
}

static void reply_page(struct http_req *r, unsigned status, enum page_form form, struct buf *body)
{
    static const char *const types[] = {"text/html; charset=utf-8", "application/json",
                                        "text/plain; charset=utf-8"};

    open_to_all(r);
    http_reply_header(r, "Cache-Control", "no-store");
    http_reply_header(r, "Vary", "Accept");
    if (form == PAGE_HTML)
        http_reply_header(r, "Content-Security-Policy", PAGE_POLICY);
    http_reply(r, status, types[form], buf_str(body));
    buf_release(body);
}

static void reply_absent(struct http_req *r, unsigned status, const char *what, struct str more)
{
    enum page_form form = form_of(r, PAGE_TEXT);
    struct buf body = BUF_INIT(PAGE_MAX);

    page_absent(&body, form, what, more);
    reply_page(r, status, form, &body);
}

static void reply_fault(struct http_req *r, const struct buf *why)
{
    log_unusual("file_not_read", "why=%s", buf_z(why));
    reply_absent(r, 500, "The file cannot be read",
                 STR("This gateway's own store is at fault; its operator finds more in its log."));
}

/* What stands before the names on a page, in a URL of this form. */
static struct str base_of(const struct gateway_name *name, struct arena *a)
{
    struct buf b = BUF_INIT(URL_MAX_);
    struct str base;

    buf_addz(&b, "/");
    if (!name->by_host)
        buf_addf(&b, "%.*s/", STR_ARG(name->sender));
    if (name->receiver.len)
        buf_addf(&b, "%.*s/", STR_ARG(name->receiver));
    base = arena_str(a, buf_str(&b));
    buf_release(&b);
    return base;
}

static enum err folder(struct gateway *g, struct http_req *r, const struct gateway_name *name,
                       bool redirect, struct buf *why)
{
    struct str after = http_req_query(r, "after"), base;
    enum page_form form = form_of(r, PAGE_JSON);
    struct arena *a = http_req_arena(r);
    struct buf body = BUF_INIT(PAGE_MAX), prefix = BUF_INIT(FASTFS_PATH_MAX + 2);
    struct files_row *rows;
    size_t n = 0;
    enum err e;

    buf_add_str(&prefix, name->path);
    if (redirect)
        buf_addz(&prefix, "/");
    e = files_list(&g->served, name->sender, name->receiver, buf_str(&prefix), after, a, &rows, &n,
                   why);
    base = base_of(name, a);
    if (!e && !n && !after.len) {
        e = ERR_ABSENT;
    } else if (!e && redirect) {
        struct buf url = BUF_INIT(URL_MAX_);

        buf_add_str(&url, base);
        fastfs_path_put(&url, buf_str(&prefix));
        http_reply_header(r, "Location", buf_z(&url));
        http_reply(r, 302, NULL, STR_NONE);
        buf_release(&url);
    } else if (!e) {
        page_folder(&body, form, name, base, rows, n);
        reply_page(r, 200, form, &body);
    }
    buf_release(&prefix);
    buf_release(&body);
    return e;
}

static enum err sender(struct gateway *g, struct http_req *r, const struct gateway_name *name,
                       struct buf *why)
{
    enum page_form form = form_of(r, PAGE_JSON);
    struct arena *a = http_req_arena(r);
    struct buf body = BUF_INIT(PAGE_MAX);
    struct str *ids;
    size_t n = 0;
    enum err e =
        files_receivers(&g->served, name->sender, http_req_query(r, "after"), a, &ids, &n, why);

    if (!e && !n)
        e = ERR_ABSENT;
    if (!e) {
        page_sender(&body, form, name->sender, base_of(name, a), ids, n);
        reply_page(r, 200, form, &body);
    }
    buf_release(&body);
    return e;
}

static enum err file(struct gateway *g, struct http_req *r, const struct gateway_name *name,
                     struct str path, struct buf *why)
{
    struct file f;
    enum err e =
        files_get(&g->served, name->sender, name->receiver, path, http_req_arena(r), &f, why);

    if (!e) {
        reply_file(r, &f, path);
        if (f.fd >= 0) /* not sent */
            close(f.fd);
    }
    return e;
}

static struct str index_of(struct str path, struct arena *a)
{
    struct buf b = BUF_INIT(FASTFS_PATH_MAX + 16);
    struct str out;

    buf_add_str(&b, path);
    buf_addz(&b, "index.html");
    out = arena_str(a, buf_str(&b));
    buf_release(&b);
    return out;
}

/* Nothing there: why, and until when. */
static void absent(struct gateway *g, struct http_req *r, const struct gateway_name *name)
{
    struct gateway_status s = gateway_status(g);
    struct buf more = BUF_INIT(1024), why = WHY_INIT;
    uint32_t have = 0, parts = 0;

    if (!files_waiting(&g->served, name->sender, name->receiver, name->path, &have, &parts, &why))
        buf_addf(&more, "It is being sent: %u of its %u parts are there.", have, parts);
    else if (s.fault[0] || !s.height)
        buf_addz(&more, "This gateway does not hear from the chain now; try again later.");
    else if (s.final > s.height + 1)
        buf_addf(&more, "This gateway is %llu blocks behind the chain; try again later.",
                 (unsigned long long)(s.final - s.height));
    else
        buf_addf(&more, "No transaction up to block %llu has brought it.",
                 (unsigned long long)s.height - 1);
    reply_absent(r, 404, "There is no such file", buf_str(&more));
    buf_release(&more);
    buf_release(&why);
}

static void reply_name(struct gateway *g, struct http_req *r, enum gateway_what what,
                       const struct gateway_name *name)
{
    struct buf why = WHY_INIT;
    enum err e = ERR_ABSENT;

    switch (what) {
    case GATEWAY_NOTHING:
    case GATEWAY_HOME:
        break;
    case GATEWAY_SENDER:
        e = sender(g, r, name, &why);
        break;
    case GATEWAY_FOLDER:
        e = file(g, r, name, index_of(name->path, http_req_arena(r)), &why);
        if (e == ERR_ABSENT)
            e = folder(g, r, name, false, &why);
        break;
    case GATEWAY_FILE:
        e = file(g, r, name, name->path, &why);
        if (e == ERR_ABSENT)
            e = folder(g, r, name, true, &why);
        break;
    }
    if (e == ERR_ABSENT && what == GATEWAY_NOTHING)
        reply_absent(r, 404, "There is no such address",
                     STR("A file's address is /SENDER/RECEIVER/PATH."));
    else if (e == ERR_ABSENT)
        absent(g, r, name);
    else if (e)
        reply_fault(r, &why);
    buf_release(&why);
}

/* ---- requests ---- */

static void home(struct gateway *g, struct http_req *r, enum page_form form)
{
    struct gateway_status s = gateway_status(g);
    struct buf body = BUF_INIT(PAGE_MAX);

    page_home(&body, form, &s);
    reply_page(r, 200, form, &body);
}

static void ready(struct gateway *g, struct http_req *r)
{
    struct gateway_status s = gateway_status(g);
    bool silent = !s.height || clock_mono_ms() - s.heard_ms > SILENT_MS;

    if (s.fault[0])
        reply_absent(r, 503, "It does not go on", str_of(s.fault));
    else if (silent)
        reply_absent(r, 503, "The block stream is silent", STR_NONE);
    else
        reply_absent(r, 200, "ok", STR_NONE);
}

/* Domain names know no capitals, and may end with a dot. */
static struct str host_of(struct http_req *r)
{
    char *z = arena_z(http_req_arena(r), http_req_header(r, "Host"));
    struct str host;

    for (char *c = z; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    (void)str_cut(str_of(z), ':', &host);
    while (str_ends(host, STR(".")))
        host.len--;
    return host;
}

static void other_method(struct http_req *r)
{
    bool before = strcmp(http_req_method(r), "OPTIONS") == 0;

    http_reply_header(r, "Allow", "GET, HEAD, OPTIONS");
    if (!before) {
        reply_absent(r, 405, "Files are only read here",
                     STR("They are written by a transaction: outlayer upload FILE."));
        return;
    }
    open_to_all(r);
    http_reply_header(r, "Access-Control-Allow-Methods", "GET, HEAD");
    http_reply_header(r, "Access-Control-Allow-Headers",
                      "Range, If-Range, If-Match, If-None-Match, Cache-Control");
    http_reply_header(r, "Access-Control-Max-Age", "86400");
    http_reply(r, 204, NULL, STR_NONE);
}

void gateway_serve(void *gateway, struct http_req *r)
{
    struct gateway *g = gateway;
    struct str path = http_req_path(r);
    struct gateway_name name;
    enum gateway_what what;

    if (strcmp(http_req_method(r), "GET") != 0 && strcmp(http_req_method(r), "HEAD") != 0) {
        other_method(r);
    } else if (str_eqz(path, "/livez")) {
        reply_absent(r, 200, "ok", STR_NONE);
    } else if (str_eqz(path, "/readyz")) {
        ready(g, r);
    } else if (str_eqz(path, "/health")) {
        home(g, r, PAGE_JSON);
    } else {
        what = gateway_name(host_of(r), path, str_of(g->domain), &name);
        if (what == GATEWAY_HOME)
            home(g, r, form_of(r, PAGE_JSON));
        else
            reply_name(g, r, what, &name);
    }
}
