/*
 * host.h — what a contract can ask of the chain, as NEAR declares it: imports of module `env`.
 *
 * Every parameter is an i64; a pointer is passed as (uint64_t)(uintptr_t). Data comes back through
 * numbered registers. Prefer the wrappers of near.h: they know registers, lengths and panics.
 * Natively the same names are functions of mock/host.c.
 *
 * Source: nearcore, runtime/near-vm-runner/src/imports.rs (names and types).
 */
#ifndef SDK_HOST_H
#define SDK_HOST_H

#include <stdint.h>

#ifdef __wasm__
#define HOST(name) __attribute__((import_module("env"), import_name(#name)))
#else
#define HOST(name)
#endif

HOST(read_register) void host_read_register(uint64_t reg, uint64_t ptr);
HOST(register_len) uint64_t host_register_len(uint64_t reg);
HOST(current_account_id) void host_current_account_id(uint64_t reg);
HOST(signer_account_id) void host_signer_account_id(uint64_t reg);
HOST(signer_account_pk) void host_signer_account_pk(uint64_t reg);
HOST(predecessor_account_id) void host_predecessor_account_id(uint64_t reg);
HOST(input) void host_input(uint64_t reg);
HOST(block_index) uint64_t host_block_index(void);
HOST(block_timestamp) uint64_t host_block_timestamp(void);
HOST(storage_usage) uint64_t host_storage_usage(void);
HOST(account_balance) void host_account_balance(uint64_t ptr);
HOST(attached_deposit) void host_attached_deposit(uint64_t ptr);
HOST(prepaid_gas) uint64_t host_prepaid_gas(void);
HOST(used_gas) uint64_t host_used_gas(void);
HOST(random_seed) void host_random_seed(uint64_t reg);
HOST(sha256) void host_sha256(uint64_t len, uint64_t ptr, uint64_t reg);
HOST(ed25519_verify)
uint64_t host_ed25519_verify(uint64_t sig_len, uint64_t sig, uint64_t msg_len, uint64_t msg,
                             uint64_t pk_len, uint64_t pk);
/* Only where the protocol is 85 or newer: another module for older ones. `pk` is compressed. */
HOST(p256_verify)
uint64_t host_p256_verify(uint64_t sig_len, uint64_t sig, uint64_t digest_len, uint64_t digest,
                          uint64_t pk_len, uint64_t pk);
HOST(value_return) void host_value_return(uint64_t len, uint64_t ptr);
HOST(panic_utf8) void host_panic_utf8(uint64_t len, uint64_t ptr);
HOST(log_utf8) void host_log_utf8(uint64_t len, uint64_t ptr);

HOST(promise_batch_create) uint64_t host_promise_batch_create(uint64_t len, uint64_t account);
HOST(promise_batch_then)
uint64_t host_promise_batch_then(uint64_t promise, uint64_t len, uint64_t account);
HOST(promise_and) uint64_t host_promise_and(uint64_t promises, uint64_t count);
HOST(promise_batch_action_function_call_weight)
void host_promise_batch_action_function_call_weight(uint64_t promise, uint64_t method_len,
                                                    uint64_t method, uint64_t args_len,
                                                    uint64_t args, uint64_t amount, uint64_t gas,
                                                    uint64_t weight);
HOST(promise_batch_action_transfer)
void host_promise_batch_action_transfer(uint64_t promise, uint64_t amount);
HOST(promise_batch_action_add_key_with_function_call)
void host_promise_batch_action_add_key_with_function_call(uint64_t promise, uint64_t key_len,
                                                          uint64_t key, uint64_t nonce,
                                                          uint64_t allowance, uint64_t receiver_len,
                                                          uint64_t receiver, uint64_t methods_len,
                                                          uint64_t methods);
HOST(promise_batch_action_delete_key)
void host_promise_batch_action_delete_key(uint64_t promise, uint64_t key_len, uint64_t key);
HOST(promise_results_count) uint64_t host_promise_results_count(void);
HOST(promise_result) uint64_t host_promise_result(uint64_t i, uint64_t reg);
HOST(promise_return) void host_promise_return(uint64_t promise);
HOST(promise_yield_create)
uint64_t host_promise_yield_create(uint64_t method_len, uint64_t method, uint64_t args_len,
                                   uint64_t args, uint64_t gas, uint64_t weight, uint64_t reg);
HOST(promise_yield_resume)
uint32_t host_promise_yield_resume(uint64_t id_len, uint64_t id, uint64_t payload_len,
                                   uint64_t payload);

HOST(storage_write)
uint64_t host_storage_write(uint64_t key_len, uint64_t key, uint64_t len, uint64_t value,
                            uint64_t reg);
HOST(storage_read) uint64_t host_storage_read(uint64_t key_len, uint64_t key, uint64_t reg);
HOST(storage_remove) uint64_t host_storage_remove(uint64_t key_len, uint64_t key, uint64_t reg);
HOST(storage_has_key) uint64_t host_storage_has_key(uint64_t key_len, uint64_t key);

#endif
