/* What reads as an alpha is written again to the byte. */
#include "secrets/alpha.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size);
    struct buf out = BUF_INIT(ALPHA_MAX);
    struct alpha a;

    if (!alpha_parse(in, &a, NULL))
        BUG_ON(alpha_put(&out, &a, NULL) || !str_eq(buf_str(&out), in));
    buf_release(&out);
    return 0;
}
