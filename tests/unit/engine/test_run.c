/* How runs of the test guests end, and what is counted. */
#include "guest_file.h"

#include <string.h>

static struct engine *compiler, *runner;

static struct module *load(const char *name)
{
    struct buf wasm = BUF_INIT(MODULE_WASM_MAX), code = BUF_INIT(MODULE_CODE_MAX), why = WHY_INIT;
    struct module *m = NULL;

    guest_wasm(name, &wasm);
    if (module_compile(compiler, buf_str(&wasm), &code, &why) != ERR_OK ||
        module_load(runner, buf_str(&code), &m, &why) != ERR_OK)
        fail_msg("%s: %s", name, buf_z(&why));
    buf_release(&wasm);
    buf_release(&code);
    buf_release(&why);
    return m;
}

static const struct run_limits usual = {
    .max_instructions = 1000000000, .max_memory_mb = 128, .max_wall_ms = 60000};

static void run_in(struct module *m, struct run_limits l, const char *input, struct run_result *r)
{
    struct run_job job = {.limits = l, .input = str_of(input)};
    struct buf why = WHY_INIT;

    if (run_job_check(&job, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    run_result_init(r, &l);
    guest_signals_restore();
    run_module(runner, m, &job, r);
    buf_release(&why);
}

static void run_once(const char *name, struct run_limits l, const char *input, struct run_result *r)
{
    struct module *m = load(name);
    run_in(m, l, input, r);
    module_free(m);
}

#define assert_outcome(r, o)                                                                       \
    do {                                                                                           \
        if ((r)->outcome != (o))                                                                   \
            fail_msg("%s: %s", outcome_code((r)->outcome), buf_z(&(r)->text));                     \
    } while (0)

static void echo_gives_its_input(void **state)
{
    struct run_result r;
    (void)state;
    run_once("test/echo", usual, "{\"a\":\"\xc3\xa9\\u0000\"}\n", &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "{\"a\":\"\xc3\xa9\\u0000\"}\n");
    assert_true(r.instructions > 100 && r.instructions < 1000000);
    assert_true(r.memory_bytes >= 65536 && r.memory_bytes % 65536 == 0);
    assert_int_equal(r.text.len, 0);
    run_result_release(&r);
}

static void random_is_in_range(void **state)
{
    struct module *m = load("random");
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct run_result r;
        int n = -1;
        run_in(m, usual, "{\"min\":5,\"max\":7}", &r);
        assert_outcome(&r, OUTCOME_OK);
        assert_int_equal(sscanf(buf_z(&r.out), "{\"random_number\":%d}", &n), 1);
        assert_in_range(n, 5, 7);
        run_result_release(&r);
    }
    module_free(m);
}

static void the_same_run_costs_the_same(void **state)
{
    struct module *m = load("test/bytes");
    uint64_t first = 0;
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct run_result r;
        run_in(m, usual, "100000", &r);
        assert_outcome(&r, OUTCOME_OK);
        assert_int_equal(r.out.len, 100000);
        if (i == 0)
            first = r.instructions;
        assert_int_equal(r.instructions, first);
        run_result_release(&r);
    }
    assert_true(first > 100000);
    module_free(m);
}

static void nothing_is_left_for_the_next_run(void **state)
{
    struct module *m = load("test/counter");
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct run_result r;
        run_in(m, usual, "", &r);
        assert_string_equal(buf_z(&r.out), "1 0");
        run_result_release(&r);
    }
    module_free(m);
}

static void exit_code_and_stderr(void **state)
{
    struct run_result r;
    (void)state;
    run_once("test/exit1", usual, "", &r);
    assert_outcome(&r, OUTCOME_EXIT);
    assert_int_equal(r.exit_code, 1);
    assert_string_equal(buf_z(&r.text), "the city 'Atlantis' was not found");
    assert_string_equal(buf_z(&r.out), "half a result");
    assert_true(r.instructions > 0);
    run_result_release(&r);
}

static void long_stderr_is_cut(void **state)
{
    struct run_result r;
    (void)state;
    run_once("test/stderr", usual, "2000000", &r);
    assert_outcome(&r, OUTCOME_EXIT);
    assert_int_equal(r.exit_code, 7);
    assert_int_equal(r.err.len, RUN_STDERR_MAX);
    assert_true(r.text.len > 1000 && r.text.len <= RUN_TEXT_MAX);
    run_result_release(&r);
}

static void trap_has_a_backtrace(void **state)
{
    struct run_result r;
    (void)state;
    run_once("test/trap", usual, "", &r);
    assert_outcome(&r, OUTCOME_TRAP);
    assert_non_null(strstr(buf_z(&r.text), "Trap: unreachable code reached"));
    assert_non_null(strstr(buf_z(&r.text), "\n  at "));
    assert_true(r.instructions > 0 && r.instructions < 10000);
    run_result_release(&r);
}

static void out_of_bounds_counts_to_within_a_slice(void **state)
{
    struct run_result r;
    (void)state;
    run_once("test/oob", usual, "", &r);
    assert_outcome(&r, OUTCOME_TRAP);
    assert_non_null(strstr(buf_z(&r.text), "memory access out of bounds"));
    assert_in_range(r.instructions, 5000000, 20000000); /* a million times a few instructions */
    run_result_release(&r);
}

static void fuel_ends_a_loop_exactly(void **state)
{
    struct run_limits l = usual;
    struct run_result r;
    (void)state;
    l.max_instructions = 12345678;
    run_once("test/loop", l, "", &r);
    assert_outcome(&r, OUTCOME_FUEL);
    assert_int_equal(r.instructions, 12345678);
    run_result_release(&r);
}

static void time_ends_a_loop(void **state)
{
    struct run_limits l = usual;
    struct run_result r;
    char want[200];
    (void)state;
    l.max_wall_ms = 1000;
    l.max_instructions = RUN_INSTRUCTIONS_MAX;
    run_once("test/loop", l, "", &r);
    assert_outcome(&r, OUTCOME_TIMEOUT);
    assert_in_range(r.wall_us, 1000000, 1100000);
    assert_true(r.instructions > 1000000);
    snprintf(want, sizeof(want),
             "WASM execution timed out after 1 seconds (penalty). Full execution cost is charged "
             "with no refund (consumed %llu instructions)",
             (unsigned long long)r.instructions);
    assert_string_equal(buf_z(&r.text), want);
    run_result_release(&r);
}

static void time_ends_a_sleep(void **state)
{
    struct run_limits l = usual;
    struct run_result r;
    (void)state;
    l.max_wall_ms = 300;
    run_once("test/sleep", l, "20000", &r);
    assert_outcome(&r, OUTCOME_TIMEOUT);
    assert_in_range(r.wall_us, 300000, 400000);
    assert_true(r.instructions > 0 && r.instructions < 1000000);
    assert_true(r.cpu_us < 100000);
    run_result_release(&r);
    run_once("test/sleep", l, "50", &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_in_range(r.wall_us, 50000, 300000);
    run_result_release(&r);
}

static void memory_grows_to_its_limit(void **state)
{
    struct run_limits l = usual;
    struct module *m = load("test/grow");
    static const unsigned mb[] = {1, 2, 16, 512};
    (void)state;
    for (size_t i = 0; i < countof(mb); i++) {
        struct run_result r;
        char want[32];
        l.max_memory_mb = mb[i];
        run_in(m, l, "", &r);
        assert_outcome(&r, OUTCOME_OK);
        snprintf(want, sizeof(want), "%u", mb[i] << 20);
        assert_string_equal(buf_z(&r.out), want);
        assert_int_equal(r.memory_bytes, (uint64_t)mb[i] << 20);
        run_result_release(&r);
    }
    module_free(m);
}

static void memory_at_the_start_over_the_limit(void **state)
{
    struct run_limits l = usual;
    struct run_result r;
    (void)state;
    l.max_memory_mb = 1;
    run_once("test/counter", l, "", &r); /* has more than 1 MiB of data */
    assert_outcome(&r, OUTCOME_MEMORY);
    assert_non_null(strstr(buf_z(&r.text), "max_memory_mb is 1; raise it to 2"));
    assert_int_equal(r.instructions, 0);
    run_result_release(&r);
}

static void flood_is_stopped(void **state)
{
    struct run_limits l = usual;
    struct run_result r;
    (void)state;
    l.max_memory_mb = 3;
    run_once("test/flood", l, "", &r);
    assert_outcome(&r, OUTCOME_OUTPUT);
    assert_int_equal(r.out.len, 3u << 20); /* exactly what is allowed was taken */
    assert_true(r.instructions < 1000000);
    run_result_release(&r);
}

static void environment_arrives(void **state)
{
    const struct run_var env[] = {{STR("A"), STR("1")},
                                  {STR("EMPTY"), STR("")},
                                  {STR("Q"), STR("a=\"b\"\n\xf0\x9f\x90\x8d")}};
    struct run_job job = {.limits = usual, .env = env, .nenv = countof(env)};
    struct module *m = load("test/env");
    struct run_result r;
    (void)state;
    run_result_init(&r, &usual);
    run_module(runner, m, &job, &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "{\"A\":\"1\",\"EMPTY\":\"\",\"Q\":\"a=\\\"b\\\"\\u000a"
                                       "\xf0\x9f\x90\x8d\"}");
    run_result_release(&r);
    module_free(m);
}

static void files_are_out_of_reach(void **state)
{
    struct run_result r;
    (void)state;
    run_once("test/files", usual, "abc", &r);
    assert_outcome(&r, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "-----");
    run_result_release(&r);
}

static void bad_jobs_are_refused(void **state)
{
    struct run_var var = {STR("A=B"), STR("1")};
    struct run_job job = {.limits = usual, .env = &var, .nenv = 1};
    struct buf why = WHY_INIT;
    (void)state;
    assert_int_equal(run_job_check(&job, &why), ERR_FORMAT);
    var.name = STR("");
    assert_int_equal(run_job_check(&job, &why), ERR_RANGE);
    var = (struct run_var){STR("A"), STR("1\0002")};
    assert_int_equal(run_job_check(&job, &why), ERR_FORMAT);
    job.nenv = 0;
    job.limits.max_instructions = RUN_INSTRUCTIONS_MAX + 1;
    assert_int_equal(run_job_check(&job, &why), ERR_RANGE);
    job.limits.max_instructions = 0;
    assert_int_equal(run_job_check(&job, &why), ERR_RANGE);
    job.limits = usual;
    job.limits.max_memory_mb = 513;
    assert_int_equal(run_job_check(&job, &why), ERR_RANGE);
    job.limits = usual;
    job.limits.max_wall_ms = RUN_WALL_MS_MAX + 1;
    assert_int_equal(run_job_check(&job, &why), ERR_RANGE);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_gives_its_input),
        cmocka_unit_test(random_is_in_range),
        cmocka_unit_test(the_same_run_costs_the_same),
        cmocka_unit_test(nothing_is_left_for_the_next_run),
        cmocka_unit_test(exit_code_and_stderr),
        cmocka_unit_test(long_stderr_is_cut),
        cmocka_unit_test(trap_has_a_backtrace),
        cmocka_unit_test(out_of_bounds_counts_to_within_a_slice),
        cmocka_unit_test(fuel_ends_a_loop_exactly),
        cmocka_unit_test(time_ends_a_loop),
        cmocka_unit_test(time_ends_a_sleep),
        cmocka_unit_test(memory_grows_to_its_limit),
        cmocka_unit_test(memory_at_the_start_over_the_limit),
        cmocka_unit_test(flood_is_stopped),
        cmocka_unit_test(environment_arrives),
        cmocka_unit_test(files_are_out_of_reach),
        cmocka_unit_test(bad_jobs_are_refused),
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
