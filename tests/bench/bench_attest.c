/*
 * bench_attest — how long evidence takes: verifying a quote, making one on the simulator, the
 * statement of one execution, a bundle. JSON lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/bundle.h"
#include "attest/epoch.h"
#include "base/clock.h"
#include "base/file.h"
#include "worker/ledger.h"

#define ROUNDS     2000
#define KEPT       UINT64_C(5000)
#define STATEMENTS (20 * EPOCH_BATCH_MAX)

static void say(const char *name, double value, const char *unit, const char *detail)
{
    printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"detail\":\"%s\"}\n", name, value,
           unit, detail);
}

static void must(enum err e, const struct buf *why)
{
    if (e) {
        fprintf(stderr, "%s\n", buf_z(why));
        exit(1);
    }
}

static double per_second(uint64_t n, uint64_t from)
{
    return (double)n * 1e6 / (double)(clock_mono_us() - from);
}

static struct buf vector(const char *name, struct buf *why)
{
    struct buf path = BUF_INIT(4096), out = BUF_INIT(COLLATERAL_MAX);

    buf_addf(&path, "%s/%s", VECTORS, name);
    must(file_read(buf_z(&path), &out, why), why);
    buf_release(&path);
    return out;
}

static void bench_verify(struct buf *why)
{
    struct buf quote = vector("quotes/tdx-v4-b0c06f.bin", why),
               text = vector("collateral/b0c06f-tdx-2025-06.json", why);
    struct arena held = ARENA_INIT;
    struct collateral *c = arena_new(&held, struct collateral);
    struct attest_verdict *v = arena_new(&held, struct attest_verdict);
    struct attest_input in = {.quote = buf_str(&quote),
                              .collateral = c,
                              .at = 1751624191,
                              .crypto = &attest_crypto_native};
    uint64_t from;
    clock_t cpu;

    must(collateral_read(buf_str(&text), &held, c, why), why);
    from = clock_mono_us();
    cpu = clock();
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct arena a = ARENA_INIT;

        if (attest_verify(&in, &a, v) != ATTEST_OK)
            exit(1);
        arena_release(&a);
    }
    say("attest.verify_cpu", (double)(clock() - cpu) * 1e3 / CLOCKS_PER_SEC / ROUNDS, "ms",
        "processor time of one verification");
    say("attest.verify", per_second(ROUNDS, from), "1/s", "nine signatures, collateral parsed");
    from = clock_mono_us();
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct arena a = ARENA_INIT;
        struct collateral *fresh = arena_new(&a, struct collateral);

        must(collateral_read(buf_str(&text), &a, fresh, why), why);
        in.collateral = fresh;
        if (attest_verify(&in, &a, v) != ATTEST_OK)
            exit(1);
        arena_release(&a);
    }
    say("attest.verify_text", per_second(ROUNDS, from), "1/s", "and collateral read from JSON");
    arena_release(&held);
    buf_release(&quote);
    buf_release(&text);
}

static struct statement execution(void)
{
    struct statement s;

    memset(&s, 0, sizeof s);
    s.kind = STATEMENT_EXECUTE;
    s.caller = STR("alice.near");
    s.source = CODE_URL;
    s.url = STR("https://example.org/programs/random.wasm");
    s.build_target = STR("wasm32-wasip1");
    return s;
}

static void bench_epoch(struct buf *why)
{
    char dir[] = "/tmp/outlayer-bench-attest-XXXXXX";
    struct buf name = BUF_INIT(256), coll = BUF_INIT(COLLATERAL_MAX), text = BUF_INIT(BUNDLE_MAX);
    int64_t now = (int64_t)(clock_unix_ns() / 1000000000);
    struct manifest m = {.network = STR("sandbox-simulated"),
                         .not_before = (uint64_t)now,
                         .not_after = (uint64_t)now + 3600};
    struct quote_source *source;
    struct epoch *e;
    struct signed_statement last = {0};
    struct hash256 leaf[EPOCH_BATCH_MAX];
    struct bundle b = {.simulated = true};
    uint64_t from;

    if (!mkdtemp(dir))
        exit(1);
    buf_addf(&name, "simulator:%s", dir);
    must(quote_source_open(buf_z(&name), &source, why), why);
    from = clock_mono_us();
    for (unsigned i = 0; i < ROUNDS / 4; i++) {
        uint8_t data[64] = {(uint8_t)i};
        struct evidence ev;

        must(quote_source_get(source, data, &ev, why), why);
        evidence_release(&ev);
    }
    say("attest.quote_simulated", per_second(ROUNDS / 4, from), "1/s", "hardware makes about 25");
    must(epoch_begin(source, &m, NULL, &e, why), why);
    from = clock_mono_us();
    for (unsigned i = 0; i < STATEMENTS; i++) {
        struct statement s = execution();

        signed_statement_release(&last);
        must(epoch_sign(e, &s, NULL, NULL, &last, why), why);
        leaf[i % EPOCH_BATCH_MAX] = last.digest;
    }
    say("attest.statement", (double)(clock_mono_us() - from) / STATEMENTS / 1000, "ms",
        "written, chained, signed, and its batch's head; goal 0.3");
    must(quote_source_collateral(source, now, &coll, why), why);
    b.statement = buf_str(&last.bytes);
    b.sig = last.sig;
    b.manifest = epoch_manifest(e);
    b.quote = buf_str(&epoch_evidence(e)->quote);
    b.event_log = buf_str(&epoch_evidence(e)->event_log);
    b.collateral = buf_str(&coll);
    b.has_anchor = true;
    b.head = signed_statement_head(&last);
    b.head_sig = last.head_sig;
    b.steps = batch_path(leaf, EPOCH_BATCH_MAX, EPOCH_BATCH_MAX - 1, b.path);
    bundle_put(&text, &b);
    say("attest.bundle", (double)text.len / 1024, "KiB", "without payloads");
    say("attest.statement_size", (double)last.bytes.len, "B", "without the signature");
    signed_statement_release(&last);
    epoch_end(e);
    quote_source_close(source);
    must(dir_remove(dir, why), why);
    buf_release(&name);
    buf_release(&coll);
    buf_release(&text);
}

struct keeping {
    struct outbox *outbox;
    struct parcel *parcel;
    struct ledger_entry entry;
};

/* What a worker does for each answer: kept as it is, and with a statement in the same transaction.
 */
static enum err keep(void *ctx, const struct signed_statement *s, struct buf *why)
{
    struct keeping *k = ctx;

    k->entry.signed_one = s;
    return outbox_put(k->outbox, k->parcel, ledger_write, &k->entry, why);
}

static struct parcel parcel(uint64_t i)
{
    return (struct parcel){.contract_id = STR("outlayer.near"),
                           .request_id = i,
                           .job_id = i,
                           .token = 1,
                           .method = STR("resolve_execution"),
                           .args = STR("{\"request_id\":1,\"response\":{\"success\":true}}"),
                           .report = STR("{\"status\":\"completed\",\"success\":true}")};
}

static void bench_kept(struct buf *why)
{
    char dir[] = "/tmp/outlayer-bench-kept-XXXXXX";
    struct buf name = BUF_INIT(256);
    const struct ledger_extra extra = {.job_id = 1, .created_s = 1, .attached_usd = STR("0")};
    int64_t now = (int64_t)(clock_unix_ns() / 1000000000);
    struct manifest m = {.network = STR("sandbox-simulated"),
                         .not_before = (uint64_t)now,
                         .not_after = (uint64_t)now + 3600};
    struct quote_source *source;
    struct outbox *outbox;
    struct epoch *e;
    double plain, attested;
    uint64_t from;

    if (!mkdtemp(dir))
        exit(1);
    buf_addf(&name, "simulator:%s", dir);
    must(quote_source_open(buf_z(&name), &source, why), why);
    must(epoch_begin(source, &m, NULL, &e, why), why);
    buf_clear(&name);
    buf_addf(&name, "%s/outbox.db", dir);
    must(outbox_open(buf_z(&name), &outbox, why), why);
    must(ledger_open(outbox, why), why);
    from = clock_mono_us();
    for (uint64_t i = 0; i < KEPT; i++) {
        struct parcel p = parcel(i);

        must(outbox_put(outbox, &p, NULL, NULL, why), why);
    }
    plain = (double)(clock_mono_us() - from) / KEPT / 1000;
    from = clock_mono_us();
    for (uint64_t i = KEPT; i < 2 * KEPT; i++) {
        struct parcel p = parcel(i);
        struct keeping k = {outbox, &p, {.extra = &extra}};
        struct statement s = execution();
        struct signed_statement one;

        must(epoch_sign(e, &s, keep, &k, &one, why), why);
        signed_statement_release(&one);
    }
    attested = (double)(clock_mono_us() - from) / KEPT / 1000;
    say("attest.answer_kept", plain, "ms", "an answer into the outbox, without a statement");
    say("attest.overhead", attested - plain, "ms",
        "more with its statement signed, chained, batched and kept; goal 0.3");
    outbox_close(outbox);
    epoch_end(e);
    quote_source_close(source);
    must(dir_remove(dir, why), why);
    buf_release(&name);
}

int main(void)
{
    struct buf why = WHY_INIT;

    crypto_init();
    bench_verify(&why);
    bench_epoch(&why);
    bench_kept(&why);
    buf_release(&why);
    return 0;
}
