/*
 * client.c — HTTP requests by libcurl, one handle kept so that connections are reused.
 */
#include "http/client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define CONNECT_MS  10000
#define DEFAULT_MS  30000
#define HEADER_MAX  4096 /* bytes of a header we send */
#define URL_SAY_MAX 200  /* bytes of a URL in a message */

struct http_client {
    CURL *curl;
    char fault[CURL_ERROR_SIZE];
};

struct sink {
    struct buf *body;
    size_t max;
    size_t len;
    bool too_big;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_begin(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        BUG("libcurl does not start");
}

struct http_client *http_client_new(void)
{
    struct http_client *c = mem_new(struct http_client);

    pthread_once(&curl_once, curl_begin);
    c->curl = curl_easy_init();
    if (!c->curl)
        BUG("libcurl gives no handle");
    return c;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    mem_free(c);
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct sink *s = ctx;

    n *= size;
    if (n > s->max - s->len) {
        s->too_big = true;
        return 0;
    }
    buf_add(s->body, data, n);
    if (s->body->full) {
        s->too_big = true;
        return 0;
    }
    s->len += n;
    return n;
}

/* The URL as a message may show it: without a user's name and password, query and fragment, which
 * carry keys. */
static void say_url(const char *url, struct buf *out)
{
    struct str s = str_of(url), rest;
    size_t at = str_find(s, STR("://"));

    s = str_head(s, strcspn(url, "?#"));
    if (at < s.len) {
        buf_add_str(out, str_head(s, at + 3));
        rest = str_skip(s, at + 3);
        for (size_t i = 0; i < rest.len && rest.ptr[i] != '/'; i++) {
            if (rest.ptr[i] == '@') {
                rest = str_skip(rest, i + 1);
                i = 0;
            }
        }
        s = rest;
    }
    buf_add_str(out, str_head(s, URL_SAY_MAX));
}

static bool token_ok(const char *t)
{
    size_t n = strlen(t);

    if (!n || n > HEADER_MAX - sizeof "Authorization: Bearer ")
        return false;
    for (size_t i = 0; i < n; i++)
        if (t[i] <= ' ' || t[i] > '~')
            return false;
    return true;
}

/* Add one line; libcurl copies it. */
static void header(struct curl_slist **list, const char *name, const char *value)
{
    char line[HEADER_MAX];
    struct buf b = BUF_OVER(line);
    struct curl_slist *more;

    buf_addz(&b, name);
    buf_addz(&b, value);
    BUG_ON(b.full);
    more = curl_slist_append(*list, line);
    if (!more)
        BUG("no memory for a header");
    *list = more;
    mem_wipe(line, sizeof line);
}

static enum err fault_of(struct http_client *c, const struct http_call *call, CURLcode code,
                         const struct sink *sink, struct buf *why)
{
    char shown[URL_SAY_MAX + 64];
    struct buf url = BUF_OVER(shown);
    const char *text = c->fault[0] ? c->fault : curl_easy_strerror(code);

    say_url(call->url, &url);
    if (sink->too_big)
        return err_put(why, ERR_TOO_BIG, "the answer of '%s' is larger than %zu bytes", buf_z(&url),
                       sink->max);
    /* Only the codes that say more than "no answer" are told apart. */
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_put(why, ERR_TIMEOUT, "'%s' did not answer within %llu ms", buf_z(&url),
                       (unsigned long long)(call->timeout_ms ? call->timeout_ms : DEFAULT_MS));
    if (code == CURLE_URL_MALFORMAT)
        return err_put(why, ERR_FORMAT, "'%s' is not a URL", buf_z(&url));
    if (code == CURLE_UNSUPPORTED_PROTOCOL)
        return err_put(why, ERR_DENIED, "'%s' is not %s", buf_z(&url),
                       call->https_only ? "https" : "http or https");
    return err_put(why, ERR_UPSTREAM, "no answer from '%s': %s", buf_z(&url), text);
}

static void set_up(struct http_client *c, const struct http_call *call, struct sink *sink,
                   struct curl_slist *headers)
{
    CURL *h = c->curl;
    const char *schemes = call->https_only ? "https" : "http,https";

    curl_easy_reset(h); /* keeps the open connections */
    c->fault[0] = '\0';
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->fault);
    curl_easy_setopt(h, CURLOPT_URL, call->url);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, schemes);
    curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, schemes);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(h, CURLOPT_USERAGENT, "outlayer");
    curl_easy_setopt(h, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS,
                     (long)(call->timeout_ms ? call->timeout_ms : DEFAULT_MS));
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, call->max_redirects ? 1L : 0L);
    curl_easy_setopt(h, CURLOPT_MAXREDIRS, (long)call->max_redirects);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, sink);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    if (call->unix_socket)
        curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, call->unix_socket);
    if (call->body.ptr) {
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, call->body.ptr);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    }
    if (!strcmp(call->method, "HEAD"))
        curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, call->method);
}

/* The wanted header of the last answer, when it was sent. */
static void take_header(struct http_client *c, const struct http_call *call)
{
    struct curl_header *h;

    for (size_t i = 0; i < countof(call->header) && call->header_value; i++) {
        if (call->header[i] &&
            curl_easy_header(c->curl, call->header[i], 0, CURLH_HEADER, -1, &h) == CURLHE_OK) {
            buf_addz(call->header_value, h->value);
            return;
        }
    }
}

enum err http_client_call(struct http_client *c, const struct http_call *call, unsigned *status,
                          struct buf *body, struct buf *why)
{
    struct sink sink = {.body = body, .max = call->max_body ? call->max_body : body->max};
    struct curl_slist *headers = NULL;
    size_t before = body->len;
    CURLcode code;
    long got = 0;

    if (call->bearer && !token_ok(call->bearer))
        return err_put(why, ERR_FORMAT, "the bearer token is empty, too long or not printable");
    if (call->session && !token_ok(call->session))
        return err_put(why, ERR_FORMAT, "the session is empty, too long or not printable");
    header(&headers, "Expect:", ""); /* no round trip before a body */
    if (call->content_type)
        header(&headers, "Content-Type: ", call->content_type);
    else if (call->body.ptr)
        header(&headers, "Content-Type:", "");
    if (call->bearer)
        header(&headers, "Authorization: Bearer ", call->bearer);
    if (call->session)
        header(&headers, "X-TEE-Session: ", call->session);
    set_up(c, call, &sink, headers);
    code = curl_easy_perform(c->curl);
    if (!code) {
        curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &got);
        take_header(c, call);
    }
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    for (struct curl_slist *l = headers; l; l = l->next)
        mem_wipe(l->data, strlen(l->data));
    curl_slist_free_all(headers);
    if (code) {
        body->len = before;
        if (body->ptr)
            body->ptr[before] = '\0';
        return fault_of(c, call, code, &sink, why);
    }
    *status = (unsigned)got;
    return ERR_OK;
}
