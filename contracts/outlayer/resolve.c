/*
 * resolve.c — the operator's answers to requests.
 *
 * Workers hold function-call keys of the operator account that reach only the methods here and the
 * two for payment keys, all without a deposit.
 */
#include "outlayer/outlayer.h"

static void load(uint64_t id, struct request *q)
{
    REQUIRE(request_load(id, q), "Execution request not found");
}

/* What the statement about an answer must be about. */
static void check(const struct config *c, const struct request *q, struct json args, struct json v,
                  const struct answer *a)
{
    struct str delivered = q->output;

    if (!(c->flags & FLAG_STATEMENTS))
        return;
    if (!a->success)
        delivered = arg_str(v, "error");
    else if (!delivered.len && !output_value(a->output, q->format, &delivered))
        near_fail("The output is not of the format");
    statement_check(q, args, delivered, a);
}

static void resume(const struct config *c, const struct request *q, const struct answer *a,
                   struct str payload)
{
    REQUIRE(payload.len <= NEAR_PAYLOAD_MAX,
            "The response is too long: use submit_execution_output_and_resolve");
    REQUIRE(yield_resume(&q->data_id, payload), "Unable to resume execution promise");
    log_charged(charge(c, q, a));
}

NEAR_CALL(resolve_execution)
{
    struct request q;
    struct answer a;
    uint64_t id = arg_u64(args, "request_id");
    struct json response = arg_object(args, "response");
    answer_parse(response, &a);

    struct config c;
    config_for_operator(&c);
    load(id, &q);
    check(&c, &q, args, response, &a);
    resume(&c, &q, &a, response.text);
}

/* Keep an output on the request, in the form the caller will get it. */
static void keep_output(struct request *q, struct json output)
{
    REQUIRE(!q->output.len, "Output already submitted for this request");
    if (!output_value(output, q->format, &q->output))
        PANIC("The output is not of the format {}", format_name(q->format));
    REQUIRE(q->output.len <= OUTPUT_MAX, "too long");
    request_store(q);
}

NEAR_CALL(submit_execution_output)
{
    struct request q;
    uint64_t id = arg_u64(args, "request_id");
    struct json output = arg_object(args, "output");

    struct config c;
    config_for_operator(&c);
    load(id, &q);
    keep_output(&q, output);
}

NEAR_CALL(submit_execution_output_and_resolve)
{
    struct request q;
    struct answer a;
    uint64_t id = arg_u64(args, "request_id");
    answer_parse(args, &a);

    struct config c;
    config_for_operator(&c);
    load(id, &q);
    if (!json_is_null(a.output))
        keep_output(&q, a.output);
    check(&c, &q, args, args, &a);

    /* What is left of the answer fits the payload of a resume. */
    struct buf b = BUF_INIT(NEAR_PAYLOAD_MAX);
    json_obj(&b);
    put_bool(&b, "success", a.success);
    put_null(&b, "output");
    json_key(&b, "error");
    if (a.success)
        json_put_null(&b);
    else
        json_put_str(&b, a.error);
    json_key(&b, "resources_used");
    metrics_put(&b, &a.used);
    put_raw(&b, "compilation_note", json_is_null(a.note) ? STR("null") : a.note.text);
    put_u64(&b, "refund_usd", a.refund_usd);
    json_obj_end(&b);
    REQUIRE(!b.full, "too long");
    resume(&c, &q, &a, buf_str(&b));
}
