/*
 * caller.c — a contract that asks OutLayer to run a program and keeps what it answered.
 *
 * call_outlayer passes its arguments and the attached deposit on, and waits; on_outlayer_result
 * gets either the program's output or a failed promise.
 */
#include "sdk/near.h"

#define CALL_GAS     (100 * TGAS)
#define CALLBACK_GAS (10 * TGAS)

#define LOGGED_MAX 8192u /* logs of one call have room for 16,384 bytes */

#define KEY_STATE  STR("STATE") /* account id of the OutLayer contract */
#define KEY_COUNT  STR("n")     /* u64: calls so far */
#define TAG_RESULT 'r'          /* u64 → JSON of what came back */

NEAR_CALL(new)
{
    REQUIRE(!near_has(KEY_STATE), "The contract has already been initialized");
    struct str outlayer = arg_account(args, "outlayer_id");
    near_write(KEY_STATE, outlayer);
}

static uint64_t calls(void)
{
    struct str row;
    if (!near_read(KEY_COUNT, &row))
        return 0;
    struct rd r = rd_over(row);
    return rd_u64(&r);
}

/* All arguments go to request_execution as they are; the caller gets the program's value. */
NEAR_PAYABLE(call_outlayer)
{
    struct str outlayer = STR_NONE;
    struct buf count = near_buf();

    REQUIRE(near_read(KEY_STATE, &outlayer), "The contract is not initialized");
    uint64_t id = calls();
    wr_u64(&count, id + 1);
    near_write_buf(KEY_COUNT, &count);

    uint64_t request = promise_batch(outlayer);
    promise_call(request, "request_execution", args.text, near_deposit(), CALL_GAS, 1);

    uint64_t then = promise_then(request, near_current());
    promise_call(then, "on_outlayer_result", TEXT("{\"id\":{}}", near_dec(id)), 0, CALLBACK_GAS, 0);
    promise_return(then);
}

NEAR_CALLBACK(on_outlayer_result)
{
    struct str value;
    struct buf b = near_buf();
    uint64_t id = arg_u64(args, "id");
    bool ok = promise_result(0, &value) && str_is_utf8(value);

    json_obj(&b);
    put_str(&b, "status", ok ? STR("ok") : STR("failed"));
    if (ok)
        put_str(&b, "value", value);
    else
        put_raw(&b, "value", STR_NONE);
    json_obj_end(&b);
    near_write_buf(near_key_u64(TAG_RESULT, id), &b);

    if (!ok) {
        near_log(STR("OutLayer execution failed"));
        near_return_null();
        return;
    }
    LOG("OutLayer result: {}", value.len <= LOGGED_MAX ? value : STR("(long)"));
    near_return(value);
}

static void return_result(uint64_t id)
{
    struct str row;
    if (near_read(near_key_u64(TAG_RESULT, id), &row))
        near_return(row);
    else
        near_return_null();
}

NEAR_VIEW(get_result)
{
    return_result(arg_u64(args, "id"));
}

NEAR_VIEW(get_last_result)
{
    uint64_t n = calls();
    if (n)
        return_result(n - 1);
    else
        near_return_null();
}

NEAR_VIEW(get_call_count)
{
    near_return_u64(calls());
}
