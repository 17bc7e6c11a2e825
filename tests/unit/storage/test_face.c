/* near:storage/api over a store in memory: results, errors in words, counters under fire, lists,
 * the worker's area and that of other projects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/json.h"
#include "storage/local.h"

struct fixture {
    struct local_store local;
    struct storage_face face;
    struct host_reply out;
    struct buf why;
};

static int start(void **state)
{
    struct fixture *f = mem_new(struct fixture);

    f->why = WHY_INIT;
    for (size_t i = 0; i < HOST_RESULTS_MAX; i++)
        f->out.text[i] = BUF_INIT(HOST_TOLD_MAX);
    if (local_store_open(&f->local, NULL, &f->why))
        fail_msg("%s", buf_z(&f->why));
    f->face = (struct storage_face){.store = &f->local.store,
                                    .project = STR(STORAGE_LOCAL_PROJECT),
                                    .account = STR("alice.near"),
                                    .wasm = sha256(STR("v1"))};
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    local_store_close(&f->local);
    for (size_t i = 0; i < HOST_RESULTS_MAX; i++)
        buf_release(&f->out.text[i]);
    buf_release(&f->why);
    mem_free(f);
    return 0;
}

static enum err call(struct fixture *f, enum host_storage_fn fn, struct host_val a,
                     struct host_val b, struct host_val c)
{
    const struct host_call call = {.fn = &host_faces[HOST_STORAGE].fns[fn], .args = {a, b, c}};

    for (size_t i = 0; i < HOST_RESULTS_MAX; i++) {
        buf_clear(&f->out.text[i]);
        f->out.n[i] = 0;
    }
    buf_clear(&f->why);
    return storage_serve(&f->face, &call, clock_mono_ms() + 10000, &f->out, &f->why);
}

#define S(z) ((struct host_val){.s = str_of(z)})
#define N(i) ((struct host_val){.n = (uint64_t)(int64_t)(i)})
#define NONE ((struct host_val){.none = true})
#define ZERO ((struct host_val){0})

#define CALL(fn, ...)     call_of(f, HOST_STORAGE_##fn, (struct host_val[3]){__VA_ARGS__})
#define assert_text(i, z) assert_string_equal(buf_z(&f->out.text[i]), z)
#define FAILS(e, words, fn, ...)                                                                   \
    do {                                                                                           \
        assert_int_equal(CALL(fn, __VA_ARGS__), e);                                                \
        if (!strstr(buf_z(&f->why), words))                                                        \
            fail_msg("%s", buf_z(&f->why));                                                        \
    } while (0)

static enum err call_of(struct fixture *f, enum host_storage_fn fn, const struct host_val a[3])
{
    return call(f, fn, a[0], a[1], a[2]);
}

static void values(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(CALL(GET, S("k")), ERR_OK);
    assert_text(0, "");
    assert_int_equal(CALL(SET, S("k"), S("v")), ERR_OK);
    assert_int_equal(CALL(GET, S("k")), ERR_OK);
    assert_text(0, "v");
    assert_int_equal(CALL(SET, S("empty"), S("")), ERR_OK);
    assert_int_equal(CALL(HAS, S("empty")), ERR_OK);
    assert_int_equal(f->out.n[0], true);
    assert_int_equal(CALL(DELETE, S("k")), ERR_OK);
    assert_int_equal(f->out.n[0], true);
    assert_int_equal(CALL(DELETE, S("k")), ERR_OK);
    assert_int_equal(f->out.n[0], false);
    assert_int_equal(CALL(HAS, S("k")), ERR_OK);
    assert_int_equal(f->out.n[0], false);
}

static void limits_in_words(void **state)
{
    struct fixture *f = *state;
    char *big = mem_alloc(STORAGE_VALUE_MAX + 2);

    memset(big, 'k', STORAGE_VALUE_MAX + 1);
    FAILS(ERR_RANGE, "a key has 1 to 1024 bytes, this one has 0", SET, S(""), S("v"));
    big[STORAGE_KEY_MAX] = '\0';
    assert_int_equal(CALL(SET, S(big), S("v")), ERR_OK);
    big[STORAGE_KEY_MAX] = 'k';
    big[STORAGE_KEY_MAX + 1] = '\0';
    FAILS(ERR_RANGE, "this one has 1025", GET, S(big));
    big[STORAGE_KEY_MAX + 1] = 'k';
    FAILS(ERR_TOO_BIG, "a value has at most 1048576 bytes, this one has 1048577", SET, S("k"),
          S(big));
    FAILS(ERR_TOO_BIG, "a value", SET_IF_ABSENT, S("k"), S(big));
    FAILS(ERR_TOO_BIG, "a value", SET_IF_EQUALS, S("k"), S(""), S(big));
    FAILS(ERR_TOO_BIG, "a value", SET_WORKER, S("k"), S(big), NONE);
    big[STORAGE_VALUE_MAX] = '\0';
    assert_int_equal(CALL(SET, S("k"), S(big)), ERR_OK);
    assert_int_equal(CALL(GET, S("k")), ERR_OK);
    assert_int_equal(f->out.text[0].len, STORAGE_VALUE_MAX);
    mem_free(big);
}

static void conditions(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(CALL(SET_IF_EQUALS, S("k"), S(""), S("x")), ERR_OK);
    assert_int_equal(f->out.n[0], false); /* a missing key equals nothing */
    assert_text(1, "");
    assert_int_equal(CALL(SET_IF_ABSENT, S("k"), S("a")), ERR_OK);
    assert_int_equal(f->out.n[0], true);
    assert_int_equal(CALL(SET_IF_ABSENT, S("k"), S("b")), ERR_OK);
    assert_int_equal(f->out.n[0], false);
    assert_int_equal(CALL(SET_IF_EQUALS, S("k"), S("b"), S("c")), ERR_OK);
    assert_int_equal(f->out.n[0], false);
    assert_text(1, "a");
    assert_int_equal(CALL(SET_IF_EQUALS, S("k"), S("a"), S("c")), ERR_OK);
    assert_int_equal(f->out.n[0], true);
    assert_text(1, "");
    assert_int_equal(CALL(GET, S("k")), ERR_OK);
    assert_text(0, "c");
}

static void counters(void **state)
{
    struct fixture *f = *state;
    static const uint8_t five[8] = {5};

    assert_int_equal(CALL(INCREMENT, S("n"), N(5)), ERR_OK);
    assert_int_equal((int64_t)f->out.n[0], 5);
    assert_int_equal(CALL(GET, S("n")), ERR_OK);
    assert_int_equal(f->out.text[0].len, 8);
    assert_memory_equal(f->out.text[0].ptr, five, 8);
    assert_int_equal(CALL(DECREMENT, S("n"), N(7)), ERR_OK);
    assert_int_equal((int64_t)f->out.n[0], -2);
    assert_int_equal(CALL(DECREMENT, S("m"), N(3)), ERR_OK);
    assert_int_equal((int64_t)f->out.n[0], -3);
    FAILS(ERR_RANGE, "overflow", DECREMENT, S("m"), N(INT64_MIN));
    assert_int_equal(CALL(INCREMENT, S("max"), N(INT64_MAX)), ERR_OK);
    FAILS(ERR_RANGE, "overflow", INCREMENT, S("max"), N(1));
    FAILS(ERR_RANGE, "overflow", DECREMENT, S("m"), N(INT64_MAX));
    assert_int_equal(CALL(SET, S("text"), S("seven")), ERR_OK);
    FAILS(ERR_FORMAT, "no counter: it has 5 bytes", INCREMENT, S("text"), N(1));
    assert_int_equal(CALL(SET, S("none"), S("")), ERR_OK);
    FAILS(ERR_FORMAT, "no counter: it has 0 bytes", INCREMENT, S("none"), N(1));
}

/* Somebody else writes between look and write, so many times. */
static enum err (*real_put)(void *, const struct space *, const struct put *, bool *, struct buf *);
static int meddle;

static enum err late_put(void *ctx, const struct space *s, const struct put *p, bool *done,
                         struct buf *why)
{
    static const uint8_t values[4][8] = {{10}, {20}, {30}, {40}};

    if (p->when != WHEN_ALWAYS && meddle > 0) {
        struct put other = *p;
        bool ignored;

        other.when = WHEN_ALWAYS;
        other.record.value = str_from(values[--meddle % 4], 8);
        assert_int_equal(real_put(ctx, s, &other, &ignored, why), ERR_OK);
    }
    return real_put(ctx, s, p, done, why);
}

static void concurrent_changes_lose_nothing(void **state)
{
    struct fixture *f = *state;

    real_put = f->local.store.put;
    f->local.store.put = late_put;
    meddle = 4; /* 40, 30, 20, 10 come between */
    assert_int_equal(CALL(INCREMENT, S("n"), N(1)), ERR_OK);
    assert_int_equal(f->out.n[0], 11);
    meddle = STORAGE_TRIES;
    FAILS(ERR_BUSY, "others changed the counter 200 times", INCREMENT, S("n"), N(1));
    meddle = 1; /* what is expected is not what is there any more */
    assert_int_equal(CALL(INCREMENT, S("n"), N(0)), ERR_OK);
    static const uint8_t ten[9] = {10};
    meddle = 2;
    assert_int_equal(CALL(SET_IF_EQUALS, S("n"), S((const char *)ten), S("x")), ERR_OK);
    assert_int_equal(f->out.n[0], false);
    meddle = 1;
    assert_int_equal(CALL(SET_IF_ABSENT, S("new"), S("mine")), ERR_OK);
    assert_int_equal(f->out.n[0], false); /* the other one was first */
}

static void lists(void **state)
{
    struct fixture *f = *state;
    struct json v;

    assert_int_equal(CALL(LIST_KEYS, S("")), ERR_OK);
    assert_text(0, "[]");
    assert_int_equal(CALL(SET, S("b\"\\\n"), S("1")), ERR_OK);
    assert_int_equal(CALL(SET, S("b:2"), S("1")), ERR_OK);
    assert_int_equal(CALL(SET, S("a\xc3\xa4"), S("1")), ERR_OK);
    assert_int_equal(CALL(SET_WORKER, S("b:hidden"), S("1"), NONE), ERR_OK);
    assert_int_equal(CALL(LIST_KEYS, S("")), ERR_OK);
    assert_text(0, "[\"a\xc3\xa4\",\"b\\\"\\\\\\n\",\"b:2\"]");
    assert_int_equal(CALL(LIST_KEYS, S("b:")), ERR_OK);
    assert_text(0, "[\"b:2\"]");
    for (int i = 0; i < 1000; i++) { /* several pages, one of them exactly full */
        char key[16];
        snprintf(key, sizeof(key), "k%03d", i);
        assert_int_equal(CALL(SET, S(key), S("1")), ERR_OK);
        if (i == 196 || i == 999) {
            assert_int_equal(CALL(LIST_KEYS, S("")), ERR_OK);
            assert_true(json_parse(buf_str(&f->out.text[0]), &v, NULL));
            assert_int_equal(json_count(v), i + 4);
        }
    }
    assert_true(json_str_eq(json_at(v, 1002), STR("k999")));
}

static void versions(void **state)
{
    char v1[65], v2[65];
    struct fixture *f = *state;
    struct hash256 h1 = sha256(STR("v1")), h2 = sha256(STR("v2"));
    struct buf b1 = BUF_OVER(v1), b2 = BUF_OVER(v2);

    hash_put_hex(&b1, &h1);
    hash_put_hex(&b2, &h2);
    assert_int_equal(CALL(SET, S("k"), S("old")), ERR_OK);
    assert_int_equal(CALL(SET, S("l"), S("old")), ERR_OK);
    f->face.wasm = h2;
    assert_int_equal(CALL(GET, S("k")), ERR_OK); /* data survives a new version */
    assert_text(0, "old");
    assert_int_equal(CALL(SET, S("k"), S("new")), ERR_OK);
    assert_int_equal(CALL(GET_BY_VERSION, S("k"), S(v1)), ERR_OK);
    assert_text(0, "");
    assert_int_equal(CALL(GET_BY_VERSION, S("k"), S(v2)), ERR_OK);
    assert_text(0, "new");
    for (char *c = v1; *c; c++)
        *c = *c >= 'a' ? (char)(*c - 32) : *c;
    assert_int_equal(CALL(GET_BY_VERSION, S("l"), S(v1)), ERR_OK);
    assert_text(0, "old");
    FAILS(ERR_FORMAT, "64 hexadecimal digits", GET_BY_VERSION, S("l"), S("v1"));
    FAILS(ERR_FORMAT, "64 hexadecimal digits", CLEAR_VERSION, S("../"));
    /* Another project with the same program sees and clears its own. */
    f->face.project = STR("p0000000000000002");
    assert_int_equal(CALL(GET_BY_VERSION, S("l"), S(v1)), ERR_OK);
    assert_text(0, "");
    assert_int_equal(CALL(CLEAR_VERSION, S(v1)), ERR_OK);
    assert_int_equal(CALL(CLEAR_ALL, ZERO), ERR_OK);
    f->face.project = STR(STORAGE_LOCAL_PROJECT);
    assert_int_equal(CALL(HAS, S("l")), ERR_OK);
    assert_int_equal(f->out.n[0], true);
    assert_int_equal(CALL(CLEAR_VERSION, S(v1)), ERR_OK);
    assert_int_equal(CALL(LIST_KEYS, S("")), ERR_OK);
    assert_text(0, "[\"k\"]");
}

static void the_workers_area(void **state)
{
    struct fixture *f = *state;
    const struct host_val sealed = N(1), open = N(0);

    assert_int_equal(CALL(SET_WORKER, S("s"), S("hidden"), NONE), ERR_OK);
    assert_int_equal(CALL(SET_WORKER, S("t"), S("hidden too"), sealed), ERR_OK);
    assert_int_equal(CALL(SET_WORKER, S("p"), S("price"), open), ERR_OK);
    assert_int_equal(CALL(GET, S("s")), ERR_OK); /* not the account's */
    assert_text(0, "");
    f->face.account = STR("bob.near"); /* but everybody's in the project */
    assert_int_equal(CALL(GET_WORKER, S("s"), NONE), ERR_OK);
    assert_text(0, "hidden");
    assert_int_equal(CALL(GET_WORKER, S("p"), NONE), ERR_OK);
    assert_text(0, "price");
    assert_int_equal(CALL(CLEAR_ALL, ZERO), ERR_OK); /* the account's only */
    assert_int_equal(CALL(GET_WORKER, S("s"), S(STORAGE_LOCAL_PROJECT)), ERR_OK);
    assert_text(0, "hidden"); /* one's own by its uuid */
    f->face.project = STR("p0000000000000002");
    assert_int_equal(CALL(GET_WORKER, S("p"), S(STORAGE_LOCAL_PROJECT)), ERR_OK);
    assert_text(0, "price");
    FAILS(ERR_DENIED, "encrypted, not public", GET_WORKER, S("s"), S(STORAGE_LOCAL_PROJECT));
    assert_text(0, "");
    assert_int_equal(CALL(GET_WORKER, S("missing"), S(STORAGE_LOCAL_PROJECT)), ERR_OK);
    assert_text(0, "");
    assert_int_equal(CALL(GET_WORKER, S("p"), S("nobody/knows")), ERR_OK);
    assert_text(0, "");
    FAILS(ERR_FORMAT, "uuid or as owner/name", GET_WORKER, S("p"), S("p1"));
    FAILS(ERR_FORMAT, "uuid or as owner/name", GET_WORKER, S("p"), S(""));
    FAILS(ERR_FORMAT, "uuid or as owner/name", GET_WORKER, S("p"), S("p0000000000000001:alice"));
}

/* A store that gives a record in the clear where only sealed ones may be, or another key's. */
static enum err lying_get(void *ctx, const struct space *s, const struct hash256 *key,
                          struct stored *out, struct buf *bytes, struct buf *why)
{
    struct local_store *l = ctx;
    enum err e = records_get(l->db, s, key, out, bytes, why);

    out->is_public = true;
    return e;
}

static enum err lying_list(void *ctx, const struct space *s, const struct hash256 *after,
                           uint64_t limit, stored_fn *each, void *each_ctx, struct buf *why)
{
    const struct stored r = {.key_hash = sha256(STR("this")), .key = STR("that")};

    (void)ctx;
    (void)s;
    (void)after;
    (void)limit;
    return each(each_ctx, &r, why);
}

static void a_store_that_lies(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(CALL(SET, S("k"), S("v")), ERR_OK);
    f->local.store.get = lying_get;
    FAILS(ERR_UPSTREAM, "not sealed", GET, S("k"));
    FAILS(ERR_UPSTREAM, "not sealed", SET_IF_EQUALS, S("k"), S("v"), S("w"));
    f->local.store.list = lying_list;
    FAILS(ERR_UPSTREAM, "not what its place says", LIST_KEYS, S(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values, start, stop),
        cmocka_unit_test_setup_teardown(limits_in_words, start, stop),
        cmocka_unit_test_setup_teardown(conditions, start, stop),
        cmocka_unit_test_setup_teardown(counters, start, stop),
        cmocka_unit_test_setup_teardown(concurrent_changes_lose_nothing, start, stop),
        cmocka_unit_test_setup_teardown(lists, start, stop),
        cmocka_unit_test_setup_teardown(versions, start, stop),
        cmocka_unit_test_setup_teardown(the_workers_area, start, stop),
        cmocka_unit_test_setup_teardown(a_store_that_lies, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
