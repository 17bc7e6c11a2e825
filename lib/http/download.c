/* download.c — see download.h. */
#include "http/download.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/addr.h"

#define CONNECT_MS 10000

struct downloader {
    CURL *curl;
    char fault[CURL_ERROR_SIZE];
    /* of the hop being made */
    const struct download *what;
    struct curl_slist *headers;
    bool loopback_only;    /* plain http */
    bool refused;          /* an address was */
    bool too_big, stopped; /* by us, by the sink */
    uint64_t taken;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        BUG("libcurl does not start");
}

struct downloader *downloader_new(void)
{
    struct downloader *d = mem_new(struct downloader);

    pthread_once(&once, begin);
    d->curl = curl_easy_init();
    if (!d->curl)
        BUG("libcurl gives no handle");
    return d;
}

void downloader_free(struct downloader *d)
{
    if (!d)
        return;
    curl_easy_cleanup(d->curl);
    mem_free(d);
}

/* libcurl is about to connect to this very address. One refusal ends the attempt: a name with a
 * public and a private address is not tried any further. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct downloader *d = ctx;
    enum addr_kind kind = addr_kind(&a->addr);
    bool ok = d->loopback_only ? kind == ADDR_LOOPBACK : kind == ADDR_PUBLIC;

    if (d->what->allow_http_loopback && kind == ADDR_LOOPBACK)
        ok = true;
    if (purpose != CURLSOCKTYPE_IPCXN || !ok || d->refused) {
        d->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct downloader *d = ctx;
    long status = 0;

    n *= size;
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return n; /* a page about an error or a redirect: read past, within max_bytes too */
    if (n > d->what->max_bytes - d->taken) {
        d->too_big = true;
        return 0;
    }
    d->taken += n;
    if (!d->what->sink(d->what->ctx, str_from(data, n))) {
        d->stopped = true;
        return 0;
    }
    return n;
}

/* What libcurl says is about to come: stop early when it is announced to be too big. */
static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    struct downloader *d = ctx;

    (void)up_total;
    (void)up_now;
    if ((total > 0 && (uint64_t)total > d->what->max_bytes) ||
        (uint64_t)now > d->what->max_bytes + 65536) {
        d->too_big = true;
        return 1;
    }
    return 0;
}

/* Scheme, host and the absence of credentials; anything else is the connection's business. */
static enum err url_check(struct downloader *d, const char *url, struct buf *why)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *user = NULL, *host = NULL;
    enum err e = ERR_DENIED;

    if (!u)
        BUG("no memory for a URL");
    for (const char *c = url; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f) {
            err_put(why, ERR_DENIED, "the URL has white space or control characters in it");
            goto out;
        }
    }
    if (curl_url_set(u, CURLUPART_URL, url, 0) || curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
        curl_url_get(u, CURLUPART_HOST, &host, 0)) {
        err_put(why, ERR_DENIED, "'%.200s' is not a URL that can be fetched", url);
        goto out;
    }
    if (!curl_url_get(u, CURLUPART_USER, &user, 0)) {
        err_put(why, ERR_DENIED, "a URL with a user name in it is not fetched");
        goto out;
    }
    d->loopback_only = strcmp(scheme, "http") == 0;
    if (strcmp(scheme, "https") != 0 && !(d->loopback_only && d->what->allow_http_loopback)) {
        err_put(why, ERR_DENIED, "only https is fetched, not '%.200s'", url);
        goto out;
    }
    e = ERR_OK;
out:
    curl_free(scheme);
    curl_free(user);
    curl_free(host);
    curl_url_cleanup(u);
    return e;
}

static void set_up(struct downloader *d, const char *url, uint64_t left_ms)
{
    CURL *h = d->curl;

    curl_easy_reset(h);
    d->fault[0] = '\0';
    d->refused = d->too_big = d->stopped = false;
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, d->fault);
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, d->loopback_only ? "http" : "https");
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_USERAGENT, "outlayer");
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, d);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, d);
    curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(h, CURLOPT_XFERINFODATA, d);
    for (const char *const *l = d->what->headers; l && *l; l++) {
        struct curl_slist *longer = curl_slist_append(d->headers, *l);

        if (!longer)
            BUG("no memory for a header");
        d->headers = longer;
    }
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, d->headers);
    if (d->what->body.ptr) {
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)d->what->body.len);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, d->what->body.ptr);
    } else {
        curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
    }
}

static enum err fault_of(struct downloader *d, CURLcode code, struct buf *why)
{
    if (d->refused)
        return err_put(why, ERR_DENIED, "the host's address is not a public one");
    if (d->too_big)
        return err_put(why, ERR_TOO_BIG, "the file is larger than %llu bytes",
                       (unsigned long long)d->what->max_bytes);
    if (d->stopped)
        return err_put(why, ERR_IO, "what was fetched cannot be kept");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_put(why, ERR_TIMEOUT, "the download took longer than %llu ms",
                       (unsigned long long)d->what->timeout_ms);
    return err_put(why, ERR_UPSTREAM, "the download failed: %s",
                   d->fault[0] ? d->fault : curl_easy_strerror(code));
}

/* One request without following anything; `next` gets where a redirect points, else is cleared. */
static enum err hop(struct downloader *d, const char *url, uint64_t deadline_ms, unsigned *status,
                    struct buf *next, struct buf *why)
{
    uint64_t now = clock_mono_ms();
    const char *to = NULL;
    long got = 0;
    CURLcode code;
    enum err e = url_check(d, url, why);

    if (e)
        return e;
    if (now >= deadline_ms)
        return fault_of(d, CURLE_OPERATION_TIMEDOUT, why);
    d->taken = 0;
    set_up(d, url, deadline_ms - now);
    code = curl_easy_perform(d->curl);
    curl_slist_free_all(d->headers);
    d->headers = NULL;
    if (code)
        return fault_of(d, code, why);
    curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &got);
    *status = (unsigned)got;
    buf_clear(next);
    if (got == 200)
        return ERR_OK;
    curl_easy_getinfo(d->curl, CURLINFO_REDIRECT_URL, &to);
    if (!to || d->what->body.ptr)
        return err_put(why, ERR_ABSENT, "the server answered with status %ld", got);
    buf_addz(next, to);
    if (next->full)
        return err_put(why, ERR_DENIED, "a redirect to a URL that is too long");
    return ERR_OK;
}

enum err download(struct downloader *d, const struct download *what, unsigned *status,
                  struct buf *why)
{
    char room[DOWNLOAD_URL_MAX + 1], next_room[DOWNLOAD_URL_MAX + 1];
    struct buf url = BUF_OVER(room), next = BUF_OVER(next_room);
    uint64_t deadline = clock_mono_ms() + what->timeout_ms;
    enum err e;

    *status = 0;
    d->what = what;
    buf_add_str(&url, what->url);
    if (url.full || !what->url.len || str_has_byte(what->url, '\0'))
        return err_put(why, ERR_DENIED, "the URL is empty or longer than %d bytes",
                       DOWNLOAD_URL_MAX);
    for (unsigned i = 0; i <= DOWNLOAD_REDIRECTS_MAX; i++) {
        e = hop(d, buf_z(&url), deadline, status, &next, why);
        if (e || *status == 200)
            return e;
        buf_clear(&url);
        buf_add_str(&url, buf_str(&next));
    }
    return err_put(why, ERR_DENIED, "more than %d redirects", DOWNLOAD_REDIRECTS_MAX);
}
