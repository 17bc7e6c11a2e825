/*
 * callback.c — the end of a request: charge, refund, tell, answer the caller.
 *
 * on_execution_response runs when a worker resumed the yield or when the yield timed out after 200
 * blocks. Its state changes must stay whatever the caller gets, so it never panics on an outcome:
 * to give the caller a failed promise it returns a call to fail_execution, which panics alone.
 */
#include "outlayer/outlayer.h"

uint64_t request_yield(struct request *q, uint64_t gas)
{
    struct str id = near_dec(q->id);
    return yield_create("on_execution_response", near_text("{\"request_id\":{}}", &id), gas, 1,
                        &q->data_id);
}

NEAR_PRIVATE(fail_execution)
{
    near_panic(arg_str(args, "error"));
}

/* The caller's promise fails with this text. */
static void return_failure(struct str error)
{
    struct buf text = BUF_INIT(ERROR_MAX + 128), b = near_buf();
    buf_addz(&text, "OutLayer execution failed: ");
    buf_add_str(&text, error);
    json_obj(&b);
    put_str(&b, "error", buf_str(&text));
    json_obj_end(&b);
    uint64_t p = promise_batch(near_current());
    promise_call(p, "fail_execution", buf_str(&b), 0, FAIL_GAS, 0);
    promise_return(p);
}

/* A run may take longer than a yield lives. While the request is inside its own time and there is
 * gas for it, wait on with a fresh yield; the worker resolves by request id and sees no difference.
 */
static bool wait_on(struct request *q)
{
    uint64_t seconds = GRACE_SECONDS;
    if (!q->compile_only)
        seconds += q->limits.seconds;
    if (q->resolved.kind == SOURCE_GITHUB)
        seconds += MAX_COMPILE_SECONDS;
    if (near_timestamp() - q->timestamp >= seconds * UINT64_C(1000000000) ||
        near_gas_left() < REARM_COST + REARM_GAS)
        return false;
    uint64_t yield = request_yield(q, REARM_GAS);
    request_store(q);
    LOG("request {} is still running: waiting on", near_dec(q->id));
    promise_return(yield);
    return true;
}

/* What the request costs its payer. An answer keeps at most what was attached; a failed run keeps
 * all of it, so that failing is no way to use workers for nothing. */
u128 charge(const struct config *c, const struct request *q, const struct answer *a)
{
    if (!a->success)
        return q->payment;
    u128 cost = cost_actual(&c->fees, &a->used);
    return cost < q->payment ? cost : q->payment;
}

static void finish(struct config *c, struct completion *e)
{
    e->refunded = e->q->payment - e->charged;
    c->total_fees = u128_add(c->total_fees, e->charged);
    request_ended(c, e->q->id);
    config_store(c);
    log_charged(e->charged);
    event_completed(c, e);
    pay(e->q->payer, e->refunded);
}

static void end_failed(struct config *c, struct completion *e, struct str error)
{
    e->error = error;
    usd_return(e->q);
    finish(c, e);
    return_failure(error);
}

static void end_answered(struct config *c, struct request *q, struct str payload)
{
    struct json response;
    struct answer a;
    struct str value;

    REQUIRE(json_parse(payload, &response, NULL), "malformed response");
    answer_parse(response, &a);
    struct completion e = {.q = q, .used = a.used, .note = a.note};
    if (a.success && q->output.len) {
        value = q->output;
    } else if (a.success && !output_value(a.output, q->format, &value)) {
        a.success = false;
        a.error = STR("execution_failed: the output is not of the format asked for");
    }
    e.charged = charge(c, q, &a);
    if (!a.success) {
        end_failed(c, &e, a.error);
        return;
    }
    e.success = true;
    usd_settle(q, a.refund_usd);
    c->executions++;
    finish(c, &e);
    near_return(value);
}

NEAR_CALLBACK(on_execution_response)
{
    struct request q;
    struct str payload;
    uint64_t id = arg_u64(args, "request_id");

    if (!request_take(id, &q)) {
        LOG("request {} was cancelled", near_dec(id));
        return_failure(STR("cancelled: the request was cancelled"));
        return;
    }
    if (promise_result(0, &payload)) {
        struct config c;
        config_load(&c);
        end_answered(&c, &q, payload);
        return;
    }
    if (wait_on(&q))
        return;
    struct config c;
    struct completion e = {.q = &q};

    config_load(&c);
    e.charged = c.fees.base < q.payment ? c.fees.base : q.payment;
    end_failed(&c, &e, STR("timeout: no worker answered in time"));
}
