/* What a run becomes: formats, borders of the payload, cut errors. */
#include <string.h>

#include "test.h"
#include "worker/answer.h"

static struct json args_of(const struct answer *a, struct buf *args, const char *method)
{
    struct json doc;

    buf_clear(args);
    assert_string_equal(answer_call(a, 41, args), method);
    assert_false(args->full);
    assert_true(json_parse(buf_str(args), &doc, NULL));
    return doc;
}

static void test_formats(void **state)
{
    (void)state;
    struct answer a = ANSWER_INIT;

    answer_output(&a, FORMAT_TEXT, STR("he said \"\xc3\xa9\"\n"));
    assert_int_equal(a.status, ANSWER_COMPLETED);
    assert_buf(a.output, "{\"Text\":\"he said \\\"\xc3\xa9\\\"\\n\"}");
    answer_output(&a, FORMAT_TEXT, STR(""));
    assert_buf(a.output, "{\"Text\":\"\"}");
    answer_output(&a, FORMAT_JSON, STR(" { \"b\" : 1.0, \"a\" : 1e16 } \n"));
    assert_buf(a.output, "{\"Json\":{\"a\":1e16,\"b\":1.0}}");
    answer_output(&a, FORMAT_BYTES, STR("\0\xff\x80"));
    assert_buf(a.output, "{\"Bytes\":[0,255,128]}");
    answer_output(&a, FORMAT_BYTES, STR(""));
    assert_buf(a.output, "{\"Bytes\":[]}");
    answer_release(&a);
}

static void test_bad_output(void **state)
{
    (void)state;
    struct answer a = ANSWER_INIT;

    answer_output(&a, FORMAT_TEXT, STR("ok \xff"));
    assert_int_equal(a.status, ANSWER_EXECUTION_FAILED);
    assert_true(str_starts(buf_str(&a.error), STR("The output is not valid UTF-8")));
    answer_output(&a, FORMAT_JSON, STR("{\"a\":1} x"));
    assert_int_equal(a.status, ANSWER_EXECUTION_FAILED);
    assert_true(str_starts(buf_str(&a.error), STR("Failed to parse output as JSON: ")));
    assert_true(str_ends(buf_str(&a.error), STR("Output was: {\"a\":1} x")));
    answer_output(&a, FORMAT_JSON, STR("\xff\xfe"));
    assert_int_equal(a.status, ANSWER_EXECUTION_FAILED);
    assert_true(str_is_utf8(buf_str(&a.error)));
    answer_output(&a, FORMAT_JSON, STR(""));
    assert_int_equal(a.status, ANSWER_EXECUTION_FAILED);
    answer_output(&a, FORMAT_JSON, STR("1e999"));
    assert_int_equal(a.status, ANSWER_EXECUTION_FAILED);
    answer_release(&a);
}

static void test_small_success(void **state)
{
    (void)state;
    struct answer a = ANSWER_INIT;
    struct buf args = BUF_INIT(ANSWER_ARGS_MAX);

    a.instructions = 812345;
    a.time_ms = 37;
    answer_output(&a, FORMAT_JSON, STR("{\"random_number\":42}"));
    (void)args_of(&a, &args, "resolve_execution");
    assert_buf(args,
               "{\"request_id\":41,\"response\":{\"success\":true,\"output\":{\"Json\":{"
               "\"random_number\":42}},\"error\":null,\"resources_used\":{\"instructions\":812345,"
               "\"time_ms\":37,\"compile_time_ms\":null},\"compilation_note\":null,"
               "\"refund_usd\":null}}");
    buf_release(&args);
    answer_release(&a);
}

/* The last output that fits a payload, and the first that does not. */
static void test_border(void **state)
{
    (void)state;
    static char text[2000];
    struct answer a = ANSWER_INIT;
    struct buf args = BUF_INIT(ANSWER_ARGS_MAX);
    struct json response;
    size_t fits = 0;

    for (size_t n = 0; n < sizeof(text); n++)
        text[n] = 'x';
    for (size_t n = 700; n < 1100; n++) {
        answer_output(&a, FORMAT_TEXT, str_from(text, n));
        buf_clear(&args);
        if (str_eqz(STR("resolve_execution"), answer_call(&a, 1, &args)))
            fits = n;
    }
    assert_true(fits > 700 && fits < 1000);
    answer_output(&a, FORMAT_TEXT, str_from(text, fits));
    response = json_get(args_of(&a, &args, "resolve_execution"), "response");
    assert_int_equal(response.text.len, ANSWER_PAYLOAD_MAX - 1);
    answer_output(&a, FORMAT_TEXT, str_from(text, fits + 1));
    response = args_of(&a, &args, "submit_execution_output_and_resolve");
    assert_int_equal(json_str_len(json_get(json_get(response, "output"), "Text")), fits + 1);
    assert_int_equal(json_type(json_get(response, "success")), JSON_BOOL);
    assert_int_equal(json_type(json_get(response, "resources_used")), JSON_OBJECT);
    buf_release(&args);
    answer_release(&a);
}

static void test_big_success(void **state)
{
    (void)state;
    static char text[1600000];
    struct answer a = ANSWER_INIT;
    struct buf args = BUF_INIT(ANSWER_ARGS_MAX);

    for (size_t n = 0; n < sizeof(text); n++)
        text[n] = '"';
    answer_output(&a, FORMAT_TEXT, str_from(text, 100000));
    (void)args_of(&a, &args, "submit_execution_output_and_resolve");
    assert_true(args.len > 200000);
    answer_output(&a, FORMAT_TEXT, str_from(text, 131071));
    assert_int_equal(a.status, ANSWER_COMPLETED);
    (void)args_of(&a, &args, "submit_execution_output_and_resolve");
    answer_output(&a, FORMAT_TEXT, str_from(text, sizeof(text)));
    assert_int_equal(a.status, ANSWER_EXECUTION_FAILED);
    assert_buf(a.error,
               "The output of 1600000 bytes is more than the 262144 that a contract can be given");
    /* the value is a string: its quotes count */
    memset(text, 'x', sizeof(text));
    answer_output(&a, FORMAT_TEXT, str_from(text, ANSWER_VALUE_MAX - 2));
    assert_int_equal(a.status, ANSWER_COMPLETED);
    answer_output(&a, FORMAT_TEXT, str_from(text, ANSWER_VALUE_MAX - 1));
    assert_int_equal(a.status, ANSWER_EXECUTION_FAILED);
    buf_release(&args);
    answer_release(&a);
}

static void test_failures(void **state)
{
    (void)state;
    static char text[5000];
    struct answer a = ANSWER_INIT;
    struct buf args = BUF_INIT(ANSWER_ARGS_MAX), said = BUF_INIT(10000);
    struct json response;

    answer_fail(&a, ANSWER_EXECUTION_FAILED, STR("it \"broke\""));
    response = json_get(args_of(&a, &args, "resolve_execution"), "response");
    assert_true(json_str_eq(json_get(response, "error"), STR("execution_failed: it \"broke\"")));
    assert_true(json_is_null(json_get(response, "output")));

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = 'y';
    answer_fail(&a, ANSWER_CUSTOM, str_from(text, sizeof(text)));
    response = json_get(args_of(&a, &args, "resolve_execution"), "response");
    assert_true(response.text.len < ANSWER_PAYLOAD_MAX);
    assert_true(json_str(json_get(response, "error"), &said));
    assert_int_equal(said.len, sizeof("custom: ") - 1 + ANSWER_ERROR_SHORT +
                                   sizeof("... (truncated, original size: 5000 bytes)") - 1);
    assert_true(str_ends(buf_str(&said), STR("yyy... (truncated, original size: 5000 bytes)")));

    /* Characters that are six bytes as JSON, and characters of three bytes. */
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = 1;
    answer_fail(&a, ANSWER_EXECUTION_FAILED, str_from(text, sizeof(text)));
    response = json_get(args_of(&a, &args, "resolve_execution"), "response");
    assert_true(response.text.len < ANSWER_PAYLOAD_MAX);
    for (size_t i = 0; i + 3 <= sizeof(text); i += 3) {
        text[i] = (char)0xe2;
        text[i + 1] = (char)0x82;
        text[i + 2] = (char)0xac;
    }
    answer_fail(&a, ANSWER_EXECUTION_FAILED, str_from(text, sizeof(text)));
    response = json_get(args_of(&a, &args, "resolve_execution"), "response");
    buf_clear(&said);
    assert_true(json_str(json_get(response, "error"), &said));
    assert_true(str_is_utf8(buf_str(&said)));
    buf_release(&args);
    buf_release(&said);
    answer_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),       cmocka_unit_test(test_bad_output),
        cmocka_unit_test(test_small_success), cmocka_unit_test(test_border),
        cmocka_unit_test(test_big_success),   cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
