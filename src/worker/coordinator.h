/*
 * coordinator.h — what the worker says to the coordinator: give me work, I am at it, it is done.
 *
 * A job is held by a fencing token: once the lease has gone to somebody else, whatever is said
 * with the old token is answered with ERR_CONFLICT and changes nothing.
 *
 * One `struct coordinator` per thread: it keeps its connection open. Memory: as told.
 */
#ifndef WORKER_COORDINATOR_H
#define WORKER_COORDINATOR_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "worker/pass.h"

#define LEASE_ANSWER_MAX (8u << 20)
#define WORKER_ID_MAX    64

struct coordinator;
/* Copies both texts; `token` is the bearer token. `pass` is for a coordinator that asks for a
 * session; NULL: a 401 is an answer like any other. */
struct coordinator *coordinator_new(const char *url, struct str token, struct pass *pass);
void coordinator_free(struct coordinator *c);
/* No call but the wait for a job takes longer than this; 5,000 ms unless told. */
void coordinator_patience(struct coordinator *c, uint64_t ms);

struct lease {
    uint64_t job_id, token, lease_ms;
    uint64_t attempt;
    uint64_t request_id;
    struct hash256 data_id;
    struct str contract_id;
    /* where the request happened, as the guest is told */
    uint64_t block_height, block_timestamp_ns, gas_burnt;
    struct str transaction_hash, receipt_id, signer_id, predecessor_id, signer_public_key;
    struct json request_data;
};

/* Who asks: the same worker in another session has forgotten the jobs it held. */
struct worker_name {
    char id[WORKER_ID_MAX + 1], session[WORKER_ID_MAX + 1];
};
/* Still there. `recall`: all that wait for a job for `who` get none, now. */
MUST_USE enum err coordinator_heartbeat(struct coordinator *c, const struct worker_name *who,
                                        bool recall, struct buf *why);
/* Wait for a job, at most `wait_ms`; none of a sender of whom `owner_slots` run here (0: of any).
 * ERR_EMPTY: there was none. Strings live in `a`. */
MUST_USE enum err coordinator_lease(struct coordinator *c, const struct worker_name *who,
                                    unsigned owner_slots, uint64_t wait_ms, struct arena *a,
                                    struct lease *out, struct buf *why);
/* The same from the text of an answer; for tests. */
MUST_USE enum err lease_parse(struct str text, struct arena *a, struct lease *out, struct buf *why);

MUST_USE enum err coordinator_renew(struct coordinator *c, uint64_t job_id, uint64_t token,
                                    uint64_t *lease_ms, struct buf *why);
/* `detail` is a JSON object. */
MUST_USE enum err coordinator_progress(struct coordinator *c, uint64_t job_id, uint64_t token,
                                       const char *step, struct str detail, struct buf *why);
/* The same as news, no more: a coordinator that does not hear it does not change the work. */
void coordinator_news(struct coordinator *c, const struct lease *l, const char *step,
                      const struct buf *detail);
/* Hand a job back: nothing is wrong with it, somebody else may do it. */
MUST_USE enum err coordinator_release(struct coordinator *c, uint64_t job_id, uint64_t token,
                                      struct str reason, struct buf *why);
/* Any other call; `status` is whatever it is, `answer` is appended to. */
MUST_USE enum err coordinator_call(struct coordinator *c, const char *path, struct str body,
                                   uint64_t wait_ms, unsigned *status, struct buf *answer,
                                   struct buf *why);
/* `body` is the whole JSON object, token included. */
MUST_USE enum err coordinator_complete(struct coordinator *c, uint64_t job_id, struct str body,
                                       struct buf *why);

/* Calls about builds (src/coordinator/route_builds.c). `key` and `sha256` are 64 hex digits. */
#define BUILD_ANSWER_MAX (64u << 10)
/* `body` is the whole JSON object. `*wanted`: it has not got the program's bytes. */
MUST_USE enum err coordinator_build_told(struct coordinator *c, uint64_t job_id, struct str body,
                                         bool *wanted, struct buf *why);
/* The record of a build, as JSON. ERR_ABSENT. */
MUST_USE enum err coordinator_build_get(struct coordinator *c, const char *key, struct buf *out,
                                        struct buf *why);
/* Take or keep the right to compile it for `ttl_ms`; 0 gives it back. */
MUST_USE enum err coordinator_build_lock(struct coordinator *c, const char *key, const char *holder,
                                         uint64_t ttl_ms, bool *got, struct buf *why);
MUST_USE enum err coordinator_program_put(struct coordinator *c, const char *sha256,
                                          struct str bytes, struct buf *why);
/* At most out->max bytes; not checked here. */
MUST_USE enum err coordinator_program_get(struct coordinator *c, const char *sha256,
                                          struct buf *out, struct buf *why);

#endif
