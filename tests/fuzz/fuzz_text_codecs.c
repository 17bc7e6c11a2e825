/* fuzz_text_codecs.c — what decodes from base64, base58 or hex is spelled back the same. */
#include "codec/base58.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf bytes = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
    struct str in = str_from(data, size);
    struct rd r = rd_over(in);
    uint8_t fixed[64];

    if (base64_get(in, &bytes)) {
        base64_put(&text, buf_z(&bytes), bytes.len);
        BUG_ON(!str_eq(buf_str(&text), in));
    }
    for (size_t n = 0; n <= sizeof(fixed); n++)
        if (base58_get(in, fixed, n)) {
            buf_clear(&text);
            base58_put(&text, fixed, n);
            BUG_ON(!str_eq(buf_str(&text), in));
        }
    if (hex_get(in, fixed, 32) && hex_is_lower(in)) {
        buf_clear(&text);
        hex_put(&text, fixed, 32);
        BUG_ON(!str_eq(buf_str(&text), in));
    }
    while (rd_left(&r)) {
        struct str s = rd_text(&r, 1000);

        BUG_ON(!r.bad && !str_is_utf8(s));
    }
    BUG_ON(r.at > size);
    buf_release(&bytes);
    buf_release(&text);
    return 0;
}
