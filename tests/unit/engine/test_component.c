/* How wasm32-wasip2 components run, what they may import, and what is said about wrong ones. */
#include "guest_file.h"

#include <stdlib.h>
#include <string.h>

#include <wasmtime.h>

static struct engine *compiler, *runner;

static const struct run_limits usual = {
    .max_instructions = 1000000000, .max_memory_mb = 64, .max_wall_ms = 60000};

static enum err load(struct str wasm, struct module **out, struct buf *why)
{
    struct buf code = BUF_INIT(MODULE_CODE_MAX);
    enum err e = module_compile(compiler, wasm, &code, why);

    if (!e)
        e = module_load(runner, buf_str(&code), out, why);
    buf_release(&code);
    return e;
}

static enum err load_wat(const char *wat, struct module **out, struct buf *why)
{
    wasm_byte_vec_t bytes;
    wasmtime_error_t *error = wasmtime_wat2wasm(wat, strlen(wat), &bytes);
    enum err e;

    if (error) {
        wasm_name_t m;
        wasmtime_error_message(error, &m);
        fail_msg("%.*s", (int)m.size, m.data);
    }
    e = load(str_from(bytes.data, bytes.size), out, why);
    wasm_byte_vec_delete(&bytes);
    return e;
}

static struct module *p2;

static void run_p2(const char *input, struct run_limits l, struct run_result *r)
{
    static const struct run_var env[] = {{STR("A"), STR("b=c")}, {STR("E"), STR("")}};
    const struct run_job job = {.limits = l, .input = str_of(input), .env = env, .nenv = 2};

    if (!p2) {
        struct buf wasm = BUF_INIT(MODULE_WASM_MAX), why = WHY_INIT;
        guest_wasm("test/p2", &wasm);
        if (load(buf_str(&wasm), &p2, &why) != ERR_OK)
            fail_msg("%s", buf_z(&why));
        buf_release(&wasm);
        buf_release(&why);
    }
    run_result_init(r, &l);
    guest_signals_restore();
    run_module(runner, p2, &job, r);
}

#define assert_outcome(r, o)                                                                       \
    do {                                                                                           \
        if ((r)->outcome != (o))                                                                   \
            fail_msg("%s: %s", outcome_code((r)->outcome), buf_z(&(r)->text));                     \
    } while (0)

static void streams_and_environment(void **state)
{
    struct run_result r;
    (void)state;
    run_p2("echo a\xc3\xa9 b\n", usual, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "a\xc3\xa9 b\n");
    assert_int_equal(r.text.len, 0);
    assert_true(r.memory_bytes >= 1 << 20 && r.memory_bytes <= 2 << 20);
    run_result_release(&r);
    run_p2("env", usual, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "A=b=c\nE=\n");
    run_result_release(&r);
    run_p2("file", usual, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "true true true\n");
    run_result_release(&r);
}

static void a_long_input_arrives_whole(void **state)
{
    size_t n = 1000000;
    char *input = malloc(n + 6);
    struct run_result r;
    (void)state;
    memcpy(input, "echo ", 5);
    for (size_t i = 0; i < n; i++)
        input[5 + i] = (char)('a' + i % 26);
    input[5 + n] = '\0';
    run_p2(input, usual, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_int_equal(r.out.len, n);
    assert_memory_equal(r.out.ptr, input + 5, n);
    run_result_release(&r);
    free(input);
}

static void the_count_is_the_same_each_time(void **state)
{
    uint64_t first = 0;
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct run_result r;
        run_p2("echo same", usual, &r);
        assert_outcome(&r, OUTCOME_OK);
        if (i == 0)
            first = r.instructions;
        assert_int_equal(r.instructions, first);
        run_result_release(&r);
    }
    assert_in_range(first, 1000, 100000);
}

static void exits_and_traps(void **state)
{
    struct run_result r;
    (void)state;
    run_p2("exit 0", usual, &r);
    assert_outcome(&r, OUTCOME_OK);
    run_result_release(&r);
    run_p2("exit 3", usual, &r);
    assert_outcome(&r, OUTCOME_EXIT);
    /* WASI 0.2 knows success and failure; std gives no code yet. */
    assert_int_equal(r.exit_code, 1);
    assert_string_equal(buf_z(&r.text), "giving up");
    run_result_release(&r);
    run_p2("panic", usual, &r);
    assert_outcome(&r, OUTCOME_TRAP);
    assert_non_null(strstr(buf_z(&r.text), "on purpose"));
    assert_non_null(strstr(buf_z(&r.text), "Trap: unreachable code reached"));
    assert_non_null(strstr(buf_z(&r.text), "p2::deepest"));
    run_result_release(&r);
    run_p2("recurse", usual, &r);
    assert_outcome(&r, OUTCOME_TRAP);
    assert_non_null(strstr(buf_z(&r.text), "Trap: memory access out of bounds"));
    run_result_release(&r);
}

static void limits_hold_to_the_unit(void **state)
{
    struct run_limits l = usual;
    struct run_result r;
    (void)state;
    l.max_instructions = 123456789;
    run_p2("loop", l, &r);
    assert_outcome(&r, OUTCOME_FUEL);
    assert_int_equal(r.instructions, 123456789);
    run_result_release(&r);
    l.max_instructions = RUN_INSTRUCTIONS_MAX;
    l.max_wall_ms = 200;
    run_p2("loop", l, &r);
    assert_outcome(&r, OUTCOME_TIMEOUT);
    assert_in_range(r.wall_us, 200000, 300000);
    assert_in_range(r.instructions, 1000000, 100000000000);
    run_result_release(&r);
    run_p2("sleep 60000", l, &r);
    assert_outcome(&r, OUTCOME_TIMEOUT);
    assert_in_range(r.wall_us, 200000, 300000);
    run_result_release(&r);
    run_p2("sleep 50", usual, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_in_range(r.wall_us, 50000, 150000);
    run_result_release(&r);
    l = usual;
    l.max_instructions = 100;
    run_p2("echo", l, &r);
    assert_outcome(&r, OUTCOME_FUEL);
    assert_int_equal(r.instructions, 100);
    run_result_release(&r);
}

static void memory_and_output_are_limited(void **state)
{
    struct run_limits l = usual;
    struct run_result r;
    (void)state;
    l.max_memory_mb = 20;
    run_p2("grow 100", l, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_in_range(atoi(buf_z(&r.out)), 15, 19);
    assert_in_range(r.memory_bytes, 16 << 20, 20 << 20);
    run_result_release(&r);
    run_p2("grow 3", l, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_in_range(r.memory_bytes, 4 << 20, 6 << 20); /* nothing is left of the run before */
    run_result_release(&r);
    l.max_memory_mb = 1;
    run_p2("echo", l, &r);
    assert_outcome(&r, OUTCOME_MEMORY);
    assert_non_null(strstr(buf_z(&r.text), "raise it to 2"));
    run_result_release(&r);
    l.max_memory_mb = 2;
    run_p2("stdout 2048", l, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_int_equal(r.out.len, 2 << 20);
    run_result_release(&r);
    run_p2("stdout 2049", l, &r);
    assert_outcome(&r, OUTCOME_OUTPUT);
    run_result_release(&r);
    run_p2("stderr 3000", l, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_int_equal(r.err.len, RUN_STDERR_MAX);
    run_result_release(&r);
}

/* A command whose `run` is the core module's function "run", which returns 0 for ok. */
#define COMMAND(imports, core)                                                                     \
    "(component " imports " (core module $m " core ") (core instance $i (instantiate $m)) "        \
    "(func $run (result (result)) (canon lift (core func $i \"run\"))) "                           \
    "(instance $face (export \"run\" (func $run))) "                                               \
    "(export \"wasi:cli/run@0.2.7\" (instance $face)))"

static void run_wat(const char *wat, struct run_limits l, struct run_result *r)
{
    const struct run_job job = {.limits = l};
    struct buf why = WHY_INIT;
    struct module *m = NULL;

    if (load_wat(wat, &m, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    run_result_init(r, &l);
    guest_signals_restore();
    run_module(runner, m, &job, r);
    module_free(m);
    buf_release(&why);
}

static void the_result_of_run_counts(void **state)
{
    struct run_result r;
    (void)state;
    run_wat(COMMAND("", "(func (export \"run\") (result i32) i32.const 0)"), usual, &r);
    assert_outcome(&r, OUTCOME_OK);
    run_result_release(&r);
    run_wat(COMMAND("", "(func (export \"run\") (result i32) i32.const 1)"), usual, &r);
    assert_outcome(&r, OUTCOME_EXIT);
    assert_int_equal(r.exit_code, 1);
    run_result_release(&r);
}

static void memories_are_limited_together(void **state)
{
    /* Two modules with a memory each: 100 pages, and 100 that grow by 900. */
#define TWO(grow)                                                                                  \
    "(component (core module $a (memory 100)) (core instance $ia (instantiate $a)) "               \
    "(core module $m (memory 100) (func (export \"run\") (result i32) "                            \
    "(i32.eq (memory.grow (i32.const " grow ")) (i32.const -1)))) "                                \
    "(core instance $i (instantiate $m)) "                                                         \
    "(func $run (result (result)) (canon lift (core func $i \"run\"))) "                           \
    "(instance $face (export \"run\" (func $run))) "                                               \
    "(export \"wasi:cli/run@0.2.7\" (instance $face)))"
    struct run_limits l = usual;
    struct run_result r;
    (void)state;
    run_wat(TWO("824"), l, &r); /* 1024 pages are 64 MiB */
    assert_outcome(&r, OUTCOME_OK);
    assert_int_equal(r.memory_bytes, 64 << 20);
    run_result_release(&r);
    run_wat(TWO("825"), l, &r);
    assert_outcome(&r, OUTCOME_EXIT);
    assert_int_equal(r.memory_bytes, 200 * 65536);
    run_result_release(&r);
    l.max_memory_mb = 10;
    run_wat(TWO("1"), l, &r);
    assert_outcome(&r, OUTCOME_MEMORY);
    run_result_release(&r);
}

static void lies_about_types_are_survived(void **state)
{
    /* Functions of WASI, declared as they are not. */
#define LIE(face, name, type, ptype, call)                                                         \
    "(component (import \"" face "\" (instance $h (export \"" name "\" (func " type ")))) "        \
    "(core func $f (canon lower (func $h \"" name "\"))) "                                         \
    "(core module $m (import \"h\" \"f\" (func $f " ptype ")) "                                    \
    "(func (export \"run\") (result i32) " call " i32.const 0)) "                                  \
    "(core instance $i (instantiate $m (with \"h\" (instance (export \"f\" (func $f)))))) "        \
    "(func $run (result (result)) (canon lift (core func $i \"run\"))) "                           \
    "(instance $face (export \"run\" (func $run))) "                                               \
    "(export \"wasi:cli/run@0.2.0\" (instance $face)))"
    static const struct {
        const char *wat, *text;
    } cases[] = {
        {LIE("wasi:random/random@0.2.0", "get-random-u64", "", "", "call $f"),
         "Trap: the function 'get-random-u64' is declared with another type"},
        {LIE("wasi:random/random@0.2.0", "get-random-u64", "(result u32)", "(result i32)",
             "call $f drop"),
         "Trap: "},
        {LIE("wasi:random/random@0.2.0", "get-random-u64", "(param \"x\" u32) (result u64)",
             "(param i32) (result i64)", "i32.const 1 call $f drop"),
         "Trap: the function 'get-random-u64' is declared with another type"},
        {LIE("wasi:cli/exit@0.2.0", "exit", "(param \"status\" u32)", "(param i32)",
             "i32.const 1 call $f"),
         "Trap: the function 'exit' is declared with another type"},
        {LIE("wasi:cli/environment@0.2.0", "get-arguments", "(result bool)", "(result i32)",
             "call $f drop"),
         "Trap: "},
        {LIE("wasi:filesystem/types@0.2.0", "open-anything", "(result u32)", "(result i32)",
             "call $f drop"),
         "Trap: a function was called that works on files"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct run_result r;
        run_wat(cases[i].wat, usual, &r);
        if (r.outcome != OUTCOME_TRAP ||
            strncmp(buf_z(&r.text), cases[i].text, strlen(cases[i].text)))
            fail_msg("case %zu: %s: %s", i, outcome_code(r.outcome), buf_z(&r.text));
        run_result_release(&r);
    }
    /* Declared as it is. */
    struct run_result r;
    run_wat(LIE("wasi:random/random@0.2.99", "get-random-u64", "(result u64)", "(result i64)",
                "call $f drop"),
            usual, &r);
    assert_outcome(&r, OUTCOME_OK);
    run_result_release(&r);
}

static void refused_with_a_sentence(void **state)
{
    static const struct {
        const char *wat, *why;
    } cases[] = {
        {"(component)", "the component is a library: it does not export 'wasi:cli/run@0.2.x'"},
        {"(component (instance $i) (export \"wasi:http/incoming-handler@0.2.0\" (instance $i)))",
         "the component is an HTTP server"},
        {"(component (instance $i) (export \"wasi:cli/run@0.2.0\" (instance $i)))",
         "has no function 'run'"},
        {"(component (import \"near:other/api@0.1.0\" (instance (export \"f\" (func)))))",
         "unknown import 'near:other/api@0.1.0'"},
        {"(component (import \"wasi:cli/stdin@0.3.0\" (instance (export \"f\" (func)))))",
         "unknown import 'wasi:cli/stdin@0.3.0'"},
        {"(component (import \"wasi:cli/stdin@0.2.0\" (instance (export \"f\" (func)))))",
         "unknown import 'f' from 'wasi:cli/stdin@0.2.0'"},
        {"(component (import \"wasi:cli/stdin@0.2.0\" (instance (export \"x\" (type (sub "
         "resource))))))",
         "unknown import 'x' from 'wasi:cli/stdin@0.2.0'"},
        {"(component (import \"f\" (func)))", "unknown import 'f'"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf why = WHY_INIT;
        struct module *m = NULL;
        if (load_wat(cases[i].wat, &m, &why) != ERR_FORMAT)
            fail_msg("case %zu is taken", i);
        if (!strstr(buf_z(&why), cases[i].why))
            fail_msg("case %zu: %s", i, buf_z(&why));
        assert_null(m);
        buf_release(&why);
    }
}

/* The platform's interfaces are compared by structure when a component is loaded. */
static void our_interfaces_link_by_structure(void **state)
{
#define NEAR(version, name, type)                                                                  \
    "(component (import \"near:storage/api@" version "\" (instance (export \"" name                \
    "\" (func " type ")))) " RUNS ")"
#define RUNS                                                                                       \
    "(core module $m (func (export \"run\") (result i32) i32.const 0)) "                           \
    "(core instance $i (instantiate $m)) "                                                         \
    "(func $run (result (result)) (canon lift (core func $i \"run\"))) "                           \
    "(instance $face (export \"run\" (func $run))) "                                               \
    "(export \"wasi:cli/run@0.2.0\" (instance $face))"
    static const struct {
        const char *wat, *why; /* NULL: it links */
    } cases[] = {
        {NEAR("0.1.0", "has", "(param \"key\" string) (result bool)"), NULL},
        {NEAR("0.1.0", "has", "(param \"key\" string) (result (tuple bool string))"), NULL},
        {NEAR("0.1.0", "delete", "(param \"other-name\" string) (result bool)"), NULL},
        {NEAR("0.1.0", "set-worker",
              "(param \"a\" string) (param \"b\" (list u8)) (param \"c\" (option bool)) "
              "(result string)"),
         NULL},
        {NEAR("0.1.0", "get", "(param \"key\" string) (result (list u8))"), "'get'"},
        {NEAR("0.1.0", "get", "(param \"key\" string) (result (tuple (list u16) string))"),
         "'get'"},
        {NEAR("0.1.0", "get", "(param \"key\" (list u8)) (result (tuple (list u8) string))"),
         "'get' of 'near:storage/api@0.1.0' is imported with another type"},
        {NEAR("0.1.0", "get", "(result (tuple (list u8) string))"), "'get'"},
        {NEAR("0.1.0", "get",
              "(param \"a\" string) (param \"b\" string) (result (tuple (list u8) string))"),
         "'get'"},
        {NEAR("0.1.0", "get", "(param \"key\" string) (result (tuple (list u8) string string))"),
         "'get'"},
        {NEAR("0.1.0", "set", "(param \"key\" string) (param \"value\" (list u8))"), "'set'"},
        {NEAR("0.1.0", "set",
              "(param \"key\" string) (param \"value\" (list u8)) (result (tuple string))"),
         "'set'"},
        {NEAR("0.1.0", "get-worker",
              "(param \"key\" string) (param \"p\" string) (result (tuple (list u8) string))"),
         "'get-worker'"},
        {NEAR("0.1.0", "increment",
              "(param \"key\" string) (param \"d\" u64) (result (tuple s64 string))"),
         "'increment'"},
        {NEAR("0.1.0", "rename", "(param \"key\" string) (result string)"),
         "unknown import 'rename' from 'near:storage/api@0.1.0'"},
        {NEAR("0.2.0", "has", "(param \"key\" string) (result (tuple bool string))"), NULL},
        {NEAR("0.2.0", "get-raw", "(param \"key\" string) (result (tuple (list u8) string))"),
         "unknown import 'get-raw' from 'near:storage/api@0.2.0'"},
        {NEAR("0.3.0", "has", "(param \"key\" string) (result bool)"),
         "unknown import 'near:storage/api@0.3.0'"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf why = WHY_INIT;
        struct module *m = NULL;
        enum err e = load_wat(cases[i].wat, &m, &why);
        if (e != (cases[i].why ? ERR_FORMAT : ERR_OK) ||
            (cases[i].why && !strstr(buf_z(&why), cases[i].why)))
            fail_msg("case %zu: %s", i, buf_z(&why));
        module_free(m);
        buf_release(&why);
    }
}

static void the_target_must_fit(void **state)
{
    struct run_job job = {.limits = usual, .input = STR("echo"), .target = RUN_WASIP1};
    struct buf wasm = BUF_INIT(MODULE_WASM_MAX), why = WHY_INIT;
    struct module *m = NULL;
    struct run_result r;
    (void)state;
    run_result_init(&r, &usual);
    run_module(runner, p2, &job, &r);
    assert_int_equal(r.outcome, OUTCOME_MODULE);
    assert_string_equal(buf_z(&r.text),
                        "the program is a component (wasm32-wasip2), and build_target says "
                        "wasm32-wasip1, so a core module was expected; correct build_target, or "
                        "build the program for it");
    run_result_release(&r);
    guest_wasm("test/echo", &wasm);
    assert_int_equal(load(buf_str(&wasm), &m, &why), ERR_OK);
    job.target = RUN_WASIP2;
    run_result_init(&r, &usual);
    run_module(runner, m, &job, &r);
    assert_int_equal(r.outcome, OUTCOME_MODULE);
    assert_non_null(strstr(buf_z(&r.text), "a core module (wasm32-wasip1)"));
    run_result_release(&r);
    job.target = RUN_WASIP1;
    run_result_init(&r, &usual);
    guest_signals_restore();
    run_module(runner, m, &job, &r);
    assert_outcome(&r, OUTCOME_OK);
    run_result_release(&r);
    module_free(m);
    buf_release(&wasm);
    buf_release(&why);
}

static void the_host_survives_abuse(void **state)
{
    static const struct {
        const char *what, *out, *text;
    } cases[] = {
        {"abuse handles", NULL, "more than 4096 handles at a time"},
        {"abuse reuse", "done\n", NULL},
        {"abuse write", NULL, "a stream was written more than check-write permits"},
        {"abuse huge-write", NULL, "too much data"},
        {"abuse random", NULL, "more than 1048576 random bytes in one call"},
        {"abuse poll", NULL, "poll needs 1 to 4096 pollables"},
        {"abuse read", "true\ntrue\nOk([])\n", NULL},
        {"abuse fields",
         "128\nErr(HeaderError::InvalidSyntax)\nErr(HeaderError::InvalidSyntax)\n"
         "Err(HeaderError::Forbidden)\nErr(HeaderError::Forbidden)\n",
         NULL},
        {"abuse sockets", "true\ntrue\ntrue\n", NULL},
    };
    struct run_limits l = usual;
    struct run_result r;
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        run_p2(cases[i].what, usual, &r);
        if (r.outcome != (cases[i].text ? OUTCOME_TRAP : OUTCOME_OK) ||
            (cases[i].text && !strstr(buf_z(&r.text), cases[i].text)) ||
            (cases[i].out && strcmp(buf_z(&r.out), cases[i].out) != 0))
            fail_msg("%s: %s: %s: %s", cases[i].what, outcome_code(r.outcome), buf_z(&r.text),
                     buf_z(&r.out));
        run_result_release(&r);
    }
    /* Calls of the host cost no instructions; their time is the run's all the same. */
    l.max_wall_ms = 200;
    run_p2("abuse spin", l, &r);
    assert_outcome(&r, OUTCOME_TIMEOUT);
    assert_in_range(r.wall_us, 200000, 1000000);
    run_result_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_and_environment),
        cmocka_unit_test(a_long_input_arrives_whole),
        cmocka_unit_test(the_count_is_the_same_each_time),
        cmocka_unit_test(exits_and_traps),
        cmocka_unit_test(limits_hold_to_the_unit),
        cmocka_unit_test(memory_and_output_are_limited),
        cmocka_unit_test(the_result_of_run_counts),
        cmocka_unit_test(memories_are_limited_together),
        cmocka_unit_test(lies_about_types_are_survived),
        cmocka_unit_test(refused_with_a_sentence),
        cmocka_unit_test(our_interfaces_link_by_structure),
        cmocka_unit_test(the_target_must_fit),
        cmocka_unit_test(the_host_survives_abuse),
    };
    int failed;

    compiler = engine_new(ENGINE_COMPILE);
    runner = engine_new(ENGINE_RUN);
    guest_signals_keep();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    module_free(p2);
    engine_free(compiler);
    engine_free(runner);
    return failed;
}
