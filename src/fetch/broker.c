/* broker.c — see broker.h. */
#include "fetch/broker.h"

#include <malloc.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "guest/net_msg.h"
#include "http/exchange.h"
#include "proc/frame.h"

#define STACK_BYTES (512u << 10)
#define PIECE_MS    10000u /* for a piece that has begun to come, or to go */

/* What the requests of one run share. The supervisor starts no run before it has heard of all
 * requests of the one before. */
struct desk {
    int sock;
    pthread_mutex_t lock;
    uint64_t run, spent; /* bytes */
};

/* One request; the thread's. */
struct errand {
    struct desk *desk;
    int stream;
    struct buf body; /* of the ask, which borrows from it */
    struct net_ask ask;
    struct net_field fields[NET_FIELDS_MAX];
    struct frame piece;
    struct buf message;
};

static enum net_error error_of(enum exchange_end end)
{
    static const enum net_error errors[] = {
        [EXCHANGE_OK] = NET_NONE,
        [EXCHANGE_BAD_URL] = NET_URI,
        [EXCHANGE_NO_HOST] = NET_DNS,
        [EXCHANGE_PROHIBITED] = NET_PROHIBITED,
        [EXCHANGE_REFUSED] = NET_REFUSED,
        [EXCHANGE_TIMEOUT] = NET_READ_TIMEOUT,
        [EXCHANGE_IMPATIENT] = NET_READ_TIMEOUT,
        [EXCHANGE_TLS] = NET_TLS,
        [EXCHANGE_CUT] = NET_CUT,
        [EXCHANGE_TOO_BIG] = NET_TOO_BIG,
        [EXCHANGE_BAD_BODY] = NET_SEND_TOO_BIG,
        [EXCHANGE_PROTOCOL] = NET_PROTOCOL,
        [EXCHANGE_GONE] = NET_CUT,
    };
    return errors[end];
}

static uint64_t soon(void)
{
    return clock_mono_ms() + PIECE_MS;
}

static bool source(void *ctx, struct str *piece)
{
    struct errand *x = ctx;

    if (frame_recv(x->stream, &x->piece, soon(), NULL) || x->piece.type != NET_PIECE ||
        x->piece.nfds)
        return false;
    *piece = buf_str(&x->piece.body);
    return true;
}

/* The head's lines; what is no header by our rule is left out. */
static void take_fields(struct str head, struct net_response *out)
{
    while (head.len && out->nfields < NET_FIELDS_MAX) {
        struct str line, name, value;
        head = str_cut(head, '\n', &line);
        value = str_trim(str_cut(line, ':', &name));
        if (net_is_token(name) && name.len <= NET_NAME_MAX && net_is_value(value))
            out->fields[out->nfields++] = (struct net_field){name, value};
    }
}

static bool head(void *ctx, unsigned status, struct str lines)
{
    struct errand *x = ctx;
    struct net_response r = {.status = (uint16_t)status};

    take_fields(lines, &r);
    buf_clear(&x->message);
    net_head_write(&x->message, &r);
    return !frame_send(x->stream, NET_HEAD, buf_str(&x->message), NULL, 0, soon(), NULL);
}

static bool body(void *ctx, struct str piece)
{
    const struct errand *x = ctx;
    struct str part;

    for (; piece.len; piece = str_skip(piece, part.len)) {
        part = str_head(piece, NET_PIECE_MAX);
        if (frame_send(x->stream, NET_PIECE, part, NULL, 0, soon(), NULL))
            return false;
    }
    return true;
}

static bool spend(void *ctx, uint64_t bytes, bool come)
{
    struct errand *x = ctx;
    bool fits;

    pthread_mutex_lock(&x->desk->lock);
    fits = bytes <= x->ask.bytes_max && x->desk->spent <= x->ask.bytes_max - bytes;
    if (fits || come)
        x->desk->spent += bytes;
    pthread_mutex_unlock(&x->desk->lock);
    return fits;
}

/* The supervisor first: when the guest's run ends with this request, it is known already. */
static void tell(struct errand *x, const struct exchange_result *r, uint64_t time_ms)
{
    const struct net_response end = {.error = error_of(r->end),
                                     .impatient = r->end == EXCHANGE_IMPATIENT,
                                     .text = buf_str(&r->why)};
    const struct net_told told = {.run = x->ask.run,
                                  .id = x->ask.id,
                                  .error = end.error,
                                  .text = end.text,
                                  .status = (uint16_t)r->status,
                                  .address = str_of(r->address),
                                  .port = r->port,
                                  .sent = r->sent,
                                  .received = r->received,
                                  .time_ms = (uint32_t)time_ms};

    buf_clear(&x->message);
    net_told_write(&x->message, &told);
    pthread_mutex_lock(&x->desk->lock);
    /* When the supervisor has gone, this process is about to go. */
    (void)!frame_send(x->desk->sock, NET_TOLD, buf_str(&x->message), NULL, 0, soon(), NULL);
    pthread_mutex_unlock(&x->desk->lock);
    buf_clear(&x->message);
    net_end_write(&x->message, &end);
    (void)!frame_send(x->stream, NET_END, buf_str(&x->message), NULL, 0, soon(), NULL);
}

static void errand_free(struct errand *x)
{
    fd_close(&x->stream);
    if (x->piece.body.len)
        mem_wipe(x->piece.body.ptr, x->piece.body.len);
    frame_release(&x->piece);
    buf_wipe(&x->body);
    buf_wipe(&x->message);
    mem_free(x);
}

static void *run(void *arg)
{
    struct errand *x = arg;
    const struct net_request *q = &x->ask.request;
    struct buf url = BUF_INIT(EXCHANGE_URL_MAX);
    struct exchange_field fields[NET_FIELDS_MAX];
    struct exchange what = {.method = q->method,
                            .fields = fields,
                            .nfields = q->nfields,
                            .has_length = q->has_length,
                            .length = q->length,
                            .timeout_ms = x->ask.timeout_ms,
                            .head_ms = q->head_ms,
                            .gap_ms = q->gap_ms,
                            .allow_loopback = x->ask.loopback,
                            .setting = x->ask.setting,
                            .peer = x->stream,
                            .ctx = x,
                            .source = source,
                            .head = head,
                            .body = body,
                            .spend = spend};
    struct exchange_result r;
    uint64_t start = clock_mono_ms();

    buf_addf(&url, "%s://%.*s%s%.*s", q->https ? "https" : "http", STR_ARG(q->authority),
             q->path.len && q->path.ptr[0] == '/' ? "" : "/", STR_ARG(q->path));
    for (size_t i = 0; i < q->nfields; i++)
        fields[i] = (struct exchange_field){q->fields[i].name, q->fields[i].value};
    what.url = buf_str(&url);
    exchange(&what, &r);
    tell(x, &r, clock_mono_ms() - start);
    exchange_result_release(&r);
    buf_wipe(&url);
    errand_free(x);
    return NULL;
}

/* A thread of its own for it; `x` is given away. */
static enum err start(struct errand *x, struct buf *why)
{
    pthread_attr_t attr;
    pthread_t t;
    bool ok;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    ok = pthread_create(&t, &attr, run, x) == 0;
    pthread_attr_destroy(&attr);
    if (ok)
        return ERR_OK;
    errand_free(x);
    return err_put(why, ERR_IO, "no thread for a request");
}

static enum err serve_one(struct desk *d, struct buf *why)
{
    struct frame f = FRAME_INIT(NET_MESSAGE_MAX);
    struct errand *x = mem_new(struct errand);
    enum err e = frame_recv(d->sock, &f, FRAME_FOREVER, why);

    *x = (struct errand){.desk = d,
                         .stream = -1,
                         .piece = FRAME_INIT(NET_PIECE_MAX),
                         .message = BUF_INIT(NET_MESSAGE_MAX)};
    if (!e) {
        x->body = f.body;
        f.body = BUF_INIT(0);
        if (f.type != NET_ASK || f.nfds != 1 ||
            !net_ask_read(buf_str(&x->body), &x->ask, x->fields))
            e = err_put(why, ERR_FORMAT, "the supervisor sent something that is no request");
    }
    if (!e) {
        x->stream = f.fds[0];
        f.fds[0] = -1;
        pthread_mutex_lock(&d->lock);
        if (x->ask.run != d->run)
            d->spent = 0;
        d->run = x->ask.run;
        pthread_mutex_unlock(&d->lock);
        e = start(x, why);
    } else {
        errand_free(x);
    }
    frame_release(&f);
    return e;
}

enum err broker_serve(int sock, struct buf *why)
{
    static struct desk d = {.lock = PTHREAD_MUTEX_INITIALIZER}; /* threads may outlive the call */
    enum err e = ERR_OK;

    mallopt(M_ARENA_MAX,
            2); /* an arena for each thread would use up the address space it may have */
    exchange_init();
    d.sock = sock;
    while (!e)
        e = serve_one(&d, why);
    return e;
}
