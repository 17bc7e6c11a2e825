/* Manifest, statements, chain, batches: every byte of the published vectors, and what breaks them.
 */
#include "vectors.h"

#include <string.h>

#include "attest/batch.h"
#include "attest/manifest.h"
#include "attest/statement.h"
#include "codec/hex.h"

static struct arena arena;
static struct json all;

static int set_up(void **state)
{
    (void)state;
    crypto_init();
    return !json_parse(vector_file(&arena, "binding-v2.json"), &all, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct str hex_at(struct json object, const char *key)
{
    return vector_hex(&arena, json_get(object, key));
}

static struct hash256 hash_at(struct json v)
{
    struct str bytes = vector_hex(&arena, v);
    struct hash256 h;

    assert_int_equal(bytes.len, 32);
    memcpy(h.b, bytes.ptr, 32);
    return h;
}

static struct ed25519_key key_named(const char *name)
{
    struct json k = json_get(json_get(all, "keys"), name);
    struct ed25519_key key;
    struct str seed = hex_at(k, "seed");

    ed25519_from_seed((const uint8_t *)seed.ptr, &key);
    assert_memory_equal(key.pub.b, hex_at(k, "public").ptr, 32);
    return key;
}

static void test_manifest(void **state)
{
    struct json m = json_get(all, "manifest"), f = json_get(m, "fields");
    struct str bytes = hex_at(m, "bytes"), want = hex_at(m, "report_data");
    struct buf b = BUF_INIT(MANIFEST_MAX), why = WHY_INIT;
    struct hash256 session = manifest_session(LABEL_WORKER, bytes);
    struct manifest read;
    uint8_t data[64];
    uint64_t n;

    (void)state;
    assert_ok(manifest_read(bytes, &read, &why), why);
    assert_true(str_eq(read.network, vector_text(f, "network")));
    assert_true(str_eq(read.software, vector_text(f, "software")));
    assert_true(str_eq(read.register_contract, vector_text(f, "register_contract")));
    assert_memory_equal(read.statement_key, hex_at(f, "statement_key").ptr, 32);
    assert_memory_equal(read.box_key, hex_at(f, "box_key").ptr, 32);
    assert_memory_equal(read.challenge, hex_at(f, "challenge").ptr, 32);
    assert_true(json_u64(json_get(f, "not_after"), &n) && n == read.not_after);
    assert_true(json_u64(json_get(f, "near_block_height"), &n) && n == read.near_block_height);
    manifest_write(&b, &read);
    assert_true(str_eq(buf_str(&b), bytes));
    label_report_data(LABEL_WORKER, bytes, data);
    assert_true(str_eq(str_from(data, 64), want));
    assert_memory_equal(session.b, hex_at(m, "session_id").ptr, 32);
    /* the keystore's label gives another session */
    session = manifest_session(LABEL_KEYSTORE, bytes);
    assert_memory_not_equal(session.b, hex_at(m, "session_id").ptr, 32);
    /* too long an epoch, another format, a byte too few or too many */
    read.not_after = read.not_before + MANIFEST_SPAN_MAX + 1;
    buf_clear(&b);
    manifest_write(&b, &read);
    assert_int_equal(manifest_read(buf_str(&b), &read, &why), ERR_RANGE);
    b.ptr[0] = 3;
    assert_int_equal(manifest_read(buf_str(&b), &read, &why), ERR_FORMAT);
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(manifest_read(str_head(bytes, i), &read, NULL), ERR_FORMAT);
    buf_clear(&b);
    buf_add_str(&b, bytes);
    buf_add_byte(&b, 0);
    assert_int_equal(manifest_read(buf_str(&b), &read, NULL), ERR_FORMAT);
    buf_release(&b);
    buf_release(&why);
}

static void test_statements(void **state)
{
    struct json_iter it = json_iter(json_get(all, "statements"));
    struct ed25519_key key = key_named("statement key");
    struct hash256 prev = {{0}};
    uint64_t seq = 0;

    (void)state;
    while (json_next(&it)) {
        struct str bytes = hex_at(it.value, "bytes"), sig = hex_at(it.value, "signature");
        struct hash256 digest = statement_digest(bytes);
        struct buf b = BUF_INIT(STATEMENT_MAX), why = WHY_INIT;
        struct ed25519_sig made, given;
        struct statement s;

        assert_ok(statement_read(bytes, &s, &why), why);
        assert_int_equal(s.seq, seq++);
        assert_true(hash_eq(&s.prev, &prev));
        statement_write(&b, &s);
        assert_true(str_eq(buf_str(&b), bytes));
        assert_memory_equal(digest.b, hex_at(it.value, "digest").ptr, 32);
        made = statement_sign(&key, bytes);
        assert_memory_equal(made.b, sig.ptr, 64);
        memcpy(given.b, sig.ptr, 64);
        assert_true(statement_signed_by(&key.pub, bytes, &given));
        b.ptr[b.len - 1] ^= 1;
        assert_false(statement_signed_by(&key.pub, buf_str(&b), &given));
        prev = digest;
        buf_release(&b);
        buf_release(&why);
    }
    assert_int_equal(seq, 5);
}

static void test_chain(void **state)
{
    struct json list = json_get(all, "statements");
    struct str bytes[5];
    struct buf other = BUF_INIT(STATEMENT_MAX), why = WHY_INIT;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        bytes[i] = hex_at(json_at(list, i), "bytes");
    assert_ok(statement_follows(STR_NONE, bytes[0], &why), why);
    for (size_t i = 1; i < 5; i++)
        assert_ok(statement_follows(bytes[i - 1], bytes[i], &why), why);
    /* a gap, a replay, a step back, a first one that is none, another session */
    assert_int_equal(statement_follows(bytes[0], bytes[2], &why), ERR_CONFLICT);
    assert_int_equal(statement_follows(bytes[1], bytes[1], &why), ERR_CONFLICT);
    assert_int_equal(statement_follows(bytes[2], bytes[1], &why), ERR_CONFLICT);
    assert_int_equal(statement_follows(STR_NONE, bytes[1], &why), ERR_CONFLICT);
    buf_add_str(&other, bytes[0]);
    other.ptr[2] ^= 1;
    assert_int_equal(statement_follows(buf_str(&other), bytes[1], &why), ERR_CONFLICT);
    other.ptr[2] ^= 1;
    other.ptr[other.len - 1] ^= 1; /* the predecessor changed afterwards */
    assert_int_equal(statement_follows(buf_str(&other), bytes[1], &why), ERR_CONFLICT);
    buf_release(&other);
    buf_release(&why);
}

static void test_statement_fields(void **state)
{
    struct json one = json_at(json_get(all, "statements"), 0), f = json_get(one, "fields");
    struct statement s;
    uint64_t n;

    (void)state;
    assert_int_equal(statement_read(hex_at(one, "bytes"), &s, NULL), ERR_OK);
    assert_true(str_eq(s.caller, vector_text(f, "caller")));
    assert_true(str_eq(s.build_target, vector_text(f, "build_target")));
    assert_memory_equal(s.wasm_sha256.b, hex_at(f, "wasm_sha256").ptr, 32);
    assert_memory_equal(s.input_sha256.b, hex_at(f, "input_sha256").ptr, 32);
    assert_memory_equal(s.delivered_sha256.b, hex_at(f, "delivered_sha256").ptr, 32);
    assert_memory_equal(s.env_sha256.b, hex_at(f, "env_sha256").ptr, 32);
    assert_true(json_u64(json_get(f, "instructions"), &n) && n == s.instructions);
    assert_true(json_u64(json_get(f, "max_execution_seconds"), &n) && n == s.max_seconds);
    assert_true(json_u64(json_get(f, "effects"), &n) && n == s.effects);
    assert_true(json_u64(json_get(f, "finished_ms"), &n) && n == s.finished_ms);
    assert_int_equal(s.origin, ORIGIN_CHAIN);
    assert_int_equal(s.chain.request_id, 569);
    assert_int_equal(s.source, CODE_GITHUB);
    assert_true(s.has_build && s.has_secrets && !s.has_project && !s.has_transcript);
    assert_str(str_of(statement_status_name(s.status)), "ok");
}

/* The other arm of every choice goes there and back too. */
static void test_other_arms(void **state)
{
    struct json one = json_at(json_get(all, "statements"), 0);
    struct buf b = BUF_INIT(STATEMENT_MAX), again = BUF_INIT(STATEMENT_MAX);
    struct statement s, t;

    (void)state;
    assert_int_equal(statement_read(hex_at(one, "bytes"), &s, NULL), ERR_OK);
    s.kind = STATEMENT_COMPILE;
    s.origin = ORIGIN_HTTPS;
    memset(s.https.call_id, 7, sizeof s.https.call_id);
    s.https.payment_owner = STR("alice.near");
    s.https.payment_nonce = 9;
    s.has_project = true;
    s.project_id = STR("alice.near/app");
    s.version_key = STR("v1");
    s.source = CODE_URL;
    s.url = STR("https://example.org/a.wasm");
    s.has_build = s.has_secrets = false;
    s.has_transcript = true;
    s.transcript_root = s.input_sha256;
    s.status = STATEMENT_CANCELLED;
    s.exit_code = -5;
    s.payment = ((u128)1 << 100) + 1;
    s.payment_unit = PAY_YOCTO;
    statement_write(&b, &s);
    assert_int_equal(statement_read(buf_str(&b), &t, NULL), ERR_OK);
    assert_int_equal(t.exit_code, -5);
    assert_true(t.payment == s.payment);
    statement_write(&again, &t);
    assert_true(str_eq(buf_str(&b), buf_str(&again)));
    /* no shorter text is a statement; numbers without a meaning are none */
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(statement_read(str_head(buf_str(&b), i), &t, NULL), ERR_FORMAT);
    s.effects = 1 << 9;
    buf_clear(&b);
    statement_write(&b, &s);
    assert_int_equal(statement_read(buf_str(&b), &t, NULL), ERR_FORMAT);
    s.effects = 0;
    s.status = STATEMENT_STATUS_COUNT;
    buf_clear(&b);
    statement_write(&b, &s);
    assert_int_equal(statement_read(buf_str(&b), &t, NULL), ERR_FORMAT);
    buf_release(&b);
    buf_release(&again);
}

static void test_merkle(void **state)
{
    struct json m = json_get(all, "merkle");
    struct hash256 leaf[5], root, path[BATCH_PATH_MAX];

    (void)state;
    for (size_t i = 0; i < 5; i++)
        leaf[i] = hash_at(json_at(json_get(m, "leaves"), i));
    for (size_t n = 1; n <= 5; n++) {
        struct hash256 want = hash_at(json_at(json_get(m, "roots_by_size"), n - 1));

        root = batch_root(leaf, n);
        assert_true(hash_eq(&root, &want));
    }
    for (size_t i = 0; i < 5; i++) {
        struct json want = json_at(json_get(m, "paths"), i);
        size_t steps = batch_path(leaf, 5, i, path);

        assert_int_equal(steps, json_count(want));
        for (size_t k = 0; k < steps; k++) {
            struct hash256 h = hash_at(json_at(want, k));
            assert_true(hash_eq(&path[k], &h));
        }
    }
}

/* All trees up to 70 leaves: each path holds at its place and nowhere else. */
static void test_paths(void **state)
{
    struct hash256 leaf[70], path[BATCH_PATH_MAX], root, grown;
    struct batch_tree tree = {.n = 0};

    (void)state;
    for (size_t i = 0; i < countof(leaf); i++)
        leaf[i] = sha256(str_from(&i, sizeof i));
    for (size_t n = 1; n <= countof(leaf); n++) {
        root = batch_root(leaf, n);
        batch_tree_add(&tree, &leaf[n - 1]);
        grown = batch_tree_root(&tree);
        assert_true(hash_eq(&root, &grown));
        for (size_t i = 0; i < n; i++) {
            size_t steps = batch_path(leaf, n, i, path);

            assert_true(batch_path_holds(&leaf[i], i, n, path, steps, &root));
            assert_false(batch_path_holds(&leaf[i], i + 1, n, path, steps, &root) && n > 1);
            if (n > 1)
                assert_false(batch_path_holds(&leaf[(i + 1) % n], i, n, path, steps, &root));
            assert_false(batch_path_holds(&leaf[i], i, n, path, steps + 1, &root));
            if (steps) {
                assert_false(batch_path_holds(&leaf[i], i, n, path, steps - 1, &root));
                path[steps - 1].b[0] ^= 1;
                assert_false(batch_path_holds(&leaf[i], i, n, path, steps, &root));
            }
        }
    }
    assert_false(batch_path_holds(&leaf[0], 0, UINT64_MAX, path, 0, &leaf[0]));
    assert_false(batch_path_holds(&leaf[0], 0, 0, path, 0, &leaf[0]));
}

static void test_batch_head(void **state)
{
    struct json b = json_get(all, "batch");
    struct str message = hex_at(b, "message");
    struct ed25519_key key = key_named("statement key");
    struct ed25519_sig sig = ed25519_sign(&key, message);
    struct buf again = BUF_INIT(256);
    struct batch_head h;
    struct hash256 root = hash_at(json_get(json_get(all, "merkle"), "root"));

    (void)state;
    assert_int_equal(message.len, BATCH_HEAD_LEN);
    assert_int_equal(batch_head_read(message, &h, NULL), ERR_OK);
    assert_int_equal(h.count, 5);
    assert_true(hash_eq(&h.root, &root));
    batch_head_write(&again, &h);
    assert_true(str_eq(buf_str(&again), message));
    assert_memory_equal(sig.b, hex_at(b, "signature").ptr, 64);
    assert_int_equal(batch_head_read(str_skip(message, 1), &h, NULL), ERR_FORMAT);
    again.ptr[0] ^= 1; /* another label */
    assert_int_equal(batch_head_read(buf_str(&again), &h, NULL), ERR_FORMAT);
    buf_release(&again);
}

static void test_single_quote(void **state)
{
    struct json q = json_get(all, "single_quote");
    struct hash256 digest = hash_at(json_get(q, "statement_digest"));
    uint8_t data[64];

    (void)state;
    statement_quote_data(&digest, (const uint8_t *)hex_at(q, "client_nonce").ptr, data);
    assert_memory_equal(data, hex_at(q, "report_data").ptr, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest),     cmocka_unit_test(test_statements),
        cmocka_unit_test(test_chain),        cmocka_unit_test(test_statement_fields),
        cmocka_unit_test(test_other_arms),   cmocka_unit_test(test_merkle),
        cmocka_unit_test(test_paths),        cmocka_unit_test(test_batch_head),
        cmocka_unit_test(test_single_quote),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
