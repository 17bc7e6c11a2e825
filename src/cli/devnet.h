/*
 * devnet.h — what the parts of `outlayer devnet` share.
 *
 * Every part but `start` talks to a chain that runs, at --rpc-url, and finds keys in the chain's
 * home folder, credentials/localnet/<account>.json, the layout near tools read.
 */
#ifndef CLI_DEVNET_H
#define CLI_DEVNET_H

#include "near/rpc.h"

#define DEVNET_ROOT "test"

struct devnet_opts {
    const char *home, *rpc_url, *genesis, *from, *amount;
    uint64_t port, block_time, protocol, yield_blocks;
    bool instant, json, write;
};

/* Each gives the exit status; `argv` are the words after the part's name. */
int devnet_accounts(const struct devnet_opts *o, struct rpc *rpc);
int devnet_fund(const struct devnet_opts *o, struct rpc *rpc, const char *account,
                const char *amount);
int devnet_import(const struct devnet_opts *o, struct rpc *rpc, const char *account);

/* Print the entry for near-cli-rs, or write it (and the keys) to where near-cli-rs looks. */
int devnet_near_cli(const struct devnet_opts *o);

#endif
