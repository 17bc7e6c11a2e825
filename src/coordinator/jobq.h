/*
 * jobq.h — executions waiting for a worker.
 *
 *            add            lease             complete, or the contract says it is over
 *     (event) ──▶ queued ──────────▶ leased ──────────────────────────────────────▶ done
 *                   ▲                  │
 *                   └── release, lease ran out, worker came back without it ─┘
 *
 * A job is (request_id, data_id) and is made once, however often its event is read. A lease is
 * bounded in time and carries a fencing token, one more than the lease before: what comes with an
 * older token is refused, so a worker that was thought dead cannot overwrite its successor. After
 * JOB_LEASES_MAX leases the job fails, so a job that kills workers does not circle for ever. A job
 * still queued after its deadline, a block height, fails: nobody could answer the contract any
 * more.
 *
 * The contract has the last word: its execution_completed event ends the job in any state and
 * brings the amounts. What the worker reports (output, use) is kept beside it.
 *
 * Senders take turns: who has a thousand jobs waiting delays the next sender's first by one of
 * them. A worker may also say how many of its slots one sender may have at once.
 *
 * Leases are in jobq.c, how jobs end in outcome.c.
 *
 * Every change also writes a step of the request's timeline (results.h).
 *
 * Time is passed in, milliseconds since 1970: leases live over a restart. All functions that write
 * expect the caller's transaction (db_begin), so that a change and the position in the block
 * stream, or several changes, are one.
 *
 * Memory: rows handed out live in the caller's arena.  Thread: the caller's lock (coord.h).
 */
#ifndef COORDINATOR_JOBQ_H
#define COORDINATOR_JOBQ_H

#include "base/arena.h"
#include "base/err.h"
#include "coordinator/events.h"
#include "crypto/hash.h"
#include "db/db.h"

#define JOB_LEASES_MAX   5
#define JOB_BACKOFF_MS   500 /* after the first release, doubled each time */
#define JOB_BACKOFF_MAX  10000
#define JOB_WORKER_MAX   64    /* bytes of a worker's id, of its session */
#define JOB_ERROR_MAX    16384 /* bytes of an error kept */
#define JOB_EXPIRE_BATCH 256   /* leases ended in one go */

enum job_state { JOB_QUEUED, JOB_LEASED, JOB_DONE };

/* ERR_OK: `*id` is the new job; ERR_CONFLICT: it was there already. */
MUST_USE enum err jobq_add(struct db *d, const struct block_event *ev,
                           const struct block_head *head, uint64_t deadline_blocks, uint64_t now_ms,
                           uint64_t *id, struct buf *why);

struct job {
    uint64_t id, token, attempt;
    uint64_t request_id;
    struct hash256 data_id;
    uint64_t block_height, block_timestamp_ns, gas_burnt, deadline_height;
    struct str transaction_hash, receipt_id, signer_id, predecessor_id, signer_public_key;
    struct str request_data;
};

/* Who wants a job. */
struct lease_ask {
    struct str worker, session;
    uint64_t owner_slots; /* no job of a sender who has so many running there; 0: any */
};

/*
 * Lease the job whose turn it is, of those that may run now, for `lease_ms`. Of one sender the
 * oldest comes first.
 *
 * ERR_EMPTY  nothing to do
 */
MUST_USE enum err jobq_lease(struct db *d, struct arena *a, const struct lease_ask *ask,
                             uint64_t lease_ms, uint64_t now_ms, struct job *out, struct buf *why);

/* The three below: ERR_ABSENT no such job, ERR_CONFLICT the token is not the last one given, or
 * the job is over. `*request_id` is written on ERR_OK. */
MUST_USE enum err jobq_renew(struct db *d, uint64_t id, uint64_t token, uint64_t lease_ms,
                             uint64_t now_ms, struct buf *why);
/* Back into the queue. `counts`: it goes against JOB_LEASES_MAX and waits before the next try. */
MUST_USE enum err jobq_release(struct db *d, uint64_t id, uint64_t token, struct str reason,
                               bool counts, uint64_t now_ms, uint64_t *request_id, struct buf *why);
/* `detail` is JSON text of an object. With the step "ran" the worker's slot counts as free. */
MUST_USE enum err jobq_progress(struct db *d, uint64_t id, uint64_t token, const char *step,
                                struct str detail, uint64_t block_height, uint64_t now_ms,
                                uint64_t *request_id, struct buf *why);

/* Who holds the job by this token; the same errors. */
MUST_USE enum err jobq_held(struct db *d, uint64_t id, uint64_t token, struct arena *a,
                            struct str *worker, struct buf *why);

/* What a worker reports. ptr NULL: not told. */
struct job_result {
    struct str status; /* job_status_ok */
    bool success;
    struct str output; /* JSON text */
    struct str error;
    bool has_use;
    uint64_t instructions, time_ms;
    struct str wasm_sha256, resolve_tx;
    struct str run; /* JSON text of an object: what the run did, for the requester */
    bool has_charged;
    u128 charged;
    uint64_t refund_usd; /* given back by the program, in millionths; 0: nothing */
};

/* "completed" for success, else a failure category: compilation_failed, execution_failed,
 * access_denied, insufficient_payment, custom, failed. */
bool job_status_ok(struct str status, bool success);

/* The same report with the same token again is ERR_OK and changes nothing. A lease that ran out
 * may still be completed while nobody else has the job. */
MUST_USE enum err jobq_complete(struct db *d, uint64_t id, uint64_t token,
                                const struct job_result *r, uint64_t now_ms, uint64_t *request_id,
                                struct buf *why);

/* The contract has answered `ev->request_id`: end its jobs. Unknown requests are fine. */
MUST_USE enum err jobq_finish(struct db *d, const struct block_event *ev, uint64_t height,
                              uint64_t now_ms, struct buf *why);

/* A list of requests that changed, for those who wait for them. */
struct changed {
    uint64_t request_id[JOB_EXPIRE_BATCH];
    size_t n;
};

/* End leases that ran out; at most JOB_EXPIRE_BATCH at once. */
MUST_USE enum err jobq_expire(struct db *d, uint64_t now_ms, struct changed *out, struct buf *why);
/* End the leases that `worker` held under another session: it has been started anew. */
MUST_USE enum err jobq_expire_worker(struct db *d, struct str worker, struct str session,
                                     uint64_t now_ms, struct changed *out, struct buf *why);
/* Fail queued jobs whose deadline lies before `height`. */
MUST_USE enum err jobq_deadline(struct db *d, uint64_t height, uint64_t now_ms, struct changed *out,
                                struct buf *why);

/* The oldest job that `worker` runs; 0: none. */
MUST_USE enum err jobq_running(struct db *d, struct str worker, uint64_t *id, struct buf *why);

struct jobq_counts {
    uint64_t queued, leased;
};
MUST_USE enum err jobq_count(struct db *d, struct jobq_counts *out, struct buf *why);
/* When a queued job that waits may run: milliseconds since 1970; INT64_MAX: none waits. */
MUST_USE enum err jobq_next(struct db *d, uint64_t *out, struct buf *why);

#endif
