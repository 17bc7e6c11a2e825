/* The table against the files it is made from: nothing stale, nothing missing. */
#include <stdio.h>

#include "base/file.h"
#include "codec/json.h"
#include "test.h"
#include "vm/params.h"

static struct json file(struct buf *text, uint32_t protocol)
{
    char path[512];
    struct buf why = WHY_INIT;
    struct json v;

    snprintf(path, sizeof path, TESTS_DIR "/../lib/vm/params/params-%u.json", protocol);
    assert_ok(file_read(path, text, &why), why);
    assert_true(json_parse(buf_str(text), &v, NULL));
    buf_release(&why);
    return v;
}

static uint64_t number(struct json v)
{
    uint64_t n = UINT64_MAX;

    if (json_type(v) != JSON_ABSENT)
        assert_true(json_u64(v, &n));
    return n;
}

static void test_ext(const struct params *p, struct json all)
{
    static const char *const names[] = {
#define X(name) #name,
        EXT_COST_LIST(X)
#undef X
    };

    for (size_t i = 0; i < countof(names); i++) {
        struct json v = json_get(json_get(all, "ext_costs"), names[i]);

        if (json_type(v) == JSON_ABSENT) {
            assert_int_equal(p->ext[i].gas, 0);
            continue;
        }
        assert_int_equal(number(json_get(v, "index")), i);
        assert_int_equal(number(json_get(v, "gas")), p->ext[i].gas);
    }
}

static void test_actions(const struct params *p, struct json all)
{
    static const char *const names[] = {
#define X(name) #name,
        ACTION_COST_LIST(X)
#undef X
    };

    for (size_t i = 0; i < countof(names); i++) {
        struct json v = json_get(json_get(all, "action_fees"), names[i]);

        if (json_type(v) == JSON_ABSENT) {
            assert_int_equal(p->action[i].exec, 0);
            continue;
        }
        assert_int_equal(number(json_get(v, "send_sir")), p->action[i].send_sir);
        assert_int_equal(number(json_get(v, "send_not_sir")), p->action[i].send_not_sir);
        assert_int_equal(number(json_get(v, "execution")), p->action[i].exec);
    }
}

static void test_limits(const struct params *p, struct json all)
{
#define X(name) assert_int_equal(p->name, number(json_get(json_get(all, "limits"), #name)));
    LIMIT_LIST(X)
#undef X
#define X(name)                                                                                    \
    {                                                                                              \
        bool on = false;                                                                           \
        struct json v = json_get(json_get(all, "vm"), #name);                                      \
        if (json_type(v) == JSON_BOOL)                                                             \
            assert_true(json_bool(v, &on));                                                        \
        assert_int_equal(p->name, on);                                                             \
    }
    VM_FLAG_LIST(X)
#undef X
    assert_int_equal(p->wasm_regular_op_cost,
                     number(json_get(json_get(all, "vm"), "wasm_regular_op_cost")));
}

static void test_tables(void **state)
{
    (void)state;
    assert_true(params_table_len == 2);
    for (size_t i = 0; i < params_table_len; i++) {
        const struct params *p = &params_table[i];
        struct buf text = BUF_INIT(1 << 20);
        struct json all = file(&text, p->protocol);

        assert_ptr_equal(params_for(p->protocol), p);
        assert_int_equal(number(json_get(all, "protocol_version")), p->protocol);
        test_ext(p, all);
        test_actions(p, all);
        test_limits(p, all);
        buf_release(&text);
    }
    assert_null(params_for(80));
}

static void test_names(void **state)
{
    (void)state;
    assert_str(str_of(ext_cost_name(EXT_base)), "BASE");
    assert_str(str_of(ext_cost_name(EXT_bls12381_g1_multiexp_element)),
               "BLS12381_G1_MULTIEXP_ELEMENT");
    assert_str(str_of(action_cost_name(ACTION_new_action_receipt)), "NEW_ACTION_RECEIPT");
    assert_str(str_of(action_cost_name(ACTION_COUNT)), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests_name("vm params", tests, NULL, NULL);
}
