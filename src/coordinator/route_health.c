/*
 * route_health.c — is it alive (livez), should it get traffic (readyz), how is it (metrics).
 */
#include "codec/put.h"
#include "coordinator/reply.h"
#include "coordinator/routes.h"

#define STREAM_SILENT_MS 45000 /* without an answer of the block stream: not ready */

/* Under the lock. NULL: ready, else why not. */
static const char *not_ready(struct coord *c, const struct jobq_counts *counts)
{
    if (!counts)
        return "the database does not answer";
    if (c->stream.fault[0])
        return c->stream.fault;
    if (!c->stream.caught_up)
        return "still reading blocks that happened before";
    if (c->stream.heard_ms + STREAM_SILENT_MS < now_ms())
        return "the block stream is silent";
    return NULL;
}

static void health(struct coord *c, struct db *d, struct http_req *r, bool status_by_readiness)
{
    struct buf why = WHY_INIT, b = BUF_INIT(4096);
    struct jobq_counts counts = {0};
    const char *fault;
    bool db;

    db = !jobq_count(d, &counts, &why);
    coord_lock(c);
    fault = not_ready(c, db ? &counts : NULL);
    json_obj(&b);
    put_bool(&b, "ready", !fault);
    json_key(&b, "reason");
    if (fault)
        json_putz(&b, fault);
    else
        json_put_null(&b);
    put_u64(&b, "next_block", c->stream.height);
    put_u64(&b, "last_final_block", c->stream.last_final);
    put_u64(&b, "queued", counts.queued);
    put_u64(&b, "leased", counts.leased);
    put_u64(&b, "workers", workers_online(c, now_ms()));
    put_u64(&b, "uptime_seconds", (now_ms() - c->started_ms) / 1000);
    json_obj_end(&b);
    coord_unlock(c);
    reply_json(r, status_by_readiness && fault ? 503 : 200, &b);
    buf_release(&b);
    buf_release(&why);
}

void route_livez(struct coord *c UNUSED, struct http_req *r, struct str arg UNUSED)
{
    http_reply(r, 200, "application/json", STR("{\"status\":\"ok\"}"));
}

void route_readyz(struct coord *c, struct db *d, struct http_req *r, struct str arg UNUSED)
{
    health(c, d, r, true);
}

void route_health(struct coord *c UNUSED, struct http_req *r, struct str arg UNUSED)
{
    http_reply(r, 200, "text/plain", STR("OK"));
}

void route_health_detailed(struct coord *c, struct db *d, struct http_req *r, struct str arg UNUSED)
{
    health(c, d, r, false);
}

static void metric(struct buf *b, const char *name, const char *type, const char *help, uint64_t v)
{
    buf_addf(b, "# HELP outlayer_coordinator_%s %s\n# TYPE outlayer_coordinator_%s %s\n", name,
             help, name, type);
    buf_addf(b, "outlayer_coordinator_%s %llu\n", name, (unsigned long long)v);
}

/* The text format of prometheus.io/docs/instrumenting/exposition_formats. */
void route_metrics(struct coord *c, struct db *d, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(16384);
    struct jobq_counts counts = {0};
    enum err e;

    e = jobq_count(d, &counts, &why);
    coord_lock(c);
    metric(&b, "jobs_queued", "gauge", "Jobs waiting for a worker.", counts.queued);
    metric(&b, "jobs_leased", "gauge", "Jobs a worker has.", counts.leased);
    metric(&b, "leases_total", "counter", "Leases given since the start.", c->leases);
    metric(&b, "completions_total", "counter", "Jobs completed since the start.", c->completions);
    metric(&b, "held_requests", "gauge", "Requests held for a long poll.", c->nwaiters);
    metric(&b, "workers_online", "gauge", "Workers heard of lately.", workers_online(c, now_ms()));
    metric(&b, "next_block", "gauge", "The next block height to read.", c->stream.height);
    metric(&b, "last_final_block", "gauge", "The chain's last final height, as last asked.",
           c->stream.last_final);
    metric(&b, "ready", "gauge", "1 when /readyz says so.", !not_ready(c, e ? NULL : &counts));
    coord_unlock(c);
    if (e)
        reply_fault(r, e, &why);
    else
        http_reply(r, 200, "text/plain; version=0.0.4", buf_str(&b));
    buf_release(&b);
    buf_release(&why);
}
