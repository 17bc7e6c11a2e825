/* What callers receive, to the byte. */
#include "test.h"

#include "near/output.h"

static void test_values(void **state)
{
    static const struct {
        const char *output, *value; /* NULL: none */
    } cases[] = {
        {"{\"Text\":\"hello\"}", "\"hello\""},
        {"{\"Text\":\"\"}", "\"\""},
        {"{\"Text\":\"a\\\"b\"}", "\"a\\\"b\""},
        {"{\"Json\":{\"random_number\":42}}", "{\"random_number\":42}"},
        {"{\"Json\":null}", "null"},
        {"{\"Bytes\":[104,105]}", "\"aGk=\""},
        {"{\"Bytes\":[]}", "\"\""},
        {"{\"Bytes\":[256]}", NULL},
        {"{\"Bytes\":\"aGk=\"}", NULL},
        {"{\"Text\":7}", NULL},
        {"{}", NULL},
        {"null", NULL},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf out = BUF_INIT(1024);
        struct json doc;

        assert_true(json_parse(str_of(cases[i].output), &doc, NULL));
        assert_int_equal(output_value_put(&out, doc), cases[i].value != NULL);
        if (cases[i].value)
            assert_buf(out, cases[i].value);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
