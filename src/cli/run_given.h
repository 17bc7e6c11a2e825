/*
 * run_given.h — the platform's interfaces (engine/host.h) as `outlayer run` gives them: what a
 * worker takes from chain, keystore and coordinator is here a file, a node and a seed.
 */
#ifndef CLI_RUN_GIVEN_H
#define CLI_RUN_GIVEN_H

#include "engine/outcome.h"
#include "guest/host_payment.h"
#include "guest/host_rpc.h"
#include "guest/host_vrf.h"
#include "storage/local.h"

struct given_opts {
    const char *storage;  /* a file, or "memory" */
    const char *rpc;      /* a node */
    const char *vrf_seed; /* any text: what its key is made of */
};

struct given {
    struct host_server servers[HOST_FACES];
    struct local_store local;
    struct storage_face storage;
    struct host_rpc rpc;
    struct host_vrf vrf;
    struct ed25519_key vrf_key;
    struct host_payment payment;
};

/*
 * Give them to a job, whose environment says who runs it: NEAR_SENDER_ID (user.test),
 * NEAR_REQUEST_ID (0), ATTACHED_USD (0).
 *
 *   g  zero; given_end() it in any case. The job borrows it.
 */
MUST_USE enum err given_begin(struct given *g, const struct given_opts *o,
                              const struct hash256 *wasm, struct run_job *job, struct buf *why);
void given_end(struct given *g);

#endif
