/* exchange.c — see exchange.h. */
#include "http/exchange.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/addr.h"

#define CONNECT_MS    10000
#define LOOK_MS       1000 /* between two looks at the clock, when nothing happens */
#define ADDRESSES_MAX 16u
#define WHY_LEN       512u

/* A request being made. */
struct going {
    CURL *curl;
    const struct exchange *what;
    struct exchange_result *out;
    char fault[CURL_ERROR_SIZE];
    uint64_t start_ms, heard_ms;
    struct buf head;   /* of the answer that is coming */
    struct str upload; /* of the request's body, not taken yet */
    uint64_t uploaded;
    bool upload_ended;
    bool wants_in, wants_out; /* paused until the peer is readable, writable */
    bool strange;             /* a connection was about to go where nobody looked */
    bool too_big, bad_body, gone, impatient, late;
};

void exchange_init(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        BUG("libcurl does not start");
}

void exchange_result_release(struct exchange_result *r)
{
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

static short peer_is(const struct going *g, short events)
{
    struct pollfd p = {.fd = g->what->peer, .events = events};

    return poll(&p, 1, 0) > 0 ? p.revents : 0;
}

/* libcurl connects to what it was given; this makes sure of it. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct going *g = ctx;

    if (purpose != CURLSOCKTYPE_IPCXN || !may_reach(g->what, &a->addr)) {
        g->strange = true;
        return CURL_SOCKET_BAD;
    }
    put_address(g->out->address, &a->addr);
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static bool heard(struct going *g, size_t n)
{
    g->heard_ms = clock_mono_ms();
    g->out->received += n;
    if (!g->what->spend(g->what->ctx, n, true))
        g->too_big = true;
    return !g->too_big;
}

static size_t on_head(char *data, size_t size, size_t n, void *ctx)
{
    struct going *g = ctx;
    struct str line;

    n *= size;
    line = str_trim(str_from(data, n));
    if (!heard(g, n))
        return 0;
    if (g->out->status >= 200) /* a trailer */
        return n;
    if (str_starts(line, STR("HTTP/"))) { /* an interim answer may have been before */
        buf_clear(&g->head);
    } else if (line.len) {
        buf_add_str(&g->head, line);
        buf_addz(&g->head, "\n");
    } else {
        long status = 0;
        curl_easy_getinfo(g->curl, CURLINFO_RESPONSE_CODE, &status);
        if (status >= 200) {
            g->out->status = (unsigned)status;
            g->gone = !g->what->head(g->what->ctx, (unsigned)status, buf_str(&g->head));
        }
    }
    g->too_big = g->head.full;
    return g->too_big || g->gone ? 0 : n;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct going *g = ctx;

    n *= size;
    if (n == 0)
        return 0;
    if (!peer_is(g, POLLOUT)) {
        g->wants_out = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!heard(g, n))
        return 0;
    g->gone = !g->what->body(g->what->ctx, str_from(data, n));
    return g->gone ? 0 : n;
}

static size_t on_upload(char *to, size_t size, size_t n, void *ctx)
{
    struct going *g = ctx;
    struct str piece;

    n *= size;
    if (!g->upload.len && !g->upload_ended) {
        if (!peer_is(g, POLLIN)) {
            g->wants_in = true;
            return CURL_READFUNC_PAUSE;
        }
        g->gone = !g->what->source(g->what->ctx, &g->upload);
        g->upload_ended = g->upload.len == 0;
        g->bad_body = g->upload_ended && g->what->has_length && g->uploaded < g->what->length;
    }
    piece = str_head(g->upload, n);
    if (!g->what->spend(g->what->ctx, piece.len, false))
        g->bad_body = true;
    if (g->gone || g->bad_body)
        return CURL_READFUNC_ABORT;
    memcpy(to, piece.ptr ? piece.ptr : "", piece.len);
    g->upload = str_skip(g->upload, piece.len);
    g->uploaded += piece.len;
    return piece.len;
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
                     "reserved addresses are never reached",
                     text);
            if (addr_kind(a->ai_addr) == ADDR_LOOPBACK && what->setting.len)
                buf_addf(&out->why, " (for development, %.*s)", STR_ARG(what->setting));
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

static void end_of(struct going *g, CURLcode code)
{
    struct exchange_result *out = g->out;
    const char *said = g->fault[0] ? g->fault : curl_easy_strerror(code);

    if (g->strange) {
        fail(out, EXCHANGE_PROHIBITED, "its address is not a public one");
        return;
    }
    if (g->gone) {
        fail(out, EXCHANGE_GONE, "the program did not wait for its end");
        return;
    }
    if (g->bad_body) {
        fail(out, EXCHANGE_BAD_BODY,
             g->upload_ended ? "its body is shorter than its Content-Length"
                             : "its body is more than is left of the bytes of one run");
        return;
    }
    if (g->too_big) {
        fail(out, EXCHANGE_TOO_BIG,
             g->head.full ? "the head of its answer has more than 65536 bytes"
                          : "its answer is more than is left of the bytes of one run");
        return;
    }
    if (g->impatient) {
        fail(out, EXCHANGE_IMPATIENT, "no answer within the time that the program gave it");
        return;
    }
    switch (g->late ? (int)CURLE_OPERATION_TIMEDOUT : (int)code) {
    case CURLE_OPERATION_TIMEDOUT:
        fail(out, EXCHANGE_TIMEOUT, "");
        buf_addf(&out->why, "no whole answer within %llu ms",
                 (unsigned long long)g->what->timeout_ms);
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

static void set_body(const struct going *g, const char *method)
{
    const struct exchange *what = g->what;
    CURL *h = g->curl;

    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    } else if (!what->has_length || what->length) {
        curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE,
                         what->has_length ? (curl_off_t)what->length : (curl_off_t)-1);
    } else if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
               strcmp(method, "PATCH") == 0) {
        curl_easy_setopt(h, CURLOPT_POST, 1L); /* says that its length is 0 */
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, "");
    } else {
        curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
}

static void set_up(struct going *g, const char *url, uint64_t left_ms)
{
    CURL *h = g->curl;

    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, g->fault);
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
    curl_easy_setopt(h, CURLOPT_BUFFERSIZE, (long)EXCHANGE_PIECE_MAX);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(left_ms < CONNECT_MS ? left_ms : CONNECT_MS));
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, g);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, g);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, g);
    curl_easy_setopt(h, CURLOPT_READFUNCTION, on_upload);
    curl_easy_setopt(h, CURLOPT_READDATA, g);
}

/* Is it over for a reason of ours? */
static bool given_up(struct going *g)
{
    const struct exchange *what = g->what;
    uint64_t now = clock_mono_ms();

    g->late = now - g->start_ms >= what->timeout_ms;
    if (!g->out->status)
        g->impatient = what->head_ms && now - g->start_ms >= what->head_ms;
    else
        g->impatient = what->gap_ms && !g->wants_out && now - g->heard_ms >= what->gap_ms;
    return g->late || g->impatient || g->gone;
}

/* How long until given_up() can say something else. */
static int patience(const struct going *g)
{
    const struct exchange *what = g->what;
    uint64_t limit = g->out->status ? what->gap_ms : what->head_ms;

    return limit && limit < LOOK_MS ? (int)limit : LOOK_MS;
}

/* From the first byte to the last, waiting for the server and for the peer at the same time. */
static CURLcode go(struct going *g)
{
    CURLM *multi = curl_multi_init();
    CURLcode code = CURLE_OK;
    CURLMsg *message;
    int running = 1, left;

    if (!multi || curl_multi_add_handle(multi, g->curl))
        BUG("libcurl gives no handle");
    for (;;) {
        struct curl_waitfd w = {.fd = g->what->peer};
        short is;

        if (curl_multi_perform(multi, &running) || !running || given_up(g))
            break;
        w.events =
            (short)((g->wants_in ? CURL_WAIT_POLLIN : 0) | (g->wants_out ? CURL_WAIT_POLLOUT : 0));
        curl_multi_poll(multi, &w, 1, patience(g), NULL);
        is = peer_is(g, (short)((g->wants_in ? POLLIN : 0) | (g->wants_out ? POLLOUT : 0)));
        g->gone = is & (POLLHUP | POLLERR);
        if (g->gone)
            break;
        if (is) {
            g->wants_in = g->wants_out = false;
            curl_easy_pause(g->curl, CURLPAUSE_CONT);
        }
    }
    while ((message = curl_multi_info_read(multi, &left)))
        if (message->msg == CURLMSG_DONE)
            code = message->data.result;
    if (running && !code)
        code = CURLE_ABORTED_BY_CALLBACK;
    curl_multi_remove_handle(multi, g->curl);
    curl_multi_cleanup(multi);
    return code;
}

/* Its URL taken apart and its name resolved: the request itself. */
static void make(struct going *g, const char *url, const char *method, const char *pin)
{
    struct curl_slist *fields = fields_of(g->what), *pins = add_field(NULL, pin);
    struct exchange_result *out = g->out;
    curl_off_t up = 0;
    long n = 0;
    CURLcode code;

    g->curl = curl_easy_init();
    if (!g->curl)
        BUG("libcurl gives no handle");
    set_up(g, url, g->what->timeout_ms - (clock_mono_ms() - g->start_ms));
    set_body(g, method);
    curl_easy_setopt(g->curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(g->curl, CURLOPT_RESOLVE, pins);
    code = go(g);
    curl_easy_getinfo(g->curl, CURLINFO_REQUEST_SIZE, &n);
    curl_easy_getinfo(g->curl, CURLINFO_SIZE_UPLOAD_T, &up);
    out->sent = (uint64_t)n + (uint64_t)up;
    if (code)
        end_of(g, code);
    curl_easy_cleanup(g->curl);
    curl_slist_free_all(fields);
    curl_slist_free_all(pins);
}

void exchange(const struct exchange *what, struct exchange_result *out)
{
    struct buf url = BUF_INIT(EXCHANGE_URL_MAX), pin = BUF_INIT(4096), method = BUF_INIT(64);
    struct going g = {
        .what = what, .out = out, .start_ms = clock_mono_ms(), .head = BUF_INIT(EXCHANGE_HEAD_MAX)};
    struct target t;

    *out = (struct exchange_result){.why = BUF_INIT(WHY_LEN)};
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
    if (clock_mono_ms() - g.start_ms >= what->timeout_ms)
        fail(out, EXCHANGE_TIMEOUT, "its name took too long to resolve");
    else
        make(&g, buf_z(&url), buf_z(&method), buf_z(&pin));
out:
    buf_wipe(&g.head);
    buf_wipe(&url);
    buf_wipe(&pin);
    buf_release(&method);
}
