/* made from lib/vm/params/params-*.json by tools/gen-params; do not edit */
/* clang-format off */
#ifndef VM_PARAMS_LIST_H
#define VM_PARAMS_LIST_H

/* costs of host functions, in the order of their protocol index */
#define EXT_COST_LIST(X)                                                                           \
    X(base)                                                                                        \
    X(contract_loading_base)                                                                       \
    X(contract_loading_bytes)                                                                      \
    X(read_memory_base)                                                                            \
    X(read_memory_byte)                                                                            \
    X(write_memory_base)                                                                           \
    X(write_memory_byte)                                                                           \
    X(read_register_base)                                                                          \
    X(read_register_byte)                                                                          \
    X(write_register_base)                                                                         \
    X(write_register_byte)                                                                         \
    X(utf8_decoding_base)                                                                          \
    X(utf8_decoding_byte)                                                                          \
    X(utf16_decoding_base)                                                                         \
    X(utf16_decoding_byte)                                                                         \
    X(sha256_base)                                                                                 \
    X(sha256_byte)                                                                                 \
    X(keccak256_base)                                                                              \
    X(keccak256_byte)                                                                              \
    X(keccak512_base)                                                                              \
    X(keccak512_byte)                                                                              \
    X(ripemd160_base)                                                                              \
    X(ripemd160_block)                                                                             \
    X(ecrecover_base)                                                                              \
    X(log_base)                                                                                    \
    X(log_byte)                                                                                    \
    X(storage_write_base)                                                                          \
    X(storage_write_key_byte)                                                                      \
    X(storage_write_value_byte)                                                                    \
    X(storage_write_evicted_byte)                                                                  \
    X(storage_read_base)                                                                           \
    X(storage_read_key_byte)                                                                       \
    X(storage_read_value_byte)                                                                     \
    X(storage_remove_base)                                                                         \
    X(storage_remove_key_byte)                                                                     \
    X(storage_remove_ret_value_byte)                                                               \
    X(storage_has_key_base)                                                                        \
    X(storage_has_key_byte)                                                                        \
    X(storage_iter_create_prefix_base)                                                             \
    X(storage_iter_create_prefix_byte)                                                             \
    X(storage_iter_create_range_base)                                                              \
    X(storage_iter_create_from_byte)                                                               \
    X(storage_iter_create_to_byte)                                                                 \
    X(storage_iter_next_base)                                                                      \
    X(storage_iter_next_key_byte)                                                                  \
    X(storage_iter_next_value_byte)                                                                \
    X(touching_trie_node)                                                                          \
    X(read_cached_trie_node)                                                                       \
    X(promise_and_base)                                                                            \
    X(promise_and_per_promise)                                                                     \
    X(promise_return)                                                                              \
    X(validator_stake_base)                                                                        \
    X(validator_total_stake_base)                                                                  \
    X(alt_bn128_g1_multiexp_base)                                                                  \
    X(alt_bn128_g1_multiexp_element)                                                               \
    X(alt_bn128_pairing_check_base)                                                                \
    X(alt_bn128_pairing_check_element)                                                             \
    X(alt_bn128_g1_sum_base)                                                                       \
    X(alt_bn128_g1_sum_element)                                                                    \
    X(ed25519_verify_base)                                                                         \
    X(ed25519_verify_byte)                                                                         \
    X(yield_create_base)                                                                           \
    X(yield_create_byte)                                                                           \
    X(yield_resume_base)                                                                           \
    X(yield_resume_byte)                                                                           \
    X(bls12381_p1_sum_base)                                                                        \
    X(bls12381_p1_sum_element)                                                                     \
    X(bls12381_p2_sum_base)                                                                        \
    X(bls12381_p2_sum_element)                                                                     \
    X(bls12381_g1_multiexp_base)                                                                   \
    X(bls12381_g1_multiexp_element)                                                                \
    X(bls12381_g2_multiexp_base)                                                                   \
    X(bls12381_g2_multiexp_element)                                                                \
    X(bls12381_map_fp_to_g1_base)                                                                  \
    X(bls12381_map_fp_to_g1_element)                                                               \
    X(bls12381_map_fp2_to_g2_base)                                                                 \
    X(bls12381_map_fp2_to_g2_element)                                                              \
    X(bls12381_pairing_base)                                                                       \
    X(bls12381_pairing_element)                                                                    \
    X(bls12381_p1_decompress_base)                                                                 \
    X(bls12381_p1_decompress_element)                                                              \
    X(bls12381_p2_decompress_base)                                                                 \
    X(bls12381_p2_decompress_element)                                                              \
    X(storage_large_read_overhead_base)                                                            \
    X(storage_large_read_overhead_byte)                                                            \
    X(p256_verify_base)                                                                            \
    X(p256_verify_byte)                                                                            \
    X(yield_create_with_id_base)                                                                   \
    X(sha3_256_base)                                                                               \
    X(sha3_256_byte)                                                                               \
    X(sha3_384_base)                                                                               \
    X(sha3_384_byte)                                                                               \
    X(sha3_512_base)                                                                               \
    X(sha3_512_byte)                                                                               \
    X(ml_dsa_verify_base)                                                                          \
    X(ml_dsa_verify_byte)                                                                          \
    X(universal_state_init_to_account_id_base)                                                     \
    X(universal_state_init_to_account_id_byte)

/* fees of actions, in the order of their protocol index */
#define ACTION_COST_LIST(X)                                                                        \
    X(create_account)                                                                              \
    X(delete_account)                                                                              \
    X(deploy_contract_base)                                                                        \
    X(deploy_contract_byte)                                                                        \
    X(function_call_base)                                                                          \
    X(function_call_byte)                                                                          \
    X(transfer)                                                                                    \
    X(stake)                                                                                       \
    X(add_full_access_key)                                                                         \
    X(add_function_call_key_base)                                                                  \
    X(add_function_call_key_byte)                                                                  \
    X(delete_key)                                                                                  \
    X(new_action_receipt)                                                                          \
    X(new_data_receipt_base)                                                                       \
    X(new_data_receipt_byte)                                                                       \
    X(delegate)                                                                                    \
    X(deploy_global_contract_base)                                                                 \
    X(deploy_global_contract_byte)                                                                 \
    X(use_global_contract_base)                                                                    \
    X(use_global_contract_byte)                                                                    \
    X(deterministic_state_init_base)                                                               \
    X(deterministic_state_init_byte)                                                               \
    X(deterministic_state_init_entry)                                                              \
    X(gas_key_transfer_base)                                                                       \
    X(gas_key_byte)                                                                                \
    X(gas_key_nonce_write_base)                                                                    \
    X(universal_state_init_base)                                                                   \
    X(universal_state_init_byte)                                                                   \
    X(universal_state_init_entry)

/* limits; UINT64_MAX: the version has none */
#define LIMIT_LIST(X)                                                                              \
    X(max_gas_burnt)                                                                               \
    X(max_gas_burnt_view)                                                                          \
    X(max_stack_height)                                                                            \
    X(initial_memory_pages)                                                                        \
    X(max_memory_pages)                                                                            \
    X(registers_memory_limit)                                                                      \
    X(max_register_size)                                                                           \
    X(max_number_registers)                                                                        \
    X(max_number_logs)                                                                             \
    X(max_total_log_length)                                                                        \
    X(max_total_prepaid_gas)                                                                       \
    X(max_actions_per_receipt)                                                                     \
    X(max_number_bytes_method_names)                                                               \
    X(max_length_method_name)                                                                      \
    X(max_arguments_length)                                                                        \
    X(max_length_returned_data)                                                                    \
    X(max_contract_size)                                                                           \
    X(max_transaction_size)                                                                        \
    X(max_receipt_size)                                                                            \
    X(max_length_storage_key)                                                                      \
    X(max_length_storage_value)                                                                    \
    X(max_promises_per_function_call_action)                                                       \
    X(max_number_input_data_dependencies)                                                          \
    X(max_functions_number_per_contract)                                                           \
    X(max_locals_per_contract)                                                                     \
    X(account_id_validity_rules_version)                                                           \
    X(yield_timeout_length_in_blocks)                                                              \
    X(max_yield_payload_size)                                                                      \
    X(per_receipt_storage_proof_size_limit)                                                        \
    X(max_deploy_actions_per_receipt)                                                              \
    X(max_receipt_total_input_size)                                                                \
    X(max_universal_state_init_keys)                                                               \
    X(max_state_init_entries)                                                                      \
    X(min_contract_size_per_local)                                                                 \
    X(max_params_per_contract)                                                                     \
    X(max_params_per_function)                                                                     \
    X(max_operand_stack_bytes_per_function)                                                        \
    X(max_tables_per_contract)                                                                     \
    X(max_elements_per_contract_table)                                                             \
    X(max_function_body_size)                                                                      \
    X(max_instrumented_code_size)                                                                  \
    X(max_blocks_per_function)                                                                     \
    X(max_blocks_per_contract)                                                                     \
    X(max_types_per_contract)

/* costs of instructions */
#define WASM_COST_LIST(X)                                                                          \
    X(wasm_regular_op_cost)                                                                        \
    X(wasm_linear_op_base_cost)                                                                    \
    X(wasm_linear_op_unit_cost)                                                                    \
    X(wasm_grow_mem_cost)

/* what a version switches on */
#define VM_FLAG_LIST(X)                                                                            \
    X(discard_custom_sections)                                                                     \
    X(saturating_float_to_int)                                                                     \
    X(reftypes_bulk_memory)                                                                        \
    X(fix_contract_loading_cost)                                                                   \
    X(fix_contract_loading_error)                                                                  \
    X(flat_storage_reads)                                                                          \
    X(implicit_account_creation)                                                                   \
    X(eth_implicit_accounts)                                                                       \
    X(universal_accounts)                                                                          \
    X(canonical_universal_state_init)                                                              \
    X(fix_ml_dsa_cost_charging)                                                                    \
    X(global_contract_host_fns)                                                                    \
    X(gas_key_host_fns)                                                                            \
    X(one_yocto_on_promise)                                                                        \
    X(p256_verify_host_fn)                                                                         \
    X(ml_dsa_verify_host_fn)                                                                       \
    X(sha3_host_fns)                                                                               \
    X(yield_with_id_host_fns)                                                                      \
    X(chain_id_host_fn)                                                                            \
    X(bls12381_not_in_group_fix)                                                                   \
    X(use_state_stored_receipt)

/* numbers of storage staking and gas economics */
#define RUNTIME_NUMBER_LIST(X)                                                                     \
    X(storage_num_bytes_account)                                                                   \
    X(storage_num_extra_bytes_record)                                                              \
    X(zero_balance_account_max_storage_bytes)                                                      \
    X(max_account_deletion_storage_usage)                                                          \
    X(gas_key_max_nonces)                                                                          \
    X(min_gas_refund_penalty)                                                                      \
    X(ml_dsa_65_verification_cost)                                                                 \
    X(deploy_global_contract_execution_base_compute)                                               \
    X(deploy_global_contract_execution_per_byte_compute)

/* the same in yoctoNEAR */
#define RUNTIME_MONEY_LIST(X)                                                                      \
    X(storage_amount_per_byte)                                                                     \
    X(global_contract_storage_amount_per_byte)                                                     \
    X(gas_key_max_balance_to_burn)                                                                 \
    X(min_gas_purchase_price)                                                                      \
    X(account_creation_charge)

#endif
