/* events.c — what indexers and workers read from the logs. */
#include "outlayer/outlayer.h"

/* Workers look for exactly this; the last one of a request is what it cost. */
void log_charged(u128 amount)
{
    LOG("[[yNEAR charged: \"{}\"]]", near_dec(amount));
}

void metrics_put(struct buf *b, const struct metrics *m)
{
    json_obj(b);
    put_u64(b, "instructions", m->instructions);
    put_u64(b, "time_ms", m->time_ms);
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
    put_u64(&b, "request_id", e->q->id);
    put_str(&b, "sender_id", e->q->signer);
    json_key(&b, "code_source");
    source_put(&b, &e->q->resolved);
    json_key(&b, "resources_used");
    metrics_put(&b, &e->used);
    put_bool(&b, "success", e->success);
    json_key(&b, "error_message");
    if (e->success)
        json_put_null(&b);
    else
        json_put_str(&b, e->error);
    put_u128(&b, "payment_charged", e->charged);
    put_u128(&b, "payment_refunded", e->refunded);
    put_raw(&b, "compilation_note", json_is_null(e->note) ? STR("null") : e->note.text);
    put_u64(&b, "timestamp", near_timestamp());
    json_obj_end(&b);
    return near_event(c->standard, c->version, "execution_completed", buf_str(&b));
}
