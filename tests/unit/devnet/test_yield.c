/* test_yield.c — promises that wait: created, resumed, timed out (NEP-519), height by height. */
#include "test.h"

#include "testchain.h"

#define YIELD_BLOCKS 200

/* A chain with alice, and the actor at app.test. */
static void open_app(struct tc *t, uint32_t protocol)
{
    tc_open(t, protocol);
    tc_account(t, "alice.test", 1000, STR_NONE);
    tc_account(t, "worker.test", 1000, STR_NONE);
    tc_account(t, "app.test", 1000, tc_actor(t));
}

/* The callback tells what it was woken with. */
static struct str callback(struct tc *t)
{
    struct buf *b = pr_new(t);

    pr_text(b, 'l', "woken");
    pr_op(b, 'i');
    return pr_done(t, b);
}

static struct str ask(struct tc *t, bool returned)
{
    struct buf *b = pr_new(t);

    pr_yield(b, callback(t), 10 * TGAS);
    if (returned)
        pr_at(b, 'r', 0);
    return pr_done(t, b);
}

static struct str resume(struct tc *t, const char *payload)
{
    struct buf *b = pr_new(t);

    pr_resume(b, payload);
    return pr_done(t, b);
}

/* One request as a contract makes it: asked in 0, yielded in 1, resumed in k+1, answered in k+2. */
static void trace(uint32_t protocol)
{
    struct tc t;
    struct action x;
    struct hash256 tx, tx2, yield, refund;
    const struct outcome *o, *worker;
    const struct receipt *y;
    uint64_t h0, h;

    open_app(&t, protocol);
    x = tc_call(&t, "run", ask(&t, true), 100 * TGAS, NEAR_YOCTO);
    tx = tc_send(&t, "alice.test", "app.test", &x, 1);
    tc_block(&t);
    h0 = tc_height(&t);
    o = tc_outcome(&t, &tx, &h);
    assert_int_equal(h, h0);
    tc_block(&t);
    o = tc_outcome(&t, &o->receipt_ids[0], &h);
    assert_int_equal(h, h0 + 1);
    assert_int_equal(o->status, STATUS_RECEIPT);
    assert_int_equal(o->n_receipt_ids, 2);
    yield = o->receipt_ids[0];
    refund = o->receipt_ids[1];
    assert_true(hash_eq(&o->receipt_id, &yield));
    y = tc_receipt(&t, &yield);
    assert_int_equal(y->kind, RECEIPT_YIELD);
    assert_int_equal(y->n_inputs, 1);
    tc_block(&t);
    assert_null(tc_outcome(&t, &yield, NULL)); /* stored only */
    assert_non_null(tc_outcome(&t, &refund, &h));
    assert_int_equal(h, h0 + 2);

    tc_blocks(&t, 5);
    x = tc_call(&t, "run", resume(&t, "result"), 50 * TGAS, 0);
    tx2 = tc_send(&t, "worker.test", "app.test", &x, 1);
    tc_block(&t);
    h0 = tc_height(&t);
    tc_block(&t);
    worker = tc_first(&t, &tx2);
    assert_str(worker->value, "1");
    assert_null(tc_outcome(&t, &yield, NULL));
    tc_block(&t);
    o = tc_outcome(&t, &yield, &h);
    assert_non_null(o);
    assert_int_equal(h, h0 + 2);
    assert_str(o->value, "1:result;");
    assert_int_equal(o->n_logs, 1);
    assert_str(account_id_str(&y->signer), "alice.test");
    assert_str(account_id_str(&y->predecessor), "app.test");

    /* It is over: later resumes find nothing, and the time that runs out wakes nobody. */
    tc_settle(&t);
    assert_str(tc_run(&t, "worker.test", "app.test", resume(&t, "late"), 50 * TGAS, 0)->value, "0");
    tc_blocks(&t, YIELD_BLOCKS + 5);
    assert_true(tc_outcome(&t, &yield, NULL) == o);
    tc_close(&t);
}

static void answers_a_request_88(void **state)
{
    (void)state;
    trace(88);
}

static void answers_a_request_79(void **state)
{
    (void)state;
    trace(79);
}

static void times_out(void **state)
{
    (void)state;
    for (int v = 0; v < 2; v++) {
        struct tc t;
        struct action x;
        struct hash256 tx, yield;
        const struct outcome *o;
        uint64_t made, h;

        open_app(&t, v ? 88 : 79);
        x = tc_call(&t, "run", ask(&t, true), 100 * TGAS, 0);
        tx = tc_send(&t, "alice.test", "app.test", &x, 1);
        tc_blocks(&t, 2);
        o = tc_outcome(&t, &tx, NULL);
        o = tc_outcome(&t, &o->receipt_ids[0], &made);
        yield = o->receipt_ids[0];
        tc_blocks(&t, YIELD_BLOCKS);
        assert_int_equal(tc_height(&t), made + YIELD_BLOCKS);
        assert_null(tc_outcome(&t, &yield, NULL));
        tc_block(&t);
        o = tc_outcome(&t, &yield, &h);
        assert_non_null(o);
        assert_int_equal(h, made + YIELD_BLOCKS + 1);
        assert_str(o->value, "2:;");
        tc_close(&t);
    }
}

/* A resume that runs in the block whose end is the timeout still wins. */
static void last_moment_resume_wins(void **state)
{
    struct tc t;
    struct action x;
    struct hash256 tx, yield;
    const struct outcome *o;
    uint64_t made;

    (void)state;
    open_app(&t, 88);
    x = tc_call(&t, "run", ask(&t, true), 100 * TGAS, 0);
    tx = tc_send(&t, "alice.test", "app.test", &x, 1);
    tc_blocks(&t, 2);
    o = tc_outcome(&t, &tx, NULL);
    o = tc_outcome(&t, &o->receipt_ids[0], &made);
    yield = o->receipt_ids[0];
    tc_blocks(&t, YIELD_BLOCKS - 2);
    x = tc_call(&t, "run", resume(&t, "just so"), 50 * TGAS, 0);
    tc_send(&t, "worker.test", "app.test", &x, 1);
    tc_blocks(&t, 2);
    assert_int_equal(tc_height(&t), made + YIELD_BLOCKS);
    tc_block(&t);
    assert_str(tc_outcome(&t, &yield, NULL)->value, "1:just so;");
    tc_close(&t);
}

static void resumed_in_the_same_call(void **state)
{
    (void)state;
    for (int v = 0; v < 2; v++) {
        struct tc t;
        struct buf *b;
        const struct outcome *o;

        open_app(&t, v ? 88 : 79);
        b = pr_new(&t);
        pr_yield(b, callback(&t), 10 * TGAS);
        pr_resume(b, "at once");
        pr_at(b, 'r', 0);
        o = tc_run(&t, "alice.test", "app.test", pr_done(&t, b), 100 * TGAS, 0);
        assert_str(o->value, "1:at once;");
        tc_close(&t);
    }
}

static void only_its_own_account_resumes(void **state)
{
    struct tc t;
    struct account_id id = account_id_of(STR("app.test"));
    struct buf *b;
    struct reader r;
    struct skey k;
    struct str data_id;
    const struct outcome *o;

    (void)state;
    open_app(&t, 88);
    tc_account(&t, "other.test", 100, tc_actor(&t));
    assert_non_null(tc_run(&t, "alice.test", "app.test", ask(&t, false), 100 * TGAS, 0));
    chain_read(t.c, &r);
    data_id = arena_str(&t.a, kv_get(r.kv, skey_sub(&k, COL_DATA, account_id_str(&id), STR("id"))));
    chain_read_end(&r);
    assert_int_equal(data_id.len, 32);
    b = pr_new(&t);
    pr_write(b, "id", data_id);
    pr_resume(b, "stolen");
    o = tc_run(&t, "alice.test", "other.test", pr_done(&t, b), 100 * TGAS, 0);
    assert_str(o->value, "0");
    tc_close(&t);
}

/* Twice before delivery: both calls are told 1, the first payload counts. */
static void first_payload_counts(void **state)
{
    struct tc t;
    struct action x;
    struct hash256 tx, a, b;
    const struct outcome *o;

    (void)state;
    open_app(&t, 88);
    x = tc_call(&t, "run", ask(&t, true), 100 * TGAS, 0);
    tx = tc_send(&t, "alice.test", "app.test", &x, 1);
    tc_blocks(&t, 2);
    x = tc_call(&t, "run", resume(&t, "first"), 50 * TGAS, 0);
    a = tc_send(&t, "worker.test", "app.test", &x, 1);
    x = tc_call(&t, "run", resume(&t, "second"), 50 * TGAS, 0);
    b = tc_send(&t, "worker.test", "app.test", &x, 1);
    tc_settle(&t);
    assert_str(tc_first(&t, &a)->value, "1");
    assert_str(tc_first(&t, &b)->value, "1");
    o = tc_first(&t, &tx);
    assert_str(tc_outcome(&t, &o->receipt_id, NULL)->value, "1:first;");
    tc_close(&t);
}

/* A failed call takes back its yield and its resume. */
static void failure_undoes_the_yield(void **state)
{
    struct tc t;
    struct buf *b;
    const struct outcome *o;

    (void)state;
    open_app(&t, 88);
    b = pr_new(&t);
    pr_yield(b, callback(&t), 10 * TGAS);
    pr_text(b, 'p', "no");
    o = tc_run(&t, "alice.test", "app.test", pr_done(&t, b), 100 * TGAS, 0);
    assert_int_equal(o->status, STATUS_FAILURE);
    assert_int_equal(o->n_receipt_ids, 1); /* the gas refund */
    tc_blocks(&t, YIELD_BLOCKS + 3);
    assert_int_equal(tc_block(&t)->outcomes.n, 0);
    tc_close(&t);
}

static void length_can_be_chosen(void **state)
{
    const struct chain_opts o = {.protocol = 88, .block_time_ms = 1000, .yield_blocks = 3};
    struct tc t;
    const struct outcome *out;

    (void)state;
    tc_open_with(&t, &o);
    tc_account(&t, "alice.test", 1000, STR_NONE);
    tc_account(&t, "app.test", 1000, tc_actor(&t));
    out = tc_run(&t, "alice.test", "app.test", ask(&t, true), 100 * TGAS, 0);
    if (!out) {
        tc_blocks(&t, 5);
        fail_msg("the yield did not end");
    }
    assert_str(out->value, "2:;");
    tc_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_request_88),
        cmocka_unit_test(answers_a_request_79),
        cmocka_unit_test(times_out),
        cmocka_unit_test(last_moment_resume_wins),
        cmocka_unit_test(resumed_in_the_same_call),
        cmocka_unit_test(only_its_own_account_resumes),
        cmocka_unit_test(first_payload_counts),
        cmocka_unit_test(failure_undoes_the_yield),
        cmocka_unit_test(length_can_be_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
