/* A quote from anybody, judged with nothing and shown. */
#include "attest/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct cert_chain *c = arena_new(&a, struct cert_chain);
    struct buf text = BUF_INIT(256 * 1024);
    struct quote q;
    struct pck p;

    if (quote_read(str_from(data, size), &q) == ATTEST_OK) {
        BUG_ON(q.canonical.len + q.trailing != size);
        BUG_ON(quote_report_data(&q).len != REPORT_DATA_LEN);
        quote_put(&text, &q);
        BUG_ON(text.full);
        if (chain_read(q.chain, &a, c) && c->cert[0].intel.ptr && pck_read(c->cert[0].intel, &p))
            BUG_ON(p.sgx_type > 2);
    }
    buf_release(&text);
    arena_release(&a);
    return 0;
}
