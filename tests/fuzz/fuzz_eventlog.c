/* Event logs from anybody: JSON when it begins with a bracket, else the binary form. */
#include "attest/eventlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct eventlog log;
    struct str payload, in = str_from(data, size);
    enum err e;

    if (size && data[0] == '[')
        e = eventlog_read_json(in, &a, &log, NULL);
    else
        e = eventlog_read_ccel(in, &a, &log, NULL);
    if (!e) {
        BUG_ON(log.n > EVENTLOG_EVENTS_MAX || log.n > log.records);
        if (eventlog_find(&log, "compose-hash", &payload, NULL) == ERR_OK)
            BUG_ON(payload.len > size);
    }
    arena_release(&a);
    return 0;
}
