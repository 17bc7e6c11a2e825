/*
 * builds.h — what workers compiled: records, programs and logs, and who is compiling what now.
 *
 * A build is known by a key that the workers make (a hash of repository, commit, target, compilers
 * and recipe). Its record is signed by the worker that made it; other workers ask for it, check the
 * signature against the chain, and take the program instead of compiling it again. Nothing here is
 * trusted for that: what this database says wrongly is refused by whoever asked.
 *
 * A lock keeps two workers from compiling the same: it is a promise for a few seconds that its
 * holder renews while it works.
 *
 * Programs and logs are a cache and bounded: the oldest go. Thread: the caller's lock (coord.h).
 */
#ifndef COORDINATOR_BUILDS_H
#define COORDINATOR_BUILDS_H

#include "base/err.h"
#include "codec/json.h"
#include "db/db.h"

#define BUILD_LOG_MAX     (256u << 10) /* bytes of a log */
#define BUILD_RECORD_MAX  8192
#define BUILDS_KEPT       4096 /* records with their logs */
#define PROGRAM_MAX       (10u << 20)
#define PROGRAMS_KEPT     (512u << 20) /* bytes of all */
#define BUILD_LOCK_MS_MAX 60000

struct build_row {
    struct str key;                     /* 64 lower-case hex digits */
    struct str repo, commit, target;    /* commit: 40 digits */
    bool ok;                            /* a program came out */
    struct str sha256;                  /* of the program; with `ok`, 64 digits */
    uint64_t size, compile_ms, made_ms; /* made_ms: Unix time */
    struct str record, log;             /* record: a JSON object, with `ok` */
    struct str signer, signature;       /* with `ok` */
    struct str worker;
};
/* Keep it in place of an earlier one of the same key. In the caller's transaction. */
MUST_USE enum err build_put(struct db *d, const struct build_row *b, struct buf *why);
/* Write a successful one, without its log, as a JSON object. ERR_ABSENT. */
MUST_USE enum err build_write(struct db *d, struct str key, struct buf *out, struct buf *why);

/* Which build a job used, and what it cost that job. In the caller's transaction. */
struct job_build {
    uint64_t job_id;
    struct str key;
    bool cached;         /* nothing was compiled for it */
    uint64_t compile_ms; /* 0 when cached */
    u128 cost;
};
MUST_USE enum err job_build_put(struct db *d, const struct job_build *b, struct buf *why);
/* The log of the build that the newest job of the request used. ERR_ABSENT. */
MUST_USE enum err build_log_write(struct db *d, uint64_t request_id, struct buf *out,
                                  struct buf *why);

/* `*has`: the program's bytes are here. */
MUST_USE enum err program_has(struct db *d, struct str sha256, bool *has, struct buf *why);
MUST_USE enum err program_put(struct db *d, struct str sha256, struct str bytes, uint64_t now_ms,
                              struct buf *why);
MUST_USE enum err program_write(struct db *d, struct str sha256, uint64_t now_ms, struct buf *out,
                                struct buf *why);

/* `*got`: `holder` has it now, for `ms` from now. */
MUST_USE enum err build_lock(struct db *d, struct str key, struct str holder, uint64_t ms,
                             uint64_t now_ms, bool *got, struct buf *why);
MUST_USE enum err build_unlock(struct db *d, struct str key, struct str holder, struct buf *why);

/* `{"exists","checksum","file_size","created_at"}` of the newest build. */
MUST_USE enum err wasm_info_write(struct db *d, struct str repo, struct str commit,
                                  struct str target, struct buf *out, struct buf *why);
/* `{"exists","created_at"}` of a program that was built. */
MUST_USE enum err wasm_exists_write(struct db *d, struct str sha256, struct buf *out,
                                    struct buf *why);

#endif
