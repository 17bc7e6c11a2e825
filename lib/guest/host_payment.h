/*
 * host_payment.h — near:payment/api served: a guest gives back part of the USD that came with its
 * request.
 *
 * Once in a run, and at most what came. Whoever runs the guest gives it back when the run succeeds,
 * and only then.
 *
 * Thread: that of the guest. One run at a time: init it for each.
 */
#ifndef GUEST_HOST_PAYMENT_H
#define GUEST_HOST_PAYMENT_H

#include "engine/host.h"

struct host_payment {
    u128 attached_usd; /* millionths */
    uint64_t refund_usd;
    bool asked;
};

void host_payment_init(struct host_payment *h, u128 attached_usd);
struct host_server host_payment_server(struct host_payment *h); /* borrows `h` */

#endif
