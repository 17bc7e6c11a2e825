/*
 * What workers bring: kept in order, without gaps, signed; a bundle made of it verifies.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "attest/epoch.h"
#include "attest/sim.h"
#include "base/clock.h"
#include "base/file.h"
#include "coordinator/attestation.h"
#include "coordinator/executions.h"
#include "coordinator/feed.h"
#include "coordinator/jobq.h"
#include "coordinator/schema.h"

#define N 5

static char dir[] = "/tmp/outlayer-evidence-XXXXXX";
static struct quote_source *source;
static struct epoch *epoch;
static struct signed_statement made[N];
static struct buf collateral;
static struct arena arena;
static int64_t now;

static struct statement execution(uint64_t request)
{
    struct statement s;

    memset(&s, 0, sizeof s);
    s.kind = STATEMENT_EXECUTE;
    s.chain.request_id = request;
    s.caller = STR("alice.test");
    s.source = CODE_URL;
    s.url = STR("https://example.org/a.wasm");
    s.build_target = STR("wasm32-wasip1");
    s.wasm_sha256 = sha256(STR("code"));
    s.started_ms = s.finished_ms = (uint64_t)now * 1000;
    return s;
}

static int set_up(void **state)
{
    struct buf name = BUF_INIT(256), why = WHY_INIT;
    struct manifest m;

    (void)state;
    crypto_init();
    now = (int64_t)(clock_unix_ns() / 1000000000);
    assert_non_null(mkdtemp(dir));
    buf_addf(&name, "simulator:%s", dir);
    assert_ok(quote_source_open(buf_z(&name), &source, &why), why);
    m = (struct manifest){.network = STR("sandbox-test"),
                          .not_before = (uint64_t)now - 60,
                          .not_after = (uint64_t)now + 3600};
    assert_ok(epoch_begin(source, &m, NULL, &epoch, &why), why);
    collateral = BUF_INIT(COLLATERAL_MAX);
    assert_ok(quote_source_collateral(source, now, &collateral, &why), why);
    for (size_t i = 0; i < N; i++) {
        struct statement s = execution(100 + i);

        assert_ok(epoch_sign(epoch, &s, NULL, NULL, &made[i], &why), why);
    }
    buf_release(&name);
    buf_release(&why);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++)
        signed_statement_release(&made[i]);
    epoch_end(epoch);
    quote_source_close(source);
    buf_release(&collateral);
    arena_release(&arena);
    return dir_remove(dir, NULL) != ERR_OK;
}

static struct db *fresh(void)
{
    static unsigned files;
    char room[128];
    struct buf why = WHY_INIT, path = BUF_OVER(room);
    struct db *d = NULL;

    buf_addf(&path, "%s/%u.db", dir, files++);
    assert_ok(db_open(&(struct db_opts){.path = room, .durable = DB_NORMAL}, &d, &why), why);
    assert_ok(schema_migrate(d, &why), why);
    buf_release(&why);
    return d;
}

static struct epoch_row row(void)
{
    const struct evidence *ev = epoch_evidence(epoch);

    return (struct epoch_row){.session = epoch_session(epoch),
                              .worker = STR("worker-1"),
                              .manifest = epoch_manifest(epoch),
                              .quote = buf_str(&ev->quote),
                              .event_log = buf_str(&ev->event_log),
                              .simulated = true,
                              .received_ms = (uint64_t)now * 1000};
}

static struct statement_row brought(size_t i)
{
    return (struct statement_row){.session = epoch_session(epoch),
                                  .job_id = i + 1,
                                  .bytes = buf_str(&made[i].bytes),
                                  .sig = made[i].sig,
                                  .created_s = now,
                                  .attached_usd = STR("0"),
                                  .delivered = STR("\"x\"")};
}

static struct db *with_statements(void)
{
    struct buf why = WHY_INIT;
    struct epoch_row e = row();
    struct db *d = fresh();
    uint64_t next;

    assert_ok(collateral_store(d, buf_str(&collateral), STR("SIMULATED"), 1, &e.collateral, &why),
              why);
    e.has_collateral = true;
    assert_ok(epoch_put(d, &e, &why), why);
    for (size_t i = 0; i < N; i++) {
        struct statement_row s = brought(i);

        assert_ok(statement_store(d, &s, 1, &next, &why), why);
        assert_int_equal(next, i + 1);
    }
    buf_release(&why);
    return d;
}

/* A session is what its quote says, and stays it. */
static void test_epochs(void **state)
{
    struct buf why = WHY_INIT;
    struct epoch_row e = row(), other;
    struct db *d = fresh();

    (void)state;
    e.session.b[0] ^= 1;
    assert_int_equal(epoch_put(d, &e, &why), ERR_FORMAT);
    e = row();
    e.quote = STR("no quote");
    assert_int_equal(epoch_put(d, &e, &why), ERR_FORMAT);
    e = row();
    assert_ok(epoch_put(d, &e, &why), why);
    assert_ok(epoch_put(d, &e, &why), why);
    assert_ok(epoch_get(d, &e.session, &arena, &other, &why), why);
    assert_true(str_eq(other.manifest, e.manifest));
    e.session.b[0] ^= 1;
    assert_int_equal(epoch_get(d, &e.session, &arena, &other, &why), ERR_ABSENT);
    db_close(d);
    buf_release(&why);
}

/* A gap, a change, a stranger's signature, another session: none gets in. */
static void test_order(void **state)
{
    struct buf why = WHY_INIT, changed = BUF_INIT(STATEMENT_MAX);
    struct statement_row s = brought(1);
    struct epoch_row e = row();
    struct db *d = fresh();
    uint64_t next = 9;

    (void)state;
    s = brought(0);
    assert_int_equal(statement_store(d, &s, 1, &next, &why), ERR_ABSENT); /* no session */
    assert_ok(epoch_put(d, &e, &why), why);
    s = brought(1);
    assert_int_equal(statement_store(d, &s, 1, &next, &why), ERR_CONFLICT); /* a gap */
    assert_int_equal(next, 0);
    s = brought(0);
    s.sig = made[1].sig;
    assert_int_equal(statement_store(d, &s, 1, &next, &why), ERR_DENIED);
    s = brought(0);
    buf_add_str(&changed, s.bytes);
    changed.ptr[changed.len - 1] ^= 1;
    s.bytes = buf_str(&changed);
    assert_int_equal(statement_store(d, &s, 1, &next, &why), ERR_DENIED);
    s = brought(0);
    assert_ok(statement_store(d, &s, 1, &next, &why), why);
    assert_ok(statement_store(d, &s, 1, &next, &why), why); /* the same again */
    assert_int_equal(next, 1);
    s = brought(2);
    assert_int_equal(statement_store(d, &s, 1, &next, &why), ERR_CONFLICT);
    assert_int_equal(next, 1);
    s = brought(1);
    s.session.b[5] ^= 1;
    assert_int_equal(statement_store(d, &s, 1, &next, &why), ERR_FORMAT);
    db_close(d);
    buf_release(&changed);
    buf_release(&why);
}

static struct batch_row batch(size_t i, bool closed)
{
    return (struct batch_row){.head = made[i].head,
                              .head_bytes = signed_statement_head(&made[i]),
                              .sig = made[i].head_sig,
                              .closed = closed};
}

/* Only over statements that are here, and as they are; it grows and never shrinks. */
static void test_batches(void **state)
{
    struct batch_row b = batch(3, false), got;
    struct hash256 session = epoch_session(epoch);
    struct buf why = WHY_INIT;
    struct db *d = with_statements(), *empty = fresh();
    struct epoch_row e = row();

    (void)state;
    assert_int_equal(batch_put(empty, &b, &why), ERR_ABSENT);
    assert_ok(epoch_put(empty, &e, &why), why);
    assert_int_equal(batch_put(empty, &b, &why), ERR_ABSENT);
    b.sig = made[2].head_sig;
    assert_int_equal(batch_put(d, &b, &why), ERR_DENIED);
    b = batch(3, false);
    assert_ok(batch_put(d, &b, &why), why);
    assert_int_equal(batch_of(d, &session, 4, &arena, &got, &why), ERR_ABSENT);
    b = batch(4, true);
    b.anchor_tx = STR("tx");
    b.anchor_height = 77;
    assert_ok(batch_put(d, &b, &why), why);
    b = batch(1, false);
    assert_ok(batch_put(d, &b, &why), why);
    assert_ok(batch_of(d, &session, 4, &arena, &got, &why), why);
    assert_int_equal(got.head.count, N);
    assert_true(got.closed);
    assert_true(str_eqz(got.anchor_tx, "tx"));
    db_close(d);
    db_close(empty);
    buf_release(&why);
}

/* What comes out can be checked by whoever gets it. */
static void test_bundle(void **state)
{
    struct buf why = WHY_INIT, text = BUF_INIT(BUNDLE_MAX), root_der = BUF_INIT(8192),
               path = BUF_INIT(256);
    struct batch_row anchor = batch(N - 1, true);
    struct bundle_report *report = arena_new(&arena, struct bundle_report);
    struct attest_root root;
    struct statement_row s;
    struct bundle_expect x = {.crypto = &attest_crypto_native,
                              .has_time = true,
                              .at = now,
                              .has_request = true,
                              .request_id = 102,
                              .wasm = STR("code"),
                              .input = STR(""),
                              .delivered = STR(""),
                              .has_root = true,
                              .batch_root = made[N - 1].head.root};
    struct bundle b;
    struct db *d = with_statements();

    (void)state;
    buf_addf(&path, "%s/root.der", dir);
    assert_ok(file_read(buf_z(&path), &root_der, &why), why);
    root = (struct attest_root){.der = buf_str(&root_der), .simulated = true};
    x.root = &root;
    assert_ok(batch_put(d, &anchor, &why), why);
    assert_ok(statement_of_job(d, 3, NULL, &arena, &s, &why), why);
    assert_ok(bundle_write(d, &s, true, &arena, &text, &why), why);
    assert_ok(bundle_read(buf_str(&text), &arena, &b, &why), why);
    assert_true(b.simulated);
    bundle_verify(&b, &x, &arena, report);
    assert_int_equal(report->layer[BUNDLE_QUOTE].outcome, ATTEST_PASS);
    assert_int_equal(report->layer[BUNDLE_SIGNATURE].outcome, ATTEST_PASS);
    assert_int_equal(report->layer[BUNDLE_REQUEST].outcome, ATTEST_PASS);
    assert_int_equal(report->layer[BUNDLE_ORDER].outcome, ATTEST_PASS);
    buf_clear(&text);
    assert_ok(record_write(d, &s, STR_NONE, &arena, &text, &why), why);
    assert_true(str_find(buf_str(&text), STR("\"task_id\":3")) < text.len);
    assert_int_equal(statement_of_job(d, 99, NULL, &arena, &s, &why), ERR_ABSENT);
    db_close(d);
    buf_release(&text);
    buf_release(&root_der);
    buf_release(&path);
    buf_release(&why);
}

/* The collateral of the time that is asked for, else the nearest. */
static void test_collateral(void **state)
{
    struct buf later = BUF_INIT(COLLATERAL_MAX), why = WHY_INIT;
    struct hash256 first, second;
    struct collateral_row got;
    struct db *d = fresh();

    (void)state;
    assert_ok(quote_source_collateral(source, now + 40 * 86400, &later, &why), why);
    assert_ok(collateral_store(d, buf_str(&collateral), STR("a"), 1, &first, &why), why);
    assert_ok(collateral_store(d, buf_str(&later), STR("b"), 2, &second, &why), why);
    assert_int_equal(collateral_store(d, STR("{}"), STR("c"), 3, &second, &why), ERR_FORMAT);
    assert_ok(collateral_for(d, STR_NONE, now, &arena, &got, &why), why);
    assert_true(hash_eq(&got.sha256, &first));
    assert_true(got.from <= now && now < got.until);
    assert_ok(collateral_for(d, STR_NONE, now + 41 * 86400, &arena, &got, &why), why);
    assert_true(hash_eq(&got.sha256, &second));
    assert_int_equal(collateral_for(d, STR("ffffffffffff"), now, &arena, &got, &why), ERR_ABSENT);
    db_close(d);
    buf_release(&later);
    buf_release(&why);
}

static uint64_t page(struct db *d, const struct executions_filter *f, size_t rows)
{
    struct buf out = BUF_INIT(65536), why = WHY_INIT;
    struct json doc;
    uint64_t next = 0;

    assert_ok(executions_write(d, f, &out, &why), why);
    assert_true(json_parse(buf_str(&out), &doc, NULL));
    assert_int_equal(json_count(json_get(doc, "executions")), rows);
    if (!json_is_null(json_get(doc, "next")))
        assert_true(json_u64(json_get(doc, "next"), &next));
    buf_release(&out);
    buf_release(&why);
    return next;
}

/* Looking for a state that hardly any execution has ends after some, and goes on from there. */
static void test_rare_states(void **state)
{
    struct executions_filter f = {.status = STR("failed"), .limit = 10};
    struct buf why = WHY_INIT;
    struct db *d = fresh();

    (void)state;
    assert_ok(
        db_exec(d,
                "INSERT INTO request (id, request_id, data_id, created_ms, block_height, "
                "block_timestamp_ns, deadline_height, gas_burnt, request_data, sender_id, payment) "
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000) "
                "SELECT i, i, CAST(i AS BLOB), 1, 1, 1, 1, 1, '{}', 'alice.test', zeroblob(16) "
                "FROM n",
                &why),
        why);
    assert_ok(db_exec(d,
                      "INSERT INTO job (id, state, token, attempts, not_before_ms, "
                      "lease_until_ms) SELECT id, 2, 1, 1, 0, 0 FROM request",
                      &why),
              why);
    assert_ok(db_exec(d,
                      "INSERT INTO result (id, status, success, by_worker, done_ms) SELECT id, "
                      "CASE id WHEN 7 THEN 'custom' ELSE 'completed' END, id <> 7, 1, 1 "
                      "FROM job",
                      &why),
              why);
    for (unsigned i = 0; i < 2; i++) {
        f.account = i ? STR("alice.test") : STR_NONE;
        f.before = 0;
        f.before = page(d, &f, 0);
        assert_int_equal(f.before, 25001);
        f.before = page(d, &f, 0);
        assert_int_equal(f.before, 5001);
        assert_int_equal(page(d, &f, 1), 0);
    }
    f = (struct executions_filter){.account = STR("alice.test"), .limit = 10};
    assert_int_equal(page(d, &f, 10), 44991);
    db_close(d);
    buf_release(&why);
}

/* Anybody may have quotes made over nonces of his own: they do not pile up. */
static void test_quotes(void **state)
{
    struct buf why = WHY_INIT;
    struct db *d = with_statements();
    const struct hash256 digest = made[0].digest;
    const uint64_t then = (uint64_t)now * 1000, later = then + QUOTE_KEPT_MS + 1;
    struct str got;

    (void)state;
    assert_ok(quote_store(d, &digest, STR(""), STR("record"), then, &why), why);
    assert_ok(quote_store(d, &digest, STR("one"), STR("1"), then, &why), why);
    assert_ok(quote_store(d, &digest, STR("two"), STR("2"), later - 2, &why), why);
    assert_ok(quote_find(d, &digest, STR("one"), &arena, &got, &why), why);
    assert_ok(quote_store(d, &digest, STR("three"), STR("3"), later, &why), why);
    assert_int_equal(quote_find(d, &digest, STR("one"), &arena, &got, &why), ERR_ABSENT);
    assert_ok(quote_find(d, &digest, STR("two"), &arena, &got, &why), why);
    assert_ok(quote_find(d, &digest, STR("three"), &arena, &got, &why), why);
    assert_ok(quote_find(d, &digest, STR(""), &arena, &got, &why), why);
    assert_true(str_eqz(got, "record"));
    db_close(d);
    buf_release(&why);
}

/* A reader that is behind gets what changed, each once; too far behind it begins anew. */
static void test_feed(void **state)
{
    struct buf out = BUF_INIT(65536), why = WHY_INIT;
    struct db *d = with_statements();
    struct feed f;
    struct feed_news n;
    uint64_t begin;

    (void)state;
    feed_start(&f, 5);
    begin = f.last;
    assert_false(feed_since(&f, begin, &n));
    feed_note(&f, 41);
    assert_true(feed_since(&f, begin, &n));
    assert_true(n.last == begin + 1 && !n.reset && n.n == 1);
    assert_ok(feed_write(&n, d, &out, &why), why);
    assert_true(str_find(buf_str(&out), STR("\"reset\":false")) < out.len);
    buf_clear(&out);
    assert_true(feed_since(&f, 0, &n));
    assert_true(n.reset);
    assert_ok(feed_write(&n, d, &out, &why), why);
    assert_true(str_find(buf_str(&out), STR("\"reset\":true")) < out.len);
    for (unsigned i = 0; i < 70; i++) /* seven, ten times each: once each, the last first */
        feed_note(&f, i % 7);
    assert_true(feed_since(&f, begin + 1, &n));
    assert_true(!n.reset && n.n == 7 && n.request_id[0] == 6 && n.request_id[6] == 0);
    for (unsigned i = 0; i < FEED_ROWS_MAX; i++)
        feed_note(&f, 1000 + i);
    assert_true(feed_since(&f, begin + 71, &n));
    assert_true(!n.reset && n.n == FEED_ROWS_MAX);
    assert_true(feed_since(&f, begin + 1, &n));
    assert_true(n.reset); /* more than one answer has */
    begin = f.last;
    for (unsigned i = 0; i < 3 * FEED_KEPT; i++)
        feed_note(&f, i % 7);
    assert_true(feed_since(&f, begin, &n));
    assert_true(n.reset);
    db_close(d);
    buf_release(&out);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epochs),      cmocka_unit_test(test_order),
        cmocka_unit_test(test_batches),     cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_collateral),  cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_rare_states), cmocka_unit_test(test_feed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
