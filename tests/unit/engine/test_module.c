/* Modules written by hand: what is refused, with which words, and what a hostile one may do. */
#include "guest_file.h"

#include <string.h>
#include <wasmtime.h>

#include "engine/settings.h"

static struct engine *compiler, *runner;

static const struct run_limits usual = {
    .max_instructions = 1000000000, .max_memory_mb = 128, .max_wall_ms = 60000};

static void assemble(const char *wat, struct buf *wasm)
{
    wasm_byte_vec_t out;
    wasmtime_error_t *error = wasmtime_wat2wasm(wat, strlen(wat), &out);

    if (error) {
        wasm_byte_vec_t text;
        wasmtime_error_message(error, &text);
        fail_msg("%.*s", (int)text.size, text.data);
    }
    buf_add(wasm, out.data, out.size);
    wasm_byte_vec_delete(&out);
}

static enum err load(const char *wat, struct module **m, struct buf *why)
{
    struct buf wasm = BUF_INIT(MODULE_WASM_MAX), code = BUF_INIT(MODULE_CODE_MAX);
    enum err e;

    assemble(wat, &wasm);
    e = module_compile(compiler, buf_str(&wasm), &code, why);
    if (!e)
        e = module_load(runner, buf_str(&code), m, why);
    buf_release(&wasm);
    buf_release(&code);
    return e;
}

static void run(const char *wat, struct run_limits l, struct run_result *r)
{
    struct run_job job = {.limits = l};
    struct buf why = WHY_INIT;
    struct module *m = NULL;

    if (load(wat, &m, &why))
        fail_msg("%s", buf_z(&why));
    run_result_init(r, &l);
    guest_signals_restore();
    run_module(runner, m, &job, r);
    module_free(m);
    buf_release(&why);
}

#define MEMORY      "(memory (export \"memory\") 1)"
#define START(code) "(func (export \"_start\") " code ")"

static void refused_with_a_sentence(void **state)
{
    static const struct {
        const char *wat, *why;
    } cases[] = {
        {"(module " MEMORY "(func (export \"_initialize\")))", "library (reactor)"},
        {"(module " MEMORY "(func (export \"_start\") (param i32)))",
         "'_start' is no function without parameters"},
        {"(module " MEMORY "(func (export \"_start\") (result i32) i32.const 0))",
         "'_start' is no function without parameters"},
        {"(module " MEMORY "(global (export \"_start\") i32 (i32.const 0)))",
         "'_start' is no function without parameters"},
        {"(module " START("") ")", "exports no 'memory'"},
        {"(module (import \"env\" \"memory\" (memory 1)) " START("") ")",
         "unknown import 'memory' from 'env'"},
        {"(module (import \"near:storage/api\" \"get\" (func)) " MEMORY START("") ")",
         "for components: build it for wasm32-wasip2"},
        {"(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func)) " MEMORY START("") ")",
         "imports do not fit"},
        {"(module (import \"wasi_snapshot_preview1\" \"fd_write\" (global i32)) " MEMORY START(
             "") ")",
         "unknown import 'fd_write'"},
        {"(module " MEMORY ")", "exports no function '_start'"},
        {"(module (import \"wasi_unstable\" \"fd_write\" (func)) " MEMORY START("") ")",
         "unknown import 'fd_write' from 'wasi_unstable'"},
        {"(module (import \"wasi_unstable\" \"fd_write\" (func)) " MEMORY START("") ")",
         "an older WASI"},
        {"(module (import \"wasi:http/types@0.2.0\" \"[constructor]fields\" (func)) " MEMORY START(
             "") ")",
         "the inside of a component"},
        {"(module (import \"wbg\" \"x\" (func)) " MEMORY START("") ")", "for browsers"},
        {"(module (import \"gojs\" \"runtime.wasmExit\" (func)) " MEMORY START("") ")",
         "GOOS=wasip1"},
        {"(module (import \"env\" \"storage_read\" (func)) " MEMORY START("") ")", "NEAR contract"},
        {"(module (memory (export \"memory\") 8193)" START("") ")",
         "512 MiB of memory at its start"},
        {"(module (memory (export \"memory\") i64 1)" START("") ")", "memory64"},
        {"(module " MEMORY "(memory 1)" START("") ")", "multi"},
        {"(module (memory (export \"memory\") 1 2 shared)" START("") ")", "thread"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf why = WHY_INIT;
        struct module *m = NULL;
        if (load(cases[i].wat, &m, &why) != ERR_FORMAT)
            fail_msg("case %zu is taken", i);
        if (!strstr(buf_z(&why), cases[i].why))
            fail_msg("case %zu: %s", i, buf_z(&why));
        assert_null(m);
        buf_release(&why);
    }
}

static void not_valid(void **state)
{
    static const char broken[] = "\0asm\1\0\0\0\1\4\1\x60";
    struct buf code = BUF_INIT(MODULE_CODE_MAX), why = WHY_INIT;
    (void)state;
    assert_int_equal(module_compile(compiler, str_from(broken, 12), &code, &why), ERR_FORMAT);
    assert_non_null(strstr(buf_z(&why), "the module is not valid: "));
    assert_null(strchr(buf_z(&why), '\n'));
    assert_int_equal(module_compile(compiler, STR("\0asm\1"), &code, &why), ERR_FORMAT);
    assert_string_equal(buf_z(&why), "the file is WebAssembly cut off in its header; a "
                                     "program for wasm32-wasip1 or wasm32-wasip2 was expected");
    buf_release(&code);
    buf_release(&why);
}

static void foreign_code_is_not_loaded(void **state)
{
    struct buf why = WHY_INIT;
    struct module *m = NULL;
    (void)state;
    assert_int_equal(module_load(runner, STR("not machine code at all"), &m, &why), ERR_ABSENT);
    assert_int_equal(module_load(runner, STR(""), &m, &why), ERR_ABSENT);
    assert_null(m);
    buf_release(&why);
}

static void a_start_section_is_limited_too(void **state)
{
    struct run_limits l = usual;
    struct run_result r;
    (void)state;
    l.max_instructions = 1000000;
    run("(module " MEMORY "(func $s (loop br 0)) (start $s) " START("") ")", l, &r);
    assert_int_equal(r.outcome, OUTCOME_FUEL);
    assert_int_equal(r.instructions, 1000000);
    run_result_release(&r);
    l.max_instructions = RUN_INSTRUCTIONS_MAX;
    l.max_wall_ms = 100;
    run("(module " MEMORY "(func $s (loop br 0)) (start $s) " START("") ")", l, &r);
    assert_int_equal(r.outcome, OUTCOME_TIMEOUT);
    assert_in_range(r.wall_us, 100000, 200000);
    run_result_release(&r);
    run("(module " MEMORY "(func $s unreachable) (start $s) " START("") ")", l, &r);
    assert_int_equal(r.outcome, OUTCOME_TRAP);
    run_result_release(&r);
}

static void instructions_are_counted_by_the_rule(void **state)
{
    struct run_result r;
    (void)state;
    /* Nothing but the start of a function: one. */
    run("(module " MEMORY START("") ")", usual, &r);
    assert_int_equal(r.instructions, 1);
    run_result_release(&r);
    /* Two more operators; drop and nop are free. */
    run("(module " MEMORY START("i32.const 1 i32.const 2 drop drop nop") ")", usual, &r);
    assert_int_equal(r.instructions, 3);
    run_result_release(&r);
    /* A call costs one and the callee its start. */
    run("(module " MEMORY "(func $f)" START("call $f call $f") ")", usual, &r);
    assert_int_equal(r.instructions, 1 + 2 * 2);
    run_result_release(&r);
    /* unreachable is free, what came before it counts. */
    run("(module " MEMORY START("i32.const 1 drop unreachable") ")", usual, &r);
    assert_int_equal(r.outcome, OUTCOME_TRAP);
    assert_int_equal(r.instructions, 2);
    run_result_release(&r);
}

static void traps_have_words(void **state)
{
    static const struct {
        const char *wat, *text;
    } cases[] = {
        {"(module " MEMORY "(func $f call $f)" START("call $f") ")",
         "Trap: the call stack is exhausted"},
        {"(module " MEMORY START("(drop (i32.load (i32.const -1)))") ")",
         "Trap: memory access out of bounds"},
        {"(module " MEMORY START("(drop (i32.div_u (i32.const 1) (i32.const 0)))") ")",
         "Trap: integer division by zero"},
        {"(module " MEMORY START("(drop (i32.div_s (i32.const -2147483648) (i32.const -1)))") ")",
         "Trap: integer overflow"},
        {"(module " MEMORY START("(drop (i32.trunc_f32_s (f32.const nan)))") ")",
         "Trap: conversion of a float"},
        {"(module (table 1 funcref)" MEMORY START("(call_indirect (i32.const 0))") ")",
         "Trap: indirect call to null"},
        {"(module (table 1 funcref)" MEMORY START("(call_indirect (i32.const 7))") ")",
         "Trap: table access out of bounds"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct run_result r;
        run(cases[i].wat, usual, &r);
        if (r.outcome != OUTCOME_TRAP ||
            strncmp(buf_z(&r.text), cases[i].text, strlen(cases[i].text)))
            fail_msg("case %zu: %s: %s", i, outcome_code(r.outcome), buf_z(&r.text));
        run_result_release(&r);
    }
}

static void tables_are_limited(void **state)
{
    struct run_result r;
    (void)state;
    /* Growing beyond the limit gives -1 as memory does; 1 else. */
    run("(module (table 1 funcref)" MEMORY START(
            "(if (i32.ne (table.grow (ref.null func) (i32.const 2000000)) (i32.const -1)) "
            "(then unreachable))") ")",
        usual, &r);
    assert_int_equal(r.outcome, OUTCOME_OK);
    run_result_release(&r);
}

static void the_host_survives_abuse(void **state)
{
    static const char *const want[] = {
        "fd_write_outside 21",
        "fd_write_vectors_outside 21",
        "fd_write_many 28",
        "fd_write_long 21",
        "fd_write_result_outside 21",
        "fd_write_stdin 8",
        "fd_write_closed 8",
        "fd_read_outside 21",
        "fd_read_stdout 8",
        "random_outside 21",
        "random_long 21",
        "environ_outside 21",
        "environ_sizes_outside 21",
        "clock_unknown 28",
        "clock_outside 21",
        "fdstat_outside 21",
        "fdstat_closed 8",
        "prestat 8",
        "seek 70",
        "renumber_closed 8",
        "open 8",
        "poll_none 28",
        "poll_many 28",
        "poll_outside 21",
        "poll_unknown 0",
        "poll_unknown_event 28",
        "poll_clock_unknown 0",
        "poll_clock_unknown_event 28",
        "poll_clock 0",
        "poll_clock_event 0",
        "poll_clock_past 0",
        "poll_stdin 0",
        "poll_stdin_bytes 5",
        "close_stdin 0",
        "close_again 8",
        "read_closed 8",
    };
    struct buf wasm = BUF_INIT(MODULE_WASM_MAX), code = BUF_INIT(MODULE_CODE_MAX), why = WHY_INIT;
    const struct run_var env[] = {{STR("A"), STR("B")}};
    const struct run_job job = {.limits = usual, .input = STR("hello"), .env = env, .nenv = 1};
    struct module *m = NULL;
    struct run_result r;
    struct str rest, line;
    (void)state;

    guest_wasm("test/abuse", &wasm);
    assert_int_equal(module_compile(compiler, buf_str(&wasm), &code, &why), ERR_OK);
    assert_int_equal(module_load(runner, buf_str(&code), &m, &why), ERR_OK);
    run_result_init(&r, &usual);
    guest_signals_restore();
    run_module(runner, m, &job, &r);
    if (r.outcome != OUTCOME_OK)
        fail_msg("%s\n%s", buf_z(&r.text), buf_z(&r.out));
    rest = buf_str(&r.out);
    for (size_t i = 0; i < countof(want); i++) {
        rest = str_cut(rest, '\n', &line);
        if (!str_eqz(line, want[i]))
            fail_msg("'%.*s' where '%s' was expected", STR_ARG(line), want[i]);
    }
    assert_int_equal(rest.len, 0);
    run_result_release(&r);
    module_free(m);
    buf_release(&wasm);
    buf_release(&code);
    buf_release(&why);
}

/* What is said of the engine is what it is made from: the hash in a worker's manifest means it. */
static void what_is_said_is_what_is_set(void **state)
{
    struct buf b = BUF_INIT(ENGINE_ABOUT_MAX), want = BUF_INIT(256);

    (void)state;
    engine_about(&b);
    assert_false(b.full);
    buf_addf(&want, "wasmtime %s; %s; fuel; ", WASMTIME_VERSION, engine_id(false));
    assert_true(str_starts(buf_str(&b), buf_str(&want)));
    assert_non_null(strstr(buf_z(&b), "; cranelift_nan_canonicalization; "));
    assert_non_null(strstr(buf_z(&b), "; no wasm_memory64; "));
    assert_non_null(strstr(buf_z(&b), "; at most 500000000000 instructions, 512 MiB, 180000 ms"));
    buf_release(&b);
    buf_release(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_what_is_set),
        cmocka_unit_test(refused_with_a_sentence),
        cmocka_unit_test(not_valid),
        cmocka_unit_test(foreign_code_is_not_loaded),
        cmocka_unit_test(a_start_section_is_limited_too),
        cmocka_unit_test(instructions_are_counted_by_the_rule),
        cmocka_unit_test(traps_have_words),
        cmocka_unit_test(tables_are_limited),
        cmocka_unit_test(the_host_survives_abuse),
    };
    int failed;

    compiler = engine_new(ENGINE_COMPILE);
    runner = engine_new(ENGINE_RUN);
    guest_signals_keep();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    engine_free(compiler);
    engine_free(runner);
    return failed;
}
