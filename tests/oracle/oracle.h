/* oracle.h — the reference side: the program built from src/, which runs the same calls. */
#ifndef TESTS_ORACLE_ORACLE_H
#define TESTS_ORACLE_ORACLE_H

#include "unit/vm/chain.h"

#define RESULTS_MAX 16

struct test {
    const char *file;
    struct str wasm, method, input;
    uint64_t gas, time;
    u128 balance, deposit;
    bool view, keep;
    struct vm_promise_result results[RESULTS_MAX];
    size_t n_results;
    struct str receivers[RESULTS_MAX];
    size_t n_receivers;
};

NORETURN void die(const char *what, const char *why);

void oracle_start(const char *program);
void oracle_stop(void);
/* What it says of the call, on a chain with these rows. */
void oracle_ask(const struct test *t, const struct chain *chain, struct buf *out);

#endif
