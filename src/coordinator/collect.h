/*
 * collect.h — collateral for the machines that workers run on, from Intel's service or a cache.
 *
 * Intel serves only what is current, so it is fetched while it is: when a worker brings an epoch
 * without collateral of its own, and again each day. A thread of its own asks; what comes is
 * signed by Intel and judged by whoever reads it.
 */
#ifndef COORDINATOR_COLLECT_H
#define COORDINATOR_COLLECT_H

#define COLLECT_NONE  "none"
#define COLLECT_DAY_S 86400

/* Until c->stop; c->collateral_url: a cache's base, NULL: Intel's. A thread's main function. */
void *collect_main(void *coord);

#endif
