/*
 * An epoch on a simulated machine, its statements and batch, bundles that verify, and every lie
 * that a hostile coordinator or worker could put into one.
 */
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

#include "attest/bundle.h"
#include "attest/epoch.h"
#include "attest/sim.h"
#include "base/clock.h"
#include "base/file.h"
#include "codec/hex.h"

#define STATEMENTS 7
#define WASM       "the code"
#define INPUT      "{\"min\":1}"
#define OUTPUT     "{\"n\":7}"

static struct arena arena;
static char dir[] = "/tmp/outlayer-bundle-XXXXXX";
static struct quote_source *source;
static struct epoch *epoch;
static struct signed_statement made[STATEMENTS];
static struct hash256 leaf[STATEMENTS];
static struct buf collateral, root_der;
static struct attest_root root;
static struct approved approved;
static struct approved_list approved_list = {.entry = &approved, .n = 1};
static int64_t now;

static struct statement execution(uint64_t request)
{
    struct statement s;

    memset(&s, 0, sizeof s);
    s.kind = STATEMENT_EXECUTE;
    s.origin = ORIGIN_CHAIN;
    s.chain.request_id = request;
    s.caller = STR("alice.test");
    s.source = CODE_URL;
    s.url = STR("https://example.org/a.wasm");
    s.build_target = STR("wasm32-wasip1");
    s.wasm_sha256 = sha256(STR(WASM));
    s.input_sha256 = sha256(STR(INPUT));
    s.stdout_sha256 = sha256(STR(OUTPUT));
    s.delivered_sha256 = sha256(STR(OUTPUT));
    s.started_ms = (uint64_t)now * 1000;
    s.finished_ms = s.started_ms + 12;
    return s;
}

static struct manifest plan(void)
{
    return (struct manifest){.network = STR("sandbox-simulated"),
                             .register_contract = STR("register.test"),
                             .outlayer_contract = STR("outlayer.test"),
                             .not_before = (uint64_t)now - 60,
                             .not_after = (uint64_t)now + 6 * 3600,
                             .software = STR("test")};
}

static int set_up(void **state)
{
    struct buf name = BUF_INIT(256), why = WHY_INIT;
    struct manifest m;
    struct quote q;

    (void)state;
    crypto_init();
    now = (int64_t)(clock_unix_ns() / 1000000000);
    assert_non_null(mkdtemp(dir));
    buf_addf(&name, "simulator:%s", dir);
    assert_ok(quote_source_open(buf_z(&name), &source, &why), why);
    m = plan();
    assert_ok(epoch_begin(source, &m, NULL, &epoch, &why), why);
    collateral = BUF_INIT(SIM_COLLATERAL_MAX);
    assert_ok(quote_source_collateral(source, now, &collateral, &why), why);
    root_der = BUF_INIT(8192);
    buf_clear(&name);
    buf_addf(&name, "%s/root.der", dir);
    assert_ok(file_read(buf_z(&name), &root_der, &why), why);
    root = (struct attest_root){.der = buf_str(&root_der), .simulated = true};
    for (size_t i = 0; i < STATEMENTS; i++) {
        struct statement s = execution(100 + i);

        if (i == 3) { /* failures have statements too */
            s.status = STATEMENT_TRAP;
            s.stdout_sha256 = sha256(STR(""));
        }
        assert_ok(epoch_sign(epoch, &s, NULL, NULL, &made[i], &why), why);
        assert_int_equal(made[i].seq, i);
        leaf[i] = made[i].digest;
    }
    assert_int_equal(quote_read(buf_str(&epoch_evidence(epoch)->quote), &q), ATTEST_OK);
    memcpy(approved.tuple.mr_td, q.td.mr_td.ptr, 48);
    for (size_t i = 0; i < 4; i++)
        memcpy(approved.tuple.rtmr[i], q.td.rtmr[i].ptr, 48);
    approved.tuple.pins_rtmr3 = true;
    buf_release(&name);
    buf_release(&why);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATEMENTS; i++)
        signed_statement_release(&made[i]);
    epoch_end(epoch);
    quote_source_close(source);
    buf_release(&collateral);
    buf_release(&root_der);
    arena_release(&arena);
    return dir_remove(dir, NULL) != ERR_OK;
}

static struct bundle whole(size_t i)
{
    const struct evidence *ev = epoch_evidence(epoch);
    struct bundle b = {
        .simulated = true,
        .statement = buf_str(&made[i].bytes),
        .sig = made[i].sig,
        .manifest = epoch_manifest(epoch),
        .quote = buf_str(&ev->quote),
        .event_log = buf_str(&ev->event_log),
        .collateral = buf_str(&collateral),
        .has_anchor = true,
        .head = signed_statement_head(&made[STATEMENTS - 1]),
        .head_sig = made[STATEMENTS - 1].head_sig,
        .wasm = STR(WASM),
        .input = STR(INPUT),
        .stdout_bytes = STR(OUTPUT),
        .delivered = STR(OUTPUT),
    };

    b.steps = batch_path(leaf, STATEMENTS, i, b.path);
    return b;
}

static struct bundle_expect knowing(size_t i)
{
    return (struct bundle_expect){
        .root = &root,
        .crypto = &attest_crypto_native,
        .has_time = true,
        .at = now,
        .approved = &approved_list,
        .has_request = true,
        .request_id = 100 + i,
        .caller = STR("alice.test"),
        .has_root = true,
        .batch_root = made[STATEMENTS - 1].head.root,
        .network = STR("sandbox-simulated"),
    };
}

static struct bundle_report report;

/* Through JSON and back, then judged. */
static void judge(const struct bundle *b, const struct bundle_expect *x)
{
    struct buf text = BUF_INIT(BUNDLE_MAX), why = WHY_INIT;
    struct bundle back;

    bundle_put(&text, b);
    assert_ok(bundle_read(buf_str(&text), &arena, &back, &why), why);
    bundle_verify(&back, x, &arena, &report);
    buf_release(&text);
    buf_release(&why);
}

static void assert_layer(enum bundle_layer l, enum attest_outcome want)
{
    if (report.layer[l].outcome != want)
        fail_msg("%s is %s (%s), want %s", bundle_layer_name(l),
                 attest_outcome_name(report.layer[l].outcome), report.layer[l].reason,
                 attest_outcome_name(want));
}

static void assert_all_pass(void)
{
    for (enum bundle_layer l = 0; l < BUNDLE_LAYER_COUNT; l++)
        assert_layer(l, ATTEST_PASS);
    assert_int_equal(report.total, ATTEST_PASS);
    assert_true(report.simulated);
}

static void test_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATEMENTS; i++) {
        struct bundle b = whole(i);
        struct bundle_expect x = knowing(i);

        if (i == 3)
            b.stdout_bytes = STR("");
        judge(&b, &x);
        assert_all_pass();
    }
}

/* What is not known is unproven, and says so; it is never a pass and never a failure. */
static void test_unproven(void **state)
{
    struct bundle b = whole(0);
    struct bundle_expect x = knowing(0);

    (void)state;
    x.approved = NULL;
    judge(&b, &x);
    assert_layer(BUNDLE_IDENTITY, ATTEST_UNPROVEN);
    assert_int_equal(report.total, ATTEST_UNPROVEN);
    x = knowing(0);
    x.has_time = false;
    judge(&b, &x);
    assert_layer(BUNDLE_TIME, ATTEST_UNPROVEN);
    x = knowing(0);
    x.has_request = false;
    x.caller = STR_NONE;
    judge(&b, &x);
    assert_layer(BUNDLE_REQUEST, ATTEST_UNPROVEN);
    x = knowing(0);
    x.has_root = false;
    judge(&b, &x);
    assert_layer(BUNDLE_ORDER, ATTEST_UNPROVEN);
    x = knowing(0);
    b.has_anchor = false;
    b.wasm = STR_NONE;
    b.collateral = STR_NONE;
    judge(&b, &x);
    assert_layer(BUNDLE_ORDER, ATTEST_UNPROVEN);
    assert_layer(BUNDLE_CODE, ATTEST_UNPROVEN);
    assert_layer(BUNDLE_QUOTE, ATTEST_UNPROVEN);
    assert_layer(BUNDLE_IDENTITY, ATTEST_UNPROVEN);
    assert_int_equal(report.total, ATTEST_UNPROVEN);
    /* what the asker has himself serves as well */
    x.wasm = STR(WASM);
    judge(&b, &x);
    assert_layer(BUNDLE_CODE, ATTEST_PASS);
}

static void expect_fail(const struct bundle *b, const struct bundle_expect *x, enum bundle_layer l)
{
    judge(b, x);
    assert_layer(l, ATTEST_FAIL);
    assert_int_equal(report.total, ATTEST_FAIL);
}

/* A hostile coordinator: results, code, inputs and requests exchanged. */
static void test_changed(void **state)
{
    struct bundle b = whole(0);
    struct bundle_expect x = knowing(0);
    struct buf other = BUF_INIT(STATEMENT_MAX);

    (void)state;
    b.delivered = STR("{\"n\":8}");
    expect_fail(&b, &x, BUNDLE_OUTPUT);
    b = whole(0);
    b.stdout_bytes = STR("something else");
    expect_fail(&b, &x, BUNDLE_OUTPUT);
    b = whole(0);
    b.wasm = STR("other code");
    expect_fail(&b, &x, BUNDLE_CODE);
    b = whole(0);
    b.input = STR("{}");
    expect_fail(&b, &x, BUNDLE_INPUT);
    /* a statement of another request, with its own right signature */
    b = whole(1);
    expect_fail(&b, &x, BUNDLE_REQUEST);
    x = knowing(0);
    x.caller = STR("mallory.test");
    b = whole(0);
    expect_fail(&b, &x, BUNDLE_REQUEST);
    /* a statement changed by one bit, and one under another's signature */
    x = knowing(0);
    buf_add_str(&other, b.statement);
    other.ptr[other.len - 1] ^= 1;
    b.statement = buf_str(&other);
    expect_fail(&b, &x, BUNDLE_SIGNATURE);
    b = whole(0);
    b.sig = made[1].sig;
    expect_fail(&b, &x, BUNDLE_SIGNATURE);
    buf_release(&other);
}

/* A place in the chain that is not its own, a path of another, a root that the chain has not. */
static void test_order(void **state)
{
    struct bundle b = whole(2), other = whole(3);
    struct bundle_expect x = knowing(2);

    (void)state;
    memcpy(b.path, other.path, sizeof b.path);
    b.steps = other.steps;
    expect_fail(&b, &x, BUNDLE_ORDER);
    b = whole(2);
    b.steps--;
    expect_fail(&b, &x, BUNDLE_ORDER);
    b = whole(2);
    b.head_sig = b.sig;
    expect_fail(&b, &x, BUNDLE_ORDER);
    b = whole(2);
    x.batch_root.b[0] ^= 1;
    expect_fail(&b, &x, BUNDLE_ORDER);
    x = knowing(2);
    x.at = now + 24 * 3600; /* long after the epoch */
    judge(&b, &x);
    assert_layer(BUNDLE_TIME, ATTEST_FAIL);
    x.at = now - 3600; /* back-dated */
    judge(&b, &x);
    assert_layer(BUNDLE_TIME, ATTEST_FAIL);
}

/* Another machine, another root, another epoch's keys. */
static void test_machine(void **state)
{
    struct bundle b = whole(0);
    struct bundle_expect x = knowing(0);
    struct approved wrong = approved;
    const struct approved_list others = {.entry = &wrong, .n = 1};
    struct manifest m = plan();
    struct epoch *second;
    struct buf log = BUF_INIT(65536);

    (void)state;
    wrong.tuple.mr_td[0] ^= 1;
    x.approved = &others;
    expect_fail(&b, &x, BUNDLE_IDENTITY);
    x = knowing(0);
    x.root = NULL; /* Intel's: a simulated machine is none */
    expect_fail(&b, &x, BUNDLE_QUOTE);
    x = knowing(0);
    x.network = STR("mainnet");
    expect_fail(&b, &x, BUNDLE_SESSION);
    /* the manifest of another epoch of the same machine: its quote, or its keys */
    x = knowing(0);
    assert_int_equal(epoch_begin(source, &m, NULL, &second, NULL), ERR_OK);
    b.manifest = epoch_manifest(second);
    expect_fail(&b, &x, BUNDLE_SESSION);
    assert_layer(BUNDLE_SIGNATURE, ATTEST_FAIL);
    b.quote = buf_str(&epoch_evidence(second)->quote);
    expect_fail(&b, &x, BUNDLE_SIGNATURE);
    assert_layer(BUNDLE_SESSION, ATTEST_PASS);
    epoch_end(second);
    /* a log that leads elsewhere, and none at all */
    b = whole(0);
    buf_addz(&log, "[]");
    b.event_log = buf_str(&log);
    expect_fail(&b, &x, BUNDLE_EVENT_LOG);
    b.event_log = STR("[{}]");
    expect_fail(&b, &x, BUNDLE_EVENT_LOG);
    b.event_log = STR_NONE;
    judge(&b, &x);
    assert_all_pass();
    buf_release(&log);
}

static void test_certificates(void **state)
{
    static const struct {
        unsigned fault;
        enum attest_outcome want;
    } cases[] = {{SIM_LEAF_REVOKED, ATTEST_FAIL},
                 {SIM_SIGNER_EXPIRED, ATTEST_FAIL},
                 {SIM_CRL_EXPIRED, ATTEST_UNPROVEN},
                 {SIM_DOCUMENTS_OLD, ATTEST_UNPROVEN}};
    struct sim *sim;

    (void)state;
    assert_int_equal(sim_open(dir, &sim, NULL), ERR_OK);
    for (size_t i = 0; i < countof(cases); i++) {
        struct bundle b = whole(0);
        struct bundle_expect x = knowing(0);
        struct buf coll = BUF_INIT(SIM_COLLATERAL_MAX);
        struct sim_spec spec;

        sim_spec_default(&spec, now);
        spec.faults = cases[i].fault;
        sim_collateral(sim, &spec, &coll);
        b.collateral = buf_str(&coll);
        judge(&b, &x);
        assert_layer(BUNDLE_QUOTE, cases[i].want);
        assert_int_not_equal(report.total, ATTEST_PASS);
        buf_release(&coll);
    }
    sim_free(sim);
}

/* No byte of the text can be changed and leave a bundle that passes with other content. */
static void test_bytes(void **state)
{
    struct bundle b = whole(4);
    struct bundle_expect x = knowing(4);
    struct buf text = BUF_INIT(BUNDLE_MAX), report_text = BUF_INIT(65536);
    size_t passed = 0;

    (void)state;
    bundle_put(&text, &b);
    for (size_t i = 0; i < text.len; i += 61) {
        struct arena a = ARENA_INIT;
        struct bundle back;

        text.ptr[i] ^= 1;
        if (bundle_read(buf_str(&text), &a, &back, NULL) == ERR_OK) {
            bundle_verify(&back, &x, &a, &report);
            buf_clear(&report_text);
            bundle_report_put(&report_text, &report);
            assert_false(report_text.full);
            if (report.total == ATTEST_PASS) {
                passed++;
                assert_true(str_eq(back.statement, b.statement));
                assert_true(str_eq(back.manifest, b.manifest));
                assert_true(str_eq(back.collateral, b.collateral));
            }
        }
        text.ptr[i] ^= 1;
        arena_release(&a);
    }
    assert_true(passed < 40); /* the flag, names of members that nothing needs, PEM layout */
    buf_release(&text);
    buf_release(&report_text);
}

static void test_malformed(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"format\":\"outlayer-bundle-2\"}",
                                      "{\"format\":\"outlayer-bundle-1\"}",
                                      "{\"format\":1,\"format\":2}"};
    struct buf why = WHY_INIT;
    struct bundle b;

    (void)state;
    for (size_t i = 0; i < countof(bad); i++)
        assert_int_equal(bundle_read(str_of(bad[i]), &arena, &b, &why), ERR_FORMAT);
    buf_release(&why);
}

/* Register 3 by its events: believed only where the log leads to the measured registers. */
static void test_event_conditions(void **state)
{
    struct buf list = BUF_INIT(8192), why = WHY_INIT, log = BUF_INIT(65536);
    struct bundle b = whole(0);
    struct bundle_expect x = knowing(0);
    struct approved_list read;
    static const struct {
        const char *events;
        enum attest_outcome want;
    } cases[] = {
        {"{\"key-provider\":\"7b226e616d65223a2253494d554c41544544222c226964223a22227d\"}",
         ATTEST_PASS},
        {"{\"instance-id\":\"\",\"system-ready\":\"\"}", ATTEST_PASS},
        {"{\"key-provider\":\"00\"}", ATTEST_FAIL},
        {"{\"os-image-hash\":\"00\"}", ATTEST_FAIL}, /* not in the log */
    };

    (void)state;
    x.approved = &read;
    for (size_t i = 0; i < countof(cases); i++) {
        buf_clear(&list);
        buf_addz(&list, "[{\"mrtd\":\"");
        hex_put(&list, approved.tuple.mr_td, 48);
        for (unsigned r = 0; r < 3; r++) {
            buf_addf(&list, "\",\"rtmr%u\":\"", r);
            hex_put(&list, approved.tuple.rtmr[r], 48);
        }
        buf_addf(&list, "\",\"events\":%s}]", cases[i].events);
        assert_ok(approved_read(buf_str(&list), &arena, &read, &why), why);
        judge(&b, &x);
        assert_layer(BUNDLE_IDENTITY, cases[i].want);
    }
    /* the right events in a log that leads elsewhere */
    buf_clear(&list);
    buf_addz(&list, "[{\"mrtd\":\"");
    hex_put(&list, approved.tuple.mr_td, 48);
    for (unsigned r = 0; r < 3; r++) {
        buf_addf(&list, "\",\"rtmr%u\":\"", r);
        hex_put(&list, approved.tuple.rtmr[r], 48);
    }
    buf_addz(&list, "\",\"events\":{\"system-ready\":\"\"}}]");
    assert_ok(approved_read(buf_str(&list), &arena, &read, &why), why);
    judge(&b, &x);
    assert_layer(BUNDLE_IDENTITY, ATTEST_PASS);
    buf_addz(&log, "[{\"imr\":3,\"event_type\":134217729,\"digest\":\"\","
                   "\"event\":\"system-ready\",\"event_payload\":\"\"}]");
    b.event_log = buf_str(&log);
    judge(&b, &x);
    assert_layer(BUNDLE_IDENTITY, ATTEST_FAIL);
    b.event_log = STR_NONE;
    judge(&b, &x);
    assert_layer(BUNDLE_IDENTITY, ATTEST_FAIL);
    buf_release(&list);
    buf_release(&log);
    buf_release(&why);
}

/* A misspelt or missing condition is no entry. */
static void test_approved_text(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[1]",
        "[{}]",
        "[{\"mrtd\":\"00\"}]",
        "[{\"mrtd\":\"M\",\"rtmr0\":\"M\",\"rtmr1\":\"M\",\"rtmr2\":\"M\"}]",
        "[{\"mrtd\":\"M\",\"rtmr0\":\"M\",\"rtmr1\":\"M\",\"rtmr2\":\"M\",\"rtmr4\":\"M\"}]",
        "[{\"mrtd\":\"M\",\"rtmr0\":\"M\",\"rtmr1\":\"M\",\"rtmr2\":\"M\",\"events\":[]}]",
        "[{\"mrtd\":\"M\",\"rtmr0\":\"M\",\"rtmr1\":\"M\",\"rtmr2\":\"M\",\"rtmr3\":\"M\","
        "\"xfam\":\"e702060000000000\"}]",
    };
    static const char good[] =
        "[{\"mrtd\":\"M\",\"rtmr0\":\"M\",\"rtmr1\":\"M\",\"rtmr2\":\"M\",\"compose_hash\":"
        "\"0000000000000000000000000000000000000000000000000000000000000001\","
        "\"td_attributes\":\"0000001000000000\",\"xfam\":\"e702060000000000\"}]";
    struct buf text = BUF_INIT(8192), why = WHY_INIT;
    struct approved_list read;

    (void)state;
    for (size_t i = 0; i <= countof(bad); i++) {
        buf_clear(&text);
        for (const char *p = i < countof(bad) ? bad[i] : good; *p; p++) {
            if (*p != 'M') {
                buf_add(&text, p, 1);
                continue;
            }
            for (unsigned k = 0; k < 48; k++)
                buf_addz(&text, "ab");
        }
        if (i < countof(bad)) {
            assert_int_equal(approved_read(buf_str(&text), &arena, &read, &why), ERR_FORMAT);
            continue;
        }
        assert_ok(approved_read(buf_str(&text), &arena, &read, &why), why);
        assert_int_equal(read.entry->tuple.td_attributes, TD_SEPT_VE_DISABLE);
        assert_true(read.entry->tuple.pins_config && !read.entry->tuple.pins_rtmr3);
        assert_int_equal(read.entry->tuple.mr_config_id[0], 1);
    }
    buf_release(&text);
    buf_release(&why);
}

static enum err lose(void *ctx, const struct signed_statement *s, struct buf *why)
{
    (void)s;
    ++*(int *)ctx;
    return err_put(why, ERR_DB, "the disk is full");
}

/* Numbers go on after a batch, and what could not be kept was never signed. */
static void test_epoch(void **state)
{
    struct manifest m = plan();
    struct epoch *e;
    struct statement s = execution(1);
    struct signed_statement one, two, three;
    struct hash256 pair[2];
    struct statement read;
    struct buf why = WHY_INIT;
    uint64_t next = 9;
    int lost = 0;

    (void)state;
    assert_ok(epoch_begin(source, &m, NULL, &e, &why), why);
    assert_false(epoch_cut(e, &next));
    assert_int_equal(epoch_sign(e, &s, lose, &lost, &one, &why), ERR_DB);
    assert_int_equal(lost, 1);
    assert_ok(epoch_sign(e, &s, NULL, NULL, &one, &why), why);
    assert_int_equal(one.seq, 0);
    assert_true(hash_eq(&one.head.root, &one.digest)); /* a tree of one */
    assert_true(epoch_cut(e, &next));
    assert_int_equal(next, 1);
    assert_false(epoch_cut(e, &next));
    s = execution(2);
    assert_ok(epoch_sign(e, &s, NULL, NULL, &two, &why), why);
    assert_ok(statement_read(buf_str(&two.bytes), &read, &why), why);
    assert_int_equal(read.seq, 1);
    assert_true(hash_eq(&read.prev, &one.digest));
    assert_int_equal(two.head.first_seq, 1);
    assert_int_equal(epoch_sign(e, &s, lose, &lost, &three, &why), ERR_DB);
    assert_ok(epoch_sign(e, &s, NULL, NULL, &three, &why), why);
    assert_int_equal(three.head.first_seq, 1);
    assert_int_equal(three.head.count, 2);
    pair[0] = two.digest;
    pair[1] = three.digest;
    pair[0] = batch_root(pair, 2);
    assert_true(hash_eq(&pair[0], &three.head.root));
    signed_statement_release(&one);
    signed_statement_release(&two);
    signed_statement_release(&three);
    epoch_end(e);
    m.not_after = m.not_before + MANIFEST_SPAN_MAX + 1;
    assert_int_equal(epoch_begin(source, &m, NULL, &e, &why), ERR_RANGE);
    buf_release(&why);
}

/* A batch that is full is followed by another, without being told. */
static void test_full_batch(void **state)
{
    struct manifest m = plan();
    struct signed_statement one;
    struct buf why = WHY_INIT;
    struct epoch *e;

    (void)state;
    assert_ok(epoch_begin(source, &m, NULL, &e, &why), why);
    for (unsigned i = 0; i <= EPOCH_BATCH_MAX; i++) {
        struct statement s = execution(i);

        assert_ok(epoch_sign(e, &s, NULL, NULL, &one, &why), why);
        assert_int_equal(one.head.first_seq, i < EPOCH_BATCH_MAX ? 0 : EPOCH_BATCH_MAX);
        assert_int_equal(one.head.count, i % EPOCH_BATCH_MAX + 1);
        signed_statement_release(&one);
    }
    epoch_end(e);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pass),
        cmocka_unit_test(test_unproven),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_full_batch),
        cmocka_unit_test(test_event_conditions),
        cmocka_unit_test(test_approved_text),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
