/*
 * throttle.h — how much a stranger may ask: each address has a bucket of BURST_S seconds' worth of
 * requests, which fills up at `rate` a second; what costs more than the usual takes more out of it.
 *
 * Behind a proxy all would be one address: what comes from `proxy` is counted by the last address
 * of its X-Forwarded-For, the one that the proxy itself has seen. An IPv6 address is counted by its
 * first 64 bits, which is what one subscriber has.
 *
 * Thread: the HTTP server's.
 */
#ifndef COORDINATOR_THROTTLE_H
#define COORDINATOR_THROTTLE_H

#include "http/server.h"

#define THROTTLE_BURST_S 10

struct throttle;

/* `rate` 0: no limit. `proxy`: an IPv4 address, host order; 0: there is none. */
struct throttle *throttle_new(uint64_t rate, uint32_t proxy);
void throttle_free(struct throttle *t); /* NULL is fine */

/* 0: go on; else the seconds after which it may be tried again. */
MUST_USE unsigned throttle_take(struct throttle *t, uint64_t who, uint64_t cost, uint64_t now_ms);
/* Whom a request is counted for: `forwarded` is its X-Forwarded-For. */
uint64_t throttle_who(const struct throttle *t, uint32_t peer, struct str forwarded);

#endif
