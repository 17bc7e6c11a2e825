/* What the coordinator keeps of builds: replaced, bounded, locked by one. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "coordinator/builds.h"
#include "coordinator/jobq.h"
#include "coordinator/schema.h"

#define KEY  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA  "0123456789abcdef0123456789abcdef01234567"

static char dir[] = "/tmp/outlayer-builds-XXXXXX";
static struct db *d;
static struct buf why;

static int set_up(void **state)
{
    struct buf path = BUF_INIT(256);
    enum err e;

    (void)state;
    why = WHY_INIT;
    if (!mkdtemp(dir))
        return -1;
    buf_addf(&path, "%s/db", dir);
    e = db_open(&(struct db_opts){.path = buf_z(&path), .durable = DB_NORMAL}, &d, &why);
    buf_release(&path);
    if (!e)
        e = schema_migrate(d, &why);
    return e ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    db_close(d);
    buf_release(&why);
    return dir_remove(dir, NULL) ? -1 : 0;
}

static const struct build_row good = {.key = {KEY, 64},
                                      .repo = {"https://github.com/a/b", 22},
                                      .commit = {SHA, 40},
                                      .target = {"wasm32-wasip1", 13},
                                      .ok = true,
                                      .sha256 = {HASH, 64},
                                      .size = 5,
                                      .compile_ms = 7,
                                      .made_ms = 9000,
                                      .record = {"{\"x\":1}", 7},
                                      .log = {"said\n", 5},
                                      .signer = {"ed25519:s", 9},
                                      .signature = {"ed25519:t", 9},
                                      .worker = {"w", 1}};

static void records(void **state)
{
    struct build_row failed = good;
    struct buf b = BUF_INIT(4096);

    (void)state;
    assert_int_equal(build_write(d, STR(KEY), &b, NULL), ERR_ABSENT);
    assert_ok(build_put(d, &good, &why), why);
    assert_ok(build_write(d, STR(KEY), &b, &why), why);
    assert_str(buf_str(&b),
               "{\"sha256\":\"" HASH "\",\"record\":{\"x\":1},\"signer\":\"ed25519:s\","
               "\"signature\":\"ed25519:t\",\"size\":5,\"compile_ms\":7,"
               "\"made_ms\":9000}");
    buf_clear(&b);
    assert_ok(wasm_info_write(d, good.repo, good.commit, good.target, &b, &why), why);
    assert_str(buf_str(&b), "{\"exists\":true,\"checksum\":\"" HASH "\",\"file_size\":5,"
                            "\"created_at\":9}");
    buf_clear(&b);
    assert_ok(wasm_exists_write(d, STR(KEY), &b, &why), why);
    assert_str(buf_str(&b), "{\"exists\":false,\"created_at\":null}");
    /* A failure that came later is no program. */
    failed.ok = false;
    assert_ok(build_put(d, &failed, &why), why);
    assert_int_equal(build_write(d, STR(KEY), &b, NULL), ERR_ABSENT);
    buf_release(&b);
}

static void locks(void **state)
{
    bool got;

    (void)state;
    assert_ok(build_lock(d, STR(KEY), STR("one"), 1000, 5000, &got, &why), why);
    assert_true(got);
    assert_ok(build_lock(d, STR(KEY), STR("two"), 1000, 5500, &got, &why), why);
    assert_false(got);
    /* Its holder keeps it longer. */
    assert_ok(build_lock(d, STR(KEY), STR("one"), 1000, 5900, &got, &why), why);
    assert_true(got);
    assert_ok(build_lock(d, STR(KEY), STR("two"), 1000, 6500, &got, &why), why);
    assert_false(got);
    /* Nobody else gives it back; it runs out. */
    assert_ok(build_unlock(d, STR(KEY), STR("two"), &why), why);
    assert_ok(build_lock(d, STR(KEY), STR("two"), 1000, 6600, &got, &why), why);
    assert_false(got);
    assert_ok(build_lock(d, STR(KEY), STR("two"), 1000, 6901, &got, &why), why);
    assert_true(got);
    assert_ok(build_unlock(d, STR(KEY), STR("two"), &why), why);
    assert_ok(build_lock(d, STR(KEY), STR("one"), 1000, 6902, &got, &why), why);
    assert_true(got);
}

static void programs(void **state)
{
    static const size_t size = 60u << 20;
    struct buf bytes = BUF_INIT(size), back = BUF_INIT(size);
    bool has;

    (void)state;
    assert_ok(program_put(d, STR("first"), STR("bytes"), 1, &why), why);
    assert_ok(program_write(d, STR("first"), 2, &back, &why), why);
    assert_str(buf_str(&back), "bytes");
    /* More than is kept: the one that was not used for longest goes. */
    while (bytes.len < size)
        buf_addz(&bytes, "0123456789abcdef");
    for (char name[2] = "a"; name[0] < 'a' + 9; name[0]++)
        assert_ok(program_put(d, str_of(name), buf_str(&bytes), (uint64_t)name[0], &why), why);
    assert_ok(program_has(d, STR("first"), &has, &why), why);
    assert_false(has);
    assert_ok(program_has(d, STR("i"), &has, &why), why);
    assert_true(has);
    assert_int_equal(program_write(d, STR("first"), 2, &back, NULL), ERR_ABSENT);
    buf_release(&bytes);
    buf_release(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records),
        cmocka_unit_test(locks),
        cmocka_unit_test(programs),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
