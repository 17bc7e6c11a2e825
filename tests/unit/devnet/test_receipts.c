/* test_receipts.c — promises: order, callbacks, joins, returned promises, what failure undoes. */
#include "test.h"

#include "testchain.h"

static void open_apps(struct tc *t, uint32_t protocol)
{
    tc_open(t, protocol);
    tc_account(t, "alice.test", 1000, STR_NONE);
    tc_account(t, "a.test", 1000, tc_actor(t));
    tc_account(t, "b.test", 1000, tc_actor(t));
}

static struct str value(struct tc *t, const char *text)
{
    struct buf *b = pr_new(t);

    pr_text(b, 'v', text);
    return pr_done(t, b);
}

static struct str one(struct tc *t, char op, const char *text)
{
    struct buf *b = pr_new(t);

    if (text)
        pr_text(b, op, text);
    else
        pr_op(b, op);
    return pr_done(t, b);
}

/* A call, an inner call and a callback take three blocks; the value is the callback's. */
static void calls_back(void **state)
{
    struct tc t;
    struct buf *b;
    struct action x;
    struct hash256 tx;
    const struct outcome *o, *inner, *then;
    uint64_t h0, h;

    (void)state;
    open_apps(&t, 88);
    b = pr_new(&t);
    pr_text(b, 'b', "b.test");
    pr_call(b, 0, value(&t, "inner"), 0, 10 * TGAS, 0);
    pr_then(b, 0, "a.test");
    pr_call(b, 1, one(&t, 'i', NULL), 0, 10 * TGAS, 0);
    pr_at(b, 'r', 1);
    x = tc_call(&t, "run", pr_done(&t, b), 100 * TGAS, 0);
    tx = tc_send(&t, "alice.test", "a.test", &x, 1);
    tc_block(&t);
    h0 = tc_height(&t);
    tc_settle(&t);
    o = tc_first(&t, &tx);
    assert_int_equal(o->n_receipt_ids, 3); /* inner, callback, gas refund */
    assert_int_equal(o->status, STATUS_RECEIPT);
    assert_true(hash_eq(&o->receipt_id, &o->receipt_ids[1]));
    inner = tc_outcome(&t, &o->receipt_ids[0], &h);
    assert_int_equal(h, h0 + 2);
    assert_str(inner->value, "inner");
    then = tc_outcome(&t, &o->receipt_ids[1], &h);
    assert_int_equal(h, h0 + 3);
    assert_str(then->value, "1:inner;");
    tc_close(&t);
}

static void callback_hears_of_failure(void **state)
{
    struct tc t;
    struct buf *b;

    (void)state;
    open_apps(&t, 88);
    b = pr_new(&t);
    pr_text(b, 'b', "b.test");
    pr_call(b, 0, one(&t, 'p', "no"), 0, 10 * TGAS, 0);
    pr_then(b, 0, "a.test");
    pr_call(b, 1, one(&t, 'i', NULL), 0, 10 * TGAS, 0);
    pr_at(b, 'r', 1);
    assert_str(tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 100 * TGAS, 0)->value, "2:;");
    tc_close(&t);
}

/* A join of three, one of them slower by two blocks: the callback waits for all. */
static void joins(void **state)
{
    struct tc t;
    struct buf *b, *slow;

    (void)state;
    open_apps(&t, 79);
    slow = pr_new(&t);
    pr_text(slow, 'b', "a.test");
    pr_call(slow, 0, value(&t, "slow"), 0, 5 * TGAS, 0);
    pr_at(slow, 'r', 0);
    b = pr_new(&t);
    pr_text(b, 'b', "b.test");
    pr_call(b, 0, value(&t, "x"), 0, 10 * TGAS, 0);
    pr_text(b, 'b', "b.test");
    pr_call(b, 1, pr_done(&t, slow), 0, 30 * TGAS, 0);
    pr_text(b, 'b', "nobody.test");
    pr_call(b, 2, value(&t, "z"), 0, 10 * TGAS, 0);
    pr_at(b, 'a', 3);
    pr_then(b, 3, "a.test");
    pr_call(b, 4, one(&t, 'i', NULL), 0, 10 * TGAS, 0);
    pr_at(b, 'r', 4);
    assert_str(tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 200 * TGAS, 0)->value,
               "1:x;1:slow;2:;");
    tc_close(&t);
}

/* What a returned promise returns goes to whoever waits for its maker. */
static void passes_the_value_on(void **state)
{
    struct tc t;
    struct buf *b, *inner;

    (void)state;
    open_apps(&t, 88);
    inner = pr_new(&t);
    pr_text(inner, 'b', "a.test");
    pr_call(inner, 0, value(&t, "deep"), 0, 5 * TGAS, 0);
    pr_at(inner, 'r', 0);
    b = pr_new(&t);
    pr_text(b, 'b', "b.test");
    pr_call(b, 0, pr_done(&t, inner), 0, 30 * TGAS, 0);
    pr_then(b, 0, "a.test");
    pr_call(b, 1, one(&t, 'i', NULL), 0, 10 * TGAS, 0);
    pr_at(b, 'r', 1);
    assert_str(tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 100 * TGAS, 0)->value, "1:deep;");
    tc_close(&t);
}

/* One receipt is one unit: what its earlier actions wrote and promised goes with it. */
static void failure_undoes_all_actions(void **state)
{
    struct tc t;
    struct buf *b;
    struct action x[2];
    struct hash256 tx;
    const struct outcome *o;
    u128 before;

    (void)state;
    open_apps(&t, 88);
    b = pr_new(&t);
    pr_text(b, 'l', "first");
    pr_write(b, "k", STR("v"));
    pr_text(b, 'b', "b.test");
    pr_money(b, 0, NEAR_YOCTO);
    x[0] = tc_call(&t, "run", pr_done(&t, b), 50 * TGAS, NEAR_YOCTO);
    x[1] = tc_call(&t, "run", one(&t, 'p', "second fails"), 50 * TGAS, 2 * NEAR_YOCTO);
    before = tc_balance(&t, "a.test");
    tx = tc_send(&t, "alice.test", "a.test", x, 2);
    tc_settle(&t);
    o = tc_first(&t, &tx);
    assert_str(o->failure,
               "{\"ActionError\":{\"index\":1,\"kind\":{\"FunctionCallError\":{\"ExecutionError\":"
               "\"Smart contract panicked: second fails\"}}}}");
    assert_int_equal(o->n_logs, 1);        /* logs stay */
    assert_int_equal(o->n_receipt_ids, 2); /* deposit and gas come back, nothing else */
    assert_true(tc_receipt(&t, &o->receipt_ids[0])->actions[0].deposit == 3 * NEAR_YOCTO);
    assert_true(tc_balance(&t, "a.test") == before);
    assert_int_equal(tc_run(&t, "alice.test", "a.test", one(&t, 'g', "k"), 50 * TGAS, 0)->value.len,
                     0);
    tc_close(&t);
}

static void tells_who_called(void **state)
{
    struct tc t;
    struct buf *b;
    const struct outcome *o;

    (void)state;
    open_apps(&t, 88);
    b = pr_new(&t);
    pr_text(b, 'b', "b.test");
    pr_call(b, 0, one(&t, 'e', NULL), 3, 10 * TGAS, 0);
    pr_at(b, 'r', 0);
    o = tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 100 * TGAS, 0);
    assert_true(str_starts(o->value, STR("a.test alice.test \x03")));
    tc_close(&t);
}

/* Gas that is left goes to weighted calls by their weights, the rest of the division to the last.
 */
static void spreads_gas_by_weight(void **state)
{
    struct tc t;
    struct buf *b;
    struct action x;
    struct hash256 tx;
    const struct outcome *o;
    uint64_t one_part, three_parts;

    (void)state;
    open_apps(&t, 88);
    b = pr_new(&t);
    pr_text(b, 'b', "b.test");
    pr_call(b, 0, value(&t, "x"), 0, 0, 1);
    pr_text(b, 'b', "b.test");
    pr_call(b, 1, value(&t, "y"), 0, 0, 3);
    x = tc_call(&t, "run", pr_done(&t, b), 100 * TGAS, 0);
    tx = tc_send(&t, "alice.test", "a.test", &x, 1);
    tc_settle(&t);
    o = tc_first(&t, &tx);
    one_part = tc_receipt(&t, &o->receipt_ids[0])->actions[0].call.gas;
    three_parts = tc_receipt(&t, &o->receipt_ids[1])->actions[0].call.gas;
    assert_true(one_part > 20 * TGAS);
    assert_true(three_parts >= 3 * one_part && three_parts < 3 * one_part + 4);
    tc_close(&t);
}

static void storage_needs_a_balance(void **state)
{
    struct tc t;
    struct buf *b;
    char big[3000] = {0};
    const struct outcome *o;
    struct account a;
    uint64_t usage;

    (void)state;
    open_apps(&t, 88);
    /* The account holds as good as nothing beside its code. */
    tc_account(&t, "poor.test", 0, tc_actor(&t));
    b = pr_new(&t);
    pr_write(b, "k", str_from(big, sizeof(big)));
    o = tc_run(&t, "alice.test", "poor.test", pr_done(&t, b), 100 * TGAS, 0);
    assert_int_equal(o->status, STATUS_FAILURE);
    assert_true(str_starts(o->failure,
                           STR("{\"ActionError\":{\"index\":null,\"kind\":{\"LackBalanceForState\":"
                               "{\"account_id\":\"poor.test\",\"amount\":\"")));
    assert_true(tc_get(&t, "a.test", &a));
    usage = a.storage_usage;
    b = pr_new(&t);
    pr_write(b, "0123456789", str_from(big, 1024));
    assert_int_equal(tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 100 * TGAS, 0)->status,
                     STATUS_VALUE);
    assert_true(tc_get(&t, "a.test", &a));
    assert_int_equal(a.storage_usage, usage + 1074);
    b = pr_new(&t);
    pr_text(b, 'd', "0123456789");
    assert_non_null(tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 100 * TGAS, 0));
    assert_true(tc_get(&t, "a.test", &a));
    assert_int_equal(a.storage_usage, usage);
    tc_close(&t);
}

/* To oneself: the transaction's receipt runs in its own block, what it makes in the next. */
static void local_receipts_run_at_once(void **state)
{
    struct tc t;
    struct buf *b;
    struct action x;
    struct hash256 tx;
    const struct outcome *o;
    uint64_t sent, h;

    (void)state;
    open_apps(&t, 88);
    b = pr_new(&t);
    pr_text(b, 'b', "a.test");
    pr_call(b, 0, value(&t, "self"), 0, 10 * TGAS, 0);
    x = tc_call(&t, "run", pr_done(&t, b), 100 * TGAS, 0);
    tx = tc_send(&t, "a.test", "a.test", &x, 1);
    tc_block(&t);
    o = tc_outcome(&t, &tx, &sent);
    o = tc_outcome(&t, &o->receipt_ids[0], &h);
    assert_int_equal(h, sent);
    tc_block(&t);
    assert_non_null(tc_outcome(&t, &o->receipt_ids[0], &h));
    assert_int_equal(h, sent + 1);
    tc_close(&t);
}

/* More gas than a block holds: the rest waits its turn, in order, and nothing is lost. */
static void full_blocks_put_off(void **state)
{
    enum { CALLS = 12 };
    const struct chain_opts o = {.protocol = 88, .block_time_ms = 1000, .gas_limit = 10 * TGAS};
    struct tc t;
    struct hash256 tx[CALLS];
    uint64_t first = UINT64_MAX, last = 0;

    (void)state;
    tc_open_with(&t, &o);
    tc_account(&t, "alice.test", 1000, STR_NONE);
    tc_account(&t, "a.test", 1000, tc_actor(&t));
    for (size_t i = 0; i < CALLS; i++) {
        struct buf *b = pr_new(&t);
        struct action x;

        pr_op(b, 'o');
        wr_u32(b, 300000);
        x = tc_call(&t, "run", pr_done(&t, b), 50 * TGAS, 0);
        tx[i] = tc_send(&t, "alice.test", "a.test", &x, 1);
    }
    tc_settle(&t);
    for (size_t i = 0; i < CALLS; i++) {
        const struct outcome *out = tc_outcome(&t, &tx[i], NULL);
        uint64_t h;

        out = tc_outcome(&t, &out->receipt_ids[0], &h);
        assert_non_null(out);
        assert_int_equal(out->status, STATUS_VALUE);
        assert_true(h >= last);
        first = h < first ? h : first;
        last = h;
    }
    assert_true(last > first + 2);
    tc_close(&t);
}

/* An account made by a contract, given money, and deleted again by its maker's promise. */
static void makes_and_deletes_accounts(void **state)
{
    struct tc t;
    struct buf *b;
    struct account a;
    const struct outcome *o;
    struct action x;
    struct hash256 tx;
    uint64_t at, h;
    u128 before;

    (void)state;
    open_apps(&t, 88);
    b = pr_new(&t);
    pr_text(b, 'b', "kid.a.test");
    pr_at(b, 'n', 0);
    pr_money(b, 0, 3 * NEAR_YOCTO);
    o = tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 100 * TGAS, 0);
    assert_int_equal(o->status, STATUS_VALUE);
    assert_true(tc_get(&t, "kid.a.test", &a));
    assert_true(a.amount == 3 * NEAR_YOCTO);
    /* A lone DeleteAccount of a contract runs right after the call that made it. */
    before = tc_balance(&t, "b.test");
    tc_account(&t, "gone.test", 7, tc_actor(&t));
    b = pr_new(&t);
    pr_text(b, 'b', "gone.test");
    pr_delete(b, 0, "b.test");
    x = tc_call(&t, "run", pr_done(&t, b), 100 * TGAS, 0);
    tx = tc_send(&t, "alice.test", "gone.test", &x, 1);
    tc_settle(&t);
    o = tc_outcome(&t, &tx, NULL);
    o = tc_outcome(&t, &o->receipt_ids[0], &at);
    assert_int_equal(o->status, STATUS_VALUE);
    assert_non_null(tc_outcome(&t, &o->receipt_ids[0], &h));
    assert_int_equal(h, at);
    assert_false(tc_get(&t, "gone.test", &a));
    assert_true(tc_balance(&t, "b.test") - before > 6 * NEAR_YOCTO);
    tc_close(&t);
}

static void calls_refused_by_the_runtime(void **state)
{
    struct tc t;
    struct buf *b;
    const struct outcome *o;

    (void)state;
    open_apps(&t, 88);
    b = pr_new(&t);
    pr_text(b, 'b', "b.test");
    pr_money(b, 0, 2000 * NEAR_YOCTO);
    o = tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 100 * TGAS, 0);
    assert_str(o->failure,
               "{\"ActionError\":{\"index\":0,\"kind\":{\"FunctionCallError\":{\"ExecutionError\":"
               "\"Exceeded the account balance.\"}}}}");
    b = pr_new(&t);
    pr_text(b, 'b', "Not Valid");
    o = tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 100 * TGAS, 0);
    assert_str(o->failure,
               "{\"ActionError\":{\"index\":0,\"kind\":{\"FunctionCallError\":{\"ExecutionError\":"
               "\"VM Logic returned an invalid account id\"}}}}");
    tc_close(&t);
}

/* Arguments that a contract builds may be larger than any transaction. */
static void large_arguments_travel(void **state)
{
    enum { LARGE = 3 << 20 };
    struct receipt r = {.kind = RECEIPT_ACTION};
    struct action x = {.kind = ACTION_FUNCTION_CALL};
    struct buf b = BUF_INIT(RECEIPT_BYTES_MAX);
    struct arena a = ARENA_INIT;
    const char key[32] = {0};
    struct receipt *back;
    struct rd rd;

    (void)state;
    x.call.method = STR("m");
    x.call.args = str_from(arena_alloc(&a, LARGE), LARGE);
    r.signer_key = (struct public_key){CURVE_ED25519, str_from(key, sizeof(key))};
    r.actions = &x;
    r.n_actions = 1;
    receipt_store(&b, &r);
    rd = rd_over(buf_str(&b));
    back = receipt_load(&rd, &a);
    assert_true(rd_end(&rd));
    assert_int_equal(back->actions[0].call.args.len, LARGE);
    buf_release(&b);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_back),
        cmocka_unit_test(callback_hears_of_failure),
        cmocka_unit_test(joins),
        cmocka_unit_test(passes_the_value_on),
        cmocka_unit_test(failure_undoes_all_actions),
        cmocka_unit_test(tells_who_called),
        cmocka_unit_test(spreads_gas_by_weight),
        cmocka_unit_test(storage_needs_a_balance),
        cmocka_unit_test(local_receipts_run_at_once),
        cmocka_unit_test(full_blocks_put_off),
        cmocka_unit_test(makes_and_deletes_accounts),
        cmocka_unit_test(calls_refused_by_the_runtime),
        cmocka_unit_test(large_arguments_travel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
