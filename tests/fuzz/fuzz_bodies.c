/*
 * Bodies of the coordinator's POST requests; the first byte says which. What builds and storage
 * take goes on into their tables and comes out again.
 */
#include "coordinator/bodies.h"
#include "coordinator/results.h"
#include "coordinator/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct db *database(void)
{
    static struct db *d;
    struct buf why = WHY_INIT;

    if (!d) {
        BUG_ON(db_open(&(struct db_opts){.path = NULL}, &d, &why));
        BUG_ON(schema_migrate(d, &why));
    }
    buf_release(&why);
    return d;
}

static void check_id(struct str s)
{
    BUG_ON(!s.len || s.len > JOB_WORKER_MAX || !str_is_utf8(s));
}

static void jobs(struct json body, struct arena *a)
{
    struct lease_ask ask;
    struct step_told told;
    struct json detail;
    struct str reason;
    uint64_t wait;

    if (!lease_body(body, &ask, &wait)) {
        check_id(ask.worker);
        BUG_ON(wait > INT64_MAX || ask.owner_slots > INT64_MAX);
    }
    if (!progress_body(body, &told)) {
        BUG_ON(told.height > INT64_MAX || told.detail.len > DETAIL_MAX);
        BUG_ON(told.detail.ptr && !json_parse(told.detail, &detail, NULL));
    }
    if (!release_body(body, a, &reason))
        BUG_ON(!reason.ptr || !str_is_utf8(reason));
}

static void builds(struct json body, struct arena *a)
{
    struct buf out = BUF_INIT(BUILD_RECORD_MAX + 16384), why = WHY_INIT;
    struct job_build used = {.job_id = 1};
    struct build_row row;
    struct json doc;
    struct str worker;
    uint64_t token, ttl;
    struct db *d = database();

    if (!build_lock_body(body, &worker, &ttl))
        check_id(worker);
    if (build_body(body, a, &token, &used, &row))
        goto out;
    row.worker = STR("worker");
    BUG_ON(db_begin(d, &why));
    BUG_ON(job_build_put(d, &used, &why));
    if (!used.cached) {
        BUG_ON(build_put(d, &row, &why));
        BUG_ON(row.ok != (build_write(d, row.key, &out, &why) == ERR_OK));
        BUG_ON(row.ok && (out.full || !json_parse(buf_str(&out), &doc, NULL)));
    }
    db_rollback(d);
out:
    buf_release(&out);
    buf_release(&why);
}

static void evidence(struct json body, struct arena *a)
{
    struct statement_row *rows;
    struct epoch_row epoch = {.simulated = false};
    struct batch_row batch = {.closed = false};
    struct quote_told quote;
    struct hash256 session;
    struct str text;
    uint64_t wait;
    size_t n;

    if (!epoch_body(body, a, &epoch, &text)) {
        check_id(epoch.worker);
        BUG_ON(epoch.manifest.len > MANIFEST_MAX || epoch.quote.len > QUOTE_MAX);
        BUG_ON(!str_is_utf8(epoch.event_log) || !str_is_utf8(text));
    }
    if (!statements_body(body, a, &session, &rows, &n)) {
        BUG_ON(n > STATEMENTS_AT_ONCE);
        for (size_t i = 0; i < n; i++) {
            BUG_ON(!rows[i].bytes.ptr || rows[i].bytes.len > STATEMENT_MAX);
            BUG_ON(rows[i].created_s < 0 || rows[i].job_id > INT64_MAX);
            BUG_ON(!hash_eq(&rows[i].session, &session));
        }
    }
    if (!batch_body(body, a, &batch))
        BUG_ON(!batch.head.count || batch.anchor_height > INT64_MAX);
    if (!wishes_body(body, &text, &wait))
        check_id(text);
    if (!quote_body(body, a, &quote))
        BUG_ON((quote.nonce.len && quote.nonce.len != 32) || quote.quote.len > QUOTE_MAX);
}

static void storage(struct json body, struct arena *a)
{
    const struct space area = {STR("p0000000000000001"), STR(STORAGE_WORKER)};
    const struct quota quota = {.bytes = STORAGE_BYTES_MAX, .keys = STORAGE_KEYS_MAX};
    struct buf out = BUF_INIT(4u << 20), why = WHY_INIT;
    struct db *d = database();

    if (keys_body(json_get(body, "keys"), &why) != (why.len == 0))
        BUG_ON("words without a fault, or a fault without");
    for (enum when when = WHEN_ALWAYS; when <= WHEN_EQUAL; when++) {
        struct stored now = {.is_public = false};
        bool done = false;
        struct put p;

        buf_clear(&why);
        buf_clear(&out);
        if (put_body(body, when, false, a, &p, &why) == ERR_OK)
            BUG_ON(p.record.is_public); /* what runs of one account keep is never public */
        if (put_body(body, when, true, a, &p, &why))
            continue;
        BUG_ON(db_begin(d, &why));
        if (!records_put(d, &area, &p, &quota, 1, &done, &now, &out, &why) && done) {
            buf_clear(&out);
            BUG_ON(records_get(d, &area, &p.record.key_hash, &now, &out, &why));
            BUG_ON(!str_eq(now.value, p.record.value) || !str_eq(now.key, p.record.key));
            BUG_ON(now.is_public != p.record.is_public);
        }
        db_rollback(d);
    }
    buf_release(&out);
    buf_release(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct json body;

    if (!size || !json_parse(str_skip(str_from(data, size), 1), &body, NULL))
        return 0;
    switch (data[0]) {
    case 'j':
        jobs(body, &a);
        break;
    case 'b':
        builds(body, &a);
        break;
    case 'e':
        evidence(body, &a);
        break;
    default:
        storage(body, &a);
    }
    arena_release(&a);
    return 0;
}
