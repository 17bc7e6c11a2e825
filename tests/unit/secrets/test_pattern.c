/* test_pattern.c — what matches, what is refused, and that nothing takes long. */
#include <string.h>

#include "test.h"

#include "base/clock.h"
#include "secrets/pattern.h"

static bool matches(const char *pattern, const char *text)
{
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    const struct pattern *p;
    bool yes;

    assert_ok(pattern_parse(str_of(pattern), &a, &p, &why), why);
    yes = pattern_match(p, str_of(text));
    arena_release(&a);
    buf_release(&why);
    return yes;
}

static void matches_all_of_it(void **state)
{
    static const struct {
        const char *pattern, *yes, *no;
    } cases[] = {
        {"alice.near", "alice.near", "xalice.near"},
        {"alice\\.near", "alice.near", "aliceXnear"},
        {".*\\.dao\\.near", "x.dao.near", "x.dao.near.evil.near"},
        {"a|b|cd", "cd", "c"},
        {"(a|bc)*d", "abcabcd", "abcab"},
        {"(?:ab){2,3}", "ababab", "ab"},
        {"(ab){2}", "abab", "ababab"},
        {"a{2,}", "aaaaa", "a"},
        {"a{0,2}b", "aab", "aaab"},
        {"a{0}b", "b", "ab"},
        {"x?y+", "yyy", "x"},
        {"[a-f0-9]{4}", "be3f", "be3g"},
        {"[^.]+\\.near", "alice.near", "a.b.near"},
        {"[]a]+", "]a", "b"},
        {"[a\\-z]+", "a-z", "b"},
        {"[\\w.-]+", "a_b.c-9", "a b"},
        {"\\d+", "123", "12a"},
        {"\\D+", "abc", "a1"},
        {"\\x61b", "ab", "bb"},
        {"^a.c$", "abc", "a\nc"},
        {"(^a|b)$", "b", "ab"},
        {"a$b|c", "c", "ab"},
        {"", "", "a"},
        {"(a*)*b", "aab", "aa"},
        {"(a|)+", "aaa", "b"},
        {"a*?b", "aab", "a"},
        {"(?P<who>al)ice", "alice", "al"},
        {"(a{1,3}){2}", "aaaaaa", "aaaaaaa"},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        if (!matches(cases[i].pattern, cases[i].yes))
            fail_msg("'%s' does not match '%s'", cases[i].pattern, cases[i].yes);
        if (matches(cases[i].pattern, cases[i].no))
            fail_msg("'%s' matches '%s'", cases[i].pattern, cases[i].no);
    }
}

static void refuses(void **state)
{
    static const char *const bad[] = {
        "(",
        ")",
        "a)",
        "(a",
        "[a",
        "[",
        "[]",
        "*a",
        "+",
        "?",
        "a|*",
        "{2}",
        "a{2",
        "a{,2}",
        "a{3,2}",
        "a{1001}",
        "\\",
        "\\q",
        "\\1",
        "(a)\\1",
        "\\b",
        "\\pL",
        "(?i)a",
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?<n",
        "[b-a]",
        "[[:alpha:]]",
        "[a&&b]",
        "\\x6",
        "((a{1000}){1000}){1000}",
        "a{99999999999}",
    };
    char deep[300];
    struct arena a = ARENA_INIT;
    const struct pattern *p = NULL;

    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        struct buf why = WHY_INIT;

        if (!pattern_parse(str_of(bad[i]), &a, &p, &why))
            fail_msg("'%s' is taken", bad[i]);
        assert_true(why.len > 0);
        buf_release(&why);
    }
    memset(deep, '(', sizeof(deep));
    assert_int_not_equal(pattern_parse(str_from(deep, sizeof(deep)), &a, &p, NULL), ERR_OK);
    assert_null(p);
    arena_release(&a);
}

/* Patterns that keep a backtracking matcher busy for years. */
static void never_runs_away(void **state)
{
    static const char *const slow[] = {
        "(a*)*b",         "(a|a)*b",   "(a|aa)+b",  "(.*)(.*)(.*)(.*)(.*)b",
        "(a?){64}a{64}b", "((a*)*)*b", "(.*a){30}b"};
    char text[64];
    uint64_t start = clock_mono_ms();

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[63] = '\0';
    for (size_t i = 0; i < countof(slow); i++)
        assert_false(matches(slow[i], text));
    assert_true(clock_mono_ms() - start < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_all_of_it),
        cmocka_unit_test(refuses),
        cmocka_unit_test(never_runs_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
