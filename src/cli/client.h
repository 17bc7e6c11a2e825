/*
 * client.h — a user's account and the OutLayer contract: what commands ask and what they send.
 *
 * A transaction is signed once. What was sent and not answered is sent again with the same bytes,
 * so it happens once or not at all.
 *
 * Memory: answers are the caller's; `struct json` and `struct outcome` borrow from them.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "near/outcome.h"
#include "near/rpc.h"
#include "proc/options.h"

#define CLIENT_TGAS    UINT64_C(1000000000000)
#define CLIENT_WAIT_MS 60000 /* for a call that needs no worker */

struct client_opts {
    const char *rpc_url, *contract_id, *key_file;
};
#define CLIENT_DEFAULTS                                                                            \
    {                                                                                              \
        .rpc_url = "http://127.0.0.1:3030", .contract_id = "outlayer.test"                         \
    }
/* Their rows in a command's table; `client` is the member of its struct. */
#define CLIENT_OPTIONS(type)                                                                       \
    OPT_TEXT("key-file", "FILE", type, client.key_file, "OUTLAYER_KEY_FILE",                       \
             "key of your account, mode 0600"),                                                    \
        OPT_TEXT("rpc-url", "URL", type, client.rpc_url, "OUTLAYER_RPC_URL",                       \
                 "a NEAR node (default http://127.0.0.1:3030)"),                                   \
        OPT_TEXT("contract-id", "ACCOUNT", type, client.contract_id, "OUTLAYER_CONTRACT_ID",       \
                 "the OutLayer contract (default outlayer.test)")

struct client {
    struct rpc *rpc;
    struct str contract_id;
    struct near_key key; /* zero when no file was given */
};

/* Nothing is asked yet. ERR_FORMAT: an option is wrong, or the key is needed and not given. */
MUST_USE enum err client_open(struct client *c, const struct client_opts *o, bool need_key,
                              struct buf *why);
void client_close(struct client *c);               /* wipes the key; fine on a zero one */
struct str client_account(const struct client *c); /* empty without a key */

/* What a view answers, as JSON. ERR_DENIED: the contract refused, in its words. */
MUST_USE enum err client_view(struct client *c, const char *method, struct str args,
                              struct buf *answer, struct json *out, struct buf *why);

struct client_call {
    const char *method;
    struct str args;
    uint64_t gas;
    u128 deposit;
    uint64_t wait_ms;
};
/* Sign, send, wait until all of it has run, well or not. */
MUST_USE enum err client_send(struct client *c, const struct client_call *call, struct buf *answer,
                              struct outcome *out, struct buf *why);
/* The same where a failure is an error. ERR_DENIED: `why` has the contract's words. `tx` may be
 * NULL. */
MUST_USE enum err client_transact(struct client *c, const struct client_call *call,
                                  struct hash256 *tx, struct buf *why);

#endif
