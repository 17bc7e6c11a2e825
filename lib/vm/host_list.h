/*
 * host_list.h — every function a contract can import from "env", in one table.
 *
 * X(name, params, result, when): one letter per parameter, I for i64 and i for i32; result the
 * same, N for none; `when` says in which protocol versions the name exists (p: their parameters).
 *
 * Source: nearcore docs, "Bindings specification"; names and types as the node exports them.
 */
#ifndef VM_HOST_LIST_H
#define VM_HOST_LIST_H

#define HOST_ALWAYS true
#define HOST_82     (p->protocol >= 82)

#define HOST_LIST(X)                                                                               \
    /* registers */                                                                                \
    X(read_register, "II", N, HOST_ALWAYS)                                                         \
    X(register_len, "I", I, HOST_ALWAYS)                                                           \
    X(write_register, "III", N, HOST_ALWAYS)                                                       \
    /* context */                                                                                  \
    X(current_account_id, "I", N, HOST_ALWAYS)                                                     \
    X(chain_id, "I", N, p->chain_id_host_fn)                                                       \
    X(signer_account_id, "I", N, HOST_ALWAYS)                                                      \
    X(signer_account_pk, "I", N, HOST_ALWAYS)                                                      \
    X(predecessor_account_id, "I", N, HOST_ALWAYS)                                                 \
    X(refund_to_account_id, "I", N, HOST_82)                                                       \
    X(current_contract_code, "I", I, HOST_82)                                                      \
    X(input, "I", N, HOST_ALWAYS)                                                                  \
    X(block_index, "", I, HOST_ALWAYS)                                                             \
    X(block_timestamp, "", I, HOST_ALWAYS)                                                         \
    X(epoch_height, "", I, HOST_ALWAYS)                                                            \
    X(storage_usage, "", I, HOST_ALWAYS)                                                           \
    X(account_balance, "I", N, HOST_ALWAYS)                                                        \
    X(account_locked_balance, "I", N, HOST_ALWAYS)                                                 \
    X(attached_deposit, "I", N, HOST_ALWAYS)                                                       \
    X(prepaid_gas, "", I, HOST_ALWAYS)                                                             \
    X(used_gas, "", I, HOST_ALWAYS)                                                                \
    X(random_seed, "I", N, HOST_ALWAYS)                                                            \
    X(validator_stake, "III", N, HOST_ALWAYS)                                                      \
    X(validator_total_stake, "I", N, HOST_ALWAYS)                                                  \
    /* hashes and signatures */                                                                    \
    X(sha256, "III", N, HOST_ALWAYS)                                                               \
    X(keccak256, "III", N, HOST_ALWAYS)                                                            \
    X(keccak512, "III", N, HOST_ALWAYS)                                                            \
    X(sha3_256, "III", N, p->sha3_host_fns)                                                        \
    X(sha3_384, "III", N, p->sha3_host_fns)                                                        \
    X(sha3_512, "III", N, p->sha3_host_fns)                                                        \
    X(ripemd160, "III", N, HOST_ALWAYS)                                                            \
    X(ecrecover, "IIIIIII", I, HOST_ALWAYS)                                                        \
    X(ed25519_verify, "IIIIII", I, HOST_ALWAYS)                                                    \
    X(p256_verify, "IIIIII", I, p->p256_verify_host_fn)                                            \
    X(ml_dsa_verify, "IIIIII", I, p->ml_dsa_verify_host_fn)                                        \
    X(alt_bn128_g1_multiexp, "III", N, HOST_ALWAYS)                                                \
    X(alt_bn128_g1_sum, "III", N, HOST_ALWAYS)                                                     \
    X(alt_bn128_pairing_check, "II", I, HOST_ALWAYS)                                               \
    X(bls12381_p1_sum, "III", I, HOST_ALWAYS)                                                      \
    X(bls12381_p2_sum, "III", I, HOST_ALWAYS)                                                      \
    X(bls12381_g1_multiexp, "III", I, HOST_ALWAYS)                                                 \
    X(bls12381_g2_multiexp, "III", I, HOST_ALWAYS)                                                 \
    X(bls12381_map_fp_to_g1, "III", I, HOST_ALWAYS)                                                \
    X(bls12381_map_fp2_to_g2, "III", I, HOST_ALWAYS)                                               \
    X(bls12381_pairing_check, "II", I, HOST_ALWAYS)                                                \
    X(bls12381_p1_decompress, "III", I, HOST_ALWAYS)                                               \
    X(bls12381_p2_decompress, "III", I, HOST_ALWAYS)                                               \
    /* results, logs, panics */                                                                    \
    X(value_return, "II", N, HOST_ALWAYS)                                                          \
    X(panic, "", N, HOST_ALWAYS)                                                                   \
    X(panic_utf8, "II", N, HOST_ALWAYS)                                                            \
    X(log_utf8, "II", N, HOST_ALWAYS)                                                              \
    X(log_utf16, "II", N, HOST_ALWAYS)                                                             \
    X(abort, "iiii", N, HOST_ALWAYS)                                                               \
    X(gas, "i", N, HOST_ALWAYS)                                                                    \
    /* promises */                                                                                 \
    X(promise_create, "IIIIIIII", I, HOST_ALWAYS)                                                  \
    X(promise_then, "IIIIIIIII", I, HOST_ALWAYS)                                                   \
    X(promise_and, "II", I, HOST_ALWAYS)                                                           \
    X(promise_batch_create, "II", I, HOST_ALWAYS)                                                  \
    X(promise_batch_then, "III", I, HOST_ALWAYS)                                                   \
    X(promise_set_refund_to, "III", N, HOST_82)                                                    \
    X(promise_batch_action_state_init, "IIII", I, HOST_82)                                         \
    X(promise_batch_action_state_init_by_account_id, "IIII", I, HOST_82)                           \
    X(set_state_init_data_entry, "IIIIII", N, HOST_82)                                             \
    X(universal_state_init_to_account_id, "III", I, p->universal_accounts)                         \
    X(promise_batch_action_universal_state_init, "IIII", N, p->universal_accounts)                 \
    X(promise_batch_action_create_account, "I", N, HOST_ALWAYS)                                    \
    X(promise_batch_action_deploy_contract, "III", N, HOST_ALWAYS)                                 \
    X(promise_batch_action_deploy_global_contract, "III", N, p->global_contract_host_fns)          \
    X(promise_batch_action_deploy_global_contract_by_account_id, "III", N,                         \
      p->global_contract_host_fns)                                                                 \
    X(promise_batch_action_use_global_contract, "III", N, p->global_contract_host_fns)             \
    X(promise_batch_action_use_global_contract_by_account_id, "III", N,                            \
      p->global_contract_host_fns)                                                                 \
    X(promise_batch_action_function_call, "IIIIIII", N, HOST_ALWAYS)                               \
    X(promise_batch_action_function_call_weight, "IIIIIIII", N, HOST_ALWAYS)                       \
    X(promise_batch_action_transfer, "II", N, HOST_ALWAYS)                                         \
    X(promise_batch_action_stake, "IIII", N, HOST_ALWAYS)                                          \
    X(promise_batch_action_add_key_with_full_access, "IIII", N, HOST_ALWAYS)                       \
    X(promise_batch_action_add_key_with_function_call, "IIIIIIIII", N, HOST_ALWAYS)                \
    X(promise_batch_action_delete_key, "III", N, HOST_ALWAYS)                                      \
    X(promise_batch_action_delete_account, "III", N, HOST_ALWAYS)                                  \
    X(promise_batch_action_transfer_to_gas_key, "IIII", N, p->gas_key_host_fns)                    \
    X(promise_batch_action_add_gas_key_with_full_access, "IIII", N, p->gas_key_host_fns)           \
    X(promise_batch_action_add_gas_key_with_function_call, "IIIIIIIII", N, p->gas_key_host_fns)    \
    X(promise_yield_create, "IIIIIII", I, HOST_ALWAYS)                                             \
    X(promise_yield_create_with_id, "IIIIIIIII", I, p->yield_with_id_host_fns)                     \
    X(promise_yield_resume, "IIII", i, HOST_ALWAYS)                                                \
    X(promise_yield_resume_with_yield_id, "IIII", i, p->yield_with_id_host_fns)                    \
    X(promise_results_count, "", I, HOST_ALWAYS)                                                   \
    X(promise_result, "II", I, HOST_ALWAYS)                                                        \
    X(promise_return, "I", N, HOST_ALWAYS)                                                         \
    /* storage */                                                                                  \
    X(storage_write, "IIIII", I, HOST_ALWAYS)                                                      \
    X(storage_read, "III", I, HOST_ALWAYS)                                                         \
    X(storage_remove, "III", I, HOST_ALWAYS)                                                       \
    X(storage_has_key, "II", I, HOST_ALWAYS)                                                       \
    X(storage_iter_prefix, "II", I, HOST_ALWAYS)                                                   \
    X(storage_iter_range, "IIII", I, HOST_ALWAYS)                                                  \
    X(storage_iter_next, "III", I, HOST_ALWAYS)

#endif
