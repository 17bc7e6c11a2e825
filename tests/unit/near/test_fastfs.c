/* Files on the chain: the bytes of a call, parts of long files, names. */
#include "test.h"

#include "base/mem.h"
#include "codec/hex.h"
#include "near/fastfs.h"

static void assert_hex(const struct fastfs_call *c, const char *want)
{
    struct buf b = BUF_INIT(4096), hex = BUF_INIT(8192);
    struct fastfs_call back;

    fastfs_write(&b, c);
    hex_put(&hex, b.ptr, b.len);
    assert_buf(hex, want);
    assert_int_equal(fastfs_read(buf_str(&b), &back, NULL), ERR_OK);
    assert_true(str_eq(back.path, c->path) && str_eq(back.content, c->content));
    assert_int_equal(back.deleted, c->deleted);
    assert_int_equal(back.nonce, c->nonce);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(fastfs_read(str_head(buf_str(&b), n), &back, NULL), ERR_FORMAT);
    buf_release(&b);
    buf_release(&hex);
}

static void vectors(void **state)
{
    (void)state;
    assert_hex(&(struct fastfs_call){.path = STR("a.txt"),
                                     .mime = STR("text/plain"),
                                     .content = STR("hi")},
               "0005000000612e747874010a000000746578742f706c61696e020000006869");
    assert_hex(
        &(struct fastfs_call){.path = STR("a.txt"),
                              .mime = STR("text/plain"),
                              .content = STR("hi"),
                              .partial = true,
                              .offset = 1048576,
                              .full_size = 1048578,
                              .nonce = 10000000},
        "0105000000612e74787400001000020010000a000000746578742f706c61696e02000000686980969800");
    assert_hex(&(struct fastfs_call){.path = STR("a.txt"), .deleted = true},
               "0005000000612e74787400");
}

static void parts(void **state)
{
    char *big = mem_alloc(2 * FASTFS_PART + 5);
    struct str s = {big, 2 * FASTFS_PART + 5};
    struct fastfs_call c;

    (void)state;
    assert_int_equal(fastfs_parts(0), 1);
    assert_int_equal(fastfs_parts(FASTFS_PART), 1);
    assert_int_equal(fastfs_parts(FASTFS_PART + 1), 2);
    assert_int_equal(fastfs_parts(s.len), 3);
    c = fastfs_part(STR("x"), STR("y"), s, 2, 9);
    assert_true(c.partial);
    assert_int_equal(c.offset, 2 * FASTFS_PART);
    assert_int_equal(c.full_size, s.len);
    assert_int_equal(c.content.len, 5);
    assert_int_equal(c.nonce, 9);
    c = fastfs_part(STR("x"), STR("y"), str_head(s, FASTFS_PART), 0, 9);
    assert_false(c.partial);
    assert_int_equal(c.content.len, FASTFS_PART);
    mem_free(big);
}

static void assert_no_part(uint32_t offset, uint32_t full_size, size_t len)
{
    char *bytes = mem_alloc(FASTFS_PART + 1);
    struct fastfs_call c = {.path = STR("a"),
                            .mime = STR("b/c"),
                            .content = {bytes, len},
                            .partial = true,
                            .offset = offset,
                            .full_size = full_size};
    struct buf b = BUF_INIT(FASTFS_CALL_MAX);

    fastfs_write(&b, &c);
    assert_int_equal(fastfs_read(buf_str(&b), &c, NULL), ERR_FORMAT);
    buf_release(&b);
    mem_free(bytes);
}

static void refused(void **state)
{
    static const char *const paths[] = {"",       "/",     "/a",   "a/",          "../a",
                                        "a/../b", "a/..",  "a//b", "./a",         "a\\b",
                                        "a\nb",   "a\x7f", "\xc3", "\xed\xa0\x80"};
    static const char *const fine[] = {
        "dir/a-b_c.1.wasm", "a b", "a?b#c", "a%41", "<a>", "a..b", "...", "\xc3\xa4/\xe2\x82\xac"};
    struct fastfs_call c;

    (void)state;
    for (size_t i = 0; i < countof(paths); i++)
        assert_false(fastfs_path_ok(str_of(paths[i])));
    for (size_t i = 0; i < countof(fine); i++)
        assert_true(fastfs_path_ok(str_of(fine[i])));
    assert_no_part(9, 10, 1);                            /* not where a part begins */
    assert_no_part(0, 10, 9);                            /* too short for the last one */
    assert_no_part(0, 10, 11);                           /* too long */
    assert_no_part(0, FASTFS_PART + 1, 1);               /* too short for the first */
    assert_no_part(0, 0, 0);                             /* nothing */
    assert_no_part(FASTFS_PART, FASTFS_PART, 1);         /* behind its end */
    assert_no_part(0, FASTFS_FILE_MAX + 1, FASTFS_PART); /* of a file that is too long */
    assert_int_equal(fastfs_read(STR("\x02"), &c, NULL), ERR_FORMAT);
}

static void names(void **state)
{
    struct buf b = BUF_INIT(512);

    (void)state;
    fastfs_url_put(&b, STR(FASTFS_URL), STR("alice.near"), STR("fastfs.near"), STR("a.wasm"));
    assert_buf(b, "https://alice.near.fastfs.io/fastfs.near/a.wasm");
    buf_clear(&b);
    fastfs_url_put(&b, STR("http://x/{path}"), STR("a"), STR("b"), STR("a b/\xc3\xa4%?#\"<&"));
    assert_buf(b, "http://x/a%20b/%C3%A4%25%3F%23%22%3C&");
    assert_string_equal(fastfs_mime(STR("x/a.wasm")), "application/wasm");
    assert_string_equal(fastfs_mime(STR("a.svg")), "image/svg+xml");
    assert_string_equal(fastfs_mime(STR("wasm")), "application/octet-stream");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(parts),
        cmocka_unit_test(refused),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
