/*
 * Batches on their way to the register, with a worker that dies between sending and noting: what
 * the chain has done is found again, what it never took is signed anew.
 *
 * The chain is a server here that checks nonces and takes a batch once, as node and contract do.
 */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "http/server.h"
#include "near/tx.h"
#include "worker/herald.h"
#include "worker/registrar.h"

#define BLOCK   "5wbD6GsVBReHetMUw17QcNne8BjB1xSKRoU4JYpafEx5"
#define TXS_MAX 16
#define WAIT_MS 20000

static struct {
    pthread_mutex_t lock;
    uint64_t nonce;
    unsigned refused;
    struct {
        struct hash256 hash;
        bool anchored; /* else the contract said no */
    } tx[TXS_MAX];
    size_t ntx;
    bool anchored;       /* the batch */
    struct hash256 told; /* the anchor as the coordinator heard of it; zero: not yet */
} chain = {.lock = PTHREAD_MUTEX_INITIALIZER, .nonce = 5};

static char dir[] = "/tmp/outlayer-anchor-XXXXXX";
static char path[128], url[64];
static struct near_key key;
static struct quote_source *source;
static struct arena arena;

static void fault(struct buf *b, const char *cause, const char *data)
{
    buf_addf(b,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"name\":\"HANDLER_ERROR\",\"cause\":{"
             "\"name\":\"%s\",\"info\":{}},\"data\":%s}}",
             cause, data);
}

static void tell(struct buf *b, size_t i)
{
    if (i == chain.ntx)
        fault(b, "UNKNOWN_TRANSACTION", "\"Transaction x doesn't exist\"");
    else if (chain.tx[i].anchored)
        buf_addz(b, "{\"result\":{\"final_execution_status\":\"EXECUTED\",\"status\":{"
                    "\"SuccessValue\":\"Mw==\"},\"receipts_outcome\":[{\"block_hash\":\"" BLOCK
                    "\",\"outcome\":{\"logs\":[]}}]}}");
    else
        buf_addz(b, "{\"result\":{\"final_execution_status\":\"EXECUTED\",\"status\":{\"Failure\":{"
                    "\"ActionError\":{\"index\":0,\"kind\":{\"FunctionCallError\":{"
                    "\"ExecutionError\":\"Smart contract panicked: was anchored before\"}}}}}}}");
}

static size_t place_of(const struct hash256 *hash)
{
    size_t i = 0;

    while (i < chain.ntx && !hash_eq(&chain.tx[i].hash, hash))
        i++;
    return i;
}

static void take(struct json params, struct buf *b)
{
    struct buf bytes = BUF_INIT(SIGNED_TX_MAX);
    struct arena a = ARENA_INIT;
    struct signed_tx t;
    struct str s;
    size_t i;

    BUG_ON(!json_plain(json_get(params, "signed_tx_base64"), &s) || !base64_get(s, &bytes));
    BUG_ON(signed_tx_read(buf_str(&bytes), &a, &t, NULL) || !signed_tx_verify(&t));
    i = place_of(&t.hash);
    if (i == chain.ntx && t.tx.nonce.nonce <= chain.nonce) {
        chain.refused++;
        fault(b, "INVALID_TRANSACTION",
              "{\"TxExecutionError\":{\"InvalidTxError\":{\"InvalidNonce\":{"
              "\"tx_nonce\":1,\"ak_nonce\":2}}}}");
    } else {
        if (i == chain.ntx) {
            BUG_ON(chain.ntx == TXS_MAX);
            chain.nonce = t.tx.nonce.nonce;
            chain.tx[chain.ntx].hash = t.hash;
            chain.tx[chain.ntx++].anchored = !chain.anchored;
            chain.anchored = true;
        }
        tell(b, i);
    }
    arena_release(&a);
    buf_release(&bytes);
}

static void handle(void *ctx, struct http_req *r)
{
    struct buf b = BUF_INIT(65536);
    struct json doc, params, method;
    struct hash256 hash;
    struct str s;

    (void)ctx;
    BUG_ON(!json_parse(http_req_body(r), &doc, NULL));
    method = json_get(doc, "method");
    params = json_get(doc, "params");
    pthread_mutex_lock(&chain.lock);
    if (str_starts(http_req_path(r), STR("/attestations/"))) {
        if (json_plain(json_get(doc, "transaction"), &s))
            BUG_ON(!hash_from_base58(s, &chain.told));
        buf_addz(&b, "{\"statements\":1}");
    } else if (json_str_eq(method, STR("query"))) {
        buf_addf(&b,
                 "{\"result\":{\"nonce\":%llu,\"permission\":\"FullAccess\",\"block_height\":9,"
                 "\"block_hash\":\"" BLOCK "\"}}",
                 (unsigned long long)chain.nonce);
    } else if (json_str_eq(method, STR("send_tx"))) {
        take(params, &b);
    } else if (json_str_eq(method, STR("tx"))) {
        BUG_ON(!json_plain(json_get(params, "tx_hash"), &s) || !hash_from_base58(s, &hash));
        tell(&b, place_of(&hash));
    } else {
        buf_addz(&b, "{\"result\":{\"header\":{\"height\":12,\"hash\":\"" BLOCK
                     "\",\"prev_hash\":\"" BLOCK "\",\"timestamp\":5}}}");
    }
    pthread_mutex_unlock(&chain.lock);
    http_reply(r, 200, "application/json", buf_str(&b));
    buf_release(&b);
}

/* ------------------------------------------------------------------ a ledger with one batch */

static struct outbox *opened(void)
{
    struct buf why = WHY_INIT;
    struct outbox *o;

    assert_ok(outbox_open(path, &o, &why), why);
    assert_ok(ledger_open(o, &why), why);
    buf_release(&why);
    return o;
}

static enum err keep(void *ctx, const struct signed_statement *s, struct buf *why)
{
    struct ledger_extra extra = {.job_id = 1, .created_s = 5, .attached_usd = STR("0")};
    struct ledger_entry entry = {.signed_one = s, .extra = &extra};
    struct parcel p = {.contract_id = STR("outlayer.test"),
                       .request_id = 1,
                       .method = STR("resolve_execution"),
                       .args = STR("{}"),
                       .report = STR("")};

    return outbox_put(ctx, &p, ledger_write, &entry, why);
}

/* Written by a process that is gone: reopened, its batch is closed. */
static struct outbox *one_batch(void)
{
    static unsigned n;
    struct buf why = WHY_INIT, name = BUF_OVER(path);
    uint64_t now = clock_unix_ns() / 1000000000;
    struct manifest m = {
        .network = STR("sandbox-test"), .not_before = now, .not_after = now + 3600};
    struct ledger_epoch row = {.simulated = true, .registered = true, .begun_ms = now * 1000};
    struct statement s = {.kind = STATEMENT_EXECUTE,
                          .chain.request_id = 1,
                          .url = STR("https://example.org/a.wasm"),
                          .source = CODE_URL};
    struct signed_statement one;
    struct outbox *o;
    struct epoch *e;

    buf_addf(&name, "%s/%u.db", dir, n++);
    o = opened();
    assert_ok(epoch_begin(source, &m, NULL, &e, &why), why);
    row.session = epoch_session(e);
    row.manifest = epoch_manifest(e);
    row.quote = buf_str(&epoch_evidence(e)->quote);
    assert_ok(ledger_begin(o, &row, &why), why);
    assert_ok(epoch_sign(e, &s, keep, o, &one, &why), why);
    signed_statement_release(&one);
    epoch_end(e);
    outbox_close(o);
    buf_release(&why);
    return opened();
}

/* These work until the process ends: kept where a leak checker finds them. */
static struct registrar *registrars[8];
static struct herald *heralds[8];

static struct registrar *registrar(void)
{
    static size_t n;

    return registrars[n++] =
               registrar_new(url, &key, STR("register.test"), STR("outlayer.test"), &key.key.pub);
}

/* A worker starts and works until the coordinator hears of an anchor; it goes on to the end. */
static struct hash256 work(struct outbox *o)
{
    const struct herald_opts opts = {.outbox = o,
                                     .coordinator_url = url,
                                     .worker_id = "w1",
                                     .token = STR("t"),
                                     .source = source,
                                     .registrar = registrar_hooks(registrar())};
    uint64_t until = clock_mono_ms() + WAIT_MS;
    struct buf why = WHY_INIT;
    const struct hash256 none = {{0}};
    struct hash256 told = none;
    static struct herald **h = heralds;

    pthread_mutex_lock(&chain.lock);
    chain.told = none;
    pthread_mutex_unlock(&chain.lock);
    assert_ok(herald_start(&opts, h, &why), why);
    while (hash_eq(&told, &none)) {
        assert_true(clock_mono_ms() < until);
        clock_sleep_ms(50);
        herald_wake(*h);
        pthread_mutex_lock(&chain.lock);
        told = chain.told;
        pthread_mutex_unlock(&chain.lock);
    }
    h++;
    buf_release(&why);
    return told;
}

/* The worker that dies: it has signed and noted the transaction, and may have sent it. */
static struct outbox *died(bool sent, struct hash256 *hash)
{
    struct outbox *o = one_batch();
    const struct notary_register *r = registrar_hooks(registrar());
    struct buf why = WHY_INIT;
    struct ledger_batch b;
    struct signed_tx tx;

    chain.anchored = false;
    assert_ok(ledger_unanchored(o, &arena, &b, &why), why);
    assert_null(b.sent.ptr);
    assert_ok(r->sign(r->ctx, &b, &arena, &why), why);
    assert_ok(ledger_sent(o, &b, &why), why);
    assert_ok(signed_tx_read(b.sent, &arena, &tx, &why), why);
    *hash = tx.hash;
    if (sent) {
        assert_ok(r->anchor(r->ctx, &b, false, &arena, &why), why);
        assert_int_equal(b.anchor_height, 12);
    }
    outbox_close(o);
    buf_release(&why);
    return opened();
}

static void test_sent(void **state)
{
    struct hash256 hash, told;
    struct outbox *o = died(true, &hash);
    size_t ntx = chain.ntx;

    (void)state;
    told = work(o);
    assert_true(hash_eq(&told, &hash));
    assert_int_equal(chain.ntx, ntx); /* nothing was sent again */
}

static void test_not_sent(void **state)
{
    struct hash256 hash, told;
    struct outbox *o = died(false, &hash);
    size_t ntx = chain.ntx;

    (void)state;
    told = work(o);
    assert_true(hash_eq(&told, &hash));
    assert_int_equal(chain.ntx, ntx + 1);
}

/* Another call took its nonce meanwhile. */
static void test_never_taken(void **state)
{
    struct hash256 hash, told;
    struct outbox *o = died(false, &hash);
    size_t ntx = chain.ntx;

    (void)state;
    chain.nonce += 10;
    told = work(o);
    assert_false(hash_eq(&told, &hash));
    assert_true(hash_eq(&told, &chain.tx[ntx].hash));
    assert_int_equal(chain.ntx, ntx + 1);
    assert_true(chain.refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sent),
        cmocka_unit_test(test_not_sent),
        cmocka_unit_test(test_never_taken),
    };
    const struct http_server_opts opts = {
        .host = "127.0.0.1", .max_body = 16 << 20, .max_conns = 64, .handle = handle};
    struct buf u = BUF_OVER(url), name = BUF_INIT(256);
    struct http_server *server;
    int rc;

    signal(SIGPIPE, SIG_IGN);
    crypto_init();
    ed25519_generate(&key.key);
    if (!mkdtemp(dir) || !account_id_parse(STR("worker.outlayer.test"), &key.account) ||
        http_server_start(&opts, &server, NULL))
        return 1;
    buf_addf(&name, "simulator:%s", dir);
    buf_addf(&u, "http://127.0.0.1:%u", http_server_port(server));
    if (quote_source_open(buf_z(&name), &source, NULL))
        return 1;
    buf_release(&name);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    http_server_stop(server);
    arena_release(&arena);
    return dir_remove(dir, NULL) ? 1 : rc;
}
