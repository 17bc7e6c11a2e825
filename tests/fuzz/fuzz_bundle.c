/* Secrets in the clear: what is taken is printed and taken again; merging keeps the limits. */
#include "secrets/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size), first, second = str_cut(in, '\n', &first);
    struct buf out = BUF_INIT(2 * BUNDLE_TEXT_MAX);
    static struct bundle a, b;

    if (!bundle_parse(first, &a, NULL)) {
        bundle_put(&out, &a);
        BUG_ON(bundle_parse(buf_str(&out), &b, NULL) || a.n != b.n);
        (void)bundle_check_names(&a, NULL);
        if (!bundle_parse(second, &b, NULL)) {
            (void)bundle_merge(&a, &b, size & 1, NULL);
            BUG_ON(a.n > BUNDLE_MAX);
        }
        (void)bundle_strip(&a);
    }
    (void)secret_type_valid(in);
    buf_release(&out);
    return 0;
}
