/* wasip2_io.c — wasi:io: streams, what they wait for, their errors. */
#include "engine/wasip2.h"

#define POLL_MAX 4096u

#define FN(name) static wasmtime_error_t *name(struct p2_call *c)

FN(to_debug_string)
{
    struct p2_object *o = p2_get(c, 0, P2_ERROR);
    if (!o)
        return p2_abuse(c, "no error behind the handle");
    P2_RET(p2_text(buf_str(&o->as.error.text)));
}

static bool is_ready(const struct p2_object *p, uint64_t now)
{
    return p->of ? p2_http_ready(p->of) : p->as.ready_ns <= now;
}

/* Add to what is polled; streams of which several things are awaited stand there once. */
static size_t add_poll(struct pollfd *fds, size_t n, struct pollfd p)
{
    size_t i = 0;

    while (i < n && fds[i].fd != p.fd)
        i++;
    if (p.fd < 0 || i == NET_OPEN_MAX)
        return n;
    if (i == n)
        fds[n++] = p;
    fds[i].events |= p.events;
    return n;
}

static bool goes_on(struct wasip2 *w)
{
    if (p2_http_penalty(w))
        w->wasi.stop = WASI_PENALTY;
    return w->wasi.stop == WASI_GOES_ON;
}

/* Wait until one of `n` is ready. False: the run is over. */
static bool wait_any(struct wasip2 *w, struct p2_object *const *list, size_t n)
{
    for (;;) {
        uint64_t now = wasi_now_ns(), until = UINT64_MAX;
        struct pollfd fds[NET_OPEN_MAX];
        size_t nfds = 0;
        for (size_t i = 0; i < n; i++) {
            uint64_t due;
            if (is_ready(list[i], now))
                return goes_on(w);
            if (list[i]->of)
                nfds = add_poll(fds, nfds, p2_http_poll(list[i]->of));
            due = list[i]->of ? p2_http_due(list[i]->of) : list[i]->as.ready_ns;
            until = due < until ? due : until;
        }
        if (!goes_on(w) || !wasi_poll(&w->wasi, fds, nfds, until))
            return false;
    }
}

/* The same for a stream itself. */
static bool wait_stream(struct wasip2 *w, struct p2_object *stream)
{
    struct p2_object pollable = {.type = P2_POLLABLE, .of = stream};
    struct p2_object *const list[1] = {&pollable};

    return wait_any(w, list, 1);
}

FN(pollable_ready)
{
    struct p2_object *o = p2_get(c, 0, P2_POLLABLE);
    if (!o)
        return p2_abuse(c, "no pollable behind the handle");
    P2_RET(p2_bool(is_ready(o, wasi_now_ns())));
}

FN(pollable_block)
{
    struct p2_object *o = p2_get(c, 0, P2_POLLABLE);
    if (!o)
        return p2_abuse(c, "no pollable behind the handle");
    return wait_any(c->w, &o, 1) ? NULL : p2_stop(c, c->w->wasi.stop);
}

FN(poll_many)
{
    size_t n = c->a[0].of.list.size, ready = 0;
    struct p2_object *list[POLL_MAX];
    uint32_t which[POLL_MAX];

    if (n == 0 || n > POLL_MAX)
        return p2_abuse(c, "poll needs 1 to 4096 pollables");
    for (size_t i = 0; i < n; i++) {
        struct p2_call one = {.w = c->w, .ctx = c->ctx, .a = &c->a[0].of.list.data[i]};
        list[i] = p2_get(&one, 0, P2_POLLABLE);
        if (!list[i])
            return p2_abuse(c, "no pollable behind the handle");
    }
    if (!wait_any(c->w, list, n))
        return p2_stop(c, c->w->wasi.stop);
    uint64_t now = wasi_now_ns();
    for (size_t i = 0; i < n; i++)
        if (is_ready(list[i], now))
            which[ready++] = (uint32_t)i;
    p2_val out = p2_list(ready);
    for (size_t i = 0; i < ready; i++)
        out.of.list.data[i] = p2_u32(which[i]);
    P2_RET(out);
}

static p2_val closed(void)
{
    return p2_err(p2_case("closed", NULL));
}

/* The error of a stream that has failed. */
static p2_val failed_stream(struct p2_call *c, const struct net_response *why)
{
    struct p2_object *o = p2_new(P2_ERROR, NULL);
    p2_val handle;

    o->as.error.code = why->error;
    o->as.error.text = BUF_INIT(NET_TEXT_MAX);
    buf_add_str(&o->as.error.text, why->text);
    handle = p2_give(c, o);
    if (handle.kind != WASMTIME_COMPONENT_RESOURCE)
        return closed();
    return p2_err(p2_case("last-operation-failed", &handle));
}

/*
 * The next `n` bytes of a stream at most; `blocks`: waits for one.
 *
 * False: there are none, and `*instead` is what the guest gets; or the run is over, when that is
 * left as it was.
 */
static bool input_bytes(struct p2_call *c, struct p2_object *o, uint64_t n, bool blocks,
                        struct str *out, p2_val *instead)
{
    struct wasi *w = &c->w->wasi;
    const struct net_response *failed = NULL;
    bool ended = false;

    if (o->as.input.place == P2_STDIN) {
        *out = str_head(str_skip(w->job->input, w->input_at), n);
        w->input_at += out->len;
        ended = out->len == 0;
    } else {
        if (blocks && n && !wait_stream(c->w, o))
            return false;
        *out = p2_http_read(o, n, &ended, &failed);
        if (!goes_on(c->w))
            return false;
    }
    if (out->len || !ended || n == 0)
        return true;
    *instead = failed ? failed_stream(c, failed) : closed();
    return false;
}

static wasmtime_error_t *input(struct p2_call *c, bool blocks, bool skips)
{
    struct p2_object *o = p2_get(c, 0, P2_INPUT);
    uint64_t n = c->a[1].of.u64 < P2_STEP ? c->a[1].of.u64 : P2_STEP;
    p2_val instead = p2_none();
    struct str s;

    if (!o)
        return p2_abuse(c, "no input stream behind the handle");
    if (!input_bytes(c, o, n, blocks, &s, &instead)) {
        if (c->w->wasi.stop != WASI_GOES_ON)
            return p2_stop(c, c->w->wasi.stop);
        P2_RET(instead);
    }
    P2_RET(p2_ok(skips ? p2_u64(s.len) : p2_bytes(s)));
}

FN(input_read)
{
    return input(c, false, false);
}

FN(input_read_blocking)
{
    return input(c, true, false);
}

FN(input_skip)
{
    return input(c, false, true);
}

FN(input_skip_blocking)
{
    return input(c, true, true);
}

/* Only bodies of requests and answers are ever waited for. */
FN(input_subscribe)
{
    struct p2_object *o = p2_get(c, 0, P2_INPUT);
    if (!o)
        return p2_abuse(c, "no input stream behind the handle");
    P2_RET_HANDLE(p2_new(P2_POLLABLE, o->as.input.place == P2_BODY ? o : NULL));
}

FN(output_subscribe)
{
    struct p2_object *o = p2_get(c, 0, P2_OUTPUT);
    if (!o)
        return p2_abuse(c, "no output stream behind the handle");
    P2_RET_HANDLE(p2_new(P2_POLLABLE, o->as.place == P2_BODY ? o : NULL));
}

FN(output_check)
{
    struct p2_object *o = p2_get(c, 0, P2_OUTPUT);
    if (!o)
        return p2_abuse(c, "no output stream behind the handle");
    P2_RET(p2_ok(p2_u64(o->as.place == P2_BODY ? p2_http_room(o) : P2_STEP)));
}

static bool put(struct p2_call *c, struct p2_object *o, struct str s)
{
    if (o->as.place == P2_STDOUT)
        return wasi_out(&c->w->wasi, s);
    wasi_err(&c->w->wasi, s);
    return true;
}

static wasmtime_error_t *output_bytes(struct p2_call *c, bool blocks)
{
    struct p2_object *o = p2_get(c, 0, P2_OUTPUT);
    const p2_val *bytes = &c->a[1];
    struct buf piece = BUF_INIT(P2_STEP);
    bool fits;

    if (!o)
        return p2_abuse(c, "no output stream behind the handle");
    if (bytes->of.list.size > P2_STEP)
        return p2_abuse(c, "a stream was written more than check-write permits (65536 bytes)");
    if (o->as.place == P2_BODY) {
        if (blocks && !wait_stream(c->w, o))
            return p2_stop(c, c->w->wasi.stop);
        if (!p2_http_write(o, bytes))
            P2_RET(closed());
        P2_RET(p2_result(true, NULL));
    }
    fits = p2_add_bytes(&piece, bytes) && put(c, o, buf_str(&piece));
    buf_wipe(&piece);
    if (!fits)
        return p2_stop(c, WASI_OUTPUT);
    P2_RET(p2_result(true, NULL));
}

FN(output_write)
{
    return output_bytes(c, false);
}

FN(output_write_blocking)
{
    return output_bytes(c, true);
}

FN(output_zeroes)
{
    static const char zeroes[P2_STEP];
    struct p2_object *o = p2_get(c, 0, P2_OUTPUT);

    if (!o)
        return p2_abuse(c, "no output stream behind the handle");
    if (c->a[1].of.u64 > P2_STEP)
        return p2_abuse(c, "a stream was written more than check-write permits (65536 bytes)");
    if (o->as.place == P2_BODY)
        return p2_abuse(c, "write-zeroes to the body of a request");
    if (!put(c, o, str_from(zeroes, c->a[1].of.u64)))
        return p2_stop(c, WASI_OUTPUT);
    P2_RET(p2_result(true, NULL));
}

FN(output_flush)
{
    P2_RET(p2_result(true, NULL));
}

static wasmtime_error_t *splice(struct p2_call *c, bool blocks)
{
    struct p2_object *to = p2_get(c, 0, P2_OUTPUT), *from = p2_get(c, 1, P2_INPUT);
    uint64_t n = c->a[2].of.u64 < P2_STEP ? c->a[2].of.u64 : P2_STEP;
    p2_val instead = p2_none();
    struct str s;

    if (!to || !from)
        return p2_abuse(c, "no stream behind the handle");
    if (blocks && to->as.place == P2_BODY && !wait_stream(c->w, to))
        return p2_stop(c, c->w->wasi.stop);
    if (!input_bytes(c, from, n, blocks, &s, &instead)) {
        if (c->w->wasi.stop != WASI_GOES_ON)
            return p2_stop(c, c->w->wasi.stop);
        P2_RET(instead);
    }
    if (to->as.place == P2_BODY) {
        p2_val bytes = p2_bytes(s);
        bool fits = p2_http_write(to, &bytes);
        wasmtime_component_val_delete(&bytes);
        if (!fits)
            P2_RET(closed());
    } else if (!put(c, to, s)) {
        return p2_stop(c, WASI_OUTPUT);
    }
    P2_RET(p2_ok(p2_u64(s.len)));
}

FN(output_splice)
{
    return splice(c, false);
}

FN(output_splice_blocking)
{
    return splice(c, true);
}

static const struct p2_row error_rows[] = {
    {"[method]error.to-debug-string", "h", true, to_debug_string},
};
static const struct p2_row poll_rows[] = {
    {"[method]pollable.ready", "h", true, pollable_ready},
    {"[method]pollable.block", "h", false, pollable_block},
    {"poll", "l", true, poll_many},
};
static const struct p2_row stream_rows[] = {
    {"[method]input-stream.read", "hI", true, input_read},
    {"[method]input-stream.blocking-read", "hI", true, input_read_blocking},
    {"[method]input-stream.skip", "hI", true, input_skip},
    {"[method]input-stream.blocking-skip", "hI", true, input_skip_blocking},
    {"[method]input-stream.subscribe", "h", true, input_subscribe},
    {"[method]output-stream.check-write", "h", true, output_check},
    {"[method]output-stream.write", "hl", true, output_write},
    {"[method]output-stream.blocking-write-and-flush", "hl", true, output_write_blocking},
    {"[method]output-stream.flush", "h", true, output_flush},
    {"[method]output-stream.blocking-flush", "h", true, output_flush},
    {"[method]output-stream.subscribe", "h", true, output_subscribe},
    {"[method]output-stream.write-zeroes", "hI", true, output_zeroes},
    {"[method]output-stream.blocking-write-zeroes-and-flush", "hI", true, output_zeroes},
    {"[method]output-stream.splice", "hhI", true, output_splice},
    {"[method]output-stream.blocking-splice", "hhI", true, output_splice_blocking},
};

const struct p2_interface p2_io_interfaces[] = {
    {"wasi:io/error", error_rows, countof(error_rows), false, NULL},
    {"wasi:io/poll", poll_rows, countof(poll_rows), false, NULL},
    {"wasi:io/streams", stream_rows, countof(stream_rows), false, NULL},
};
const size_t p2_io_ninterfaces = countof(p2_io_interfaces);
