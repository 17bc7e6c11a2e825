/* The gateway: what blocks bring, files in parts, what an address means. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "fastfs/block.h"
#include "fastfs/gateway.h"

static char folder[64];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/outlayer-fastfs-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return dir_remove(folder, NULL) == ERR_OK ? 0 : -1;
}

static void blocks(void **state)
{
    static const char doc[] =
        "{\"block\":{\"header\":{\"height\":7,\"hash\":\"abc\",\"prev_hash\":\"abb\"}},\"shards\":["
        "{\"receipt_execution_outcomes\":[{\"receipt\":null},{\"receipt\":{\"predecessor_id\":"
        "\"a.test\",\"receiver_id\":\"f.test\",\"receipt\":{\"Action\":{\"actions\":["
        "\"CreateAccount\",{\"FunctionCall\":{\"method_name\":\"other\",\"args\":\"\"}},"
        "{\"FunctionCall\":{\"method_name\":\"__fastdata_fastfs\",\"args\":\"AAUAAABhLnR4dAEKAAAA"
        "dGV4dC9wbGFpbgIAAABoaQ==\"}},{\"FunctionCall\":{\"method_name\":\"__fastdata_fastfs\","
        "\"args\":\"AA==\"}}]}}}}]}]}";
    struct arena a = ARENA_INIT;
    struct block b;

    (void)state;
    assert_int_equal(block_read(str_of(doc), &a, &b, NULL), ERR_OK);
    assert_int_equal(b.height, 7);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.malformed, 1);
    assert_str(b.list[0].sender, "a.test");
    assert_str(b.list[0].call.content, "hi");
    assert_int_equal(block_read(STR("null"), &a, &b, NULL), ERR_EMPTY);
    assert_int_equal(block_read(STR("{}"), &a, &b, NULL), ERR_FORMAT);
    assert_int_equal(block_read(STR("nul"), &a, &b, NULL), ERR_FORMAT);
    arena_release(&a);
}

static void addresses(void **state)
{
    static const char *const right[][2] = {
        {"127.0.0.1:8080", "/a.test/f.test/x/y.wasm"},
        {"a.test.fastfs.io", "/f.test/x/y.wasm"},
        {"main.fastfs.io", "/a.test/f.test/x/y.wasm"},
        {"", "/a.test/f.test/x/y.wasm"},
    };
    static const char *const wrong[] = {"/",
                                        "/a.test",
                                        "/a.test/f.test",
                                        "/a.test/f.test/",
                                        "/A/f.test/x",
                                        "/a.test/f.test/../x",
                                        "//f.test/x"};
    struct str sender, receiver, name;

    (void)state;
    for (size_t i = 0; i < countof(right); i++) {
        assert_true(gateway_name(str_of(right[i][0]), str_of(right[i][1]), STR("fastfs.io"),
                                 &sender, &receiver, &name));
        assert_str(sender, "a.test");
        assert_str(receiver, "f.test");
        assert_str(name, "x/y.wasm");
    }
    for (size_t i = 0; i < countof(wrong); i++)
        assert_false(gateway_name(STR("localhost"), str_of(wrong[i]), STR("fastfs.io"), &sender,
                                  &receiver, &name));
}

static void take(struct files *f, const struct fastfs_call *c, uint64_t height, enum err want)
{
    struct buf why = WHY_INIT;

    assert_ok(files_begin(f, &why), why);
    assert_int_equal(files_take(f, STR("a.test"), STR("f.test"), c, height, &why), want);
    assert_ok(files_end(f, height + 1, STR("hash"), &why), why);
    buf_release(&why);
}

static void kept(void **state)
{
    char path[128], *big = mem_alloc(2 * FASTFS_PART + 7);
    const struct str content = {big, 2 * FASTFS_PART + 7};
    struct fastfs_call c = {.path = STR("x"), .mime = STR("text/plain"), .content = STR("one")};
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    struct files_at at;
    struct files f;
    struct file got;

    (void)state;
    for (size_t i = 0; i < content.len; i++)
        big[i] = (char)(i * 31);
    snprintf(path, sizeof(path), "%s/files.db", folder);
    assert_ok(files_open(&f, path, 3u << 20, &why), why);
    assert_ok(files_position(&f, &at, &why), why);
    assert_false(at.known);
    take(&f, &c, 10, ERR_OK);
    c.content = STR("two");
    take(&f, &c, 11, ERR_OK);
    assert_int_equal(files_get(&f, STR("a.test"), STR("f.test"), STR("x"), &a, &got, NULL), ERR_OK);
    assert_str(got.content, "two");
    /* Parts in any order, twice, and not whole until the last. */
    for (int i = 2; i >= 0; i--) {
        c = fastfs_part(STR("big"), STR("b/c"), content, (size_t)i, 5);
        assert_int_equal(files_get(&f, STR("a.test"), STR("f.test"), STR("big"), &a, &got, NULL),
                         ERR_ABSENT);
        take(&f, &c, 12, ERR_OK);
        if (i)
            take(&f, &c, 12, ERR_OK);
    }
    assert_int_equal(files_get(&f, STR("a.test"), STR("f.test"), STR("big"), &a, &got, NULL),
                     ERR_OK);
    assert_true(str_eq(got.content, content));
    /* No room for another. */
    c = (struct fastfs_call){
        .path = STR("y"), .mime = STR("b/c"), .content = str_head(content, FASTFS_PART)};
    take(&f, &c, 13, ERR_TOO_BIG);
    c = (struct fastfs_call){.path = STR("x"), .deleted = true};
    take(&f, &c, 14, ERR_OK);
    assert_int_equal(files_get(&f, STR("a.test"), STR("f.test"), STR("x"), &a, &got, NULL),
                     ERR_ABSENT);
    files_close(&f);
    assert_ok(files_open(&f, path, 3u << 20, &why), why);
    assert_ok(files_position(&f, &at, &why), why);
    assert_int_equal(at.next, 15);
    files_close(&f);
    arena_release(&a);
    mem_free(big);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks),
        cmocka_unit_test(addresses),
        cmocka_unit_test(kept),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
