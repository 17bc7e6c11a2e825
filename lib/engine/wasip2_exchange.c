/*
 * wasip2_exchange.c — a request under way: sent off, its body as it comes, its answer as it is
 * read; see wasip2_http.h.
 *
 * It is sent off when its body is finished, so that the length is known and no server must take
 * chunks, or else when the body is long or the guest waits for the answer.
 */
#include "base/file.h"
#include "base/mem.h"
#include "engine/wasip2_http.h"

#define SENTENCES_MAX  16u         /* about failed requests, on stderr of one run */
#define SEND_OFF_BYTES (1u << 20)  /* of a body that is not finished */
#define GRACE_NS       2000000000u /* over the request's own time, if who makes it hangs */

static uint32_t shortest_ms(const struct p2_options *o, size_t from, size_t n)
{
    uint64_t least = 0;

    for (size_t i = from; o && i < from + n; i++) {
        uint64_t ms = o->timeout[i] / 1000000u + 1;
        if (o->has_timeout[i] && (!least || ms < least))
            least = ms;
    }
    return least < UINT32_MAX ? (uint32_t)least : 0;
}

struct p2_object *p2_exchange_new(struct wasip2 *w, struct p2_object *request,
                                  const struct p2_options *options)
{
    struct p2_object *o = p2_new(P2_EXCHANGE, request);
    struct p2_exchange *x = mem_new(struct p2_exchange);

    *x = (struct p2_exchange){.w = w,
                              .fd = -1,
                              .head_ms = shortest_ms(options, 0, 2),
                              .gap_ms = shortest_ms(options, 2, 1),
                              .piece = BUF_INIT(NET_PIECE_MAX)};
    o->as.exchange = x;
    request->as.request->exchange = o;
    request->as.request->sent_off = true;
    return o;
}

static void hang_up(struct p2_exchange *x)
{
    if (x->fd < 0)
        return;
    fd_close(&x->fd);
    x->w->streams--;
}

void p2_exchange_free(struct p2_object *o)
{
    struct p2_exchange *x = o->as.exchange;

    hang_up(x);
    o->of->as.request->exchange = NULL;
    buf_wipe(&x->head.memory);
    buf_wipe(&x->end.memory);
    buf_wipe(&x->piece);
    mem_free(x);
}

/* What went wrong is told on stderr, where guest and requester look for reasons. */
static void tell(const struct p2_object *o)
{
    const struct p2_exchange *x = o->as.exchange;
    char room[NET_AUTHORITY_MAX + NET_TEXT_MAX + 64];
    struct buf line = BUF_OVER(room);

    if (x->w->told++ >= SENTENCES_MAX)
        return;
    buf_addf(&line, "outlayer: request to '%s': %.*s\n", buf_z(&o->of->as.request->authority),
             STR_ARG(str_head(x->end.text, NET_TEXT_MAX)));
    wasi_err(&x->w->wasi, buf_str(&line));
}

/* It is over; x->end says how. */
static void over(struct p2_object *o)
{
    struct p2_exchange *x = o->as.exchange;
    enum net_error e = x->end.error;

    x->ended = true;
    hang_up(x);
    if (e != NET_NONE)
        tell(o);
    if ((e == NET_TIMEOUT || e == NET_READ_TIMEOUT) && !x->end.impatient)
        x->w->timeouts++;
}

static void fail(struct p2_object *o, enum net_error e, const char *text)
{
    struct net_response *end = &o->as.exchange->end;

    end->error = e;
    end->memory = BUF_INIT(NET_TEXT_MAX);
    buf_addz(&end->memory, text);
    end->text = buf_str(&end->memory);
    over(o);
}

void p2_exchange_break(struct p2_object *o)
{
    if (!o->as.exchange->ended)
        fail(o, NET_INTERNAL, "the request's body was dropped before it was finished");
}

/* The length that the guest itself has put among the headers. */
static bool declared(const struct p2_fields *f, uint64_t *out)
{
    for (size_t i = 0; i < f->n; i++)
        if (net_same_name(buf_str(&f->list[i].name), STR("content-length")))
            return str_u64(buf_str(&f->list[i].value), out);
    return false;
}

static void open(struct p2_object *o)
{
    struct p2_exchange *x = o->as.exchange;
    const struct net_host *net = x->w->wasi.job->net;
    const struct p2_request *q = o->of->as.request;
    const struct p2_fields *f = o->of->of->as.fields;
    struct net_field fields[NET_FIELDS_MAX];
    struct str host;
    struct net_request request = {.method = buf_str(&q->method),
                                  .https = q->scheme != SCHEME_HTTP,
                                  .authority = buf_str(&q->authority),
                                  .path = buf_str(&q->path),
                                  .fields = fields,
                                  .nfields = f->n,
                                  .has_length = true,
                                  .length = q->body.len,
                                  .head_ms = x->head_ms,
                                  .gap_ms = x->gap_ms};
    uint32_t ms = 0;
    enum err e;

    x->opened = true;
    if (q->body_taken && !q->body_done)
        request.has_length = declared(f, &request.length);
    for (size_t i = 0; i < f->n; i++)
        fields[i] = (struct net_field){buf_str(&f->list[i].name), buf_str(&f->list[i].value)};
    if (!net || !net->open) {
        fail(o, NET_DENIED, "this run has no network");
        return;
    }
    if (q->body.full) {
        fail(o, NET_SEND_TOO_BIG,
             "more than 4194304 bytes of its body were written before it was "
             "handed over; hand it over first");
        return;
    }
    if (request.has_length && request.length > INT64_MAX) {
        fail(o, NET_SEND_TOO_BIG, "no body is as long as its Content-Length says");
        return;
    }
    if (q->scheme == SCHEME_OTHER || !net_host(buf_str(&q->authority), &host) ||
        !net_is_path(buf_str(&q->path))) {
        fail(o, NET_URI, "a request needs http or https, a host, and a path from '/'");
        return;
    }
    if (x->w->streams == NET_OPEN_MAX) {
        fail(o, NET_LIMIT, "96 answers are open; read or drop one first");
        return;
    }
    e = net->open(net->ctx, &request, &x->fd, &ms, &x->end);
    if (e == ERR_DENIED) {
        over(o);
    } else if (e) {
        fail(o, NET_INTERNAL, "the supervisor has gone");
    } else {
        x->w->streams++;
        x->due_ns = wasi_now_ns() + ms * UINT64_C(1000000) + GRACE_NS;
        x->end_sent = request.has_length && request.length == 0;
    }
}

static bool is_ready(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    return poll(&p, 1, 0) > 0;
}

static bool unsent(const struct p2_exchange *x, const struct p2_request *q)
{
    return x->fd >= 0 && !x->end_sent && (q->body_at < q->body.len || q->body_done);
}

/* As much of the request's body as there is and the stream takes. */
static void push(struct p2_exchange *x, struct p2_request *q)
{
    const struct net_host *net = x->w->wasi.job->net;

    while (unsent(x, q) && is_ready(x->fd, POLLOUT)) {
        struct str piece = str_head(str_skip(buf_str(&q->body), q->body_at), NET_PIECE_MAX);

        /* Who does not want more of it says why by the answer. */
        x->end_sent = net->send(net->ctx, x->fd, piece) || piece.len == 0;
        q->body_at += piece.len;
        if (q->body_at == q->body.len) {
            buf_clear(&q->body);
            q->body_at = 0;
        }
    }
}

/* What has come of the answer; one piece of its body at a time is held here. */
static void pull(struct p2_object *o)
{
    struct p2_exchange *x = o->as.exchange;
    const struct net_host *net = x->w->wasi.job->net;
    struct net_response got;
    enum net_part part;

    while (x->fd >= 0 && x->piece_at == x->piece.len && is_ready(x->fd, POLLIN)) {
        got = (struct net_response){0};
        buf_clear(&x->piece);
        x->piece_at = 0;
        if (net->read(net->ctx, x->fd, &part, &got, &x->piece)) {
            fail(o, NET_CUT, "the process that makes requests has gone; try again");
        } else if (part == NET_PART_END) {
            x->end = got;
            if (!x->headed && got.error == NET_NONE)
                x->end.error = NET_PROTOCOL;
            over(o);
        } else if (x->headed == (part == NET_PART_HEAD)) {
            buf_wipe(&got.memory);
            fail(o, NET_PROTOCOL, "the process that makes requests does not keep to the order");
        } else if (part == NET_PART_HEAD) {
            x->head = got;
            x->headed = true;
        }
    }
}

static void step(struct p2_object *o, bool waits)
{
    struct p2_exchange *x = o->as.exchange;
    struct p2_request *q = o->of->as.request;

    if (x->ended)
        return;
    if (!x->opened && (waits || !q->body_taken || q->body_done || q->body.len > SEND_OFF_BYTES))
        open(o);
    push(x, q);
    pull(o);
    if (x->fd >= 0 && wasi_now_ns() > x->due_ns)
        fail(o, NET_READ_TIMEOUT, "no answer in time");
}

void p2_exchange_step(struct p2_object *o)
{
    step(o, false);
}

/* Has it a head, or an end without one? */
static bool is_answered(const struct p2_object *o)
{
    return o->as.exchange->headed || o->as.exchange->ended;
}

/* ---- as streams and pollables see it ---- */

/* The exchange behind a future or a body's stream; NULL: not sent off yet, or dropped. */
static struct p2_object *exchange_of(const struct p2_object *of)
{
    if (of->type == P2_FUTURE)
        return of->of;
    if (of->type == P2_INPUT)
        return of->of->of->of; /* incoming-body, response */
    return of->of->of->as.request->exchange;
}

/* Does nobody take more of the request's body? */
static bool refuses(const struct p2_exchange *x)
{
    return x->ended || x->end_sent;
}

bool p2_http_ready(struct p2_object *of)
{
    struct p2_object *o = exchange_of(of);
    const struct p2_exchange *x;

    if (of->type == P2_OUTPUT)
        return p2_http_room(of) > 0;
    x = o->as.exchange; /* who shows an answer holds its exchange */
    step(o, true);
    if (of->type == P2_FUTURE)
        return is_answered(o);
    return x->ended || x->piece_at < x->piece.len;
}

struct pollfd p2_http_poll(const struct p2_object *of)
{
    const struct p2_object *o = exchange_of(of);
    const struct p2_exchange *x = o ? o->as.exchange : NULL;
    struct pollfd p = {.fd = x ? x->fd : -1};

    if (x && unsent(x, o->of->as.request))
        p.events |= POLLOUT;
    if (of->type != P2_OUTPUT)
        p.events |= POLLIN;
    return p;
}

uint64_t p2_http_due(const struct p2_object *of)
{
    const struct p2_object *o = exchange_of(of);

    return o && o->as.exchange->fd >= 0 ? o->as.exchange->due_ns : UINT64_MAX;
}

struct str p2_http_read(struct p2_object *input, size_t n, bool *ended,
                        const struct net_response **failed)
{
    struct p2_object *o = exchange_of(input);
    struct p2_exchange *x = o->as.exchange;
    struct str s;

    step(o, true);
    s = str_head(str_skip(buf_str(&x->piece), x->piece_at), n);
    x->piece_at += s.len;
    *ended = x->ended && s.len == 0;
    *failed = *ended && x->end.error != NET_NONE ? &x->end : NULL;
    return s;
}

bool p2_http_write(struct p2_object *output, const p2_val *bytes)
{
    struct p2_object *o = exchange_of(output);
    struct p2_request *q = output->of->of->as.request;

    if (q->body_done || (q->sent_off && (!o || refuses(o->as.exchange))) ||
        !p2_add_bytes(&q->body, bytes))
        return false;
    if (o)
        step(o, false);
    return !q->body.full;
}

size_t p2_http_room(struct p2_object *output)
{
    struct p2_object *o = exchange_of(output);
    const struct p2_request *q = output->of->of->as.request;

    if (o)
        step(o, false);
    /* Until it is sent off there is room to hold it; when it is over, the next write says so. */
    if (!o || !o->as.exchange->opened || refuses(o->as.exchange))
        return P2_STEP;
    return q->body.len - q->body_at < NET_PIECE_MAX ? P2_STEP : 0;
}
