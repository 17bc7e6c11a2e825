/* A git server's refs, as it sends them, and as it should not. */
#include "test.h"

#include "fetch/refs.h"

#define A "0123456789abcdef0123456789abcdef01234567"
#define B "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void question(void **state)
{
    struct buf b = BUF_INIT(REFS_BODY_MAX);

    (void)state;
    refs_ask_write(&b, STR("main"));
    /* Lengths count themselves: git-upload-pack takes exactly this. */
    assert_str(buf_str(&b), "0014command=ls-refs\n0013agent=outlayer\n00010009peel\n"
                            "001fref-prefix refs/heads/main\n001eref-prefix refs/tags/main\n0000");
    buf_release(&b);
}

static void found(const char *answer, const char *ref, const char *want)
{
    struct str commit;

    assert_int_equal(refs_answer_read(str_of(answer), str_of(ref), &commit, NULL), ERR_OK);
    assert_str(commit, want);
}

static void fails(const char *answer, const char *ref, enum err want)
{
    struct str commit;

    assert_int_equal(refs_answer_read(str_of(answer), str_of(ref), &commit, NULL), want);
}

static void answers(void **state)
{
    (void)state;
    found("003d" A " refs/heads/main\n003f" B " refs/heads/main-2\n0000", "main", A);
    /* A branch before a tag; what a tag points at before the tag. */
    found("003c" B " refs/tags/main\n003d" A " refs/heads/main\n0000", "main", A);
    found("006a" A " refs/tags/v1 peeled:" B "\n0000", "v1", B);
    found("003a" A " refs/tags/v1\n0000", "v1", A);
    fails("003f" B " refs/heads/main-2\n0000", "main", ERR_ABSENT);
    fails("0000", "main", ERR_ABSENT);
}

static void malformed(void **state)
{
    static const char *const bad[] = {
        "",
        "000",
        "00000",
        "zzzz",
        "0001",
        "0004",
        "ffff",
        "003d" A " refs/heads/main\n",
        "003d" A " refs/heads/mai",
        "003e" A " refs/heads/main\n0000",
        "0010ERR no such\n0000",
        "0036" A " refs/hea\n0000x",
        "001e# service=git-upload-pack\n0000",
        "0052" A " refs/tags/main peeled:0123456789abcdef\n0000",
    };

    (void)state;
    for (size_t i = 0; i < countof(bad); i++)
        fails(bad[i], "main", ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(question),
        cmocka_unit_test(answers),
        cmocka_unit_test(malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
