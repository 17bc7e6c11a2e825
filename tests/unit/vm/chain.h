/* chain.h — a chain of one account for tests of lib/vm: storage in a list, nothing else. */
#ifndef TESTS_UNIT_VM_CHAIN_H
#define TESTS_UNIT_VM_CHAIN_H

#include "base/arena.h"
#include "vm/vm.h"

#define CHAIN_ROWS_MAX 256

struct chain_row {
    struct str key, value;
};

struct chain {
    struct arena a;
    struct chain_row rows[CHAIN_ROWS_MAX];
    size_t n_rows;
    uint64_t data_ids;
    struct vm_touch touch; /* what every write and removal walks */
    uint8_t pending[32];   /* a yield of an earlier call, when has_pending */
    bool has_pending;
    bool broken; /* every storage function fails */
    struct vm_ext ext;
};

/*
 * The engine catches traps with signal handlers, and cmocka puts its own in their place before
 * each test. vm_for_tests() makes a machine and remembers the engine's; chain_init() puts them
 * back.
 */
struct vm *vm_for_tests(uint32_t protocol);
void chain_init(struct chain *c);
void chain_release(struct chain *c);
void chain_set(struct chain *c, struct str key, struct str value);
struct str chain_get(const struct chain *c, struct str key); /* ptr NULL: none */

/* A context like the one of the pinned figures: 300 Tgas, 1 NEAR, method "m". */
struct vm_context chain_context(struct str code);

/* `hex` or WebAssembly text, assembled; lives in `a`. */
struct str chain_wasm(struct arena *a, const char *hex);
struct str chain_wat(struct arena *a, const char *text);

#endif
