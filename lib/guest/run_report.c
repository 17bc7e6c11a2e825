/* run_report.c — see run_report.h. */
#include "guest/run_report.h"

#include "base/utf8.h"
#include "codec/put.h"

void json_put_lossy(struct buf *out, struct str bytes)
{
    struct buf clean = BUF_INIT(bytes.len * 3 + 1);

    utf8_lossy(&clean, bytes);
    json_put_str(out, buf_str(&clean));
    buf_wipe(&clean);
}

/* NULL, where a run had nothing of it, rather than a value that means nothing. */
static void put_some(struct buf *b, const char *key, const char *z)
{
    json_key(b, key);
    if (*z)
        json_put_lossy(b, str_of(z));
    else
        json_put_null(b);
}

static void put_attempt(struct buf *b, const struct net_attempt *a)
{
    json_obj(b);
    json_key(b, "host");
    json_put_lossy(b, str_of(a->host));
    put_some(b, "address", a->address);
    put_u64(b, "port", a->port);
    put_z(b, "outcome", a->error ? net_error_code(a->error) : "ok");
    put_some(b, "why", a->text);
    put_u64(b, "status", a->status);
    put_u64(b, "sent", a->sent);
    put_u64(b, "received", a->received);
    put_u64(b, "time_ms", a->time_ms);
    json_obj_end(b);
}

void run_report_members(struct buf *b, const struct run_result *r)
{
    put_z(b, "outcome", outcome_code(r->outcome));
    json_key(b, "exit_code");
    if (r->outcome == OUTCOME_EXIT)
        json_put_i64(b, r->exit_code);
    else
        json_put_null(b);
    put_u64(b, "wall_us", r->wall_us);
    put_u64(b, "cpu_us", r->cpu_us);
    put_u64(b, "memory_bytes", r->memory_bytes);
    put_u64(b, "output_bytes", r->out.len);
    json_key(b, "stderr");
    json_put_lossy(b, utf8_tail(buf_str(&r->err), RUN_REPORT_STDERR_MAX));
    put_u64(b, "stderr_bytes", r->err.len);
    json_key(b, "requests");
    json_arr(b);
    for (size_t i = 0; i < r->nattempts; i++)
        put_attempt(b, &r->attempts[i]);
    json_arr_end(b);
    put_u64(b, "requests_total", r->requests);
    json_key(b, "calls");
    json_obj(b);
    for (size_t i = 0; i < HOST_FACES; i++)
        if (r->calls[i])
            put_u64(b, host_faces[i].name, r->calls[i]);
    json_obj_end(b);
}

void run_report_put(struct buf *b, const struct run_result *r)
{
    json_obj(b);
    run_report_members(b, r);
    json_obj_end(b);
}
