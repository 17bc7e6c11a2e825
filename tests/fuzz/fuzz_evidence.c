/* Bundles, records and the binary forms in them, from anybody; the first byte says which. */
#include "attest/bundle.h"
#include "attest/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void whole(struct str text, struct arena *a)
{
    struct bundle_expect x = {.crypto = &attest_crypto_native};
    struct bundle_report *r = arena_new(a, struct bundle_report);
    struct buf out = BUF_INIT(256 * 1024);
    struct bundle b;

    if (bundle_read(text, a, &b, NULL) == ERR_OK) {
        bundle_verify(&b, &x, a, r);
        BUG_ON(r->total == ATTEST_PASS); /* nothing was given to expect */
        bundle_report_put(&out, r);
        BUG_ON(out.full);
    }
    buf_release(&out);
}

static void record(struct str text, struct arena *a)
{
    struct json object;
    struct record r;
    struct str quote;
    uint8_t hash[64];

    if (json_parse(text, &object, NULL) && record_read(object, a, &r, &quote, NULL) == ERR_OK)
        (void)record_report_data(&r, hash, NULL);
}

/* What reads is written back the same. */
static void statement(struct str bytes)
{
    struct buf b = BUF_INIT(STATEMENT_MAX * 4);
    struct statement s;

    if (statement_read(bytes, &s, NULL) == ERR_OK) {
        statement_write(&b, &s);
        BUG_ON(!str_eq(buf_str(&b), bytes));
    }
    buf_release(&b);
}

static void manifest(struct str bytes)
{
    struct buf b = BUF_INIT(MANIFEST_MAX);
    struct manifest m;

    if (manifest_read(bytes, &m, NULL) == ERR_OK) {
        manifest_write(&b, &m);
        BUG_ON(!str_eq(buf_str(&b), bytes));
    }
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct str in = str_skip(str_from(data, size), 1);
    struct approved_list approved;
    struct batch_head head;

    if (!size)
        return 0;
    switch (data[0]) {
    case 's':
        statement(in);
        break;
    case 'm':
        manifest(in);
        break;
    case 'h':
        (void)!batch_head_read(in, &head, NULL);
        break;
    case 'a':
        (void)!approved_read(in, &a, &approved, NULL);
        break;
    case 'r':
        record(in, &a);
        break;
    default:
        whole(str_from(data, size), &a);
    }
    arena_release(&a);
    return 0;
}
