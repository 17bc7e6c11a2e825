/* wasip2_base.c — wasi:cli, clocks, random, and what is there of filesystem and sockets. */
#include <time.h>

#include "base/mem.h"
#include "engine/wasip2.h"

#define RANDOM_MAX (1u << 20) /* bytes in one call */

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

/* ---- wasi:clocks, wasi:random ---- */

FN(monotonic_now)
{
    wasi_saw_clock(&c->w->wasi);
    P2_RET(p2_u64(wasi_guest_ns(&c->w->wasi, wasi_now_ns())));
}

FN(one_ns)
{
    P2_RET(p2_u64(1));
}

static struct p2_object *pollable_after(struct p2_call *c, uint64_t now_ns, uint64_t wait_ns)
{
    struct p2_object *o = p2_new(P2_POLLABLE, NULL);

    wasi_saw_clock(&c->w->wasi);
    o->as.ready_ns = wait_ns < UINT64_MAX - now_ns ? now_ns + wait_ns : UINT64_MAX;
    return o;
}

FN(subscribe_instant)
{
    uint64_t now = wasi_now_ns(), guest = wasi_guest_ns(&c->w->wasi, now), at = c->a[0].of.u64;
    P2_RET_HANDLE(pollable_after(c, now, at > guest ? at - guest : 0));
}

FN(subscribe_duration)
{
    P2_RET_HANDLE(pollable_after(c, wasi_now_ns(), c->a[0].of.u64));
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

    wasi_saw_clock(&c->w->wasi);
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
