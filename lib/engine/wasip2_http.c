/*
 * wasip2_http.c — wasi:http as a client; see wasip2.h and net.h.
 *
 * A request is sent when its body is finished and waits with the supervisor; the guest goes on.
 * Answers are taken when the guest looks for one, and belong to the future with the same id.
 */
#include "base/mem.h"
#include "engine/wasip2.h"

#define SENTENCES_MAX 16u /* about refused requests, on stderr of one run */

enum scheme { SCHEME_NONE, SCHEME_HTTP, SCHEME_HTTPS, SCHEME_OTHER };

struct header {
    struct buf name, value;
};

/* What the objects of this file have; each uses its part. */
struct p2_http {
    /* P2_FIELDS */
    struct header list[NET_FIELDS_MAX];
    size_t n, bytes;
    bool fixed;
    /* P2_REQUEST, P2_RESPONSE: `of` is the fields */
    struct buf method, authority, path;
    enum scheme scheme;
    bool has_authority, has_path, consumed;
    /* P2_REQUEST: its body */
    struct buf body;
    bool body_taken, body_done;
    struct p2_object *future; /* who waits for that; no reference */
    /* P2_OPTIONS: nanoseconds */
    uint64_t timeout[3];
    bool has_timeout[3];
    /* P2_FUTURE: `of` is the request */
    struct wasip2 *w;
    uint32_t id, timeout_ms;
    bool started, answered, given;
    struct p2_object *next; /* in w->waiting */
    /* P2_FUTURE, later P2_RESPONSE */
    struct net_response *response;
};

/* P2_FIELDS is large and the others are not; one allocation each all the same, they are few. */
static struct p2_object *http_new(enum p2_type type, struct p2_object *of)
{
    struct p2_object *o = p2_new(type, of);

    o->as.http = mem_new(struct p2_http);
    return o;
}

static void forget(struct p2_object *future)
{
    struct p2_object **at = &future->as.http->w->waiting;

    while (*at && *at != future)
        at = &(*at)->as.http->next;
    if (*at)
        *at = future->as.http->next;
}

static void response_free(struct net_response *r)
{
    if (r)
        buf_wipe(&r->memory);
    mem_free(r);
}

void p2_http_free(struct p2_object *o)
{
    struct p2_http *h = o->as.http;

    if (!h)
        return;
    for (size_t i = 0; i < h->n; i++) {
        buf_wipe(&h->list[i].name);
        buf_wipe(&h->list[i].value);
    }
    buf_wipe(&h->method);
    buf_wipe(&h->authority);
    buf_wipe(&h->path);
    buf_wipe(&h->body);
    if (o->type == P2_FUTURE) {
        if (h->w)
            forget(o);
        if (o->of)
            o->of->as.http->future = NULL;
    }
    response_free(h->response);
    mem_free(h);
}

/* As the guest's error-code. */
static p2_val error_code(enum net_error e, struct str text)
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

/* ---- fields ---- */

#define FN(name)  static wasmtime_error_t *name(struct p2_call *c)
#define NO_HANDLE "no such object of wasi:http behind the handle"
#define GET(var, i, type)                                                                          \
    struct p2_object *var = p2_get(c, i, type);                                                    \
    if (!var)                                                                                      \
    return p2_abuse(c, NO_HANDLE)

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same_name(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

/* Headers that belong to the connection, not to the guest. */
static bool is_forbidden(struct str name)
{
    static const char *const names[] = {
        "connection", "host",    "http2-settings",    "keep-alive",       "proxy-authenticate",
        "te",         "upgrade", "transfer-encoding", "proxy-connection", "proxy-authorization",
    };
    for (size_t i = 0; i < countof(names); i++)
        if (same_name(name, str_of(names[i])))
            return true;
    return false;
}

/* NULL, or the header-error. */
static const char *append(struct p2_http *h, struct str name, const struct buf *value)
{
    if (h->fixed)
        return "immutable";
    if (!net_is_token(name) || !net_is_value(buf_str(value)))
        return "invalid-syntax";
    if (is_forbidden(name) || h->n == NET_FIELDS_MAX || name.len > NET_NAME_MAX ||
        h->bytes + name.len + value->len > NET_HEAD_MAX)
        return "forbidden";
    struct header *to = &h->list[h->n++];
    to->name = BUF_INIT(NET_NAME_MAX);
    to->value = BUF_INIT(NET_HEAD_MAX);
    buf_add_str(&to->name, name);
    buf_add_str(&to->value, buf_str(value));
    h->bytes += name.len + value->len;
    return NULL;
}

static const char *append_val(struct p2_http *h, struct str name, const p2_val *value)
{
    struct buf bytes = BUF_INIT(NET_HEAD_MAX);
    const char *error;

    if (!p2_add_bytes(&bytes, value))
        error = "invalid-syntax";
    else
        error = bytes.full ? "forbidden" : append(h, name, &bytes);
    buf_wipe(&bytes);
    return error;
}

static void remove_all(struct p2_http *h, struct str name)
{
    size_t kept = 0;

    for (size_t i = 0; i < h->n; i++) {
        if (same_name(buf_str(&h->list[i].name), name)) {
            h->bytes -= h->list[i].name.len + h->list[i].value.len;
            buf_wipe(&h->list[i].name);
            buf_wipe(&h->list[i].value);
        } else {
            h->list[kept++] = h->list[i];
        }
    }
    h->n = kept;
}

static struct p2_object *fields_copy(const struct p2_http *from, bool fixed)
{
    struct p2_object *o = http_new(P2_FIELDS, NULL);

    for (size_t i = 0; i < from->n; i++)
        (void)append(o->as.http, buf_str(&from->list[i].name), &from->list[i].value);
    o->as.http->fixed = fixed;
    return o;
}

static p2_val header_result(const char *error)
{
    return error ? p2_err(p2_case(error, NULL)) : p2_result(true, NULL);
}

FN(fields_new)
{
    P2_RET_HANDLE(http_new(P2_FIELDS, NULL));
}

FN(fields_from_list)
{
    struct p2_object *o = http_new(P2_FIELDS, NULL);
    const char *error = NULL;

    for (size_t i = 0; i < c->a[0].of.list.size && !error; i++) {
        const p2_val *pair = &c->a[0].of.list.data[i];
        if (pair->kind != WASMTIME_COMPONENT_TUPLE || pair->of.tuple.size != 2)
            error = "invalid-syntax";
        else
            error =
                append_val(o->as.http, p2_str(&pair->of.tuple.data[0]), &pair->of.tuple.data[1]);
    }
    if (error) {
        p2_unref(o);
        P2_RET(header_result(error));
    }
    p2_val handle = p2_give(c, o);
    if (handle.kind != WASMTIME_COMPONENT_RESOURCE)
        return p2_abuse(c, "more than 4096 handles at a time");
    P2_RET(p2_ok(handle));
}

FN(fields_get)
{
    GET(o, 0, P2_FIELDS);
    struct p2_http *h = o->as.http;
    struct str name = p2_str(&c->a[1]);
    size_t n = 0;

    for (size_t i = 0; i < h->n; i++)
        n += same_name(buf_str(&h->list[i].name), name);
    p2_val list = p2_list(n);
    n = 0;
    for (size_t i = 0; i < h->n; i++)
        if (same_name(buf_str(&h->list[i].name), name))
            list.of.list.data[n++] = p2_bytes(buf_str(&h->list[i].value));
    P2_RET(list);
}

FN(fields_has)
{
    GET(o, 0, P2_FIELDS);
    bool has = false;

    for (size_t i = 0; i < o->as.http->n; i++)
        has |= same_name(buf_str(&o->as.http->list[i].name), p2_str(&c->a[1]));
    P2_RET(p2_bool(has));
}

FN(fields_set)
{
    GET(o, 0, P2_FIELDS);
    const char *error = o->as.http->fixed ? "immutable" : NULL;

    if (!error && !net_is_token(p2_str(&c->a[1])))
        error = "invalid-syntax";
    if (!error)
        remove_all(o->as.http, p2_str(&c->a[1]));
    for (size_t i = 0; i < c->a[2].of.list.size && !error; i++)
        error = append_val(o->as.http, p2_str(&c->a[1]), &c->a[2].of.list.data[i]);
    P2_RET(header_result(error));
}

FN(fields_delete)
{
    GET(o, 0, P2_FIELDS);

    if (o->as.http->fixed)
        P2_RET(header_result("immutable"));
    remove_all(o->as.http, p2_str(&c->a[1]));
    P2_RET(header_result(NULL));
}

FN(fields_append)
{
    GET(o, 0, P2_FIELDS);
    P2_RET(header_result(append_val(o->as.http, p2_str(&c->a[1]), &c->a[2])));
}

FN(fields_entries)
{
    GET(o, 0, P2_FIELDS);
    struct p2_http *h = o->as.http;
    p2_val list = p2_list(h->n);

    for (size_t i = 0; i < h->n; i++)
        list.of.list.data[i] =
            p2_tuple(p2_text(buf_str(&h->list[i].name)), p2_bytes(buf_str(&h->list[i].value)));
    P2_RET(list);
}

FN(fields_clone)
{
    GET(o, 0, P2_FIELDS);
    P2_RET_HANDLE(fields_copy(o->as.http, false));
}

/* ---- outgoing-request ---- */

FN(request_new)
{
    struct p2_object *fields = p2_take(c, 0, P2_FIELDS), *o;

    if (!fields)
        return p2_abuse(c, NO_HANDLE);
    fields->as.http->fixed = true;
    o = http_new(P2_REQUEST, fields);
    p2_unref(fields);
    o->as.http->method = BUF_INIT(NET_METHOD_MAX);
    o->as.http->authority = BUF_INIT(NET_AUTHORITY_MAX);
    o->as.http->path = BUF_INIT(NET_PATH_MAX);
    o->as.http->body = BUF_INIT(NET_SEND_MAX);
    buf_addz(&o->as.http->method, "GET");
    P2_RET_HANDLE(o);
}

FN(request_headers)
{
    GET(o, 0, P2_REQUEST);
    P2_RET_HANDLE(fields_copy(o->of->as.http, true));
}

FN(response_headers)
{
    GET(o, 0, P2_RESPONSE);
    P2_RET_HANDLE(fields_copy(o->of->as.http, true));
}

static const char *const methods[][2] = {
    {"get", "GET"},         {"head", "HEAD"},     {"post", "POST"},
    {"put", "PUT"},         {"delete", "DELETE"}, {"connect", "CONNECT"},
    {"options", "OPTIONS"}, {"trace", "TRACE"},   {"patch", "PATCH"},
};

FN(request_method)
{
    GET(o, 0, P2_REQUEST);
    for (size_t i = 0; i < countof(methods); i++)
        if (str_eqz(buf_str(&o->as.http->method), methods[i][1]))
            P2_RET(p2_case(methods[i][0], NULL));
    p2_val other = p2_text(buf_str(&o->as.http->method));
    P2_RET(p2_case("other", &other));
}

FN(request_set_method)
{
    GET(o, 0, P2_REQUEST);
    struct str name = p2_case_name(&c->a[1]), method = STR_NONE;

    for (size_t i = 0; i < countof(methods); i++)
        if (str_eqz(name, methods[i][0]))
            method = str_of(methods[i][1]);
    if (str_eqz(name, "other") && c->a[1].of.variant.val)
        method = p2_str(c->a[1].of.variant.val);
    if (!net_is_token(method) || method.len > NET_METHOD_MAX)
        P2_RET(p2_result(false, NULL));
    buf_clear(&o->as.http->method);
    buf_add_str(&o->as.http->method, method);
    P2_RET(p2_result(true, NULL));
}

FN(request_path)
{
    GET(o, 0, P2_REQUEST);
    P2_RET(o->as.http->has_path ? p2_some(p2_text(buf_str(&o->as.http->path))) : p2_none());
}

FN(request_authority)
{
    GET(o, 0, P2_REQUEST);
    P2_RET(o->as.http->has_authority ? p2_some(p2_text(buf_str(&o->as.http->authority)))
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

FN(request_set_path)
{
    GET(o, 0, P2_REQUEST);
    P2_RET(set_part(&o->as.http->path, &o->as.http->has_path, &c->a[1]));
}

FN(request_set_authority)
{
    GET(o, 0, P2_REQUEST);
    P2_RET(set_part(&o->as.http->authority, &o->as.http->has_authority, &c->a[1]));
}

FN(request_scheme)
{
    GET(o, 0, P2_REQUEST);
    p2_val other = p2_none();

    switch (o->as.http->scheme) {
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

FN(request_set_scheme)
{
    GET(o, 0, P2_REQUEST);
    const p2_val *v = c->a[1].of.option;

    if (!v)
        o->as.http->scheme = SCHEME_NONE;
    else if (v->kind != WASMTIME_COMPONENT_VARIANT)
        P2_RET(p2_result(false, NULL));
    else if (str_eqz(p2_case_name(v), "HTTP"))
        o->as.http->scheme = SCHEME_HTTP;
    else if (str_eqz(p2_case_name(v), "HTTPS"))
        o->as.http->scheme = SCHEME_HTTPS;
    else
        o->as.http->scheme = SCHEME_OTHER;
    P2_RET(p2_result(true, NULL));
}

FN(request_body)
{
    GET(o, 0, P2_REQUEST);
    if (o->as.http->body_taken)
        P2_RET(p2_result(false, NULL));
    o->as.http->body_taken = true;
    p2_val handle = p2_give(c, http_new(P2_REQUEST_BODY, o));
    if (handle.kind != WASMTIME_COMPONENT_RESOURCE)
        return p2_abuse(c, "more than 4096 handles at a time");
    P2_RET(p2_ok(handle));
}

FN(body_write)
{
    GET(o, 0, P2_REQUEST_BODY);
    struct p2_object *stream;

    if (o->as.http->consumed)
        P2_RET(p2_result(false, NULL));
    o->as.http->consumed = true;
    stream = p2_new(P2_OUTPUT, o);
    stream->as.place = P2_BODY;
    p2_val handle = p2_give(c, stream);
    if (handle.kind != WASMTIME_COMPONENT_RESOURCE)
        return p2_abuse(c, "more than 4096 handles at a time");
    P2_RET(p2_ok(handle));
}

bool p2_http_add(struct p2_object *body, const p2_val *bytes)
{
    struct p2_http *request = body->of->as.http;

    return !request->body_done && p2_add_bytes(&request->body, bytes) && !request->body.full;
}

/* ---- request-options ---- */

FN(options_new)
{
    P2_RET_HANDLE(http_new(P2_OPTIONS, NULL));
}

static wasmtime_error_t *get_timeout(struct p2_call *c, size_t which)
{
    GET(o, 0, P2_OPTIONS);
    P2_RET(o->as.http->has_timeout[which] ? p2_some(p2_u64(o->as.http->timeout[which]))
                                          : p2_none());
}

static wasmtime_error_t *set_timeout(struct p2_call *c, size_t which)
{
    GET(o, 0, P2_OPTIONS);
    const p2_val *v = c->a[1].of.option;

    if (v && v->kind != WASMTIME_COMPONENT_U64)
        P2_RET(p2_result(false, NULL));
    o->as.http->has_timeout[which] = v != NULL;
    o->as.http->timeout[which] = v ? v->of.u64 : 0;
    P2_RET(p2_result(true, NULL));
}

FN(get_connect)
{
    return get_timeout(c, 0);
}

FN(set_connect)
{
    return set_timeout(c, 0);
}

FN(get_first)
{
    return get_timeout(c, 1);
}

FN(set_first)
{
    return set_timeout(c, 1);
}

FN(get_between)
{
    return get_timeout(c, 2);
}

FN(set_between)
{
    return set_timeout(c, 2);
}

/* ---- sending and waiting ---- */

/* A future that has its end without the supervisor. */
static void fail(struct p2_object *future, enum net_error e, const char *text)
{
    struct p2_http *h = future->as.http;
    struct net_response *r = mem_new(struct net_response);

    r->error = e;
    r->memory = BUF_INIT(NET_TEXT_MAX);
    buf_addz(&r->memory, text);
    r->text = buf_str(&r->memory);
    h->response = r;
    h->answered = true;
}

static void start(struct p2_object *future)
{
    struct p2_http *h = future->as.http, *q = future->of->as.http, *f = future->of->of->as.http;
    const struct net_host *net = h->w->wasi.job->net;
    struct net_field fields[NET_FIELDS_MAX];
    struct str host;
    struct net_request request = {.method = buf_str(&q->method),
                                  .https = q->scheme != SCHEME_HTTP,
                                  .authority = buf_str(&q->authority),
                                  .path = buf_str(&q->path),
                                  .fields = fields,
                                  .nfields = f->n,
                                  .body = buf_str(&q->body),
                                  .timeout_ms = h->timeout_ms};

    if (!net || !net->start) {
        fail(future, NET_DENIED, "this run has no network");
        return;
    }
    if (q->body.full) {
        fail(future, NET_SEND_TOO_BIG, "the request's body is too long");
        return;
    }
    if (q->scheme == SCHEME_OTHER || !net_host(buf_str(&q->authority), &host) ||
        !net_is_path(buf_str(&q->path))) {
        fail(future, NET_URI, "a request needs http or https, a host, and a path from '/'");
        return;
    }
    for (size_t i = 0; i < f->n; i++)
        fields[i] = (struct net_field){buf_str(&f->list[i].name), buf_str(&f->list[i].value)};
    h->id = h->w->requests++;
    if (net->start(net->ctx, h->id, &request)) {
        fail(future, NET_INTERNAL, "the supervisor has gone");
        return;
    }
    h->started = true;
}

static uint32_t shortest_ms(const struct p2_http *options)
{
    uint64_t least = 0;

    for (size_t i = 0; options && i < countof(options->timeout); i++) {
        uint64_t ms = options->timeout[i] / 1000000u + 1;
        if (options->has_timeout[i] && (!least || ms < least))
            least = ms;
    }
    return least > NET_TIMEOUT_MS ? 0 : (uint32_t)least;
}

FN(handle)
{
    const p2_val *with = c->a[1].of.option;
    struct p2_object *options = NULL, *future, *request;

    if (with) {
        struct p2_call one = {.w = c->w, .ctx = c->ctx, .a = c->a[1].of.option};
        options = p2_take(&one, 0, P2_OPTIONS);
        if (!options)
            return p2_abuse(c, NO_HANDLE);
    }
    request = p2_take(c, 0, P2_REQUEST);
    if (!request) {
        p2_unref(options);
        return p2_abuse(c, NO_HANDLE);
    }
    future = http_new(P2_FUTURE, request);
    p2_unref(request);
    future->as.http->w = c->w;
    future->as.http->timeout_ms = shortest_ms(options ? options->as.http : NULL);
    future->as.http->next = c->w->waiting;
    c->w->waiting = future;
    request->as.http->future = future;
    p2_unref(options);
    if (!request->as.http->body_taken || request->as.http->body_done)
        start(future);
    p2_val handle = p2_give(c, future);
    if (handle.kind != WASMTIME_COMPONENT_RESOURCE)
        return p2_abuse(c, "more than 4096 handles at a time");
    P2_RET(p2_ok(handle));
}

FN(body_finish)
{
    struct p2_object *o = p2_take(c, 0, P2_REQUEST_BODY), *request;

    if (!o)
        return p2_abuse(c, NO_HANDLE);
    request = o->of;
    request->as.http->body_done = true;
    if (request->as.http->future && !request->as.http->future->as.http->started)
        start(request->as.http->future);
    p2_unref(o);
    P2_RET(p2_result(true, NULL));
}

/* A refused request is told on stderr, where guest and requester look for reasons. */
static void tell(struct wasip2 *w, const struct p2_object *future, const struct net_response *r)
{
    char room[NET_AUTHORITY_MAX + NET_TEXT_MAX + 64];
    struct buf line = BUF_OVER(room);

    if (r->error == NET_NONE || w->requests > SENTENCES_MAX)
        return;
    buf_addf(&line, "outlayer: request to '%s': %.*s\n", buf_z(&future->of->as.http->authority),
             STR_ARG(str_head(r->text, NET_TEXT_MAX)));
    wasi_err(&w->wasi, buf_str(&line));
}

static bool is_timeout(const struct p2_http *h, const struct net_response *r)
{
    return (r->error == NET_TIMEOUT || r->error == NET_READ_TIMEOUT) && h->timeout_ms == 0;
}

/* One answer off the socket to its future. ERR_TIMEOUT: none came. */
static enum err take_answer(struct wasip2 *w, uint64_t deadline_ns)
{
    const struct net_host *net = w->wasi.job->net;
    struct net_response *r = mem_new(struct net_response);
    struct p2_object *future = w->waiting;
    uint32_t id = 0;
    enum err e = net->next(net->ctx, deadline_ns, &id, r);

    if (e) {
        mem_free(r);
        return e;
    }
    while (future &&
           (!future->as.http->started || future->as.http->answered || future->as.http->id != id))
        future = future->as.http->next;
    if (!future) { /* dropped meanwhile */
        response_free(r);
        return ERR_OK;
    }
    tell(w, future, r);
    w->timeouts += is_timeout(future->as.http, r);
    future->as.http->response = r;
    future->as.http->answered = true;
    return ERR_OK;
}

bool p2_http_ready(struct wasip2 *w, const struct p2_object *future)
{
    const struct p2_http *h = future->as.http;

    while (h->started && !h->answered)
        if (take_answer(w, 0))
            break;
    return h->answered;
}

bool p2_http_wait(struct wasip2 *w, uint64_t until_ns)
{
    struct p2_object *unfinished = NULL;
    bool under_way = false;
    enum err e;

    for (struct p2_object *f = w->waiting; f; f = f->as.http->next) {
        under_way |= f->as.http->started && !f->as.http->answered;
        if (!f->as.http->started && !f->as.http->answered)
            unfinished = f;
    }
    if (!under_way && unfinished) {
        fail(unfinished, NET_INTERNAL, "the request's body was not finished before the wait");
        return true;
    }
    if (!under_way)
        return wasi_sleep(&w->wasi, until_ns);
    e = take_answer(w, until_ns < w->wasi.deadline_ns ? until_ns : w->wasi.deadline_ns);
    if (w->timeouts >= NET_TIMEOUTS_MAX) {
        w->wasi.stop = WASI_PENALTY;
        return false;
    }
    if ((e == ERR_TIMEOUT && wasi_late(&w->wasi)) || (e && e != ERR_TIMEOUT)) {
        w->wasi.stop = WASI_TIME;
        return false;
    }
    return true;
}

FN(future_subscribe)
{
    GET(o, 0, P2_FUTURE);
    P2_RET_HANDLE(p2_new(P2_POLLABLE, o));
}

/* What came, as an incoming-response. */
static struct p2_object *response_object(struct p2_http *future)
{
    struct p2_object *fields = http_new(P2_FIELDS, NULL), *o;
    struct net_response *r = future->response;

    for (size_t i = 0; i < r->nfields; i++) {
        struct buf value = BUF_INIT(NET_HEAD_MAX);
        buf_add_str(&value, r->fields[i].value);
        /* Also those that a guest may not send. */
        struct p2_http *h = fields->as.http;
        if (net_is_token(r->fields[i].name) && net_is_value(buf_str(&value)) &&
            h->n < NET_FIELDS_MAX) {
            h->list[h->n].name = BUF_INIT(NET_NAME_MAX);
            buf_add_str(&h->list[h->n].name, r->fields[i].name);
            h->list[h->n++].value = value;
            h->bytes += r->fields[i].name.len + value.len;
        } else {
            buf_release(&value);
        }
    }
    fields->as.http->fixed = true;
    o = http_new(P2_RESPONSE, fields);
    p2_unref(fields);
    o->as.http->response = r;
    future->response = NULL;
    return o;
}

FN(future_get)
{
    GET(o, 0, P2_FUTURE);
    struct p2_http *h = o->as.http;

    if (!p2_http_ready(c->w, o)) {
        if (c->w->timeouts >= NET_TIMEOUTS_MAX)
            return p2_stop(c, WASI_PENALTY);
        P2_RET(p2_none());
    }
    if (h->given)
        P2_RET(p2_some(p2_result(false, NULL)));
    h->given = true;
    if (h->response->error)
        P2_RET(p2_some(p2_ok(p2_err(error_code(h->response->error, h->response->text)))));
    p2_val handle = p2_give(c, response_object(h));
    if (handle.kind != WASMTIME_COMPONENT_RESOURCE)
        return p2_abuse(c, "more than 4096 handles at a time");
    P2_RET(p2_some(p2_ok(p2_ok(handle))));
}

/* ---- incoming-response ---- */

FN(response_status)
{
    GET(o, 0, P2_RESPONSE);
    P2_RET(p2_u16(o->as.http->response->status));
}

FN(response_consume)
{
    GET(o, 0, P2_RESPONSE);
    if (o->as.http->consumed)
        P2_RET(p2_result(false, NULL));
    o->as.http->consumed = true;
    p2_val handle = p2_give(c, http_new(P2_RESPONSE_BODY, o));
    if (handle.kind != WASMTIME_COMPONENT_RESOURCE)
        return p2_abuse(c, "more than 4096 handles at a time");
    P2_RET(p2_ok(handle));
}

struct str p2_http_body(const struct p2_object *body)
{
    return body->of->as.http->response->body;
}

FN(response_body_stream)
{
    GET(o, 0, P2_RESPONSE_BODY);
    struct p2_object *stream;

    if (o->as.http->consumed)
        P2_RET(p2_result(false, NULL));
    o->as.http->consumed = true;
    stream = p2_new(P2_INPUT, o);
    stream->as.input.place = P2_BODY;
    p2_val handle = p2_give(c, stream);
    if (handle.kind != WASMTIME_COMPONENT_RESOURCE)
        return p2_abuse(c, "more than 4096 handles at a time");
    P2_RET(p2_ok(handle));
}

FN(response_body_finish)
{
    struct p2_object *o = p2_take(c, 0, P2_RESPONSE_BODY);
    if (!o)
        return p2_abuse(c, NO_HANDLE);
    p2_unref(o);
    P2_RET_HANDLE(http_new(P2_TRAILERS, NULL));
}

FN(trailers_subscribe)
{
    P2_RET_HANDLE(p2_new(P2_POLLABLE, NULL));
}

FN(trailers_get) /* none ever come */
{
    P2_RET(p2_some(p2_ok(p2_ok(p2_none()))));
}

FN(http_error_code)
{
    P2_RET(p2_none());
}

static const struct p2_row type_rows[] = {
    {"[constructor]fields", "", true, fields_new},
    {"[static]fields.from-list", "l", true, fields_from_list},
    {"[method]fields.get", "hs", true, fields_get},
    {"[method]fields.has", "hs", true, fields_has},
    {"[method]fields.set", "hsl", true, fields_set},
    {"[method]fields.delete", "hs", true, fields_delete},
    {"[method]fields.append", "hsl", true, fields_append},
    {"[method]fields.entries", "h", true, fields_entries},
    {"[method]fields.clone", "h", true, fields_clone},
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
    {"[method]future-incoming-response.subscribe", "h", true, future_subscribe},
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
    {"wasi:http/types", type_rows, countof(type_rows), true},
    {"wasi:http/outgoing-handler", handler_rows, countof(handler_rows), false},
};
const size_t p2_http_ninterfaces = countof(p2_http_interfaces);
