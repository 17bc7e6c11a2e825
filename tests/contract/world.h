/* world.h — the OutLayer contract deployed on the mock chain, with the people of the tests. */
#ifndef TESTS_CONTRACT_WORLD_H
#define TESTS_CONTRACT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sdk/mock/mock.h"

#define OUTLAYER "outlayer.test"
#define OWNER    "owner.test"
#define OPERATOR "worker.outlayer.test"
#define ALICE    "alice.test"
#define DICE     "dice.test" /* a contract */
#define MALLORY  "mallory.test"

#define NEAR_1   ((u128)1000000000000000000u * 1000000)
#define MILLI    (NEAR_1 / 1000)
#define ESTIMATE ((u128)7000100000000000u * 1000000) /* of the default limits */
#define BASE_FEE MILLI
#define HASH     "38f9166c1d6910fc8b616610d690b717686c5d79d201a1938b83d62607ee08e4"
#define WASM_SOURCE                                                                                \
    "\"source\":{\"WasmUrl\":{\"url\":\"https://x.example/a.wasm\",\"hash\":\"" HASH "\"}}"

int world_setup(void **state);    /* cmocka: a fresh chain, contract initialised */
int world_teardown(void **state); /* and gone; checks that no money was made or lost */

struct str z(const char *text);
/* More money, outside of what the teardown counts. */
void fund(const char *who, u128 amount);
/* A call that must end well / must fail with a text that contains `text`. */
size_t ok(const char *who, u128 deposit, const char *method, const char *args);
void fails(const char *who, u128 deposit, const char *method, const char *args, const char *text);
/* A view's value must be exactly this. */
void view_is(const char *method, const char *args, const char *value);
struct str view(const char *method, const char *args);
void view_fails(const char *method, const char *args, const char *text);

/* How a call that was pending has ended, once mock_run() ran. */
void ended_ok(size_t receipt, const char *value);
void ended_failed(size_t receipt, const char *text);
void still_waits(size_t receipt);

/* The operator's answers; `output` is tagged JSON or "null". 812345 instructions, 37 ms. */
void resolve_ok(uint64_t id, const char *output);
void resolve_failed(uint64_t id, const char *error);
#define COST_37MS ((u128)1003700000000000u * 1000000)

#endif
