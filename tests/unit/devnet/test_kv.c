/* test_kv.c — the map of the state: order, undo, change records. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "devnet/kv.h"

static void keeps_order_and_prefixes(void **state)
{
    struct kv *kv = kv_new();
    struct kv_iter it;

    (void)state;
    kv_put(kv, STR("b"), STR("2"));
    kv_put(kv, STR("a"), STR("1"));
    kv_put(kv, STR("ab"), STR("12"));
    kv_put(kv, STR("ac"), STR(""));
    it = kv_walk(kv, STR("a"));
    assert_true(kv_next(&it));
    assert_str(it.key, "a");
    assert_true(kv_next(&it));
    assert_str(it.key, "ab");
    assert_true(kv_next(&it));
    assert_str(it.key, "ac");
    assert_int_equal(it.value.len, 0);
    assert_non_null(it.value.ptr);
    assert_false(kv_next(&it));
    it = kv_walk_after(kv, STR("a"), STR("ab"));
    assert_true(kv_next(&it));
    assert_str(it.key, "ac");
    kv_del_prefix(kv, STR("a"));
    assert_int_equal(kv_count(kv), 1);
    assert_null(kv_get(kv, STR("ab")).ptr);
    kv_free(kv);
}

static void undoes_to_a_mark(void **state)
{
    struct kv *kv = kv_new();
    size_t mark;

    (void)state;
    kv_put(kv, STR("kept"), STR("old"));
    mark = kv_mark(kv);
    kv_put(kv, STR("kept"), STR("new"));
    kv_put(kv, STR("kept"), STR("newer"));
    kv_del(kv, STR("kept"));
    kv_put(kv, STR("extra"), STR("x"));
    kv_rollback(kv, mark);
    assert_str(kv_get(kv, STR("kept")), "old");
    assert_null(kv_get(kv, STR("extra")).ptr);
    assert_int_equal(kv_count(kv), 1);
    kv_free(kv);
}

static void tells_what_each_group_left(void **state)
{
    struct kv *kv = kv_new();
    struct kv_sealed s;
    size_t mark;

    (void)state;
    kv_put(kv, STR("a"), STR("0"));
    kv_seal(kv, &s);
    assert_int_equal(s.n_rows, 1);
    assert_int_equal(s.n_changes, 0); /* in no group */
    kv_sealed_release(&s);

    kv_put(kv, STR("a"), STR("1"));
    kv_put(kv, STR("b"), STR("x"));
    kv_close_group(kv, 4);
    kv_put(kv, STR("a"), STR("2"));
    kv_put(kv, STR("a"), STR("3"));
    mark = kv_mark(kv);
    kv_put(kv, STR("c"), STR("gone"));
    kv_rollback(kv, mark);
    kv_del(kv, STR("b"));
    kv_close_group(kv, 5);
    kv_seal(kv, &s);
    assert_int_equal(s.n_changes, 4);
    assert_str(s.changes[0].key, "a");
    assert_int_equal(s.changes[0].group, 4);
    assert_str(kv_val_str(s.changes[0].value), "1");
    assert_str(kv_val_str(s.changes[1].value), "3");
    assert_str(s.changes[2].key, "b");
    assert_null(s.changes[3].value);
    /* b came and went within the block, c never was: only a is a row. */
    assert_int_equal(s.n_rows, 1);
    assert_str(kv_val_str(s.rows[0].before), "0");
    assert_str(kv_val_str(s.rows[0].after), "3");
    kv_sealed_release(&s);
    kv_free(kv);
}

/* Against an array that does the same slowly. */
static void agrees_with_a_plain_array(void **state)
{
    enum { KEYS = 300, STEPS = 30000 };
    static int now[KEYS], saved[KEYS];
    struct kv *kv = kv_new();
    struct kv_sealed s;
    size_t mark = 0, live = 0;
    unsigned seed = 1;

    (void)state;
    memset(now, 0xff, sizeof(now));
    memcpy(saved, now, sizeof(now));
    for (int i = 0; i < STEPS; i++) {
        char key[16], value[16];
        const int k = rand_r(&seed) % KEYS, what = rand_r(&seed) % 100;

        snprintf(key, sizeof(key), "k%d", k);
        snprintf(value, sizeof(value), "%d", i);
        if (what < 50) {
            kv_put(kv, str_of(key), str_of(value));
            now[k] = i;
        } else if (what < 80) {
            kv_del(kv, str_of(key));
            now[k] = -1;
        } else if (what < 90) {
            mark = kv_mark(kv);
            memcpy(saved, now, sizeof(now));
        } else if (what < 97) {
            kv_rollback(kv, mark);
            memcpy(now, saved, sizeof(now));
        } else {
            kv_close_group(kv, (uint32_t)i);
            kv_seal(kv, &s);
            kv_sealed_release(&s);
            mark = 0;
            memcpy(saved, now, sizeof(now));
        }
        snprintf(value, sizeof(value), "%d", now[k]);
        if (now[k] < 0)
            assert_null(kv_get(kv, str_of(key)).ptr);
        else
            assert_str(kv_get(kv, str_of(key)), value);
    }
    for (int k = 0; k < KEYS; k++)
        live += now[k] >= 0;
    assert_int_equal(kv_count(kv), live);
    {
        struct kv_iter it = kv_walk(kv, STR("k"));
        size_t walked = 0;

        while (kv_next(&it))
            walked++;
        assert_int_equal(walked, live);
    }
    kv_free(kv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_and_prefixes),
        cmocka_unit_test(undoes_to_a_mark),
        cmocka_unit_test(tells_what_each_group_left),
        cmocka_unit_test(agrees_with_a_plain_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
