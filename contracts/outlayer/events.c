/* events.c — what indexers and workers read from the logs. */
#include "outlayer/outlayer.h"

/* Workers look for exactly this; the last one of a request is what it cost. */
void log_charged(u128 amount)
{
    LOG(STR("[[yNEAR charged: \""), near_dec(amount), STR("\"]]"));
}

void metrics_put(struct buf *b, const struct metrics *m)
{
    json_obj(b);
    json_key(b, "instructions");
    json_put_u64(b, m->instructions);
    json_key(b, "time_ms");
    json_put_u64(b, m->time_ms);
    json_key(b, "compile_time_ms");
    if (m->has_compile)
        json_put_u64(b, m->compile_ms);
    else
        json_put_null(b);
    json_obj_end(b);
}

size_t event_completed(const struct config *c, const struct completion *e)
{
    struct buf b = BUF_INIT(NEAR_LOG_MAX);

    json_obj(&b);
    json_key(&b, "request_id");
    json_put_u64(&b, e->q->id);
    json_key(&b, "sender_id");
    json_put_str(&b, account_id_str(&e->q->signer));
    json_key(&b, "code_source");
    source_put(&b, &e->q->resolved);
    json_key(&b, "resources_used");
    metrics_put(&b, &e->used);
    json_key(&b, "success");
    json_put_bool(&b, e->success);
    json_key(&b, "error_message");
    if (e->success)
        json_put_null(&b);
    else
        json_put_str(&b, e->error);
    json_key(&b, "payment_charged");
    json_put_u128_str(&b, e->charged);
    json_key(&b, "payment_refunded");
    json_put_u128_str(&b, e->refunded);
    json_key(&b, "compilation_note");
    json_put_raw(&b, json_is_null(e->note) ? STR("null") : e->note.text);
    json_key(&b, "timestamp");
    json_put_u64(&b, near_timestamp());
    json_obj_end(&b);
    return near_event(c->standard, c->version, "execution_completed", buf_str(&b));
}
