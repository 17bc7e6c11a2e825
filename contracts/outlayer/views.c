/* views.c — looking at requests, settings and counters. */
#include "codec/base64.h"
#include "outlayer/outlayer.h"

static void put_output(struct buf *b, const struct request *q)
{
    if (!q->has_output) {
        json_put_null(b);
        return;
    }
    json_obj(b);
    json_key_str(b, format_name(q->format));
    if (q->format == FORMAT_BYTES && q->output.len >= 2 && q->output.ptr[0] == '"') {
        struct buf raw = BUF_INIT(NEAR_BYTES_MAX);
        bool ok = base64_get(str_from(q->output.ptr + 1, q->output.len - 2), &raw);
        json_arr(b);
        for (size_t i = 0; ok && i < raw.len; i++)
            json_put_u64(b, (uint8_t)raw.ptr[i]);
        json_arr_end(b);
    } else {
        json_put_raw(b, q->output);
    }
    json_obj_end(b);
}

NEAR_VIEW(get_request)
{
    struct request q;
    struct buf b = BUF_INIT(NEAR_BYTES_MAX);

    if (!request_load(arg_u64(args, "request_id"), &q)) {
        near_return_null();
        return;
    }
    json_obj(&b);
    json_key(&b, "request_id");
    json_put_u64(&b, q.id);
    json_key(&b, "data_id");
    json_arr(&b);
    for (size_t i = 0; i < sizeof(q.data_id.b); i++)
        json_put_u64(&b, q.data_id.b[i]);
    json_arr_end(&b);
    json_key(&b, "sender_id");
    json_put_str(&b, account_id_str(&q.predecessor));
    json_key(&b, "signer_id");
    json_put_str(&b, account_id_str(&q.signer));
    json_key(&b, "execution_source");
    source_put(&b, &q.source);
    json_key(&b, "resolved_source");
    source_put(&b, &q.resolved);
    json_key(&b, "resource_limits");
    limits_put(&b, &q.limits);
    json_key(&b, "payment");
    json_put_u128(&b, q.payment);
    json_key(&b, "timestamp");
    json_put_u64(&b, q.timestamp);
    json_key(&b, "secrets_ref");
    secrets_ref_put(&b, &q);
    json_key(&b, "response_format");
    json_put_str(&b, format_name(q.format));
    json_key(&b, "input_data");
    json_put_str(&b, q.input);
    json_key(&b, "payer_account_id");
    json_put_str(&b, account_id_str(&q.payer));
    json_key(&b, "compile_only");
    json_put_bool(&b, q.compile_only);
    json_key(&b, "force_rebuild");
    json_put_bool(&b, q.force_rebuild);
    json_key(&b, "store_on_fastfs");
    json_put_bool(&b, q.store_on_fastfs);
    json_key(&b, "project_uuid");
    if (q.project_uuid.len)
        json_put_str(&b, q.project_uuid);
    else
        json_put_null(&b);
    json_key(&b, "attached_usd");
    json_put_u128(&b, q.attached_usd);
    json_key(&b, "pending_output");
    put_output(&b, &q);
    json_key(&b, "output_submitted");
    json_put_bool(&b, q.has_output);
    json_obj_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_pending_output)
{
    struct request q;
    struct buf b = BUF_INIT(NEAR_BYTES_MAX);
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
    near_return_bool(request_load(arg_u64(args, "request_id"), &q) && q.has_output);
}

void page_parse(struct json args, uint64_t most, struct page *p)
{
    *p = (struct page){0, most};
    arg_opt_u64(args, "from_index", &p->from);
    arg_opt_u64(args, "limit", &p->limit);
    if (p->limit > most)
        p->limit = most;
}

NEAR_VIEW(get_pending_request_ids)
{
    struct config c = config_load();
    struct page p;
    struct buf b = BUF_INIT(NEAR_BYTES_MAX);

    page_parse(args, PAGE_MAX, &p);
    if (json_is_null(json_get(args, "limit")))
        p.limit = PAGE_DEFAULT;
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
    struct config c = config_load();
    struct buf b = BUF_INIT(128);
    json_arr(&b);
    json_put_u64(&b, c.executions);
    json_put_u128_str(&b, c.total_fees);
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_max_limits)
{
    struct buf b = BUF_INIT(128);
    json_arr(&b);
    json_put_u64(&b, MAX_INSTRUCTIONS);
    json_put_u64(&b, MAX_SECONDS);
    json_put_u64(&b, MAX_COMPILE_SECONDS);
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(is_paused)
{
    struct config c = config_load();
    near_return_bool(c.paused);
}

NEAR_VIEW(get_config)
{
    struct config c = config_load();
    struct buf b = BUF_INIT(256);
    json_arr(&b);
    json_put_str(&b, account_id_str(&c.owner));
    json_put_str(&b, account_id_str(&c.operator_id));
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_event_metadata)
{
    struct config c = config_load();
    struct buf b = BUF_INIT(1024);
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
    struct config c = config_load();
    if (c.has_token)
        near_return_str(account_id_str(&c.token));
    else
        near_return_null();
}
