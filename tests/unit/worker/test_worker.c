/*
 * The worker as a process, with its real children and real guests, between a chain, a coordinator
 * and a file server played here. Each story is one job and the call that reaches the contract.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "http/server.h"
#include "near/tx.h"
#include "proc/spawn.h"
#include "test.h"

#define BLOCK "5wbD6GsVBReHetMUw17QcNne8BjB1xSKRoU4JYpafEx5"

/* What the world says and what it was told; under the lock. */
static struct {
    pthread_mutex_t lock;
    uint64_t request_id; /* 0: no job */
    unsigned attempt;
    bool leased, lie;
    struct buf request_data, stored; /* JSON */
    struct buf file;                 /* at /program.wasm */
    struct buf method, args;         /* of the call that came */
    struct buf completed, released;  /* what the coordinator was told last */
    struct buf steps;
    unsigned downloads, calls;
    uint64_t leased_us, called_us;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char dir[] = "/tmp/outlayer-test-worker-XXXXXX";
static char key_path[64], token_path[64], home[64], url[64];
static struct child worker = {.sock = -1, .pidfd = -1};

static void reply(struct http_req *r, struct buf *b)
{
    http_reply(r, 200, "application/json", buf_str(b));
    buf_release(b);
}

static void view(struct http_req *r, struct json params)
{
    struct buf b = BUF_INIT(1 << 20);
    struct str text = world.calls ? STR("null") : buf_str(&world.stored);

    if (json_str_eq(json_get(params, "request_type"), STR("view_access_key"))) {
        buf_addz(&b, "{\"result\":{\"nonce\":1,\"permission\":\"FullAccess\",\"block_height\":9,"
                     "\"block_hash\":\"" BLOCK "\"}}");
    } else {
        buf_addz(&b, "{\"result\":{\"result\":[");
        for (size_t i = 0; i < text.len; i++)
            buf_addf(&b, "%s%u", i ? "," : "", (unsigned)(uint8_t)text.ptr[i]);
        buf_addz(&b, "],\"logs\":[]}}");
    }
    reply(r, &b);
}

static void take(struct json params)
{
    struct buf bytes = BUF_INIT(SIGNED_TX_MAX);
    struct arena a = ARENA_INIT;
    struct signed_tx t;
    struct str s;

    BUG_ON(!json_plain(json_get(params, "signed_tx_base64"), &s) || !base64_get(s, &bytes));
    BUG_ON(signed_tx_read(buf_str(&bytes), &a, &t, NULL) || !signed_tx_verify(&t));
    BUG_ON(!str_eqz(t.tx.receiver_id, "outlayer.test") || t.tx.actions[0].call.deposit);
    buf_clear(&world.method);
    buf_clear(&world.args);
    buf_add_str(&world.method, t.tx.actions[0].call.method);
    buf_add_str(&world.args, t.tx.actions[0].call.args);
    world.called_us = clock_mono_us();
    world.calls++;
    arena_release(&a);
    buf_release(&bytes);
}

static void rpc(struct http_req *r, struct json doc)
{
    struct json method = json_get(doc, "method"), params = json_get(doc, "params");
    struct buf b = BUF_INIT(4096);

    if (json_str_eq(method, STR("query"))) {
        view(r, params);
        return;
    }
    if (json_str_eq(method, STR("status"))) {
        buf_addz(&b, "{\"result\":{\"chain_id\":\"localnet\"}}");
    } else if (json_str_eq(method, STR("send_tx"))) {
        take(params);
        buf_addz(&b, "{\"result\":{\"final_execution_status\":\"NONE\"}}");
    } else if (json_str_eq(method, STR("tx"))) {
        buf_addz(&b, "{\"result\":{\"final_execution_status\":\"EXECUTED\",\"status\":{"
                     "\"SuccessValue\":\"\"},\"receipts_outcome\":[]}}");
    } else {
        buf_addz(&b, "{\"result\":{\"header\":{\"height\":200,\"hash\":\"" BLOCK
                     "\",\"prev_hash\":\"" BLOCK "\",\"timestamp\":5}}}");
    }
    reply(r, &b);
}

static void lease(struct http_req *r)
{
    struct buf b = BUF_INIT(1 << 20);

    if (!world.request_id || world.leased) {
        http_reply(r, 204, NULL, STR_NONE);
        clock_sleep_ms(2); /* a wait in short steps: this server has one thread */
        return;
    }
    world.leased = true;
    world.attempt++;
    world.leased_us = clock_mono_us();
    buf_addf(&b,
             "{\"job_id\":%llu,\"token\":%u,\"attempt\":%u,\"request_id\":%llu,\"data_id\":"
             "\"%064llx\",\"contract_id\":\"outlayer.test\",\"block_height\":100,"
             "\"block_timestamp\":5,\"transaction_hash\":\"T\",\"receipt_id\":\"R\",\"signer_id\":"
             "\"alice.test\",\"predecessor_id\":\"caller.test\",\"signer_public_key\":\"K\","
             "\"gas_burnt\":1,\"deadline_height\":300,\"lease_ms\":15000,\"request_data\":",
             (unsigned long long)world.request_id, world.attempt, world.attempt,
             (unsigned long long)world.request_id, (unsigned long long)world.request_id);
    buf_add_str(&b, buf_str(&world.request_data));
    buf_addz(&b, "}");
    reply(r, &b);
}

static void job(struct http_req *r, struct str path, struct str body)
{
    if (str_ends(path, STR("/complete"))) {
        buf_clear(&world.completed);
        buf_add_str(&world.completed, body);
    } else if (str_ends(path, STR("/release"))) {
        buf_clear(&world.released);
        buf_add_str(&world.released, body);
    } else if (str_ends(path, STR("/progress"))) {
        buf_add_str(&world.steps, body);
    }
    http_reply(r, 200, "application/json", STR("{\"ok\":true,\"lease_ms\":15000}"));
}

static void handle(void *ctx, struct http_req *r)
{
    struct str path = http_req_path(r);
    struct json doc = JSON_NONE;

    (void)ctx;
    pthread_mutex_lock(&world.lock);
    if (str_eqz(path, "/program.wasm")) {
        world.downloads++;
        http_reply(r, 200, "application/wasm", buf_str(&world.file));
    } else if (str_eqz(path, "/absent.wasm")) {
        http_reply(r, 404, "text/plain", STR("no"));
    } else if (str_eqz(path, "/jobs/lease")) {
        lease(r);
    } else if (str_starts(path, STR("/jobs/")) || str_starts(path, STR("/workers/"))) {
        job(r, path, http_req_body(r));
    } else {
        BUG_ON(!json_parse(http_req_body(r), &doc, NULL));
        rpc(r, doc);
    }
    pthread_mutex_unlock(&world.lock);
}

static void worker_start(void)
{
    const char *const argv[] = {"outlayer-worker",
                                "--coordinator-url",
                                url,
                                "--rpc-url",
                                url,
                                "--contract-id",
                                "outlayer.test",
                                "--operator-id",
                                "worker.outlayer.test",
                                "--key-file",
                                key_path,
                                "--token-file",
                                token_path,
                                "--home",
                                home,
                                "--allow-http-loopback",
                                NULL};
    const char *const envp[] = {"OUTLAYER_LOG=broken", NULL};
    int out[2];
    const struct spawn s = {.path = BIN_DIR "/outlayer-worker",
                            .argv = argv,
                            .envp = envp,
                            .in = -1,
                            .err = STDERR_FILENO};
    struct spawn with = s;
    struct buf why = WHY_INIT;
    char line[64];
    ssize_t n;

    assert_int_equal(pipe(out), 0);
    with.out = out[1];
    assert_ok(spawn_start(&with, &worker, &why), why);
    close(out[1]);
    n = read(out[0], line, sizeof(line));
    close(out[0]);
    assert_true(n > 0 && memcmp(line, "{\"ready\":true", 13) == 0);
}

struct story {
    uint64_t id;
    const char *guest; /* under share/outlayer/guests; NULL: any */
    const char *path;  /* "/program.wasm" unless told */
    const char *input, *format;
    uint64_t instructions;
    unsigned memory_mb, seconds;
    bool wrong_hash, github, lie, compile_only;
};

static void tell(const struct story *s)
{
    struct buf source = BUF_INIT(4096), limits = BUF_INIT(1000), file = BUF_INIT(1000);
    struct hash256 hash;

    pthread_mutex_lock(&world.lock);
    buf_addf(&file, "%s/guests/%s.wasm", SHARE_DIR, s->guest ? s->guest : "test/echo");
    buf_clear(&world.file);
    assert_int_equal(file_read(buf_z(&file), &world.file, NULL), ERR_OK);
    hash = sha256(buf_str(&world.file));
    hash.b[0] ^= s->wrong_hash;
    if (s->github) {
        buf_addz(&source, "{\"GitHub\":{\"repo\":\"https://github.com/a/b\",\"commit\":\"main\","
                          "\"build_target\":\"wasm64\"}}");
    } else {
        buf_addf(&source, "{\"WasmUrl\":{\"url\":\"%s%s\",\"hash\":\"", url,
                 s->path ? s->path : "/program.wasm");
        hash_put_hex(&source, &hash);
        buf_addz(&source, "\",\"build_target\":\"wasm32-wasip1\"}}");
    }
    buf_addf(&limits,
             "{\"max_instructions\":%llu,\"max_memory_mb\":%u,\"max_execution_seconds\":%u}",
             (unsigned long long)(s->instructions ? s->instructions : 1000000000),
             s->memory_mb ? s->memory_mb : 128, s->seconds ? s->seconds : 60);
    buf_clear(&world.request_data);
    buf_clear(&world.stored);
    buf_addf(&world.request_data,
             "{\"request_id\":%llu,\"sender_id\":\"alice.test\",\"predecessor_id\":\"caller.test\","
             "\"code_source\":%s,\"resource_limits\":%s,\"input_data\":\"%s\","
             "\"input_data_in_state\":false,\"secrets_ref\":null,\"response_format\":\"%s\","
             "\"payment\":\"7\",\"attached_usd\":\"0\",\"timestamp\":5,\"compile_only\":%s}",
             (unsigned long long)s->id, buf_z(&source), buf_z(&limits), s->input ? s->input : "",
             s->format ? s->format : "Text", s->compile_only ? "true" : "false");
    buf_addf(&world.stored,
             "{\"request_id\":%llu,\"data_id\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,"
             "21,22,23,24,25,26,27,28,29,30,31,32],\"sender_id\":\"%s\",\"resolved_source\":%s,"
             "\"execution_source\":%s,\"resource_limits\":%s,\"input_data\":\"%s\","
             "\"secrets_ref\":null,\"response_format\":\"%s\",\"payment\":7,\"attached_usd\":0,"
             "\"timestamp\":5,\"output_submitted\":false,\"compile_only\":%s}",
             (unsigned long long)s->id, s->lie ? "mallory.test" : "caller.test", buf_z(&source),
             buf_z(&source), buf_z(&limits), s->input ? s->input : "",
             s->format ? s->format : "Text", s->compile_only ? "true" : "false");
    buf_clear(&world.method);
    buf_clear(&world.args);
    buf_clear(&world.completed);
    buf_clear(&world.released);
    buf_clear(&world.steps);
    world.calls = world.downloads = world.attempt = 0;
    world.request_id = s->id;
    world.leased = false;
    pthread_mutex_unlock(&world.lock);
    buf_release(&source);
    buf_release(&limits);
    buf_release(&file);
}

/* Until the coordinator was told that it is done, or got it back. */
static bool done(uint64_t ms)
{
    uint64_t until = clock_mono_ms() + ms;
    bool over = false;

    while (!over && clock_mono_ms() < until) {
        pthread_mutex_lock(&world.lock);
        over = world.completed.len || world.released.len;
        pthread_mutex_unlock(&world.lock);
        clock_sleep_ms(2);
    }
    return over;
}

static struct json response(void)
{
    struct json doc;

    if (!done(20000))
        fail_msg("the worker did not answer");
    if (!world.args.len)
        fail_msg("handed back: %s", buf_z(&world.released));
    assert_int_equal(world.calls, 1);
    assert_true(json_parse(buf_str(&world.args), &doc, NULL));
    return str_eqz(buf_str(&world.method), "resolve_execution") ? json_get(doc, "response") : doc;
}

static void assert_output(const struct story *s, const char *want)
{
    struct json r, success;

    tell(s);
    r = response();
    success = json_get(r, "success");
    assert_str(success.text, "true");
    assert_str(json_get(r, "output").text, want);
}

/* `want` is how the error begins; all of it when it ends in '$'. */
static void assert_failure(const struct story *s, const char *want)
{
    struct buf text = BUF_INIT(10000);
    struct json r;

    tell(s);
    r = response();
    assert_str(json_get(r, "success").text, "false");
    assert_true(json_str(json_get(r, "error"), &text));
    if (str_ends(str_of(want), STR("$"))
            ? !str_eq(buf_str(&text), str_head(str_of(want), strlen(want) - 1))
            : !str_starts(buf_str(&text), str_of(want)))
        fail_msg("got '%s', want '%s…'", buf_z(&text), want);
    buf_release(&text);
}

static void test_output(void **state)
{
    (void)state;
    static char long_input[1500];
    struct story s = {.id = 1, .guest = "test/echo", .input = "a \\\"b\\\" \\n"};

    assert_output(&s, "{\"Text\":\"a \\\"b\\\" \\n\"}");
    assert_int_equal(world.downloads, 1);
    assert_true(str_find(buf_str(&world.steps), STR("\"fetched\"")) < world.steps.len);
    assert_true(str_find(buf_str(&world.steps), STR("\"ran\"")) < world.steps.len);
    assert_true(str_find(buf_str(&world.completed), STR("\"status\":\"completed\"")) <
                world.completed.len);
    s = (struct story){.id = 2, .input = "{\\\"b\\\":1,\\\"a\\\":2}", .format = "Json"};
    assert_output(&s, "{\"Json\":{\"a\":2,\"b\":1}}");
    assert_int_equal(world.downloads, 0); /* known by its hash */
    s = (struct story){.id = 3, .input = "az", .format = "Bytes"};
    assert_output(&s, "{\"Bytes\":[97,122]}");
    memset(long_input, 'x', sizeof(long_input) - 1);
    s = (struct story){.id = 4, .input = long_input};
    tell(&s);
    (void)response();
    assert_buf(world.method, "submit_execution_output_and_resolve");
    s = (struct story){.id = 5, .guest = "test/env"};
    tell(&s);
    (void)response();
    assert_true(str_find(buf_str(&world.args), STR("NEAR_SENDER_ID")) < world.args.len);
    assert_true(str_find(buf_str(&world.args), STR("alice.test")) < world.args.len);
}

static void test_failure(void **state)
{
    (void)state;
    const struct story stories[] = {
        {.id = 10, .guest = "test/exit1"},
        {.id = 11, .guest = "test/trap"},
        {.id = 12, .guest = "test/loop", .instructions = 5000000},
        {.id = 13, .guest = "test/loop", .instructions = 400000000000, .seconds = 1},
        {.id = 14, .input = "no json", .format = "Json"},
        {.id = 15, .wrong_hash = true},
        {.id = 16, .path = "/absent.wasm", .wrong_hash = true},
        {.id = 17, .memory_mb = 513},
        {.id = 18, .github = true},
        {.id = 19, .guest = "test/flood", .memory_mb = 1},
    };
    static const char *const want[] = {
        "execution_failed: the city 'Atlantis' was not found$",
        "execution_failed: Trap: unreachable code reached",
        "execution_failed: the program used all of its 5000000 instructions",
        "execution_failed: WASM execution timed out after 1 seconds",
        "execution_failed: Failed to parse output as JSON: ",
        "execution_failed: The file at the URL does not have the hash that the request names: its "
        "SHA-256 is ",
        "execution_failed: The program cannot be downloaded: the server answered with status 404",
        "custom: max_memory_mb of 513 is over the limit of 512",
        "compilation_failed: ",
        "execution_failed: ",
    };

    for (size_t i = 0; i < countof(stories); i++)
        assert_failure(&stories[i], want[i]);
}

static void test_compile_only(void **state)
{
    (void)state;
    struct story s = {.id = 60, .guest = "test/trap", .compile_only = true};
    struct buf want = BUF_INIT(200);
    struct hash256 hash;

    tell(&s);
    hash = sha256(buf_str(&world.file));
    buf_addz(&want, "{\"Text\":\"");
    hash_put_hex(&want, &hash);
    buf_addz(&want, "\"}");
    assert_str(json_get(response(), "output").text, buf_z(&want));
    s.id++;
    s.format = "Json";
    buf_clear(&want);
    buf_addz(&want, "{\"Json\":{\"wasm_hash\":\"");
    hash_put_hex(&want, &hash);
    buf_addz(&want, "\"}}");
    assert_output(&s, buf_z(&want));
    s.id++;
    s.wrong_hash = true;
    assert_failure(&s, "execution_failed: The file at the URL does not have the hash that the "
                       "request names: its SHA-256 is ");
    buf_release(&want);
}

/* A coordinator that says something else than the chain gets its job back, nothing is sent. */
static void test_liar(void **state)
{
    (void)state;
    const struct story s = {.id = 30, .lie = true};

    tell(&s);
    assert_true(done(10000));
    assert_int_equal(world.calls, 0);
    assert_int_equal(world.completed.len, 0);
    assert_true(str_find(buf_str(&world.released), STR("caller")) < world.released.len);
}

static void test_speed(void **state)
{
    (void)state;
    uint64_t best = UINT64_MAX;

    for (uint64_t i = 0; i < 20; i++) {
        const struct story s = {.id = 100 + i, .input = "x"};

        tell(&s);
        (void)response();
        if (world.called_us - world.leased_us < best)
            best = world.called_us - world.leased_us;
    }
    print_message("lease to transaction: %llu us at best\n", (unsigned long long)best);
    assert_true(best < 100000); /* sanitizers included */
}

static void start_again(void)
{
    pthread_mutex_lock(&world.lock);
    world.request_id = 0;
    pthread_mutex_unlock(&world.lock);
    child_kill(&worker);
    worker_start();
}

/* SIGTERM in the middle of a run: it is finished and answered, then the process ends. */
static void test_drain(void **state)
{
    (void)state;
    const struct story s = {.id = 45, .guest = "test/sleep", .input = "800"};
    int status = -1;

    tell(&s);
    for (int i = 0; i < 500 && !world.steps.len; i++)
        clock_sleep_ms(10);
    assert_int_equal(kill(worker.pid, SIGTERM), 0);
    assert_str(json_get(response(), "output").text, "{\"Text\":\"slept 800 ms\"}");
    assert_true(child_wait(&worker, 5000, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(world.released.len, 0);
    assert_int_equal(world.attempt, 1);
    start_again();
}

/* A second SIGTERM: the job goes back, the process ends, and soon. */
static void test_stop(void **state)
{
    (void)state;
    const struct story s = {
        .id = 40, .guest = "test/loop", .instructions = 400000000000, .seconds = 100};
    uint64_t start;
    int status = -1;

    tell(&s);
    for (int i = 0; i < 500 && !world.steps.len; i++)
        clock_sleep_ms(10);
    clock_sleep_ms(100);
    start = clock_mono_ms();
    assert_int_equal(kill(worker.pid, SIGTERM), 0);
    assert_false(child_wait(&worker, 300, &status));
    assert_int_equal(kill(worker.pid, SIGTERM), 0);
    assert_true(child_wait(&worker, 5000, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(clock_mono_ms() - start < 2300);
    assert_true(str_find(buf_str(&world.released), STR("shutdown")) < world.released.len);
    assert_int_equal(world.calls, 0);
    start_again();
}

/* Killed in a run; the next start gets the job again and answers it once. */
static void test_kill(void **state)
{
    (void)state;
    const struct story s = {.id = 50, .guest = "test/sleep", .input = "300"};

    tell(&s);
    for (int i = 0; i < 500 && !world.steps.len; i++)
        clock_sleep_ms(10);
    child_kill(&worker);
    worker_start();
    pthread_mutex_lock(&world.lock);
    world.leased = false; /* as the coordinator does for a worker that comes back */
    pthread_mutex_unlock(&world.lock);
    assert_str(json_get(response(), "output").text, "{\"Text\":\"slept 300 ms\"}");
    assert_int_equal(world.attempt, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output), cmocka_unit_test(test_failure),
        cmocka_unit_test(test_liar),   cmocka_unit_test(test_compile_only),
        cmocka_unit_test(test_speed),  cmocka_unit_test(test_drain),
        cmocka_unit_test(test_stop),   cmocka_unit_test(test_kill),
    };
    const struct http_server_opts opts = {
        .host = "127.0.0.1", .max_body = 8 << 20, .max_conns = 64, .handle = handle};
    struct buf k = BUF_OVER(key_path), t = BUF_OVER(token_path), h = BUF_OVER(home),
               u = BUF_OVER(url);
    struct http_server *server;
    struct near_key key;
    int rc;

    signal(SIGPIPE, SIG_IGN);
    crypto_init();
    world.request_data = world.stored = world.args = world.completed = world.released =
        world.method = world.steps = BUF_INIT(4 << 20);
    world.file = BUF_INIT(16 << 20);
    if (!mkdtemp(dir) || http_server_start(&opts, &server, NULL))
        return 1;
    buf_addf(&k, "%s/key.json", dir);
    buf_addf(&t, "%s/token", dir);
    buf_addf(&h, "%s/home", dir);
    buf_addf(&u, "http://127.0.0.1:%u", http_server_port(server));
    ed25519_generate(&key.key);
    if (!account_id_parse(STR("worker.outlayer.test"), &key.account) ||
        near_key_store(key_path, &key, NULL) ||
        file_write_atomic(token_path, STR("secret\n"), 0600, NULL))
        return 1;
    worker_start();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    child_stop(&worker, 2000);
    http_server_stop(server);
    near_key_wipe(&key);
    return dir_remove(dir, NULL) ? 1 : rc;
}
