/*
 * bodies.h — what the bodies of requests say, from workers and from strangers.
 *
 * Foreign to us: every member is checked before a table sees it. Each function returns NULL, or
 * what is wrong with the body; outputs hold only when nothing is. Texts borrow from the body or
 * live in `a`. docs/formats/coordinator-api.md has the bodies.
 */
#ifndef COORDINATOR_BODIES_H
#define COORDINATOR_BODIES_H

#include "base/arena.h"
#include "coordinator/builds.h"
#include "coordinator/evidence.h"
#include "coordinator/jobq.h"
#include "storage/records.h"

/* ---- body_jobs.c: leases ---- */

const char *lease_body(struct json body, struct lease_ask *ask, uint64_t *wait_ms);
/* "worker" and, optional, "session": STR("") without. */
const char *worker_body(struct json body, struct str *id, struct str *session);
struct step_told {
    const char *step;  /* static */
    struct str detail; /* a JSON object; ptr NULL: none */
    uint64_t height;   /* of the block, 0: not said */
};
const char *progress_body(struct json body, struct step_told *out);
/* `reason`: STR("") without. */
const char *release_body(struct json body, struct arena *a, struct str *reason);

/* ---- body_builds.c ---- */

/* Sets the token, what the job used and, when that was compiled for it, the row but for its worker
 * and times. */
const char *build_body(struct json body, struct arena *a, uint64_t *token, struct job_build *used,
                       struct build_row *row);
const char *build_lock_body(struct json body, struct str *worker, uint64_t *ttl_ms);

/* ---- body_evidence.c ---- */

#define STATEMENTS_AT_ONCE 256

const char *epoch_body(struct json body, struct arena *a, struct epoch_row *out,
                       struct str *collateral);
/* `*rows`, of the one session, in `a`. */
const char *statements_body(struct json body, struct arena *a, struct hash256 *session,
                            struct statement_row **rows, size_t *n);
const char *batch_body(struct json body, struct arena *a, struct batch_row *out);
const char *wishes_body(struct json body, struct str *worker, uint64_t *wait_ms);
struct quote_told {
    struct hash256 digest;
    struct str nonce; /* 32 bytes, or STR("") */
    struct str quote; /* ptr NULL: it could not be made */
};
const char *quote_body(struct json body, struct arena *a, struct quote_told *out);

/* ---- body_storage.c ---- */

/* What is to be written, and on which condition (given); `is_shared`: into the area of all users,
 * where records may be public. ERR_FORMAT, ERR_TOO_BIG, ERR_DENIED */
MUST_USE enum err put_body(struct json body, enum when when, bool is_shared, struct arena *a,
                           struct put *out, struct buf *why);
/* The keys of a batch that anybody may ask for. `why` gets the words; false: they are wrong. */
MUST_USE bool keys_body(struct json keys, struct buf *why);

#endif
