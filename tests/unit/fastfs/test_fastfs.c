/* The gateway: what blocks bring, files in parts, what an address means. */
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "fastfs/ask.h"
#include "fastfs/block.h"
#include "fastfs/gateway.h"
#include "fastfs/page.h"

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

struct seen {
    size_t n;
    char text[256];
};

static enum err see(void *ctx, struct str sender, struct str receiver,
                    const struct fastfs_call *call)
{
    struct seen *s = ctx;

    s->n++;
    snprintf(s->text, sizeof(s->text), "%.*s %.*s %.*s %.*s", STR_ARG(sender), STR_ARG(receiver),
             STR_ARG(call->path), STR_ARG(call->content));
    return ERR_OK;
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
    struct seen seen = {0};
    size_t malformed = 0;
    struct block b;

    (void)state;
    assert_int_equal(block_read(str_of(doc), &b, NULL), ERR_OK);
    assert_int_equal(b.height, 7);
    assert_int_equal(block_files(&b, see, &seen, &malformed), ERR_OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(malformed, 1);
    assert_string_equal(seen.text, "a.test f.test a.txt hi");
    assert_int_equal(block_read(STR("null"), &b, NULL), ERR_EMPTY);
    assert_int_equal(block_read(STR("{}"), &b, NULL), ERR_FORMAT);
    assert_int_equal(block_read(STR("nul"), &b, NULL), ERR_FORMAT);
}

static void addresses(void **state)
{
    static const char *const files[][2] = {
        {"127.0.0.1:8080", "/a.test/f.test/x/y.wasm"},
        {"a.test.fastfs.io", "/f.test/x/y.wasm"},
        {"main.fastfs.io", "/a.test/f.test/x/y.wasm"},
        {"", "/a.test/f.test/x/y.wasm"},
    };
    static const struct {
        const char *host, *path;
        enum gateway_what what;
    } others[] = {
        {"", "/", GATEWAY_HOME},
        {"", "", GATEWAY_HOME},
        {"", "/a.test", GATEWAY_SENDER},
        {"", "/a.test/", GATEWAY_SENDER},
        {"a.test.fastfs.io", "/", GATEWAY_SENDER},
        {"", "/a.test/f.test/", GATEWAY_FOLDER},
        {"a.test.fastfs.io", "/f.test/", GATEWAY_FOLDER},
        {"", "/a.test/f.test/x/", GATEWAY_FOLDER},
        {"", "/a.test/f.test", GATEWAY_NOTHING},
        {"", "/A/f.test/x", GATEWAY_NOTHING},
        {"", "//f.test/x", GATEWAY_NOTHING},
        {"", "/a.test//x", GATEWAY_NOTHING},
        {"", "/a.test/f.test//x", GATEWAY_NOTHING},
        {"", "/a.test/f.test/x//", GATEWAY_NOTHING},
        {"", "/a.test/f.test/../x", GATEWAY_NOTHING},
        {"-.fastfs.io", "/f.test/x", GATEWAY_NOTHING},
        {"fastfs.io", "/a.test/f.test/x", GATEWAY_FILE},
        {"xfastfs.io", "/a.test/f.test/x", GATEWAY_FILE},
    };
    struct gateway_name name;

    (void)state;
    for (size_t i = 0; i < countof(files); i++) {
        assert_int_equal(
            gateway_name(str_of(files[i][0]), str_of(files[i][1]), STR("fastfs.io"), &name),
            GATEWAY_FILE);
        assert_str(name.sender, "a.test");
        assert_str(name.receiver, "f.test");
        assert_str(name.path, "x/y.wasm");
    }
    for (size_t i = 0; i < countof(others); i++)
        assert_int_equal(
            gateway_name(str_of(others[i].host), str_of(others[i].path), STR("fastfs.io"), &name),
            others[i].what);
}

static void ranges(void **state)
{
    static const struct {
        const char *header;
        unsigned size;
        enum ask_range what;
        unsigned from, n;
    } rows[] = {
        {"bytes=0-0", 10, ASK_PART, 0, 1},
        {"bytes=0-", 10, ASK_PART, 0, 10},
        {"Bytes= 3-5 ", 10, ASK_PART, 3, 3},
        {"bytes=3-99", 10, ASK_PART, 3, 7},
        {"bytes=9-18446744073709551615", 10, ASK_PART, 9, 1},
        {"bytes=-4", 10, ASK_PART, 6, 4},
        {"bytes=-99", 10, ASK_PART, 0, 10},
        {"bytes=10-", 10, ASK_NEVER, 0, 0},
        {"bytes=-0", 10, ASK_NEVER, 0, 0},
        {"bytes=5-3", 10, ASK_WHOLE, 0, 0},
        {"bytes=0-1,3-4", 10, ASK_WHOLE, 0, 0},
        {"bytes=-", 10, ASK_WHOLE, 0, 0},
        {"bytes=5", 10, ASK_WHOLE, 0, 0},
        {"bytes=", 10, ASK_WHOLE, 0, 0},
        {"bytes=18446744073709551616-", 10, ASK_WHOLE, 0, 0},
        {"bytes=a-b", 10, ASK_WHOLE, 0, 0},
        {"lines=1-2", 10, ASK_WHOLE, 0, 0},
        {"", 10, ASK_WHOLE, 0, 0},
        {"bytes=0-", 0, ASK_WHOLE, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        uint64_t from = 0, n = 0;

        if (ask_range(str_of(rows[i].header), rows[i].size, &from, &n) != rows[i].what ||
            from != rows[i].from || n != rows[i].n)
            fail_msg("'%s' of %u bytes", rows[i].header, rows[i].size);
    }
}

static void tags(void **state)
{
    (void)state;
    assert_true(ask_listed(STR("\"a\""), STR("\"a\""), false));
    assert_true(ask_listed(STR("\"b\" ,W/\"a\""), STR("\"a\""), true));
    assert_false(ask_listed(STR("\"b\" ,W/\"a\""), STR("\"a\""), false));
    assert_true(ask_listed(STR(" * "), STR("\"a\""), false));
    assert_false(ask_listed(STR("\"aa\", a"), STR("\"a\""), true));
    assert_false(ask_listed(STR(",,"), STR("\"a\""), true));
    assert_true(ask_accepts(STR("text/plain, Text/HTML;q=0.9"), STR("text/html")));
    assert_false(ask_accepts(STR("*/*"), STR("text/html")));
    assert_false(ask_accepts(STR_NONE, STR("text/html")));
}

/* ---- what is kept ---- */

struct store {
    char path[128];
    struct files f;
    struct arena a;
    struct buf why;
    char *big;
    struct str content; /* two parts and a bit */
};

static void store_open(struct store *s, uint64_t bytes_max)
{
    assert_ok(files_open(&s->f, s->path, bytes_max, &s->why), s->why);
}

static void store_begin(struct store *s, const char *name, uint64_t bytes_max)
{
    *s = (struct store){.why = WHY_INIT, .big = mem_alloc(2 * FASTFS_PART + 7)};
    s->content = (struct str){s->big, 2 * FASTFS_PART + 7};
    for (size_t i = 0; i < s->content.len; i++)
        s->big[i] = (char)(i * 31 ^ i >> 20);
    snprintf(s->path, sizeof(s->path), "%s/%s.db", folder, name);
    store_open(s, bytes_max);
}

static void store_end(struct store *s)
{
    files_close(&s->f);
    arena_release(&s->a);
    mem_free(s->big);
    buf_release(&s->why);
}

/* One call in a block of its own. */
static void take(struct store *s, const struct fastfs_call *c, uint64_t height, enum err want)
{
    assert_ok(files_begin(&s->f, &s->why), s->why);
    assert_int_equal(files_take(&s->f, STR("a.test"), STR("f.test"), c, height, &s->why), want);
    assert_ok(files_end(&s->f, height + 1, STR("hash"), &s->why), s->why);
}

/* Is it there, with this content? NULL: it is not there. */
static void expect(struct store *s, const char *path, const struct str *content)
{
    struct buf bytes = BUF_INIT(FASTFS_FILE_MAX);
    struct file got;
    enum err e = files_get(&s->f, STR("a.test"), STR("f.test"), str_of(path), &s->a, &got, &s->why);

    if (!content) {
        assert_int_equal(e, ERR_ABSENT);
        return;
    }
    assert_ok(e, s->why);
    if (got.fd >= 0) {
        assert_ok(fd_read_all(got.fd, &bytes, &s->why), s->why);
        got.content = buf_str(&bytes);
        close(got.fd);
    }
    assert_int_equal(got.size, content->len);
    assert_true(str_eq(got.content, *content));
    buf_release(&bytes);
}

/* How many files lie beside the database. */
static unsigned contents(const struct store *s)
{
    struct dirent *entry;
    unsigned n = 0;
    char dir[160];
    DIR *d;

    snprintf(dir, sizeof(dir), "%s.content", s->path);
    d = opendir(dir);
    assert_non_null(d);
    while ((entry = readdir(d)))
        n += entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0;
    closedir(d);
    return n;
}

static void kept(void **state)
{
    struct fastfs_call c = {.path = STR("x"), .mime = STR("text/plain"), .content = STR("one")};
    const struct str two = STR("two");
    struct store s, other;
    struct files_at at;

    (void)state;
    store_begin(&s, "kept", 3u << 20);
    assert_ok(files_position(&s.f, &at, &s.why), s.why);
    assert_false(at.known);
    take(&s, &c, 10, ERR_OK);
    c.content = two;
    take(&s, &c, 11, ERR_OK);
    expect(&s, "x", &two);
    assert_int_equal(s.f.n, 1);
    assert_int_equal(s.f.bytes, 3 + FILES_ROW_BYTES);
    /* Parts in any order, twice, and not whole until the last. */
    for (int i = 2; i >= 0; i--) {
        c = fastfs_part(STR("big"), STR("b/c"), s.content, (size_t)i, 5);
        expect(&s, "big", NULL);
        take(&s, &c, 12, ERR_OK);
        if (i)
            take(&s, &c, 12, ERR_OK);
    }
    expect(&s, "big", &s.content);
    assert_int_equal(s.f.waiting, 0);
    assert_int_equal(contents(&s), 1);
    /* No room for another, but for one in its place. */
    c = (struct fastfs_call){
        .path = STR("y"), .mime = STR("b/c"), .content = str_head(s.content, FASTFS_PART)};
    take(&s, &c, 13, ERR_TOO_BIG);
    expect(&s, "y", NULL);
    c.path = STR("big");
    take(&s, &c, 13, ERR_OK);
    expect(&s, "big", &c.content);
    assert_int_equal(contents(&s), 1);
    c = (struct fastfs_call){.path = STR("x"), .deleted = true};
    take(&s, &c, 14, ERR_OK);
    expect(&s, "x", NULL);
    /* Nobody else writes there; after the end it is as it was. */
    assert_int_equal(files_open(&other.f, s.path, 1, &s.why), ERR_BUSY);
    files_close(&other.f);
    files_close(&s.f);
    store_open(&s, 3u << 20);
    assert_ok(files_position(&s.f, &at, &s.why), s.why);
    assert_int_equal(at.next, 15);
    assert_int_equal(s.f.n, 1);
    store_end(&s);
}

/* The same bytes under several names are on disk once, until the last name has gone. */
static void shared_content(void **state)
{
    struct store s;
    struct fastfs_call c;

    (void)state;
    store_begin(&s, "shared", 64u << 20);
    c = (struct fastfs_call){
        .path = STR("a"), .mime = STR("b/c"), .content = str_head(s.content, FASTFS_PART)};
    take(&s, &c, 1, ERR_OK);
    c.path = STR("b");
    take(&s, &c, 2, ERR_OK);
    assert_int_equal(contents(&s), 1);
    c = (struct fastfs_call){.path = STR("a"), .deleted = true};
    take(&s, &c, 3, ERR_OK);
    assert_int_equal(contents(&s), 1);
    c.path = STR("b");
    take(&s, &c, 4, ERR_OK);
    assert_int_equal(contents(&s), 0);
    store_end(&s);
}

/* A block that is given up half way changes nothing and is taken again as if for the first time. */
static void undone(void **state)
{
    struct store s;
    struct fastfs_call c[3];

    (void)state;
    store_begin(&s, "undone", 64u << 20);
    for (size_t i = 0; i < 3; i++)
        c[i] = fastfs_part(STR("big"), STR("b/c"), s.content, i, 7);
    take(&s, &c[1], 1, ERR_OK);
    for (int again = 0; again < 2; again++) {
        assert_ok(files_begin(&s.f, &s.why), s.why);
        for (size_t i = 0; i < 3; i += 2)
            assert_ok(files_take(&s.f, STR("a.test"), STR("f.test"), &c[i], 2, &s.why), s.why);
        if (again) {
            assert_ok(files_end(&s.f, 3, STR("h"), &s.why), s.why);
        } else {
            files_undo(&s.f);
            expect(&s, "big", NULL);
            assert_int_equal(s.f.waiting, FASTFS_PART + FILES_ROW_BYTES);
        }
    }
    expect(&s, "big", &s.content);
    assert_int_equal(contents(&s), 1);
    store_end(&s);
}

/* Numbers of uploads come again: the next one must not touch what the last one has become. */
static void one_after_another(void **state)
{
    const struct str second = STR("second, and longer than what is kept with the row");
    struct buf other = BUF_INIT(4u << 20);
    struct fastfs_call c;
    struct store s;
    struct str content;

    (void)state;
    store_begin(&s, "again", 64u << 20);
    while (other.len < FASTFS_PART + 100)
        buf_add_str(&other, second);
    content = buf_str(&other);
    c = fastfs_part(STR("a"), STR("b/c"), s.content, 0, 1);
    take(&s, &c, 1, ERR_OK);
    c = fastfs_part(STR("a"), STR("b/c"), s.content, 1, 1);
    take(&s, &c, 2, ERR_OK);
    assert_ok(files_begin(&s.f, &s.why), s.why);
    c = fastfs_part(STR("a"), STR("b/c"), s.content, 2, 1);
    assert_ok(files_take(&s.f, STR("a.test"), STR("f.test"), &c, 3, &s.why), s.why);
    c = fastfs_part(STR("b"), STR("b/c"), content, 0, 1);
    assert_ok(files_take(&s.f, STR("a.test"), STR("f.test"), &c, 3, &s.why), s.why);
    assert_ok(files_end(&s.f, 4, STR("h"), &s.why), s.why);
    expect(&s, "a", &s.content);
    c = fastfs_part(STR("b"), STR("b/c"), content, 1, 1);
    take(&s, &c, 4, ERR_OK);
    expect(&s, "a", &s.content);
    expect(&s, "b", &content);
    buf_release(&other);
    store_end(&s);
}

/* What a crash left over goes at the next start; what is wanted stays. */
static void swept(void **state)
{
    struct store s;
    struct fastfs_call c;
    char path[256];

    (void)state;
    store_begin(&s, "swept", 64u << 20);
    c = (struct fastfs_call){
        .path = STR("a"), .mime = STR("b/c"), .content = str_head(s.content, FASTFS_PART)};
    take(&s, &c, 1, ERR_OK);
    c = fastfs_part(STR("big"), STR("b/c"), s.content, 0, 7);
    take(&s, &c, 2, ERR_OK);
    assert_int_equal(contents(&s), 2);
    files_close(&s.f);
    snprintf(path, sizeof(path), "%s.content/part-99", s.path);
    assert_ok(file_write_atomic(path, STR("left"), 0600, &s.why), s.why);
    snprintf(path, sizeof(path), "%s.content/%064d", s.path, 0);
    assert_ok(file_write_atomic(path, STR("left"), 0600, &s.why), s.why);
    store_open(&s, 64u << 20);
    assert_int_equal(contents(&s), 2);
    for (size_t i = 1; i < 3; i++) {
        c = fastfs_part(STR("big"), STR("b/c"), s.content, i, 7);
        take(&s, &c, 3, ERR_OK);
    }
    expect(&s, "big", &s.content);
    store_end(&s);
}

/* Beginnings of files cost their sender what they cost us, and the oldest give way. */
static void never_whole(void **state)
{
    const unsigned n = FILES_WAIT_MAX / FASTFS_PART + 20;
    struct store s;
    struct fastfs_call c;
    uint32_t have = 0, parts = 0;
    char name[32];

    (void)state;
    store_begin(&s, "never", UINT64_C(4) << 30);
    c = fastfs_part(STR("mine"), STR("b/c"), s.content, 0, 1);
    take(&s, &c, 1, ERR_OK);
    assert_ok(files_begin(&s.f, &s.why), s.why);
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "x%u", i);
        c = fastfs_part(str_of(name), STR("b/c"), s.content, 0, i);
        assert_ok(files_take(&s.f, STR("a.test"), STR("f.test"), &c, 2, &s.why), s.why);
        assert_true(s.f.waiting <= FILES_WAIT_MAX + FASTFS_PART + FILES_ROW_BYTES);
    }
    assert_ok(files_end(&s.f, 3, STR("h"), &s.why), s.why);
    assert_true(contents(&s) <= FILES_WAIT_MAX / FASTFS_PART);
    assert_int_equal(
        files_waiting(&s.f, STR("a.test"), STR("f.test"), STR("mine"), &have, &parts, &s.why),
        ERR_ABSENT);
    assert_ok(
        files_waiting(&s.f, STR("a.test"), STR("f.test"), str_of(name), &have, &parts, &s.why),
        s.why);
    assert_int_equal(have, 1);
    assert_int_equal(parts, 3);
    /* And nobody waits for ever. */
    assert_ok(files_begin(&s.f, &s.why), s.why);
    assert_ok(files_end(&s.f, 3 + FILES_WAIT_BLOCKS, STR("h"), &s.why), s.why);
    assert_int_equal(s.f.waiting, 0);
    assert_int_equal(contents(&s), 0);
    store_end(&s);
}

static void lists(void **state)
{
    static const char *const paths[] = {"b/1", "b/2", "a", "b0", "b"};
    struct fastfs_call c = {.mime = STR("text/plain"), .content = STR("x")};
    struct files_row *rows;
    struct store s;
    struct str *ids;
    size_t n;

    (void)state;
    store_begin(&s, "lists", 64u << 20);
    for (size_t i = 0; i < countof(paths); i++) {
        c.path = str_of(paths[i]);
        take(&s, &c, i + 1, ERR_OK);
    }
    assert_ok(files_list(&s.f, STR("a.test"), STR("f.test"), STR("b/"), STR_NONE, &s.a, &rows, &n,
                         &s.why),
              s.why);
    assert_int_equal(n, 2);
    assert_str(rows[0].path, "b/1");
    assert_ok(
        files_list(&s.f, STR("a.test"), STR("f.test"), STR_NONE, STR("b"), &s.a, &rows, &n, &s.why),
        s.why);
    assert_int_equal(n, 3);
    assert_str(rows[2].path, "b0");
    assert_ok(files_receivers(&s.f, STR("a.test"), STR_NONE, &s.a, &ids, &n, &s.why), s.why);
    assert_int_equal(n, 1);
    assert_str(ids[0], "f.test");
    assert_ok(files_receivers(&s.f, STR("b.test"), STR_NONE, &s.a, &ids, &n, &s.why), s.why);
    assert_int_equal(n, 0);
    store_end(&s);
}

/* Names that strangers choose stay names. */
static void pages(void **state)
{
    const struct gateway_name name = {.sender = STR("a.test"), .receiver = STR("f.test")};
    const struct files_row row = {
        .path = STR("\"><script>&amp;'x\xc3\xa4.html"), .mime = STR("a/<b>"), .size = 12345};
    struct buf b = BUF_INIT(PAGE_MAX);
    struct json doc;

    (void)state;
    page_folder(&b, PAGE_HTML, &name, STR("/a.test/f.test/"), &row, 1);
    assert_true(str_find(buf_str(&b), STR("<script")) == b.len);
    assert_true(
        str_find(buf_str(&b),
                 STR("href=\"/a.test/f.test/%22%3E%3Cscript%3E&amp;amp;&#39;x%C3%A4.html\"")) <
        b.len);
    buf_clear(&b);
    page_folder(&b, PAGE_JSON, &name, STR("/"), &row, 1);
    assert_true(json_parse(buf_str(&b), &doc, NULL));
    buf_clear(&b);
    page_absent(&b, PAGE_HTML, "none", STR("<b>"));
    assert_true(str_find(buf_str(&b), STR("<b>")) == b.len);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks), cmocka_unit_test(addresses),
        cmocka_unit_test(ranges), cmocka_unit_test(tags),
        cmocka_unit_test(kept),   cmocka_unit_test(shared_content),
        cmocka_unit_test(undone), cmocka_unit_test(one_after_another),
        cmocka_unit_test(swept),  cmocka_unit_test(never_whole),
        cmocka_unit_test(lists),  cmocka_unit_test(pages),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
