/* near:rpc, near:vrf and near:payment as a guest has them: through the child to whoever serves
 * them, with a node that writes down what it is asked. */
#include <string.h>

#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "guest/guest.h"
#include "guest/host_payment.h"
#include "guest/host_rpc.h"
#include "guest/host_vrf.h"
#include "http/server.h"
#include "near/tx.h"

#define EXEC  BIN_DIR "/outlayer-exec"
#define FETCH BIN_DIR "/outlayer-fetch"
#define SECRET                                                                                     \
    "ed25519:"                                                                                     \
    "3KyUuch8pYP47krBq4DosFEVBMR5wDTMQ8AThzM8kAEcBQEpsPdYTZ2FPX5ZnSoLrerjwg66hwwJaW1wHzprd5k3"
#define HASH "5wbD6GsVBReHetMUw17QcNne8BjB1xSKRoU4JYpafEx5"

static struct guest *g;

/* ---- the node ---- */

static struct {
    struct rpc *rpc;
    char url[64];
    char asked[65536];  /* the last question but those about access keys */
    unsigned refusals;  /* of nonces, still to come */
    const char *answer; /* NULL: what fits */
    uint32_t wait_ms;
} node;

static void answer(void *ctx, struct http_req *req)
{
    struct str body = http_req_body(req);
    struct buf b = BUF_OVER(node.asked);

    (void)ctx;
    if (str_find(body, STR("\"view_access_key\"")) < body.len && !node.answer) {
        http_reply(req, 200, "application/json",
                   STR("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"nonce\":41,\"permission\":"
                       "\"FullAccess\",\"block_height\":7,\"block_hash\":\"" HASH "\"}}"));
        return;
    }
    buf_add_str(&b, body);
    if (node.wait_ms)
        clock_sleep_ms(node.wait_ms);
    if (node.answer)
        http_reply(req, 200, "application/json", str_of(node.answer));
    else if (node.refusals && node.refusals--)
        http_reply(req, 200, "application/json",
                   STR("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"name\":\"HANDLER_ERROR\","
                       "\"cause\":{\"name\":\"INVALID_TRANSACTION\"},\"data\":{"
                       "\"TxExecutionError\":{\"InvalidTxError\":{\"InvalidNonce\":{"
                       "\"tx_nonce\":42,\"ak_nonce\":77}}}}}}"));
    else
        http_reply(req, 200, "application/json",
                   STR("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"result\":[123,125],"
                       "\"status\":{\"SuccessValue\":\"\"}}}"));
}

static int setup(void **state)
{
    static struct http_server *server;
    const struct http_server_opts opts = {
        .host = "127.0.0.1", .max_body = 4 << 20, .max_conns = 4, .handle = answer};
    const struct guest_options o = {.exec_path = EXEC, .fetch_path = FETCH};
    struct buf why = WHY_INIT;

    crypto_init();
    *state = NULL;
    if (http_server_start(&opts, &server, &why) || guest_start(&o, &g, &why)) {
        print_error("%s\n", buf_z(&why));
        return -1;
    }
    *state = server;
    snprintf(node.url, sizeof(node.url), "http://127.0.0.1:%u/", http_server_port(server));
    node.rpc = rpc_new(node.url);
    return 0;
}

static int teardown(void **state)
{
    guest_stop(g);
    rpc_free(node.rpc);
    http_server_stop(*state);
    return 0;
}

/* ---- runs ---- */

static struct {
    struct host_rpc rpc;
    struct host_vrf vrf;
    struct host_payment payment;
    struct host_server server[HOST_FACES];
    struct ed25519_key key;
    uint32_t wall_ms;
} given;

static void give(void)
{
    static const uint8_t seed[32] = {7};

    node.answer = NULL;
    node.refusals = node.wait_ms = 0;
    ed25519_from_seed(seed, &given.key);
    host_rpc_init(&given.rpc, node.rpc, false);
    host_vrf_init(&given.vrf, vrf_source_key(&given.key), 41, STR("carol.near"));
    host_payment_init(&given.payment, 500);
    given.server[HOST_RPC] = host_rpc_server(&given.rpc);
    given.server[HOST_VRF] = host_vrf_server(&given.vrf);
    given.server[HOST_PAYMENT] = host_payment_server(&given.payment);
    given.wall_ms = 20000;
}

/* All lines that the guest wrote; lives until the next run. */
static const char *run_program(const char *name, const char *input)
{
    static struct run_result r;
    const struct run_var env[] = {{STR("SIGNER_KEY"), STR(SECRET)}};
    const struct run_job job = {.limits = {.max_instructions = 100000000000,
                                           .max_memory_mb = 512,
                                           .max_wall_ms = given.wall_ms},
                                .servers = given.server,
                                .input = str_of(input),
                                .env = env,
                                .nenv = 1};
    struct buf why = WHY_INIT, bytes = BUF_INIT(10u << 20);
    struct hash256 hash;
    char path[256];
    int fd;

    snprintf(path, sizeof(path), SHARE_DIR "/guests/test/%s.wasm", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    run_result_release(&r);
    assert_true(fd >= 0);
    assert_ok(fd_read_all(fd, &bytes, &why), why);
    hash = sha256(buf_str(&bytes));
    assert_ok(guest_run(g, fd, &hash, &job, &r, NULL, &why), why);
    close(fd);
    buf_release(&bytes);
    buf_release(&why);
    if (r.outcome != OUTCOME_OK)
        return buf_z(&r.text);
    if (r.out.len)
        r.out.ptr[--r.out.len] = '\0';
    return buf_z(&r.out);
}

static const char *run(const char *input)
{
    return run_program("chain", input);
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        const char *text_ = (text);                                                                \
        if (!strstr(text_, part))                                                                  \
            fail_msg("no '%s' in: %.2000s", part, text_);                                          \
    } while (0)

static void questions_and_answers(void **state)
{
    (void)state;
    give();
    assert_string_equal(run("view\tapp.near\tget\t{\"a\":1}\toptimistic"), "[\"{}\",\"\"]");
    assert_has(node.asked, "\"method\":\"query\",\"params\":{\"request_type\":\"call_function\","
                           "\"account_id\":\"app.near\",\"method_name\":\"get\",\"args_base64\":"
                           "\"eyJhIjoxfQ==\",\"finality\":\"optimistic\"}");
    assert_has(run("status"), "[\"{\\\"jsonrpc\\\":\\\"2.0\\\",\\\"id\\\":1,\\\"result\\\":");
    assert_string_equal(run("env\tNEAR_RPC_PROXY_AVAILABLE"), "[\"1\",\"\"]");
    /* what a node says of a failure is told, as a result and as an error */
    node.answer =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"error\":\"panicked: no\",\"logs\":[]}}";
    assert_string_equal(run("view\tapp.near\tget\t\t"), "[\"\",\"panicked: no\"]");
    node.answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"name\":\"HANDLER_ERROR\",\"cause\":{"
                  "\"name\":\"UNKNOWN_ACCOUNT\"}}}";
    assert_has(run("view-account\tnobody.near\t"), "[\"\",\"the node refused 'query'");
    /* bytes that are no text */
    node.answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"result\":[255]}}";
    assert_string_equal(run("view\tapp.near\tget\t\t"),
                        "[\"\",\"what the method returned is not UTF-8\"]");
}

static void its_address_is_not_told(void **state)
{
    (void)state;
    give();
    node.answer = "<html>http://secret</html>";
    assert_string_equal(run("status"), "[\"\",\"the node did not answer; try again\"]");
    struct rpc *nobody = rpc_new("http://127.0.0.1:1/v1/api-key");
    host_rpc_init(&given.rpc, nobody, false);
    assert_string_equal(run("status\nview-account\ta.near\t"),
                        "[\"\",\"the node did not answer; try again\"]\n"
                        "[\"\",\"the node did not answer; try again\"]");
    rpc_free(nobody);
}

static void budgets(void **state)
{
    char input[200];

    (void)state;
    give();
    assert_has(run("times\t100\tstatus"), "\"\"]");
    assert_string_equal(run("times\t101\tstatus"),
                        "[\"\",\"more than 100 calls to 'near:rpc/api' in one run\"]");
    assert_string_equal(run("times\t11\tgenerate\ta"),
                        "[\"\",\"\",\"\",\"a run may draw 10 values, and it has\"]");
    give();
    assert_has(run("times\t10\tgenerate\ta\npubkey"), "\"\"]");
    /* all answers of a run together */
    given.rpc.bytes = HOST_RPC_RUN_MAX;
    assert_has(run("status"), "which is all it may");
    /* an answer is cut off where the budget ends */
    given.rpc.bytes = HOST_RPC_RUN_MAX - 10;
    assert_string_equal(run("status"),
                        "[\"\",\"the node's answer has more bytes than a run may take\"]");
    /* arguments of 2 MB make no transaction, and more are not even passed on */
    give();
    snprintf(input, sizeof(input), "call\ta.near\tkey\tb.near\tset\t2000000*x\t0\t1\t");
    assert_has(run(input), "[\"\",\"the transaction has more than 1572864 bytes\"]");
    snprintf(input, sizeof(input), "view\ta.near\tset\t4000000*x\t");
    assert_has(run(input), "3 MiB");
    /* the time of a call is the run's */
    node.wait_ms = 3000;
    given.wall_ms = 1000;
    assert_has(run("status"), "timed out");
}

/* The transaction in the last question. */
static void sent(struct arena *a, struct signed_tx *out)
{
    struct buf bytes = BUF_INIT(SIGNED_TX_MAX), why = WHY_INIT;
    struct json doc;
    struct str b64;

    assert_true(json_parse(str_of(node.asked), &doc, NULL));
    assert_true(json_plain(json_get(json_get(doc, "params"), "signed_tx_base64"), &b64));
    assert_true(base64_get(b64, &bytes));
    assert_ok(signed_tx_read(arena_str(a, buf_str(&bytes)), a, out, &why), why);
    assert_true(signed_tx_verify(out));
    buf_release(&bytes);
    buf_release(&why);
}

static void transactions(void **state)
{
    struct arena a = ARENA_INIT;
    struct buf id = BUF_INIT(100);
    struct signed_tx t;

    (void)state;
    give();
    const char *said = run("call\talice.near\tkey\tapp.near\tset\t{\"n\":1}\t5\t30000000000000\t");
    sent(&a, &t);
    hash_put_base58(&id, &t.hash);
    assert_has(said, buf_z(&id));
    assert_str(t.tx.signer_id, "alice.near");
    assert_str(t.tx.receiver_id, "app.near");
    assert_int_equal(t.tx.nonce.nonce, 42);
    assert_int_equal(t.tx.nactions, 1);
    assert_str(t.tx.actions[0].call.method, "set");
    assert_str(t.tx.actions[0].call.args, "{\"n\":1}");
    assert_true(t.tx.actions[0].call.gas == 30000000000000 && t.tx.actions[0].call.deposit == 5);
    assert_has(node.asked, "\"wait_until\":\"FINAL\"");

    /* a second one in the run, before the node has seen the first */
    give();
    run("transfer\talice.near\tkey\tbob.near\t7\tNONE\ntransfer\talice.near\tkey\tbob."
        "near\t8\tNONE");
    sent(&a, &t);
    assert_int_equal(t.tx.nonce.nonce, 43);
    assert_true(t.tx.actions[0].kind == ACTION_TRANSFER && t.tx.actions[0].deposit == 8);
    assert_has(node.asked, "\"wait_until\":\"NONE\"");

    /* somebody else signs with the same key */
    give();
    node.refusals = 1;
    assert_has(run("transfer\talice.near\tkey\tbob.near\t9\t"), ",\"\"]");
    sent(&a, &t);
    assert_int_equal(t.tx.nonce.nonce, 78);
    node.refusals = 10;
    assert_has(run("transfer\talice.near\tkey\tbob.near\t9\t"), "was refused");
    node.answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"nonce\":41,\"permission\":"
                  "\"FullAccess\",\"block_height\":7,\"block_hash\":\"" HASH "\",\"status\":{"
                  "\"Failure\":{\"ActionError\":{\"index\":0,\"kind\":{\"FunctionCallError\":{"
                  "\"ExecutionError\":\"Smart contract panicked: no\"}}}}}}}";
    said = run("transfer\talice.near\tkey\tbob.near\t9\t");
    assert_has(said, "[\"\",\"transaction ");
    assert_has(said, "failed: ");
    buf_release(&id);
    arena_release(&a);
}

static void wrong_orders(void **state)
{
    static const char *const cases[][2] = {
        {"transfer\tA\tkey\tb.near\t1\t", "no account id"},
        {"transfer\ta.near\tkey\tb.near\t-1\t", "no amount"},
        {"transfer\ta.near\tkey\tb.near\t1\tSOON", "wait-until is"},
        {"transfer\ta.near\ted25519:abc\tb.near\t1\t", "signer-key is not"},
        {"transfer\ta.near\tsecp256k1:abc\tb.near\t1\t", "signer-key is not"},
        {"call\ta.near\tkey\tb.near\t\t{}\t0\t1\t", "1 to 256"},
        {"call\ta.near\tkey\tb.near\tset\t{}\t0\tmuch\t", "no gas"},
        {"call\ta.near\tkey\tb.near\tset\t{}\tx\t1\t", "no amount"},
    };

    (void)state;
    give();
    for (size_t i = 0; i < countof(cases); i++) {
        const char *said = run(cases[i][0]);
        assert_has(said, cases[i][1]);
        assert_null(strstr(said, "abc")); /* keys are not quoted */
    }
    host_rpc_init(&given.rpc, node.rpc, true);
    node.asked[0] = '\0';
    static const char *const refused[] = {
        "transfer\ta.near\tkey\tb.near\t1\t",
        "call\ta.near\tkey\tb.near\tset\t{}\t0\t1\t",
        "send-tx\tAAAA\t",
        "raw\tsend_tx\t{}",
        "raw\tbroadcast_tx_commit\t[\"AAAA\"]",
        "raw\tbroadcast_tx_async\t[\"AAAA\"]",
    };
    for (size_t i = 0; i < countof(refused); i++)
        assert_string_equal(run(refused[i]),
                            "[\"\",\"this worker sends no transactions of guests\"]");
    assert_string_equal(node.asked, "");
}

static void randomness(void **state)
{
    char hex[65];
    struct buf pub = BUF_OVER(hex);
    struct json doc;
    struct vrf v;
    struct str part;

    (void)state;
    give();
    assert_true(json_parse(str_of(run("generate\tcoin-flip")), &doc, NULL));
    assert_true(json_plain(json_at(doc, 0), &part) && hex_get(part, v.output, 32));
    assert_true(json_plain(json_at(doc, 1), &part) && hex_get(part, v.proof.b, 64));
    assert_true(json_str_eq(json_at(doc, 2), STR("vrf:41:carol.near:coin-flip")));
    assert_true(json_str_eq(json_at(doc, 3), STR("")));
    assert_true(vrf_check(&given.key.pub, STR("vrf:41:carol.near:coin-flip"), &v));
    hex_put(&pub, given.key.pub.b, 32);
    assert_has(run("pubkey"), hex);

    assert_string_equal(run("generate\tcoin:flip"),
                        "[\"\",\"\",\"\",\"user_seed must not contain ':'\"]");
    assert_has(run("generate\t1025*x"), "more than 1024 bytes");
    /* a run that is nobody's has none */
    host_vrf_init(&given.vrf, vrf_source_key(&given.key), 41, STR(""));
    assert_has(run("generate\tx"), "randomness is drawn for an account");
    assert_false(given.vrf.broken);
}

/* As programs have it today, with a library that knows nothing of this implementation. */
static void the_released_library_draws(void **state)
{
    (void)state;
    give();
    const char *drawn = run_program("vrf_released", "coin");
    assert_has(drawn, " vrf:41:carol.near:coin ");
    assert_string_equal(run_program("vrf_released", "a:b"),
                        "error: user_seed must not contain ':'");
    /* it needs nothing else */
    given.server[HOST_RPC].serve = given.server[HOST_PAYMENT].serve = NULL;
    assert_has(run_program("vrf_released", "coin"), " vrf:41:carol.near:coin ");
}

static enum err lie(void *ctx, struct str alpha, uint64_t deadline_ms, struct vrf *out,
                    struct ed25519_pub *pub, struct buf *why)
{
    (void)alpha;
    (void)deadline_ms;
    (void)why;
    vrf_make(ctx, STR("vrf:42:carol.near:x"), out); /* another request's */
    *pub = given.key.pub;
    return ERR_OK;
}

static void what_is_drawn_is_checked(void **state)
{
    (void)state;
    give();
    given.vrf.source.draw = lie;
    assert_has(run("generate\tx"), "not that of its proof");
    assert_true(given.vrf.broken);
}

/* Until the run is over: then nothing. */
static enum err hang(void *ctx, struct str alpha, uint64_t deadline_ms, struct vrf *out,
                     struct ed25519_pub *pub, struct buf *why)
{
    (void)ctx;
    (void)alpha;
    (void)out;
    (void)pub;
    while (clock_mono_ms() < deadline_ms)
        clock_sleep_ms(5);
    return err_put(why, ERR_TIMEOUT, "no answer");
}

/* Else a program that ends in a call would be nobody's fault, run again and never paid for. */
static void the_end_of_a_run_is_no_fault(void **state)
{
    const struct host_val seed = {.s = STR("x")};
    struct host_call c = {.fn = &host_faces[HOST_VRF].fns[HOST_VRF_GENERATE]};
    struct host_reply out = {0};
    struct buf why = WHY_INIT;
    uint64_t now = clock_mono_ms();

    (void)state;
    c.args[0] = seed;
    give();
    given.vrf.source.draw = hang;
    assert_int_equal(
        given.server[HOST_VRF].serve(given.server[HOST_VRF].ctx, &c, now + 60, &out, &why),
        ERR_TIMEOUT);
    assert_false(given.vrf.broken);
    /* who had the time and gave nothing is to blame */
    assert_int_equal(
        given.server[HOST_VRF].serve(given.server[HOST_VRF].ctx, &c, now + 2300, &out, &why),
        ERR_TIMEOUT);
    assert_true(given.vrf.broken);
    buf_release(&why);
}

static void refunds(void **state)
{
    (void)state;
    give();
    assert_string_equal(run("refund-usd\t501"),
                        "[\"\",\"a refund of 501 is more than the attached 500\"]");
    assert_int_equal(given.payment.refund_usd, 0);
    assert_string_equal(
        run("refund-usd\t18446744073709551615\nrefund-usd\t500\nrefund-usd\t1"),
        "[\"\",\"a refund of 18446744073709551615 is more than the attached 500\"]\n"
        "[\"\",\"\"]\n"
        "[\"\",\"refund-usd was called before; it works once in a run\"]");
    assert_int_equal(given.payment.refund_usd, 500);
}

static void missing_ones_are_named(void **state)
{
    (void)state;
    give();
    given.server[HOST_VRF].serve = NULL;
    assert_has(run("status"), "the program imports 'near:vrf/api', which only workers with a "
                              "keystore have");
    give();
    given.server[HOST_RPC].serve = NULL;
    assert_has(run("status"), "the program imports 'near:rpc/api'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_and_answers),
        cmocka_unit_test(its_address_is_not_told),
        cmocka_unit_test(budgets),
        cmocka_unit_test(transactions),
        cmocka_unit_test(wrong_orders),
        cmocka_unit_test(randomness),
        cmocka_unit_test(the_released_library_draws),
        cmocka_unit_test(what_is_drawn_is_checked),
        cmocka_unit_test(the_end_of_a_run_is_no_fault),
        cmocka_unit_test(refunds),
        cmocka_unit_test(missing_ones_are_named),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
