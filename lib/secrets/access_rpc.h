/* access_rpc.h — a NEAR node as the chain that conditions are judged against. */
#ifndef SECRETS_ACCESS_RPC_H
#define SECRETS_ACCESS_RPC_H

#include "near/rpc.h"
#include "secrets/access.h"

/* Borrows `r`; same thread. */
struct access_chain access_chain_of(struct rpc *r);

#endif
