/*
 * fuzz_json.c — any bytes: what parses can be walked, decoded and spelled canonically, and the
 * canonical form parses and is its own spelling.
 */
#include "codec/json_canon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct json v)
{
    struct json_iter it = json_iter(v);
    size_t n = 0;

    while (json_next(&it)) {
        n++;
        if (json_type(it.key) == JSON_STRING) {
            struct buf name = BUF_INIT(1 << 20);

            BUG_ON(!json_str(it.key, &name));
            BUG_ON(!json_str_eq(it.key, buf_str(&name)));
            BUG_ON(name.len != json_str_len(it.key));
            buf_release(&name);
        }
        walk(it.value);
    }
    BUG_ON(n != json_count(v));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf one = BUF_INIT(1 << 24), two = BUF_INIT(1 << 24);
    struct json_fault fault;
    struct json v, w;

    if (!json_parse(str_from(data, size), &v, &fault)) {
        BUG_ON(fault.at > size || !fault.what);
        return 0;
    }
    walk(v);
    if (json_canon(v, &one)) {
        BUG_ON(!json_parse(buf_str(&one), &w, NULL));
        BUG_ON(!json_canon(w, &two) || !str_eq(buf_str(&one), buf_str(&two)));
    }
    buf_release(&one);
    buf_release(&two);
    return 0;
}
