/* Transactions against the vectors nearcore's own tests pin, by round trip, and with bad bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "codec/base58.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "near/tx.h"

#define PUBLIC "ed25519:5BGSaf6YjVm7565VzWQHNxoyEjwr3jUpRJSGjREvU9dB"
#define PRIVATE                                                                                    \
    "ed25519:"                                                                                     \
    "3tgdk2wPraJzT4nsTuf86UX41xgPNk3MHnq8epARMdBNs29AFEztAuaQ7iHddDfXG9F2RzV1XNQYgJyAyoW51"        \
    "UBB"
#define BLOCK "5wbD6GsVBReHetMUw17QcNne8BjB1xSKRoU4JYpafEx5"
#define TRANSFER                                                                                   \
    "BwAAAHNhbmRib3gAPhAD2VgzzYHR/n62i50KUrRinEdFISAx93BRVjAPPPoHAAAAAAAAAA0AAABhbGljZS5zYW5kYm94" \
    "SWrKgOTY8p+46M2BbDr7SNPxA5cLOi7hYAwIymcybe4BAAAAAwAAAKHtzM4bwtMAAAAAAAAAjEX76HQvRPcpxfxXfJt/" \
    "AWhPonjey/QluLLdrObrzaFQ4TGBreht2SFDkeVArQsyth6EpSq72LVfo8OuHAL4DA=="

static struct ed25519_key key;

static void assert_hash(const struct hash256 *h, const char *base58)
{
    char room[128];
    struct buf b = BUF_OVER(room);

    hash_put_base58(&b, h);
    assert_string_equal(buf_z(&b), base58);
}

static struct hash256 block_hash(void)
{
    struct hash256 h;

    assert_true(hash_from_base58(STR(BLOCK), &h));
    return h;
}

static void test_eight_actions(void **state)
{
    (void)state;
    struct ed25519_pub pub;
    const struct str methods[] = {STR("www")};
    struct action list[8];
    struct buf b = BUF_INIT(4096);
    struct hash256 h;
    struct tx t = {.signer_id = STR("test.near"),
                   .nonce.nonce = 1,
                   .receiver_id = STR("123"),
                   .actions = list,
                   .nactions = 8};

    assert_true(ed25519_pub_get(STR("ed25519:22skMptHjFWNyuEWY22ftn2AbLPSYpmYwGJRGwpNHbTV"), &pub));
    t.key = public_key_of(&pub);
    memset(list, 0, sizeof(list));
    list[0].kind = ACTION_CREATE_ACCOUNT;
    list[1].kind = ACTION_DEPLOY_CONTRACT;
    list[1].code = STR("\1\2\3");
    list[2].kind = ACTION_FUNCTION_CALL;
    list[2].call.method = STR("qqq");
    list[2].call.args = STR("\1\2\3");
    list[2].call.gas = 1000;
    list[2].call.deposit = 1000000;
    list[3].kind = ACTION_TRANSFER;
    list[3].deposit = 123;
    list[4].kind = ACTION_STAKE;
    list[4].stake.amount = 1000000;
    list[4].stake.key = t.key;
    list[5].kind = ACTION_ADD_KEY;
    list[5].add_key.key = t.key;
    list[5].add_key.access = (struct access_key){.kind = PERMISSION_FUNCTION_CALL,
                                                 .receiver_id = STR("zzz"),
                                                 .methods = methods,
                                                 .nmethods = 1};
    list[6].kind = ACTION_DELETE_KEY;
    list[6].key = t.key;
    list[7].kind = ACTION_DELETE_ACCOUNT;
    list[7].beneficiary_id = STR("123");
    tx_write(&b, &t);
    assert_int_equal(b.len, 316);
    h = sha256(buf_str(&b));
    assert_hash(&h, "4GXvjMFN6wSxnU9jEVT8HbXP5Yk6yELX9faRSKp6n9fX");
    buf_release(&b);
}

static void test_transfer_signed(void **state)
{
    (void)state;
    struct action act = {.kind = ACTION_TRANSFER};
    struct buf b = BUF_INIT(4096), text = BUF_INIT(4096), why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct signed_tx back;
    struct hash256 h;
    struct tx t = {.signer_id = STR("sandbox"),
                   .key = public_key_of(&key.pub),
                   .nonce.nonce = 7,
                   .receiver_id = STR("alice.sandbox"),
                   .block_hash = block_hash(),
                   .actions = &act,
                   .nactions = 1};

    act.deposit = (u128)1000000000000 * 1000000000000;
    h = tx_sign(&t, &key, &b);
    assert_hash(&h, "AhWUKaUG6faqFpK2MbhyDsnDs4DVTAr6s4vXe7Yk5xLg");
    base64_put(&text, b.ptr, b.len);
    assert_string_equal(buf_z(&text), TRANSFER);

    assert_int_equal(signed_tx_read(buf_str(&b), &a, &back, &why), ERR_OK);
    assert_int_equal(back.size, 122);
    assert_true(hash_eq(&back.hash, &h));
    assert_true(str_eqz(back.tx.receiver_id, "alice.sandbox"));
    assert_int_equal(back.tx.nactions, 1);
    assert_true(back.tx.actions[0].deposit == act.deposit);
    assert_true(signed_tx_verify(&back));

    /* One bit of the amount changed: well-formed, and not what was signed. */
    b.ptr[110] ^= 1;
    assert_int_equal(signed_tx_read(buf_str(&b), &a, &back, &why), ERR_OK);
    assert_false(signed_tx_verify(&back));
    arena_release(&a);
    buf_release(&b);
    buf_release(&text);
}

static void test_function_call_hash(void **state)
{
    (void)state;
    struct action act = {.kind = ACTION_FUNCTION_CALL};
    struct buf b = BUF_INIT(4096);
    struct hash256 h;
    struct tx t = {.signer_id = STR("sandbox"),
                   .key = public_key_of(&key.pub),
                   .nonce.nonce = 8,
                   .receiver_id = STR("outlayer.sandbox"),
                   .block_hash = block_hash(),
                   .actions = &act,
                   .nactions = 1};

    act.call.method = STR("request_execution");
    act.call.args = STR("{\"a\":1}");
    act.call.gas = UINT64_C(100000000000000);
    act.call.deposit = (u128)10000000000 * 1000000000000;
    h = tx_sign(&t, &key, &b);
    assert_hash(&h, "2wpXhLYDTMsNAgsSbT4JSkEXXGg31vnAfowHsiEstBhL");
    buf_release(&b);
}

static void test_delegate_digest(void **state)
{
    (void)state;
    const struct ed25519_pub zero = {{0}};
    const struct action create = {.kind = ACTION_CREATE_ACCOUNT};
    struct delegate d = {.version = 1,
                         .sender_id = STR("aaa"),
                         .receiver_id = STR("bbb"),
                         .actions = &create,
                         .nactions = 1,
                         .nonce.nonce = 1,
                         .max_block_height = 2,
                         .key = public_key_of(&zero)};
    struct hash256 h = delegate_digest(&d);
    char room[128];
    struct buf b = BUF_OVER(room);

    hash_put_hex(&b, &h);
    assert_string_equal(buf_z(&b),
                        "f8c2b791a4a6df518b74e67ab28fb639654fc3b651e0132ec570052587b5512d");
}

/* Every kind of action, written, read and written again: the same bytes. */
static void test_all_round_trip(void **state)
{
    (void)state;
    static char big_key[PUBLIC_KEY_MAX], sig64[64];
    const struct str methods[] = {STR("a"), STR("b")};
    const struct state_entry entries[] = {{STR("k1"), STR("v1")}, {STR("k2"), STR("")}};
    const struct action inner = {.kind = ACTION_TRANSFER, .deposit = 5};
    const struct public_key k = public_key_of(&key.pub);
    const struct public_key ml = {CURVE_ML_DSA_65, str_from(big_key, sizeof(big_key))};
    const struct signature sig = {CURVE_ED25519, str_from(sig64, sizeof(sig64))};
    const struct delegate d1 = {1, STR("aa"), STR("bb"), &inner, 1, {7, false, 0},
                                9, k,         sig,       {{0}}};
    const struct delegate d2 = {2, STR("aa"), STR("bb"), &inner, 1, {7, true, 3}, 9, k, sig, {{0}}};
    struct action list[20];
    size_t n = 0;
    struct buf b = BUF_INIT(1 << 20), c = BUF_INIT(1 << 20);
    struct arena a = ARENA_INIT;
    struct signed_tx back;
    struct buf why = WHY_INIT;
    struct tx t = {.version = 1,
                   .signer_id = STR("sandbox"),
                   .key = k,
                   .nonce = {8, true, 2},
                   .receiver_id = STR("x.sandbox"),
                   .block_hash = block_hash(),
                   .actions = list,
                   .strict_nonce = true};

    memset(list, 0, sizeof(list));
    list[n].kind = ACTION_CREATE_ACCOUNT;
    list[++n].kind = ACTION_DEPLOY_CONTRACT;
    list[n].code = STR("\0asm");
    list[++n].kind = ACTION_ADD_KEY;
    list[n].add_key.key = ml;
    list[n].add_key.access = (struct access_key){
        0, PERMISSION_GAS_KEY_FUNCTION_CALL, true, 7, STR(""), methods, 2, 0, 4};
    list[++n].kind = ACTION_ADD_KEY;
    list[n].add_key.key = k;
    list[n].add_key.access = (struct access_key){.kind = PERMISSION_FULL_ACCESS};
    list[++n].kind = ACTION_DELEGATE;
    list[n].delegate = &d1;
    list[++n].kind = ACTION_DELEGATE_V2;
    list[n].delegate = &d2;
    list[++n].kind = ACTION_DEPLOY_GLOBAL_CONTRACT;
    list[n].deploy_global.code = STR("code");
    list[n].deploy_global.by_account = true;
    list[++n].kind = ACTION_USE_GLOBAL_CONTRACT;
    list[n].use_global = (struct global_id){.by_account = true, .account_id = STR("g.near")};
    list[++n].kind = ACTION_DETERMINISTIC_STATE_INIT;
    list[n].state_init.entries = entries;
    list[n].state_init.nentries = 2;
    list[n].state_init.deposit = 11;
    list[++n].kind = ACTION_TRANSFER_TO_GAS_KEY;
    list[n].gas_key.key = k;
    list[n].gas_key.amount = 3;
    list[++n].kind = ACTION_WITHDRAW_FROM_GAS_KEY;
    list[n].gas_key.key = k;
    list[++n].kind = ACTION_UNIVERSAL_STATE_INIT;
    list[n].universal.raw = STR("\0\0");
    list[n].universal.deposit = 1;
    t.nactions = n + 1;

    (void)tx_sign(&t, &key, &b);
    assert_int_equal(signed_tx_read(buf_str(&b), &a, &back, &why), ERR_OK);
    assert_int_equal(back.tx.nactions, t.nactions);
    assert_int_equal(back.tx.version, 1);
    assert_true(back.tx.strict_nonce && back.tx.nonce.has_index && back.tx.nonce.index == 2);
    assert_true(signed_tx_verify(&back));
    (void)tx_sign(&back.tx, &key, &c);
    assert_true(str_eq(buf_str(&b), buf_str(&c)));

    /* Cut anywhere, it is refused and nothing is read past its end. */
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(signed_tx_read(str_head(buf_str(&b), i), &a, &back, &why), ERR_FORMAT);
    arena_release(&a);
    buf_release(&b);
    buf_release(&c);
    buf_release(&why);
}

static void test_bad_bytes(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(4096), why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct signed_tx t;

    assert_true(base64_get(STR(TRANSFER), &b));
    buf_add_byte(&b, 0); /* a byte too many */
    assert_int_equal(signed_tx_read(buf_str(&b), &a, &t, &why), ERR_FORMAT);
    b.len--;
    b.ptr[1] = 7; /* a version nobody has */
    assert_int_equal(signed_tx_read(buf_str(&b), &a, &t, &why), ERR_FORMAT);
    b.ptr[1] = 0;
    b.ptr[4] = 'S'; /* a signer no account can have */
    assert_int_equal(signed_tx_read(buf_str(&b), &a, &t, &why), ERR_FORMAT);
    b.ptr[4] = 's';
    b.ptr[b.len - 1] |= (char)0x80; /* a signature out of range */
    assert_int_equal(signed_tx_read(buf_str(&b), &a, &t, &why), ERR_FORMAT);
    b.ptr[b.len - 1] &= 0x0f;
    b.ptr[105] = 99; /* an action nobody knows: offset 4+7+33+8+4+13+32+4 */
    assert_int_equal(signed_tx_read(buf_str(&b), &a, &t, &why), ERR_FORMAT);
    b.ptr[105] = 3;
    memset(b.ptr + 101, 0xff, 4); /* four billion actions */
    assert_int_equal(signed_tx_read(buf_str(&b), &a, &t, &why), ERR_FORMAT);
    assert_int_equal(signed_tx_read(STR_NONE, &a, &t, &why), ERR_FORMAT);
    arena_release(&a);
    buf_release(&b);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eight_actions),      cmocka_unit_test(test_transfer_signed),
        cmocka_unit_test(test_function_call_hash), cmocka_unit_test(test_delegate_digest),
        cmocka_unit_test(test_all_round_trip),     cmocka_unit_test(test_bad_bytes),
    };
    struct ed25519_pub pub;

    crypto_init();
    if (!ed25519_secret_get(STR(PRIVATE), &key) || !ed25519_pub_get(STR(PUBLIC), &pub) ||
        memcmp(&pub, &key.pub, sizeof(pub)) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
