/*
 * host_vrf.h — near:vrf/api served: randomness that others can check, drawn for one run.
 *
 * The guest gives a seed; request and account are the run's and not the guest's to choose, so a run
 * has one value for each seed. Whoever holds the key draws: a worker asks its keystore, `outlayer
 * run` has a key of its own. What comes back is checked before the guest gets it.
 *
 * Thread: that of the guest. One run at a time: init it for each.
 */
#ifndef GUEST_HOST_VRF_H
#define GUEST_HOST_VRF_H

#include "crypto/derive.h"
#include "engine/host.h"
#include "secrets/alpha.h"

#define HOST_VRF_DRAWS_MAX 10 /* of one run */

struct vrf_source {
    void *ctx;
    /* `deadline_ms` on clock_mono_ms(). */
    enum err (*draw)(void *ctx, struct str alpha, uint64_t deadline_ms, struct vrf *out,
                     struct ed25519_pub *pub, struct buf *why);
    enum err (*pubkey)(void *ctx, uint64_t deadline_ms, struct ed25519_pub *out, struct buf *why);
};

struct host_vrf {
    struct vrf_source source;
    uint64_t request_id;
    struct str account_id; /* borrowed */
    unsigned drawn;
    bool broken; /* whoever draws had a fault of its own; the guest was told */
    bool has_pub;
    struct ed25519_pub pub; /* told once a run: it does not change in between */
};

void host_vrf_init(struct host_vrf *h, struct vrf_source source, uint64_t request_id,
                   struct str account_id);
struct host_server host_vrf_server(struct host_vrf *h); /* borrows `h` */

/* Draws with a key in this process, which is borrowed. */
struct vrf_source vrf_source_key(struct ed25519_key *key);

#endif
