/*
 * server.c — the HTTP server: one libmicrohttpd thread that reads, writes and calls the handler,
 * and one timer thread that ends what takes too long.
 *
 * A request is one `struct http_req` from its head until libmicrohttpd says it is completed. Its
 * life is a line: reading → handling → (held) → answered. The answer may come from any thread; who
 * moves a request to `answered` does so under `lock`, so it happens once. libmicrohttpd's thread
 * suspends a held connection only after the handler has returned, also under `lock`: an answer
 * given by another thread before that moment needs no resuming, one given after it does.
 *
 * The timer thread never calls `on_end` under `lock`, because the holder may call http_reply()
 * under its own. It counts itself as a user of the request instead (`refs`), so the address
 * cannot come back as a new request while a holder is asked about it.
 *
 * Connections are watched apart (conns.h), so that none outstays its phase.
 *
 * libmicrohttpd does not look at suspended connections, so the timer thread polls their sockets:
 * a held request whose client has gone is ended at once, not at its deadline.
 */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "http/conns.h"

#define HEAD_MAX    (64 * 1024)        /* bytes of a request's line and headers */
#define DRAIN_MAX   (32 * 1024 * 1024) /* bytes of a too large body read so that 413 is seen */
#define HEADERS_MAX 16                 /* added to an answer */
#define IDLE_MS     30000              /* between requests, and for a whole head */
#define BODY_MS     120000             /* for a whole body */
#define SEND_MS     600000             /* for a whole answer */
#define TICK_MS     250                /* how often the timer thread looks around */
#define REFUSED_MAX 64                 /* connections being refused at once */
#define FLUSH_MS    1000               /* at stop: for answers under way */

enum state { READING, HANDLING, HELD, ANSWERED };

struct http_req {
    struct http_server *s;
    struct MHD_Connection *mhd;
    struct conn *conn;
    const char *method;
    struct str path;
    struct arena arena;
    struct buf body;
    size_t drained; /* bytes of body thrown away */

    /* The rest is under `lock` once the handler has been called. */
    enum state state;
    unsigned refs;  /* libmicrohttpd, and the timer thread while it asks on_end */
    bool suspended; /* libmicrohttpd must be told to resume */
    bool listed;    /* in the list of held requests */
    struct MHD_Response *answer;
    unsigned status;
    struct http_req *prev, *next;
    uint64_t until;
    unsigned timeout_status;
    bool (*on_end)(void *ctx, struct http_req *r);
    void *ctx;
    size_t headers;
    struct {
        const char *name, *value; /* in the arena */
    } header[HEADERS_MAX];
};

struct http_server {
    struct http_server_opts o;
    struct MHD_Daemon *mhd;
    uint16_t port;
    uint64_t idle_ms;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* `open` or `unanswered` went down */
    struct http_req *held;
    size_t open;       /* requests libmicrohttpd has not completed */
    size_t unanswered; /* requests that were held and have no answer yet */
    bool stopping;
    bool handling; /* the handler runs: it may yet hold a request */

    struct conns conns;

    pthread_t timer;
    int wake; /* eventfd: the list of held requests changed, or stop */
};

static void wake_timer(struct http_server *s)
{
    uint64_t one = 1;

    while (write(s->wake, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void on_conn(void *ctx, struct MHD_Connection *mhd, void **slot,
                    enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = ctx;

    switch (what) {
    case MHD_CONNECTION_NOTIFY_STARTED:
        *slot = conns_add(
            &s->conns, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
            clock_mono_ms() + s->idle_ms);
        break;
    case MHD_CONNECTION_NOTIFY_CLOSED:
        if (*slot)
            conns_remove(&s->conns, *slot);
        *slot = NULL;
        break;
    }
}

static void req_unref(struct http_req *r) /* under lock */
{
    if (--r->refs)
        return;
    if (r->answer)
        MHD_destroy_response(r->answer);
    buf_release(&r->body);
    arena_release(&r->arena);
    mem_free(r);
}

static void unlist(struct http_req *r) /* under lock */
{
    struct http_server *s = r->s;

    if (!r->listed)
        return;
    if (r->prev)
        r->prev->next = r->next;
    else
        s->held = r->next;
    if (r->next)
        r->next->prev = r->prev;
    r->listed = false;
}

static struct MHD_Response *typed(struct MHD_Response *m, const char *type)
{
    if (!m)
        BUG("no response could be made");
    if (type && MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES)
        BUG("a content type libmicrohttpd does not take");
    return m;
}

static struct MHD_Response *response(struct str body, const char *type)
{
    /* libmicrohttpd copies; it takes the pointer without const */
    struct MHD_Response *m = MHD_create_response_from_buffer(
        body.len, body.len ? (void *)(uintptr_t)body.ptr : (void *)(uintptr_t) "",
        body.len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);

    return typed(m, type);
}

/* Give the answer to libmicrohttpd. In its thread. */
static enum MHD_Result send_answer(struct http_server *s, struct http_req *r)
{
    conns_phase(&s->conns, r->conn, clock_mono_ms() + SEND_MS);
    return MHD_queue_response(r->mhd, r->status, r->answer);
}

/* An answer of the server itself, before the handler is asked. */
static enum MHD_Result answer_now(struct http_server *s, struct http_req *r, unsigned status,
                                  const char *json, bool close)
{
    r->state = ANSWERED;
    r->status = status;
    r->answer = response(str_of(json), "application/json");
    if (close)
        (void)MHD_add_response_header(r->answer, MHD_HTTP_HEADER_CONNECTION, "close");
    return send_answer(s, r);
}

static struct str lookup(struct MHD_Connection *m, enum MHD_ValueKind kind, const char *name)
{
    const char *v = NULL;
    size_t n = 0;

    if (MHD_lookup_connection_value_n(m, kind, name, strlen(name), &v, &n) != MHD_YES)
        return STR_NONE;
    return v ? str_from(v, n) : STR("");
}

static void *begin(struct http_server *s, struct MHD_Connection *m, const char *url,
                   const char *method)
{
    struct http_req *r = mem_new(struct http_req);
    struct http_terms terms;

    r->s = s;
    r->mhd = m;
    r->conn = MHD_get_connection_info(m, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    r->method = method;
    r->path = str_of(url);
    terms = s->o.terms ? s->o.terms(s->o.ctx, r) : (struct http_terms){s->o.max_body, false};
    r->body = BUF_INIT(terms.max_body);
    r->refs = 1;
    pthread_mutex_lock(&s->lock);
    s->open++;
    pthread_mutex_unlock(&s->lock);
    conns_known(&s->conns, r->conn, terms.known);
    conns_phase(&s->conns, r->conn, clock_mono_ms() + BODY_MS);
    return r;
}

/* The head is there. A body that says it is too large is not even asked for. */
static enum MHD_Result on_head(struct http_server *s, struct http_req *r)
{
    struct str length = lookup(r->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t n;

    if (!length.ptr || !str_u64(length, &n) || n <= r->body.max)
        return MHD_YES;
    if (n > DRAIN_MAX || lookup(r->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT).ptr)
        return answer_now(s, r, 413, "{\"error\":\"body too large\"}", true);
    r->body.full = true;
    return MHD_YES;
}

/* A piece of the body. Too large a body is read to its end, within reason: a client that is still
 * writing when the connection closes would see a reset, not the 413. */
static enum MHD_Result on_piece(struct http_req *r, const char *data, size_t n)
{
    buf_add(&r->body, data, n);
    if (!r->body.full)
        return MHD_YES;
    r->drained += n;
    return r->drained > DRAIN_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_whole(struct http_server *s, struct http_req *r)
{
    enum MHD_Result sent = MHD_YES;
    bool stopping;

    if (r->body.full)
        return answer_now(s, r, 413, "{\"error\":\"body too large\"}", false);
    pthread_mutex_lock(&s->lock);
    stopping = s->stopping;
    s->handling = !stopping;
    pthread_mutex_unlock(&s->lock);
    if (stopping)
        return answer_now(s, r, 503, "{\"error\":\"shutting down\"}", true);

    conns_phase(&s->conns, r->conn, CONN_HELD);
    r->state = HANDLING;
    s->o.handle(s->o.ctx, r);

    pthread_mutex_lock(&s->lock);
    s->handling = false;
    BUG_ON(r->state == HANDLING); /* the handler must answer or hold */
    if (r->state == HELD) {
        r->suspended = true;
        MHD_suspend_connection(r->mhd);
    } else {
        sent = send_answer(s, r);
    }
    pthread_mutex_unlock(&s->lock);
    return sent;
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *m, const char *url,
                                 const char *method, const char *version UNUSED, const char *data,
                                 size_t *size, void **slot)
{
    struct http_server *s = ctx;
    struct http_req *r = *slot;
    enum MHD_Result sent = MHD_YES;

    if (!r) {
        r = *slot = begin(s, m, url, method);
        return on_head(s, r);
    }
    if (*size) {
        size_t n = *size;

        *size = 0;
        return r->state == READING ? on_piece(r, data, n) : MHD_YES;
    }
    if (r->state == READING)
        return on_whole(s, r);

    /* Resumed after a hold. */
    pthread_mutex_lock(&s->lock);
    if (r->state == ANSWERED)
        sent = send_answer(s, r);
    pthread_mutex_unlock(&s->lock);
    return sent;
}

static void on_completed(void *ctx, struct MHD_Connection *m UNUSED, void **slot,
                         enum MHD_RequestTerminationCode why UNUSED)
{
    struct http_server *s = ctx;
    struct http_req *r = *slot;

    if (!r)
        return;
    conns_phase(&s->conns, r->conn, clock_mono_ms() + s->idle_ms);
    pthread_mutex_lock(&s->lock);
    BUG_ON(r->state == HELD);
    r->mhd = NULL;
    s->open--;
    req_unref(r);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    *slot = NULL;
}

/* Percent-decoding in place. "%00" stays as it is: a NUL would cut the path short. */
static size_t on_unescape(void *ctx UNUSED, struct MHD_Connection *m UNUSED, char *s)
{
    char *out = s;

    for (const char *in = s; *in;) {
        int v = 0, i = 1;

        for (; *in == '%' && i < 3; i++) {
            char c = in[i];
            int d = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
            if (d < 0)
                break;
            v = v * 16 + d;
        }
        if (i == 3 && v) {
            *out++ = (char)v;
            in += 3;
        } else {
            *out++ = *in++;
        }
    }
    *out = '\0';
    return (size_t)(out - s);
}

static void answer(struct http_req *r, unsigned status, struct MHD_Response *m) /* under lock */
{
    struct http_server *s = r->s;

    BUG_ON(r->state != HANDLING && r->state != HELD);
    if (r->state == HELD) {
        unlist(r);
        s->unanswered--;
        pthread_cond_broadcast(&s->changed);
    }
    for (size_t i = 0; i < r->headers; i++)
        (void)MHD_add_response_header(m, r->header[i].name, r->header[i].value);
    r->state = ANSWERED;
    r->status = status;
    r->answer = m;
    if (r->suspended) {
        r->suspended = false;
        MHD_resume_connection(r->mhd);
    }
}

void http_reply(struct http_req *r, unsigned status, const char *content_type, struct str body)
{
    struct http_server *s = r->s;
    struct MHD_Response *m = response(body, content_type);

    pthread_mutex_lock(&s->lock);
    answer(r, status, m);
    pthread_mutex_unlock(&s->lock);
}

void http_reply_fd(struct http_req *r, unsigned status, const char *content_type, int fd,
                   uint64_t from, uint64_t n)
{
    struct http_server *s = r->s;
    struct MHD_Response *m =
        typed(MHD_create_response_from_fd_at_offset64(n, fd, from), content_type);

    pthread_mutex_lock(&s->lock);
    answer(r, status, m);
    pthread_mutex_unlock(&s->lock);
}

void http_reply_header(struct http_req *r, const char *name, const char *value)
{
    BUG_ON(r->headers == HEADERS_MAX);
    r->header[r->headers].name = arena_z(&r->arena, str_of(name));
    r->header[r->headers].value = arena_z(&r->arena, str_of(value));
    r->headers++;
}

void http_hold(struct http_req *r, uint64_t ms, unsigned timeout_status,
               bool (*on_end)(void *ctx, struct http_req *r), void *ctx)
{
    struct http_server *s = r->s;

    pthread_mutex_lock(&s->lock);
    BUG_ON(r->state != HANDLING && r->state != HELD);
    if (r->state == HANDLING)
        s->unanswered++;
    unlist(r); /* from the holder before */
    r->state = HELD;
    r->until = clock_mono_ms() + ms;
    r->timeout_status = timeout_status;
    r->on_end = on_end;
    r->ctx = ctx;
    r->next = s->held;
    r->prev = NULL;
    if (r->next)
        r->next->prev = r;
    s->held = r;
    r->listed = true;
    pthread_mutex_unlock(&s->lock);
    wake_timer(s);
}

/* The timer thread. */

/* Ask the holder to let go of `r`, and answer it with `status` if it does. Enters and leaves with
 * `lock` held, releases it meanwhile; `r` may be gone afterwards. */
static void end_held(struct http_server *s, struct http_req *r, unsigned status)
{
    bool (*on_end)(void *ctx, struct http_req *r) = r->on_end;
    void *ctx = r->ctx;
    bool mine;

    unlist(r);
    r->refs++;
    pthread_mutex_unlock(&s->lock);
    mine = on_end(ctx, r);
    pthread_mutex_lock(&s->lock);
    if (mine)
        answer(r, status, response(STR(""), NULL));
    req_unref(r);
}

struct watch {
    struct pollfd *fds; /* [0] is the eventfd */
    struct http_req **reqs;
    size_t n, cap;
};

/* Note the sockets of all held requests; gives the milliseconds until the first deadline. A
 * request noted here may be gone after the poll: it is only compared, never followed. */
static int watch_held(struct http_server *s, struct watch *w)
{
    uint64_t now = clock_mono_ms(), first = now + TICK_MS;
    size_t n = 1;

    pthread_mutex_lock(&s->lock);
    if (!w->fds || s->unanswered + 1 > w->cap) {
        size_t cap = (s->unanswered + 1) * 2;

        w->fds = mem_realloc(w->fds, w->cap * sizeof *w->fds, cap * sizeof *w->fds);
        w->reqs = mem_realloc(w->reqs, w->cap * sizeof(struct http_req *),
                              cap * sizeof(struct http_req *));
        w->cap = cap;
    }
    w->fds[0] = (struct pollfd){.fd = s->wake, .events = POLLIN};
    for (struct http_req *r = s->held; r; r = r->next) {
        w->fds[n] = (struct pollfd){.fd = r->conn->fd, .events = POLLRDHUP};
        w->reqs[n] = r;
        n++;
        if (r->until < first)
            first = r->until;
    }
    pthread_mutex_unlock(&s->lock);
    w->n = n;
    return first > now ? (int)(first - now) : 0;
}

static bool client_gone(const struct watch *w, const struct http_req *r)
{
    for (size_t i = 1; i < w->n; i++)
        if (w->reqs[i] == r && w->fds[i].fd == r->conn->fd)
            return (w->fds[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    return false;
}

/* End what is due; true when there was one, so that the caller looks again from the start. */
static bool end_next(struct http_server *s, const struct watch *w, bool any_gone)
{
    uint64_t now = clock_mono_ms();

    for (struct http_req *r = s->held; r; r = r->next) {
        if (s->stopping) {
            end_held(s, r, 503);
            return true;
        }
        if (r->until <= now || (any_gone && client_gone(w, r))) {
            end_held(s, r, r->timeout_status);
            return true;
        }
    }
    return false;
}

static void *timer_main(void *ctx)
{
    struct http_server *s = ctx;
    struct watch w = {0};
    uint64_t count, scan = 0;
    bool stop = false;

    while (!stop) {
        int wait = watch_held(s, &w);
        int n = poll(w.fds, w.n, wait);
        bool woken = n > 0 && (w.fds[0].revents & POLLIN);
        uint64_t now = clock_mono_ms();

        if (woken && read(s->wake, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR)
            BUG("the eventfd of the timer thread broke");
        if (now >= scan) {
            conns_expire(&s->conns, now);
            scan = now + TICK_MS;
        }
        pthread_mutex_lock(&s->lock);
        while (end_next(s, &w, n > (woken ? 1 : 0)))
            ;
        stop = s->stopping && !s->handling && !s->unanswered;
        pthread_mutex_unlock(&s->lock);
    }
    mem_free(w.fds);
    mem_free(w.reqs);
    return NULL;
}

/* Start and stop. */

static enum err address(const struct http_server_opts *o, struct sockaddr_in *out, struct buf *why)
{
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(o->port)};
    if (inet_pton(AF_INET, o->host, &out->sin_addr) != 1)
        return err_put(why, ERR_FORMAT, "'%s' is not an IPv4 address to listen on", o->host);
    return ERR_OK;
}

static void server_free(struct http_server *s)
{
    fd_close(&s->wake);
    pthread_mutex_destroy(&s->lock);
    conns_release(&s->conns);
    pthread_cond_destroy(&s->changed);
    mem_free(s);
}

enum err http_listen_read(const char *text, char host[HTTP_HOST_MAX], uint16_t *port,
                          struct buf *why)
{
    const char *colon = strrchr(text, ':');
    uint64_t n;

    if (!colon || (size_t)(colon - text) >= HTTP_HOST_MAX || !str_u64(str_of(colon + 1), &n) ||
        n > 65535)
        return err_put(why, ERR_FORMAT, "'%s' is not HOST:PORT to listen on", text);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    *port = (uint16_t)n;
    return ERR_OK;
}

enum err http_server_start(const struct http_server_opts *o, struct http_server **out,
                           struct buf *why)
{
    struct http_server *s;
    struct sockaddr_in addr;
    pthread_condattr_t attr;
    enum err e = address(o, &addr, why);

    if (e)
        return e;
    s = mem_new(struct http_server);
    s->o = *o;
    s->idle_ms = o->idle_ms ? o->idle_ms : IDLE_MS;
    pthread_mutex_init(&s->lock, NULL);
    /* libmicrohttpd would leave those over the maximum waiting in the backlog. */
    conns_init(&s->conns, o->max_conns);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake < 0) {
        e = err_sys(why, "no eventfd");
        goto out;
    }
    errno = 0;
    s->mhd = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, o->port, NULL, NULL, on_access, s,
        MHD_OPTION_SOCK_ADDR, &addr, MHD_OPTION_CONNECTION_LIMIT, o->max_conns + REFUSED_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_conn, s, MHD_OPTION_UNESCAPE_CALLBACK,
        on_unescape, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!s->mhd) {
        e = errno == EADDRINUSE
                ? err_put(why, ERR_BUSY,
                          "port %u of '%s' is taken; stop what listens there, or choose another",
                          o->port, o->host)
                : err_sys(why, "cannot listen on '%s:%u'", o->host, o->port);
        goto out;
    }
    s->port = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_BIND_PORT)->port;
    if (pthread_create(&s->timer, NULL, timer_main, s)) {
        MHD_stop_daemon(s->mhd);
        e = err_put(why, ERR_IO, "no thread for the server's timer");
        goto out;
    }
    *out = s;
    s = NULL;
out:
    if (s)
        server_free(s);
    return e;
}

void http_server_stop(struct http_server *s)
{
    struct timespec until;
    int listening;

    if (!s)
        return;
    listening = MHD_quiesce_daemon(s->mhd);
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_mutex_unlock(&s->lock);
    wake_timer(s);
    pthread_join(s->timer, NULL);

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += FLUSH_MS / 1000;
    pthread_mutex_lock(&s->lock);
    while (s->open && pthread_cond_timedwait(&s->changed, &s->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&s->lock);
    MHD_stop_daemon(s->mhd);
    fd_close(&listening);
    server_free(s);
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

const char *http_req_method(const struct http_req *r)
{
    return r->method;
}

struct str http_req_path(const struct http_req *r)
{
    return r->path;
}

struct str http_req_query(struct http_req *r, const char *name)
{
    return lookup(r->mhd, MHD_GET_ARGUMENT_KIND, name);
}

struct str http_req_header(struct http_req *r, const char *name)
{
    return lookup(r->mhd, MHD_HEADER_KIND, name);
}

struct str http_req_body(const struct http_req *r)
{
    return buf_str(&r->body);
}

uint32_t http_req_peer(const struct http_req *r)
{
    const struct sockaddr *a =
        MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    struct sockaddr_in in = {0};

    if (a && a->sa_family == AF_INET)
        memcpy(&in, a, sizeof in);
    return ntohl(in.sin_addr.s_addr);
}

struct arena *http_req_arena(struct http_req *r)
{
    return &r->arena;
}
