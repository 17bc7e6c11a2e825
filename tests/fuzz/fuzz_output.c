/* What a worker says that a guest wrote, as the caller's callback gets it: JSON whatever comes. */
#include "near/output.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = BUF_INIT(4 << 20);
    struct json doc, value;

    if (json_parse(str_from(data, size), &doc, NULL) && output_value_put(&out, doc) &&
        !json_parse(buf_str(&out), &value, NULL))
        BUG("the value is no JSON");
    buf_release(&out);
    return 0;
}
