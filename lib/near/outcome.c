#include "near/outcome.h"

#include "codec/base64.h"

bool outcome_read(struct json result, struct outcome *out)
{
    struct outcome o = {.status = OUTCOME_PENDING};
    struct json status = json_get(result, "status");
    struct str hash;

    if (json_type(json_get(result, "final_execution_status")) != JSON_STRING &&
        json_type(status) == JSON_ABSENT)
        return false;
    o.value = json_get(status, "SuccessValue");
    o.failure = json_get(status, "Failure");
    if (json_type(o.failure) != JSON_ABSENT)
        o.status = OUTCOME_FAILED;
    else if (json_type(o.value) == JSON_STRING)
        o.status = OUTCOME_VALUE;
    o.tx_outcome = json_get(result, "transaction_outcome");
    o.receipts = json_get(result, "receipts_outcome");
    if (json_plain(json_get(json_get(result, "transaction"), "hash"), &hash))
        (void)!hash_from_base58(hash, &o.tx_hash);
    *out = o;
    return true;
}

bool outcome_value(const struct outcome *o, struct buf *out)
{
    struct str s;

    return o->status == OUTCOME_VALUE && json_plain(o->value, &s) && base64_get(s, out);
}

void outcome_failure_text(const struct outcome *o, struct buf *out)
{
    struct json kind = json_get(json_get(o->failure, "ActionError"), "kind");
    struct json call = json_get(kind, "FunctionCallError");
    struct json text = json_get(call, "ExecutionError");

    if (json_type(text) == JSON_STRING && json_str(text, out))
        return;
    if (json_type(call) != JSON_ABSENT)
        buf_add_str(out, str_head(call.text, 500));
    else if (json_type(kind) != JSON_ABSENT)
        buf_add_str(out, str_head(kind.text, 500));
    else
        buf_add_str(out, str_head(o->failure.text, 500));
}

struct outcome_logs outcome_logs(const struct outcome *o)
{
    struct outcome_logs it = {.receipts = json_iter(o->receipts)};
    struct json first = json_get(o->tx_outcome, "outcome");

    it.executor_id = json_get(first, "executor_id");
    it.logs = json_iter(json_get(first, "logs"));
    return it;
}

bool outcome_next_log(struct outcome_logs *it)
{
    while (!json_next(&it->logs)) {
        struct json outcome;

        if (!json_next(&it->receipts))
            return false;
        outcome = json_get(it->receipts.value, "outcome");
        it->executor_id = json_get(outcome, "executor_id");
        it->logs = json_iter(json_get(outcome, "logs"));
    }
    it->log = it->logs.value;
    return true;
}
