/* test_vrf.c — the worker draws through its session: a session that is over, a node of the
 * keystore's that lags, answers that are none, and a keystore that hangs. */
#include <string.h>

#include "test.h"

#include "base/clock.h"
#include "codec/hex.h"
#include "http/server.h"
#include "worker/vrf.h"

#define ALPHA STR("vrf:41:carol.near:x")

static struct {
    struct ed25519_key key;
    struct near_key worker;
    struct keystore_client *client;
    unsigned sessions, asked;
    unsigned refusals, refuse_status; /* of /vrf/generate, still to come */
    const char *answer;               /* NULL: a good one */
    uint32_t wait_ms;
} keystore;

static void reply(struct http_req *req, unsigned status, const char *json)
{
    http_reply(req, status, "application/json", str_of(json));
}

static void drawn(struct http_req *req)
{
    struct buf b = BUF_INIT(1024);
    struct vrf v;

    vrf_make(&keystore.key, ALPHA, &v);
    buf_addz(&b, "{\"output_hex\":\"");
    hex_put(&b, v.output, sizeof(v.output));
    buf_addz(&b, "\",\"signature_hex\":\"");
    hex_put(&b, v.proof.b, sizeof(v.proof.b));
    buf_addz(&b, "\",\"vrf_public_key_hex\":\"");
    hex_put(&b, keystore.key.pub.b, 32);
    buf_addz(&b, "\"}");
    reply(req, 200, buf_z(&b));
    buf_release(&b);
}

static void handle(void *ctx, struct http_req *req)
{
    struct str path = http_req_path(req);

    (void)ctx;
    if (str_eqz(path, "/tee-challenge")) {
        reply(
            req, 200,
            "{\"challenge\":\"0000000000000000000000000000000000000000000000000000000000000000\"}");
    } else if (str_eqz(path, "/register-tee")) {
        keystore.sessions++;
        reply(req, 200, "{\"session_id\":\"one\"}");
    } else if (str_eqz(path, "/vrf/generate")) {
        keystore.asked++;
        assert_true(str_eqz(http_req_body(req), "{\"alpha\":\"vrf:41:carol.near:x\"}"));
        if (keystore.wait_ms)
            clock_sleep_ms(keystore.wait_ms);
        if (keystore.refusals && keystore.refusals--)
            reply(req, keystore.refuse_status, "{\"error\":\"request 41 waits for no answer\"}");
        else if (keystore.answer)
            reply(req, 200, keystore.answer);
        else
            drawn(req);
    } else {
        reply(req, 200, "{\"vrf_public_key_hex\":\"00\"}");
    }
}

static enum err draw(uint64_t ms, struct vrf *v, struct buf *why)
{
    struct vrf_source source = vrf_source_keystore(keystore.client);
    struct ed25519_pub pub;

    keystore.asked = 0;
    return source.draw(source.ctx, ALPHA, clock_mono_ms() + ms, v, &pub, why);
}

static void draws_in_a_session(void **state)
{
    struct buf why = WHY_INIT;
    struct vrf v;

    (void)state;
    assert_ok(draw(20000, &v, &why), why);
    assert_true(vrf_check(&keystore.key.pub, ALPHA, &v));
    assert_int_equal(keystore.sessions, 1);
    assert_ok(draw(20000, &v, &why), why);
    assert_int_equal(keystore.sessions, 1);
    /* over: the keystore was started again */
    keystore.refusals = 1;
    keystore.refuse_status = 401;
    assert_ok(draw(20000, &v, &why), why);
    assert_int_equal(keystore.sessions, 2);
    buf_release(&why);
}

static void asks_again_and_not_for_ever(void **state)
{
    struct buf why = WHY_INIT;
    struct vrf v;

    (void)state;
    keystore.refusals = 2;
    keystore.refuse_status = 404;
    assert_ok(draw(20000, &v, &why), why);
    assert_int_equal(keystore.asked, 3);
    keystore.refusals = 100;
    assert_true(err_retry(draw(20000, &v, &why)));
    assert_int_equal(keystore.asked, 3);
    assert_true(str_find(buf_str(&why), STR("waits for no answer")) < why.len);
    /* no time for a second try */
    assert_true(err_retry(draw(100, &v, &why)));
    assert_int_equal(keystore.asked, 1);
    keystore.refusals = 0;
    buf_release(&why);
}

static void takes_no_nonsense(void **state)
{
    static const char *const answers[] = {
        "{}",
        "{\"output_hex\":\"00\",\"signature_hex\":\"00\",\"vrf_public_key_hex\":\"00\"}",
        "{\"output_hex\":7}",
        "[]",
        "nothing",
    };
    struct vrf_source source = vrf_source_keystore(keystore.client);
    struct buf why = WHY_INIT;
    struct ed25519_pub pub;
    struct vrf v;

    (void)state;
    for (size_t i = 0; i < countof(answers); i++) {
        keystore.answer = answers[i];
        assert_true(err_retry(draw(100, &v, &why)));
    }
    keystore.answer = NULL;
    assert_true(err_retry(source.pubkey(source.ctx, clock_mono_ms() + 1000, &pub, &why)));
    buf_release(&why);
}

static void ends_with_the_run(void **state)
{
    struct buf why = WHY_INIT;
    uint64_t start = clock_mono_ms();
    struct vrf v;

    (void)state;
    keystore.wait_ms = 3000;
    assert_true(err_retry(draw(300, &v, &why)));
    assert_true(clock_mono_ms() - start < 2500);
    keystore.wait_ms = 0;
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_in_a_session),
        cmocka_unit_test(asks_again_and_not_for_ever),
        cmocka_unit_test(takes_no_nonsense),
        cmocka_unit_test(ends_with_the_run),
    };
    const struct http_server_opts opts = {
        .host = "127.0.0.1", .max_body = 1 << 16, .max_conns = 4, .handle = handle};
    static const uint8_t seed[32] = {5};
    struct http_server *server;
    char url[64];
    struct buf u = BUF_OVER(url);
    int rc;

    crypto_init();
    ed25519_from_seed(seed, &keystore.key);
    ed25519_generate(&keystore.worker.key);
    if (http_server_start(&opts, &server, NULL))
        return 1;
    buf_addf(&u, "http://127.0.0.1:%u", http_server_port(server));
    keystore.client =
        keystore_client_new(url, STR("token"), &keystore.worker, STR("outlayer.test"));
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    keystore_client_free(keystore.client);
    http_server_stop(server);
    return rc;
}
