/*
 * test_json.c — what is JSON and what is not, and looking inside.
 *
 * The accept and refuse tables are the decisive cases of RFC 8259's grammar, in the classes that
 * the public JSON test suites use (structure, numbers, strings, encodings, nesting).
 */
#include <string.h>

#include "test.h"

#include "codec/put.h"

static void accepts(void **state)
{
    static const char *const good[] = {
        "0",
        "-0",
        "-1",
        "1.5",
        "1e5",
        "1E+5",
        "1.0e-10",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\"",
        "\"\\uD83D\\uDE00\"",
        "\"\xc3\xa9\"",
        "\"\\u0000\"",
        "\"\x7f\"",
        "true",
        "false",
        "null",
        " null ",
        "\t[\n]\r",
        "[]",
        "[1,2]",
        "[[],[[]],{}]",
        "{}",
        "{\"a\":1}",
        "{\"a\":1,\"a\":2}",
        "{\"\":0}",
        "{ \"a\" : [ 1 , { \"b\" : null } ] }",
        "[\"]\",\"}\"]",
    };

    (void)state;
    for (size_t i = 0; i < countof(good); i++) {
        struct json v;

        if (!json_parse(str_of(good[i]), &v, NULL))
            fail_msg("refused: %s", good[i]);
    }
}

static void refuses(void **state)
{
    static const char *const wrong[] = {
        "",
        " ",
        "nul",
        "True",
        "nulll",
        "'a'",
        "00",
        "01",
        "-",
        "-a",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x10",
        "NaN",
        "Infinity",
        "1 2",
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"\\uD800\"",
        "\"\\uDC00\"",
        "\"\\uD800\\u0041\"",
        "\"\\uD800x\"",
        "\"\n\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\"\xed\xa0\x80\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{",
        "}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "{\"a\":1]",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "[]x",
        "// c\n1",
        "/**/1",
        ("\xef\xbb\xbf"
         "1"),
    };

    (void)state;
    for (size_t i = 0; i < countof(wrong); i++) {
        struct json_fault fault = {0};
        struct json v;

        if (json_parse(str_of(wrong[i]), &v, &fault))
            fail_msg("accepted: %s", wrong[i]);
        assert_non_null(fault.what);
        assert_true(fault.at <= strlen(wrong[i]));
    }
    {
        struct json v;

        assert_false(json_parse(STR("1\0"), &v, NULL)); /* NUL is no white space */
        assert_false(json_parse(STR_NONE, &v, NULL));
    }
}

static void bounds_nesting(void **state)
{
    char text[2 * (JSON_DEPTH_MAX + 1)];
    struct json v;

    (void)state;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_true(json_parse(str_from(text, 2 * JSON_DEPTH_MAX), &v, NULL));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_false(json_parse(str_from(text, sizeof(text)), &v, NULL));
}

static struct json parsed(const char *text)
{
    struct json v;

    if (!json_parse(str_of(text), &v, NULL))
        fail_msg("does not parse: %s", text);
    return v;
}

static void looks_inside(void **state)
{
    struct json v =
        parsed(" {\"a\": 1, \"b\":[true, {\"c\":\"x\\ny\"} ,null], \"a\":18446744073709551615,"
               "\"\\u0062b\":-5, \"big\":\"340282366920938463463374607431768211455\"} ");
    struct buf b = BUF_INIT(100);
    struct str plain;
    uint64_t u;
    int64_t i;
    uint32_t s;
    u128 w;
    bool t;

    (void)state;
    assert_int_equal(json_type(v), JSON_OBJECT);
    assert_int_equal(json_count(v), 5);
    assert_true(json_u64(json_get(v, "a"), &u) && u == UINT64_MAX); /* the last of duplicates */
    assert_false(json_u32(json_get(v, "a"), &s));
    assert_true(json_i64(json_get(v, "bb"), &i) && i == -5); /* names are compared decoded */
    assert_false(json_u64(json_get(v, "bb"), &u));
    assert_true(json_u128_str(json_get(v, "big"), &w) && w == ~(u128)0);
    assert_false(json_u128(json_get(v, "big"), &w));
    assert_true(json_bool(json_at(json_get(v, "b"), 0), &t) && t);
    assert_true(json_is_null(json_at(json_get(v, "b"), 2)));
    assert_int_equal(json_type(json_at(json_get(v, "b"), 3)), JSON_ABSENT);
    assert_true(json_is_null(json_get(v, "none")));
    assert_false(json_plain(json_get(json_at(json_get(v, "b"), 1), "c"), &plain));
    assert_true(json_str(json_get(json_at(json_get(v, "b"), 1), "c"), &b));
    assert_buf(b, "x\ny");
    assert_true(json_str_eq(json_get(json_at(json_get(v, "b"), 1), "c"), STR("x\ny")));
    assert_false(json_str_eq(json_get(json_at(json_get(v, "b"), 1), "c"), STR("x\nyz")));
    assert_false(json_str_eq(json_get(json_at(json_get(v, "b"), 1), "c"), STR("x\n")));
    assert_str(json_get(v, "b").text, "[true, {\"c\":\"x\\ny\"} ,null]");
    assert_int_equal(json_type(json_get(json_get(v, "b"), "c")), JSON_ABSENT);
    buf_release(&b);
}

static void reads_integers_as_written(void **state)
{
    int64_t i;
    uint64_t u;

    (void)state;
    assert_true(json_i64(parsed("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_false(json_i64(parsed("-9223372036854775809"), &i));
    assert_true(json_i64(parsed("9223372036854775807"), &i) && i == INT64_MAX);
    assert_false(json_i64(parsed("9223372036854775808"), &i));
    assert_false(json_u64(parsed("1.0"), &u));
    assert_false(json_u64(parsed("1e3"), &u));
    assert_false(json_u64(parsed("\"1\""), &u));
}

static void decodes_strings(void **state)
{
    struct buf b = BUF_INIT(100);
    struct json v = parsed("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\u0000/\\/\"");

    (void)state;
    assert_true(json_str(v, &b));
    assert_int_equal(b.len, 1 + 2 + 3 + 4 + 1 + 2);
    assert_memory_equal(b.ptr, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\0//", b.len);
    assert_int_equal(json_str_len(v), b.len);
    assert_false(json_str(parsed("1"), &b));
    buf_release(&b);
}

static void writes(void **state)
{
    struct buf b = BUF_INIT(1000);
    struct json v;

    (void)state;
    json_obj(&b);
    put_str(&b, "s", STR("q\"\\\b\f\n\r\t\x01\x7f/\xc3\xa9"));
    json_key(&b, "a");
    json_arr(&b);
    json_put_u64(&b, 1);
    json_put_i64(&b, INT64_MIN);
    json_put_u128_str(&b, ~(u128)0);
    json_put_bool(&b, false);
    json_put_null(&b);
    json_arr(&b);
    json_arr_end(&b);
    json_obj(&b);
    json_obj_end(&b);
    json_put_raw(&b, STR("1.50"));
    json_arr_end(&b);
    put_str(&b, "e", STR(""));
    json_obj_end(&b);
    assert_buf(
        b, "{\"s\":\"q\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f/\xc3\xa9\",\"a\":[1,-9223372036854775808,"
           "\"340282366920938463463374607431768211455\",false,null,[],{},1.50],\"e\":\"\"}");
    assert_true(json_parse(buf_str(&b), &v, NULL));
    buf_release(&b);
}

/* A string value that ends like an open array must still get its comma. */
static void writes_members(void **state)
{
    struct buf b = BUF_INIT(1024);

    (void)state;
    json_obj(&b);
    put_str(&b, "s", STR("a\"b"));
    put_z(&b, "z", "text");
    put_text(&b, "empty", STR(""));
    put_text(&b, "none", STR_NONE);
    put_opt_str(&b, "opt", STR(""));
    put_u64(&b, "n", UINT64_MAX);
    put_opt_u64(&b, "one", 1);
    put_opt_u64(&b, "zero", 0);
    put_u128(&b, "u", (u128)UINT64_MAX + 1);
    put_bool(&b, "b", true);
    put_raw(&b, "raw", STR("[1]"));
    put_raw(&b, "no", STR(""));
    put_null(&b, "null");
    put_hex(&b, "hex", STR("\1\xff"));
    put_base64(&b, "base64", STR("abcd"));
    json_obj_end(&b);
    assert_str(buf_str(&b),
               "{\"s\":\"a\\\"b\",\"z\":\"text\",\"empty\":\"\",\"none\":null,\"opt\":null,"
               "\"n\":18446744073709551615,\"one\":1,\"zero\":null,"
               "\"u\":\"18446744073709551616\",\"b\":true,\"raw\":[1],\"no\":null,\"null\":null,"
               "\"hex\":\"01ff\",\"base64\":\"YWJjZA==\"}");
    buf_release(&b);
}

static void commas_survive_tricky_text(void **state)
{
    struct buf b = BUF_INIT(100);

    (void)state;
    json_arr(&b);
    json_put_str(&b, STR("["));
    json_put_str(&b, STR(","));
    json_put_str(&b, STR("{:"));
    json_arr_end(&b);
    assert_buf(b, "[\"[\",\",\",\"{:\"]");
    buf_release(&b);
}

/* Runs are found eight bytes at a time: every special byte at every offset, with and without text
 * beyond ASCII around it. */
static void finds_the_end_of_runs(void **state)
{
    static const char special[] = {'"', '\\', 0, 1, 0x1f};
    static const char around[] = {'a', ' ', '!', '#', '[', ']', 0x7f, (char)0x80, (char)0xff};
    char text[24];

    (void)state;
    for (size_t a = 0; a < sizeof around; a++) {
        memset(text, around[a], sizeof text);
        for (size_t n = 0; n <= sizeof text; n++)
            assert_int_equal(json_run(str_from(text, n)), n);
        for (size_t at = 0; at < sizeof text; at++)
            for (size_t c = 0; c < sizeof special; c++) {
                memset(text, around[a], sizeof text);
                text[at] = special[c];
                assert_int_equal(json_run(str_from(text, sizeof text)), at);
                assert_int_equal(json_run(str_from(text, at)), at);
            }
    }
    assert_int_equal(json_run(STR_NONE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(bounds_nesting),
        cmocka_unit_test(looks_inside),
        cmocka_unit_test(reads_integers_as_written),
        cmocka_unit_test(decodes_strings),
        cmocka_unit_test(writes),
        cmocka_unit_test(writes_members),
        cmocka_unit_test(commas_survive_tricky_text),
        cmocka_unit_test(finds_the_end_of_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
