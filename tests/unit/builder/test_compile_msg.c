/* What worker and compile child say to each other. */
#include "test.h"

#include "builder/builder.h"

static const struct compile_ask ask = {.what = COMPILE_RESOLVE,
                                       .repo = {"https://github.com/a/b", 22},
                                       .ref = {"main", 4},
                                       .target = {"wasm32-wasip1", 13},
                                       .seconds = 300,
                                       .memory_mb = 2048,
                                       .disk_mb = 1024,
                                       .dev = true,
                                       .toolchain = {"/t", 2},
                                       .registries = {"index.crates.io", 15}};

static void asks(void **state)
{
    struct buf b = BUF_INIT(COMPILE_ASK_MAX);
    struct compile_ask wrong = ask, out;

    (void)state;
    compile_ask_write(&b, &ask);
    assert_int_equal(compile_ask_read(buf_str(&b), &out, NULL), ERR_OK);
    assert_str(out.repo, "https://github.com/a/b");
    assert_str(out.registries, "index.crates.io");
    assert_int_equal(out.memory_mb, 2048);
    assert_true(out.dev);
    assert_int_equal(out.what, COMPILE_RESOLVE);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(compile_ask_read(str_head(buf_str(&b), n), &out, NULL), ERR_FORMAT);
    wrong.seconds = COMPILE_SECONDS_MAX + 1;
    buf_clear(&b);
    compile_ask_write(&b, &wrong);
    assert_int_equal(compile_ask_read(buf_str(&b), &out, NULL), ERR_FORMAT);
    buf_release(&b);
}

static void crates(void **state)
{
    const struct compile_give give = {COMPILE_LIMIT, {"too long", 8}};
    struct compile_ask with = ask, out;
    struct buf b = BUF_INIT(COMPILE_ASK_MAX);
    struct compile_give got;

    (void)state;
    with.what = COMPILE_CRATES;
    with.skeleton = STR("bones");
    compile_ask_write(&b, &with);
    assert_int_equal(compile_ask_read(buf_str(&b), &out, NULL), ERR_OK);
    assert_str(out.skeleton, "bones");
    buf_clear(&b);
    compile_give_write(&b, &give);
    assert_int_equal(compile_give_read(buf_str(&b), &got, NULL), ERR_OK);
    assert_int_equal(got.result, COMPILE_LIMIT);
    assert_str(got.error, "too long");
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(compile_give_read(str_head(buf_str(&b), n), &got, NULL), ERR_FORMAT);
    buf_release(&b);
}

static void news(void **state)
{
    const struct compile_progress p = {COMPILE_BUILDING, 3, 12, 4567, {"serde", 5}};
    struct buf b = BUF_INIT(1024);
    struct compile_progress out;

    (void)state;
    compile_progress_write(&b, &p);
    assert_int_equal(compile_progress_read(buf_str(&b), &out, NULL), ERR_OK);
    assert_int_equal(out.total, 12);
    assert_str(out.name, "serde");
    b.ptr[0] = COMPILE_PHASES;
    assert_int_equal(compile_progress_read(buf_str(&b), &out, NULL), ERR_FORMAT);
    buf_release(&b);
}

static void answers(void **state)
{
    struct compile_answer a = {.result = COMPILE_OK,
                               .commit = STR("0123456789abcdef0123456789abcdef01234567"),
                               .record = STR("{}"),
                               .log = STR("Compiling\n"),
                               .size = 8};
    struct buf b = BUF_INIT(COMPILE_MSG_MAX);
    struct compile_answer out;

    (void)state;
    compile_answer_write(&b, &a);
    assert_int_equal(compile_answer_read(buf_str(&b), &out, NULL), ERR_OK);
    assert_str(out.log, "Compiling\n");
    buf_clear(&b);
    a.commit = STR("main");
    compile_answer_write(&b, &a);
    assert_int_equal(compile_answer_read(buf_str(&b), &out, NULL), ERR_FORMAT);
    a.commit = STR_NONE;
    buf_clear(&b);
    a.result = COMPILE_REF;
    a.size = COMPILE_WASM_MAX + 1;
    compile_answer_write(&b, &a);
    assert_int_equal(compile_answer_read(buf_str(&b), &out, NULL), ERR_FORMAT);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks),
        cmocka_unit_test(crates),
        cmocka_unit_test(news),
        cmocka_unit_test(answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
