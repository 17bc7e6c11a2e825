/* Messages of the exec child: what is written is read, what is cut or altered is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guest/exec_msg.h"
#include "guest/net_msg.h"

static void hello_round_trip(void **state)
{
    struct exec_hello in = {.engine = STR("engine-1"), .walls = 15}, out;
    struct buf b = BUF_INIT(1000);
    (void)state;
    exec_hello_write(&b, &in);
    assert_true(exec_hello_read(buf_str(&b), &out));
    assert_true(str_eq(in.engine, out.engine));
    assert_int_equal(out.walls, 15);
    b.ptr[0] ^= 1; /* version */
    assert_false(exec_hello_read(buf_str(&b), &out));
    buf_release(&b);
}

static void run_round_trip_and_every_cut(void **state)
{
    const struct run_var env[] = {{STR("A"), STR("1")}, {STR("B"), STR("")}};
    const struct run_job in = {.limits = {5, 6, 7}, .input = STR("in\0put"), .env = env, .nenv = 2};
    static struct run_var vars[RUN_ENV_MAX];
    struct buf b = BUF_INIT(10000);
    struct run_job out;
    uint64_t id = 0;
    (void)state;

    exec_run_write(&b, 9, &in);
    assert_true(exec_run_read(buf_str(&b), &id, &out, vars));
    assert_int_equal(id, 9);
    assert_int_equal(out.limits.max_instructions, 5);
    assert_int_equal(out.limits.max_memory_mb, 6);
    assert_int_equal(out.limits.max_wall_ms, 7);
    assert_true(str_eq(out.input, in.input));
    assert_int_equal(out.nenv, 2);
    assert_true(str_eq(out.env[0].name, env[0].name) && str_eq(out.env[1].value, env[1].value));
    for (size_t n = 0; n < b.len; n++)
        assert_false(exec_run_read(str_head(buf_str(&b), n), &id, &out, vars));
    buf_add_byte(&b, 0); /* one too many */
    assert_false(exec_run_read(buf_str(&b), &id, &out, vars));
    buf_release(&b);
}

static void run_over_a_limit(void **state)
{
    static struct run_var vars[RUN_ENV_MAX];
    struct run_job in = {.limits = {RUN_INSTRUCTIONS_MAX + 1, 6, 7}}, out;
    struct buf b = BUF_INIT(10000);
    uint64_t id;
    (void)state;
    exec_run_write(&b, 1, &in);
    assert_false(exec_run_read(buf_str(&b), &id, &out, vars));
    buf_release(&b);
}

static void result_round_trip(void **state)
{
    struct exec_result in = {.id = 3,
                             .outcome = OUTCOME_EXIT,
                             .exit_code = -2,
                             .instructions = 1ull << 40,
                             .memory_bytes = 65536,
                             .wall_us = 11,
                             .cpu_us = 12,
                             .random = true,
                             .text = STR("why"),
                             .err = STR("err"),
                             .out_len = 3,
                             .out = STR("out")},
                       out;
    struct buf b = BUF_INIT(1000);
    (void)state;
    exec_result_write(&b, &in);
    assert_true(exec_result_read(buf_str(&b), 3, &out));
    assert_int_equal(out.exit_code, -2);
    assert_int_equal(out.outcome, OUTCOME_EXIT);
    assert_int_equal(out.instructions, 1ull << 40);
    assert_true(out.random && !out.clock);
    assert_true(str_eq(out.out, in.out) && str_eq(out.err, in.err) && str_eq(out.text, in.text));
    assert_false(exec_result_read(buf_str(&b), 2, &out)); /* more than it was allowed to write */
    b.ptr[8] = OUTCOME_COUNT;
    assert_false(exec_result_read(buf_str(&b), 3, &out));
    buf_release(&b);
}

static void result_says_its_length(void **state)
{
    /* A length that does not fit to what is there. */
    struct exec_result in = {.out_len = 4, .out = STR("out")}, out;
    struct buf b = BUF_INIT(1000);
    (void)state;
    exec_result_write(&b, &in);
    assert_false(exec_result_read(buf_str(&b), 100, &out));
    buf_clear(&b);
    in.out_len = EXEC_INLINE_MAX + 1; /* follows, so nothing may be here */
    exec_result_write(&b, &in);
    assert_false(exec_result_read(buf_str(&b), 1 << 20, &out));
    buf_clear(&b);
    in.out = STR_NONE;
    exec_result_write(&b, &in);
    assert_true(exec_result_read(buf_str(&b), 1 << 20, &out));
    buf_release(&b);
}

static void answer_round_trip(void **state)
{
    struct exec_answer in = {.status = EXEC_BAD_MODULE, .sentence = STR("no"), .code_len = 7}, out;
    struct buf b = BUF_INIT(1000);
    (void)state;
    exec_answer_write(&b, &in);
    assert_true(exec_answer_read(buf_str(&b), &out));
    assert_int_equal(out.status, EXEC_BAD_MODULE);
    assert_int_equal(out.code_len, 7);
    b.ptr[0] = 4;
    assert_false(exec_answer_read(buf_str(&b), &out));
    buf_release(&b);
}

/* What an exec child may not say, whoever has taken it over: headers of the connection. */
static void hop_headers_do_not_pass(void **state)
{
    static const char *const names[] = {"Host", "transfer-encoding", "CONNECTION", "upgrade"};
    struct net_field list[NET_FIELDS_MAX], field = {STR("x-mine"), STR("1")};
    struct net_request q = {.method = STR("GET"),
                            .authority = STR("example.org"),
                            .path = STR("/"),
                            .fields = &field,
                            .nfields = 1},
                       got;
    struct buf b = BUF_INIT(4096);
    uint64_t run;

    (void)state;
    net_request_write(&b, 7, &q);
    assert_true(net_request_read(buf_str(&b), &run, &got, list));
    for (size_t i = 0; i < countof(names); i++) {
        buf_clear(&b);
        field.name = str_of(names[i]);
        net_request_write(&b, 7, &q);
        assert_false(net_request_read(buf_str(&b), &run, &got, list));
    }
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_round_trip),
        cmocka_unit_test(answer_round_trip),
        cmocka_unit_test(run_round_trip_and_every_cut),
        cmocka_unit_test(run_over_a_limit),
        cmocka_unit_test(result_round_trip),
        cmocka_unit_test(result_says_its_length),
        cmocka_unit_test(hop_headers_do_not_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
