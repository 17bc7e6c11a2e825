/* Requests as the event and as the contract's view write them. */
#include "near/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct request r;
    struct json doc;

    if (json_parse(str_from(data, size), &doc, NULL)) {
        if (request_parse(doc, &a, &r, NULL) == ERR_OK)
            BUG_ON(!r.limits.instructions || !code_source_eq(&r.source, &r.source));
        if (request_parse_stored(doc, &a, &r, NULL) == ERR_OK)
            BUG_ON(!r.has_data_id);
    }
    arena_release(&a);
    return 0;
}
