/*
 * workers.c — which workers are there: kept in memory, as each of them speaks every few seconds.
 */
#include <string.h>

#include "codec/put.h"
#include "coordinator/coord.h"
#include "coordinator/results.h"
#include "coordinator/totals.h"

static void copy_id(char out[JOB_WORKER_MAX + 1], struct str s)
{
    s = str_head(s, JOB_WORKER_MAX);
    if (s.len)
        memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
}

const struct worker *worker_find(const struct coord *c, struct str id)
{
    for (size_t i = 0; i < c->nworkers; i++)
        if (str_eqz(id, c->workers[i].id))
            return &c->workers[i];
    return NULL;
}

struct worker *worker_seen(struct coord *c, struct str id, struct str session, uint64_t now)
{
    struct worker *w = NULL, *oldest = NULL;

    for (size_t i = 0; i < c->nworkers && !w; i++) {
        if (str_eqz(id, c->workers[i].id))
            w = &c->workers[i];
        else if (!oldest || c->workers[i].last_ms < oldest->last_ms)
            oldest = &c->workers[i];
    }
    if (!w && c->nworkers < WORKERS_MAX) {
        w = &c->workers[c->nworkers++];
    } else if (!w) {
        if (oldest->last_ms + WORKER_ONLINE_MS > now)
            return NULL;
        w = oldest;
    }
    if (!str_eqz(id, w->id) || !str_eqz(session, w->session)) {
        *w = (struct worker){.first_ms = now};
        copy_id(w->id, id);
        copy_id(w->session, session);
    }
    w->last_ms = now;
    return w;
}

uint64_t workers_online(const struct coord *c, uint64_t now)
{
    uint64_t n = 0;

    for (size_t i = 0; i < c->nworkers; i++)
        n += c->workers[i].last_ms + WORKER_ONLINE_MS > now;
    return n;
}

enum err workers_write(struct coord *c, struct db *d, struct arena *a, struct buf *out,
                       struct buf *why)
{
    uint64_t now = now_ms();
    struct worker *list;
    size_t n;

    coord_lock(c);
    n = c->nworkers;
    list = arena_new_n(a, struct worker, n + 1);
    memcpy(list, c->workers, n * sizeof(list[0]));
    coord_unlock(c);
    json_arr(out);
    for (size_t i = 0; i < n; i++) {
        const struct worker *w = &list[i];
        bool online = w->last_ms + WORKER_ONLINE_MS > now;
        struct worker_totals t;
        uint64_t job = 0;
        enum err e = worker_totals(d, str_of(w->id), &t, why);

        if (!e)
            e = jobq_running(d, str_of(w->id), &job, why);
        if (e)
            return e;
        json_obj(out);
        put_z(out, "worker_id", w->id);
        put_z(out, "worker_name", w->id);
        put_z(out, "instance", w->session);
        put_z(out, "status", !online ? "offline" : job ? "busy" : "online");
        json_key(out, "current_task_id");
        if (online && job)
            json_put_u64(out, job);
        else
            json_put_null(out);
        put_u64(out, "last_heartbeat_at", w->last_ms / 1000);
        put_u64(out, "total_tasks_completed", t.completed);
        put_u64(out, "total_tasks_failed", t.failed);
        put_u64(out, "uptime_seconds", (w->last_ms - w->first_ms) / 1000);
        json_obj_end(out);
    }
    json_arr_end(out);
    return ERR_OK;
}
