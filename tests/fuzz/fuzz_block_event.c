/* Documents of the block stream. What is taken from one must be fit for the queue. */
#include "base/mem.h"
#include "codec/json.h"
#include "coordinator/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct event_filter filter = {
    {"outlayer.test", 13}, {"near-outlayer", 13}, {"1.0.0", 5}};

static void check(const struct block_event *e)
{
    struct json request;

    BUG_ON(e->tx_hash.len > 64 || e->receipt_id.len > 64 || e->gas_burnt > INT64_MAX);
    switch (e->kind) {
    case EV_REQUESTED:
        BUG_ON(e->request_id > INT64_MAX);
        BUG_ON(!json_parse(e->request_data, &request, NULL));
        BUG_ON(json_type(request) != JSON_OBJECT);
        BUG_ON(!str_is_utf8(e->request_data) || !str_is_utf8(e->sender_id));
        break;
    case EV_COMPLETED:
        BUG_ON(e->request_id > INT64_MAX);
        break;
    case EV_UNUSABLE:
        BUG_ON(!e->reason.len);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct block_events b;

    if (block_read(str_from(data, size), &filter, &a, &b, NULL) == ERR_OK) {
        BUG_ON(b.n > BLOCK_EVENTS_MAX || b.n > size);
        BUG_ON(b.head.height > INT64_MAX || !b.head.hash.len);
        for (size_t i = 0; i < b.n; i++)
            check(&b.list[i]);
    }
    arena_release(&a);
    return 0;
}
