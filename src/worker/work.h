/*
 * work.h — one job from lease to outbox.
 *
 *     parse → answered before? → read back from the chain → fetch or compile → run → outbox
 *
 * A fault of ours (coordinator, node, disk, a child that died) hands the job back and leaves the
 * request untouched. What is the request's or the guest's fault is an answer and goes to the
 * chain. Thread: one for each `struct worker`.
 */
#ifndef WORKER_WORK_H
#define WORKER_WORK_H

#include "worker/courier.h"
#include "worker/exec_control.h"
#include "worker/interfaces.h"
#include "worker/notary.h"
#include "worker/publish.h"
#include "worker/secrets.h"

/* What a slot has at hand (slots.h). */
struct worker {
    /* The same for all slots: never changed, or with a lock inside. */
    struct str contract_id;
    const char *network_id;
    struct keeper *keeper;
    struct outbox *outbox;
    struct courier *courier;
    struct runner *runner;
    struct notary *notary;       /* NULL: nothing is attested */
    struct publisher *publisher; /* NULL: nothing can be published */
    /* Each slot's own; slots.c makes them. */
    struct rpc *rpc;
    struct coordinator *coordinator;
    struct keystore_client *keystore; /* NULL: there are no secrets */
    struct fetcher fetcher;
    struct build_share share;
    struct interface_source give; /* to guests */
    struct sitting sitting;       /* of the job at hand, in the notary's books */
};

/* Do it, or hand it back; either way the lease is looked after. */
void work_one(struct worker *w, const struct lease *l, struct arena *a);

#endif
