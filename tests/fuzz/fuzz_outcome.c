/* A node's answer about a transaction. */
#include "near/outcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = BUF_INIT(1 << 20);
    struct outcome_logs it;
    struct outcome o;
    struct json doc;

    if (json_parse(str_from(data, size), &doc, NULL) && outcome_read(doc, &o)) {
        size_t n = 0;

        (void)!outcome_value(&o, &text);
        buf_clear(&text);
        outcome_failure_text(&o, &text);
        it = outcome_logs(&o);
        while (outcome_next_log(&it))
            n++;
        BUG_ON(n > size);
    }
    buf_release(&text);
    return 0;
}
