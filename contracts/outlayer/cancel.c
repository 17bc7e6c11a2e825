/*
 * cancel.c — ending requests without an answer: everything goes back.
 *
 * Each cancelled request logs its event, and the logs of one call are limited: the bulk calls stop
 * in time and give the number they cancelled, so that they can be called again.
 */
#include "outlayer/outlayer.h"

/* Bytes of logs a call may still begin an event with; no event of a cancel is longer than this. */
#define EVENT_ROOM 5000u

/* The row must be gone already. Gives the bytes it logged. */
static size_t request_cancel(struct config *c, const struct request *q, const char *error)
{
    struct completion e = {.q = q, .error = str_of(error), .refunded = q->payment};
    request_ended(c, q->id);
    usd_return(q);
    pay(q->payer, q->payment);
    return event_completed(c, &e);
}

NEAR_CALL(cancel_stale_execution)
{
    struct request q;
    uint64_t id = arg_u64(args, "request_id");
    struct str who = near_predecessor();

    REQUIRE(request_take(id, &q), "Execution request not found");
    REQUIRE(str_eq(who, q.predecessor), "Only the sender can cancel this execution");
    REQUIRE(near_timestamp() > q.timestamp + STALE_SECONDS * UINT64_C(1000000000),
            "Execution is not yet stale, please wait");
    struct config c;
    config_load(&c);
    request_cancel(&c, &q, "cancelled: by its sender");
    config_store(&c);
}

NEAR_CALL(emergency_cancel_execution)
{
    struct request q;
    uint64_t id = arg_u64(args, "request_id");
    struct config c;
    config_for_owner(&c);

    REQUIRE(request_take(id, &q), "Execution request not found");
    request_cancel(&c, &q, "cancelled: by the owner of the contract");
    config_store(&c);
}

NEAR_CALL(cancel_pending_requests)
{
    struct json ids = arg_array(args, "request_ids");
    struct config c;
    struct json_iter it = json_iter(ids);
    uint64_t id, count = 0;
    size_t logged = 0;

    config_for_owner(&c);
    while (logged < NEAR_LOG_MAX - EVENT_ROOM && json_next(&it)) {
        struct request q;
        if (!json_u64(it.value, &id))
            near_bad_args("not a u64 in", "request_ids");
        if (!request_take(id, &q))
            continue;
        logged += request_cancel(&c, &q, "cancelled: by the owner of the contract");
        count++;
    }
    config_store(&c);
    near_return_u64(count);
}

NEAR_CALL(clear_all_pending_requests)
{
    uint64_t limit = PAGE_DEFAULT, count = 0;
    arg_opt_u64(args, "limit", &limit);
    struct config c;
    size_t logged = 0;

    config_for_owner(&c);
    for (uint64_t id = c.oldest;
         id < c.next_request && count < limit && logged < NEAR_LOG_MAX - EVENT_ROOM; id++) {
        struct request q;
        if (!request_take(id, &q))
            continue;
        logged += request_cancel(&c, &q, "cancelled: by the owner of the contract");
        count++;
    }
    config_store(&c);
    near_return_u64(count);
}
