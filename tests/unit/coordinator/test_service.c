/*
 * The coordinator as a process: a block stream made here, workers and users over HTTP, kills.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
#include "db/db.h"
#include "http/client.h"
#include "http/server.h"
#include "unit/coordinator/blocks.h"

#define TOKEN      "a-token-of-some-length"
#define FIRST      1000
#define BLOCKS_MAX 4000

/* A chain of documents, served as the block stream serves them. */
struct chain {
    struct http_server *s;
    pthread_mutex_t lock;
    char *block[BLOCKS_MAX]; /* NULL: skipped */
    uint64_t next;           /* first height that is not there */
    struct http_req *held;   /* for the block `next` */
    bool holds;              /* the server knows wait_ms */
    bool broken;             /* answers 500 */
    uint64_t hidden;         /* a block that the server does not know yet, or 0 */
    unsigned asked;
    char view[4096]; /* what the node answers to a view call */
};

struct fixture {
    char dir[64], db[96], token[96];
    struct chain chain;
    pid_t pid;
    int out;
    unsigned port;
    uint64_t lease_ms;
    const char *durable;
    struct http_client *http;
    struct buf body;
    unsigned status;
    const char *bearer;
};

static bool chain_end(void *ctx, struct http_req *r)
{
    struct chain *ch = ctx;
    bool mine;

    pthread_mutex_lock(&ch->lock);
    mine = ch->held == r;
    if (mine)
        ch->held = NULL;
    pthread_mutex_unlock(&ch->lock);
    return mine;
}

static void chain_reply(struct chain *ch, struct http_req *r, uint64_t h)
{
    const char *doc = h >= FIRST && h < ch->next && h != ch->hidden ? ch->block[h - FIRST] : NULL;

    http_reply(r, 200, "application/json", str_of(doc ? doc : "null"));
}

static void chain_handle(void *ctx, struct http_req *r)
{
    struct chain *ch = ctx;
    struct str path = http_req_path(r), wait = http_req_query(r, "wait_ms");
    uint64_t h, ms;

    pthread_mutex_lock(&ch->lock);
    ch->asked++;
    if (ch->broken) {
        http_reply(r, 500, NULL, STR_NONE);
    } else if (str_eqz(path, "/v0/last_block/final")) {
        for (h = ch->next - 1; h > FIRST && !ch->block[h - FIRST]; h--)
            ;
        chain_reply(ch, r, h);
    } else if (str_eqz(path, "/")) { /* a node that knows one view: get_pricing_full */
        http_reply(r, 200, "application/json", str_of(ch->view));
    } else if (!str_starts(path, STR("/v0/block/")) || !str_u64(str_skip(path, 10), &h)) {
        http_reply(r, 404, NULL, STR_NONE);
    } else if (h == ch->next && ch->holds && str_u64(wait, &ms) && !ch->held) {
        http_hold(r, ms, 404, chain_end, ch);
        ch->held = r;
    } else {
        chain_reply(ch, r, h);
    }
    pthread_mutex_unlock(&ch->lock);
}

/* The next block, with these logs of the contract; `logs` NULL: the height is skipped. */
static void chain_add(struct chain *ch, const char *const *logs, size_t n, bool skip)
{
    struct buf b = BUF_INIT(1 << 20);
    uint64_t h;

    pthread_mutex_lock(&ch->lock);
    h = ch->next;
    assert_true(h - FIRST < BLOCKS_MAX);
    if (!skip) {
        uint64_t before = h - 1;

        while (before > FIRST && !ch->block[before - FIRST])
            before--;
        block_open(&b, h, before);
        if (n)
            block_receipt(&b, "outlayer.test", SUCCESS, logs, n);
        block_close(&b);
        ch->block[h - FIRST] = mem_alloc(b.len + 1);
        memcpy(ch->block[h - FIRST], b.ptr, b.len);
    }
    ch->next++;
    if (ch->held && !skip) {
        chain_reply(ch, ch->held, h);
        ch->held = NULL;
    } else if (ch->held) {
        http_reply(ch->held, 200, "application/json", STR("null"));
        ch->held = NULL;
    }
    pthread_mutex_unlock(&ch->lock);
    buf_release(&b);
}

static void chain_request(struct chain *ch, uint64_t request, unsigned byte)
{
    struct buf b = BUF_INIT(8192);
    const char *log;

    log_requested(&b, request, byte);
    log = buf_z(&b);
    chain_add(ch, &log, 1, false);
    buf_release(&b);
}

static void chain_complete(struct chain *ch, uint64_t request, bool success)
{
    struct buf b = BUF_INIT(8192);
    const char *log;

    log_completed(&b, request, success);
    log = buf_z(&b);
    chain_add(ch, &log, 1, false);
    buf_release(&b);
}

/* Start the daemon and wait for its line; false: it ended instead. */
static bool launch(struct fixture *f, const char *listen)
{
    char url[64], lease[32], line[256] = "";
    int fds[2];
    size_t n = 0;

    snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_server_port(f->chain.s));
    snprintf(lease, sizeof(lease), "%llu", (unsigned long long)f->lease_ms);
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    f->pid = fork();
    if (!f->pid) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        setenv("OUTLAYER_LOG", "unusual", 1);
        setenv("OUTLAYER_SHARE", SHARE_DIR, 1);
        execl(BIN_DIR "/outlayer-coordinator", "outlayer-coordinator", "--db", f->db, "--listen",
              listen, "--contract-id", "outlayer.test", "--neardata-url", url, "--rpc-url", url,
              "--worker-token-file", f->token, "--lease-ms", lease, "--start-height", "1000",
              "--durable", f->durable, "--die-with-parent", (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    while (n < sizeof(line) - 1 && read(fds[0], line + n, 1) == 1 && line[n++] != '\n')
        ;
    f->out = fds[0];
    return sscanf(line, "{\"ready\":true,\"url\":\"http://127.0.0.1:%u\"}", &f->port) == 1;
}

static int end(struct fixture *f, int sig)
{
    int status = 0;

    kill(f->pid, sig);
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    close(f->out);
    f->pid = 0;
    return status;
}

/* The answer of a view call: bytes as numbers. */
static void chain_prices(struct chain *ch)
{
    static const char fees[] =
        "{\"base_fee\":\"1000000000000000000000\",\"per_million_instructions_fee\":\"2\","
        "\"per_ms_fee\":\"3\",\"per_compile_ms_fee\":\"4\",\"base_fee_usd\":\"5\","
        "\"per_million_instructions_fee_usd\":\"6\",\"per_sec_fee_usd\":\"7\","
        "\"per_compile_ms_fee_usd\":\"8\"}";
    struct buf b = BUF_OVER(ch->view);

    buf_addz(&b, "{\"jsonrpc\":\"2.0\",\"id\":\"outlayer\",\"result\":{\"block_hash\":"
                 "\"11111111111111111111111111111111\",\"block_height\":5,\"logs\":[],"
                 "\"result\":[");
    for (size_t i = 0; fees[i]; i++)
        buf_addf(&b, "%s%d", i ? "," : "", fees[i]);
    buf_addz(&b, "]}}");
    assert_false(b.full);
}

static int start(void **state)
{
    struct fixture *f = mem_new(struct fixture);
    struct buf why = WHY_INIT;

    snprintf(f->dir, sizeof(f->dir), "/tmp/test_service.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->db, sizeof(f->db), "%s/db", f->dir);
    snprintf(f->token, sizeof(f->token), "%s/token", f->dir);
    assert_int_equal(file_write_atomic(f->token, STR(TOKEN "\n"), 0600, NULL), 0);
    pthread_mutex_init(&f->chain.lock, NULL);
    f->chain.next = FIRST;
    f->chain.holds = true;
    chain_prices(&f->chain);
    chain_add(&f->chain, NULL, 0, false);
    if (http_server_start(&(struct http_server_opts){.host = "127.0.0.1",
                                                     .max_body = 1000,
                                                     .max_conns = 16,
                                                     .handle = chain_handle,
                                                     .ctx = &f->chain},
                          &f->chain.s, &why))
        fail_msg("%s", buf_z(&why));
    f->http = http_client_new();
    f->body = BUF_INIT(1 << 20);
    f->bearer = TOKEN;
    f->lease_ms = 20000;
    f->durable = "full";
    assert_true(launch(f, "127.0.0.1:0"));
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    if (f->pid) {
        uint64_t from = clock_mono_ms();
        int status = end(f, SIGTERM);

        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_true(clock_mono_ms() - from < 2500);
    }
    http_server_stop(f->chain.s);
    for (size_t i = 0; i < BLOCKS_MAX; i++)
        mem_free(f->chain.block[i]);
    http_client_free(f->http);
    buf_release(&f->body);
    assert_int_equal(dir_remove(f->dir, NULL), 0);
    mem_free(f);
    return 0;
}

static enum err call(struct fixture *f, const char *method, const char *path, const char *body)
{
    struct http_call c = {.method = method, .timeout_ms = 20000, .bearer = f->bearer};
    char url[512];
    enum err e;

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", f->port, path);
    c.url = url;
    if (body) {
        c.body = str_of(body);
        c.content_type = "application/json";
    }
    buf_clear(&f->body);
    e = http_client_call(f->http, &c, &f->status, &f->body, NULL);
    if (e)
        f->status = 0;
    return e;
}

static struct json post(struct fixture *f, const char *path, const char *body)
{
    struct json v = JSON_NONE;

    assert_int_equal(call(f, "POST", path, body), 0);
    if (f->body.len && !json_parse(buf_str(&f->body), &v, NULL))
        fail_msg("no JSON: %s", buf_z(&f->body));
    return v;
}

static struct json get(struct fixture *f, const char *path)
{
    struct json v = JSON_NONE;

    assert_int_equal(call(f, "GET", path, NULL), 0);
    if (f->body.len && !json_parse(buf_str(&f->body), &v, NULL))
        fail_msg("no JSON: %s", buf_z(&f->body));
    return v;
}

static uint64_t num(struct json v, const char *key)
{
    uint64_t n = 0;

    if (!json_u64(json_get(v, key), &n))
        fail_msg("no number '%s' in %.*s", key, STR_ARG(v.text));
    return n;
}

struct lease {
    uint64_t job, token, request, attempt;
};

static bool lease(struct fixture *f, const char *worker, unsigned wait_ms, struct lease *out)
{
    char body[200];
    struct json v;

    snprintf(body, sizeof(body), "{\"worker\":\"%s\",\"wait_ms\":%u,\"session\":\"s1\"}", worker,
             wait_ms);
    v = post(f, "/jobs/lease", body);
    if (f->status == 204)
        return false;
    assert_int_equal(f->status, 200);
    *out =
        (struct lease){num(v, "job_id"), num(v, "token"), num(v, "request_id"), num(v, "attempt")};
    return true;
}

static void say(struct fixture *f, const struct lease *l, const char *verb, const char *more)
{
    char path[64], body[400];

    snprintf(path, sizeof(path), "/jobs/%llu/%s", (unsigned long long)l->job, verb);
    snprintf(body, sizeof(body), "{\"token\":%llu%s}", (unsigned long long)l->token, more);
    post(f, path, body);
}

static void complete(struct fixture *f, const struct lease *l)
{
    say(f, l, "complete",
        ",\"status\":\"completed\",\"success\":true,\"output\":{\"n\":1},\"instructions\":5,"
        "\"time_ms\":2,\"resolve_tx\":\"TX\",\"charged_yocto\":\"900\","
        "\"refund_usd\":400,\"run\":{\"stderr\":\"said\"}");
}

static void wait_ready(struct fixture *f, unsigned status)
{
    for (int i = 0; i < 100; i++) {
        get(f, "/readyz");
        if (f->status == status)
            return;
        clock_sleep_ms(50);
    }
    fail_msg("/readyz stays at %u: %s", f->status, buf_z(&f->body));
}

/* The status of a request once it is `status`. */
static void wait_status(struct fixture *f, uint64_t request, const char *status)
{
    char path[64];

    snprintf(path, sizeof(path), "/requests/%llu", (unsigned long long)request);
    for (int i = 0; i < 100; i++) {
        struct json v = get(f, path);

        if (f->status == 200 && json_str_eq(json_get(v, "status"), str_of(status)))
            return;
        clock_sleep_ms(50);
    }
    fail_msg("request %llu is not %s: %s", (unsigned long long)request, status, buf_z(&f->body));
}

static void test_story(void **state)
{
    struct fixture *f = *state;
    struct lease l;
    struct json v;
    struct json_iter it;
    uint64_t from, after;
    static const char *const steps[] = {"queued", "leased",   "fetched",
                                        "ran",    "resolved", "completed"};
    size_t i = 0;

    wait_ready(f, 200);
    assert_false(lease(f, "w1", 0, &l));
    get(f, "/requests/41");
    assert_int_equal(f->status, 404);
    chain_request(&f->chain, 41, 7);
    from = clock_mono_ms();
    assert_true(lease(f, "w1", 10000, &l));
    assert_true(clock_mono_ms() - from < 3000);
    assert_int_equal(l.request, 41);
    say(f, &l, "progress",
        ",\"step\":\"fetched\",\"detail\":{\"bytes\":9,\"ms\":1,\"cached\":false}");
    assert_int_equal(f->status, 200);
    say(f, &l, "progress", ",\"step\":\"ran\",\"detail\":{\"instructions\":5}");
    say(f, &l, "renew", "");
    assert_int_equal(f->status, 200);
    say(f, &l, "progress", ",\"step\":\"resolved\",\"detail\":{\"tx\":\"TX\",\"block_height\":7}");
    say(f, &l, "complete", ",\"success\":true,\"run\":[1]");
    assert_int_equal(f->status, 400);
    complete(f, &l);
    assert_int_equal(f->status, 200);
    complete(f, &l);
    assert_int_equal(f->status, 200);
    v = get(f, "/requests/41");
    assert_true(json_str_eq(json_get(json_get(v, "run"), "stderr"), STR("said")));
    after = json_count(json_get(v, "steps"));
    assert_int_equal(after, 5);
    chain_complete(&f->chain, 41, true);
    v = get(f, "/requests/41?after=5&wait_ms=10000");
    assert_int_equal(json_count(json_get(v, "steps")), 1);
    v = get(f, "/requests/41");
    for (it = json_iter(json_get(v, "steps")); json_next(&it); i++) {
        assert_true(i < countof(steps));
        assert_true(json_str_eq(json_get(it.value, "step"), str_of(steps[i])));
    }
    assert_int_equal(i, countof(steps));
    assert_true(json_str_eq(json_get(v, "charged_yocto"), STR("1000")));
    assert_true(json_str_eq(json_get(v, "refunded_yocto"), STR("6000")));
    assert_int_equal(num(v, "completed_height"), FIRST + 2);
    assert_int_equal(num(v, "refund_usd"), 400);
    v = get(f, "/public/executions/1");
    assert_int_equal(num(v, "refund_usd"), 400);
    v = get(f, "/public/jobs?limit=5&source=near");
    assert_int_equal(json_count(v), 1);
    assert_int_equal(json_count(get(f, "/public/jobs?source=https")), 0);
    v = get(f, "/public/workers");
    assert_int_equal(json_count(v), 1);
    assert_true(json_str_eq(json_get(json_at(v, 0), "worker_id"), STR("w1")));
    assert_int_equal(num(json_at(v, 0), "total_tasks_completed"), 1);
    v = get(f, "/public/stats");
    assert_int_equal(num(v, "active_workers"), 1);
    assert_int_equal(call(f, "GET", "/metrics", NULL), 0);
    assert_non_null(strstr(buf_z(&f->body), "\noutlayer_coordinator_completions_total 2\n"));
}

static void test_doors(void **state)
{
    struct fixture *f = *state;
    char *big = mem_alloc(13 << 20);
    static const char *const bad[] = {"",
                                      "[]",
                                      "{",
                                      "{\"worker\":7}",
                                      "{\"worker\":\"\"}",
                                      "{\"worker\":\"a b\"}",
                                      "{\"worker\":\"w\",\"wait_ms\":-1}",
                                      "{\"worker\":\"w\",\"wait_ms\":\"1\"}",
                                      "{\"worker\":\"w\",\"session\":7}"};
    static const char *const bad_complete[] = {
        "{\"token\":1}",
        "{\"token\":1,\"success\":1}",
        "{\"token\":1,\"success\":true,\"status\":\"failed\"}",
        "{\"token\":1,\"success\":false,\"status\":\"completed\"}",
        "{\"token\":1,\"success\":false,\"status\":\"what\"}",
        "{\"token\":1,\"success\":true,\"instructions\":-1,\"time_ms\":1}",
        "{\"token\":1,\"success\":true,\"instructions\":9223372036854775808,\"time_ms\":1}",
        "{\"token\":1,\"success\":true,\"wasm_sha256\":\"zz\"}",
        "{\"token\":1,\"success\":true,\"charged_yocto\":900}",
        "{\"token\":1,\"success\":true,\"refund_usd\":-1}",
        "{\"token\":1,\"success\":false,\"refund_usd\":1}",
        "{\"token\":\"1\",\"success\":true}",
    };
    struct json v;

    for (size_t i = 0; i < countof(bad); i++) {
        assert_int_equal(call(f, "POST", "/jobs/lease", bad[i]), 0);
        assert_int_equal(f->status, 400);
    }
    for (size_t i = 0; i < countof(bad_complete); i++) {
        post(f, "/jobs/1/complete", bad_complete[i]);
        assert_int_equal(f->status, 400);
    }
    post(f, "/jobs/1/complete", "{\"token\":1,\"success\":true}");
    assert_int_equal(f->status, 404);
    post(f, "/jobs/99999999999999999999/renew", "{\"token\":1}");
    assert_int_equal(f->status, 404);
    post(f, "/jobs/1/progress", "{\"token\":1,\"step\":\"completed\"}");
    assert_int_equal(f->status, 400);
    memset(big, ' ', (13 << 20) - 1);
    post(f, "/jobs/1/complete", big);
    assert_int_equal(f->status, 413);
    /* A stranger has less than that kept for him. */
    big[1 << 20] = '\0';
    post(f, "/jobs/1/complete", big);
    assert_int_equal(f->status, 400);
    for (size_t i = 0; i < 2; i++) {
        f->bearer = i ? TOKEN "x" : NULL;
        post(f, "/jobs/1/complete", big);
        assert_int_equal(f->status, 413);
        post(f, "/public/storage/batch", big);
        assert_int_equal(f->status, 413);
    }
    f->bearer = TOKEN;
    mem_free(big);

    v = get(f, "/nothing");
    assert_int_equal(f->status, 404);
    assert_true(json_str_eq(json_get(v, "error"), STR("not_found")));
    assert_true(json_str_eq(json_get(v, "message"), STR("Unknown endpoint")));
    get(f, "/jobs/lease");
    assert_int_equal(f->status, 405);
    get(f, "/public/jobs?limit=x");
    assert_int_equal(f->status, 400);
    get(f, "/requests/abc");
    assert_int_equal(f->status, 404);
    get(f, "/public/users/Not%20An%20Account/earnings");
    assert_int_equal(f->status, 400);
    assert_int_equal(call(f, "GET", "/health", NULL), 0);
    assert_string_equal(buf_z(&f->body), "OK");
    get(f, "/livez");
    assert_int_equal(f->status, 200);

    f->bearer = NULL;
    post(f, "/jobs/lease", "{\"worker\":\"w\"}");
    assert_int_equal(f->status, 401);
    f->bearer = TOKEN "x";
    post(f, "/jobs/lease", "{\"worker\":\"w\"}");
    assert_int_equal(f->status, 401);
    f->bearer = "a-token-of-some-lengt";
    post(f, "/jobs/lease", "{\"worker\":\"w\"}");
    assert_int_equal(f->status, 401);
    get(f, "/public/jobs");
    assert_int_equal(f->status, 200);
}

/* Killed at any moment, it neither forgets a request nor makes it twice. */
static void test_kills(void **state)
{
    struct fixture *f = *state;
    char listen[32];
    struct lease l = {0};
    unsigned done = 0, total = 60, seen[61] = {0};
    uint64_t until = clock_mono_ms() + 60000;
    unsigned seed = 7;

    snprintf(listen, sizeof(listen), "127.0.0.1:%u", f->port);
    for (unsigned i = 1; i <= total; i++) {
        chain_request(&f->chain, i, i);
        if (i % 7 == 0)
            chain_add(&f->chain, NULL, 0, true); /* a skipped height */
        if (i % 12 == 0) {
            end(f, SIGKILL);
            assert_true(launch(f, listen));
        }
        if (lease(f, "w1", 0, &l)) {
            seen[l.request]++;
            if (rand_r(&seed) % 4 == 0) {
                end(f, SIGKILL);
                assert_true(launch(f, listen));
            }
            complete(f, &l);
            assert_int_equal(f->status, 200);
            done++;
        }
    }
    while (done < total && clock_mono_ms() < until) {
        if (!lease(f, "w1", 2000, &l))
            continue;
        seen[l.request]++;
        complete(f, &l);
        assert_int_equal(f->status, 200);
        done++;
    }
    assert_int_equal(done, total);
    for (unsigned i = 1; i <= total; i++)
        assert_int_equal(seen[i], 1);
    assert_false(lease(f, "w1", 300, &l));
    assert_int_equal(num(get(f, "/public/stats"), "total_executions"), total);
}

static void test_worker_dies(void **state)
{
    struct fixture *f = *state;
    struct lease a, b;

    end(f, SIGTERM);
    f->lease_ms = 1000;
    f->durable = "normal";
    assert_true(launch(f, "127.0.0.1:0"));
    chain_request(&f->chain, 1, 1);
    assert_true(lease(f, "w1", 5000, &a));
    assert_true(lease(f, "w2", 10000, &b)); /* held until the first one's time is over */
    assert_int_equal(b.job, a.job);
    assert_int_equal(b.attempt, 2);
    complete(f, &a);
    assert_int_equal(f->status, 409);
    say(f, &b, "release", ",\"reason\":\"shutdown\"");
    assert_int_equal(f->status, 200);
    /* started anew under another session, it gets it back at once, not after the lease */
    assert_true(lease(f, "w2", 100, &b));
    post(f, "/jobs/lease", "{\"worker\":\"w2\",\"session\":\"s2\"}");
    assert_true(f->status == 204);
    assert_true(lease(f, "w1", 5000, &a));
    assert_int_equal(a.job, b.job);
    complete(f, &b);
    assert_int_equal(f->status, 409);
    complete(f, &a);
    assert_int_equal(f->status, 200);
}

static void test_contract_answers_first(void **state)
{
    struct fixture *f = *state;
    struct lease l;

    chain_request(&f->chain, 1, 1);
    wait_status(f, 1, "queued");
    chain_complete(&f->chain, 1, false);
    wait_status(f, 1, "execution_failed");
    assert_false(lease(f, "w1", 0, &l));
}

/* A stream that answers at once, one that breaks down for a while, one of another chain. */
static void test_streams(void **state)
{
    struct fixture *f = *state;
    struct lease l;
    char other[45], *doc;

    f->chain.holds = false;
    wait_ready(f, 200);
    for (int i = 0; i < 5; i++)
        chain_add(&f->chain, NULL, 0, i % 2);
    chain_request(&f->chain, 1, 1);
    assert_true(lease(f, "w1", 8000, &l));
    complete(f, &l);

    pthread_mutex_lock(&f->chain.lock);
    f->chain.broken = true;
    pthread_mutex_unlock(&f->chain.lock);
    wait_ready(f, 503);
    chain_request(&f->chain, 2, 2);
    pthread_mutex_lock(&f->chain.lock);
    f->chain.broken = false;
    pthread_mutex_unlock(&f->chain.lock);
    assert_true(lease(f, "w1", 8000, &l));
    assert_int_equal(l.request, 2);
    wait_ready(f, 200);

    /* one of several servers lags: what it does not know yet is not taken as skipped */
    pthread_mutex_lock(&f->chain.lock);
    f->chain.hidden = f->chain.next;
    pthread_mutex_unlock(&f->chain.lock);
    chain_request(&f->chain, 4, 4);
    for (int i = 0; i < 3; i++)
        chain_add(&f->chain, NULL, 0, false);
    for (int i = 0; i < 100 && !strstr(buf_z(&f->body), "left out a block"); i++) {
        clock_sleep_ms(50);
        get(f, "/readyz");
    }
    assert_non_null(strstr(buf_z(&f->body), "left out a block"));
    pthread_mutex_lock(&f->chain.lock);
    f->chain.hidden = 0;
    pthread_mutex_unlock(&f->chain.lock);
    assert_true(lease(f, "w1", 8000, &l));
    assert_int_equal(l.request, 4);
    wait_ready(f, 200);

    /* the next block follows none we know */
    end(f, SIGTERM);
    chain_request(&f->chain, 3, 3);
    pthread_mutex_lock(&f->chain.lock);
    doc = f->chain.block[f->chain.next - 1 - FIRST];
    block_hash(77, other);
    memcpy(strstr(doc, "\"prev_hash\":\"") + 13, other, 44);
    pthread_mutex_unlock(&f->chain.lock);
    assert_true(launch(f, "127.0.0.1:0"));
    for (int i = 0; i < 100 && !strstr(buf_z(&f->body), "not of the chain"); i++) {
        clock_sleep_ms(50);
        get(f, "/readyz");
        assert_int_equal(f->status, 503);
    }
    assert_non_null(strstr(buf_z(&f->body), "not of the chain"));
    get(f, "/requests/3");
    assert_int_equal(f->status, 404);
}

static void *later_main(void *ctx)
{
    clock_sleep_ms(400);
    chain_request(&((struct fixture *)ctx)->chain, 1, 1);
    return NULL;
}

static void test_prices(void **state)
{
    struct fixture *f = *state;
    struct json v;

    for (int i = 0; i < 100; i++) {
        v = get(f, "/public/pricing");
        if (f->status == 200)
            break;
        assert_int_equal(f->status, 503);
        clock_sleep_ms(20);
    }
    assert_int_equal(f->status, 200);
    assert_true(json_str_eq(json_get(v, "base_fee"), STR("1000000000000000000000")));
    assert_true(json_str_eq(json_get(v, "per_instruction_fee"), STR("2")));
    assert_true(json_str_eq(json_get(v, "per_compile_ms_fee_usd"), STR("8")));
    assert_int_equal(num(v, "max_instructions"), 500000000000);
    post(f, "/public/pricing/refresh", "");
    assert_int_equal(f->status, 200);
}

static void test_long_polls(void **state)
{
    struct fixture *f = *state;
    pthread_t t;
    uint64_t from;
    struct json v;
    struct lease l;

    wait_ready(f, 200);
    from = clock_mono_ms();
    assert_false(lease(f, "w1", 300, &l));
    assert_in_range(clock_mono_ms() - from, 290, 2000);
    call(f, "GET", "/requests/1?wait_ms=200", NULL);
    assert_int_equal(f->status, 404);
    /* asked for before the block is there */
    pthread_create(&t, NULL, later_main, f);
    from = clock_mono_ms();
    v = get(f, "/requests/1?wait_ms=10000");
    assert_in_range(clock_mono_ms() - from, 300, 3000);
    assert_int_equal(f->status, 200);
    assert_true(json_str_eq(json_get(v, "status"), STR("queued")));
    pthread_join(t, NULL);
    call(f, "GET", "/requests/1?after=1&wait_ms=200", NULL);
    assert_int_equal(f->status, 204);
    /* held when it is told to stop: ends within two seconds, see stop() */
}

struct poll {
    struct fixture *f;
    unsigned status;
};

static void *poll_for_job(void *ctx)
{
    struct poll *p = ctx;
    struct http_client *http = http_client_new();
    struct buf body = BUF_INIT(65536), why = WHY_INIT;
    char url[128];
    const struct http_call call = {
        .method = "POST",
        .url = url,
        .body = STR("{\"worker\":\"w1\",\"session\":\"s1\",\"wait_ms\":30000}"),
        .content_type = "application/json",
        .bearer = TOKEN,
        .timeout_ms = 40000,
        .max_body = 65536};

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/jobs/lease", p->f->port);
    if (http_client_call(http, &call, &p->status, &body, &why))
        p->status = 0;
    http_client_free(http);
    buf_release(&body);
    buf_release(&why);
    return NULL;
}

/* A worker that is about to end calls its waiting requests back, and gets nothing any more. */
static void test_recall(void **state)
{
    struct fixture *f = *state;
    struct poll p = {.f = f};
    uint64_t from = clock_mono_ms();
    pthread_t thread;

    assert_false(lease(f, "w1", 300, &(struct lease){0}));
    assert_int_equal(pthread_create(&thread, NULL, poll_for_job, &p), 0);
    clock_sleep_ms(300);
    post(f, "/workers/heartbeat", "{\"worker\":\"w1\",\"session\":\"s2\",\"recall\":true}");
    clock_sleep_ms(100);
    assert_int_equal(p.status, 0); /* another session's */
    post(f, "/workers/heartbeat", "{\"worker\":\"w1\",\"session\":\"s1\",\"recall\":true}");
    pthread_join(thread, NULL);
    assert_int_equal(p.status, 204);
    assert_true(clock_mono_ms() - from < 25000);
}

static void test_refuses_to_start(void **state)
{
    struct fixture *f = *state;
    pid_t first = f->pid;
    int status, out = f->out;

    assert_false(launch(f, "127.0.0.1:0")); /* the database is open elsewhere */
    waitpid(f->pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    close(f->out);
    assert_int_equal(file_write_atomic(f->token, STR("short\n"), 0600, NULL), 0);
    assert_false(launch(f, "127.0.0.1:0"));
    waitpid(f->pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    close(f->out);
    f->pid = first;
    f->out = out;
}

/* An execution that is too old goes by itself; who asks for it is told so, at once. */
static void test_pruned(void **state)
{
    struct fixture *f = *state;
    struct buf why = WHY_INIT;
    struct db *d = NULL;
    uint64_t from;

    chain_request(&f->chain, 41, 7);
    chain_request(&f->chain, 42, 8);
    for (int i = 0; i < 2; i++) {
        struct json job = post(f, "/jobs/lease", "{\"worker\":\"w\",\"wait_ms\":5000}");
        char path[64];
        uint64_t id = 0;

        assert_int_equal(f->status, 200);
        assert_true(json_u64(json_get(job, "job_id"), &id));
        snprintf(path, sizeof(path), "/jobs/%llu/complete", (unsigned long long)id);
        (void)post(f, path, "{\"token\":1,\"success\":true,\"output\":1}");
        assert_int_equal(f->status, 200);
    }
    assert_int_equal(end(f, SIGTERM), 0);
    if (db_open(&(struct db_opts){.path = f->db}, &d, &why) ||
        db_exec(d, "UPDATE request SET created_ms = 1000 WHERE request_id = 41", &why))
        fail_msg("%s", buf_z(&why));
    db_close(d);
    assert_true(launch(f, "127.0.0.1:0"));
    from = clock_mono_ms();
    do
        assert_int_equal(call(f, "GET", "/requests/41", NULL), 0);
    while (f->status == 200 && clock_mono_ms() - from < 5000);
    assert_int_equal(f->status, 410);
    assert_non_null(strstr(buf_z(&f->body), "request '41' is no longer kept"));
    from = clock_mono_ms();
    assert_int_equal(call(f, "GET", "/requests/41?wait_ms=10000", NULL), 0);
    assert_int_equal(f->status, 410);
    assert_true(clock_mono_ms() - from < 5000);
    assert_int_equal(call(f, "GET", "/public/executions/1", NULL), 0);
    assert_int_equal(f->status, 410);
    assert_int_equal(call(f, "GET", "/requests/41/build-log", NULL), 0);
    assert_int_equal(f->status, 410);
    assert_int_equal(call(f, "GET", "/requests/42", NULL), 0);
    assert_int_equal(f->status, 200);
    assert_int_equal(call(f, "GET", "/requests/43", NULL), 0);
    assert_int_equal(f->status, 404);
    assert_int_equal(call(f, "GET", "/public/stats", NULL), 0);
    assert_non_null(strstr(buf_z(&f->body), "\"total_executions\":2"));
    buf_release(&why);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_story),
        T(test_doors),
        T(test_kills),
        T(test_worker_dies),
        T(test_contract_answers_first),
        T(test_streams),
        T(test_prices),
        T(test_long_polls),
        T(test_recall),
        T(test_pruned),
        T(test_refuses_to_start),
    };

    return cmocka_run_group_tests_name("coordinator_service", tests, NULL, NULL);
}
