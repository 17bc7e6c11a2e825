/*
 * vm.h — run one method of a smart contract exactly as the NEAR chain would: host functions,
 * registers, limits, error texts and gas to the unit.
 *
 * A `struct vm` holds the engine and the compiled modules for one protocol version. vm_call() runs
 * a method in a fresh instance; what the contract reads it gets from `struct vm_context` and
 * `struct vm_ext`, what it wants done (receipts, logs, value) comes back in `struct vm_outcome`.
 * Storage writes go straight to `vm_ext`: the caller rolls them back when the outcome is a failure.
 *
 * Not checked here: account existence, action validation of created receipts, storage staking.
 *
 * Memory: everything in an outcome lives in the arena given to vm_call() (or borrows from the
 * context). Bytes that vm_ext functions hand out are borrowed until the next call of any of them.
 * Thread: any number of threads may call vm_call() on one vm at once, each with its own arena and
 * vm_ext. A contract may use up to 4 MiB of the calling thread's stack: give it 8.
 *
 * Source: nearcore docs (Runtime specification: bindings, fees, preparation), NEP-264, NEP-366,
 * NEP-488, NEP-519, NEP-591, NEP-611, NEP-616.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include "base/arena.h"
#include "base/def.h"
#include "base/err.h"
#include "base/str.h"
#include "vm/params.h"

/* ------------------------------------------------------------------ the machine */

struct vm;

struct vm_options {
    uint32_t protocol;      /* 79 or 88 */
    size_t modules_max;     /* compiled modules kept in memory; 0: 64 */
    uint32_t instances_max; /* calls running at once, over all threads; 0: 8 */
    const char *cache_dir;  /* compiled modules kept on disk too; NULL: not */
};

MUST_USE enum err vm_new(const struct vm_options *o, struct vm **out, struct buf *why);
void vm_free(struct vm *vm);
const struct params *vm_params(const struct vm *vm);

/* ------------------------------------------------------------------ what a call sees */

/* Where the code of the current account comes from; the numbers are what the contract is told. */
enum vm_code_origin { VM_CODE_NONE, VM_CODE_LOCAL, VM_CODE_GLOBAL_HASH, VM_CODE_GLOBAL_ACCOUNT };

/* One input of a callback. */
struct vm_promise_result {
    bool ok;         /* false: the promise failed, or the yield timed out */
    struct str data; /* when ok */
};

struct vm_context {
    struct str current_account;
    struct str signer_account;
    struct str signer_pk; /* borsh: curve byte, then the key */
    struct str predecessor_account;
    struct str refund_to; /* who gets deposit refunds; ptr NULL: the predecessor */
    struct str method;
    struct str input;
    uint64_t block_height;
    uint64_t block_timestamp; /* ns */
    uint64_t epoch_height;
    u128 balance; /* of the account, without `attached_deposit` */
    u128 locked_balance;
    u128 attached_deposit;
    uint64_t storage_usage;
    uint64_t prepaid_gas; /* attached to this call; ignored in views */
    uint8_t random_seed[32];
    struct str chain_id;
    bool view;
    uint64_t view_gas_max; /* 0: the protocol's */
    const struct vm_promise_result *promise_results;
    size_t n_promise_results;
    /* Accounts that get the value of this receipt: value_return pays for sending it to them. */
    const struct str *output_receivers;
    size_t n_output_receivers;

    /* The code itself. `code.ptr` NULL: the account has none. `code_hash` must be its SHA-256. */
    struct str code;
    uint8_t code_hash[32];
    enum vm_code_origin code_origin;
    struct str code_account; /* VM_CODE_GLOBAL_ACCOUNT: whose */
};

/* Trie nodes that one access walks; all zero when the chain has no trie. */
struct vm_touch {
    uint64_t fresh;  /* first touch in this chunk */
    uint64_t cached; /* touched before */
};

/*
 * The chain under the call. Every function gets `arg`; one that cannot do its work (a disk fault)
 * returns an error and a sentence, and vm_call() gives up with that error.
 */
struct vm_ext {
    void *arg;
    /* Value under `key` of the current account; ptr NULL when there is none. */
    enum err (*storage_read)(void *arg, struct str key, struct str *value, struct buf *why);
    /* Both answer the replaced value (ptr NULL: none) and the nodes walked. */
    enum err (*storage_write)(void *arg, struct str key, struct str value, struct str *old,
                              struct vm_touch *touch, struct buf *why);
    enum err (*storage_remove)(void *arg, struct str key, struct str *old, struct vm_touch *touch,
                               struct buf *why);
    enum err (*storage_has)(void *arg, struct str key, bool *there, struct buf *why);
    /* Next data id of this action: one per dependency and one per yield, in order. */
    void (*data_id)(void *arg, uint8_t out[32]);
    /*
     * Is this yield of the current account pending (created before this call, not delivered)?
     * The vm itself knows those of the running call.
     */
    enum err (*yield_pending)(void *arg, const uint8_t data_id[32], bool *yes, struct buf *why);
    /* The same for an id that the contract chose; when pending also its data id. */
    enum err (*yield_id_pending)(void *arg, const uint8_t yield_id[32], bool *yes,
                                 uint8_t data_id[32], struct buf *why);
    u128 (*validator_stake)(void *arg, struct str account); /* 0: no validator */
    u128 (*validator_total_stake)(void *arg);
};

/* ------------------------------------------------------------------ what a call leaves */

/* The numbers are the actions' tags on the wire. */
enum vm_action_kind {
    VM_CREATE_ACCOUNT = 0,
    VM_DEPLOY_CONTRACT = 1,
    VM_FUNCTION_CALL = 2,
    VM_TRANSFER = 3,
    VM_STAKE = 4,
    VM_ADD_KEY = 5,
    VM_DELETE_KEY = 6,
    VM_DELETE_ACCOUNT = 7,
    VM_DEPLOY_GLOBAL = 9,
    VM_USE_GLOBAL = 10,
    VM_STATE_INIT = 11,
    VM_TRANSFER_TO_GAS_KEY = 12,
    VM_UNIVERSAL_STATE_INIT = 15,
};

/* The numbers are the permissions' tags on the wire. */
enum vm_permission {
    VM_KEY_FUNCTION_CALL = 0,
    VM_KEY_FULL_ACCESS = 1,
    VM_GAS_KEY_FUNCTION_CALL = 2,
    VM_GAS_KEY_FULL_ACCESS = 3,
};

struct vm_entry {
    struct str key, value;
};

struct vm_action {
    enum vm_action_kind kind;
    u128 amount;  /* deposit, stake, or allowance of a key */
    uint64_t gas; /* FUNCTION_CALL, with its share of what was left over */
    uint64_t gas_weight;
    uint64_t nonce; /* ADD_KEY */
    struct str method, args;
    struct str code;       /* DEPLOY_CONTRACT, DEPLOY_GLOBAL; UNIVERSAL_STATE_INIT: the payload */
    struct str public_key; /* borsh */
    struct str account;    /* DELETE_ACCOUNT: beneficiary; ADD_KEY: the key's receiver;
                              USE_GLOBAL and STATE_INIT by account: whose code */
    bool by_account;       /* DEPLOY_GLOBAL, USE_GLOBAL, STATE_INIT: not by code hash */
    uint8_t code_hash[32]; /* USE_GLOBAL, STATE_INIT */
    enum vm_permission permission;
    bool has_allowance;
    uint16_t num_nonces; /* gas keys */
    const struct str *method_names;
    size_t n_method_names;
    const struct vm_entry *entries; /* STATE_INIT, sorted by key */
    size_t n_entries;
};

struct vm_data_receiver {
    uint8_t data_id[32];
    struct str receiver;
};

struct vm_receipt {
    struct str receiver;
    struct str refund_to; /* ptr NULL: not set */
    bool yield;           /* PromiseYield: waits for inputs[0] */
    bool has_yield_id;
    uint8_t yield_id[32];
    const uint8_t (*inputs)[32];
    size_t n_inputs;
    const struct vm_data_receiver *outputs;
    size_t n_outputs;
    const struct vm_action *actions;
    size_t n_actions;
};

/* Made by promise_yield_resume; numbered after all action receipts, in this order. */
struct vm_resume {
    uint8_t data_id[32];
    struct str data;
    bool plain; /* an ordinary Data receipt: the yield was created and resumed in one call (79) */
};

enum vm_fail {
    VM_OK,
    VM_FAIL_EXECUTION, /* host error, trap, link error: text says which */
    VM_FAIL_METHOD,    /* text: MethodNotFound, MethodEmptyName, MethodInvalidSignature */
    VM_FAIL_NO_CODE,   /* CompilationError/CodeDoesNotExist */
    VM_FAIL_PREPARE,   /* CompilationError/PrepareError; text: its name */
};

enum vm_return { VM_RETURN_NONE, VM_RETURN_VALUE, VM_RETURN_RECEIPT };

struct vm_outcome {
    enum vm_fail fail;
    struct str text;    /* the text clients see, see enum vm_fail */
    struct str debug;   /* the same as failed view calls show it, e.g. HostError(GasExceeded) */
    uint64_t gas_burnt; /* by the call itself, without fees of the FunctionCall action */
    /* Burnt + reserved for receipts created, spread gas included. Of a failed call only gas_burnt
     * is owed, whatever was reserved. */
    uint64_t gas_used;
    uint64_t gas_spread; /* what was left over and given to calls with a weight */
    uint64_t compute_used;
    u128 balance;    /* of the account afterwards, attached deposit added, spent taken */
    u128 subsidized; /* of what was attached to calls, this much came out of nothing (one yocto) */
    uint64_t storage_usage;
    enum vm_return returns; /* on failure VM_RETURN_NONE, and no receipts */
    struct str value;
    size_t return_receipt;  /* index into receipts */
    const struct str *logs; /* also on failure */
    size_t n_logs;
    const struct vm_receipt *receipts;
    size_t n_receipts;
    const struct vm_resume *resumes;
    size_t n_resumes;
    /* Gas by cost, for the profile of the outcome. */
    uint64_t profile_ext[EXT_COUNT];
    uint64_t profile_action[ACTION_COUNT]; /* the part burnt at creation */
    uint64_t profile_wasm;                 /* instructions */
};

/*
 * Run `c->method`. ERR_OK also when the contract fails: that is an outcome. Other results mean
 * that the machine or `x` broke and nothing is known about the call.
 */
MUST_USE enum err vm_call(struct vm *vm, struct arena *a, const struct vm_context *c,
                          const struct vm_ext *x, struct vm_outcome *out, struct buf *why);

/*
 * The failure as JSON of outcomes shows it, e.g. {"ExecutionError":"Exceeded the prepaid gas."}:
 * what stands under "FunctionCallError". Not for VM_OK.
 */
void vm_fail_put_json(struct buf *out, const struct vm_context *c, const struct vm_outcome *o);

/* The text of a failed view call, e.g. "wasm execution failed with error: …" as RPC shows it. */
void vm_fail_put_view(struct buf *out, const struct vm_outcome *o);

#endif
