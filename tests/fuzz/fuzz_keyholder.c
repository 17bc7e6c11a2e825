/* Questions to the keyholder and master files: anything may come, nothing is ever answered in the
 * clear. The first byte is the question. */
#include <string.h>

#include "keyholder/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct keyring ring;
    static struct merged merged;
    struct buf out = BUF_INIT(HOLDER_MSG_MAX);
    struct keyring other;
    struct rd r;

    if (!ring.n) {
        crypto_init();
        BUG_ON(keyring_rotate(&ring, NULL));
    }
    if (size) {
        struct str body = str_skip(str_from(data, size), 1);

        serve_answer(&ring, data[0], body, &out);
        BUG_ON(!out.len || out.full);
        r = rd_over(body);
        (void)merged_read(&r, &merged);
        if (!keyring_read(body, &other, NULL))
            keyring_wipe(&other);
    }
    buf_release(&out);
    return 0;
}
