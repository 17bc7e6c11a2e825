/*
 * test_money.c — what transactions cost, to the yocto: the worked examples of NEP-642 and of the
 * fee tables, at both protocol versions.
 */
#include "test.h"

#include "testchain.h"

#define G(n)          UINT64_C(n)
#define GAS_PRICE_LOW 100000000

static void assert_u128(u128 got, const char *want)
{
    char text[64];
    struct buf b = BUF_OVER(text);

    buf_add_u128(&b, got);
    assert_buf(b, want);
}

static void transfer_79(void **state)
{
    struct tc t;
    struct action x = tc_transfer(NEAR_YOCTO);
    struct hash256 tx;
    const struct outcome *o;
    u128 alice, bob;

    (void)state;
    tc_open(&t, 79);
    tc_account(&t, "alice.test", 10, STR_NONE);
    tc_account(&t, "bob.test", 10, STR_NONE);
    alice = tc_balance(&t, "alice.test");
    bob = tc_balance(&t, "bob.test");
    tx = tc_send(&t, "alice.test", "bob.test", &x, 1);
    tc_block(&t);
    o = tc_outcome(&t, &tx, NULL);
    assert_non_null(o);
    assert_int_equal(o->gas_burnt, G(223182562500));
    assert_u128(o->tokens_burnt, "22318256250000000000");
    assert_null(tc_first(&t, &tx)); /* a block later at the earliest */
    tc_block(&t);
    o = tc_first(&t, &tx);
    assert_non_null(o);
    assert_int_equal(o->gas_burnt, G(223182562500));
    assert_int_equal(o->n_receipt_ids, 0);
    assert_int_equal(o->metadata_version, 3);
    tc_settle(&t);
    assert_true(tc_balance(&t, "bob.test") == bob + NEAR_YOCTO);
    assert_true(alice - tc_balance(&t, "alice.test") ==
                NEAR_YOCTO + 2 * (u128)G(223182562500) * GAS_PRICE_LOW);
    tc_close(&t);
}

static void transfer_88(void **state)
{
    struct tc t;
    struct action x = tc_transfer(NEAR_YOCTO);
    struct hash256 tx;
    const struct outcome *o, *refund;
    const struct receipt *r;
    u128 before;
    uint64_t sent, ran, back;

    (void)state;
    tc_open(&t, 88);
    tc_account(&t, "alice.test", 10, STR_NONE);
    tc_account(&t, "bob.test", 10, STR_NONE);
    before = tc_balance(&t, "alice.test");
    tx = tc_send(&t, "alice.test", "bob.test", &x, 1);
    tc_block(&t);
    assert_u128(before - tc_balance(&t, "alice.test") - NEAR_YOCTO, "245500818750000000000");
    tc_settle(&t);
    o = tc_outcome(&t, &tx, &sent);
    assert_u128(o->tokens_burnt, "22318256250000000000");
    o = tc_outcome(&t, &o->receipt_ids[0], &ran);
    assert_int_equal(ran, sent + 1);
    assert_u128(o->tokens_burnt, "22318256250000000000");
    assert_int_equal(o->metadata_version, 4);
    assert_int_equal(o->n_contracts, 1);
    assert_int_equal(o->n_receipt_ids, 1);
    refund = tc_outcome(&t, &o->receipt_ids[0], &back);
    assert_int_equal(back, sent + 2);
    assert_int_equal(refund->gas_burnt, G(223182562500));
    assert_u128(refund->tokens_burnt, "0");
    r = tc_receipt(&t, &o->receipt_ids[0]);
    assert_str(account_id_str(&r->predecessor), "system");
    assert_str(account_id_str(&r->signer), "alice.test");
    assert_u128(r->actions[0].deposit, "200864306250000000000");
    assert_u128(r->gas_price, "0");
    tc_close(&t);
}

static struct hash256 make_account(struct tc *t, const char *from, const char *id)
{
    struct action x[3] = {
        {.kind = ACTION_CREATE_ACCOUNT}, tc_transfer(NEAR_YOCTO), {.kind = ACTION_ADD_KEY}};

    x[2].add_key.key = public_key_of(&t->key.pub);
    x[2].add_key.access.kind = PERMISSION_FULL_ACCESS;
    return tc_send(t, from, id, x, 3);
}

static void new_account_88(void **state)
{
    struct tc t;
    struct hash256 tx;
    const struct outcome *o;
    const struct receipt *r;
    struct account a;
    u128 before;

    (void)state;
    tc_open(&t, 88);
    tc_account(&t, "alice.test", 100, STR_NONE);
    before = tc_balance(&t, "alice.test");
    tx = make_account(&t, "alice.test", "new.alice.test");
    tc_settle(&t);
    o = tc_outcome(&t, &tx, NULL);
    assert_int_equal(o->gas_burnt, G(824947687500));
    o = tc_first(&t, &tx);
    assert_int_equal(o->gas_burnt, G(7524947687500));
    assert_u128(o->tokens_burnt, "7032494768750000000000");
    r = tc_receipt(&t, &o->receipt_ids[0]);
    assert_u128(r->actions[0].deposit, "492452918750000000000");
    assert_u128(before - tc_balance(&t, "alice.test") - NEAR_YOCTO, "7114989537500000000000");
    assert_true(tc_get(&t, "new.alice.test", &a));
    assert_int_equal(a.storage_usage, 182);
    assert_true(a.amount == NEAR_YOCTO);
    tc_close(&t);
}

static void new_account_79(void **state)
{
    struct tc t;
    struct hash256 tx;

    (void)state;
    tc_open(&t, 79);
    tc_account(&t, "alice.test", 100, STR_NONE);
    tx = make_account(&t, "alice.test", "new.alice.test");
    tc_settle(&t);
    assert_int_equal(tc_outcome(&t, &tx, NULL)->gas_burnt, G(4174947687500));
    assert_int_equal(tc_first(&t, &tx)->gas_burnt, G(4174947687500));
    tc_close(&t);
}

static void implicit_account(void **state)
{
    static const char *const id =
        "98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de";
    static const uint64_t sent[2] = {G(4174947687500), G(824947687500)};
    static const uint64_t ran[2] = {G(4174947687500), G(7524947687500)};

    (void)state;
    for (int v = 0; v < 2; v++) {
        struct tc t;
        struct action x = tc_transfer(NEAR_YOCTO / 2);
        struct hash256 tx;
        struct account a;

        tc_open(&t, v ? 88 : 79);
        tc_account(&t, "alice.test", 100, STR_NONE);
        tx = tc_send(&t, "alice.test", id, &x, 1);
        tc_settle(&t);
        assert_int_equal(tc_outcome(&t, &tx, NULL)->gas_burnt, sent[v]);
        assert_int_equal(tc_first(&t, &tx)->gas_burnt, ran[v]);
        assert_true(tc_get(&t, id, &a));
        assert_int_equal(a.storage_usage, 182);
        assert_true(a.amount == NEAR_YOCTO / 2);
        tc_close(&t);
    }
}

static void call_costs_upfront(void **state)
{
    struct tc t;
    struct action x;
    u128 before;
    struct hash256 tx;

    (void)state;
    tc_open(&t, 88);
    tc_account(&t, "alice.test", 100, STR_NONE);
    tc_account(&t, "bob.test", 100, STR_NONE);
    x = tc_call(&t, "request_execution", STR("{\"a\":1}"), 100 * TGAS, 0);
    before = tc_balance(&t, "alice.test");
    tx = tc_send(&t, "alice.test", "bob.test", &x, 1);
    tc_block(&t);
    assert_int_equal(tc_outcome(&t, &tx, NULL)->gas_burnt, G(309203909160));
    assert_u128(before - tc_balance(&t, "alice.test"), "100919033553332000000000");
    tc_settle(&t);
    /* No code there: only the fees are burnt, the rest comes back. */
    assert_int_equal(tc_first(&t, &tx)->status, STATUS_FAILURE);
    assert_str(
        tc_first(&t, &tx)->failure,
        "{\"ActionError\":{\"index\":0,\"kind\":{\"FunctionCallError\":{\"CompilationError\":"
        "{\"CodeDoesNotExist\":{\"account_id\":\"bob.test\"}}}}}}");
    assert_true(before - tc_balance(&t, "alice.test") < NEAR_YOCTO / 1000);
    tc_close(&t);
}

static void failed_deposit_comes_back(void **state)
{
    struct tc t;
    struct action x;
    struct hash256 tx;
    const struct outcome *o;
    const struct receipt *r;
    u128 before;

    (void)state;
    tc_open(&t, 88);
    tc_account(&t, "alice.test", 100, STR_NONE);
    x = tc_transfer(5 * NEAR_YOCTO);
    before = tc_balance(&t, "alice.test");
    tx = tc_send(&t, "alice.test", "nobody.test", &x, 1);
    tc_settle(&t);
    o = tc_first(&t, &tx);
    assert_str(o->failure, "{\"ActionError\":{\"index\":0,\"kind\":{\"AccountDoesNotExist\":"
                           "{\"account_id\":\"nobody.test\"}}}}");
    assert_int_equal(o->n_receipt_ids, 2);
    r = tc_receipt(&t, &o->receipt_ids[0]);
    assert_true(r->actions[0].deposit == 5 * NEAR_YOCTO);
    assert_str(account_id_str(&r->signer), "system");
    assert_true(before - tc_balance(&t, "alice.test") == 2 * (u128)G(223182562500) * GAS_PRICE_LOW);
    tc_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfer_79),
        cmocka_unit_test(transfer_88),
        cmocka_unit_test(new_account_88),
        cmocka_unit_test(new_account_79),
        cmocka_unit_test(implicit_account),
        cmocka_unit_test(call_costs_upfront),
        cmocka_unit_test(failed_deposit_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
