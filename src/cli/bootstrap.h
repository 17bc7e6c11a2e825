/*
 * bootstrap.h — accounts and contracts of a local network, made by signed transactions.
 *
 * Everything is checked on the chain first, so a second start on the same home finds what is there
 * and adds only what is missing. Keys are written to disk before the transaction that uses them.
 *
 *     outlayer.test         the contract, its own owner
 *     worker.outlayer.test  the operator, with the register contract: the worker registers there
 *                           by its SIMULATED quote and gets a key that can call four methods;
 *                           another key of it can publish files
 *     init.outlayer.test    pays for registrations
 *     alice.test            a user
 *     caller.test           a user's contract (contracts/examples/caller)
 *
 * Memory: texts in the network's arena.
 */
#ifndef CLI_BOOTSTRAP_H
#define CLI_BOOTSTRAP_H

#include "cli/local_register.h"
#include "cli/network.h"
#include "near/rpc.h"

#define LOCAL_NETWORK_ID  "localnet"
#define ACCOUNT_OUTLAYER  "outlayer.test"
#define ACCOUNT_OPERATOR  "worker.outlayer.test"
#define ACCOUNT_REGISTRAR "init.outlayer.test"
#define ACCOUNT_USER      "alice.test"
#define ACCOUNT_CALLER    "caller.test"
#define ACCOUNT_FASTFS    "fastfs.test" /* files are sent to it; it need not be there */

struct bootstrap {
    struct network *net;
    struct rpc *rpc;
    const char *root_key_file;   /* of `test`, written by the chain */
    const char *init_key_file;   /* where the key goes that the worker registers with */
    const char *fastfs_key_file; /* and the one that it publishes files with */
    const char *simulator_dir;   /* of the machines that the register contract takes */
    struct local_register reg;   /* set by bootstrap_prepare */
    /* Set by bootstrap_run: */
    size_t made, found; /* accounts */
    size_t outlayer_size, caller_size, register_size;
};

/* Make the keys and the simulator that are not there yet: who uses them may start. */
MUST_USE enum err bootstrap_prepare(struct bootstrap *b, struct buf *why);
/* Make the accounts and contracts. */
MUST_USE enum err bootstrap_run(struct bootstrap *b, struct buf *why);

/* Where the full-access key of a local account lies. */
const char *bootstrap_key_file(struct network *n, const char *account_id);

/*
 * Sign and send without waiting.
 *
 *   nonce   in and out: the last one used; 0 asks the chain
 */
struct action;
MUST_USE enum err bootstrap_send(struct rpc *rpc, const struct near_key *key, const char *receiver,
                                 const struct action *actions, size_t n, uint64_t *nonce,
                                 struct hash256 *hash, struct buf *why);

/* A random token for `path`, unless it is there; as 64 hex digits. */
MUST_USE enum err bootstrap_token(const char *path, struct buf *why);

#endif
