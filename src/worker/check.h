/*
 * check.h — not believing the coordinator.
 *
 * Before anything runs, the request is read back from the contract and compared with what was
 * leased. What runs is what the chain says.
 */
#ifndef WORKER_CHECK_H
#define WORKER_CHECK_H

#include "near/request.h"
#include "near/rpc.h"

/*
 * Read request `claimed->id` back and compare.
 *
 *   height  the block the request was made in: a node that is behind it is asked again
 *   out     the request with the input from the chain; lives in `a`
 *
 * ERR_EMPTY     the contract has no such request any more: it is answered or cancelled
 * ERR_CONFLICT  the coordinator's copy says something else; `why` says what
 * ERR_BUSY      the node has not seen that block yet
 * others        the node: see rpc.h
 */
MUST_USE enum err check_request(struct rpc *rpc, struct str contract_id,
                                const struct request *claimed, uint64_t height, struct arena *a,
                                struct request *out, struct buf *why);
/* Is the request still waiting for an answer? ERR_OK or ERR_EMPTY, else the node. */
MUST_USE enum err check_pending(struct rpc *rpc, struct str contract_id, uint64_t request_id,
                                struct buf *why);
/* The comparison alone. */
MUST_USE enum err check_same(const struct request *claimed, const struct request *stored,
                             struct buf *why);

#endif
