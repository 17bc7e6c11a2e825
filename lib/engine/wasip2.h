/*
 * wasip2.h — the interfaces of wasm32-wasip2 (WASI 0.2) that a guest may import.
 *
 * The same world as wasip1: input, outputs, environment, clocks, random numbers; files and sockets
 * are interfaces without anything behind them. In addition requests over HTTP (wasip2_http.c),
 * which a supervisor makes, and the platform's own interfaces (wasip2_near.c). Written here rather
 * than taken from the engine for the same reasons as wasip1.h: waits end with the run, and the
 * sandbox needs no threads, files and sockets.
 *
 * A component names interface, version and function; all 0.2.x are one. What a component declares
 * about a function's type is its own claim, so every function looks at the kinds of its arguments.
 *
 * Resources are objects counted by reference. A handle of the guest is an index into a table, which
 * holds one reference; an object that needs another holds one too.
 *
 * Source: WASI 0.2.12, packages cli, io, clocks, random, filesystem, sockets, http.
 */
#ifndef ENGINE_WASIP2_H
#define ENGINE_WASIP2_H

#include <poll.h>

#include "engine/host.h"
#include "engine/net.h"
#include "engine/p2val.h"
#include "engine/wasi.h"

#define P2_HANDLES_MAX 4096u
#define P2_STEP        65536u /* bytes given or taken by one call of a stream */

enum p2_type {
    P2_NOTHING,
    P2_ERROR,
    P2_POLLABLE,
    P2_INPUT,
    P2_OUTPUT,
    P2_FIELDS,
    P2_REQUEST,
    P2_OPTIONS,
    P2_REQUEST_BODY,
    P2_FUTURE,
    P2_RESPONSE,
    P2_RESPONSE_BODY,
    P2_EXCHANGE, /* never behind a handle */
    P2_TRAILERS,
    P2_NETWORK,
    P2_ABSENT, /* and more: kinds of which no handle is ever given out */
};

enum p2_place { P2_STDIN, P2_STDOUT, P2_STDERR, P2_BODY };

struct p2_object {
    enum p2_type type;
    unsigned refs;
    struct p2_object *of; /* what it belongs to; one reference */
    union {
        enum p2_place place; /* P2_OUTPUT */
        struct {
            enum p2_place place;
            size_t at;
        } input;
        uint64_t ready_ns; /* P2_POLLABLE without `of`: from then on */
        struct {
            struct buf text;
            enum net_error code;
        } error;
        /* wasip2_http.h */
        struct p2_fields *fields;
        struct p2_request *request;
        struct p2_options *options;
        struct p2_exchange *exchange;
        bool taken; /* P2_REQUEST_BODY, P2_FUTURE, P2_RESPONSE, P2_RESPONSE_BODY: what it gives once
                     */
    } as;
};

struct wasip2 {
    struct wasi wasi; /* first: what both kinds share */
    struct p2_object *handles[P2_HANDLES_MAX];
    uint32_t nhandles; /* the highest in use, plus one */
    uint32_t lowest;   /* all below are in use */
    uint32_t faces;    /* of the platform's interfaces that it imports, by bit */
    uint32_t streams;  /* requests that have one */
    uint32_t timeouts; /* requests over the policy's time */
    uint32_t told;     /* sentences about requests on stderr */
};

struct p2_call {
    struct wasip2 *w;
    wasmtime_context_t *ctx;
    p2_val *a;     /* arguments; their outermost kinds are as the row says */
    p2_val *r;     /* the result */
    unsigned seen; /* handles among the arguments that were looked at, by bit */
};

typedef wasmtime_error_t *p2_fn(struct p2_call *c);

/*
 * A function: its name as the component names it, the kinds of its parameters, whether it has a
 * result. h: handle, s: string, l: list, o: option, v: variant, e: enum, r: result, b: u8, w: u16,
 * i: u32, I: u64, t: bool, T: record or tuple.
 */
struct p2_row {
    const char *name;
    const char *params;
    bool result;
    p2_fn *fn;
};

struct p2_interface {
    const char *name; /* without version */
    const struct p2_row *rows;
    size_t nrows;
    bool others; /* has functions beyond the rows, of which none can ever be called */
    const struct p2_interface *more; /* rows of the same interface elsewhere */
};

void wasip2_init(struct wasip2 *w, const struct run_job *job, struct run_result *result,
                 uint32_t faces);
void wasip2_release(struct wasip2 *w);

/*
 * Put what a component imports into a linker.
 *
 *   faces  which of the platform's own interfaces it imports, by bit
 *
 * ERR_FORMAT: it imports something that is not here; `why` names it
 */
MUST_USE enum err wasip2_define(const wasm_engine_t *engine, wasmtime_component_linker_t *linker,
                                const wasmtime_component_type_t *type, uint32_t *faces,
                                struct buf *why);
/* The check alone. */
MUST_USE enum err wasip2_check(const wasm_engine_t *engine, const wasmtime_component_type_t *type,
                               struct buf *why);

/* ---- for the files that make up the interfaces ---- */

extern const struct p2_interface p2_base_interfaces[]; /* wasip2_base.c */
extern const size_t p2_base_ninterfaces;
extern const struct p2_interface p2_io_interfaces[]; /* wasip2_io.c */
extern const size_t p2_io_ninterfaces;
extern const struct p2_interface p2_http_interfaces[]; /* wasip2_http.c and its neighbours */
extern const size_t p2_http_ninterfaces;

struct p2_object *p2_new(enum p2_type type, struct p2_object *of); /* takes a reference to `of` */
void p2_unref(struct p2_object *o);                                /* NULL is fine */
void p2_http_free(struct p2_object *o);

/* The object behind argument `i`; NULL when it is none of that type: return p2_abuse(). */
struct p2_object *p2_get(struct p2_call *c, size_t i, enum p2_type type);
/* The same for a handle that the guest gives away; the reference is the caller's. */
struct p2_object *p2_take(struct p2_call *c, size_t i, enum p2_type type);
/* A handle for an object, whose reference is taken; kind BOOL when there are too many. */
p2_val p2_give(struct p2_call *c, struct p2_object *o);

/* End the run. */
wasmtime_error_t *p2_stop(struct p2_call *c, enum wasi_stop why);
wasmtime_error_t *p2_abuse(struct p2_call *c, const char *rule);

/* wasip2_near.c: is an imported function's type the one that `fn` has, or had? */
MUST_USE enum err p2_near_check(const struct host_fn *fn,
                                const wasmtime_component_func_type_t *type, struct buf *why);
/* A call of it; `env` is the host_fn. */
wasmtime_error_t *p2_near_enter(void *env, wasmtime_context_t *ctx,
                                const wasmtime_component_func_type_t *type, p2_val *a, size_t n,
                                p2_val *r, size_t nr);

/* ---- requests over HTTP, as streams and pollables see them ---- */

/* Is there news for a future, bytes or the end of an answer's body, room in a request's? Goes on
 * with what can be done without waiting. */
bool p2_http_ready(struct p2_object *of);
/* Until then: what to poll. */
struct pollfd p2_http_poll(const struct p2_object *of);
/* When the thing is over time whatever happens, on the monotonic clock. */
uint64_t p2_http_due(const struct p2_object *of);
/* The next bytes of an answer's body, `n` at most; none and `*failed` NULL: they are to come, or
 * over: `*ended`. Valid until the next call. */
struct str p2_http_read(struct p2_object *input, size_t n, bool *ended,
                        const struct net_response **failed);
/* Bytes for the body of a request; false when it takes no more. */
bool p2_http_write(struct p2_object *output, const p2_val *bytes);
/* How many it takes now. */
size_t p2_http_room(struct p2_object *output);
/* Have so many requests timed out that the run is to end? */
static inline bool p2_http_penalty(const struct wasip2 *w)
{
    return w->timeouts >= NET_TIMEOUTS_MAX;
}
/* An error-code of wasi:http. */
p2_val p2_http_error(enum net_error e, struct str text);

#define P2_RET(value)                                                                              \
    do {                                                                                           \
        *c->r = (value);                                                                           \
        return NULL;                                                                               \
    } while (0)
/* Return a handle for a new object. */
#define P2_RET_HANDLE(object)                                                                      \
    do {                                                                                           \
        *c->r = p2_give(c, (object));                                                              \
        return c->r->kind == WASMTIME_COMPONENT_RESOURCE                                           \
                   ? NULL                                                                          \
                   : p2_abuse(c, "more than 4096 handles at a time");                              \
    } while (0)

#endif
