/*
 * interfaces.h — the platform's interfaces (engine/host.h) as a run of this worker has them.
 *
 * A run gets what its request allows: the node that guests are given, randomness for its request
 * and signer, a refund out of the USD that it came with, and the storage of its project.
 *
 * Thread: that of the run. Memory: borrows the request.
 */
#ifndef WORKER_INTERFACES_H
#define WORKER_INTERFACES_H

#include "guest/host_payment.h"
#include "guest/host_rpc.h"
#include "guest/host_vrf.h"
#include "near/request.h"
#include "worker/answer.h"
#include "worker/keystore.h"
#include "worker/storage.h"

/* What the worker has to give; each may be missing. */
struct interface_source {
    struct rpc *rpc;    /* NULL: guests get no node */
    bool rpc_read_only; /* their transactions are refused */
    struct keystore_client *keystore;
    struct storage_source storage;
};

struct interfaces {
    struct host_server server[HOST_FACES];
    struct host_rpc rpc;
    struct host_vrf vrf;
    struct host_payment payment;
    struct run_storage storage;
};

void interfaces_init(struct interfaces *i, const struct interface_source *s, const struct lease *l,
                     const struct request *r);
/*
 * After the run: what it did through its interfaces becomes part of the answer, if that is a
 * success. ERR_UPSTREAM: it failed, and one of our own parts had failed it before; then it is run
 * again rather than charged.
 */
MUST_USE enum err interfaces_settle(const struct interfaces *i, struct answer *answer,
                                    struct buf *why);

#endif
