/* component.c — components: compiled, checked to be commands, loaded; see module.h. */
#include "base/mem.h"
#include "engine/engine_internal.h"
#include "engine/wasip2.h"

#define RUN_INTERFACE "wasi:cli/run@0.2."

/* The export that makes a component a command; `name` (borrowed from the type) is its full name. */
static enum err check_exports(const wasm_engine_t *engine, const wasmtime_component_type_t *type,
                              struct buf *name, struct buf *why)
{
    size_t n = wasmtime_component_type_export_count(type, engine);
    bool server = false;

    for (size_t i = 0; i < n; i++) {
        wasmtime_component_item_t item;
        const char *z;
        size_t len;
        if (!wasmtime_component_type_export_nth(type, engine, i, &z, &len, &item))
            BUG("a component has lost an export");
        struct str s = str_from(z, len);
        if (str_starts(s, STR(RUN_INTERFACE)) &&
            item.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE) {
            buf_clear(name);
            buf_add_str(name, s);
        }
        server |= str_starts(s, STR("wasi:http/incoming-handler@"));
        wasmtime_component_item_delete(&item);
    }
    if (name->len && !name->full)
        return ERR_OK;
    return err_put(why, ERR_FORMAT,
                   "the component is %s: it does not export '" RUN_INTERFACE
                   "x'; build a program with a main function for wasm32-wasip2",
                   server ? "an HTTP server" : "a library");
}

static enum err check(const wasm_engine_t *engine, const wasmtime_component_t *c, struct buf *name,
                      struct buf *why)
{
    wasmtime_component_type_t *type = wasmtime_component_type(c);
    enum err e = wasip2_check(engine, type, why);

    if (!e)
        e = check_exports(engine, type, name, why);
    wasmtime_component_type_delete(type);
    return e;
}

enum err component_compile(struct engine *e, struct str wasm, struct buf *code, struct buf *why)
{
    wasm_engine_t *engine = engine_components(e);
    wasmtime_component_t *c = NULL;
    wasm_byte_vec_t bytes;
    wasmtime_error_t *error;
    char room[128];
    struct buf name = BUF_OVER(room);
    enum err r;

    error = wasmtime_component_new(engine, (const uint8_t *)wasm.ptr, wasm.len, &c);
    if (error)
        return engine_err(error, ERR_FORMAT, "the component is not valid", why);
    r = check(engine, c, &name, why);
    if (r)
        goto out;
    error = wasmtime_component_serialize(c, &bytes);
    if (error) {
        r = engine_err(error, ERR_FORMAT, "the component cannot be compiled", why);
        goto out;
    }
    buf_add(code, bytes.data, bytes.size);
    wasm_byte_vec_delete(&bytes);
out:
    wasmtime_component_delete(c);
    return r;
}

static enum err find_run(struct module *m, const struct buf *name, struct buf *why)
{
    wasmtime_component_export_index_t *face =
        wasmtime_component_get_export_index(m->component, NULL, name->ptr, name->len);

    if (face) {
        m->run = wasmtime_component_get_export_index(m->component, face, "run", 3);
        wasmtime_component_export_index_delete(face);
    }
    if (!m->run)
        return err_put(why, ERR_FORMAT, "the component's '%s' has no function 'run'", buf_z(name));
    return ERR_OK;
}

enum err component_load(struct engine *e, struct str code, struct module *m, struct buf *why)
{
    wasm_engine_t *engine = engine_components(e);
    wasmtime_component_type_t *type;
    wasmtime_error_t *error;
    char room[128];
    struct buf name = BUF_OVER(room);
    enum err r;

    error =
        wasmtime_component_deserialize(engine, (const uint8_t *)code.ptr, code.len, &m->component);
    if (error)
        return engine_err(error, ERR_ABSENT, "the program cannot be loaded", why);
    r = check(engine, m->component, &name, why);
    if (!r)
        r = find_run(m, &name, why);
    if (r)
        return r;
    m->component_linker = wasmtime_component_linker_new(engine);
    type = wasmtime_component_type(m->component);
    r = wasip2_define(engine, m->component_linker, type, &m->faces, why);
    wasmtime_component_type_delete(type);
    m->host = mem_new(struct wasip2);
    return r;
}

void component_free(struct module *m)
{
    if (m->run)
        wasmtime_component_export_index_delete(m->run);
    if (m->component_linker)
        wasmtime_component_linker_delete(m->component_linker);
    if (m->component)
        wasmtime_component_delete(m->component);
    mem_free(m->host);
}
