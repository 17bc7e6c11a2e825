/*
 * What a worker has signed, on disk: kept with its answer or not at all, told once, whole after a
 * crash.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "worker/ledger.h"

static char dir[] = "/tmp/outlayer-ledger-XXXXXX";
static struct quote_source *source;
static struct arena arena;
static char path[128];

static int set_up(void **state)
{
    struct buf name = BUF_INIT(256), why = WHY_INIT;

    (void)state;
    crypto_init();
    assert_non_null(mkdtemp(dir));
    buf_addf(&name, "simulator:%s", dir);
    assert_ok(quote_source_open(buf_z(&name), &source, &why), why);
    buf_release(&name);
    buf_release(&why);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    quote_source_close(source);
    arena_release(&arena);
    return dir_remove(dir, NULL) != ERR_OK;
}

static struct outbox *opened(void)
{
    struct buf why = WHY_INIT;
    struct outbox *o;

    assert_ok(outbox_open(path, &o, &why), why);
    assert_ok(ledger_open(o, &why), why);
    buf_release(&why);
    return o;
}

/* A file of its own for each test. */
static struct outbox *fresh(void)
{
    static unsigned n;
    struct buf b = BUF_OVER(path);

    buf_addf(&b, "%s/%u.db", dir, n++);
    return opened();
}

static struct epoch *begin(struct outbox *o, bool registered)
{
    struct buf why = WHY_INIT;
    uint64_t now = clock_unix_ns() / 1000000000;
    struct manifest m = {
        .network = STR("sandbox-test"), .not_before = now, .not_after = now + 3600};
    struct ledger_epoch row = {.simulated = true, .registered = registered, .begun_ms = now * 1000};
    struct epoch *e;

    assert_ok(epoch_begin(source, &m, NULL, &e, &why), why);
    row.session = epoch_session(e);
    row.manifest = epoch_manifest(e);
    row.quote = buf_str(&epoch_evidence(e)->quote);
    assert_ok(ledger_begin(o, &row, &why), why);
    buf_release(&why);
    return e;
}

struct keeping {
    struct outbox *outbox;
    struct parcel *parcel;
    struct ledger_entry entry;
};

static enum err keep(void *ctx, const struct signed_statement *s, struct buf *why)
{
    struct keeping *k = ctx;

    k->entry.signed_one = s;
    return outbox_put(k->outbox, k->parcel, ledger_write, &k->entry, why);
}

static enum err sign(struct outbox *o, struct epoch *e, uint64_t request, struct hash256 *digest)
{
    struct buf why = WHY_INIT;
    struct ledger_extra extra = {.job_id = request, .created_s = 5, .attached_usd = STR("0")};
    struct parcel p = {.contract_id = STR("outlayer.test"),
                       .request_id = request,
                       .method = STR("resolve_execution"),
                       .args = STR("{}"),
                       .report = STR("")};
    struct keeping k = {.outbox = o, .parcel = &p, .entry = {.extra = &extra}};
    struct signed_statement one;
    struct statement s;
    enum err err;

    memset(&s, 0, sizeof s);
    s.kind = STATEMENT_EXECUTE;
    s.chain.request_id = request;
    s.url = STR("https://example.org/a.wasm");
    s.source = CODE_URL;
    err = epoch_sign(e, &s, keep, &k, &one, &why);
    if (!err) {
        *digest = one.digest;
        signed_statement_release(&one);
    }
    buf_release(&why);
    return err;
}

/* An answer that cannot be kept takes its statement with it: no number is lost. */
static void test_together(void **state)
{
    struct outbox *o = fresh();
    struct epoch *e = begin(o, false);
    struct buf why = WHY_INIT;
    struct ledger_statement list[8];
    struct hash256 d;
    size_t n;

    (void)state;
    assert_int_equal(sign(o, e, 1, &d), ERR_OK);
    assert_int_equal(sign(o, e, 1, &d), ERR_CONFLICT); /* answered before */
    assert_int_equal(sign(o, e, 2, &d), ERR_OK);
    assert_ok(ledger_next_statements(o, 8, &arena, list, &n, &why), why);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].seq, 0);
    assert_int_equal(list[1].seq, 1);
    assert_int_equal(list[1].extra.job_id, 2);
    assert_ok(ledger_find(o, &d, &arena, &list[0], &why), why);
    assert_true(str_eq(list[0].bytes, list[1].bytes));
    d.b[0] ^= 1;
    assert_int_equal(ledger_find(o, &d, &arena, &list[0], &why), ERR_ABSENT);
    epoch_end(e);
    outbox_close(o);
    buf_release(&why);
}

/* What the coordinator has is told once; what it forgot, again. */
static void test_told(void **state)
{
    struct outbox *o = fresh();
    struct epoch *e = begin(o, false);
    struct hash256 session = epoch_session(e), d;
    struct buf why = WHY_INIT;
    struct ledger_statement list[8];
    struct ledger_epoch row;
    struct ledger_batch b;
    size_t n;

    (void)state;
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(sign(o, e, i, &d), ERR_OK);
    assert_ok(ledger_next_epoch(o, &arena, &row, &why), why);
    assert_ok(ledger_told_epoch(o, &session, &why), why);
    assert_int_equal(ledger_next_epoch(o, &arena, &row, &why), ERR_EMPTY);
    assert_ok(ledger_told_statements(o, &session, 3, &why), why);
    assert_ok(ledger_next_statements(o, 8, &arena, list, &n, &why), why);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].seq, 3);
    assert_ok(ledger_told_statements(o, &session, 1, &why), why); /* it lost some */
    assert_ok(ledger_next_statements(o, 2, &arena, list, &n, &why), why);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].seq, 1);
    assert_ok(ledger_told_statements(o, &session, 5, &why), why);
    assert_int_equal(ledger_next_statements(o, 8, &arena, list, &n, &why), ERR_EMPTY);
    /* A batch that grew since, or was closed, is told again. */
    assert_int_equal(ledger_next_batch(o, true, &arena, &b, &why), ERR_EMPTY);
    assert_ok(ledger_next_batch(o, false, &arena, &b, &why), why);
    assert_int_equal(b.count, 5);
    assert_ok(ledger_told_batch(o, &b, &why), why);
    assert_int_equal(ledger_next_batch(o, false, &arena, &b, &why), ERR_EMPTY);
    assert_int_equal(sign(o, e, 5, &d), ERR_OK);
    assert_ok(ledger_next_batch(o, false, &arena, &b, &why), why);
    assert_int_equal(b.count, 6);
    assert_ok(ledger_close(o, &session, 6, &why), why);
    assert_ok(ledger_told_batch(o, &b, &why), why); /* as it was: not closed */
    assert_ok(ledger_next_batch(o, true, &arena, &b, &why), why);
    assert_true(b.closed);
    assert_ok(ledger_untell(o, &session, &why), why);
    assert_ok(ledger_next_epoch(o, &arena, &row, &why), why);
    assert_ok(ledger_next_statements(o, 8, &arena, list, &n, &why), why);
    assert_int_equal(n, 6);
    epoch_end(e);
    outbox_close(o);
    buf_release(&why);
}

/* Killed in the middle of a batch: its head covers all that was signed, and it is anchored. */
static void test_crash(void **state)
{
    struct outbox *o = fresh();
    struct epoch *e = begin(o, true), *second;
    struct hash256 session = epoch_session(e), d, leaf[3], root;
    struct buf why = WHY_INIT;
    struct ledger_batch b;
    struct batch_head h;
    struct ed25519_pub key;
    struct manifest m;

    (void)state;
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(sign(o, e, i, &leaf[i]), ERR_OK);
    assert_int_equal(ledger_unanchored(o, &arena, &b, &why), ERR_EMPTY); /* it may grow */
    assert_ok(manifest_read(epoch_manifest(e), &m, &why), why);
    memcpy(key.b, m.statement_key, 32);
    outbox_close(o);
    o = opened();
    assert_ok(ledger_unanchored(o, &arena, &b, &why), why);
    assert_ok(batch_head_read(b.head, &h, &why), why);
    assert_true(ed25519_verify(&key, b.head, &b.sig));
    root = batch_root(leaf, 3);
    assert_true(hash_eq(&root, &h.root) && hash_eq(&session, &h.session));
    /* the next session begins at 0 and does not touch it */
    second = begin(o, false);
    assert_int_equal(sign(o, second, 9, &d), ERR_OK);
    b.anchor_tx = STR("8Kd2");
    b.anchor_height = 7;
    assert_ok(ledger_anchored(o, &b, &why), why);
    assert_int_equal(ledger_unanchored(o, &arena, &b, &why), ERR_EMPTY);
    assert_ok(ledger_next_batch(o, true, &arena, &b, &why), why);
    assert_str(b.anchor_tx, "8Kd2");
    assert_int_equal(b.anchor_height, 7);
    epoch_end(e);
    epoch_end(second);
    outbox_close(o);
    buf_release(&why);
}

/* Sessions go when they are old, told and anchored; the newest and what is needed stays. */
static void test_prune(void **state)
{
    struct outbox *o = fresh();
    struct epoch *e = begin(o, true), *next;
    struct hash256 session = epoch_session(e), d;
    struct buf why = WHY_INIT;
    struct ledger_statement s;
    struct ledger_batch b;
    const uint64_t late = clock_unix_ns() / 1000000 + 2 * LEDGER_KEEP_MS;

    (void)state;
    assert_int_equal(sign(o, e, 1, &d), ERR_OK);
    assert_ok(ledger_close(o, &session, 1, &why), why);
    clock_sleep_ms(1100); /* epochs begin in seconds */
    next = begin(o, false);
    assert_ok(ledger_told_epoch(o, &session, &why), why);
    assert_ok(ledger_told_statements(o, &session, 1, &why), why);
    assert_ok(ledger_next_batch(o, true, &arena, &b, &why), why);
    assert_ok(ledger_told_batch(o, &b, &why), why);
    assert_ok(ledger_prune(o, late, &why), why);
    assert_ok(ledger_find(o, &d, &arena, &s, &why), why); /* not anchored yet */
    b.anchor_tx = STR("8Kd2");
    assert_ok(ledger_anchored(o, &b, &why), why);
    assert_ok(ledger_next_batch(o, true, &arena, &b, &why), why);
    assert_ok(ledger_told_batch(o, &b, &why), why);
    assert_ok(ledger_prune(o, late, &why), why);
    assert_int_equal(ledger_find(o, &d, &arena, &s, &why), ERR_ABSENT);
    epoch_end(e);
    epoch_end(next);
    outbox_close(o);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_prune),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
