/* Accessors and names of repositories: both spellings say the same, normal names stay normal. */
#include "secrets/accessor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size);
    struct arena a = ARENA_INIT;
    struct buf one = BUF_INIT(16384), two = BUF_INIT(16384);
    struct accessor x, y;
    struct json v;

    if (json_parse(in, &v, NULL) && !accessor_parse(v, &a, &x, NULL)) {
        accessor_put(&one, &x);
        BUG_ON(!json_parse(buf_str(&one), &v, NULL) || accessor_parse(v, &a, &y, NULL));
        BUG_ON(!accessor_eq(&x, &y));
        buf_clear(&one);
        accessor_put_web(&one, &x);
        BUG_ON(!json_parse(buf_str(&one), &v, NULL) || accessor_parse(v, &a, &y, NULL));
        BUG_ON(!accessor_eq(&x, &y));
        (void)accessor_seed(&x, STR("alice.near"), STR("7"), &two, NULL);
    }
    buf_clear(&one);
    buf_clear(&two);
    if (!repo_name_normalise(in, &one, NULL) && !repo_name_normalise(buf_str(&one), &two, NULL))
        BUG_ON(two.len > one.len);
    buf_release(&one);
    buf_release(&two);
    arena_release(&a);
    return 0;
}
