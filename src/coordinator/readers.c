#include "coordinator/readers.h"

#include <pthread.h>

#include "base/mem.h"
#include "coordinator/reply.h"
#include "http/line.h"

#define HOLD_MS 60000 /* far longer than any answer takes */

struct readers {
    struct coord *c;
    struct line *line;
    pthread_rwlock_t reading;
    struct reader {
        struct readers *rs;
        struct db *d;
        pthread_t thread;
    } reader[READERS];
};

/* One snapshot for a whole answer. */
static void answer(const struct reader *me, const struct lined *w)
{
    const struct route *route = w->what;
    struct buf why = WHY_INIT;
    enum err e;

    pthread_rwlock_rdlock(&me->rs->reading);
    e = db_begin(me->d, &why);
    if (e)
        reply_fault(w->r, e, &why);
    else
        route->read(me->rs->c, me->d, w->r, w->arg);
    db_rollback(me->d);
    pthread_rwlock_unlock(&me->rs->reading);
    buf_release(&why);
}

static void *reader_main(void *ctx)
{
    const struct reader *me = ctx;
    struct lined w;

    while (!line_take(me->rs->line, UINT64_MAX, &w))
        answer(me, &w);
    return NULL;
}

enum err readers_start(struct coord *c, struct readers **out, struct buf *why)
{
    struct readers *rs = mem_new(struct readers);
    pthread_rwlockattr_t attr;
    enum err e = ERR_OK;

    pthread_rwlockattr_init(&attr); /* who pauses them waits for two answers, not for ever */
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&rs->reading, &attr);
    pthread_rwlockattr_destroy(&attr);
    rs->c = c;
    rs->line = line_new(READERS_MAX, HOLD_MS);
    for (size_t i = 0; i < READERS && !e; i++) {
        rs->reader[i].rs = rs;
        e = db_open_reader(c->db, &rs->reader[i].d, why);
        if (!e && pthread_create(&rs->reader[i].thread, NULL, reader_main, &rs->reader[i]))
            BUG("no threads");
    }
    if (e)
        readers_stop(rs);
    else
        *out = rs;
    return e;
}

void readers_stop(struct readers *rs)
{
    if (!rs)
        return;
    line_stop(rs->line);
    for (size_t i = 0; i < READERS; i++) {
        if (!rs->reader[i].d)
            continue;
        pthread_join(rs->reader[i].thread, NULL);
        db_close(rs->reader[i].d);
    }
    pthread_rwlock_destroy(&rs->reading);
    line_free(rs->line);
    mem_free(rs);
}

void readers_pause(struct readers *rs)
{
    pthread_rwlock_wrlock(&rs->reading);
}

void readers_resume(struct readers *rs)
{
    pthread_rwlock_unlock(&rs->reading);
}

void readers_put(struct readers *rs, struct http_req *r, const struct route *route, struct str arg)
{
    if (!line_put(rs->line, &(struct lined){r, route, arg}))
        reply_later(r, 503, "too many requests at once; try again in a moment", 1);
}
