/* views.c — looking at requests, settings and counters. */
#include "outlayer/outlayer.h"

static void put_output(struct buf *b, const struct request *q)
{
    if (!q->output.len) {
        json_put_null(b);
        return;
    }
    json_obj(b);
    json_key_str(b, format_name(q->format));
    if (q->format == FORMAT_BYTES && q->output.ptr[0] == '"') {
        bytes_put(b, str_from(q->output.ptr + 1, q->output.len - 2));
    } else {
        json_put_raw(b, q->output);
    }
    json_obj_end(b);
}

NEAR_VIEW(get_request)
{
    struct request q;
    struct buf b = near_buf();

    if (!request_load(arg_u64(args, "request_id"), &q)) {
        near_return_null();
        return;
    }
    json_obj(&b);
    put_u64(&b, "request_id", q.id);
    put_id(&b, "data_id", &q.data_id);
    put_str(&b, "sender_id", q.predecessor);
    put_str(&b, "signer_id", q.signer);
    json_key(&b, "execution_source");
    source_put(&b, &q.source);
    json_key(&b, "resolved_source");
    source_put(&b, &q.resolved);
    json_key(&b, "resource_limits");
    limits_put(&b, &q.limits);
    json_key(&b, "payment");
    json_put_u128(&b, q.payment);
    put_u64(&b, "timestamp", q.timestamp);
    secrets_ref_put(&b, &q);
    put_str(&b, "response_format", format_name(q.format));
    put_str(&b, "input_data", q.input);
    put_str(&b, "payer_account_id", q.payer);
    put_bool(&b, "compile_only", q.compile_only);
    put_bool(&b, "force_rebuild", q.force_rebuild);
    put_bool(&b, "store_on_fastfs", q.store_on_fastfs);
    put_opt_str(&b, "project_uuid", q.project_uuid);
    json_key(&b, "attached_usd");
    json_put_u128(&b, q.attached_usd);
    json_key(&b, "pending_output");
    put_output(&b, &q);
    put_bool(&b, "output_submitted", q.output.len);
    json_obj_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_pending_output)
{
    struct request q;
    struct buf b = near_buf();
    if (!request_load(arg_u64(args, "request_id"), &q)) {
        near_return_null();
        return;
    }
    put_output(&b, &q);
    near_return_buf(&b);
}

NEAR_VIEW(has_pending_output)
{
    struct request q;
    near_return_bool(request_load(arg_u64(args, "request_id"), &q) && q.output.len);
}

void page_parse(struct json args, uint64_t usual, uint64_t most, struct page *p)
{
    *p = (struct page){0, usual};
    arg_opt_u64(args, "from_index", &p->from);
    arg_opt_u64(args, "limit", &p->limit);
    if (p->from > UINT32_MAX)
        p->from = UINT32_MAX;
    if (p->limit > most)
        p->limit = most;
}

NEAR_VIEW(get_pending_request_ids)
{
    struct config c;
    struct page p;
    struct buf b = near_buf();

    config_load(&c);
    page_parse(args, PAGE_DEFAULT, PAGE_MAX, &p);
    json_arr(&b);
    for (uint64_t id = c.oldest, seen = 0; id < c.next_request && seen < p.from + p.limit; id++) {
        if (!near_has(near_key_u64(TAG_REQUEST, id)))
            continue;
        if (seen++ >= p.from)
            json_put_u64(&b, id);
    }
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_stats)
{
    struct config c;
    struct buf b = near_buf();

    config_load(&c);
    json_arr(&b);
    json_put_u64(&b, c.executions);
    json_put_u128_str(&b, c.total_fees);
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_max_limits)
{
    struct buf b = near_buf();
    json_arr(&b);
    json_put_u64(&b, MAX_INSTRUCTIONS);
    json_put_u64(&b, MAX_SECONDS);
    json_put_u64(&b, MAX_COMPILE_SECONDS);
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(is_paused)
{
    struct config c;
    config_load(&c);
    near_return_bool(c.flags & FLAG_PAUSED);
}

NEAR_VIEW(get_config)
{
    struct config c;
    struct buf b = near_buf();

    config_load(&c);
    json_arr(&b);
    json_put_str(&b, c.owner);
    json_put_str(&b, c.operator_id);
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_event_metadata)
{
    struct config c;
    struct buf b = near_buf();

    config_load(&c);
    json_arr(&b);
    json_put_str(&b, c.standard);
    json_put_str(&b, c.version);
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_storage_version)
{
    near_return_str(STR("8"));
}

NEAR_VIEW(get_payment_token_contract)
{
    struct config c;
    config_load(&c);
    if (c.token.len)
        near_return_str(c.token);
    else
        near_return_null();
}
