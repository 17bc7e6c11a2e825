#include "coordinator/held.h"

#include <string.h>

struct held held_read(const struct db_stmt *s)
{
    struct str w = str_head(db_text(s, 6), JOB_WORKER_MAX);
    struct held h = {
        .id = db_u64(s, 0),
        .request_id = db_u64(s, 1),
        .state = (enum job_state)db_u64(s, 2),
        .token = db_u64(s, 3),
        .attempts = db_u64(s, 4),
        .deadline = db_u64(s, 5),
    };

    if (w.len)
        memcpy(h.worker, w.ptr, w.len);
    return h;
}

enum err held_check(struct db *d, uint64_t id, uint64_t token, struct held *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e;

    if (id > INT64_MAX)
        return err_put(why, ERR_ABSENT, "no such job");
    e = db_ask(d, HELD_SQL "WHERE j.id = $1", &s, why, AS_U64(id));
    if (!e)
        e = db_step(s, why);
    if (!e)
        *out = held_read(s);
    db_done(&s);
    if (e == ERR_EMPTY)
        return err_put(why, ERR_ABSENT, "no job '%llu'", (unsigned long long)id);
    if (!e && (!token || out->token != token))
        e = err_put(why, ERR_CONFLICT, "job '%llu' has been leased anew since",
                    (unsigned long long)id);
    return e;
}

enum err held_list(struct db_stmt *s, struct held *list, size_t *n, struct buf *why)
{
    enum err e = ERR_OK;

    *n = 0;
    while (*n < JOB_EXPIRE_BATCH && !(e = db_step(s, why)))
        list[(*n)++] = held_read(s);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err job_set_state(struct db *d, uint64_t id, enum job_state state, uint64_t attempts,
                       uint64_t not_before_ms, struct buf *why)
{
    return db_do(d, "UPDATE job SET state = $2, attempts = $3, not_before_ms = $4 WHERE id = $1",
                 why, AS_U64(id), AS_U64(state), AS_U64(attempts), AS_U64(not_before_ms));
}
