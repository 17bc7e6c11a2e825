/* The record's preimage: a golden vector, two records published on mainnet, and the rule of dates.
 */
#include "vectors.h"

#include "attest/record.h"
#include "codec/put.h"

static struct record golden(void)
{
    return (struct record){
        .kind = RECORD_EXECUTE,
        .task_id = 77,
        .repo_url = STR("https://github.com/alice/random"),
        .commit_hash = STR("0123456789abcdef0123456789abcdef01234567"),
        .build_target = STR("wasm32-wasip1"),
        .wasm_hash = STR("38f9166c1d6910fc8b616610d690b717686c5d79d201a1938b83d62607ee08e4"),
        .input_hash = STR("0cf36617a12e749a9875f4527b96c750cb3c64aae7e981627930c04b3f74162a"),
        .output_hash = STR("79e9cc620b6bdb94ab7be8ce5d6a360dc3fc5678b25153162644253cebe07ddd"),
        .has_height = true,
        .block_height = 123456789,
        .caller = STR("alice.near"),
        .project = STR("alice.near/random"),
        .secrets = STR("alice.near/default"),
        .timestamp = 1780000000,
        .attached_usd = STR("0"),
    };
}

static void assert_hash(const struct record *r, const char *want)
{
    struct hash256 h;
    char text[80];
    struct buf hex = BUF_OVER(text), why = WHY_INIT;

    assert_ok(record_hash(r, &h, &why), why);
    hash_put_hex(&hex, &h);
    assert_buf(hex, want);
}

static void test_golden(void **state)
{
    struct record r = golden();
    struct buf b = BUF_INIT(RECORD_PREIMAGE_MAX);
    uint8_t data[64];

    (void)state;
    assert_int_equal(record_preimage(&r, &b, NULL), ERR_OK);
    assert_int_equal(b.len, 353);
    assert_hash(&r, "f833d8a248e946dab885a8d4e132219a561667b81afa6cefc746a88162227fd2");
    assert_int_equal(record_report_data(&r, data, NULL), ERR_OK);
    for (size_t i = 32; i < 64; i++)
        assert_int_equal(data[i], 0);
    buf_release(&b);
}

/* The hashes in the golden vector are those of these texts. */
static void test_hashes(void **state)
{
    struct hash256 in = sha256(STR("{\"min\":1,\"max\":100}")),
                   out = sha256(STR("{\"random_number\":42}")),
                   none = sha256(STR(RECORD_NO_OUTPUT));
    char text[3][80];
    struct buf a = BUF_OVER(text[0]), b = BUF_OVER(text[1]), c = BUF_OVER(text[2]);

    (void)state;
    hash_put_hex(&a, &in);
    assert_buf(a, "0cf36617a12e749a9875f4527b96c750cb3c64aae7e981627930c04b3f74162a");
    hash_put_hex(&b, &out);
    assert_buf(b, "79e9cc620b6bdb94ab7be8ce5d6a360dc3fc5678b25153162644253cebe07ddd");
    hash_put_hex(&c, &none);
    assert_buf(c, "27763d31b47cd269bbcfbf1c53c43a80df7b79d64c83d679c484962b0aeffae1");
}

/* One second decides, and nothing else. */
static void test_legacy(void **state)
{
    struct record r = golden();
    struct buf now = BUF_INIT(RECORD_PREIMAGE_MAX), old = BUF_INIT(RECORD_PREIMAGE_MAX);

    (void)state;
    r.timestamp = RECORD_V1_SINCE;
    assert_int_equal(record_preimage(&r, &now, NULL), ERR_OK);
    r.timestamp--;
    assert_true(record_is_legacy(&r));
    assert_int_equal(record_preimage(&r, &old, NULL), ERR_OK);
    assert_true(str_starts(buf_str(&now), buf_str(&old)));
    assert_int_equal(now.len - old.len, 10 + 17 + 18 + 8 + 1);
    buf_release(&now);
    buf_release(&old);
}

static void test_published(void **state)
{
    struct json_iter it = json_iter(json_get(vector_expected(), "records"));
    size_t n = 0;

    (void)state;
    while (json_next(&it)) {
        struct arena a = ARENA_INIT;
        struct buf b = BUF_INIT(RECORD_PREIMAGE_MAX), b2 = BUF_INIT(RECORD_PREIMAGE_MAX),
                   why = WHY_INIT, back = BUF_INIT(65536);
        struct json object, again;
        struct record r, r2;
        struct str quote, quote2;
        struct quote q;
        uint8_t data[64];

        assert_true(json_parse(vector_named(&a, vector_text(it.value, "file")), &object, NULL));
        assert_ok(record_read(object, &a, &r, &quote, &why), why);
        assert_int_equal(record_is_legacy(&r),
                         json_str_eq(json_get(it.value, "format"), STR("legacy")));
        assert_ok(record_preimage(&r, &b, &why), why);
        assert_true(str_eq(buf_str(&b), vector_hex(&a, json_get(it.value, "preimage_hex"))));
        assert_ok(record_report_data(&r, data, &why), why);
        assert_int_equal(quote_read(quote, &q), ATTEST_OK);
        assert_true(str_eq(quote_report_data(&q), str_from(data, 64)));
        /* what we write reads back to the same record */
        json_obj(&back);
        record_put(&back, &r);
        put_raw(&back, "tdx_quote", json_get(object, "tdx_quote").text);
        json_obj_end(&back);
        assert_true(json_parse(buf_str(&back), &again, NULL));
        assert_ok(record_read(again, &a, &r2, &quote2, &why), why);
        assert_ok(record_preimage(&r2, &b2, &why), why);
        assert_true(str_eq(buf_str(&b2), buf_str(&b)));
        buf_release(&b2);
        buf_release(&b);
        buf_release(&back);
        buf_release(&why);
        arena_release(&a);
        n++;
    }
    assert_int_equal(n, 2);
}

/* Every field counts. */
static void test_sensitive(void **state)
{
    struct record r = golden(), x;
    struct hash256 want, got;

    (void)state;
    assert_int_equal(record_hash(&r, &want, NULL), ERR_OK);
#define DIFFERS(change)                                                                            \
    do {                                                                                           \
        x = golden();                                                                              \
        change;                                                                                    \
        assert_int_equal(record_hash(&x, &got, NULL), ERR_OK);                                     \
        assert_false(hash_eq(&want, &got));                                                        \
    } while (0)
    DIFFERS(x.task_id = -77);
    DIFFERS(x.repo_url = STR_NONE);
    DIFFERS(x.commit_hash = STR("main"));
    DIFFERS(x.build_target = STR("wasm32-wasip2"));
    DIFFERS(x.wasm_hash = STR_NONE);
    DIFFERS(x.input_hash = x.output_hash);
    DIFFERS(x.output_hash = x.input_hash);
    DIFFERS(x.block_height++);
    DIFFERS(x.has_height = false);
    DIFFERS(x.caller = STR("alicf.near"));
    DIFFERS(x.project = STR_NONE);
    DIFFERS(x.secrets = STR("alice.near/other"));
    DIFFERS(x.timestamp++);
    DIFFERS(x.attached_usd = STR_NONE);
#undef DIFFERS
}

static void assert_refused(const char *change_json, enum err want)
{
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    struct json object;
    struct record r;
    struct str quote;

    assert_true(json_parse(str_of(change_json), &object, NULL));
    assert_int_equal(record_read(object, &a, &r, &quote, &why), want);
    assert_true(why.len > 0);
    buf_release(&why);
    arena_release(&a);
}

#define HASH "79e9cc620b6bdb94ab7be8ce5d6a360dc3fc5678b25153162644253cebe07ddd"
#define HEAD "{\"task_id\":1,\"timestamp\":1780000000,\"output_hash\":\"" HASH "\","

static void test_refused(void **state)
{
    (void)state;
    assert_refused("{}", ERR_FORMAT);
    assert_refused(HEAD "\"task_type\":\"other\",\"tdx_quote\":\"\"}", ERR_FORMAT);
    assert_refused(HEAD "\"task_type\":\"execute\"}", ERR_FORMAT);
    assert_refused(HEAD "\"task_type\":\"execute\",\"tdx_quote\":\"***\"}", ERR_FORMAT);
    assert_refused(HEAD "\"task_type\":\"execute\",\"wasm_hash\":\"12\",\"tdx_quote\":\"\"}",
                   ERR_FORMAT);
    assert_refused(HEAD "\"task_type\":\"compile\",\"wasm_hash\":\"" HASH "\",\"tdx_quote\":\"\"}",
                   ERR_FORMAT);
    assert_refused(HEAD "\"task_type\":\"execute\",\"repo_url\":7,\"tdx_quote\":\"\"}", ERR_FORMAT);
    assert_refused(HEAD "\"task_type\":\"execute\",\"block_height\":-1,\"tdx_quote\":\"\"}",
                   ERR_FORMAT);
    /* development modes of others are named as what they are */
    assert_refused(HEAD "\"task_type\":\"execute\","
                        "\"tdx_quote\":\"bm8tYXR0ZXN0YXRpb24tZGV2LW1vZGU=\"}",
                   ERR_ABSENT);
    assert_refused(HEAD "\"task_type\":\"execute\","
                        "\"tdx_quote\":\"4e4f5f4154544553544154494f4e3a7075626b65793d\"}",
                   ERR_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),    cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_legacy),    cmocka_unit_test(test_published),
        cmocka_unit_test(test_sensitive), cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
