#include "near/output.h"

#include "codec/base64.h"

static bool put_bytes(struct buf *out, struct json list)
{
    struct buf bytes = BUF_INIT(list.text.len);
    struct json_iter it = json_iter(list);
    bool ok = true;
    uint32_t b;

    while (ok && json_next(&it)) {
        ok = json_u32(it.value, &b) && b <= 255;
        if (ok)
            buf_add_byte(&bytes, (uint8_t)b);
    }
    json_str_open(out);
    base64_put(out, bytes.ptr, bytes.len);
    json_str_close(out);
    buf_release(&bytes);
    return ok;
}

bool output_value_put(struct buf *out, struct json output)
{
    struct json text = json_get(output, "Text"), value = json_get(output, "Json"),
                bytes = json_get(output, "Bytes");

    if (json_type(text) == JSON_STRING)
        json_put_raw(out, text.text);
    else if (json_type(value) != JSON_ABSENT)
        json_put_raw(out, value.text);
    else if (json_type(bytes) == JSON_ARRAY)
        return put_bytes(out, bytes);
    else
        return false;
    return !out->full;
}
