/*
 * rpc.h — the node's face: JSON-RPC at POST /, a few GETs, the block stream.
 *
 * The HTTP thread only takes requests in; a few threads of our own answer them, for everything
 * looks at the chain, and views run contracts. A request that must wait (for a transaction, for a
 * block) goes back to sleep and is tried again after each block, until its own deadline.
 *
 * Source: docs.near.org/api/rpc; nearcore chain/jsonrpc.
 */
#ifndef DEVNET_RPC_H
#define DEVNET_RPC_H

#include "devnet/chain.h"
#include "http/server.h"

#define RPC_BODY_MAX         (16u << 20) /* bytes of a request */
#define RPC_RESULT_MAX       (96u << 20) /* bytes of an answer */
#define RPC_CONNS_MAX        2048
#define RPC_QUEUE_MAX        4096 /* requests that wait for a thread or for a block */
#define RPC_THREADS          4
#define RPC_TX_WAIT_MS       10000 /* a transaction; then 408 */
#define NEARDATA_WAIT_MS_MAX 60000

struct rpc;

MUST_USE enum err rpc_start(struct chain *c, const char *host, uint16_t port, struct rpc **out,
                            struct buf *why);
void rpc_stop(struct rpc *r);
uint16_t rpc_port(const struct rpc *r);
/* A block was made: waiting requests look again. For struct chain_opts. */
void rpc_on_block(void *rpc);

#endif
