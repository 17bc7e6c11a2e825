/*
 * rpc_ask.h — calls of near:rpc/api as the JSON-RPC questions that they are.
 *
 * A guest's words become members of JSON here and nowhere else. What a node would do for its
 * operator only (sandbox_…) is not asked: `raw` takes the methods that every public node offers.
 *
 * Source: OutLayer's guest interfaces (near:rpc); the JSON-RPC pages of docs.near.org.
 */
#ifndef GUEST_RPC_ASK_H
#define GUEST_RPC_ASK_H

#include "engine/host.h"
#include "near/rpc.h"

struct rpc_ask {
    const char *method;
    bool transaction; /* it may change the chain */
    uint32_t timeout_ms;
};

/*
 * Any function but `call` and `transfer`.
 *
 *   params  JSON, appended
 *
 * ERR_FORMAT, ERR_RANGE, ERR_DENIED: `why` is for the guest
 */
MUST_USE enum err rpc_ask_make(const struct host_call *c, struct rpc_ask *out, struct buf *params,
                               struct buf *why);
/* NONE … FINAL; empty is `otherwise`. ERR_FORMAT. */
MUST_USE enum err rpc_ask_wait(struct str text, enum tx_wait otherwise, enum tx_wait *out,
                               struct buf *why);

#endif
