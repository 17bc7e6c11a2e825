/*
 * action.h — what a transaction does: every action of protocol 79 and those added up to 88.
 *
 * Borsh both ways. Decoding takes any well-formed bytes within the limits below and leaves the
 * rules (how many actions, how long a method name, which protocol knows which tag) to the caller,
 * so a node can answer with the error the rule has.
 *
 * Memory: strings borrow from the bytes read, lists live in the arena.
 * Source: nearcore core/primitives (actions), NEP-366 (delegate), NEP-591 (global contracts),
 * NEP-611 (gas keys), NEP-616 (deterministic accounts).
 */
#ifndef NEAR_ACTION_H
#define NEAR_ACTION_H

#include "base/arena.h"
#include "codec/wire.h"
#include "crypto/hash.h"
#include "near/key.h"

#define TX_SIZE_MAX          1572864 /* bytes of a transaction without its signature */
#define ACTION_BYTES_MAX     4194304 /* of one code or argument: receipts of contracts carry more */
#define ACTIONS_MAX          4096    /* taken by the decoder; the protocol allows 100 */
#define ACTION_STRINGS_MAX   4096    /* method names of one access key */
#define STATE_INIT_ENTRY_MAX 4096

enum action_kind {
    ACTION_CREATE_ACCOUNT = 0,
    ACTION_DEPLOY_CONTRACT = 1,
    ACTION_FUNCTION_CALL = 2,
    ACTION_TRANSFER = 3,
    ACTION_STAKE = 4,
    ACTION_ADD_KEY = 5,
    ACTION_DELETE_KEY = 6,
    ACTION_DELETE_ACCOUNT = 7,
    ACTION_DELEGATE = 8,
    ACTION_DEPLOY_GLOBAL_CONTRACT = 9,
    ACTION_USE_GLOBAL_CONTRACT = 10,
    ACTION_DETERMINISTIC_STATE_INIT = 11,
    ACTION_TRANSFER_TO_GAS_KEY = 12,
    ACTION_WITHDRAW_FROM_GAS_KEY = 13,
    ACTION_DELEGATE_V2 = 14,
    ACTION_UNIVERSAL_STATE_INIT = 15,
};

enum permission_kind {
    PERMISSION_FUNCTION_CALL = 0,
    PERMISSION_FULL_ACCESS = 1,
    PERMISSION_GAS_KEY_FUNCTION_CALL = 2,
    PERMISSION_GAS_KEY_FULL_ACCESS = 3,
};

struct access_key {
    uint64_t nonce;
    enum permission_kind kind;
    bool has_allowance; /* no allowance: unlimited */
    u128 allowance;
    struct str receiver_id; /* any text, as nodes have it */
    const struct str *methods;
    size_t nmethods; /* none: any method */
    u128 gas_balance;
    uint16_t gas_nonces;
};

/* Which nonce of a key: ordinary keys have one, gas keys several. */
struct tx_nonce {
    uint64_t nonce;
    bool has_index;
    uint16_t index;
};

/* A global contract, by the hash of its code or by the account that keeps it up to date. */
struct global_id {
    bool by_account;
    struct hash256 hash;
    struct str account_id;
};

struct state_entry {
    struct str key, value;
};

struct action;
struct delegate {
    uint8_t version; /* 1 (tag 8) or 2 (tag 14) */
    struct str sender_id, receiver_id;
    const struct action *actions;
    size_t nactions;
    struct tx_nonce nonce;
    uint64_t max_block_height;
    struct public_key key;
    struct signature signature;
    struct hash256 digest; /* what the signature signs; set by reading */
};

struct action {
    enum action_kind kind;
    union {
        struct str code; /* DEPLOY_CONTRACT */
        struct {
            struct str method, args;
            uint64_t gas;
            u128 deposit;
        } call;       /* FUNCTION_CALL */
        u128 deposit; /* TRANSFER */
        struct {
            u128 amount;
            struct public_key key;
        } stake; /* STAKE */
        struct {
            struct public_key key;
            struct access_key access;
        } add_key;                       /* ADD_KEY */
        struct public_key key;           /* DELETE_KEY */
        struct str beneficiary_id;       /* DELETE_ACCOUNT */
        const struct delegate *delegate; /* DELEGATE, DELEGATE_V2 */
        struct {
            struct str code;
            bool by_account;
        } deploy_global;             /* DEPLOY_GLOBAL_CONTRACT */
        struct global_id use_global; /* USE_GLOBAL_CONTRACT */
        struct {
            struct global_id code;
            const struct state_entry *entries;
            size_t nentries;
            struct str raw; /* the state init as written: what the account id derives from */
            u128 deposit;
        } state_init; /* DETERMINISTIC_STATE_INIT */
        struct {
            struct public_key key;
            u128 amount;
        } gas_key; /* TRANSFER_TO_GAS_KEY, WITHDRAW_FROM_GAS_KEY */
        struct {
            struct str raw;
            u128 deposit;
        } universal; /* UNIVERSAL_STATE_INIT */
    };
};

void action_write(struct buf *out, const struct action *a);
/* u32 count and that many. */
void actions_write(struct buf *out, const struct action *list, size_t n);
/* Goes bad on an unknown tag, an invalid account id, or a delegate within a delegate. */
const struct action *actions_read(struct rd *r, struct arena *a, size_t *n);

void access_key_write(struct buf *out, const struct access_key *k);
struct access_key access_key_read(struct rd *r, struct arena *a);

void tx_nonce_write(struct buf *out, struct tx_nonce n); /* the tagged form of newer messages */
struct tx_nonce tx_nonce_read(struct rd *r);

/* An account id as text; bad unless valid. */
struct str account_id_read(struct rd *r);

/* SHA-256 of what a delegate's signature signs (NEP-461 prefix and the message). */
struct hash256 delegate_digest(const struct delegate *d);

#endif
