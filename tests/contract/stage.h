/*
 * stage.h — the compiled contract in the virtual machine, call by call, with what each call cost.
 *
 * No receipts run here: the caller of stage_call() plays the chain, handing the callback its
 * result. Writes and removals walk STAGE_NODES trie nodes, of which half are new in their block; on
 * a real chain that depends on the trie.
 */
#ifndef TESTS_CONTRACT_STAGE_H
#define TESTS_CONTRACT_STAGE_H

#include "unit/vm/chain.h"

#define STAGE_NODES 8u
#define STAGE_ME    "outlayer.test"

struct stage {
    struct vm *vm;
    struct chain chain;
    struct arena a;
    struct str code;
    uint64_t time_ns;
    struct vm_outcome last;
    uint64_t args_len; /* method and arguments of the last call */
};

void stage_open(struct stage *s, uint32_t protocol, const char *wasm_file);
void stage_close(struct stage *s);

struct stage_call {
    const char *method;
    struct str args;
    const char *who;
    u128 deposit;
    const struct vm_promise_result *result; /* of a callback */
    bool view;
    uint64_t gas;  /* 0: 300 Tgas */
    bool answered; /* its value goes to a caller's callback */
};
/* Whether it ended well; `s->last` says how. A failed call leaves no trace in storage. */
bool stage_call(struct stage *s, struct stage_call c);

/* Gas of the last call as a whole: what its receipt burns, and the price of sending one like it. */
uint64_t stage_receipt_gas(const struct stage *s);
uint64_t stage_send_gas(const struct stage *s);
/* What the transfers that the last call made will burn. */
uint64_t stage_transfer_gas(const struct stage *s);
/* Of the last call, the gas for loading, storage and trie, logs, instructions. */
struct stage_shares {
    uint64_t loading, storage, logs, instructions;
};
struct stage_shares stage_shares(const struct stage *s);

#endif
