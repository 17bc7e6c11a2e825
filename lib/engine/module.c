/* module.c — from a guest's bytes to code that can be started; see module.h. */
#include "engine/module.h"

#include <string.h>

#include "base/mem.h"
#include "engine/code.h"
#include "engine/engine_internal.h"
#include "engine/outcome.h"
#include "engine/wasip1.h"

#define WANTED "a program for wasm32-wasip1 or wasm32-wasip2 was expected"

static struct str name_str(const wasm_name_t *n)
{
    return n ? str_from(n->data, n->size) : STR_NONE;
}

/* What a module was probably built for, by whom it imports from. */
static const char *import_hint(struct str module)
{
    static const struct {
        const char *from, *hint;
    } hints[] = {
        {"near:", "; the platform's interfaces are for components: build it for wasm32-wasip2"},
        {"outlayer:", "; the platform's interfaces are for components: build it for wasm32-wasip2"},
        {"wasi:", "; this is the inside of a component: build it for wasm32-wasip2"},
        {"wasi_unstable", "; that is an older WASI: build it anew for wasm32-wasip1"},
        {"wbg", "; that is wasm-bindgen, for browsers: build it for wasm32-wasip1"},
        {"__wbindgen", "; that is wasm-bindgen, for browsers: build it for wasm32-wasip1"},
        {"./", "; that is wasm-bindgen, for browsers: build it for wasm32-wasip1"},
        {"go", "; that is Go for browsers: build it with GOOS=wasip1"},
        {"gojs", "; that is Go for browsers: build it with GOOS=wasip1"},
        {"env", "; a function was not linked, or it is a NEAR contract or made by Emscripten"},
    };
    for (size_t i = 0; i < countof(hints); i++)
        if (str_starts(module, str_of(hints[i].from)))
            return hints[i].hint;
    return "";
}

/* Name the first import nobody provides; the linker would say so in its own words. */
static enum err check_imports(const wasmtime_module_t *m, struct buf *why)
{
    wasm_importtype_vec_t imports;
    enum err e = ERR_OK;

    wasmtime_module_imports(m, &imports);
    for (size_t i = 0; i < imports.size && !e; i++) {
        struct str module = name_str(wasm_importtype_module(imports.data[i]));
        struct str name = name_str(wasm_importtype_name(imports.data[i]));
        const wasm_externtype_t *type = wasm_importtype_type(imports.data[i]);
        if (!str_eqz(module, WASIP1_MODULE)) {
            e = err_put(why, ERR_FORMAT,
                        "unknown import '%.*s' from '%.*s'; a wasm32-wasip1 program may import "
                        "from '%s' only%s",
                        STR_ARG(str_head(name, 200)), STR_ARG(str_head(module, 200)), WASIP1_MODULE,
                        import_hint(module));
        } else if (wasm_externtype_kind(type) != WASM_EXTERN_FUNC || !wasip1_has(name)) {
            e = err_put(why, ERR_FORMAT, "unknown import '%.*s' from '%s'",
                        STR_ARG(str_head(name, 200)), WASIP1_MODULE);
        }
    }
    wasm_importtype_vec_delete(&imports);
    return e;
}

/* A command exports `_start` without parameters and its memory. */
static enum err check_exports(const wasmtime_module_t *m, uint64_t *memory_min, struct buf *why)
{
    wasm_exporttype_vec_t exports;
    bool start = false, wrong = false, initialize = false, memory = false;

    wasmtime_module_exports(m, &exports);
    for (size_t i = 0; i < exports.size; i++) {
        struct str name = name_str(wasm_exporttype_name(exports.data[i]));
        const wasm_externtype_t *type = wasm_exporttype_type(exports.data[i]);
        wrong |= str_eqz(name, "_start");
        if (wasm_externtype_kind(type) == WASM_EXTERN_MEMORY && str_eqz(name, "memory")) {
            const wasm_memorytype_t *mt = wasm_externtype_as_memorytype_const(type);
            *memory_min = wasmtime_memorytype_minimum(mt) * 65536;
            memory = true;
        } else if (wasm_externtype_kind(type) == WASM_EXTERN_FUNC) {
            const wasm_functype_t *ft = wasm_externtype_as_functype_const(type);
            if (str_eqz(name, "_start"))
                start = wasm_functype_params(ft)->size == 0 && wasm_functype_results(ft)->size == 0;
            if (str_eqz(name, "_initialize"))
                initialize = true;
        }
    }
    wasm_exporttype_vec_delete(&exports);
    if (!start && wrong)
        return err_put(why, ERR_FORMAT,
                       "the module's '_start' is no function without parameters and results; build "
                       "a program with a main function for wasm32-wasip1");
    if (!start)
        return err_put(why, ERR_FORMAT,
                       "the module is a library%s: it exports no function '_start'; build a "
                       "program with a main function",
                       initialize ? " (reactor)" : "");
    if (!memory)
        return err_put(why, ERR_FORMAT, "the module exports no 'memory'; %s", WANTED);
    return ERR_OK;
}

static enum err check(const wasmtime_module_t *m, uint64_t *memory_min, struct buf *why)
{
    enum err e = check_imports(m, why);

    if (!e)
        e = check_exports(m, memory_min, why);
    if (!e && *memory_min > (uint64_t)RUN_MEMORY_MB_MAX << 20)
        e = err_put(why, ERR_FORMAT,
                    "the module needs %llu MiB of memory at its start, more than the %u that can "
                    "be given",
                    (unsigned long long)(*memory_min >> 20), RUN_MEMORY_MB_MAX);
    return e;
}

static enum err core_compile(struct engine *e, struct str wasm, struct buf *code, struct buf *why)
{
    wasmtime_module_t *m = NULL;
    wasm_byte_vec_t bytes;
    wasmtime_error_t *error;
    uint64_t memory_min;
    enum err r;

    error = wasmtime_module_new(e->wasm, (const uint8_t *)wasm.ptr, wasm.len, &m);
    if (error)
        return engine_err(error, ERR_FORMAT, "the module is not valid", why);
    r = check(m, &memory_min, why);
    if (r)
        goto out;
    error = wasmtime_module_serialize(m, &bytes);
    if (error) {
        r = engine_err(error, ERR_FORMAT, "the module cannot be compiled", why);
        goto out;
    }
    buf_add(code, bytes.data, bytes.size);
    wasm_byte_vec_delete(&bytes);
out:
    wasmtime_module_delete(m);
    return r;
}

enum err module_compile(struct engine *e, struct str wasm, struct buf *code, struct buf *why)
{
    const char *what = NULL;
    enum module_form form = module_form(wasm, &what);
    enum err r;

    if (form == MODULE_OTHER)
        return err_put(why, ERR_FORMAT, "the file is %s; %s", what, WANTED);
    if (wasm.len > MODULE_WASM_MAX)
        return err_put(why, ERR_TOO_BIG, "the module has %zu bytes, more than %u", wasm.len,
                       MODULE_WASM_MAX);
    r = form == MODULE_CORE ? core_compile(e, wasm, code, why)
                            : component_compile(e, wasm, code, why);
    if (r)
        return r;
    code_close(code, form, wasm);
    if (code->full)
        return err_put(why, ERR_TOO_BIG, "the module compiles to more than %zu bytes", code->max);
    return ERR_OK;
}

static enum err core_load(struct engine *e, struct str code, struct module *m, struct buf *why)
{
    wasmtime_error_t *error =
        wasmtime_module_deserialize(e->wasm, (const uint8_t *)code.ptr, code.len, &m->wasm);
    enum err r;

    if (error)
        return engine_err(error, ERR_ABSENT, "the program cannot be loaded", why);
    r = check(m->wasm, &m->memory_min, why);
    if (r)
        return r;
    m->linker = wasmtime_linker_new(e->wasm);
    r = wasip1_define(m->linker, why);
    if (r)
        return r;
    error = wasmtime_linker_instantiate_pre(m->linker, m->wasm, &m->pre);
    return error ? engine_err(error, ERR_FORMAT, "the module's imports do not fit", why) : ERR_OK;
}

enum err module_load(struct engine *e, struct str code, struct module **out, struct buf *why)
{
    struct code_parts parts;
    struct module *m;
    enum err r;

    if (!code_split(code, &parts))
        return err_put(why, ERR_ABSENT, "the compiled code is not for this engine");
    m = mem_new(struct module);
    m->form = parts.form;
    r = m->form == MODULE_CORE ? core_load(e, parts.machine, m, why)
                               : component_load(e, parts.machine, m, why);
    if (!r && e->profiled)
        m->profile = profile_new(parts.machine);
    if (!r && e->profiled && !m->profile)
        r = err_put(why, ERR_FORMAT, "a profile of this program cannot be made here");
    if (r)
        module_free(m);
    else
        *out = m;
    return r;
}

void module_free(struct module *m)
{
    if (m == NULL)
        return;
    component_free(m);
    profile_free(m->profile);
    if (m->pre)
        wasmtime_instance_pre_delete(m->pre);
    if (m->linker)
        wasmtime_linker_delete(m->linker);
    if (m->wasm)
        wasmtime_module_delete(m->wasm);
    mem_free(m);
}
