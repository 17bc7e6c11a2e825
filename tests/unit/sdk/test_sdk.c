/* test_sdk.c — the part of the guest SDK that needs no guest: small JSON. */
#include <stdlib.h>
#include <string.h>

#include "outlayer.h"
#include "test.h"

static const char text[] =
    " { \"a\" : 1 , "
    "\"b\":{\"c\":-2.5e1,\"d\":[{\"e\":\"}\"},\"]\"],\"f\":\"x\\\"\\u00e9\\ud83d\\ude00\\n\"},"
    "\"a.b\":3,\"\":4,\"true\":true,\"big\":9e999,\"last\":\"end\"}";

static void test_numbers(void **state)
{
    int64_t i = 7;
    double d;

    (void)state;
    assert_true(outlayer_json_int(text, "a", &i));
    assert_int_equal(i, 1);
    assert_true(outlayer_json_int(text, "", &i));
    assert_int_equal(i, 4);
    assert_true(outlayer_json_double(text, "b.c", &d));
    assert_true(d == -25);
    assert_true(outlayer_json_double(text, "a", &d));
    assert_false(outlayer_json_int(text, "b.c", &i));
    assert_false(outlayer_json_int(text, "true", &i));
    assert_false(outlayer_json_int(text, "last", &i));
    assert_false(outlayer_json_int(text, "absent", &i));
    assert_false(outlayer_json_int(text, "a.b", &i)); /* a path, not a name */
    assert_false(outlayer_json_double(text, "big", &d));
    assert_false(outlayer_json_int("{\"a\":1", "a", &i));
    assert_false(outlayer_json_int("{\"b\":[[[", "a", &i));
    assert_false(outlayer_json_int("[1]", "a", &i));
    assert_false(outlayer_json_int("", "a", &i));
    assert_int_equal(i, 4);
}

static void test_text(void **state)
{
    struct outlayer_bytes t = {NULL, 0};

    (void)state;
    assert_true(outlayer_json_text(text, "b.f", &t));
    assert_string_equal(t.ptr, "x\"\xc3\xa9\xf0\x9f\x98\x80\n");
    assert_int_equal(t.len, strlen(t.ptr));
    outlayer_free(&t);
    assert_null(t.ptr);
    assert_true(outlayer_json_text(text, "last", &t));
    assert_string_equal(t.ptr, "end");
    outlayer_free(&t);
    assert_false(outlayer_json_text(text, "a", &t));
    assert_false(outlayer_json_text("{\"a\":\"\\ud83d\"}", "a", &t));
    assert_false(outlayer_json_text("{\"a\":\"\\q\"}", "a", &t));
    assert_false(outlayer_json_text("{\"a\":\"open", "a", &t));
}

static void test_quote(void **state)
{
    struct outlayer_bytes q = outlayer_json_quote("a\"b\\c\n\xc3\xa9");

    (void)state;
    assert_string_equal(q.ptr, "\"a\\\"b\\\\c\\u000a\xc3\xa9\"");
    assert_int_equal(q.len, strlen(q.ptr));
    outlayer_free(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_quote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
