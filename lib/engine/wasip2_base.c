/* wasip2_base.c — wasi:cli, io, clocks, random, and what is there of filesystem and sockets. */
#include <time.h>

#include "base/mem.h"
#include "engine/wasip2.h"

#define RANDOM_MAX (1u << 20) /* bytes in one call */
#define POLL_MAX   4096u

#define FN(name) static wasmtime_error_t *name(struct p2_call *c)

/* ---- wasi:cli ---- */

FN(get_environment)
{
    const struct run_job *job = c->w->wasi.job;
    bool rpc = c->w->faces & 1u << HOST_RPC; /* guest libraries look for it */
    p2_val list = p2_list(job->nenv + rpc);

    for (size_t i = 0; i < job->nenv; i++)
        list.of.list.data[i] = p2_tuple(p2_text(job->env[i].name), p2_text(job->env[i].value));
    if (rpc)
        list.of.list.data[job->nenv] =
            p2_tuple(p2_text(STR("NEAR_RPC_PROXY_AVAILABLE")), p2_text(STR("1")));
    P2_RET(list);
}

FN(get_arguments)
{
    P2_RET(p2_list(0));
}

FN(no_value)
{
    P2_RET(p2_none());
}

FN(cli_exit)
{
    c->w->wasi.exit_code = c->a[0].of.result.is_ok ? 0 : 1;
    return p2_stop(c, WASI_EXITED);
}

FN(exit_with_code)
{
    c->w->wasi.exit_code = c->a[0].of.u8;
    return p2_stop(c, WASI_EXITED);
}

FN(get_stdin)
{
    struct p2_object *o = p2_new(P2_INPUT, NULL);
    o->as.input.place = P2_STDIN;
    P2_RET_HANDLE(o);
}

static struct p2_object *output(enum p2_place place)
{
    struct p2_object *o = p2_new(P2_OUTPUT, NULL);
    o->as.place = place;
    return o;
}

FN(get_stdout)
{
    P2_RET_HANDLE(output(P2_STDOUT));
}

FN(get_stderr)
{
    P2_RET_HANDLE(output(P2_STDERR));
}

static const struct p2_row environment_rows[] = {
    {"get-environment", "", true, get_environment},
    {"get-arguments", "", true, get_arguments},
    {"initial-cwd", "", true, no_value},
};
static const struct p2_row exit_rows[] = {
    {"exit", "r", false, cli_exit},
    {"exit-with-code", "b", false, exit_with_code},
};
static const struct p2_row stdin_rows[] = {{"get-stdin", "", true, get_stdin}};
static const struct p2_row stdout_rows[] = {{"get-stdout", "", true, get_stdout}};
static const struct p2_row stderr_rows[] = {{"get-stderr", "", true, get_stderr}};
static const struct p2_row tty_in_rows[] = {{"get-terminal-stdin", "", true, no_value}};
static const struct p2_row tty_out_rows[] = {{"get-terminal-stdout", "", true, no_value}};
static const struct p2_row tty_err_rows[] = {{"get-terminal-stderr", "", true, no_value}};

/* ---- wasi:io ---- */

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

/* ---- wasi:clocks, wasi:random ---- */

FN(monotonic_now)
{
    P2_RET(p2_u64(wasi_guest_ns(&c->w->wasi, wasi_now_ns())));
}

FN(one_ns)
{
    P2_RET(p2_u64(1));
}

static struct p2_object *pollable_at(uint64_t ns)
{
    struct p2_object *o = p2_new(P2_POLLABLE, NULL);
    o->as.ready_ns = ns;
    return o;
}

FN(subscribe_instant)
{
    uint64_t now = wasi_now_ns(), guest = wasi_guest_ns(&c->w->wasi, now), at = c->a[0].of.u64;
    uint64_t wait = at > guest ? at - guest : 0;
    P2_RET_HANDLE(pollable_at(wait < UINT64_MAX - now ? now + wait : UINT64_MAX));
}

FN(subscribe_duration)
{
    uint64_t now = wasi_now_ns(), wait = c->a[0].of.u64;
    P2_RET_HANDLE(pollable_at(wait < UINT64_MAX - now ? now + wait : UINT64_MAX));
}

static p2_val datetime(uint64_t seconds, uint32_t nanoseconds)
{
    p2_val v = {.kind = WASMTIME_COMPONENT_RECORD};

    wasmtime_component_valrecord_new_uninit(&v.of.record, 2);
    wasm_byte_vec_new(&v.of.record.data[0].name, 7, "seconds");
    v.of.record.data[0].val = p2_u64(seconds);
    wasm_byte_vec_new(&v.of.record.data[1].name, 11, "nanoseconds");
    v.of.record.data[1].val = p2_u32(nanoseconds);
    return v;
}

FN(wall_now)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    P2_RET(datetime((uint64_t)t.tv_sec, (uint32_t)t.tv_nsec));
}

FN(wall_resolution)
{
    P2_RET(datetime(0, 1));
}

FN(random_bytes)
{
    uint64_t n = c->a[0].of.u64;
    char *p;

    if (n > RANDOM_MAX)
        return p2_abuse(c, "more than 1048576 random bytes in one call");
    p = mem_alloc(n);
    if (!wasi_random(&c->w->wasi, p, n)) {
        mem_free(p);
        return p2_stop(c, WASI_TIME);
    }
    *c->r = p2_bytes(str_from(p, n));
    mem_wipe(p, n);
    mem_free(p);
    return NULL;
}

static uint64_t random_number(struct p2_call *c)
{
    uint64_t n = 0;
    (void)wasi_random(&c->w->wasi, &n, sizeof(n));
    return n;
}

FN(random_u64)
{
    P2_RET(p2_u64(random_number(c)));
}

FN(random_seed)
{
    P2_RET(p2_tuple(p2_u64(random_number(c)), p2_u64(random_number(c))));
}

static const struct p2_row monotonic_rows[] = {
    {"now", "", true, monotonic_now},
    {"resolution", "", true, one_ns},
    {"subscribe-instant", "I", true, subscribe_instant},
    {"subscribe-duration", "I", true, subscribe_duration},
};
static const struct p2_row wall_rows[] = {
    {"now", "", true, wall_now},
    {"resolution", "", true, wall_resolution},
};
static const struct p2_row random_rows[] = {
    {"get-random-bytes", "I", true, random_bytes},
    {"get-random-u64", "", true, random_u64},
};
static const struct p2_row insecure_rows[] = {
    {"get-insecure-random-bytes", "I", true, random_bytes},
    {"get-insecure-random-u64", "", true, random_u64},
};
static const struct p2_row seed_rows[] = {
    {"insecure-seed", "", true, random_seed},
    {"get-insecure-seed", "", true, random_seed},
};

/* ---- files and sockets: nothing behind them ---- */

FN(no_folders)
{
    P2_RET(p2_list(0));
}

FN(no_socket)
{
    P2_RET(p2_err(p2_enum("access-denied")));
}

FN(get_network)
{
    P2_RET_HANDLE(p2_new(P2_NETWORK, NULL));
}

static const struct p2_row file_rows[] = {{"filesystem-error-code", "h", true, no_value}};
static const struct p2_row preopen_rows[] = {{"get-directories", "", true, no_folders}};
static const struct p2_row network_rows[] = {{"network-error-code", "h", true, no_value}};
static const struct p2_row instance_rows[] = {{"instance-network", "", true, get_network}};
static const struct p2_row lookup_rows[] = {{"resolve-addresses", "hs", true, no_socket}};
static const struct p2_row tcp_rows[] = {{"create-tcp-socket", "e", true, no_socket}};
static const struct p2_row udp_rows[] = {{"create-udp-socket", "e", true, no_socket}};

#define FACE(name, rows, others)                                                                   \
    {                                                                                              \
        name, rows, countof(rows), others, NULL                                                    \
    }

const struct p2_interface p2_base_interfaces[] = {
    FACE("wasi:cli/environment", environment_rows, false),
    FACE("wasi:cli/exit", exit_rows, false),
    FACE("wasi:cli/stdin", stdin_rows, false),
    FACE("wasi:cli/stdout", stdout_rows, false),
    FACE("wasi:cli/stderr", stderr_rows, false),
    {"wasi:cli/terminal-input", NULL, 0, true, NULL},
    {"wasi:cli/terminal-output", NULL, 0, true, NULL},
    FACE("wasi:cli/terminal-stdin", tty_in_rows, false),
    FACE("wasi:cli/terminal-stdout", tty_out_rows, false),
    FACE("wasi:cli/terminal-stderr", tty_err_rows, false),
    FACE("wasi:io/error", error_rows, false),
    FACE("wasi:io/poll", poll_rows, false),
    FACE("wasi:io/streams", stream_rows, false),
    FACE("wasi:clocks/monotonic-clock", monotonic_rows, false),
    FACE("wasi:clocks/wall-clock", wall_rows, false),
    FACE("wasi:random/random", random_rows, false),
    FACE("wasi:random/insecure", insecure_rows, false),
    FACE("wasi:random/insecure-seed", seed_rows, false),
    FACE("wasi:filesystem/types", file_rows, true),
    FACE("wasi:filesystem/preopens", preopen_rows, false),
    FACE("wasi:sockets/network", network_rows, false),
    FACE("wasi:sockets/instance-network", instance_rows, false),
    FACE("wasi:sockets/ip-name-lookup", lookup_rows, true),
    {"wasi:sockets/tcp", NULL, 0, true, NULL},
    FACE("wasi:sockets/tcp-create-socket", tcp_rows, false),
    {"wasi:sockets/udp", NULL, 0, true, NULL},
    FACE("wasi:sockets/udp-create-socket", udp_rows, false),
};
const size_t p2_base_ninterfaces = countof(p2_base_interfaces);
