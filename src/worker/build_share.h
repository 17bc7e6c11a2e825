/*
 * build_share.h — builds shared with the operator's other machines, through the coordinator.
 *
 * A worker that compiled something gives the coordinator the program and a statement about it,
 * signed with its chain key:
 *
 *     outlayer-build:1:<key>:<sha256 of the program>:<size>
 *
 * A worker that needs the same asks for it. It believes the statement when its signer is, by the
 * chain and now, a key of our own operator account that may answer requests at our contract: such a
 * key could have answered this request with anything, so taking its program gives it no power that
 * it has not got. The coordinator, which has no such key, can delay and forget, not poison; a key
 * that is taken back takes its builds with it. `force_rebuild` takes nobody's word.
 *
 * While one worker compiles it holds a lock at the coordinator, so that others wait for the result
 * instead of making it, too. All of it is a shortcut: where the coordinator does not answer, this
 * machine compiles.
 *
 * Thread: one per `struct build_share`.
 */
#ifndef WORKER_BUILD_SHARE_H
#define WORKER_BUILD_SHARE_H

#include "builder/builder.h"
#include "near/key.h"
#include "near/rpc.h"
#include "worker/coordinator.h"
#include "builder/store.h"

struct build_share {
    struct coordinator *coordinator; /* NULL: nothing is shared */
    struct rpc *rpc;
    const struct near_key *key; /* of our operator account */
    struct str contract_id;
    const char *holder; /* this worker's name */
};

struct shared_build {
    struct hash256 sha256;
    uint64_t size, made_unix_s, compile_ms;
    int fd; /* the program, sealed */
};

/* Somebody else's program, checked. ERR_ABSENT: there is none to be had. */
MUST_USE enum err share_get(const struct build_share *s, const struct hash256 *key,
                            struct shared_build *out, struct buf *why);
/* false: somebody else compiles it. True where nobody can be asked. */
bool share_lock(const struct build_share *s, const struct hash256 *key);
void share_unlock(const struct build_share *s, const struct hash256 *key);

/* What a job has to do with a build. */
struct build_told {
    uint64_t job_id, token;
    struct hash256 key;
    struct str repo, commit, target;
    bool cached; /* it was there; nothing below but what it is */
    uint64_t compile_ms;
    u128 cost;
    const struct built *built; /* of this machine; NULL when cached */
};
/* Tell the coordinator, with the log for who asked, and give it the program if it has not got it.
 */
void share_tell(const struct build_share *s, const struct build_told *t);

/* The statement that is signed. */
void share_statement_put(struct buf *out, const struct hash256 *key, const struct hash256 *sha256,
                         uint64_t size);
/* ERR_OK: `text`, the coordinator's JSON, is about `key` and signed as it says; *signer is who did.
 * ERR_FORMAT, ERR_DENIED otherwise. */
MUST_USE enum err share_record_read(struct str text, const struct hash256 *key,
                                    struct shared_build *out, struct ed25519_pub *signer,
                                    struct buf *why);

#endif
