/* wasip2_request.c — a request of wasi:http as the guest makes it; see wasip2_http.h. */
#include "base/mem.h"
#include "engine/wasip2_http.h"

void p2_request_free(struct p2_request *q)
{
    buf_wipe(&q->method);
    buf_wipe(&q->authority);
    buf_wipe(&q->path);
    buf_wipe(&q->body);
    mem_free(q);
}

/* ---- outgoing-request ---- */

P2_FN(request_new)
{
    struct p2_object *fields = p2_take(c, 0, P2_FIELDS), *o;

    if (!fields)
        return p2_abuse(c, P2_NO_HANDLE);
    fields->as.fields->fixed = true;
    o = p2_new(P2_REQUEST, fields);
    p2_unref(fields);
    o->as.request = mem_new(struct p2_request);
    *o->as.request = (struct p2_request){.method = BUF_INIT(NET_METHOD_MAX),
                                         .authority = BUF_INIT(NET_AUTHORITY_MAX),
                                         .path = BUF_INIT(NET_PATH_MAX),
                                         .body = BUF_INIT(NET_HOLD_MAX)};
    buf_addz(&o->as.request->method, "GET");
    P2_RET_HANDLE(o);
}

P2_FN(request_headers)
{
    P2_GET(o, 0, P2_REQUEST);
    P2_RET_HANDLE(p2_fields_copy(o->of->as.fields, true));
}

static const char *const methods[][2] = {
    {"get", "GET"},         {"head", "HEAD"},     {"post", "POST"},
    {"put", "PUT"},         {"delete", "DELETE"}, {"connect", "CONNECT"},
    {"options", "OPTIONS"}, {"trace", "TRACE"},   {"patch", "PATCH"},
};

P2_FN(request_method)
{
    P2_GET(o, 0, P2_REQUEST);
    for (size_t i = 0; i < countof(methods); i++)
        if (str_eqz(buf_str(&o->as.request->method), methods[i][1]))
            P2_RET(p2_case(methods[i][0], NULL));
    p2_val other = p2_text(buf_str(&o->as.request->method));
    P2_RET(p2_case("other", &other));
}

P2_FN(request_set_method)
{
    P2_GET(o, 0, P2_REQUEST);
    struct str name = p2_case_name(&c->a[1]), method = STR_NONE;

    for (size_t i = 0; i < countof(methods); i++)
        if (str_eqz(name, methods[i][0]))
            method = str_of(methods[i][1]);
    if (str_eqz(name, "other") && c->a[1].of.variant.val)
        method = p2_str(c->a[1].of.variant.val);
    if (!net_is_token(method) || method.len > NET_METHOD_MAX)
        P2_RET(p2_result(false, NULL));
    buf_clear(&o->as.request->method);
    buf_add_str(&o->as.request->method, method);
    P2_RET(p2_result(true, NULL));
}

P2_FN(request_path)
{
    P2_GET(o, 0, P2_REQUEST);
    P2_RET(o->as.request->has_path ? p2_some(p2_text(buf_str(&o->as.request->path))) : p2_none());
}

P2_FN(request_authority)
{
    P2_GET(o, 0, P2_REQUEST);
    P2_RET(o->as.request->has_authority ? p2_some(p2_text(buf_str(&o->as.request->authority)))
                                        : p2_none());
}

/* Set a part of the URL from an option<string>; visible ASCII only. */
static p2_val set_part(struct buf *to, bool *has, const p2_val *v)
{
    struct str s = v->of.option ? p2_str(v->of.option) : STR_NONE;

    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.ptr[i] <= ' ' || (uint8_t)s.ptr[i] >= 0x7f)
            return p2_result(false, NULL);
    if (s.len > to->max)
        return p2_result(false, NULL);
    *has = v->of.option != NULL;
    buf_clear(to);
    buf_add_str(to, s);
    return p2_result(true, NULL);
}

P2_FN(request_set_path)
{
    P2_GET(o, 0, P2_REQUEST);
    P2_RET(set_part(&o->as.request->path, &o->as.request->has_path, &c->a[1]));
}

P2_FN(request_set_authority)
{
    P2_GET(o, 0, P2_REQUEST);
    P2_RET(set_part(&o->as.request->authority, &o->as.request->has_authority, &c->a[1]));
}

P2_FN(request_scheme)
{
    P2_GET(o, 0, P2_REQUEST);
    p2_val other = p2_none();

    switch (o->as.request->scheme) {
    case SCHEME_NONE:
        break;
    case SCHEME_HTTP:
        P2_RET(p2_some(p2_case("HTTP", NULL)));
    case SCHEME_HTTPS:
        P2_RET(p2_some(p2_case("HTTPS", NULL)));
    case SCHEME_OTHER:
        other = p2_text(STR("other"));
        P2_RET(p2_some(p2_case("other", &other)));
    }
    P2_RET(other);
}

P2_FN(request_set_scheme)
{
    P2_GET(o, 0, P2_REQUEST);
    const p2_val *v = c->a[1].of.option;

    if (!v)
        o->as.request->scheme = SCHEME_NONE;
    else if (v->kind != WASMTIME_COMPONENT_VARIANT)
        P2_RET(p2_result(false, NULL));
    else if (str_eqz(p2_case_name(v), "HTTP"))
        o->as.request->scheme = SCHEME_HTTP;
    else if (str_eqz(p2_case_name(v), "HTTPS"))
        o->as.request->scheme = SCHEME_HTTPS;
    else
        o->as.request->scheme = SCHEME_OTHER;
    P2_RET(p2_result(true, NULL));
}

P2_FN(request_body)
{
    P2_GET(o, 0, P2_REQUEST);
    if (o->as.request->body_taken)
        P2_RET(p2_result(false, NULL));
    o->as.request->body_taken = true;
    P2_RET_OK_HANDLE(p2_new(P2_REQUEST_BODY, o));
}

P2_FN(body_write)
{
    P2_GET(o, 0, P2_REQUEST_BODY);
    struct p2_object *stream;

    if (o->as.taken)
        P2_RET(p2_result(false, NULL));
    o->as.taken = true;
    stream = p2_new(P2_OUTPUT, o);
    stream->as.place = P2_BODY;
    P2_RET_OK_HANDLE(stream);
}

P2_FN(body_finish)
{
    struct p2_object *o = p2_take(c, 0, P2_REQUEST_BODY), *exchange;

    if (!o)
        return p2_abuse(c, P2_NO_HANDLE);
    exchange = o->of->as.request->exchange;
    o->of->as.request->body_done = true;
    if (exchange)
        p2_exchange_step(exchange);
    p2_unref(o);
    P2_RET(p2_result(true, NULL));
}

/* ---- request-options ---- */

static struct p2_object *options_object(void)
{
    struct p2_object *o = p2_new(P2_OPTIONS, NULL);

    o->as.options = mem_new(struct p2_options);
    return o;
}

P2_FN(options_new)
{
    P2_RET_HANDLE(options_object());
}

static wasmtime_error_t *get_timeout(struct p2_call *c, size_t which)
{
    P2_GET(o, 0, P2_OPTIONS);
    P2_RET(o->as.options->has_timeout[which] ? p2_some(p2_u64(o->as.options->timeout[which]))
                                             : p2_none());
}

static wasmtime_error_t *set_timeout(struct p2_call *c, size_t which)
{
    P2_GET(o, 0, P2_OPTIONS);
    const p2_val *v = c->a[1].of.option;

    if (v && v->kind != WASMTIME_COMPONENT_U64)
        P2_RET(p2_result(false, NULL));
    o->as.options->has_timeout[which] = v != NULL;
    o->as.options->timeout[which] = v ? v->of.u64 : 0;
    P2_RET(p2_result(true, NULL));
}

P2_FN(get_connect)
{
    return get_timeout(c, 0);
}

P2_FN(set_connect)
{
    return set_timeout(c, 0);
}

P2_FN(get_first)
{
    return get_timeout(c, 1);
}

P2_FN(set_first)
{
    return set_timeout(c, 1);
}

P2_FN(get_between)
{
    return get_timeout(c, 2);
}

P2_FN(set_between)
{
    return set_timeout(c, 2);
}

static const struct p2_row rows[] = {
    {"[constructor]outgoing-request", "h", true, request_new},
    {"[method]outgoing-request.body", "h", true, request_body},
    {"[method]outgoing-request.method", "h", true, request_method},
    {"[method]outgoing-request.set-method", "hv", true, request_set_method},
    {"[method]outgoing-request.path-with-query", "h", true, request_path},
    {"[method]outgoing-request.set-path-with-query", "ho", true, request_set_path},
    {"[method]outgoing-request.scheme", "h", true, request_scheme},
    {"[method]outgoing-request.set-scheme", "ho", true, request_set_scheme},
    {"[method]outgoing-request.authority", "h", true, request_authority},
    {"[method]outgoing-request.set-authority", "ho", true, request_set_authority},
    {"[method]outgoing-request.headers", "h", true, request_headers},
    {"[constructor]request-options", "", true, options_new},
    {"[method]request-options.connect-timeout", "h", true, get_connect},
    {"[method]request-options.set-connect-timeout", "ho", true, set_connect},
    {"[method]request-options.first-byte-timeout", "h", true, get_first},
    {"[method]request-options.set-first-byte-timeout", "ho", true, set_first},
    {"[method]request-options.between-bytes-timeout", "h", true, get_between},
    {"[method]request-options.set-between-bytes-timeout", "ho", true, set_between},
    {"[method]outgoing-body.write", "h", true, body_write},
    {"[static]outgoing-body.finish", "ho", true, body_finish},
};

const struct p2_interface p2_request_interface = {"wasi:http/types", rows, countof(rows), true,
                                                  &p2_fields_interface};
