/*
 * devnet.h — what the parts of `outlayer devnet` share.
 *
 * Every part but `start` talks to a chain that runs, at --rpc-url, and finds keys in the chain's
 * home folder, credentials/localnet/<account>.json, the layout near tools read.
 */
#ifndef CLI_DEVNET_H
#define CLI_DEVNET_H

#include "near/rpc.h"
#include "near/tx.h"

#define DEVNET_ROOT "test"
#define DEVNET_PATH 4096 /* bytes of a path */

struct devnet_opts {
    const char *home, *rpc_url, *genesis, *from, *amount, *as, *deposit;
    uint64_t port, block_time, protocol, yield_blocks, tgas;
    bool instant, json, write;
};

/* Each gives the exit status; `argv` are the words after the part's name. */
int devnet_accounts(const struct devnet_opts *o, struct rpc *rpc);
int devnet_fund(const struct devnet_opts *o, struct rpc *rpc, const char *account,
                const char *amount);
/* The account is made when it is not there. */
int devnet_deploy(const struct devnet_opts *o, struct rpc *rpc, const char *account,
                  const char *file);
int devnet_call(const struct devnet_opts *o, struct rpc *rpc, const char *account,
                const char *method, const char *args);
int devnet_view(struct rpc *rpc, const char *account, const char *method, const char *args);
int devnet_import(const struct devnet_opts *o, struct rpc *rpc, const char *account);

/* Print the entry for near-cli-rs, or write it (and the keys) to where near-cli-rs looks. */
int devnet_near_cli(const struct devnet_opts *o);

/* The file of an account's key; the folder of all of them without one. */
void devnet_credentials(const struct devnet_opts *o, const char *account, char out[DEVNET_PATH]);
/* Sign, send, wait. ERR_UPSTREAM: the chain refused it, `why` has its words. */
MUST_USE enum err devnet_send(struct rpc *rpc, const struct near_key *key, struct str to,
                              const struct action *actions, size_t n, struct buf *why);

#endif
