/* contract.c — running prepared contracts on wasmtime; see contract.h. */
#include "engine/contract.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/engine_internal.h"

/* Raise the number when a setting that changes compiled code changes. */
#define CONTRACT_SETTINGS_ID "c1"

/* The prepared module's private names (vm/prepare.h). */
#define NAME_GAS    "gas"
#define NAME_STACK  "stack"
#define NAME_MEMORY "memory"
#define NAME_START  "start"
#define NAME_PREFIX "m:"

/* The accounted stack is 256 KiB; what the machine needs for it is a small multiple. */
#define NATIVE_STACK_MAX ((size_t)4 << 20)
/* So much of a memory is cleared by hand instead of being given back to the kernel. */
#define KEEP_RESIDENT    ((size_t)64 << 10)

struct contract_engine {
    wasm_engine_t *wasm;
    wasmtime_linker_t *linker;
    struct contract_import *imports;
    size_t n_imports;
    uint32_t table_elements_max;
    uint32_t slots; /* instances that may still be made */
    pthread_mutex_t lock;
    pthread_cond_t freed;
};

struct method {
    struct str name; /* behind its prefix */
    bool ok;
};

struct contract_module {
    struct contract_engine *engine;
    wasmtime_module_t *wasm;
    wasmtime_instance_pre_t *pre; /* NULL: an import is missing */
    struct method *methods;       /* sorted by name */
    size_t n_methods;
    bool has_start;
};

/* One run: what its host functions share. */
struct run {
    struct contract_call call;
    wasmtime_memory_t memory;
    wasmtime_global_t gas;
    bool stopped;
};

const char *contract_engine_id(void)
{
    return ENGINE_BUILD "-" CONTRACT_SETTINGS_ID;
}

/* ------------------------------------------------------------------ host functions */

static int64_t global_get(wasmtime_context_t *cx, const wasmtime_global_t *g)
{
    wasmtime_val_t v;

    wasmtime_global_get(cx, g, &v);
    return v.of.i64;
}

static void global_set(wasmtime_context_t *cx, const wasmtime_global_t *g, int64_t n)
{
    wasmtime_val_t v = {.kind = WASMTIME_I64, .of.i64 = n};
    wasmtime_error_t *e = wasmtime_global_set(cx, g, &v);

    if (e != NULL)
        BUG("the gas global is an i64");
}

static wasm_trap_t *enter_host(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *io,
                               size_t n_io)
{
    const struct contract_import *im = env;
    wasmtime_context_t *cx = wasmtime_caller_context(caller);
    struct run *r = wasmtime_context_get_data(cx);
    uint64_t args[CONTRACT_ARGS_MAX], result = 0;
    bool ok;

    (void)n_io;
    for (size_t i = 0; im->params[i] != '\0'; i++)
        args[i] = im->params[i] == 'I' ? (uint64_t)io[i].i64 : (uint32_t)io[i].i32;
    r->call.memory = wasmtime_memory_data(cx, &r->memory);
    r->call.memory_len = wasmtime_memory_data_size(cx, &r->memory);
    r->call.gas = global_get(cx, &r->gas);
    ok = im->fn(&r->call, args, &result);
    global_set(cx, &r->gas, r->call.gas);
    if (!ok) {
        r->stopped = true;
        return wasmtime_trap_new("stopped", 7);
    }
    if (im->result == 'I')
        io[0].i64 = (int64_t)result;
    else if (im->result == 'i')
        io[0].i32 = (int32_t)(uint32_t)result;
    return NULL;
}

static wasm_functype_t *type_of(const struct contract_import *im)
{
    wasm_valtype_t *items[CONTRACT_ARGS_MAX], *one = NULL;
    wasm_valtype_vec_t params, results;
    size_t n = 0;

    for (; im->params[n] != '\0'; n++) {
        BUG_ON(n == CONTRACT_ARGS_MAX);
        items[n] = wasm_valtype_new(im->params[n] == 'I' ? WASM_I64 : WASM_I32);
    }
    wasm_valtype_vec_new(&params, n, items);
    if (im->result != 0)
        one = wasm_valtype_new(im->result == 'I' ? WASM_I64 : WASM_I32);
    wasm_valtype_vec_new(&results, im->result != 0 ? 1 : 0, &one);
    return wasm_functype_new(&params, &results);
}

static enum err link_imports(struct contract_engine *e, struct buf *why)
{
    e->linker = wasmtime_linker_new(e->wasm);
    for (size_t i = 0; i < e->n_imports; i++) {
        struct contract_import *im = &e->imports[i];
        wasm_functype_t *type = type_of(im);
        wasmtime_error_t *error = wasmtime_linker_define_func_unchecked(
            e->linker, "env", 3, im->name, strlen(im->name), type, enter_host, im, NULL);

        wasm_functype_delete(type);
        if (error != NULL)
            return engine_err(error, ERR_IO, "a host function could not be defined", why);
    }
    return ERR_OK;
}

/* ------------------------------------------------------------------ the engine */

static void set_contract_pool(wasm_config_t *c, const struct contract_options *o)
{
    wasmtime_pooling_allocation_config_t *p = wasmtime_pooling_allocation_config_new();
    uint32_t n = o->instances_max;

    wasmtime_pooling_allocation_config_total_core_instances_set(p, n);
    wasmtime_pooling_allocation_config_total_memories_set(p, n);
    wasmtime_pooling_allocation_config_total_tables_set(p, n);
    wasmtime_pooling_allocation_config_total_stacks_set(p, 0);
    wasmtime_pooling_allocation_config_total_component_instances_set(p, 0);
    wasmtime_pooling_allocation_config_total_gc_heaps_set(p, 0);
    wasmtime_pooling_allocation_config_max_memories_per_module_set(p, 1);
    wasmtime_pooling_allocation_config_max_tables_per_module_set(p, 1);
    wasmtime_pooling_allocation_config_table_elements_set(p, o->table_elements_max);
    wasmtime_pooling_allocation_config_max_memory_size_set(p, o->memory_max);
    wasmtime_pooling_allocation_config_max_core_instance_size_set(p, (size_t)1 << 20);
    wasmtime_pooling_allocation_config_max_unused_warm_slots_set(p, n);
    wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(p, KEEP_RESIDENT);
    wasmtime_pooling_allocation_config_table_keep_resident_set(p, o->table_elements_max);
    wasmtime_pooling_allocation_strategy_set(c, p);
    wasmtime_pooling_allocation_config_delete(p);
}

static wasm_engine_t *new_engine(const struct contract_options *o)
{
    wasm_config_t *c = wasm_config_new();

    wasmtime_config_strategy_set(c, WASMTIME_STRATEGY_CRANELIFT);
    wasmtime_config_cranelift_opt_level_set(c, WASMTIME_OPT_LEVEL_SPEED);
    wasmtime_config_cranelift_nan_canonicalization_set(c, true);
    wasmtime_config_max_wasm_stack_set(c, NATIVE_STACK_MAX);
    wasmtime_config_async_stack_size_set(c, 2 * NATIVE_STACK_MAX); /* must be larger, is unused */
    wasmtime_config_memory_reservation_set(c, 1ull << 32);
    wasmtime_config_memory_guard_size_set(c, 32u << 20);
    wasmtime_config_memory_may_move_set(c, false);
    wasmtime_config_memory_init_cow_set(c, true);
    wasmtime_config_native_unwind_info_set(c, false);
    /* What else contracts may not use, the preparation has refused already. */
    wasmtime_config_wasm_relaxed_simd_set(c, false);
    wasmtime_config_wasm_simd_set(c, false);
    wasmtime_config_wasm_tail_call_set(c, false);
    wasmtime_config_wasm_multi_value_set(c, false);
    wasmtime_config_wasm_multi_memory_set(c, false);
    wasmtime_config_wasm_memory64_set(c, false);
    wasmtime_config_wasm_gc_set(c, false);
    wasmtime_config_wasm_function_references_set(c, false);
    wasmtime_config_wasm_exceptions_set(c, false);
    wasmtime_config_wasm_stack_switching_set(c, false);
    wasmtime_config_wasm_component_model_set(c, false);
    wasmtime_config_shared_memory_set(c, false);
    set_contract_pool(c, o);
    return wasm_engine_new_with_config(c); /* takes c */
}

enum err contract_engine_new(const struct contract_options *o, struct contract_engine **out,
                             struct buf *why)
{
    struct contract_engine *e = mem_new(struct contract_engine);
    enum err err;

    e->imports = mem_new_n(struct contract_import, o->n_imports);
    if (o->n_imports > 0)
        memcpy(e->imports, o->imports, o->n_imports * sizeof *o->imports);
    e->n_imports = o->n_imports;
    e->table_elements_max = o->table_elements_max;
    e->slots = o->instances_max;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->freed, NULL);
    e->wasm = new_engine(o);
    if (e->wasm == NULL) {
        err = err_put(why, ERR_IO, "the engine refused its settings");
        goto out;
    }
    err = link_imports(e, why);
    if (err)
        goto out;
    *out = e;
    e = NULL;
out:
    contract_engine_free(e);
    return err;
}

void contract_engine_free(struct contract_engine *e)
{
    if (e == NULL)
        return;
    if (e->linker != NULL)
        wasmtime_linker_delete(e->linker);
    if (e->wasm != NULL)
        wasm_engine_delete(e->wasm);
    pthread_cond_destroy(&e->freed);
    pthread_mutex_destroy(&e->lock);
    mem_free(e->imports);
    mem_free(e);
}

static void slot_take(struct contract_engine *e)
{
    pthread_mutex_lock(&e->lock);
    while (e->slots == 0)
        pthread_cond_wait(&e->freed, &e->lock);
    e->slots--;
    pthread_mutex_unlock(&e->lock);
}

static void slot_give(struct contract_engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->slots++;
    pthread_cond_signal(&e->freed);
    pthread_mutex_unlock(&e->lock);
}

/* ------------------------------------------------------------------ modules */

static int method_cmp(const void *a, const void *b)
{
    const struct method *x = a, *y = b;

    return str_cmp(x->name, y->name);
}

static void read_exports(struct contract_module *m)
{
    const struct str prefix = STR(NAME_PREFIX);
    wasm_exporttype_vec_t exports;

    wasmtime_module_exports(m->wasm, &exports);
    m->methods = mem_new_n(struct method, exports.size);
    for (size_t i = 0; i < exports.size; i++) {
        const wasm_name_t *n = wasm_exporttype_name(exports.data[i]);
        const wasm_externtype_t *type = wasm_exporttype_type(exports.data[i]);
        struct str name = str_from(n->data, n->size);
        const wasm_functype_t *f;
        char *copy;

        if (str_eqz(name, NAME_START))
            m->has_start = true;
        if (!str_starts(name, prefix) || wasm_externtype_kind(type) != WASM_EXTERN_FUNC)
            continue;
        f = wasm_externtype_as_functype_const(type);
        copy = mem_alloc(name.len + 1);
        memcpy(copy, name.ptr, name.len);
        m->methods[m->n_methods++] = (struct method){
            .name = str_from(copy + prefix.len, name.len - prefix.len),
            .ok = wasm_functype_params(f)->size == 0 && wasm_functype_results(f)->size == 0,
        };
    }
    wasm_exporttype_vec_delete(&exports);
    if (m->n_methods > 0)
        qsort(m->methods, m->n_methods, sizeof *m->methods, method_cmp);
}

/* Takes `wasm`. */
static enum err finish(struct contract_engine *e, wasmtime_module_t *wasm,
                       struct contract_module **out)
{
    struct contract_module *m = mem_new(struct contract_module);
    wasmtime_error_t *error;

    m->engine = e;
    m->wasm = wasm;
    read_exports(m);
    error = wasmtime_linker_instantiate_pre(e->linker, wasm, &m->pre);
    if (error != NULL) {
        /* The preparation left only functions of "env" to be missed. */
        wasmtime_error_delete(error);
        m->pre = NULL;
    }
    *out = m;
    return ERR_OK;
}

enum err contract_validate(struct contract_engine *e, struct str wasm, struct buf *why)
{
    wasmtime_error_t *error =
        wasmtime_module_validate(e->wasm, (const uint8_t *)wasm.ptr, wasm.len);

    if (error != NULL)
        return engine_err(error, ERR_FORMAT, "the engine refuses the module", why);
    return ERR_OK;
}

enum err contract_compile(struct contract_engine *e, struct str wasm, struct contract_module **out,
                          struct buf *why)
{
    wasmtime_module_t *m = NULL;
    wasmtime_error_t *error = wasmtime_module_new(e->wasm, (const uint8_t *)wasm.ptr, wasm.len, &m);

    if (error != NULL)
        return engine_err(error, ERR_FORMAT, "the engine refused the module", why);
    return finish(e, m, out);
}

enum err contract_load(struct contract_engine *e, struct str code, struct contract_module **out,
                       struct buf *why)
{
    wasmtime_module_t *m = NULL;
    wasmtime_error_t *error =
        wasmtime_module_deserialize(e->wasm, (const uint8_t *)code.ptr, code.len, &m);

    if (error != NULL)
        return engine_err(error, ERR_FORMAT, "compiled code could not be loaded", why);
    return finish(e, m, out);
}

enum err contract_serialize(const struct contract_module *m, struct buf *out, struct buf *why)
{
    wasm_byte_vec_t bytes;
    wasmtime_error_t *error = wasmtime_module_serialize(m->wasm, &bytes);

    if (error != NULL)
        return engine_err(error, ERR_IO, "compiled code could not be written", why);
    buf_add(out, bytes.data, bytes.size);
    wasm_byte_vec_delete(&bytes);
    return out->full ? err_put(why, ERR_TOO_BIG, "compiled code is too large") : ERR_OK;
}

void contract_module_free(struct contract_module *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n_methods; i++)
        mem_free((char *)(uintptr_t)m->methods[i].name.ptr - strlen(NAME_PREFIX));
    mem_free(m->methods);
    if (m->pre != NULL)
        wasmtime_instance_pre_delete(m->pre);
    wasmtime_module_delete(m->wasm);
    mem_free(m);
}

static const struct method *find_method(const struct contract_module *m, struct str name)
{
    const struct method key = {.name = name};

    if (m->n_methods == 0)
        return NULL;
    return bsearch(&key, m->methods, m->n_methods, sizeof *m->methods, method_cmp);
}

enum contract_method contract_find(const struct contract_module *m, struct str name)
{
    const struct method *found = find_method(m, name);

    if (found == NULL)
        return CONTRACT_ABSENT;
    return found->ok ? CONTRACT_FOUND : CONTRACT_BAD_SIGNATURE;
}

bool contract_linked(const struct contract_module *m)
{
    return m->pre != NULL;
}

/* ------------------------------------------------------------------ running */

static enum contract_end end_of_trap(const wasm_trap_t *trap)
{
    wasmtime_trap_code_t code;

    if (!wasmtime_trap_code(trap, &code))
        return CONTRACT_OTHER;
    switch (code) {
    case WASMTIME_TRAP_CODE_STACK_OVERFLOW:
        return CONTRACT_STACK;
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS:
        return CONTRACT_MEMORY_BOUNDS;
    case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS:
        return CONTRACT_TABLE_BOUNDS;
    case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL:
        return CONTRACT_NULL_CALL;
    case WASMTIME_TRAP_CODE_BAD_SIGNATURE:
        return CONTRACT_WRONG_SIGNATURE;
    case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW:
    case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO:
    case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER:
        return CONTRACT_ARITHMETIC;
    case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED:
        return CONTRACT_UNREACHABLE;
    default:
        return CONTRACT_OTHER;
    }
}

/* Both are freed. An error without a trap inside is the engine's own fault. */
static enum err ended(struct run *r, wasmtime_error_t *error, wasm_trap_t *trap,
                      struct contract_result *out, struct buf *why)
{
    /* What a host function stopped with comes back as an error, not as a trap. */
    if (error != NULL && !r->stopped)
        return engine_err(error, ERR_IO, "the engine failed", why);
    out->end = CONTRACT_DONE;
    if (r->stopped)
        out->end = CONTRACT_STOPPED;
    else if (trap != NULL)
        out->end = end_of_trap(trap);
    if (error != NULL)
        wasmtime_error_delete(error);
    if (trap != NULL)
        wasm_trap_delete(trap);
    return ERR_OK;
}

static bool export_of(wasmtime_context_t *cx, const wasmtime_instance_t *in, const char *name,
                      size_t len, wasmtime_extern_t *out)
{
    return wasmtime_instance_export_get(cx, in, name, len, out);
}

static enum err call(wasmtime_context_t *cx, struct run *r, const wasmtime_func_t *f,
                     struct contract_result *out, struct buf *why)
{
    wasm_trap_t *trap = NULL;
    wasmtime_val_raw_t none;
    wasmtime_error_t *error = wasmtime_func_call_unchecked(cx, f, &none, 0, &trap);

    return ended(r, error, trap, out, why);
}

static enum err run_in(wasmtime_context_t *cx, struct run *r, struct contract_module *m,
                       struct str name, int64_t gas, struct contract_result *out, struct buf *why)
{
    const struct method *method = find_method(m, name);
    wasmtime_instance_t in;
    wasmtime_extern_t item, stack;
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error = wasmtime_instance_pre_instantiate(m->pre, cx, &in, &trap);
    enum err e = ended(r, error, trap, out, why);

    if (e || out->end != CONTRACT_DONE)
        return e;
    BUG_ON(method == NULL);
    BUG_ON(!export_of(cx, &in, NAME_MEMORY, strlen(NAME_MEMORY), &item));
    r->memory = item.of.memory;
    BUG_ON(!export_of(cx, &in, NAME_STACK, strlen(NAME_STACK), &stack));
    BUG_ON(!export_of(cx, &in, NAME_GAS, strlen(NAME_GAS), &item));
    r->gas = item.of.global;
    global_set(cx, &r->gas, gas);
    if (m->has_start) {
        BUG_ON(!export_of(cx, &in, NAME_START, strlen(NAME_START), &item));
        e = call(cx, r, &item.of.func, out, why);
    }
    if (!e && out->end == CONTRACT_DONE) {
        BUG_ON(!export_of(cx, &in, method->name.ptr - strlen(NAME_PREFIX),
                          method->name.len + strlen(NAME_PREFIX), &item));
        e = call(cx, r, &item.of.func, out, why);
    }
    out->gas = global_get(cx, &r->gas);
    out->stack = global_get(cx, &stack.of.global);
    return e;
}

enum err contract_run(struct contract_module *m, struct str name, void *host, int64_t gas,
                      struct contract_result *out, struct buf *why)
{
    struct run r = {.call.host = host};
    wasmtime_store_t *store;
    enum err e;

    BUG_ON(m->pre == NULL);
    *out = (struct contract_result){.gas = gas};
    slot_take(m->engine);
    store = wasmtime_store_new(m->engine->wasm, &r, NULL);
    wasmtime_store_limiter(store, -1, m->engine->table_elements_max, 1, 1, 1);
    e = run_in(wasmtime_store_context(store), &r, m, name, gas, out, why);
    wasmtime_store_delete(store);
    slot_give(m->engine);
    return e;
}
