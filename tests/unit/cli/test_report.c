/* test_report.c — figures as people read them. */
#include "cli/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *count(uint64_t v)
{
    static char text[64];
    struct buf b = BUF_OVER(text);

    text[0] = '\0';
    report_put_count(&b, v);
    return text;
}

static void test_count(void **state)
{
    (void)state;
    assert_string_equal(count(0), "0");
    assert_string_equal(count(999), "999");
    assert_string_equal(count(1000), "1,000");
    assert_string_equal(count(1234567), "1,234,567");
    assert_string_equal(count(UINT64_MAX), "18,446,744,073,709,551,615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
