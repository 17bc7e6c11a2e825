/* run.c — a guest from its first instruction to its last; see run.h. */
#include "engine/run.h"

#include <time.h>

#include "engine/engine_internal.h"
#include "engine/wasip1.h"
#include "engine/wasip2.h"

#define FRAMES_MAX 16
#define LIT(s)                                                                                     \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }                    /* STR() is no constant */
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

/* The engine's words for what a component runs into most, and ours. */
static const struct {
    struct str engine, ours;
} engine_words[] = {
    {LIT("wasm `unreachable`"), LIT("unreachable code reached (abort or panic)")},
    {LIT("call stack exhausted"), LIT("the call stack is exhausted")},
    {LIT("out of bounds memory access"), LIT("memory access out of bounds")},
    {LIT("integer divide by zero"), LIT("integer division by zero")},
};

/* One attempt to run: what the engine left behind. */
struct attempt {
    wasm_trap_t *trap;
    wasmtime_error_t *error;
    bool late;
    bool up; /* instantiated */
    /* of a profile, else NULL */
    wasm_engine_t *interrupt;
    struct profile *profile;
    uint64_t left; /* fuel at the last sample */
};

/* The guest was interrupted because the epoch has changed. */
static wasmtime_error_t *sample(wasmtime_context_t *ctx, void *env, uint64_t *delta,
                                wasmtime_update_deadline_kind_t *kind)
{
    struct attempt *a = env;
    uint64_t left = 0;

    *delta = 1;
    *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
    if (wasmtime_context_get_fuel(ctx, &left))
        BUG("the engine does not meter");
    profile_sample(a->profile, __builtin_frame_address(0), a->left - left);
    a->left = left;
    return NULL;
}

static void profile_begin(const struct engine *e, struct module *m, const struct run_job *job,
                          wasmtime_store_t *store, struct attempt *a)
{
    wasmtime_context_t *ctx = wasmtime_store_context(store);
    wasmtime_error_t *error = wasmtime_context_fuel_async_yield_interval(ctx, PROFILE_SLICE);

    if (error)
        BUG("the engine does not meter");
    a->profile = m->profile;
    a->interrupt = m->form == MODULE_COMPONENT ? e->components : e->wasm;
    a->left = job->limits.max_instructions;
    profile_clear(m->profile);
    wasmtime_context_set_epoch_deadline(ctx, 1);
    wasmtime_store_epoch_deadline_callback(store, sample, a, NULL);
}

/* Drive a call to its end, or to the end of its time. */
static void drive(wasmtime_call_future_t *call, const struct wasi *w, struct attempt *a)
{
    while (!wasmtime_call_future_poll(call)) {
        if (wasi_late(w)) {
            a->late = true;
            break;
        }
        if (a->interrupt) /* a slice is used up: the guest goes on there, and meets the sample */
            wasmtime_engine_increment_epoch(a->interrupt);
    }
    wasmtime_call_future_delete(call);
}

/* Length of a number in brackets at the start: what Rust gives to crates, or 0. */
static size_t crate_number(struct str s)
{
    size_t n = 1;

    if (s.len < 3 || s.ptr[0] != '[')
        return 0;
    while (n < s.len && n <= 16 &&
           ((s.ptr[n] >= '0' && s.ptr[n] <= '9') || (s.ptr[n] >= 'a' && s.ptr[n] <= 'f')))
        n++;
    return n > 8 && n < s.len && s.ptr[n] == ']' ? n + 1 : 0;
}

/* A function's name without those numbers: "std[5cdbf64756386ace]::process::abort". */
static void add_name(struct buf *text, struct str name)
{
    name = str_head(name, 200);
    while (name.len) {
        size_t n = crate_number(name);
        if (n == 0)
            buf_add_byte(text, (uint8_t)name.ptr[0]);
        name = str_skip(name, n ? n : 1);
    }
}

/* The call chain out of the engine's message, where names are as people wrote them: lines of
 * "  3:   0x16a4 - program.wasm!name". */
static void add_frames(struct buf *text, struct str message)
{
    size_t n = 0;

    while (message.len) {
        struct str line, name;
        message = str_cut(message, '\n', &line);
        size_t at = str_find(line, STR(" - "));
        if (!str_starts(str_skip(line, str_find(line, STR("0x"))), STR("0x")) || at == line.len)
            continue;
        if (n++ >= FRAMES_MAX)
            continue;
        name = str_skip(line, at + 3);
        name =
            str_skip(name, str_find(name, STR("!")) == name.len ? 0 : str_find(name, STR("!")) + 1);
        buf_addz(text, "\n  at ");
        add_name(text, name);
    }
    if (n > FRAMES_MAX)
        buf_addf(text, "\n  and %zu more", n - FRAMES_MAX);
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

static void say_fuel(struct run_result *r, const struct run_job *job)
{
    r->outcome = OUTCOME_FUEL;
    buf_addf(&r->text,
             "the program used all of its %llu instructions; raise max_instructions or do less",
             (unsigned long long)job->limits.max_instructions);
}

static void say_trap(struct run_result *r, const wasm_trap_t *trap, wasmtime_trap_code_t code)
{
    const char *what = code < countof(trap_texts) ? trap_texts[code] : NULL;
    wasm_message_t m;

    wasm_trap_message(trap, &m);
    add_stderr(&r->text, &r->err);
    if (r->text.len)
        buf_addz(&r->text, "\n");
    if (what) {
        buf_addf(&r->text, "Trap: %s", what);
    } else {
        buf_addz(&r->text, "Trap: ");
        engine_message(&r->text, str_head(str_from(m.data, m.size), 512));
    }
    add_frames(&r->text, str_from(m.data, m.size));
    wasm_byte_vec_delete(&m);
}

/* How a component's call failed is an error, in which the engine hides a trap. */
#define TRAP_MARK "wasm trap: "
#define FUEL_MARK "all fuel consumed"

/* The reason in an engine's message: the trap, else the last of its causes. */
static struct str reason_of(struct str message)
{
    size_t at = str_find(message, STR(TRAP_MARK));
    struct str line, last = STR_NONE;

    if (at < message.len) {
        (void)str_cut(str_skip(message, at + sizeof(TRAP_MARK) - 1), '\n', &line);
        return str_head(str_trim(line), 512);
    }
    while (message.len) {
        message = str_cut(message, '\n', &line);
        if (str_trim(line).len)
            last = str_trim(line);
    }
    return str_head(last, 512);
}

static bool is_trap(const wasmtime_error_t *error)
{
    wasm_name_t message;

    wasmtime_error_message(error, &message);
    struct str text = str_from(message.data, message.size);
    bool is = str_find(text, STR(TRAP_MARK)) < text.len;
    wasm_byte_vec_delete(&message);
    return is;
}

static void say_error(struct run_result *r, const struct run_job *job, wasmtime_error_t *error)
{
    wasm_name_t message;

    wasmtime_error_message(error, &message);
    struct str reason = reason_of(str_from(message.data, message.size));
    if (str_starts(reason, STR(FUEL_MARK))) {
        say_fuel(r, job);
    } else {
        r->outcome = OUTCOME_TRAP;
        add_stderr(&r->text, &r->err);
        if (r->text.len)
            buf_addz(&r->text, "\n");
        buf_addz(&r->text, "Trap: ");
        for (size_t i = 0; i < countof(engine_words); i++)
            if (str_starts(reason, engine_words[i].engine))
                reason = engine_words[i].ours;
        buf_add_str(&r->text, reason);
        add_frames(&r->text, str_from(message.data, message.size));
    }
    wasm_byte_vec_delete(&message);
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
static void conclude(struct run_result *r, const struct run_job *job, const struct wasi *w,
                     struct attempt *a)
{
    wasmtime_trap_code_t code;

    if (a->late)
        goto late;
    switch (w->stop) {
    case WASI_TIME:
        goto late;
    case WASI_EXITED:
        say_exit(r, w->exit_code);
        return;
    case WASI_OUTPUT:
        r->outcome = OUTCOME_OUTPUT;
        buf_addf(&r->text,
                 "the program wrote more than %u MiB to stdout (max_memory_mb bounds it); write "
                 "less or raise max_memory_mb",
                 job->limits.max_memory_mb);
        return;
    case WASI_PENALTY:
        r->outcome = OUTCOME_TIMEOUT;
        r->instructions = job->limits.max_instructions; /* the platform's rule for this one */
        buf_addf(&r->text,
                 "Execution terminated: %u HTTP requests exceeded %us timeout limit (penalty). "
                 "Full execution cost is charged with no refund",
                 NET_TIMEOUTS_MAX, NET_TIMEOUT_MS / 1000);
        return;
    case WASI_ABUSE: /* told where it was seen */
        r->outcome = OUTCOME_TRAP;
        return;
    case WASI_GOES_ON:
        break;
    }
    if (a->trap && wasmtime_trap_code(a->trap, &code) && code == WASMTIME_TRAP_CODE_OUT_OF_FUEL) {
        say_fuel(r, job);
    } else if (a->trap) {
        r->outcome = OUTCOME_TRAP;
        say_trap(r, a->trap, wasmtime_trap_code(a->trap, &code) ? code : UINT8_MAX);
    } else if (a->error && (a->up || is_trap(a->error))) {
        say_error(r, job, a->error);
    } else if (a->error) {
        r->outcome = OUTCOME_MODULE;
        engine_err(a->error, ERR_FORMAT, "the module cannot be started", &r->text);
        a->error = NULL;
    } else {
        say_exit(r, w->exit_code);
    }
    return;
late:
    say_late(r, job);
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
static void limit(const struct engine *e, wasmtime_store_t *store, const struct run_limits *l,
                  bool component)
{
    wasmtime_context_t *ctx = wasmtime_store_context(store);
    wasmtime_error_t *error;

    /* A component is made of several modules; linear.c counts its memories together. */
    wasmtime_store_limiter(store, component ? -1 : (int64_t)l->max_memory_mb << 20,
                           ENGINE_TABLE_ITEMS_MAX, component ? ENGINE_INSTANCES_MAX : 1,
                           ENGINE_TABLES_MAX, component ? LINEAR_MEMORIES_MAX : 1);
    if (!e->metered)
        return;
    error = wasmtime_context_set_fuel(ctx, l->max_instructions);
    if (!error)
        error = wasmtime_context_fuel_async_yield_interval(ctx, RUN_FUEL_SLICE);
    if (error)
        BUG("the engine does not meter");
}

/* False, and the result says so: the request names another target than this program's. */
static bool target_fits(const struct module *m, const struct run_job *job, struct run_result *out)
{
    bool component = m->form == MODULE_COMPONENT;

    if (job->target == RUN_ANY || (job->target == RUN_WASIP2) == component)
        return true;
    out->outcome = OUTCOME_MODULE;
    buf_addf(&out->text,
             "the program is %s, and build_target says %s, so %s was expected; correct "
             "build_target, or build the program for it",
             component ? "a component (wasm32-wasip2)" : "a core module (wasm32-wasip1)",
             component ? "wasm32-wasip1" : "wasm32-wasip2",
             component ? "a core module" : "a component");
    return false;
}

/* False, and the result says so: the program needs an interface that this run does not have. */
static bool faces_fit(const struct module *m, const struct run_job *job, struct run_result *out)
{
    uint32_t missing = m->faces & ~job->faces;

    for (size_t i = 0; i < HOST_FACES; i++)
        if (missing & 1u << i) {
            out->outcome = OUTCOME_MODULE;
            buf_addf(&out->text, "the program imports '%s', %s", host_faces[i].name,
                     host_faces[i].absent);
            return false;
        }
    return true;
}

static void say_memory(struct run_result *out, uint64_t needs, uint32_t max_mb)
{
    buf_clear(&out->text);
    out->outcome = OUTCOME_MEMORY;
    buf_addf(&out->text,
             "the program needs %llu bytes of memory at its start and max_memory_mb is %u; raise "
             "it to %llu",
             (unsigned long long)needs, max_mb,
             (unsigned long long)((needs + (1u << 20) - 1) >> 20));
}

static void run_core(struct module *m, wasmtime_context_t *ctx, struct wasip1 *w, struct attempt *a,
                     struct run_result *out)
{
    wasmtime_instance_t instance;
    wasmtime_extern_t start;

    /* A module may have a start section: the first guest code runs in here. */
    drive(wasmtime_instance_pre_instantiate_async(m->pre, ctx, &instance, &a->trap, &a->error),
          &w->wasi, a);
    a->up = !a->late && !a->trap && !a->error;
    if (a->up) {
        if (!wasmtime_instance_export_get(ctx, &instance, "_start", 6, &start) ||
            start.kind != WASMTIME_EXTERN_FUNC)
            BUG("a loaded module has lost its start");
        drive(wasmtime_func_call_async(ctx, &start.of.func, NULL, 0, NULL, 0, &a->trap, &a->error),
              &w->wasi, a);
    }
    out->memory_bytes = memory_size(ctx, w, a->up ? &instance : NULL);
}

static void run_component(struct module *m, wasmtime_context_t *ctx, struct attempt *a)
{
    struct wasi *w = &m->host->wasi;
    wasmtime_component_instance_t instance;
    wasmtime_component_func_t run;
    p2_val result = p2_bool(false);

    drive(wasmtime_component_linker_instantiate_async(m->component_linker, ctx, m->component,
                                                      &instance, &a->error),
          w, a);
    a->up = !a->late && !a->error;
    if (!a->up)
        return;
    if (!wasmtime_component_instance_get_func(&instance, ctx, m->run, &run))
        BUG("a loaded component has lost its function");
    drive(wasmtime_component_func_call_async(&run, ctx, NULL, 0, &result, 1, &a->error), w, a);
    if (!a->late && !a->error && w->stop == WASI_GOES_ON)
        w->exit_code = result.kind == WASMTIME_COMPONENT_RESULT && result.of.result.is_ok ? 0 : 1;
    if (!a->late)
        wasmtime_component_val_delete(&result);
}

void run_module(struct engine *e, struct module *m, const struct run_job *job,
                struct run_result *out)
{
    const struct run_limits *l = &job->limits;
    bool component = m->form == MODULE_COMPONENT;
    struct attempt a = {0};
    struct wasip1 p1;
    struct wasi *w = component ? &m->host->wasi : &p1.wasi;
    uint64_t left = l->max_instructions, cpu = cpu_us();

    if (!target_fits(m, job, out) || !faces_fit(m, job, out))
        return;
    if (m->memory_min > (uint64_t)l->max_memory_mb << 20) {
        say_memory(out, m->memory_min, l->max_memory_mb);
        return;
    }
    if (component) {
        wasip2_init(m->host, job, out, m->faces);
        linear_begin(&e->linear, (size_t)l->max_memory_mb << 20);
    } else {
        wasip1_init(&p1, job, out);
    }
    wasmtime_store_t *store =
        wasmtime_store_new(component ? engine_components(e) : e->wasm, w, NULL);
    wasmtime_context_t *ctx = wasmtime_store_context(store);
    limit(e, store, l, component);
    if (m->profile)
        profile_begin(e, m, job, store, &a);
    if (component)
        run_component(m, ctx, &a);
    else
        run_core(m, ctx, &p1, &a, out);
    if (e->metered && wasmtime_context_get_fuel(ctx, &left))
        BUG("the engine does not meter");
    out->instructions = l->max_instructions - left;
    if (component)
        out->memory_bytes = e->linear.peak;
    conclude(out, job, w, &a);
    if (m->profile)
        profile_put(m->profile, &out->profile);
    if (component && !a.up && e->linear.refused)
        say_memory(out, e->linear.refused, l->max_memory_mb);
    out->wall_us = (wasi_now_ns() - w->start_ns) / 1000u;
    out->cpu_us = cpu_us() - cpu;
    if (a.trap)
        wasm_trap_delete(a.trap);
    if (a.error)
        wasmtime_error_delete(a.error);
    wasmtime_store_delete(store);
    if (component)
        wasip2_release(m->host);
}
