/* Log lines of any contract. */
#include "near/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event ev;

    if (event_parse(str_from(data, size), &ev, NULL) == ERR_OK) {
        (void)event_version_at_least(ev.version, STR("1.0.0"));
        BUG_ON(json_count(ev.data) > size);
    }
    return 0;
}
