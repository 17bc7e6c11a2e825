/*
 * Answers on their way, with a chain and a coordinator that misbehave and a process that is killed.
 *
 * The chain is a server here that decodes the transactions it is sent, checks signature and nonce,
 * takes the first answer to a request and refuses the others, as node and contract do. The courier
 * runs in a process of its own (this program, started again) that is killed over and over.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "http/server.h"
#include "near/tx.h"
#include "proc/self.h"
#include "proc/spawn.h"
#include "test.h"
#include "worker/courier.h"

#define REQUESTS 40
#define TXS_MAX  4000
#define EARLY_MS 300 /* yields are there only after this */
#define BLOCK    "5wbD6GsVBReHetMUw17QcNne8BjB1xSKRoU4JYpafEx5"

enum fate { WAITING, ANSWERED, NO_SUCH_YIELD, NO_SUCH_REQUEST };

static struct {
    pthread_mutex_t lock;
    uint64_t nonce, start_ms;
    unsigned calls, lost, silent, bad_nonce, early, twice;
    unsigned answers[REQUESTS], told[REQUESTS];
    bool charged_told[REQUESTS];
    struct {
        struct hash256 hash;
        enum fate fate;
        uint64_t in_block_ms;
        uint64_t request;
    } tx[TXS_MAX];
    size_t ntx;
    bool unkind;
} chain = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char dir[] = "/tmp/outlayer-test-courier-XXXXXX";
static char db_path[64], key_path[64], url[64];

static void reply(struct http_req *r, struct buf *b)
{
    http_reply(r, 200, "application/json", buf_str(b));
    buf_release(b);
}

static void reply_error(struct http_req *r, const char *cause, const char *data)
{
    struct buf b = BUF_INIT(4096);

    buf_addf(&b,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"name\":\"HANDLER_ERROR\",\"cause\":{"
             "\"name\":\"%s\",\"info\":{}},\"data\":%s}}",
             cause, data);
    reply(r, &b);
}

static void query(struct http_req *r, struct json params)
{
    struct buf b = BUF_INIT(65536), args = BUF_INIT(1000);
    struct str s;
    struct json doc;
    uint64_t id;

    if (json_str_eq(json_get(params, "request_type"), STR("view_access_key"))) {
        buf_addf(&b,
                 "{\"result\":{\"nonce\":%llu,\"permission\":\"FullAccess\",\"block_height\":9,"
                 "\"block_hash\":\"" BLOCK "\"}}",
                 (unsigned long long)chain.nonce);
        reply(r, &b);
        return;
    }
    BUG_ON(!json_plain(json_get(params, "args_base64"), &s) || !base64_get(s, &args) ||
           !json_parse(buf_str(&args), &doc, NULL) || !json_u64(json_get(doc, "request_id"), &id));
    buf_addz(&b, "{\"result\":{\"result\":");
    buf_addz(&b, chain.answers[id] ? "[110,117,108,108]" : "[123,125]");
    buf_addz(&b, "}}");
    buf_release(&args);
    reply(r, &b);
}

static void take_tx(struct http_req *r, struct json params)
{
    struct buf bytes = BUF_INIT(SIGNED_TX_MAX), b = BUF_INIT(1000);
    struct arena a = ARENA_INIT;
    struct signed_tx t;
    struct str s;
    struct json doc;
    uint64_t id;
    enum fate fate = ANSWERED;

    BUG_ON(!json_plain(json_get(params, "signed_tx_base64"), &s) || !base64_get(s, &bytes));
    BUG_ON(signed_tx_read(buf_str(&bytes), &a, &t, NULL) || !signed_tx_verify(&t));
    BUG_ON(!json_parse(t.tx.actions[0].call.args, &doc, NULL) ||
           !json_u64(json_get(doc, "request_id"), &id));
    buf_addz(&b, "{\"result\":{\"final_execution_status\":\"NONE\"}}");
    for (size_t i = 0; i < chain.ntx; i++)
        if (hash_eq(&chain.tx[i].hash, &t.hash))
            goto out; /* known: fine */
    if (chain.unkind && chain.calls % 7 == 3) {
        chain.silent++; /* taken and dropped: nobody will ever know it */
        goto out;
    }
    if (t.tx.nonce.nonce <= chain.nonce || (chain.unkind && chain.calls % 13 == 5)) {
        chain.bad_nonce++;
        reply_error(r, "INVALID_TRANSACTION",
                    "{\"TxExecutionError\":{\"InvalidTxError\":{\"InvalidNonce\":{"
                    "\"tx_nonce\":1,\"ak_nonce\":2}}}}");
        buf_release(&b);
        goto done;
    }
    chain.nonce = t.tx.nonce.nonce;
    if (clock_mono_ms() - chain.start_ms < EARLY_MS) {
        fate = NO_SUCH_YIELD;
        chain.early++;
    } else if (chain.answers[id]) {
        fate = NO_SUCH_REQUEST;
        chain.twice++;
    } else {
        chain.answers[id]++;
    }
    BUG_ON(chain.ntx == TXS_MAX);
    chain.tx[chain.ntx].hash = t.hash;
    chain.tx[chain.ntx].fate = fate;
    chain.tx[chain.ntx].request = id;
    chain.tx[chain.ntx++].in_block_ms = clock_mono_ms() + 30;
out:
    reply(r, &b);
done:
    arena_release(&a);
    buf_release(&bytes);
}

static void tell_tx(struct http_req *r, struct json params)
{
    struct buf b = BUF_INIT(4096);
    struct hash256 hash;
    struct str s;
    size_t i = 0;

    BUG_ON(!json_plain(json_get(params, "tx_hash"), &s) || !hash_from_base58(s, &hash));
    while (i < chain.ntx && !hash_eq(&chain.tx[i].hash, &hash))
        i++;
    if (i == chain.ntx) {
        reply_error(r, "UNKNOWN_TRANSACTION", "\"Transaction x doesn't exist\"");
        return;
    }
    if (chain.tx[i].in_block_ms > clock_mono_ms()) {
        buf_addz(&b,
                 "{\"result\":{\"final_execution_status\":\"INCLUDED\",\"status\":\"Started\"}}");
    } else if (chain.tx[i].fate == ANSWERED) {
        buf_addz(&b, "{\"result\":{\"final_execution_status\":\"EXECUTED\",\"status\":{"
                     "\"SuccessValue\":\"\"},\"receipts_outcome\":[{\"block_hash\":\"" BLOCK
                     "\",\"outcome\":{\"logs\":[\"[[yNEAR charged: \\\"77\\\"]]\"]}}]}}");
    } else {
        buf_addf(&b,
                 "{\"result\":{\"final_execution_status\":\"EXECUTED\",\"status\":{\"Failure\":{"
                 "\"ActionError\":{\"index\":0,\"kind\":{\"FunctionCallError\":{\"ExecutionError\":"
                 "\"Smart contract panicked: %s\"}}}}}}}",
                 chain.tx[i].fate == NO_SUCH_YIELD ? "Unable to resume execution promise"
                                                   : "Execution request not found");
    }
    reply(r, &b);
}

static void rpc(struct http_req *r, struct json doc)
{
    struct json method = json_get(doc, "method"), params = json_get(doc, "params");
    struct buf b = BUF_INIT(1000);

    if (chain.unkind && ++chain.calls % 11 == 7) {
        chain.lost++;
        http_reply(r, 502, "text/html", STR("<html>bad gateway</html>"));
    } else if (json_str_eq(method, STR("query"))) {
        query(r, params);
    } else if (json_str_eq(method, STR("send_tx"))) {
        take_tx(r, params);
    } else if (json_str_eq(method, STR("tx"))) {
        tell_tx(r, params);
    } else {
        buf_addz(&b, "{\"result\":{\"header\":{\"height\":12,\"hash\":\"" BLOCK
                     "\",\"prev_hash\":\"" BLOCK "\",\"timestamp\":5}}}");
        reply(r, &b);
    }
}

static void handle(void *ctx, struct http_req *r)
{
    struct str path = http_req_path(r), id;
    struct json doc;
    uint64_t job;

    (void)ctx;
    BUG_ON(!json_parse(http_req_body(r), &doc, NULL));
    pthread_mutex_lock(&chain.lock);
    if (!str_starts(path, STR("/jobs/"))) {
        rpc(r, doc);
    } else if (chain.unkind && ++chain.calls % 5 == 2) {
        http_reply(r, 503, "text/plain", STR("not now"));
    } else {
        (void)str_cut(str_skip(path, 6), '/', &id);
        BUG_ON(!str_u64(id, &job) || job >= REQUESTS);
        if (str_ends(path, STR("/complete"))) {
            chain.told[job]++;
            chain.charged_told[job] |= json_str_eq(json_get(doc, "charged_yocto"), STR("77"));
        }
        http_reply(r, 200, "application/json", STR("{\"ok\":true}"));
    }
    pthread_mutex_unlock(&chain.lock);
}

/* The process that is killed: puts what is not there yet, then carries until its end. */
static int child_main(char **argv)
{
    struct buf why = WHY_INIT;
    struct courier_opts o = {.rpc_url = argv[4], .coordinator_url = argv[4], .token = STR("t")};
    struct near_key key;
    struct outbox *outbox;
    struct courier *c;

    self_init("courier");
    if (near_key_load(argv[3], &key, &why) || outbox_open(argv[2], &outbox, &why)) {
        fprintf(stderr, "%s\n", buf_z(&why));
        return 1;
    }
    o.outbox = outbox;
    o.key = &key;
    if (courier_start(&o, &c, &why))
        return 1;
    for (uint64_t i = 0; i < REQUESTS; i++) {
        char args[64];
        struct buf b = BUF_OVER(args);
        struct parcel p = {.contract_id = STR("outlayer.test"),
                           .request_id = i,
                           .job_id = i,
                           .token = 1,
                           .method = STR("resolve_execution"),
                           .report = STR("{\"success\":true}")};
        uint64_t id;

        buf_addf(&b, "{\"request_id\":%llu}", (unsigned long long)i);
        p.args = buf_str(&b);
        if (outbox_adopt(outbox, p.contract_id, i, &p.data_id, i, 1, &id, NULL) == ERR_EMPTY)
            if (outbox_put(outbox, &p, NULL, NULL, &why))
                fprintf(stderr, "%s\n", buf_z(&why));
        courier_wake(c);
        clock_sleep_ms(3);
    }
    for (;;)
        pause();
}

static struct child start(void)
{
    const char *const argv[] = {"test_worker_courier", "courier", db_path, key_path, url, NULL};
    const char *const envp[] = {"OUTLAYER_LOG=broken", NULL};
    const struct spawn s = {.path = "/proc/self/exe",
                            .argv = argv,
                            .envp = envp,
                            .in = -1,
                            .out = -1,
                            .err = STDERR_FILENO};
    struct child c = CHILD_NONE;
    struct buf why = WHY_INIT;

    assert_ok(spawn_start(&s, &c, &why), why);
    return c;
}

static bool all_told(void)
{
    bool all = true;

    pthread_mutex_lock(&chain.lock);
    for (size_t i = 0; i < REQUESTS; i++)
        all = all && chain.answers[i] && chain.told[i];
    pthread_mutex_unlock(&chain.lock);
    return all;
}

static void begin(bool unkind)
{
    pthread_mutex_lock(&chain.lock);
    chain.start_ms = clock_mono_ms();
    chain.unkind = unkind;
    chain.ntx = chain.calls = 0;
    memset(chain.answers, 0, sizeof(chain.answers));
    memset(chain.told, 0, sizeof(chain.told));
    memset(chain.charged_told, 0, sizeof(chain.charged_told));
    pthread_mutex_unlock(&chain.lock);
    (void)!unlink(db_path);
}

static void finish(uint64_t ms)
{
    uint64_t until = clock_mono_ms() + ms;

    while (!all_told() && clock_mono_ms() < until)
        clock_sleep_ms(20);
    pthread_mutex_lock(&chain.lock);
    for (size_t i = 0; i < REQUESTS; i++) {
        if (chain.answers[i] != 1 || !chain.told[i])
            fail_msg("request %zu: %u answers, told %u times", i, chain.answers[i], chain.told[i]);
    }
    pthread_mutex_unlock(&chain.lock);
}

static void test_kind(void **state)
{
    (void)state;
    struct child c;

    begin(false);
    c = start();
    finish(20000);
    child_kill(&c);
    for (size_t i = 0; i < REQUESTS; i++) {
        assert_int_equal(chain.told[i], 1);
        assert_true(chain.charged_told[i]);
    }
    assert_true(chain.early > 0); /* yields that were not there yet were tried again */
    assert_int_equal(chain.twice, 0);
}

/* Lost answers, dropped transactions, refused nonces, and the process killed at random. */
static void test_killed(void **state)
{
    (void)state;
    unsigned short seed[3] = {1, 2, 3};
    struct child c;

    begin(true);
    for (int i = 0; i < 25; i++) {
        c = start();
        clock_sleep_ms(20 + (uint64_t)(nrand48(seed) % 150));
        child_kill(&c);
    }
    c = start();
    finish(60000);
    child_kill(&c);
    assert_true(chain.lost > 0 && chain.silent > 0 && chain.bad_nonce > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_killed),
    };
    const struct http_server_opts opts = {
        .host = "127.0.0.1", .max_body = 8 << 20, .max_conns = 64, .handle = handle};
    struct buf d = BUF_OVER(db_path), k = BUF_OVER(key_path), u = BUF_OVER(url);
    struct http_server *server;
    struct near_key key;
    int rc;

    signal(SIGPIPE, SIG_IGN);
    crypto_init();
    if (argc == 5 && strcmp(argv[1], "courier") == 0)
        return child_main(argv);
    if (!mkdtemp(dir) || http_server_start(&opts, &server, NULL))
        return 1;
    buf_addf(&d, "%s/outbox.db", dir);
    buf_addf(&k, "%s/key.json", dir);
    buf_addf(&u, "http://127.0.0.1:%u", http_server_port(server));
    ed25519_generate(&key.key);
    if (!account_id_parse(STR("worker.outlayer.test"), &key.account) ||
        near_key_store(key_path, &key, NULL))
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    http_server_stop(server);
    near_key_wipe(&key);
    return dir_remove(dir, NULL) ? 1 : rc;
}
