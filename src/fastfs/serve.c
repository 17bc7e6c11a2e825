/*
 * serve.c — files over HTTP.
 *
 *     /{sender}/{receiver}/{path}          and by host, behind a name server with a wildcard:
 *     {sender}.fastfs.io/{receiver}/{path}
 *     main.fastfs.io/{sender}/{receiver}/{path}, test.fastfs.io/…
 *
 * A file whose name is its own hash can never be another one: it may be kept for ever. All others
 * are asked for again by their ETag, which is the hash. What users uploaded is theirs, not ours:
 * scripts in it run in a sandbox without an origin.
 */
#include <string.h>

#include "base/log.h"
#include "codec/hex.h"
#include "fastfs/gateway.h"
#include "near/account_id.h"

static bool cut_id(struct str *path, struct str *id)
{
    *path = str_cut(*path, '/', id);
    return account_id_valid(*id);
}

bool gateway_name(struct str host, struct str path, struct str domain, struct str *sender,
                  struct str *receiver, struct str *name)
{
    struct str bare, label;

    (void)str_cut(host, ':', &bare);
    label = str_head(bare, bare.len > domain.len ? bare.len - domain.len - 1 : 0);
    if (str_starts(path, STR("/")))
        path = str_skip(path, 1);
    if (label.len && str_ends(bare, domain) && bare.ptr[label.len] == '.' &&
        !str_eqz(label, "main") && !str_eqz(label, "test")) {
        *sender = label;
        if (!account_id_valid(label))
            return false;
    } else if (!cut_id(&path, sender)) {
        return false;
    }
    if (!cut_id(&path, receiver))
        return false;
    *name = path;
    return fastfs_path_ok(path);
}

/* "bytes=a-b", "bytes=a-", "bytes=-n": one range, or nothing that we serve. */
static bool range_read(struct str header, size_t size, size_t *from, size_t *n)
{
    struct str first, last;
    uint64_t a, b;

    if (!str_starts(header, STR("bytes=")) || !size)
        return false;
    last = str_cut(str_skip(header, 6), '-', &first);
    if (!first.len) {
        if (!str_u64(last, &b) || !b)
            return false;
        *n = b < size ? (size_t)b : size;
        *from = size - *n;
        return true;
    }
    if (!str_u64(first, &a) || a >= size)
        return false;
    b = size - 1;
    if (last.len && (!str_u64(last, &b) || b < a))
        return false;
    *from = (size_t)a;
    *n = (size_t)((b < size ? b : size - 1) - a + 1);
    return true;
}

static void reply_file(struct http_req *r, const struct file *f, struct str name)
{
    char etag[70], hex[65], range[80];
    struct buf e = BUF_OVER(etag), h = BUF_OVER(hex), g = BUF_OVER(range);
    struct str asked = http_req_header(r, "Range");
    size_t from = 0, n = f->content.len;
    struct str mime = arena_str(http_req_arena(r), f->mime);

    hash_put_hex(&h, &f->sha256);
    buf_addf(&e, "\"%s\"", hex);
    http_reply_header(r, "ETag", etag);
    http_reply_header(r, "Accept-Ranges", "bytes");
    http_reply_header(r, "Access-Control-Allow-Origin", "*");
    http_reply_header(r, "X-Content-Type-Options", "nosniff");
    http_reply_header(r, "Content-Security-Policy", "sandbox; default-src 'none'");
    http_reply_header(r, "Cache-Control",
                      str_find(name, buf_str(&h)) < name.len ? "public, max-age=31536000, immutable"
                                                             : "public, no-cache");
    if (str_eqz(http_req_header(r, "If-None-Match"), etag)) {
        http_reply(r, 304, mime.ptr, STR_NONE);
    } else if (asked.len && range_read(asked, f->content.len, &from, &n)) {
        buf_addf(&g, "bytes %zu-%zu/%zu", from, from + n - 1, f->content.len);
        http_reply_header(r, "Content-Range", range);
        http_reply(r, 206, mime.ptr, str_head(str_skip(f->content, from), n));
    } else {
        http_reply(r, 200, mime.ptr, f->content);
    }
}

static void reply_text(struct http_req *r, unsigned status, const char *text)
{
    http_reply(r, status, "text/plain; charset=utf-8", str_of(text));
}

void gateway_serve(void *gateway, struct http_req *r)
{
    struct gateway *g = gateway;
    struct str sender, receiver, name, path = http_req_path(r);
    struct buf why = WHY_INIT;
    struct file f;
    enum err e;

    if (str_eqz(path, "/livez")) {
        reply_text(r, 200, "ok\n");
    } else if (str_eqz(path, "/readyz")) {
        reply_text(r, atomic_load(&g->height) ? 200 : 503, "\n");
    } else if (strcmp(http_req_method(r), "GET") != 0 && strcmp(http_req_method(r), "HEAD") != 0) {
        reply_text(r, 405, "files are read here; they are written by a transaction\n");
    } else if (!gateway_name(http_req_header(r, "Host"), path, str_of(g->domain), &sender,
                             &receiver, &name)) {
        reply_text(r, 404, "a file's address is /SENDER/RECEIVER/PATH\n");
    } else {
        pthread_mutex_lock(&g->lock);
        e = files_get(&g->files, sender, receiver, name, http_req_arena(r), &f, &why);
        pthread_mutex_unlock(&g->lock);
        if (!e) {
            reply_file(r, &f, name);
        } else if (e == ERR_ABSENT) {
            reply_text(r, 404, "there is no such file\n");
        } else {
            log_unusual("file_not_read", "why=%s", buf_z(&why));
            reply_text(r, 500, "the file cannot be read\n");
        }
    }
    buf_release(&why);
}
