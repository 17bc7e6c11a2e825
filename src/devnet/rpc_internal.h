/*
 * rpc_internal.h — one request while it is answered.
 *
 * A method reads `params`, writes its result into `out` and says ANSWERED; or describes a failure
 * with one of the call_… functions below (whose result it returns); or says WAITING, and is called
 * again from the start after the next block. What it must remember between, and only that, is in
 * `struct memory`.
 */
#ifndef DEVNET_RPC_INTERNAL_H
#define DEVNET_RPC_INTERNAL_H

#include "codec/json.h"
#include "devnet/rpc.h"

enum answer { ANSWERED, FAILED, WAITING };

struct memory {
    uint64_t deadline_ms; /* 0: not set yet */
    bool sent;            /* the transaction was submitted */
    bool follows;         /* it waits for `hash` to reach `level`, and for nothing else */
    int level;
    struct hash256 hash;
    uint64_t ticket; /* of a patch or a fast-forward; 0: none yet */
};

struct call {
    struct chain *chain;
    struct arena *a; /* of the request */
    struct memory *mem;
    struct json id, params;
    struct str method;
    struct buf out;  /* the result; or of a failure the error object */
    unsigned status; /* HTTP */
};

typedef enum answer rpc_method(struct call *c);

/* ---- failures */
enum answer call_parse_error(struct call *c, struct str what);
/*
 * A failure that the method's definition lists. `info`: JSON object or ptr NULL; `data`: JSON.
 */
enum answer call_handler_error(struct call *c, const char *cause, struct str info, struct str data);
enum answer call_handler_text(struct call *c, const char *cause, struct str info, const char *fmt,
                              ...) PRINTF_LIKE(4, 5);
enum answer call_internal(struct call *c, struct str what);
enum answer call_timeout(struct call *c);
/* WAITING until the call's deadline (`ms` from its start), then false. */
bool call_may_wait(struct call *c, uint64_t ms);

/* ---- parameters */
/* Member of the params object, or item of the array when params are positional (`at`; -1: never).
 */
struct json call_param(const struct call *c, const char *name, int at);
/* A string without escapes; false: absent or another type. */
bool call_text(const struct call *c, const char *name, int at, struct str *out);
bool call_account(struct call *c, const char *name, struct account_id *out, enum answer *fail);
bool call_key(struct call *c, const char *name, struct public_key *out, enum answer *fail);
bool call_hash(struct call *c, const char *name, int at, struct hash256 *out, enum answer *fail);
bool call_base64(struct call *c, struct json v, const char *name, struct str *out,
                 enum answer *fail);

/* Which block: `block_id`, `finality` or `sync_checkpoint`. False: `*fail` is the answer. */
bool call_block(struct call *c, struct reader *r, const struct block **out, enum answer *fail);
/* The same of one JSON value: a height or a hash; null: the head. */
bool call_block_id(struct call *c, struct reader *r, struct json id, const struct block **out,
                   enum answer *fail);

/* JSON text in the arena of the request. */
struct str call_json(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- methods, by file */
rpc_method rpc_query, rpc_view_account, rpc_view_code, rpc_view_state, rpc_view_access_key,
    rpc_view_access_key_list, rpc_call_function;
rpc_method rpc_tx, rpc_tx_status, rpc_send_tx, rpc_broadcast_commit, rpc_broadcast_async,
    rpc_receipt, rpc_receipt_to_tx;
rpc_method rpc_block, rpc_chunk, rpc_gas_price, rpc_changes, rpc_changes_in_block,
    rpc_light_client_proof, rpc_next_light_block, rpc_light_block_proof;
rpc_method rpc_status, rpc_health, rpc_network_info, rpc_validators, rpc_protocol_config,
    rpc_genesis_config, rpc_validators_ordered, rpc_congestion, rpc_maintenance, rpc_split_storage,
    rpc_client_config;
rpc_method rpc_patch_state, rpc_fast_forward, rpc_snapshot_save, rpc_snapshot_load;

/* A request that follows a transaction has nothing to say yet. */
bool tx_still_waits(struct reader *r, const struct memory *mem);
void status_put(struct chain *chain, struct buf *out);
void network_info_put(struct chain *chain, struct buf *out);

/* ---- dispatch */
/* Answer one JSON-RPC body; FAILED and ANSWERED fill `out` with the whole envelope. */
enum answer rpc_dispatch(struct chain *chain, struct arena *a, struct memory *mem, struct str body,
                         struct buf *out, unsigned *status);

/* ---- the block stream */
struct neardata_answer {
    unsigned status;
    const char *location; /* redirect; NULL: none */
};
/* False: not one of its paths. WAITING as above. */
bool neardata_handle(struct chain *chain, struct http_req *req, struct memory *mem, struct buf *out,
                     struct neardata_answer *how, enum answer *answer);

#endif
