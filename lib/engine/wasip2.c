/* wasip2.c — handles, and how calls of a component get to their functions; see wasip2.h. */
#include "engine/wasip2.h"

#include "base/mem.h"
#include "engine/engine_internal.h"

/* Names of resource types and what they are here, whichever interface names them. */
static const struct {
    const char *name;
    enum p2_type type;
} resources[] = {
    {"error", P2_ERROR},
    {"io-error", P2_ERROR},
    {"pollable", P2_POLLABLE},
    {"input-stream", P2_INPUT},
    {"output-stream", P2_OUTPUT},
    {"fields", P2_FIELDS},
    {"headers", P2_FIELDS},
    {"trailers", P2_FIELDS},
    {"outgoing-request", P2_REQUEST},
    {"request-options", P2_OPTIONS},
    {"outgoing-body", P2_REQUEST_BODY},
    {"future-incoming-response", P2_FUTURE},
    {"incoming-response", P2_RESPONSE},
    {"incoming-body", P2_RESPONSE_BODY},
    {"future-trailers", P2_TRAILERS},
    {"network", P2_NETWORK},
    {"terminal-input", P2_ABSENT},
    {"terminal-output", P2_ABSENT + 1},
    {"descriptor", P2_ABSENT + 2},
    {"directory-entry-stream", P2_ABSENT + 3},
    {"resolve-address-stream", P2_ABSENT + 4},
    {"tcp-socket", P2_ABSENT + 5},
    {"udp-socket", P2_ABSENT + 6},
    {"incoming-datagram-stream", P2_ABSENT + 7},
    {"outgoing-datagram-stream", P2_ABSENT + 8},
    {"incoming-request", P2_ABSENT + 9},
    {"response-outparam", P2_ABSENT + 10},
    {"outgoing-response", P2_ABSENT + 11},
};

void wasip2_init(struct wasip2 *w, const struct run_job *job, struct run_result *result,
                 uint32_t faces)
{
    w->faces = faces;
    w->nhandles = w->lowest = w->streams = w->timeouts = w->told = 0;
    wasi_init(&w->wasi, job, result);
}

void wasip2_release(struct wasip2 *w)
{
    for (uint32_t i = 0; i < w->nhandles; i++) {
        p2_unref(w->handles[i]);
        w->handles[i] = NULL;
    }
    w->nhandles = w->lowest = 0;
}

struct p2_object *p2_new(enum p2_type type, struct p2_object *of)
{
    struct p2_object *o = mem_new(struct p2_object);

    o->type = type;
    o->refs = 1;
    o->of = of;
    if (of)
        of->refs++;
    return o;
}

void p2_unref(struct p2_object *o)
{
    while (o && --o->refs == 0) { /* chains are short, but their length is the guest's choice */
        struct p2_object *of = o->of;
        if (o->type == P2_ERROR)
            buf_release(&o->as.error.text);
        else if (o->type >= P2_FIELDS && o->type <= P2_TRAILERS)
            p2_http_free(o);
        mem_free(o);
        o = of;
    }
}

wasmtime_error_t *p2_stop(struct p2_call *c, enum wasi_stop why)
{
    c->w->wasi.stop = why;
    return wasmtime_error_new("stop");
}

wasmtime_error_t *p2_abuse(struct p2_call *c, const char *rule)
{
    if (c->w->wasi.result->text.len == 0)
        buf_addf(&c->w->wasi.result->text, "Trap: %s", rule);
    return p2_stop(c, WASI_ABUSE);
}

/* The handle's place in the table, or P2_HANDLES_MAX. */
static uint32_t place_of(struct p2_call *c, size_t i)
{
    wasmtime_component_resource_host_t *host = NULL;
    wasmtime_error_t *error;
    uint32_t at = P2_HANDLES_MAX;

    c->seen |= 1u << i;
    if (c->a[i].kind != WASMTIME_COMPONENT_RESOURCE)
        return at;
    error = wasmtime_component_resource_any_to_host(c->ctx, c->a[i].of.resource, &host);
    if (error) {
        wasmtime_error_delete(error);
        return at;
    }
    at = wasmtime_component_resource_host_rep(host);
    wasmtime_component_resource_host_delete(host);
    return at < c->w->nhandles ? at : P2_HANDLES_MAX;
}

struct p2_object *p2_get(struct p2_call *c, size_t i, enum p2_type type)
{
    uint32_t at = place_of(c, i);
    struct p2_object *o = at < P2_HANDLES_MAX ? c->w->handles[at] : NULL;

    return o && o->type == type ? o : NULL;
}

static struct p2_object *remove_at(struct wasip2 *w, uint32_t at)
{
    struct p2_object *o = w->handles[at];

    w->handles[at] = NULL;
    if (at < w->lowest)
        w->lowest = at;
    return o;
}

struct p2_object *p2_take(struct p2_call *c, size_t i, enum p2_type type)
{
    uint32_t at = place_of(c, i);

    if (at == P2_HANDLES_MAX || !c->w->handles[at] || c->w->handles[at]->type != type)
        return NULL;
    return remove_at(c->w, at);
}

p2_val p2_give(struct p2_call *c, struct p2_object *o)
{
    wasmtime_component_resource_host_t *host;
    p2_val v = {.kind = WASMTIME_COMPONENT_RESOURCE};
    struct wasip2 *w = c->w;
    wasmtime_error_t *error;
    uint32_t at = w->lowest;

    while (at < w->nhandles && w->handles[at])
        at++;
    if (at == P2_HANDLES_MAX) {
        p2_unref(o);
        return p2_bool(false);
    }
    host = wasmtime_component_resource_host_new(true, at, o->type);
    error = wasmtime_component_resource_host_to_any(c->ctx, host, &v.of.resource);
    wasmtime_component_resource_host_delete(host);
    if (error) {
        wasmtime_error_delete(error);
        p2_unref(o);
        return p2_bool(false);
    }
    w->handles[at] = o;
    w->lowest = at + 1;
    if (at >= w->nhandles)
        w->nhandles = at + 1;
    return v;
}

/* The guest drops a handle. */
static wasmtime_error_t *drop(void *env, wasmtime_context_t *ctx, uint32_t at)
{
    struct wasip2 *w = wasmtime_context_get_data(ctx);

    (void)env;
    if (at < w->nhandles)
        p2_unref(remove_at(w, at));
    return NULL;
}

static bool kind_fits(char want, wasmtime_component_valkind_t kind)
{
    static const struct {
        char want;
        wasmtime_component_valkind_t kind;
    } kinds[] = {
        {'h', WASMTIME_COMPONENT_RESOURCE}, {'s', WASMTIME_COMPONENT_STRING},
        {'l', WASMTIME_COMPONENT_LIST},     {'o', WASMTIME_COMPONENT_OPTION},
        {'v', WASMTIME_COMPONENT_VARIANT},  {'e', WASMTIME_COMPONENT_ENUM},
        {'r', WASMTIME_COMPONENT_RESULT},   {'b', WASMTIME_COMPONENT_U8},
        {'w', WASMTIME_COMPONENT_U16},      {'i', WASMTIME_COMPONENT_U32},
        {'I', WASMTIME_COMPONENT_U64},      {'t', WASMTIME_COMPONENT_BOOL},
    };

    for (size_t i = 0; i < countof(kinds); i++)
        if (kinds[i].want == want)
            return kinds[i].kind == kind;
    return false;
}

static wasmtime_error_t *enter(void *env, wasmtime_context_t *ctx,
                               const wasmtime_component_func_type_t *type, p2_val *a, size_t n,
                               p2_val *r, size_t nr)
{
    const struct p2_row *row = env;
    struct p2_call c = {.w = wasmtime_context_get_data(ctx), .ctx = ctx, .a = a, .r = r};

    wasmtime_error_t *error;

    (void)type;
    if (wasi_late(&c.w->wasi)) /* host functions cost no fuel, so the slices do not see them */
        return p2_stop(&c, WASI_TIME);
    if (!row->params) /* a method of something that is never there */
        return p2_abuse(&c, row->name);
    bool fits = n == strlen(row->params) && nr == row->result;
    for (size_t i = 0; fits && i < n; i++)
        fits = kind_fits(row->params[i], a[i].kind);
    if (!fits) {
        buf_addf(&c.w->wasi.result->text, "Trap: the function '%s' is declared with another type",
                 row->name);
        return p2_stop(&c, WASI_ABUSE);
    }
    error = row->fn(&c);
    /* What is borrowed must be given back, also by a function that does not care what it is. */
    for (size_t i = 0; !error && i < n; i++)
        if (row->params[i] == 'h' && !(c.seen & 1u << i))
            (void)place_of(&c, i);
    return error;
}

static const struct p2_row never = {
    .name = "a function was called that works on files, sockets or requests to a server, which "
            "a guest never has"};

/* ---- what a component imports ---- */

static const struct p2_interface *find_in(const struct p2_interface *list, size_t n,
                                          struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eqz(name, list[i].name))
            return &list[i];
    return NULL;
}

/* By "package:name/interface@version"; every 0.2.x is the same. */
static const struct p2_interface *find_interface(struct str import)
{
    struct str name, version = str_cut(import, '@', &name);
    const struct p2_interface *i;

    if (!str_starts(version, STR("0.2.")))
        return NULL;
    i = find_in(p2_base_interfaces, p2_base_ninterfaces, name);
    if (!i)
        i = find_in(p2_io_interfaces, p2_io_ninterfaces, name);
    return i ? i : find_in(p2_http_interfaces, p2_http_ninterfaces, name);
}

static const struct p2_row *find_row(const struct p2_interface *face, struct str name)
{
    for (const struct p2_interface *part = face; part; part = part->more)
        for (size_t i = 0; i < part->nrows; i++)
            if (str_eqz(name, part->rows[i].name))
                return &part->rows[i];
    return face->others ? &never : NULL;
}

static enum p2_type find_resource(struct str name)
{
    for (size_t i = 0; i < countof(resources); i++)
        if (str_eqz(name, resources[i].name))
            return resources[i].type;
    return P2_NOTHING;
}

static enum err unknown(struct buf *why, struct str item, struct str import)
{
    return err_put(why, ERR_FORMAT, "unknown import '%.*s' from '%.*s'",
                   STR_ARG(str_head(item, 200)), STR_ARG(str_head(import, 200)));
}

/* One function or resource of an imported interface; `to` may be NULL: only check. */
static enum err define_item(wasmtime_component_linker_instance_t *to,
                            const struct p2_interface *face, struct str import, struct str name,
                            wasmtime_component_item_kind_t kind, struct buf *why)
{
    wasmtime_error_t *error = NULL;

    if (kind == WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC) {
        const struct p2_row *row = find_row(face, name);
        if (!row)
            return unknown(why, name, import);
        if (to)
            error = wasmtime_component_linker_instance_add_func(to, name.ptr, name.len, enter,
                                                                (void *)(uintptr_t)row, NULL);
    } else if (kind == WASMTIME_COMPONENT_ITEM_RESOURCE) {
        enum p2_type type = find_resource(name);
        if (type == P2_NOTHING)
            return unknown(why, name, import);
        if (to) {
            wasmtime_component_resource_type_t *t = wasmtime_component_resource_type_new_host(type);
            error = wasmtime_component_linker_instance_add_resource(to, name.ptr, name.len, t, drop,
                                                                    NULL, NULL);
            wasmtime_component_resource_type_delete(t);
        }
    } else if (kind != WASMTIME_COMPONENT_ITEM_TYPE) {
        return unknown(why, name, import);
    }
    return error ? engine_err(error, ERR_FORMAT, "an import cannot be provided", why) : ERR_OK;
}

/* One function of the platform's own interfaces. */
static enum err define_near(wasmtime_component_linker_instance_t *to, const struct host_face *face,
                            struct str import, struct str name,
                            const wasmtime_component_item_t *item, struct buf *why)
{
    const struct host_fn *fn = host_fn_find(face, name);
    wasmtime_error_t *error = NULL;
    enum err e;

    if (item->kind == WASMTIME_COMPONENT_ITEM_TYPE)
        return ERR_OK;
    if (!fn || item->kind != WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC)
        return unknown(why, name, import);
    e = p2_near_check(fn, item->of.component_func, why);
    if (!e && to)
        error = wasmtime_component_linker_instance_add_func(to, name.ptr, name.len, p2_near_enter,
                                                            (void *)(uintptr_t)fn, NULL);
    return error ? engine_err(error, ERR_FORMAT, "an import cannot be provided", why) : e;
}

static enum err unknown_interface(struct buf *why, struct str import)
{
    char room[400];
    struct buf ours = BUF_OVER(room);

    for (size_t i = 0; i < HOST_FACES; i++)
        buf_addf(&ours, "%s%s@%s", i ? ", " : "", host_faces[i].name, host_faces[i].version);
    return err_put(why, ERR_FORMAT,
                   "unknown import '%.*s'; a wasm32-wasip2 program may import the interfaces of "
                   "WASI 0.2 (cli, io, clocks, random, filesystem, sockets, http) and %s",
                   STR_ARG(str_head(import, 200)), buf_z(&ours));
}

static enum err define_interface(const wasm_engine_t *engine,
                                 wasmtime_component_linker_instance_t *root, struct str import,
                                 const wasmtime_component_item_t *item, uint32_t *faces,
                                 struct buf *why)
{
    const struct p2_interface *face = find_interface(import);
    const struct host_face *near = host_face_find(import);
    wasmtime_component_linker_instance_t *to = NULL;
    enum err e = ERR_OK;

    if ((!face && !near) || item->kind != WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE)
        return unknown_interface(why, import);
    if (near)
        *faces |= 1u << (near - host_faces);
    const wasmtime_component_instance_type_t *type = item->of.component_instance;
    if (root) {
        wasmtime_error_t *error =
            wasmtime_component_linker_instance_add_instance(root, import.ptr, import.len, &to);
        if (error)
            return engine_err(error, ERR_FORMAT, "an import cannot be provided", why);
    }
    size_t n = wasmtime_component_instance_type_export_count(type, engine);
    for (size_t i = 0; i < n && !e; i++) {
        wasmtime_component_item_t part;
        const char *name;
        size_t len;
        if (!wasmtime_component_instance_type_export_nth(type, engine, i, &name, &len, &part))
            BUG("an interface has lost a part");
        e = near ? define_near(to, near, import, str_from(name, len), &part, why)
                 : define_item(to, face, import, str_from(name, len), part.kind, why);
        wasmtime_component_item_delete(&part);
    }
    if (to)
        wasmtime_component_linker_instance_delete(to);
    return e;
}

static enum err each_import(const wasm_engine_t *engine, wasmtime_component_linker_t *linker,
                            const wasmtime_component_type_t *type, uint32_t *faces, struct buf *why)
{
    wasmtime_component_linker_instance_t *root =
        linker ? wasmtime_component_linker_root(linker) : NULL;
    size_t n = wasmtime_component_type_import_count(type, engine);
    enum err e = ERR_OK;

    *faces = 0;
    for (size_t i = 0; i < n && !e; i++) {
        wasmtime_component_item_t item;
        const char *name;
        size_t len;
        if (!wasmtime_component_type_import_nth(type, engine, i, &name, &len, &item))
            BUG("a component has lost an import");
        e = define_interface(engine, root, str_from(name, len), &item, faces, why);
        wasmtime_component_item_delete(&item);
    }
    if (root)
        wasmtime_component_linker_instance_delete(root);
    return e;
}

enum err wasip2_define(const wasm_engine_t *engine, wasmtime_component_linker_t *linker,
                       const wasmtime_component_type_t *type, uint32_t *faces, struct buf *why)
{
    return each_import(engine, linker, type, faces, why);
}

enum err wasip2_check(const wasm_engine_t *engine, const wasmtime_component_type_t *type,
                      struct buf *why)
{
    uint32_t faces;

    return each_import(engine, NULL, type, &faces, why);
}
