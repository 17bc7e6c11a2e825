/* engine.c — the engine's settings; see engine.h. */
#include "engine/engine_internal.h"

#include "base/mem.h"
#include "engine/outcome.h"
#include "engine/settings.h"

static void set_features(wasm_config_t *c)
{
#define SET(name, on) wasmtime_config_##name##_set(c, on);
    ENGINE_FEATURES(SET)
#undef SET
}

/* One of everything, reused from run to run: no mapping is made or torn down for a run. */
static void set_pool(wasm_config_t *c)
{
    wasmtime_pooling_allocation_config_t *p = wasmtime_pooling_allocation_config_new();

    wasmtime_pooling_allocation_config_total_core_instances_set(p, 1);
    wasmtime_pooling_allocation_config_total_memories_set(p, 1);
    wasmtime_pooling_allocation_config_total_tables_set(p, ENGINE_TABLES_MAX);
    wasmtime_pooling_allocation_config_total_stacks_set(p, 2);
    wasmtime_pooling_allocation_config_total_component_instances_set(p, 1);
    wasmtime_pooling_allocation_config_max_memories_per_module_set(p, 1);
    wasmtime_pooling_allocation_config_max_tables_per_module_set(p, ENGINE_TABLES_MAX);
    wasmtime_pooling_allocation_config_table_elements_set(p, ENGINE_TABLE_ITEMS_MAX);
    wasmtime_pooling_allocation_config_max_memory_size_set(p, (size_t)RUN_MEMORY_MB_MAX << 20);
    wasmtime_pooling_allocation_config_max_core_instance_size_set(p, 8u << 20);
    wasmtime_pooling_allocation_config_max_unused_warm_slots_set(p, 1);
    /* Up to this much is zeroed by hand instead of being given back to the kernel. */
    wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(p, 256u << 10);
    wasmtime_pooling_allocation_config_table_keep_resident_set(p, 64u << 10);
    wasmtime_pooling_allocation_config_async_stack_keep_resident_set(p, 16u << 10);
    wasmtime_pooling_allocation_strategy_set(c, p);
    wasmtime_pooling_allocation_config_delete(p);
}

static bool profiles(enum engine_kind kind)
{
    return kind == ENGINE_COMPILE_PROFILE || kind == ENGINE_RUN_PROFILE;
}

static bool compiles(enum engine_kind kind)
{
    return kind == ENGINE_COMPILE || kind == ENGINE_COMPILE_PROFILE;
}

static wasm_config_t *settings(enum engine_kind kind)
{
    wasm_config_t *c = wasm_config_new();

    wasmtime_config_strategy_set(c, WASMTIME_STRATEGY_CRANELIFT);
    wasmtime_config_cranelift_opt_level_set(c, WASMTIME_OPT_LEVEL_SPEED);
    wasmtime_config_consume_fuel_set(c, kind != ENGINE_BARE);
    wasmtime_config_epoch_interruption_set(c, profiles(kind));
    wasmtime_config_max_wasm_stack_set(c, ENGINE_STACK_MAX);
    wasmtime_config_async_stack_size_set(c, ENGINE_FIBER_STACK);
    /* The same in both kinds: compiled code depends on them. */
    wasmtime_config_memory_reservation_set(c, 1ull << 32);
    wasmtime_config_memory_guard_size_set(c, 32u << 20);
    wasmtime_config_memory_may_move_set(c, false);
    wasmtime_config_memory_init_cow_set(c, true);
    wasmtime_config_native_unwind_info_set(c, false);
    set_features(c);
    wasmtime_config_parallel_compilation_set(c, compiles(kind));
    return c;
}

static wasm_engine_t *make(wasm_config_t *c)
{
    wasm_engine_t *wasm = wasm_engine_new_with_config(c); /* takes c */

    if (wasm == NULL)
        BUG("the engine refused its settings");
    return wasm;
}

struct engine *engine_new(enum engine_kind kind)
{
    wasm_config_t *c = settings(kind);
    struct engine *e = mem_new(struct engine);

    e->kind = kind;
    e->metered = kind != ENGINE_BARE;
    e->profiled = profiles(kind);
    if (!compiles(kind))
        set_pool(c);
    e->wasm = make(c);
    return e;
}

wasm_engine_t *engine_components(struct engine *e)
{
    if (!e->components) {
        wasm_config_t *c = settings(e->kind);
        wasmtime_config_memory_init_cow_set(c, false); /* the engine cannot for memories of ours */
        linear_attach(&e->linear, c);
        e->components = make(c);
    }
    return e->components;
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    wasm_engine_delete(e->wasm);
    if (e->components)
        wasm_engine_delete(e->components);
    linear_release(&e->linear);
    mem_free(e);
}

void engine_message(struct buf *out, struct str message)
{
    /* An error is a chain of causes, each on a line of its own; the backtrace is told elsewhere. */
    bool first = true;
    while (message.len) {
        struct str line;
        message = str_cut(message, '\n', &line);
        line = str_trim(line);
        if (line.len == 0 || str_eqz(line, "Caused by:"))
            continue;
        if (!first)
            buf_addz(out, ": ");
        buf_add_str(out, line);
        first = false;
    }
}

enum err engine_err(wasmtime_error_t *error, enum err e, const char *what, struct buf *why)
{
    wasm_byte_vec_t message;
    struct buf text = BUF_INIT(WHY_MAX / 2);

    wasmtime_error_message(error, &message);
    engine_message(&text, str_head(str_from(message.data, message.size), WHY_MAX / 2));
    err_put(why, e, "%s: %s", what, buf_z(&text));
    buf_release(&text);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
    return e;
}
