/* test_session.c — the message that a worker signs, to the byte, and NEP-413. */
#include <string.h>

#include "test.h"

#include "codec/hex.h"
#include "keystore/session.h"
#include "near/nep413.h"

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
        cmocka_unit_test(writes_the_message),
        cmocka_unit_test(uses_a_challenge_once),
        cmocka_unit_test(digests_as_nep413),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
