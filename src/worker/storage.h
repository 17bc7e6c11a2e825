/*
 * storage.h — near:storage/api for a run of this worker (storage/face.h): records at the
 * coordinator, sealed and opened by the keystore.
 *
 * Project and account are those of the request as the chain has it. The coordinator lets a run
 * touch its own records only while its lease holds; what it gives back is believed only as far as
 * the keystore opens it for that project, account and key.
 *
 * Thread: that of the run.
 */
#ifndef WORKER_STORAGE_H
#define WORKER_STORAGE_H

#include "near/request.h"
#include "near/rpc.h"
#include "storage/face.h"
#include "worker/coordinator.h"
#include "worker/keystore.h"

/* What it needs; borrowed. */
struct storage_source {
    struct coordinator *coordinator; /* NULL: there is no storage */
    struct keystore_client *keystore;
    struct rpc *rpc; /* the worker's own: which project has a name */
    struct str contract_id;
};

struct run_storage {
    struct storage_store store;
    struct storage_face face;
    struct storage_source from;
    uint64_t job_id, token, request_id;
    uint64_t asked_ms; /* clock_mono_ms() when the part that is called was asked */
    bool broken;       /* one of our own parts failed a call */
};

/* False: the run has none. */
MUST_USE bool run_storage_init(struct run_storage *s, const struct storage_source *from,
                               const struct lease *l, const struct request *r);

/* A record out of the coordinator's answer; key and value are appended to `bytes`. False: it is
 * none;
 * `*exists` false: it says that there is none, and `out` is left alone. */
MUST_USE bool storage_answer_read(struct json doc, const struct hash256 *key, bool *exists,
                                  struct stored *out, struct buf *bytes);

#endif
