/* apply_internal.h — shared by the files of the runtime. */
#ifndef DEVNET_APPLY_INTERNAL_H
#define DEVNET_APPLY_INTERNAL_H

#include "devnet/apply.h"

enum returned { RETURNED_NONE, RETURNED_VALUE, RETURNED_RECEIPT };

/* One action receipt while it runs. */
struct exec {
    struct apply *ap;
    const struct receipt *r;
    struct arena *scratch; /* for what does not outlive the receipt */
    bool has_account;
    struct account account; /* of the receiver; written back at the end */
    struct account_id actor;
    bool created; /* it made an account */

    struct vm_promise_result *inputs;
    size_t n_inputs;

    uint64_t gas_burnt, gas_used, gas_call; /* gas_call: burnt by contract code */
    u128 tokens_burnt;                      /* by actions */
    struct str error;                       /* ActionErrorKind; ptr NULL: none */
    int error_index;                        /* -1: null */
    enum returned returned;
    struct str value;
    size_t return_receipt; /* into `out` */
    LIST(struct str) logs;
    LIST(struct receipt *) out;
    uint64_t profile_ext[EXT_COUNT], profile_action[ACTION_COUNT], profile_wasm;
};

/* derive(base, height, salt) of the protocol. */
struct hash256 derive_id(const struct hash256 *base, uint64_t height, uint64_t salt);
struct hash256 action_hash(const struct receipt *r, uint64_t height, size_t action);

/* End what was changed under a new group of this cause. */
void apply_close(struct apply *ap, enum cause_kind kind, const struct hash256 *hash);
/* Hand a receipt to its route; its id is set. */
void apply_emit(struct apply *ap, struct receipt *r);
struct outcome *apply_outcome(struct apply *ap, const struct hash256 *id);
/* A receipt with nothing but sender, receiver and cause. */
struct receipt *receipt_new(struct apply *ap, const struct hash256 *tx_hash, struct str predecessor,
                            struct str receiver);

/* Run one action receipt whose inputs have all arrived. */
void exec_receipt(struct apply *ap, const struct receipt *r);

/* Run action `i`; a failure is left in `e->error`. */
void exec_action(struct exec *e, size_t i);
void exec_call(struct exec *e, size_t i);
void exec_delegate(struct exec *e, const struct delegate *d);
void exec_fail(struct exec *e, struct str kind);

/* A receipt of the system: its signer pays nothing and nothing comes back. */
struct receipt *refund_new(struct apply *ap, const struct hash256 *tx_hash, struct str receiver,
                           u128 amount);

/* ---- yields */
void yield_created(struct apply *ap, struct str account, const struct hash256 *data_id,
                   const struct hash256 *own_id);
void yield_arrived(struct apply *ap, const struct receipt *r);
/* The stored receipt, taken out of the state; NULL when there is none (any more). */
struct receipt *yield_take(struct apply *ap, const struct receipt *resume);
bool yield_is_pending(const struct apply *ap, struct str account, const struct hash256 *data_id);
bool yield_by_own_id(const struct apply *ap, struct str account, const struct hash256 *own_id,
                     struct hash256 *data_id);
void yield_resumed(struct apply *ap, struct str account, const struct hash256 *data_id);
void yield_queue_timeout(struct apply *ap, struct str account, const struct hash256 *data_id);
void yields_expire(struct apply *ap);

#endif
