/* Names of repositories, refs and targets. */
#include "test.h"

#include "builder/repo.h"

static void one(const char *name, bool dev, const char *want)
{
    struct buf url = BUF_INIT(2048), why = WHY_INIT;
    enum err e = repo_normalise(str_of(name), dev, &url, &why);

    if (!want) {
        if (!e)
            fail_msg("'%s' became '%s'", name, buf_z(&url));
        assert_true(why.len > 0);
        assert_int_equal(url.len, 0);
    } else {
        assert_ok(e, why);
        assert_buf(url, want);
    }
    buf_release(&url);
    buf_release(&why);
}

static void names_of_one_repository(void **state)
{
    static const char *const same[] = {
        "https://github.com/alice/dice",
        "https://github.com/alice/dice.git",
        "https://github.com/alice/dice/",
        "github.com/alice/dice",
        "alice/dice",
        "git@github.com:alice/dice.git",
        "git@github.com:alice/dice",
        "ssh://git@github.com/alice/dice.git",
        "https://github.com/alice/dice.git/",
    };

    (void)state;
    for (size_t i = 0; i < countof(same); i++)
        one(same[i], false, "https://github.com/alice/dice");
    one("https://codeload.github.com/a/b", false, "https://codeload.github.com/a/b");
    one("a/b.c-d_e", false, "https://github.com/a/b.c-d_e");
}

static void names_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "alice",
        "alice/",
        "/dice",
        "https://gitlab.com/a/b",
        "http://github.com/a/b",
        "https://github.com.evil.example/a/b",
        "https://github.com@evil.example/a/b",
        "https://github.com:444/a/b",
        "file:///etc",
        "ext::sh -c id",
        "https://github.com/a/b/c",
        "-u/r",
        "u/-r",
        "../r",
        "u/..",
        "u/.",
        "a/b c",
        "a/b\nc",
        "a/b?x",
        "a/b#x",
        "a/b%2f",
        "git@evil.example:a/b",
        "ssh://git@evil.example/a/b",
        "https://github.com/",
        "http://127.0.0.1/a",
        "127.0.0.1/a/b",
        "a/b\x80",
    };

    (void)state;
    for (size_t i = 0; i < countof(wrong); i++)
        one(wrong[i], false, NULL);
}

static void development(void **state)
{
    (void)state;
    one("http://127.0.0.1:8080/dice.git", true, "http://127.0.0.1:8080/dice");
    one("http://localhost/a/b/", true, "http://localhost/a/b");
    one("file:///home/me/dice", true, "file:///home/me/dice");
    one("http://10.0.0.1/dice", true, NULL);
    one("http://127.0.0.1.evil.example/dice", true, NULL);
    one("http://127.0.0.1:x/dice", true, NULL);
    one("http://127.0.0.1:99999/dice", true, NULL);
    one("http://user@127.0.0.1/dice", true, NULL);
    one("file:///home/../etc", true, NULL);
    one("file://host/x", true, NULL);
}

static void endpoints(void **state)
{
    struct str host;
    unsigned port;

    (void)state;
    assert_true(repo_endpoint(STR("https://github.com/a/b"), &host, &port));
    assert_str(host, "github.com");
    assert_int_equal(port, 443);
    assert_true(repo_endpoint(STR("http://127.0.0.1:81/b"), &host, &port));
    assert_str(host, "127.0.0.1");
    assert_int_equal(port, 81);
    assert_false(repo_endpoint(STR("file:///x"), &host, &port));
    assert_str(repo_bare(STR("https://github.com/a/b")), "github.com/a/b");
}

static void refs(void **state)
{
    static const char *const right[] = {"main", "feature/x", "v1.0+rc.1", "a-b_c", "HEAD"};
    static const char *const wrong[] = {
        "", "-x", "--upload-pack=id", "a..b", "a b", "a~1", "a^{}", "a:b", "@{u}", "/x", "a\nb"};

    (void)state;
    for (size_t i = 0; i < countof(right); i++)
        assert_int_equal(ref_check(str_of(right[i]), NULL), ERR_OK);
    for (size_t i = 0; i < countof(wrong); i++)
        assert_int_equal(ref_check(str_of(wrong[i]), NULL), ERR_FORMAT);
    assert_true(ref_is_sha(STR("0123456789abcdef0123456789abcdef01234567")));
    assert_true(ref_is_sha(STR("0123456789ABCDEF0123456789abcdef01234567")));
    assert_false(ref_is_sha(STR("0123456")));
    assert_false(ref_is_sha(STR("g123456789abcdef0123456789abcdef01234567")));
}

static void targets(void **state)
{
    (void)state;
    assert_str(target_normalise(STR_NONE), "wasm32-wasip1");
    assert_str(target_normalise(STR("wasm32-wasi")), "wasm32-wasip1");
    assert_str(target_normalise(STR("wasm32-wasip2")), "wasm32-wasip2");
    assert_int_equal(target_normalise(STR("x86_64-unknown-linux-gnu")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_one_repository),
        cmocka_unit_test(names_refused),
        cmocka_unit_test(development),
        cmocka_unit_test(endpoints),
        cmocka_unit_test(refs),
        cmocka_unit_test(targets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
