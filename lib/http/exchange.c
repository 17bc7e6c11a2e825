/* exchange.c — see exchange.h. */
#include "http/exchange.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/addr.h"

#define CONNECT_MS    10000
#define ADDRESSES_MAX 16u
#define WHY_LEN       512u

struct exchanger {
    CURL *curl;
    char fault[CURL_ERROR_SIZE];
    /* of the request being made */
    const struct exchange *what;
    struct exchange_result *out;
    bool strange; /* a connection was about to go where nobody looked */
    bool too_big, head_too_big;
};

struct exchanger *exchanger_new(void)
{
    struct exchanger *x = mem_new(struct exchanger);

    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        BUG("libcurl does not start");
    x->curl = curl_easy_init();
    if (!x->curl)
        BUG("libcurl gives no handle");
    return x;
}

void exchanger_free(struct exchanger *x)
{
    if (!x)
        return;
    curl_easy_cleanup(x->curl);
    mem_free(x);
}

void exchange_result_release(struct exchange_result *r)
{
    buf_wipe(&r->head);
    buf_wipe(&r->body);
    buf_release(&r->why);
}

static bool may_reach(const struct exchange *what, const struct sockaddr *a)
{
    enum addr_kind kind = addr_kind(a);

    return kind == ADDR_PUBLIC || (kind == ADDR_LOOPBACK && what->allow_loopback);
}

static void put_address(char to[EXCHANGE_ADDRESS_MAX], const struct sockaddr *a)
{
    const void *ip = a->sa_family == AF_INET6
                         ? (const void *)&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr
                         : (const void *)&((const struct sockaddr_in *)(const void *)a)->sin_addr;

    if (!inet_ntop(a->sa_family, ip, to, EXCHANGE_ADDRESS_MAX))
        to[0] = '\0';
}

/* libcurl connects to what it was given; this makes sure of it. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct exchanger *x = ctx;

    if (purpose != CURLSOCKTYPE_IPCXN || !may_reach(x->what, &a->addr)) {
        x->strange = true;
        return CURL_SOCKET_BAD;
    }
    put_address(x->out->address, &a->addr);
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t on_head(char *data, size_t size, size_t n, void *ctx)
{
    struct exchanger *x = ctx;
    struct str line;

    n *= size;
    line = str_trim(str_from(data, n));
    x->out->received += n;
    if (str_starts(line, STR("HTTP/"))) /* of an interim answer before, or this one */
        buf_clear(&x->out->head);
    else if (line.len) {
        buf_add_str(&x->out->head, line);
        buf_addz(&x->out->head, "\n");
    }
    x->head_too_big = x->out->head.full;
    return x->head_too_big ? 0 : n;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct exchanger *x = ctx;

    n *= size;
    x->out->received += n;
    buf_add(&x->out->body, data, n);
    x->too_big = x->out->body.full;
    return x->too_big ? 0 : n;
}

static void fail(struct exchange_result *out, enum exchange_end end, const char *why)
{
    out->end = end;
    buf_clear(&out->why);
    buf_addz(&out->why, why);
}

struct target {
    char host[EXCHANGE_HOST_MAX];
    bool https;
    char port[8];
};

/* The URL's parts, as libcurl will understand them. */
static bool take_apart(const char *url, struct target *t, struct exchange_result *out)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *user = NULL, *host = NULL, *port = NULL;
    bool ok = false;

    if (!u)
        BUG("no memory for a URL");
    if (curl_url_set(u, CURLUPART_URL, url, 0) || curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) ||
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT)) {
        fail(out, EXCHANGE_BAD_URL, "this is no URL that can be asked");
    } else if (!curl_url_get(u, CURLUPART_USER, &user, 0)) {
        fail(out, EXCHANGE_BAD_URL, "a URL with a user name in it is not asked");
    } else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
        fail(out, EXCHANGE_BAD_URL, "only http and https are spoken");
    } else if (!*host || strlen(host) >= sizeof(t->host) || strlen(port) >= sizeof(t->port)) {
        fail(out, EXCHANGE_BAD_URL, "the host's name is empty or too long");
    } else {
        t->https = strcmp(scheme, "https") == 0;
        memcpy(t->host, host, strlen(host) + 1);
        memcpy(t->port, port, strlen(port) + 1);
        ok = true;
    }
    curl_free(scheme);
    curl_free(user);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return ok;
}

/* Resolve once; all addresses or none. `pin` gets "host:port:a,b,c" for libcurl. */
static bool resolve(const struct exchange *what, const struct target *t, struct buf *pin,
                    struct exchange_result *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list = NULL;
    char bare[EXCHANGE_HOST_MAX], text[EXCHANGE_ADDRESS_MAX];
    size_t len = strlen(t->host), n = 0;
    bool ok = true;

    /* [::1] without its brackets */
    bool bracketed = t->host[0] == '[' && len > 2;
    memcpy(bare, t->host + bracketed, len - 2 * (size_t)bracketed);
    bare[len - 2 * (size_t)bracketed] = '\0';
    if (getaddrinfo(bare, t->port, &hints, &list) || !list) {
        hints.ai_flags = 0; /* a machine with nothing but loopback */
        if (getaddrinfo(bare, t->port, &hints, &list) || !list) {
            fail(out, EXCHANGE_NO_HOST, "there is no such host");
            return false;
        }
    }
    buf_addf(pin, "%s:%s:", bare, t->port);
    for (const struct addrinfo *a = list; a && ok && n < ADDRESSES_MAX; a = a->ai_next) {
        put_address(text, a->ai_addr);
        if (n == 0)
            memcpy(out->address, text, sizeof(text));
        ok = may_reach(what, a->ai_addr);
        if (!ok) {
            memcpy(out->address, text, sizeof(text));
            fail(out, EXCHANGE_PROHIBITED, "");
            buf_addf(&out->why,
                     "its address %s is not a public one; private, loopback, link-local and "
                     "reserved addresses are never reached%s",
                     text,
                     addr_kind(a->ai_addr) == ADDR_LOOPBACK
                         ? " (for development, outlayer run --allow-loopback)"
                         : "");
        }
        buf_addf(pin, a->ai_family == AF_INET6 ? "%s[%s]" : "%s%s", n ? "," : "", text);
        n++;
    }
    freeaddrinfo(list);
    return ok;
}

static bool has_field(const struct exchange *what, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < what->nfields; i++)
        if (what->fields[i].name.len == len && curl_strnequal(what->fields[i].name.ptr, name, len))
            return true;
    return false;
}

static struct curl_slist *add_field(struct curl_slist *list, const char *line)
{
    struct curl_slist *more = curl_slist_append(list, line);
    if (!more)
        BUG("no memory for a header");
    return more;
}

static struct curl_slist *fields_of(const struct exchange *what)
{
    struct buf line = BUF_INIT(EXCHANGE_HEAD_MAX);
    struct curl_slist *list = NULL;

    for (size_t i = 0; i < what->nfields; i++) {
        const struct exchange_field *f = &what->fields[i];
        if (f->name.len == 14 && curl_strnequal(f->name.ptr, "content-length", 14))
            continue; /* counted here */
        buf_clear(&line);
        buf_add_str(&line, f->name);
        buf_addz(&line, f->value.len ? ": " : ";"); /* libcurl's way to say "empty" */
        buf_add_str(&line, f->value);
        list = add_field(list, buf_z(&line));
    }
    if (!has_field(what, "accept"))
        list = add_field(list, "Accept:"); /* none of libcurl's own */
    if (!has_field(what, "content-type"))
        list = add_field(list, "Content-Type:");
    list = add_field(list, "Expect:");
    buf_wipe(&line);
    return list;
}

static void end_of(struct exchanger *x, CURLcode code)
{
    struct exchange_result *out = x->out;
    const char *said = x->fault[0] ? x->fault : curl_easy_strerror(code);

    if (x->strange) {
        fail(out, EXCHANGE_PROHIBITED, "its address is not a public one");
        return;
    }
    if (x->too_big || x->head_too_big) {
        fail(out, EXCHANGE_TOO_BIG, "");
        buf_addf(&out->why, "its answer has more than %zu bytes",
                 x->too_big ? x->what->max_bytes : (size_t)EXCHANGE_HEAD_MAX);
        return;
    }
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT:
        fail(out, EXCHANGE_TIMEOUT, "");
        buf_addf(&out->why, "no whole answer within %llu ms",
                 (unsigned long long)x->what->timeout_ms);
        return;
    case CURLE_COULDNT_CONNECT:
        fail(out, EXCHANGE_REFUSED, said);
        return;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
        fail(out, EXCHANGE_TLS, said);
        return;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
        fail(out, EXCHANGE_CUT, said);
        return;
    default:
        fail(out, EXCHANGE_PROTOCOL, said);
    }
}

static void set_up(struct exchanger *x, const char *url, const char *method, uint64_t left_ms)
{
    CURL *h = x->curl;

    curl_easy_reset(h);
    x->fault[0] = '\0';
    x->strange = x->too_big = x->head_too_big = false;
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, x->fault);
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(left_ms < CONNECT_MS ? left_ms : CONNECT_MS));
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, x);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, x);
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    } else if (x->what->body.len || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
        curl_easy_setopt(h, CURLOPT_POST, 1L);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->what->body.len);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, x->what->body.len ? x->what->body.ptr : "");
    } else {
        curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
}

void exchange(struct exchanger *x, const struct exchange *what, struct exchange_result *out)
{
    uint64_t start = clock_mono_ms(), spent;
    struct curl_slist *fields = NULL, *pins = NULL;
    struct buf url = BUF_INIT(EXCHANGE_URL_MAX), pin = BUF_INIT(4096), method = BUF_INIT(64);
    struct target t;
    curl_off_t up = 0;
    long n = 0;
    CURLcode code;

    *out = (struct exchange_result){.head = BUF_INIT(EXCHANGE_HEAD_MAX),
                                    .body = BUF_INIT(what->max_bytes),
                                    .why = BUF_INIT(WHY_LEN)};
    x->what = what;
    x->out = out;
    buf_add_str(&url, what->url);
    buf_add_str(&method, what->method);
    if (url.full || method.full || str_has_byte(what->url, '\0')) {
        fail(out, EXCHANGE_BAD_URL, "the URL or the method is too long");
        goto out;
    }
    if (!take_apart(buf_z(&url), &t, out))
        goto out;
    out->port = (uint16_t)strtoul(t.port, NULL, 10);
    if (!resolve(what, &t, &pin, out))
        goto out;
    spent = clock_mono_ms() - start;
    if (spent >= what->timeout_ms) {
        fail(out, EXCHANGE_TIMEOUT, "its name took too long to resolve");
        goto out;
    }
    set_up(x, buf_z(&url), buf_z(&method), what->timeout_ms - spent);
    fields = fields_of(what);
    pins = add_field(NULL, buf_z(&pin));
    curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(x->curl, CURLOPT_RESOLVE, pins);
    code = curl_easy_perform(x->curl);
    curl_easy_getinfo(x->curl, CURLINFO_REQUEST_SIZE, &n);
    curl_easy_getinfo(x->curl, CURLINFO_SIZE_UPLOAD_T, &up);
    out->sent = (uint64_t)n + (uint64_t)up;
    if (code) {
        end_of(x, code);
    } else {
        curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &n);
        out->status = (unsigned)n;
    }
out:
    curl_slist_free_all(fields);
    curl_slist_free_all(pins);
    buf_wipe(&url);
    buf_wipe(&pin);
    buf_release(&method);
}
