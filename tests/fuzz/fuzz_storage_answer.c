/* A record as a coordinator gives it to a worker. */
#include "worker/storage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct hash256 key = {{0}};
    struct buf bytes = BUF_INIT(STORAGE_VALUE_MAX);
    struct stored r = {0};
    struct json doc;
    bool exists;

    if (json_parse(str_from(data, size), &doc, NULL) &&
        storage_answer_read(doc, &key, &exists, &r, &bytes))
        BUG_ON(r.key.len + r.value.len > bytes.len || (r.is_public && !exists));
    buf_release(&bytes);
    return 0;
}
