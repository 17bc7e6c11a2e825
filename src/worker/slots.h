/*
 * slots.h — jobs at the same time: each slot is a thread that does one job after the other.
 *
 * A slot asks the coordinator itself, and only when it could start at once: nothing waits in the
 * worker, so what one sender may delay is decided in one place, the coordinator's queue. The only
 * thing a worker adds is how many of its slots one sender may have at once (`owner_slots`).
 *
 * Slots share the outbox, the leases, the places where guests run and the files; each has its own
 * connections and its own fetch child. They are never ended: a slot that is too many waits.
 *
 * Thread: any.
 */
#ifndef WORKER_SLOTS_H
#define WORKER_SLOTS_H

#include "worker/settings.h"
#include "worker/work.h"

struct slots;

struct slots_opts {
    const struct worker *shared; /* what slots share; copied, without the parts of a slot */
    const struct worker_name *who;
    const char *rpc_url, *coordinator_url, *keystore_url; /* keystore_url NULL: no secrets */
    const char *ipfs_gateway;                             /* for ipfs:// URLs */
    const char *guest_rpc_url;                            /* what guests may ask; NULL: none */
    struct str token, keystore_token;
    struct pass *pass; /* as for coordinator_new() */
    const struct near_key *key;
    const struct quoted_box *quoted; /* NULL: nothing is */
    bool guest_rpc_read_only, allow_http_loopback;
};

/* Options are borrowed for good: slots work until the process ends. */
struct slots *slots_new(const struct slots_opts *o);
/* From now on so many work; at least one. Fewer: those that are too many finish what they do. */
MUST_USE enum err slots_set(struct slots *s, unsigned n, unsigned owner_slots, struct buf *why);
/* No new job from now on; one that arrives is handed back. */
void slots_drain(struct slots *s);

struct slots_use {
    unsigned working; /* slots with a job */
    unsigned asking;  /* slots that may be given one any moment */
};
struct slots_use slots_use(struct slots *s);

#endif
