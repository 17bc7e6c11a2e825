/* test_sessions.c — the message that a worker signs, to the byte; who gets a session by it, and for
 * how long; NEP-413. */
#include <stdio.h>
#include <string.h>

#include "test.h"

#include "base/clock.h"
#include "codec/hex.h"
#include "http/server.h"
#include "near/nep413.h"
#include "secrets/sessions.h"

static void writes_the_message(void **state)
{
    struct session_claim c = {.audience = STR("outlayer-keystore:outlayer.test"), .issued_at = 258};
    struct buf b = BUF_INIT(SESSION_MESSAGE_MAX);
    size_t at = 0;

    (void)state;
    memset(c.challenge, 1, 32);
    memset(c.worker_nonce, 2, 32);
    memset(c.session_id, 3, 32);
    session_message(&b, &c);
    assert_int_equal(b.len, 32 + 4 + c.audience.len + 4 * 32 + 8);
    assert_memory_equal(b.ptr, "outlayer:v2:tee-session\0\0\0\0\0\0\0\0\0", 32);
    at = 32;
    assert_int_equal(b.ptr[at], (int)c.audience.len);
    assert_memory_equal(b.ptr + at + 4, c.audience.ptr, c.audience.len);
    at += 4 + c.audience.len;
    assert_true(b.ptr[at] == 1 && b.ptr[at + 32] == 2 && b.ptr[at + 64] == 3 &&
                b.ptr[at + 96] == 0);
    assert_memory_equal(b.ptr + at + 128, "\x02\x01\0\0\0\0\0\0", 8);
    /* never as long as a transaction's hash, which the same key signs */
    assert_true(b.len != 32);
    buf_release(&b);
}

static void uses_a_challenge_once(void **state)
{
    struct sessions *s =
        sessions_new(STR("worker.test"), STR("outlayer-keystore:outlayer.test"), STR_NONE);
    struct registration r;
    struct buf why = WHY_INIT;
    char id[SESSION_TEXT + 1];
    uint8_t bytes[32];

    (void)state;
    memset(&r, 0, sizeof(r));
    assert_int_equal(sessions_register(s, NULL, &r, id, &why), ERR_DENIED);
    assert_ok(sessions_challenge(s, r.claim.challenge, &why), why);
    /* the answer is wrong (no time, no signature), and the challenge is gone all the same */
    assert_int_equal(sessions_register(s, NULL, &r, id, &why), ERR_DENIED);
    assert_true(str_find(buf_str(&why), STR("issued_at")) < why.len);
    assert_int_equal(sessions_register(s, NULL, &r, id, &why), ERR_DENIED);
    assert_true(str_find(buf_str(&why), STR("used before")) < why.len);
    for (int i = 0; i < CHALLENGES_MAX; i++)
        assert_ok(sessions_challenge(s, bytes, &why), why);
    assert_int_equal(sessions_challenge(s, bytes, &why), ERR_BUSY);
    assert_int_equal(sessions_open(s), 0);
    buf_release(&why);
    sessions_free(s);
}

/* A node that knows every key, until `gone`. */
static bool gone;
static void node(void *ctx, struct http_req *r)
{
    (void)ctx;
    http_reply(
        r, 200, "application/json",
        gone ? STR("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"name\":\"HANDLER_ERROR\",\"cause\":"
                   "{\"name\":\"UNKNOWN_ACCESS_KEY\",\"info\":{}},\"code\":-32000,"
                   "\"message\":\"Server error\"}}")
             : STR("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"nonce\":1,\"permission\":"
                   "\"FullAccess\",\"block_height\":1,\"block_hash\":"
                   "\"11111111111111111111111111111111\"}}"));
}

static void sign_for(struct sessions *s, const char *audience, struct registration *r)
{
    struct ed25519_key key;
    struct buf why = WHY_INIT, message = BUF_INIT(SESSION_MESSAGE_MAX);
    struct hash256 id;

    memset(r, 0, sizeof(*r));
    ed25519_generate(&key);
    r->pub = key.pub;
    memset(r->box_key, 7, sizeof(r->box_key));
    id = session_id_of_box(r->box_key);
    memcpy(r->claim.session_id, id.b, sizeof(id.b));
    r->claim.audience = str_of(audience);
    r->claim.issued_at = clock_unix_ns() / 1000000000u;
    assert_ok(sessions_challenge(s, r->claim.challenge, &why), why);
    session_message(&message, &r->claim);
    r->signature = ed25519_sign(&key, buf_str(&message));
    buf_release(&message);
    buf_release(&why);
}

static void keeps_sessions(void **state)
{
    static const char ours[] = "outlayer-coordinator:outlayer.test";
    struct sessions *s = sessions_new(STR("worker.test"), str_of(ours), STR_NONE);
    struct http_server *http = NULL;
    struct buf why = WHY_INIT;
    char url[64], first[SESSION_TEXT + 1], id[SESSION_TEXT + 1];
    struct registration r;
    struct rpc *rpc;

    (void)state;
    assert_ok(http_server_start(
                  &(struct http_server_opts){
                      .host = "127.0.0.1", .max_body = 65536, .max_conns = 4, .handle = node},
                  &http, &why),
              why);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_server_port(http));
    rpc = rpc_new(url);

    /* Signed for the keystore: worth nothing at the coordinator. */
    sign_for(s, "outlayer-keystore:outlayer.test", &r);
    assert_int_equal(sessions_register(s, rpc, &r, id, &why), ERR_DENIED);
    assert_true(str_find(buf_str(&why), STR("signature")) < why.len);

    sign_for(s, ours, &r);
    assert_ok(sessions_register(s, rpc, &r, first, &why), why);
    assert_true(sessions_has(s, str_of(first)));
    assert_int_equal(sessions_register(s, rpc, &r, id, &why), ERR_DENIED); /* replayed */
    assert_false(sessions_has(s, STR("")));
    assert_false(sessions_has(s, str_head(str_of(first), SESSION_TEXT - 1)));
    assert_false(sessions_has(s, STR("00000000-0000-4000-8000-000000000000")));

    /* The table is bounded: one too many ends the oldest. */
    for (int i = 0; i < SESSIONS_MAX; i++) {
        clock_sleep_ms(i ? 0 : 2);
        sign_for(s, ours, &r);
        assert_ok(sessions_register(s, rpc, &r, id, &why), why);
    }
    assert_int_equal(sessions_open(s), SESSIONS_MAX);
    assert_false(sessions_has(s, str_of(first)));
    assert_true(sessions_has(s, str_of(id)));

    /* None is asked about before its time; then a key that is gone ends its session. */
    gone = true;
    sessions_recheck(s, rpc);
    assert_int_equal(sessions_open(s), SESSIONS_MAX);
    sessions_recheck_every(s, 0);
    clock_sleep_ms(2);
    sessions_recheck(s, rpc);
    assert_int_equal(sessions_open(s), 0);
    assert_false(sessions_has(s, str_of(id)));
    gone = false;

    rpc_free(rpc);
    http_server_stop(http);
    buf_release(&why);
    sessions_free(s);
}

static void reads_registrations(void **state)
{
    struct registration r;
    struct buf why = WHY_INIT;
    struct json v;

    (void)state;
    assert_true(json_parse(STR("{\"public_key\":\"ed25519:x\"}"), &v, NULL));
    assert_int_equal(registration_read(v, &r, &why), ERR_FORMAT);
    assert_true(str_find(buf_str(&why), STR("bare signature")) < why.len);
    assert_true(json_parse(STR("{\"public_key\":\"ed25519:x\",\"box_key\":7}"), &v, NULL));
    assert_int_equal(registration_read(v, &r, &why), ERR_FORMAT);
    assert_true(str_find(buf_str(&why), STR("public_key")) < why.len);
    buf_release(&why);
}

static void digests_as_nep413(void **state)
{
    uint8_t nonce[32];
    struct hash256 h;
    struct buf b = BUF_INIT(100);

    (void)state;
    memset(nonce, 5, sizeof(nonce));
    h = nep413_digest(STR("hello"), nonce, STR("outlayer.test"));
    hash_put_hex(&b, &h);
    assert_buf(b, "877e069c15e1be24a1f85dbdf8e71658ba2076294df3c0db3d0d07b343ba1655");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_message), cmocka_unit_test(uses_a_challenge_once),
        cmocka_unit_test(keeps_sessions),     cmocka_unit_test(reads_registrations),
        cmocka_unit_test(digests_as_nep413),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
