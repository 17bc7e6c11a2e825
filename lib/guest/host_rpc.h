/*
 * host_rpc.h — near:rpc/api served: a guest asks a NEAR node through its supervisor.
 *
 * The node is the one that whoever runs the guest has chosen; its address is not told. A
 * transaction is signed with a key that the guest has brought, never with one of ours; the key is
 * wiped when the transaction is signed and is in no error. What a node may be asked is rpc_ask.h's.
 *
 * Thread: that of the guest. One run at a time: init it for each.
 */
#ifndef GUEST_HOST_RPC_H
#define GUEST_HOST_RPC_H

#include "engine/host.h"
#include "near/rpc.h"

#define HOST_RPC_ANSWER_MAX (HOST_TOLD_MAX - 1024)
#define HOST_RPC_RUN_MAX    (64u << 20) /* bytes of all answers of one run */

struct host_rpc {
    struct rpc *rpc; /* borrowed */
    bool read_only;  /* refuse transactions */
    uint64_t bytes;  /* of answers so far */
    /* The key that signed last and its nonce, which the node may not have seen yet. */
    struct ed25519_pub key;
    uint64_t nonce;
};

void host_rpc_init(struct host_rpc *h, struct rpc *rpc, bool read_only);
struct host_server host_rpc_server(struct host_rpc *h); /* borrows `h` */

/* ---- for host_rpc_tx.c ---- */

/* `call` and `transfer`: sign, send, wait; the transaction's hash is appended. */
MUST_USE enum err host_rpc_transact(struct host_rpc *h, const struct host_call *c, struct buf *out,
                                    struct buf *why);
/* The sentence for the guest: as it is when the node said it, else without the node's address. */
enum err host_rpc_fault(const struct host_rpc *h, enum err e, struct buf *why);

#endif
