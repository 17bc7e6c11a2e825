/*
 * wasip2_near.c — the platform's interfaces (host.h) for components: types compared when a
 * component is loaded, values carried over when it calls.
 */
#include "engine/engine_internal.h"
#include "engine/wasip2.h"

/* ---- types ---- */

static bool kind_is(const wasmtime_component_valtype_t *type, char kind, bool option)
{
    wasmtime_component_valtype_t inner;
    bool is;

    if (option) {
        if (type->kind != WASMTIME_COMPONENT_VALTYPE_OPTION)
            return false;
        wasmtime_component_option_type_ty(type->of.option, &inner);
        is = kind_is(&inner, kind, false);
        wasmtime_component_valtype_delete(&inner);
        return is;
    }
    switch (kind) {
    case 's':
        return type->kind == WASMTIME_COMPONENT_VALTYPE_STRING;
    case 't':
        return type->kind == WASMTIME_COMPONENT_VALTYPE_BOOL;
    case 'I':
        return type->kind == WASMTIME_COMPONENT_VALTYPE_U64;
    case 'J':
        return type->kind == WASMTIME_COMPONENT_VALTYPE_S64;
    case 'l':
        if (type->kind != WASMTIME_COMPONENT_VALTYPE_LIST)
            return false;
        wasmtime_component_list_type_element(type->of.list, &inner);
        is = inner.kind == WASMTIME_COMPONENT_VALTYPE_U8;
        wasmtime_component_valtype_delete(&inner);
        return is;
    }
    return false;
}

static bool params_are(const wasmtime_component_func_type_t *type, const char *kinds)
{
    size_t n = wasmtime_component_func_type_param_count(type), i = 0;
    bool option, is = true;
    char kind;

    while ((kind = host_kind_next(&kinds, &option)) && is && i < n) {
        wasmtime_component_valtype_t t;
        const char *name; /* says nothing: released programs differ in it */
        size_t len;
        if (!wasmtime_component_func_type_param_nth(type, i++, &name, &len, &t))
            return false;
        is = kind_is(&t, kind, option);
        wasmtime_component_valtype_delete(&t);
    }
    return is && !kind && i == n;
}

static bool tuple_is(const wasmtime_component_tuple_type_t *tuple, const char *kinds)
{
    size_t n = wasmtime_component_tuple_type_types_count(tuple);
    bool option, is = true;

    for (size_t i = 0; is && i < n; i++) {
        wasmtime_component_valtype_t t;
        char kind = i + 1 < n ? host_kind_next(&kinds, &option) : 's';
        if (!kind || !wasmtime_component_tuple_type_types_nth(tuple, i, &t))
            return false;
        is = kind_is(&t, kind, false);
        wasmtime_component_valtype_delete(&t);
    }
    return is && !*kinds;
}

static bool result_is(const wasmtime_component_func_type_t *type, const struct host_fn *fn)
{
    wasmtime_component_valtype_t t;
    bool is;

    if (!wasmtime_component_func_type_result(type, &t))
        return false;
    if (t.kind == WASMTIME_COMPONENT_VALTYPE_TUPLE)
        is = fn->results[0] && tuple_is(t.of.tuple, fn->results);
    else if (fn->results[0])
        is = fn->bare && kind_is(&t, fn->results[0], false);
    else
        is = kind_is(&t, 's', false); /* the error alone */
    wasmtime_component_valtype_delete(&t);
    return is;
}

enum err p2_near_check(const struct host_fn *fn, const wasmtime_component_func_type_t *type,
                       struct buf *why)
{
    if (!wasmtime_component_func_type_async(type) && params_are(type, fn->params) &&
        result_is(type, fn))
        return ERR_OK;
    return err_put(why, ERR_FORMAT,
                   "the function '%s' of '%s@%s' is imported with another type than it has; build "
                   "the program with the WIT files of this platform",
                   fn->name, host_faces[fn->face].name, host_faces[fn->face].version);
}

/* ---- values ---- */

/* One argument; lists are copied behind each other into `bytes`, which has room for all of them. */
static bool take(const p2_val *v, char kind, bool option, struct buf *bytes, struct host_val *out)
{
    if (option) {
        if (v->kind != WASMTIME_COMPONENT_OPTION)
            return false;
        out->none = !v->of.option;
        return out->none || take(v->of.option, kind, false, bytes, out);
    }
    switch (kind) {
    case 's':
        out->s = p2_str(v);
        return v->kind == WASMTIME_COMPONENT_STRING;
    case 't':
        out->n = v->of.boolean;
        return v->kind == WASMTIME_COMPONENT_BOOL;
    case 'I':
        out->n = v->of.u64;
        return v->kind == WASMTIME_COMPONENT_U64;
    case 'J':
        out->n = (uint64_t)v->of.s64;
        return v->kind == WASMTIME_COMPONENT_S64;
    case 'l': {
        size_t at = bytes->len;
        if (v->kind != WASMTIME_COMPONENT_LIST || !p2_add_bytes(bytes, v))
            return false;
        out->s = str_skip(buf_str(bytes), at);
        return true;
    }
    }
    return false;
}

static p2_val give(const struct host_val *v, char kind)
{
    switch (kind) {
    case 't':
        return p2_bool(v->n != 0);
    case 'I':
        return p2_u64(v->n);
    case 'J':
        return p2_s64((int64_t)v->n);
    case 'l':
        return p2_bytes(v->s);
    default:
        return p2_text(v->s);
    }
}

/* An answer as the function's result, in the shape that the component declares. */
static p2_val result_of(const struct host_fn *fn, const wasmtime_component_func_type_t *type,
                        const struct host_answer *a)
{
    size_t n = strlen(fn->results);
    wasmtime_component_valtype_t t;
    p2_val v;

    if (n == 0)
        return p2_text(a->error);
    if (!wasmtime_component_func_type_result(type, &t))
        BUG("a function has lost its result");
    if (t.kind != WASMTIME_COMPONENT_VALTYPE_TUPLE) {
        v = give(&a->results[0], fn->results[0]);
    } else {
        v = (p2_val){.kind = WASMTIME_COMPONENT_TUPLE};
        wasmtime_component_valtuple_new_uninit(&v.of.tuple, n + 1);
        for (size_t i = 0; i < n; i++)
            v.of.tuple.data[i] = give(&a->results[i], fn->results[i]);
        v.of.tuple.data[n] = p2_text(a->error);
    }
    wasmtime_component_valtype_delete(&t);
    return v;
}

/* Bytes that the arguments have, so that their memory is taken once and their sum is known. */
static size_t size_of(const p2_val *a, size_t n)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++) {
        const p2_val *v = &a[i];
        if (v->kind == WASMTIME_COMPONENT_OPTION)
            v = v->of.option;
        if (v && v->kind == WASMTIME_COMPONENT_STRING)
            size += v->of.string.size;
        else if (v && v->kind == WASMTIME_COMPONENT_LIST)
            size += v->of.list.size;
    }
    return size;
}

/* Where older components have no place for an error, it is told on stderr. */
static void tell(struct wasip2 *w, const struct host_fn *fn, struct str error)
{
    char room[512];
    struct buf line = BUF_OVER(room);

    buf_addf(&line, "outlayer: %s %s: %.*s\n", host_faces[fn->face].name, fn->name,
             STR_ARG(str_head(error, 300)));
    wasi_err(&w->wasi, buf_str(&line));
}

static enum err ask(struct p2_call *c, const struct host_fn *fn, size_t n, struct host_answer *out)
{
    const struct host_port *port = c->w->wasi.job->port;
    struct host_call call = {.fn = fn};
    size_t size = size_of(c->a, n);
    struct buf bytes = BUF_INIT(size);
    const char *kinds = fn->params;
    enum err e = ERR_OK;
    bool option;

    if (size > HOST_ASK_MAX) {
        out->error = STR("the arguments have more than 3 MiB together");
        return ERR_OK;
    }
    (void)buf_room(&bytes, size); /* strings into it stay where they are */
    bytes.len = 0;
    for (size_t i = 0; i < n && !e; i++) {
        char kind = host_kind_next(&kinds, &option);
        if (!kind || !take(&c->a[i], kind, option, &bytes, &call.args[i]))
            e = ERR_FORMAT;
    }
    if (!e)
        e = port->call(port->ctx, &call, c->w->wasi.deadline_ns, out);
    buf_wipe(&bytes);
    return e;
}

wasmtime_error_t *p2_near_enter(void *env, wasmtime_context_t *ctx,
                                const wasmtime_component_func_type_t *type, p2_val *a, size_t n,
                                p2_val *r, size_t nr)
{
    const struct host_fn *fn = env;
    struct p2_call c = {.w = wasmtime_context_get_data(ctx), .ctx = ctx, .a = a, .r = r};
    struct host_answer answer = {0};
    enum err e;

    if (wasi_late(&c.w->wasi))
        return p2_stop(&c, WASI_TIME);
    if (!c.w->wasi.job->port || n > HOST_ARGS_MAX || nr != 1)
        return p2_abuse(&c, "a function was called that this run does not have");
    e = ask(&c, fn, n, &answer);
    if (e == ERR_FORMAT)
        return p2_abuse(&c, "a function was called with values of another type");
    if (e) /* over time, or there is nobody left to hear the result */
        return p2_stop(&c, WASI_TIME);
    *r = result_of(fn, type, &answer);
    if (answer.error.len && r->kind == WASMTIME_COMPONENT_BOOL)
        tell(c.w, fn, answer.error);
    buf_wipe(&answer.memory);
    return NULL;
}
