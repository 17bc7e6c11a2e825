#include "coordinator/prune.h"

#include "base/log.h"
#include "coordinator/columns.h"
#include "coordinator/coord.h"

#define DAY_MS    UINT64_C(86400000)
#define BATCH_SQL "64"      /* PRUNE_BATCH, where a statement selects what it deletes */
#define LOOKED_AT 1024      /* statements of a session in one transaction */
#define SETTLED   INT64_MAX /* an epoch of which nothing is left to be looked at */
#define EVERY_MS  60000
#define PAUSE_MS  20 /* between two batches: leases come first */
#define STEP_MS   100

/* ------------------------------------------------------------------ what is due */

/* Asked for before this, an execution is not kept. */
static enum err cutoff(struct db *d, const struct keep *k, uint64_t now_ms, uint64_t *out,
                       struct buf *why)
{
    uint64_t used = 0;
    enum err e = ERR_OK;

    *out = k->days && now_ms > k->days * DAY_MS ? now_ms - k->days * DAY_MS : 0;
    if (k->mb)
        e = db_used(d, &used, why);
    if (!e && k->mb && used > k->mb << 20 && now_ms > KEEP_LEAST && now_ms - KEEP_LEAST > *out)
        *out = now_ms - KEEP_LEAST;
    return e;
}

struct due {
    uint64_t id[PRUNE_BATCH], request_id[PRUNE_BATCH];
    size_t n;
};

/* The oldest executions, as far as they have ended. */
static enum err executions_due(struct db *d, uint64_t before_ms, struct due *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT r.id, r.request_id, r.created_ms, j.state FROM request r "
                        "JOIN job j ON j.id = r.id ORDER BY r.id LIMIT $1",
                        &s, why, AS_U64(PRUNE_BATCH));

    out->n = 0;
    while (!e && !(e = db_step(s, why))) {
        if (db_u64(s, 2) >= before_ms || (enum job_state)db_u64(s, 3) != JOB_DONE)
            break;
        out->id[out->n] = db_u64(s, 0);
        out->request_id[out->n++] = db_u64(s, 1);
    }
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

/* ------------------------------------------------------------------ executions */

static enum err note_gone(struct db *d, const char *name, uint64_t up_to, struct buf *why)
{
    return db_do(d,
                 "INSERT INTO pruned (name, up_to) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE "
                 "SET up_to = excluded.up_to WHERE excluded.up_to > pruned.up_to",
                 why, AS_TEXT(str_of(name)), AS_U64(up_to));
}

static enum err execution_prune(struct db *d, uint64_t id, uint64_t request_id, struct buf *why)
{
    static const char *const parts[] = {
        "DELETE FROM step WHERE job_id = $1",
        "DELETE FROM result WHERE id = $1",
        "DELETE FROM job_build WHERE job_id = $1",
        "UPDATE statement SET input = NULL, delivered = NULL WHERE job_id = $1",
        "DELETE FROM job WHERE id = $1",
        "DELETE FROM request WHERE id = $1",
    };
    enum err e = note_gone(d, "execution", id, why);

    if (!e)
        e = note_gone(d, "request", request_id, why);
    for (size_t i = 0; i < countof(parts) && !e; i++)
        e = db_do(d, parts[i], why, AS_U64(id));
    return e;
}

/* ------------------------------------------------------------------ evidence, logs */

#define NOT_ANCHORED                                                                               \
    "s.session = $1 AND s.seq >= $2 AND s.seq < $3 AND NOT EXISTS (SELECT 1 FROM batch b WHERE "   \
    "b.session = s.session AND b.first_seq <= s.seq AND b.first_seq + b.count > s.seq AND "        \
    "b.anchor_tx IS NOT NULL)"

/* The oldest session that has been silent since `before_ms` and is not looked through; `*from`: how
 * far it is, `*n`: how many statements it has. ERR_EMPTY. */
static enum err session_due(struct db *d, uint64_t before_ms, struct hash256 *session,
                            uint64_t *from, uint64_t *n, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT e.session, e.settled, COALESCE(s.seq + 1, 0) FROM epoch e "
                        "LEFT JOIN statement s ON s.session = e.session AND s.seq = "
                        "(SELECT MAX(seq) FROM statement WHERE session = e.session) "
                        "WHERE e.settled < $2 AND e.received_ms < $1 "
                        "AND COALESCE(s.received_ms, 0) < $1 ORDER BY e.received_ms LIMIT 1",
                        &s, why, AS_U64(before_ms), AS_U64(SETTLED));

    if (!e)
        e = db_step(s, why);
    if (!e) {
        *session = hash_col(s, 0);
        *from = db_u64(s, 1);
        *n = db_u64(s, 2);
    }
    db_done(&s);
    return e;
}

/* Nothing of the session is left to be looked at: what has no statement goes. */
static enum err session_settle(struct db *d, const struct hash256 *session, struct buf *why)
{
    static const char *const parts[] = {
        "DELETE FROM batch WHERE session = $1 AND anchor_tx IS NULL",
        "DELETE FROM epoch WHERE session = $1 AND NOT EXISTS "
        "(SELECT 1 FROM statement s WHERE s.session = $1) AND NOT EXISTS "
        "(SELECT 1 FROM batch b WHERE b.session = $1)",
    };
    enum err e = db_do(d, "UPDATE epoch SET settled = $2 WHERE session = $1", why,
                       AS_BLOB(hash_str(session)), AS_U64(SETTLED));

    for (size_t i = 0; i < countof(parts) && !e; i++)
        e = db_do(d, parts[i], why, AS_BLOB(hash_str(session)));
    return e;
}

/* Go on with one session: what is anchored stays. */
static enum err session_prune(struct db *d, uint64_t before_ms, uint64_t *went, struct buf *why)
{
    static const char *const parts[] = {
        "DELETE FROM quote WHERE digest IN (SELECT s.digest FROM statement s WHERE " NOT_ANCHORED
        ")",
        "DELETE FROM statement WHERE session = $1 AND seq IN (SELECT s.seq FROM statement s "
        "WHERE " NOT_ANCHORED ")",
        "UPDATE epoch SET settled = $3 WHERE session = $1 AND settled = $2",
    };
    struct hash256 session;
    uint64_t from, n;
    enum err e = session_due(d, before_ms, &session, &from, &n, why);

    if (e)
        return e == ERR_EMPTY ? ERR_OK : e;
    *went = 1;
    if (from >= n)
        return session_settle(d, &session, why);
    for (size_t i = 0; i < countof(parts) && !e; i++)
        e = db_do(d, parts[i], why, AS_BLOB(hash_str(&session)), AS_U64(from),
                  AS_U64(from + LOOKED_AT));
    return e;
}

/* What nothing that is kept needs any more. */
static enum err rest_prune(struct db *d, uint64_t before_ms, uint64_t *n, struct buf *why)
{
    static const char *const parts[] = {
        "UPDATE build SET log = NULL WHERE key IN (SELECT key FROM build WHERE made_ms < $1 AND "
        "log IS NOT NULL ORDER BY made_ms LIMIT " BATCH_SQL ")",
        "DELETE FROM collateral WHERE sha256 IN (SELECT c.sha256 FROM collateral c WHERE "
        "c.received_ms < $1 AND NOT EXISTS (SELECT 1 FROM epoch e WHERE e.collateral = c.sha256 OR "
        "(e.received_ms >= c.from_s * 1000 AND e.received_ms < c.until_s * 1000)) "
        "LIMIT " BATCH_SQL ")",
    };
    enum err e = ERR_OK;

    for (size_t i = 0; i < countof(parts) && !e && !*n; i++) {
        e = db_do(d, parts[i], why, AS_U64(before_ms));
        if (!e)
            *n = db_changes(d);
    }
    return e;
}

enum err prune_step(struct db *d, const struct keep *k, uint64_t now_ms, uint64_t *n,
                    struct buf *why)
{
    uint64_t before_ms = 0;
    struct due due;
    enum err e = cutoff(d, k, now_ms, &before_ms, why);

    *n = 0;
    if (e || !before_ms)
        return e;
    e = db_begin(d, why);
    if (!e)
        e = executions_due(d, before_ms, &due, why);
    for (size_t i = 0; !e && i < due.n; i++)
        e = execution_prune(d, due.id[i], due.request_id[i], why);
    if (!e)
        *n = due.n;
    /* What is there because of executions goes after them, by its age alone. */
    if (k->days && now_ms > k->days * DAY_MS)
        before_ms = now_ms - k->days * DAY_MS;
    else
        before_ms = 0;
    if (!e && !*n && before_ms)
        e = session_prune(d, before_ms, n, why);
    if (!e && !*n && before_ms)
        e = rest_prune(d, before_ms, n, why);
    return db_end(d, e, why);
}

/* ------------------------------------------------------------------ what is gone */

static enum err gone(struct db *d, const char *name, uint64_t id, struct buf *why)
{
    uint64_t up_to;
    enum err e = db_number(d, "SELECT up_to FROM pruned WHERE name = $1", &up_to, why,
                           AS_TEXT(str_of(name)));

    if (!e && id && id <= up_to)
        e = err_put(why, ERR_GONE,
                    "%s '%llu' is no longer kept: it ended too long ago; what the chain has an "
                    "anchor of is still under /attestations",
                    name, (unsigned long long)id);
    return e;
}

enum err gone_execution(struct db *d, uint64_t id, struct buf *why)
{
    return gone(d, "execution", id, why);
}

enum err gone_request(struct db *d, uint64_t request_id, struct buf *why)
{
    return gone(d, "request", request_id, why);
}

/* ------------------------------------------------------------------ the thread */

/* All that is due now, in batches with pauses. */
static void prune(struct coord *c)
{
    struct buf why = WHY_INIT;
    uint64_t n = 1, all = 0;
    enum err e = ERR_OK;

    while (!e && n && !atomic_load(&c->stop)) {
        coord_lock(c);
        e = prune_step(c->db, &c->keep, now_ms(), &n, &why);
        coord_unlock(c);
        all += n;
        clock_sleep_ms(PAUSE_MS);
    }
    if (e)
        log_unusual("not_pruned", "why=%s", buf_z(&why));
    else if (all)
        log_info("pruned", "rows=%llu", (unsigned long long)all);
    buf_release(&why);
}

void *prune_main(void *coord)
{
    struct coord *c = coord;

    while (!atomic_load(&c->stop)) {
        prune(c);
        for (uint64_t slept = 0; slept < EVERY_MS && !atomic_load(&c->stop); slept += STEP_MS)
            clock_sleep_ms(STEP_MS);
    }
    return NULL;
}
