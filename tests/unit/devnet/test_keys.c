/* test_keys.c — who may sign what: nonces, signatures, restricted keys, delegates. */
#include "test.h"

#include <string.h>

#include "testchain.h"

static struct str refused(struct tc *t, const char *signer, const struct ed25519_key *key,
                          uint64_t nonce, const char *receiver, const struct action *x, size_t n)
{
    struct hash256 hash;

    return tc_try_key(t, signer, key, nonce, receiver, x, n, &hash);
}

static void open_two(struct tc *t)
{
    tc_open(t, 88);
    tc_account(t, "alice.test", 100, STR_NONE);
    tc_account(t, "a.test", 100, tc_actor(t));
}

static void nonces_only_grow(void **state)
{
    struct tc t;
    struct action x = tc_transfer(1);

    (void)state;
    open_two(&t);
    assert_null(refused(&t, "alice.test", &t.key, 5, "a.test", &x, 1).ptr);
    tc_block(&t);
    assert_str(refused(&t, "alice.test", &t.key, 5, "a.test", (struct action[]){tc_transfer(2)}, 1),
               "{\"InvalidNonce\":{\"tx_nonce\":5,\"ak_nonce\":5}}");
    assert_null(refused(&t, "alice.test", &t.key, 9, "a.test", &x, 1).ptr); /* gaps are fine */
    tc_block(&t);
    tc_close(&t);
}

/* Sent out of order into one block: taken in the order of their nonces. */
static void one_block_sorts_nonces(void **state)
{
    struct tc t;
    struct action x = tc_transfer(1);
    struct hash256 a, b;

    (void)state;
    open_two(&t);
    assert_null(tc_try_key(&t, "alice.test", &t.key, 8, "a.test", &x, 1, &a).ptr);
    assert_null(tc_try_key(&t, "alice.test", &t.key, 7, "a.test", &x, 1, &b).ptr);
    tc_block(&t);
    assert_int_equal(tc_outcome(&t, &a, NULL)->status, STATUS_RECEIPT);
    assert_int_equal(tc_outcome(&t, &b, NULL)->status, STATUS_RECEIPT);
    tc_close(&t);
}

static void new_keys_start_high(void **state)
{
    struct tc t;
    struct action x = {.kind = ACTION_ADD_KEY};
    struct ed25519_key key;
    struct access_key k;
    struct reader r;
    uint64_t h;
    struct hash256 tx;
    struct action pay = tc_transfer(1);
    const uint8_t seed[32] = {9};

    (void)state;
    open_two(&t);
    ed25519_from_seed(seed, &key);
    x.add_key.key = public_key_of(&key.pub);
    x.add_key.access.kind = PERMISSION_FULL_ACCESS;
    x.add_key.access.nonce = 77; /* of no consequence */
    tx = tc_send(&t, "alice.test", "alice.test", &x, 1);
    tc_block(&t);
    assert_non_null(tc_outcome(&t, &tx, &h));
    chain_read(t.c, &r);
    assert_true(key_get(r.kv, &t.a, STR("alice.test"), public_key_of(&key.pub), &k));
    chain_read_end(&r);
    assert_int_equal(k.nonce, (h - 1) * NONCE_RANGE);
    assert_non_null(refused(&t, "alice.test", &key, 1, "a.test", &pay, 1).ptr);
    assert_null(refused(&t, "alice.test", &key, k.nonce + 1, "a.test", &pay, 1).ptr);
    tc_block(&t);
    tc_close(&t);
}

static void wrong_signer(void **state)
{
    struct tc t;
    struct action x = tc_transfer(1);
    struct ed25519_key stranger;
    const uint8_t seed[32] = {3};
    struct str e;

    (void)state;
    open_two(&t);
    ed25519_from_seed(seed, &stranger);
    assert_str(refused(&t, "nobody.test", &t.key, 1, "a.test", &x, 1),
               "{\"SignerDoesNotExist\":{\"signer_id\":\"nobody.test\"}}");
    e = refused(&t, "alice.test", &stranger, 1, "a.test", &x, 1);
    assert_true(
        str_starts(e, STR("{\"InvalidAccessKeyError\":{\"AccessKeyNotFound\":{\"account_id\":"
                          "\"alice.test\",\"public_key\":\"ed25519:")));
    x.deposit = 1000 * NEAR_YOCTO;
    e = refused(&t, "alice.test", &t.key, 1, "a.test", &x, 1);
    assert_true(str_starts(e, STR("{\"NotEnoughBalance\":{\"signer_id\":\"alice.test\",\"balance\":"
                                  "\"100000000000000000000000000\",\"cost\":\"1000000")));
    tc_close(&t);
}

static void forged_signature(void **state)
{
    struct tc t;
    struct buf b = BUF_INIT(4096);
    struct action x = tc_transfer(1);
    struct tx tx;
    struct hash256 hash;
    struct str error;
    struct reader r;

    (void)state;
    open_two(&t);
    memset(&tx, 0, sizeof(tx));
    tx.signer_id = STR("alice.test");
    tx.key = public_key_of(&t.key.pub);
    tx.nonce.nonce = 3;
    tx.receiver_id = STR("a.test");
    tx.actions = &x;
    tx.nactions = 1;
    chain_read(t.c, &r);
    tx.block_hash = r.head->hash;
    chain_read_end(&r);
    hash = tx_sign(&tx, &t.key, &b);
    b.ptr[b.len - 10] ^= 1;
    assert_int_equal(chain_submit(t.c, buf_str(&b), &t.a, &hash, &error), SUBMIT_INVALID);
    assert_str(error, "\"InvalidSignature\"");
    b.ptr[b.len - 10] ^= 1;
    /* Trailing bytes, and nothing at all. */
    buf_add_byte(&b, 0);
    assert_int_equal(chain_submit(t.c, buf_str(&b), &t.a, &hash, &error), SUBMIT_MALFORMED);
    assert_int_equal(chain_submit(t.c, STR(""), &t.a, &hash, &error), SUBMIT_MALFORMED);
    /* A block that this chain never had. */
    buf_clear(&b);
    memset(tx.block_hash.b, 7, sizeof(tx.block_hash.b));
    hash = tx_sign(&tx, &t.key, &b);
    assert_int_equal(chain_submit(t.c, buf_str(&b), &t.a, &hash, &error), SUBMIT_INVALID);
    assert_str(error, "\"Expired\"");
    buf_release(&b);
    tc_close(&t);
}

static void sent_twice_is_known(void **state)
{
    struct tc t;
    struct buf b = BUF_INIT(4096);
    struct action x = tc_transfer(1);
    struct tx tx = {
        .signer_id = STR("alice.test"), .receiver_id = STR("a.test"), .nonce = {.nonce = 4}};
    struct hash256 hash;
    struct str error;
    struct reader r;

    (void)state;
    open_two(&t);
    tx.key = public_key_of(&t.key.pub);
    tx.actions = &x;
    tx.nactions = 1;
    chain_read(t.c, &r);
    tx.block_hash = r.head->hash;
    chain_read_end(&r);
    hash = tx_sign(&tx, &t.key, &b);
    assert_int_equal(chain_submit(t.c, buf_str(&b), &t.a, &hash, &error), SUBMIT_TAKEN);
    assert_int_equal(chain_submit(t.c, buf_str(&b), &t.a, &hash, &error), SUBMIT_KNOWN);
    tc_settle(&t);
    assert_int_equal(chain_submit(t.c, buf_str(&b), &t.a, &hash, &error), SUBMIT_KNOWN);
    assert_int_equal(tc_block(&t)->outcomes.n, 0);
    buf_release(&b);
    tc_close(&t);
}

/* ------------------------------------------------------------------ restricted keys */

static void add_call_key(struct tc *t, const struct ed25519_key *key, u128 allowance)
{
    static const struct str methods[] = {{"run", 3}};
    struct action x = {.kind = ACTION_ADD_KEY};

    x.add_key.key = public_key_of(&key->pub);
    x.add_key.access.kind = PERMISSION_FUNCTION_CALL;
    x.add_key.access.has_allowance = true;
    x.add_key.access.allowance = allowance;
    x.add_key.access.receiver_id = STR("a.test");
    x.add_key.access.methods = methods;
    x.add_key.access.nmethods = 1;
    tc_send(t, "alice.test", "alice.test", &x, 1);
    tc_settle(t);
}

static struct access_key key_now(struct tc *t, const struct ed25519_key *key)
{
    struct access_key k;
    struct reader r;

    chain_read(t->c, &r);
    assert_true(key_get(r.kv, &t->a, STR("alice.test"), public_key_of(&key->pub), &k));
    chain_read_end(&r);
    return k;
}

static void call_keys_are_restricted(void **state)
{
    struct tc t;
    struct ed25519_key key;
    const uint8_t seed[32] = {5};
    struct action x[2];
    struct account a;
    struct buf *b;
    uint64_t nonce;
    struct access_key k;
    u128 spent;
    struct hash256 tx;
    const struct outcome *o;

    (void)state;
    open_two(&t);
    ed25519_from_seed(seed, &key);
    add_call_key(&t, &key, NEAR_YOCTO);
    assert_true(tc_get(&t, "alice.test", &a));
    assert_int_equal(a.storage_usage, 182 + 33 + 8 + 1 + 17 + 4 + 6 + 4 + 4 + 3 + 40);
    nonce = key_now(&t, &key).nonce;

    x[0] = tc_transfer(1);
    assert_str(refused(&t, "alice.test", &key, nonce + 1, "a.test", x, 1),
               "{\"InvalidAccessKeyError\":\"RequiresFullAccess\"}");
    x[0] = x[1] = tc_call(&t, "run", STR(""), TGAS, 0);
    assert_str(refused(&t, "alice.test", &key, nonce + 1, "a.test", x, 2),
               "{\"InvalidAccessKeyError\":\"RequiresFullAccess\"}");
    x[0] = tc_call(&t, "run", STR(""), TGAS, 1);
    assert_str(refused(&t, "alice.test", &key, nonce + 1, "a.test", x, 1),
               "{\"InvalidAccessKeyError\":\"DepositWithFunctionCall\"}");
    x[0] = tc_call(&t, "run", STR(""), TGAS, 0);
    assert_str(refused(&t, "alice.test", &key, nonce + 1, "b.test", x, 1),
               "{\"InvalidAccessKeyError\":{\"ReceiverMismatch\":{\"tx_receiver\":\"b.test\","
               "\"ak_receiver\":\"a.test\"}}}");
    x[0] = tc_call(&t, "other", STR(""), TGAS, 0);
    assert_str(refused(&t, "alice.test", &key, nonce + 1, "a.test", x, 1),
               "{\"InvalidAccessKeyError\":{\"MethodNameMismatch\":{\"method_name\":\"other\"}}}");
    x[0] = tc_call(&t, "run", STR(""), 1000 * TGAS, 0); /* costs more than the allowance */
    assert_true(
        str_starts(refused(&t, "alice.test", &key, nonce + 1, "a.test", x, 1),
                   STR("{\"InvalidAccessKeyError\":{\"NotEnoughAllowance\":{\"account_id\":")));

    /* What it may: the allowance pays in advance and gets back what was not burnt. */
    b = pr_new(&t);
    pr_text(b, 'v', "ok");
    x[0] = tc_call(&t, "run", pr_done(&t, b), 30 * TGAS, 0);
    assert_null(tc_try_key(&t, "alice.test", &key, nonce + 1, "a.test", x, 1, &tx).ptr);
    tc_settle(&t);
    o = tc_first(&t, &tx);
    assert_str(o->value, "ok");
    spent = o->tokens_burnt + tc_outcome(&t, &tx, NULL)->tokens_burnt;
    k = key_now(&t, &key);
    assert_true(k.allowance == NEAR_YOCTO - spent);
    assert_int_equal(k.nonce, nonce + 1);
    tc_close(&t);
}

/* ------------------------------------------------------------------ delegates */

static struct delegate signed_by(struct tc *t, const char *sender, const char *receiver,
                                 const struct action *x, uint64_t nonce, uint64_t until,
                                 struct ed25519_sig *sig)
{
    struct delegate d = {.version = 1,
                         .sender_id = str_of(sender),
                         .receiver_id = str_of(receiver),
                         .actions = x,
                         .nactions = 1,
                         .nonce = {.nonce = nonce},
                         .max_block_height = until,
                         .key = public_key_of(&t->key.pub)};
    const struct hash256 digest = delegate_digest(&d);

    *sig = ed25519_sign(&t->key, str_from(digest.b, sizeof(digest.b)));
    d.signature = (struct signature){CURVE_ED25519, str_from(sig->b, sizeof(sig->b))};
    return d;
}

static const struct outcome *relay(struct tc *t, const struct delegate *d, const char *to)
{
    const struct action x = {.kind = ACTION_DELEGATE, .delegate = d};
    const struct hash256 tx = tc_send(t, "relay.test", to, &x, 1);

    tc_settle(t);
    return tc_first(t, &tx);
}

static void delegates(void **state)
{
    struct tc t;
    struct ed25519_sig sig;
    struct buf *b;
    struct action inner;
    struct delegate d;
    const struct outcome *o, *run;
    u128 before;

    (void)state;
    open_two(&t);
    tc_account(&t, "relay.test", 100, STR_NONE);
    b = pr_new(&t);
    pr_op(b, 'e');
    inner = tc_call(&t, "run", pr_done(&t, b), 20 * TGAS, 5);
    before = tc_balance(&t, "alice.test");
    d = signed_by(&t, "alice.test", "a.test", &inner, 1, 1000, &sig);
    o = relay(&t, &d, "alice.test");
    assert_int_equal(o->status, STATUS_VALUE);
    run = tc_outcome(&t, &o->receipt_ids[0], NULL);
    /* The contract sees the user; the relayer signed, and paid. */
    assert_true(str_starts(run->value, STR("alice.test relay.test \x05")));
    assert_true(tc_balance(&t, "alice.test") == before);

    o = relay(&t, &d, "alice.test"); /* again */
    assert_str(o->failure, "{\"ActionError\":{\"index\":0,\"kind\":{\"DelegateActionInvalidNonce\":"
                           "{\"delegate_nonce\":1,\"ak_nonce\":1}}}}");
    d = signed_by(&t, "alice.test", "a.test", &inner, 2, 3, &sig);
    o = relay(&t, &d, "alice.test");
    assert_str(o->failure, "{\"ActionError\":{\"index\":0,\"kind\":\"DelegateActionExpired\"}}");
    d = signed_by(&t, "alice.test", "a.test", &inner, 3, 1000, &sig);
    o = relay(&t, &d, "a.test");
    assert_str(o->failure, "{\"ActionError\":{\"index\":0,\"kind\":"
                           "{\"DelegateActionSenderDoesNotMatchTxReceiver\":{\"sender_id\":"
                           "\"alice.test\",\"receiver_id\":\"a.test\"}}}}");
    sig.b[3] ^= 1;
    o = relay(&t, &d, "alice.test");
    assert_str(o->failure,
               "{\"ActionError\":{\"index\":0,\"kind\":\"DelegateActionInvalidSignature\"}}");
    tc_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonces_only_grow),         cmocka_unit_test(one_block_sorts_nonces),
        cmocka_unit_test(new_keys_start_high),      cmocka_unit_test(wrong_signer),
        cmocka_unit_test(forged_signature),         cmocka_unit_test(sent_twice_is_known),
        cmocka_unit_test(call_keys_are_restricted), cmocka_unit_test(delegates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
