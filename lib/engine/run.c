/* run.c — a guest from its first instruction to its last; see run.h. */
#include "engine/run.h"

#include <time.h>

#include "engine/engine_internal.h"
#include "engine/wasip1.h"

#define FRAMES_MAX  12
#define STDERR_TAIL 2048 /* bytes of stderr that go into the text */

static const char *const trap_texts[] = {
    [WASMTIME_TRAP_CODE_STACK_OVERFLOW] = "the call stack is exhausted",
    [WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS] = "memory access out of bounds",
    [WASMTIME_TRAP_CODE_HEAP_MISALIGNED] = "misaligned memory access",
    [WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS] = "table access out of bounds",
    [WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL] = "indirect call to null",
    [WASMTIME_TRAP_CODE_BAD_SIGNATURE] = "indirect call with the wrong signature",
    [WASMTIME_TRAP_CODE_INTEGER_OVERFLOW] = "integer overflow",
    [WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO] = "integer division by zero",
    [WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER] = "conversion of a float that is no integer",
    [WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED] = "unreachable code reached (abort or panic)",
};

/* One attempt to run: what the engine left behind. */
struct attempt {
    wasm_trap_t *trap;
    wasmtime_error_t *error;
    bool late;
};

/* Drive a call to its end, or to the end of its time. */
static void drive(wasmtime_call_future_t *call, const struct wasip1 *w, struct attempt *a)
{
    while (!wasmtime_call_future_poll(call)) {
        if (wasip1_now_ns() >= w->deadline_ns) {
            a->late = true;
            break;
        }
    }
    wasmtime_call_future_delete(call);
}

static void add_frames(struct buf *text, const wasm_trap_t *trap)
{
    wasm_frame_vec_t frames;

    wasm_trap_trace(trap, &frames);
    for (size_t i = 0; i < frames.size && i < FRAMES_MAX; i++) {
        const wasm_name_t *name = wasmtime_frame_func_name(frames.data[i]);
        if (name)
            buf_addf(text, "\n  at %.*s", (int)(name->size < 200 ? name->size : 200), name->data);
        else
            buf_addf(text, "\n  at function %u", wasm_frame_func_index(frames.data[i]));
    }
    if (frames.size > FRAMES_MAX)
        buf_addf(text, "\n  and %zu more", frames.size - FRAMES_MAX);
    wasm_frame_vec_delete(&frames);
}

/* The end of stderr, where a program says why it gives up, without trailing line ends. */
static void add_stderr(struct buf *text, const struct buf *err)
{
    struct str s = buf_str(err);

    while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r'))
        s.len--;
    if (s.len > STDERR_TAIL) {
        s = str_skip(s, s.len - STDERR_TAIL);
        while (s.len && ((uint8_t)s.ptr[0] & 0xc0) == 0x80) /* not in the middle of a character */
            s = str_skip(s, 1);
        buf_addz(text, "...");
    }
    buf_add_str(text, s);
}

static void say_trap(struct run_result *r, const wasm_trap_t *trap, wasmtime_trap_code_t code)
{
    const char *what = code < countof(trap_texts) ? trap_texts[code] : NULL;

    add_stderr(&r->text, &r->err);
    if (r->text.len)
        buf_addz(&r->text, "\n");
    if (what) {
        buf_addf(&r->text, "Trap: %s", what);
    } else {
        wasm_message_t m;
        wasm_trap_message(trap, &m);
        buf_addz(&r->text, "Trap: ");
        engine_message(&r->text, str_head(str_from(m.data, m.size), 512));
        wasm_byte_vec_delete(&m);
    }
    add_frames(&r->text, trap);
}

static void say_exit(struct run_result *r, int32_t code)
{
    r->outcome = code ? OUTCOME_EXIT : OUTCOME_OK;
    r->exit_code = code;
    if (code == 0)
        return;
    add_stderr(&r->text, &r->err);
    if (r->text.len == 0)
        buf_addf(&r->text, "the program exited with code %d and wrote nothing to stderr",
                 (int)code);
}

static void say_late(struct run_result *r, const struct run_job *job)
{
    r->outcome = OUTCOME_TIMEOUT;
    run_text_timeout(&r->text, job->limits.max_wall_ms, r->instructions);
}

/* `r->instructions` is already set. */
static void conclude(struct run_result *r, const struct run_job *job, const struct wasip1 *w,
                     struct attempt *a)
{
    wasmtime_trap_code_t code;

    if (a->late || w->stop == WASIP1_TIME) {
        say_late(r, job);
        return;
    }
    if (w->stop == WASIP1_EXITED) {
        say_exit(r, w->exit_code);
        return;
    }
    if (w->stop == WASIP1_OUTPUT) {
        r->outcome = OUTCOME_OUTPUT;
        buf_addf(&r->text,
                 "the program wrote more than %u MiB to stdout (max_memory_mb bounds it); write "
                 "less or raise max_memory_mb",
                 job->limits.max_memory_mb);
        return;
    }
    if (a->trap && wasmtime_trap_code(a->trap, &code) && code == WASMTIME_TRAP_CODE_OUT_OF_FUEL) {
        r->outcome = OUTCOME_FUEL;
        buf_addf(&r->text,
                 "the program used all of its %llu instructions; raise max_instructions or do less",
                 (unsigned long long)job->limits.max_instructions);
        return;
    }
    if (a->trap) {
        r->outcome = OUTCOME_TRAP;
        say_trap(r, a->trap, wasmtime_trap_code(a->trap, &code) ? code : UINT8_MAX);
        return;
    }
    if (a->error) {
        r->outcome = OUTCOME_MODULE;
        engine_err(a->error, ERR_FORMAT, "the module cannot be started", &r->text);
        a->error = NULL;
        return;
    }
    r->outcome = OUTCOME_OK;
}

static uint64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static uint64_t memory_size(wasmtime_context_t *ctx, struct wasip1 *w,
                            const wasmtime_instance_t *instance)
{
    wasmtime_extern_t item;

    if (!w->has_memory && instance &&
        wasmtime_instance_export_get(ctx, instance, "memory", 6, &item) &&
        item.kind == WASMTIME_EXTERN_MEMORY) {
        w->memory = item.of.memory;
        w->has_memory = true;
    }
    return w->has_memory ? wasmtime_memory_data_size(ctx, &w->memory) : 0;
}

/* Set a store up so that it can do no more than the job allows. */
static void limit(const struct engine *e, wasmtime_store_t *store, const struct run_limits *l)
{
    wasmtime_context_t *ctx = wasmtime_store_context(store);
    wasmtime_error_t *error;

    wasmtime_store_limiter(store, (int64_t)l->max_memory_mb << 20, ENGINE_TABLE_ITEMS_MAX, 1,
                           ENGINE_TABLES_MAX, 1);
    if (!e->metered)
        return;
    error = wasmtime_context_set_fuel(ctx, l->max_instructions);
    if (!error)
        error = wasmtime_context_fuel_async_yield_interval(ctx, RUN_FUEL_SLICE);
    if (error)
        BUG("the engine does not meter");
}

void run_module(struct engine *e, struct module *m, const struct run_job *job,
                struct run_result *out)
{
    const struct run_limits *l = &job->limits;
    wasmtime_instance_t instance;
    wasmtime_extern_t start;
    struct attempt a = {0};
    struct wasip1 w;
    uint64_t left = l->max_instructions, cpu = cpu_us();

    if (m->memory_min > (uint64_t)l->max_memory_mb << 20) {
        out->outcome = OUTCOME_MEMORY;
        buf_addf(&out->text,
                 "the program needs %llu bytes of memory at its start and max_memory_mb is %u; "
                 "raise it to %llu",
                 (unsigned long long)m->memory_min, l->max_memory_mb,
                 (unsigned long long)((m->memory_min + (1u << 20) - 1) >> 20));
        return;
    }
    wasip1_init(&w, job, out);
    wasmtime_store_t *store = wasmtime_store_new(e->wasm, &w, NULL);
    wasmtime_context_t *ctx = wasmtime_store_context(store);
    limit(e, store, l);

    /* A module may have a start section: the first guest code runs in here. */
    drive(wasmtime_instance_pre_instantiate_async(m->pre, ctx, &instance, &a.trap, &a.error), &w,
          &a);
    bool up = !a.late && !a.trap && !a.error;
    if (up) {
        if (!wasmtime_instance_export_get(ctx, &instance, "_start", 6, &start) ||
            start.kind != WASMTIME_EXTERN_FUNC)
            BUG("a loaded module has lost its start");
        drive(wasmtime_func_call_async(ctx, &start.of.func, NULL, 0, NULL, 0, &a.trap, &a.error),
              &w, &a);
    }
    if (e->metered && wasmtime_context_get_fuel(ctx, &left))
        BUG("the engine does not meter");
    out->instructions = l->max_instructions - left;
    out->memory_bytes = memory_size(ctx, &w, up ? &instance : NULL);
    conclude(out, job, &w, &a);
    out->wall_us = (wasip1_now_ns() - w.start_ns) / 1000u;
    out->cpu_us = cpu_us() - cpu;
    if (a.trap)
        wasm_trap_delete(a.trap);
    if (a.error)
        wasmtime_error_delete(a.error);
    wasmtime_store_delete(store);
}
