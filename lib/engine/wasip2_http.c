/* wasip2_http.c — wasi:http as a client: sending, futures, answers; see wasip2_http.h. */
#include "engine/wasip2_http.h"

#include "base/mem.h"

void p2_http_free(struct p2_object *o)
{
    switch ((int)o->type) {
    case P2_FIELDS:
        p2_fields_free(o->as.fields);
        break;
    case P2_REQUEST:
        p2_request_free(o->as.request);
        break;
    case P2_OPTIONS:
        mem_free(o->as.options);
        break;
    case P2_EXCHANGE:
        p2_exchange_free(o);
        break;
    case P2_REQUEST_BODY: /* its request is still there */
        if (!o->of->as.request->body_done && o->of->as.request->exchange)
            p2_exchange_break(o->of->as.request->exchange);
        break;
    default:
        break;
    }
}

p2_val p2_http_error(enum net_error e, struct str text)
{
    p2_val with;

    switch (e) {
    case NET_TOO_BIG:
    case NET_SEND_TOO_BIG:
        with = p2_none();
        return p2_case(net_error_code(e), &with);
    case NET_INTERNAL:
        with = p2_some(p2_text(text));
        return p2_case(net_error_code(e), &with);
    case NET_NONE:
    case NET_DENIED:
    case NET_PROHIBITED:
    case NET_URI:
    case NET_METHOD:
    case NET_DNS:
    case NET_REFUSED:
    case NET_TIMEOUT:
    case NET_READ_TIMEOUT:
    case NET_TLS:
    case NET_CUT:
    case NET_PROTOCOL:
    case NET_LIMIT:
    case NET_ERROR_COUNT:
        break;
    }
    return p2_case(net_error_code(e), NULL);
}

/* ---- outgoing-handler, future-incoming-response ---- */

P2_FN(handle)
{
    const p2_val *with = c->a[1].of.option;
    struct p2_object *options = NULL, *exchange, *future, *request;

    if (with) {
        struct p2_call one = {.w = c->w, .ctx = c->ctx, .a = c->a[1].of.option};
        options = p2_take(&one, 0, P2_OPTIONS);
        if (!options)
            return p2_abuse(c, P2_NO_HANDLE);
    }
    request = p2_take(c, 0, P2_REQUEST);
    if (!request) {
        p2_unref(options);
        return p2_abuse(c, P2_NO_HANDLE);
    }
    exchange = p2_exchange_new(c->w, request, options ? options->as.options : NULL);
    p2_unref(request);
    p2_unref(options);
    future = p2_new(P2_FUTURE, exchange);
    p2_unref(exchange);
    p2_exchange_step(exchange);
    P2_RET_OK_HANDLE(future);
}

P2_FN(subscribe)
{
    P2_GET(o, 0, P2_FUTURE);
    P2_RET_HANDLE(p2_new(P2_POLLABLE, o));
}

P2_FN(future_get)
{
    P2_GET(o, 0, P2_FUTURE);
    const struct p2_exchange *x = o->of->as.exchange;

    bool ready = p2_http_ready(o);

    if (p2_http_penalty(c->w))
        return p2_stop(c, WASI_PENALTY);
    if (!ready)
        P2_RET(p2_none());
    if (o->as.taken)
        P2_RET(p2_some(p2_result(false, NULL)));
    o->as.taken = true;
    if (!x->headed)
        P2_RET(p2_some(p2_ok(p2_err(p2_http_error(x->end.error, x->end.text)))));
    p2_val handle = p2_give(c, p2_new(P2_RESPONSE, o->of));
    if (handle.kind != WASMTIME_COMPONENT_RESOURCE)
        return p2_abuse(c, "more than 4096 handles at a time");
    P2_RET(p2_some(p2_ok(p2_ok(handle))));
}

/* ---- incoming-response ---- */

P2_FN(response_status)
{
    P2_GET(o, 0, P2_RESPONSE);
    P2_RET(p2_u16(o->of->as.exchange->head.status));
}

P2_FN(response_headers)
{
    P2_GET(o, 0, P2_RESPONSE);
    P2_RET_HANDLE(p2_fields_of(&o->of->as.exchange->head));
}

P2_FN(response_consume)
{
    P2_GET(o, 0, P2_RESPONSE);
    if (o->as.taken)
        P2_RET(p2_result(false, NULL));
    o->as.taken = true;
    P2_RET_OK_HANDLE(p2_new(P2_RESPONSE_BODY, o));
}

P2_FN(response_body_stream)
{
    P2_GET(o, 0, P2_RESPONSE_BODY);
    struct p2_object *stream;

    if (o->as.taken)
        P2_RET(p2_result(false, NULL));
    o->as.taken = true;
    stream = p2_new(P2_INPUT, o);
    stream->as.input.place = P2_BODY;
    P2_RET_OK_HANDLE(stream);
}

P2_FN(response_body_finish)
{
    struct p2_object *o = p2_take(c, 0, P2_RESPONSE_BODY);
    if (!o)
        return p2_abuse(c, P2_NO_HANDLE);
    p2_unref(o);
    P2_RET_HANDLE(p2_new(P2_TRAILERS, NULL));
}

P2_FN(trailers_subscribe)
{
    P2_RET_HANDLE(p2_new(P2_POLLABLE, NULL));
}

P2_FN(trailers_get) /* none ever come */
{
    P2_RET(p2_some(p2_ok(p2_ok(p2_none()))));
}

/* Of an error that a stream gave. */
P2_FN(http_error_code)
{
    P2_GET(o, 0, P2_ERROR);
    if (o->as.error.code == NET_NONE)
        P2_RET(p2_none());
    P2_RET(p2_some(p2_http_error(o->as.error.code, buf_str(&o->as.error.text))));
}

static const struct p2_row type_rows[] = {
    {"[method]future-incoming-response.subscribe", "h", true, subscribe},
    {"[method]future-incoming-response.get", "h", true, future_get},
    {"[method]incoming-response.status", "h", true, response_status},
    {"[method]incoming-response.headers", "h", true, response_headers},
    {"[method]incoming-response.consume", "h", true, response_consume},
    {"[method]incoming-body.stream", "h", true, response_body_stream},
    {"[static]incoming-body.finish", "h", true, response_body_finish},
    {"[method]future-trailers.subscribe", "h", true, trailers_subscribe},
    {"[method]future-trailers.get", "h", true, trailers_get},
    {"http-error-code", "h", true, http_error_code},
};
static const struct p2_row handler_rows[] = {{"handle", "ho", true, handle}};

const struct p2_interface p2_http_interfaces[] = {
    {"wasi:http/types", type_rows, countof(type_rows), true, &p2_request_interface},
    {"wasi:http/outgoing-handler", handler_rows, countof(handler_rows), false, NULL},
};
const size_t p2_http_ninterfaces = countof(p2_http_interfaces);
