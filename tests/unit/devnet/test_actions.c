/* test_actions.c — every action: what it does, and how it is refused. */
#include "test.h"

#include <string.h>

#include "testchain.h"

static const struct outcome *send(struct tc *t, const char *signer, const char *receiver,
                                  const struct action *x, size_t n)
{
    const struct hash256 tx = tc_send(t, signer, receiver, x, n);

    tc_settle(t);
    return tc_first(t, &tx);
}

static void expect(struct tc *t, const char *signer, const char *receiver, struct action x,
                   const char *kind)
{
    const struct outcome *o = send(t, signer, receiver, &x, 1);
    char want[1024];
    struct buf b = BUF_OVER(want);

    buf_addf(&b, "{\"ActionError\":{\"index\":0,\"kind\":%s}}", kind);
    assert_int_equal(o->status, STATUS_FAILURE);
    assert_str(o->failure, want);
}

static void open_two(struct tc *t)
{
    tc_open(t, 88);
    tc_account(t, "alice.test", 1000, STR_NONE);
    tc_account(t, "bob.test", 1000, STR_NONE);
}

static void accounts_are_made_by_their_parents(void **state)
{
    struct tc t;
    const struct action create = {.kind = ACTION_CREATE_ACCOUNT};
    const struct action x[2] = {create, tc_transfer(NEAR_YOCTO)};

    (void)state;
    open_two(&t);
    assert_int_equal(send(&t, "alice.test", "x.alice.test", x, 2)->status, STATUS_VALUE);
    expect(&t, "alice.test", "x.alice.test", create,
           "{\"AccountAlreadyExists\":{\"account_id\":\"x.alice.test\"}}");
    expect(&t, "bob.test", "y.alice.test", create,
           "{\"CreateAccountNotAllowed\":{\"account_id\":\"y.alice.test\",\"predecessor_id\":"
           "\"bob.test\"}}");
    expect(&t, "alice.test", "top", create,
           "{\"CreateAccountOnlyByRegistrar\":{\"account_id\":\"top\",\"registrar_account_id\":"
           "\"registrar\",\"predecessor_id\":\"alice.test\"}}");
    expect(&t, "alice.test", "98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de",
           create,
           "{\"OnlyImplicitAccountCreationAllowed\":{\"account_id\":"
           "\"98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de\"}}");
    tc_close(&t);
}

static void others_may_not(void **state)
{
    struct tc t;
    struct action x;

    (void)state;
    open_two(&t);
    x = (struct action){.kind = ACTION_DEPLOY_CONTRACT, .code = STR("code")};
    expect(&t, "alice.test", "bob.test", x,
           "{\"ActorNoPermission\":{\"account_id\":\"bob.test\",\"actor_id\":\"alice.test\"}}");
    x = (struct action){.kind = ACTION_DELETE_ACCOUNT, .beneficiary_id = STR("alice.test")};
    expect(&t, "alice.test", "bob.test", x,
           "{\"ActorNoPermission\":{\"account_id\":\"bob.test\",\"actor_id\":\"alice.test\"}}");
    x = (struct action){.kind = ACTION_DELETE_KEY, .key = public_key_of(&t.key.pub)};
    expect(&t, "alice.test", "bob.test", x,
           "{\"ActorNoPermission\":{\"account_id\":\"bob.test\",\"actor_id\":\"alice.test\"}}");
    tc_close(&t);
}

static void deploys_count_as_storage(void **state)
{
    struct tc t;
    const struct action one = {.kind = ACTION_DEPLOY_CONTRACT, .code = STR("0123456789")};
    const struct action two = {.kind = ACTION_DEPLOY_CONTRACT, .code = STR("012")};
    struct account a;
    const struct outcome *o;
    struct action call;

    (void)state;
    open_two(&t);
    o = send(&t, "alice.test", "alice.test", &one, 1);
    assert_int_equal(o->gas_burnt, UINT64_C(108059500000) + UINT64_C(184765750000) + 64572944 * 10);
    assert_true(tc_get(&t, "alice.test", &a));
    assert_int_equal(a.storage_usage, 192);
    assert_int_equal(send(&t, "alice.test", "alice.test", &two, 1)->status, STATUS_VALUE);
    assert_true(tc_get(&t, "alice.test", &a));
    assert_int_equal(a.storage_usage, 185);
    assert_int_equal(a.code, CODE_LOCAL);
    /* Anything deploys; what is no module fails when it is called. */
    call = tc_call(&t, "run", STR(""), TGAS, 0);
    expect(&t, "bob.test", "alice.test", call,
           "{\"FunctionCallError\":{\"CompilationError\":{\"PrepareError\":\"Deserialization\"}}}");
    tc_close(&t);
}

static void keys_come_and_go(void **state)
{
    struct tc t;
    struct action x = {.kind = ACTION_ADD_KEY};
    struct ed25519_key key;
    const uint8_t seed[32] = {1};
    struct account a;
    char text[128];
    struct buf b = BUF_OVER(text);

    (void)state;
    open_two(&t);
    ed25519_from_seed(seed, &key);
    x.add_key.key = public_key_of(&key.pub);
    x.add_key.access.kind = PERMISSION_FULL_ACCESS;
    assert_int_equal(send(&t, "alice.test", "alice.test", &x, 1)->status, STATUS_VALUE);
    assert_true(tc_get(&t, "alice.test", &a));
    assert_int_equal(a.storage_usage, 264);
    public_key_put(&b, x.add_key.key);
    {
        char want[256];
        struct buf w = BUF_OVER(want);

        buf_addf(&w,
                 "{\"AddKeyAlreadyExists\":{\"account_id\":\"alice.test\",\"public_key\":\"%s\"}}",
                 buf_z(&b));
        expect(&t, "alice.test", "alice.test", x, buf_z(&w));
    }
    x = (struct action){.kind = ACTION_DELETE_KEY, .key = public_key_of(&key.pub)};
    assert_int_equal(send(&t, "alice.test", "alice.test", &x, 1)->status, STATUS_VALUE);
    assert_true(tc_get(&t, "alice.test", &a));
    assert_int_equal(a.storage_usage, 182);
    {
        char want[256];
        struct buf w = BUF_OVER(want);

        buf_addf(
            &w, "{\"DeleteKeyDoesNotExist\":{\"account_id\":\"alice.test\",\"public_key\":\"%s\"}}",
            buf_z(&b));
        expect(&t, "alice.test", "alice.test", x, buf_z(&w));
    }
    tc_close(&t);
}

static void deleted_accounts_leave_nothing(void **state)
{
    struct tc t;
    const struct action x = {.kind = ACTION_DELETE_ACCOUNT, .beneficiary_id = STR("bob.test")};
    const struct action lost = {.kind = ACTION_DELETE_ACCOUNT,
                                .beneficiary_id = STR("nobody.test")};
    struct account a;
    struct reader r;
    struct skey k;
    struct kv_iter it;
    u128 before, alice;
    const struct outcome *o;

    (void)state;
    open_two(&t);
    before = tc_balance(&t, "bob.test");
    alice = tc_balance(&t, "alice.test");
    o = send(&t, "alice.test", "alice.test", &x, 1);
    assert_int_equal(o->status, STATUS_VALUE);
    assert_false(tc_get(&t, "alice.test", &a));
    chain_read(t.c, &r);
    it = kv_walk(r.kv, skey_sub(&k, COL_ACCESS_KEY, STR("alice.test"), STR_NONE));
    assert_false(kv_next(&it));
    chain_read_end(&r);
    assert_true(tc_balance(&t, "bob.test") > before + alice - NEAR_YOCTO / 100);
    /* To nobody: the money is gone, and the supply knows (tc_block counts it). */
    assert_int_equal(send(&t, "bob.test", "bob.test", &lost, 1)->status, STATUS_VALUE);
    tc_blocks(&t, 3);
    tc_close(&t);
}

static void large_accounts_stay(void **state)
{
    struct tc t;
    struct buf *b;
    char big[12000] = {0};
    const struct action x = {.kind = ACTION_DELETE_ACCOUNT, .beneficiary_id = STR("bob.test")};

    (void)state;
    open_two(&t);
    tc_account(&t, "a.test", 1000, tc_actor(&t));
    b = pr_new(&t);
    pr_write(b, "k", str_from(big, sizeof(big)));
    assert_int_equal(tc_run(&t, "alice.test", "a.test", pr_done(&t, b), 100 * TGAS, 0)->status,
                     STATUS_VALUE);
    expect(&t, "a.test", "a.test", x,
           "{\"DeleteAccountWithLargeState\":{\"account_id\":\"a.test\"}}");
    tc_close(&t);
}

static void stake_is_refused_in_words(void **state)
{
    struct tc t;
    struct action x = {.kind = ACTION_STAKE};
    const struct outcome *o;

    (void)state;
    open_two(&t);
    x.stake.key = public_key_of(&t.key.pub);
    expect(&t, "alice.test", "alice.test", x,
           "{\"TriesToUnstake\":{\"account_id\":\"alice.test\"}}");
    x.stake.amount = NEAR_YOCTO;
    o = send(&t, "alice.test", "alice.test", &x, 1);
    assert_true(str_starts(o->failure, STR("{\"ActionError\":{\"index\":0,\"kind\":{"
                                           "\"InsufficientStake\":{\"account_id\":\"alice.test\","
                                           "\"stake\":\"1000000000000000000000000\","
                                           "\"minimum_stake\":\"")));
    x.stake.amount = 5000 * NEAR_YOCTO;
    o = send(&t, "alice.test", "alice.test", &x, 1);
    assert_true(
        str_starts(o->failure, STR("{\"ActionError\":{\"index\":0,\"kind\":{\"TriesToStake\":")));
    tc_close(&t);
}

static void global_contracts(void **state)
{
    struct tc t;
    struct action x = {.kind = ACTION_DEPLOY_GLOBAL_CONTRACT};
    struct account a;
    struct buf *b;
    const struct outcome *o;
    u128 before, burnt;
    struct str actor;

    (void)state;
    open_two(&t);
    actor = tc_actor(&t);
    x.deploy_global.code = actor;
    before = tc_balance(&t, "alice.test");
    o = send(&t, "alice.test", "alice.test", &x, 1);
    assert_int_equal(o->status, STATUS_VALUE);
    burnt = actor.len * chain_params(t.c)->global_contract_storage_amount_per_byte;
    assert_true(burnt / actor.len == (u128)UINT64_C(10000000000) * UINT64_C(10000000000));
    assert_true(o->tokens_burnt > burnt);
    assert_true(before - tc_balance(&t, "alice.test") > burnt);

    memset(&x, 0, sizeof(x));
    x.kind = ACTION_USE_GLOBAL_CONTRACT;
    x.use_global.hash = sha256(actor);
    assert_int_equal(send(&t, "bob.test", "bob.test", &x, 1)->status, STATUS_VALUE);
    assert_true(tc_get(&t, "bob.test", &a));
    assert_int_equal(a.storage_usage, 182 + 32);
    assert_int_equal(a.code, CODE_GLOBAL_HASH);
    b = pr_new(&t);
    pr_text(b, 'v', "global");
    assert_str(tc_run(&t, "alice.test", "bob.test", pr_done(&t, b), 50 * TGAS, 0)->value, "global");

    x.use_global.by_account = true;
    x.use_global.account_id = STR("alice.test");
    expect(&t, "bob.test", "bob.test", x,
           "{\"GlobalContractDoesNotExist\":{\"identifier\":{\"AccountId\":\"alice.test\"}}}");
    memset(&x, 0, sizeof(x));
    x.kind = ACTION_DEPLOY_GLOBAL_CONTRACT;
    x.deploy_global.code = actor;
    x.deploy_global.by_account = true;
    assert_int_equal(send(&t, "alice.test", "alice.test", &x, 1)->status, STATUS_VALUE);
    memset(&x, 0, sizeof(x));
    x.kind = ACTION_USE_GLOBAL_CONTRACT;
    x.use_global.by_account = true;
    x.use_global.account_id = STR("alice.test");
    assert_int_equal(send(&t, "bob.test", "bob.test", &x, 1)->status, STATUS_VALUE);
    assert_true(tc_get(&t, "bob.test", &a));
    assert_int_equal(a.storage_usage, 182 + 10);
    b = pr_new(&t);
    pr_text(b, 'v', "by account");
    assert_str(tc_run(&t, "alice.test", "bob.test", pr_done(&t, b), 50 * TGAS, 0)->value,
               "by account");
    tc_close(&t);
}

/* An account whose id is made from what it starts with: code and entries. */
static void deterministic_accounts(void **state)
{
    static const struct state_entry entries[] = {{{"a", 1}, {"1", 1}}, {{"b", 1}, {"22", 2}}};
    struct tc t;
    struct action x = {.kind = ACTION_DEPLOY_GLOBAL_CONTRACT},
                  init = {.kind = ACTION_DETERMINISTIC_STATE_INIT};
    struct hash256 hash;
    struct str e, id;
    struct account a;
    char name[64];
    struct buf *b;
    const struct outcome *o;
    u128 before;

    (void)state;
    open_two(&t);
    x.deploy_global.code = tc_actor(&t);
    assert_int_equal(send(&t, "alice.test", "alice.test", &x, 1)->status, STATUS_VALUE);
    init.state_init.code.hash = sha256(x.deploy_global.code);
    init.state_init.entries = entries;
    init.state_init.nentries = 2;
    init.state_init.deposit = NEAR_YOCTO;
    /* The error tells the id. */
    e = tc_try(&t, "alice.test", "0s0000000000000000000000000000000000000000", &init, 1, &hash);
    assert_true(
        str_starts(e, STR("{\"ActionsValidation\":{\"InvalidDeterministicStateInitReceiver\":"
                          "{\"receiver_id\":\"0s0000000000000000000000000000000000000000\","
                          "\"derived_id\":\"0s")));
    id = str_skip(e, str_find(e, STR("derived_id\":\"")) + 13);
    snprintf(name, sizeof(name), "%.42s", id.ptr);
    before = tc_balance(&t, "alice.test");
    o = send(&t, "alice.test", name, &init, 1);
    assert_int_equal(o->status, STATUS_VALUE);
    assert_true(tc_get(&t, name, &a));
    assert_int_equal(a.storage_usage, 100 + 32 + 2 * 40 + 2 + 3);
    assert_true(a.amount == 0); /* small enough to need none: all came back */
    assert_true(before - tc_balance(&t, "alice.test") < NEAR_YOCTO / 10);
    b = pr_new(&t);
    pr_text(b, 'g', "b");
    assert_str(tc_run(&t, "alice.test", name, pr_done(&t, b), 50 * TGAS, 0)->value, "22");
    /* Again: harmless. */
    assert_int_equal(send(&t, "bob.test", name, &init, 1)->status, STATUS_VALUE);
    tc_close(&t);
}

static struct str validate(struct tc *t, const struct action *x, size_t n)
{
    struct hash256 hash;

    return tc_try(t, "alice.test", "bob.test", x, n, &hash);
}

static void limits_are_checked_before(void **state)
{
    struct tc t;
    struct action x[101], y;
    char name[257];

    (void)state;
    open_two(&t);
    memset(name, 'm', sizeof(name));
    for (size_t i = 0; i < countof(x); i++)
        x[i] = tc_transfer(1);
    assert_str(validate(&t, x, 101), "{\"ActionsValidation\":{\"TotalNumberOfActionsExceeded\":"
                                     "{\"total_number_of_actions\":101,\"limit\":100}}}");
    x[0] = (struct action){.kind = ACTION_DELETE_ACCOUNT, .beneficiary_id = STR("bob.test")};
    assert_str(validate(&t, x, 2), "{\"ActionsValidation\":\"DeleteActionMustBeFinal\"}");
    y = tc_call(&t, "m", STR(""), 0, 0);
    assert_str(validate(&t, &y, 1), "{\"ActionsValidation\":\"FunctionCallZeroAttachedGas\"}");
    y = tc_call(&t, "", STR(""), 1, 0);
    assert_str(validate(&t, &y, 1), "{\"ActionsValidation\":\"FunctionCallEmptyMethodName\"}");
    y = tc_call(&t, "m", STR(""), 1000 * TGAS + 1, 0);
    assert_str(validate(&t, &y, 1),
               "{\"ActionsValidation\":{\"TotalPrepaidGasExceeded\":{\"total_prepaid_gas\":"
               "1000000000000001,\"limit\":1000000000000000}}}");
    y.call.gas = 1;
    y.call.method = str_from(name, sizeof(name));
    assert_str(validate(&t, &y, 1),
               "{\"ActionsValidation\":{\"FunctionCallMethodNameLengthExceeded\":{\"length\":257,"
               "\"limit\":256}}}");
    for (size_t i = 0; i < 11; i++)
        x[i] = (struct action){.kind = ACTION_DEPLOY_CONTRACT, .code = STR("x")};
    assert_str(validate(&t, x, 11),
               "{\"ActionsValidation\":{\"TotalNumberOfDeployActionsExceeded\":"
               "{\"number_of_deploy_actions\":11,\"limit\":10}}}");
    tc_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_are_made_by_their_parents),
        cmocka_unit_test(others_may_not),
        cmocka_unit_test(deploys_count_as_storage),
        cmocka_unit_test(keys_come_and_go),
        cmocka_unit_test(deleted_accounts_leave_nothing),
        cmocka_unit_test(large_accounts_stay),
        cmocka_unit_test(stake_is_refused_in_words),
        cmocka_unit_test(global_contracts),
        cmocka_unit_test(deterministic_accounts),
        cmocka_unit_test(limits_are_checked_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
