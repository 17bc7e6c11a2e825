/* Secrets in the clear: what is taken is printed and taken again; merging keeps the limits. */
#include "secrets/secret_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size), first, second = str_cut(in, '\n', &first);
    struct buf out = BUF_INIT(2 * SECRETS_TEXT_MAX);
    static struct secret_set a, b;

    if (!secret_set_parse(first, &a, NULL)) {
        secret_set_put(&out, &a);
        BUG_ON(secret_set_parse(buf_str(&out), &b, NULL) || a.n != b.n);
        (void)secret_set_check_names(&a, NULL);
        if (!secret_set_parse(second, &b, NULL)) {
            (void)secret_set_merge(&a, &b, size & 1, NULL);
            BUG_ON(a.n > SECRETS_MAX);
        }
        (void)secret_set_strip(&a);
    }
    (void)secret_type_valid(in);
    buf_release(&out);
    return 0;
}
