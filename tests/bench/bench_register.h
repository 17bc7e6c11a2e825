/* bench_register.h — what bench_contract measures of registration and statements. */
#ifndef TESTS_BENCH_REGISTER_H
#define TESTS_BENCH_REGISTER_H

#include <stdint.h>

void bench_register(uint32_t protocol);
void bench_statement(uint32_t protocol);

#endif
