/* Requests as the contract writes them: both texts, defaults, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "near/request.h"

static struct arena arena;

static struct json parse(const char *text)
{
    struct json doc;

    assert_true(json_parse(str_of(arena_z(&arena, str_of(text))), &doc, NULL));
    return doc;
}

static struct json seed(const char *name)
{
    struct buf b = BUF_INIT(REQUEST_TEXT_MAX);
    char room[512];
    struct buf path = BUF_OVER(room);
    struct json doc;

    buf_addf(&path, "%s/fuzz/corpora/request/%s", TESTS_DIR, name);
    assert_int_equal(file_read(buf_z(&path), &b, NULL), ERR_OK);
    doc = parse(buf_z(&b));
    buf_release(&b);
    return doc;
}

static void test_event(void **state)
{
    (void)state;
    struct request r;

    assert_int_equal(request_parse(seed("event"), &arena, &r, NULL), ERR_OK);
    assert_int_equal(r.id, 41);
    assert_true(str_eqz(r.sender_id, "carol.near"));
    assert_true(str_eqz(r.predecessor_id, "dice.near"));
    assert_int_equal(r.source.kind, SOURCE_GITHUB);
    assert_true(str_eqz(r.source.commit, "main"));
    assert_true(str_eqz(r.input, "{\"min\":1,\"max\":100}"));
    assert_int_equal(r.format, FORMAT_JSON);
    assert_true(r.payment == (u128)7000100000 * 1000000000000);
    assert_true(str_eqz(r.project_uuid, "p0000000000000007"));
    assert_null(r.secrets_profile.ptr);
    assert_int_equal(r.timestamp_ns, UINT64_C(1780000000000000000));
}

static void test_stored(void **state)
{
    (void)state;
    struct request r;

    assert_int_equal(request_parse_stored(seed("stored"), &arena, &r, NULL), ERR_OK);
    assert_int_equal(r.source.kind, SOURCE_WASM_URL);
    assert_int_equal(r.source.target.len, 0); /* not said: the file tells */
    assert_true(r.payment == (u128)7000100000 * 1000000000000);
    assert_int_equal(r.data_id.b[31], 255);
    assert_true(str_eqz(r.secrets_profile, "p"));
    assert_true(str_eqz(r.project_id, "alice.near/dice"));
}

#define SOURCE                                                                                     \
    "\"code_source\":{\"WasmUrl\":{\"url\":\"https://a/b\",\"hash\":"                              \
    "\"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855\",\"build_target\":"       \
    "\"wasm32-wasi\"}}"
#define HEAD "{\"request_id\":1,\"sender_id\":\"a.b\",\"predecessor_id\":\"c.d\"," SOURCE

static void test_defaults(void **state)
{
    (void)state;
    static const char *const limits[] = {
        HEAD "}",
        HEAD ",\"resource_limits\":null}",
        HEAD ",\"resource_limits\":{}}",
        HEAD ",\"resource_limits\":{\"max_memory_mb\":null}}",
    };
    struct request r;

    for (size_t i = 0; i < countof(limits); i++) {
        assert_int_equal(request_parse(parse(limits[i]), &arena, &r, NULL), ERR_OK);
        assert_int_equal(r.limits.instructions, 1000000000);
        assert_int_equal(r.limits.memory_mb, 128);
        assert_int_equal(r.limits.seconds, 60);
    }
    assert_true(str_eqz(r.source.target, "wasm32-wasip1")); /* the old name of the target */
    assert_int_equal(r.input.len, 0);
    assert_int_equal(r.format, FORMAT_TEXT);
    assert_int_equal(
        request_parse(parse(HEAD ",\"resource_limits\":{\"max_execution_seconds\":3}}"), &arena, &r,
                      NULL),
        ERR_OK);
    assert_int_equal(r.limits.seconds, 3);
    assert_int_equal(r.limits.memory_mb, 128);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"request_id\":-1,\"sender_id\":\"a.b\",\"predecessor_id\":\"c.d\"," SOURCE "}",
        "{\"request_id\":1.0,\"sender_id\":\"a.b\",\"predecessor_id\":\"c.d\"," SOURCE "}",
        "{\"request_id\":1,\"sender_id\":\"\",\"predecessor_id\":\"c.d\"," SOURCE "}",
        "{\"request_id\":1,\"sender_id\":\"a.b\"," SOURCE "}",
        "{\"request_id\":1,\"sender_id\":\"a.b\",\"predecessor_id\":\"c.d\"}",
        HEAD ",\"code_source\":{\"WasmUrl\":{\"url\":\"https://a\",\"hash\":\"00\"}}}",
        HEAD ",\"code_source\":{\"Project\":{\"project_id\":\"a/b\"}}}",
        HEAD ",\"code_source\":{\"GitHub\":{\"repo\":\"x\"}}}",
        HEAD ",\"resource_limits\":7}",
        HEAD ",\"resource_limits\":{\"max_instructions\":0}}",
        HEAD ",\"resource_limits\":{\"max_memory_mb\":4294967296}}",
        HEAD ",\"resource_limits\":{\"max_execution_seconds\":\"3\"}}",
        HEAD ",\"response_format\":\"text\"}",
        HEAD ",\"input_data\":{}}",
        HEAD ",\"payment\":\"x\"}",
        HEAD ",\"secrets_ref\":{\"profile\":\"x\"}}",
        HEAD ",\"compile_only\":1}",
    };
    struct request r;
    struct buf why = WHY_INIT;

    memset(&r, 7, sizeof(r));
    for (size_t i = 0; i < countof(bad); i++) {
        buf_clear(&why);
        assert_int_not_equal(request_parse(parse(bad[i]), &arena, &r, &why), ERR_OK);
        assert_true(why.len > 0);
    }
    assert_int_equal(r.id, UINT64_C(0x0707070707070707));
    assert_int_not_equal(request_parse_stored(seed("event"), &arena, &r, &why), ERR_OK);
    buf_release(&why);
}

static void test_source_eq(void **state)
{
    (void)state;
    struct request a, b;

    assert_int_equal(request_parse(parse(HEAD "}"), &arena, &a, NULL), ERR_OK);
    b = a;
    assert_true(code_source_eq(&a.source, &b.source));
    b.source.wasm_sha256.b[31] ^= 1;
    assert_false(code_source_eq(&a.source, &b.source));
    b = a;
    b.source.url = STR("https://a/c");
    assert_false(code_source_eq(&a.source, &b.source));
    assert_int_equal(request_parse(seed("event"), &arena, &b, NULL), ERR_OK);
    assert_false(code_source_eq(&a.source, &b.source));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event),     cmocka_unit_test(test_stored),
        cmocka_unit_test(test_defaults),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_source_eq),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);

    arena_release(&arena);
    return rc;
}
