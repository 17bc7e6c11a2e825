//! The crate's mock, with the two charges that only a real state makes: for the bytes of values
//! that are overwritten or removed. Actions are numbered by receipt, as the node does it.
use near_crypto::PublicKey;
use near_primitives_core::{
    hash::{CryptoHash, YieldId},
    types::{AccountId, Balance, Gas, GasWeight, Nonce, NonceIndex},
    universal_state_init::{DecodeMode, RawStateInit, StateInitError, UniversalStateInitCounts},
};
use near_vm_runner::{
    logic::{
        mocks::mock_external::{MockAction, MockedExternal},
        types::{ActionIndex, GlobalContractDeployMode, GlobalContractIdentifier, ReceiptIndex},
        External, HostError, StorageAccessTracker, VMLogicError, ValuePtr,
    },
    Contract, ContractCode,
};
use std::sync::Arc;

type Result<T, E = VMLogicError> = std::result::Result<T, E>;

pub struct Chain(pub MockedExternal);

impl Contract for Chain {
    fn hash(&self) -> CryptoHash {
        self.0.hash()
    }
    fn get_code(&self) -> Option<Arc<ContractCode>> {
        self.0.get_code()
    }
}

/// Where in the log a receipt's actions stand: contracts count them by receipt, the mock all in one.
fn actions_of(log: &[MockAction], receipt: u64) -> impl Iterator<Item = usize> + '_ {
    let own = move |a: &MockAction| crate::answer::action(a).is_some_and(|(r, _)| r == receipt);
    (0..).zip(log).filter(move |(_, a)| own(a)).map(|(i, _)| i)
}

impl External for Chain {
    fn storage_set<'a>(
        &'a mut self,
        tracker: &mut dyn StorageAccessTracker,
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        let old = self.0.storage_set(tracker, key, value)?;
        if let Some(old) = &old {
            tracker.deref_write_evicted_value_bytes(old.len() as u64)?;
        }
        Ok(old)
    }
    fn storage_get<'a>(
        &'a self,
        tracker: &mut dyn StorageAccessTracker,
        key: &[u8],
    ) -> Result<Option<Box<dyn ValuePtr + 'a>>> {
        self.0.storage_get(tracker, key)
    }
    fn storage_remove(
        &mut self,
        tracker: &mut dyn StorageAccessTracker,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        let old = self.0.storage_remove(tracker, key)?;
        if let Some(old) = &old {
            tracker.deref_removed_value_bytes(old.len() as u64)?;
        }
        Ok(old)
    }
    fn storage_has_key(
        &mut self,
        tracker: &mut dyn StorageAccessTracker,
        key: &[u8],
    ) -> Result<bool> {
        self.0.storage_has_key(tracker, key)
    }
    fn generate_data_id(&mut self) -> CryptoHash {
        self.0.generate_data_id()
    }
    fn get_recorded_storage_size(&self) -> usize {
        self.0.get_recorded_storage_size()
    }
    fn storage_proof_size_before_receipt(&self) -> usize {
        self.0.storage_proof_size_before_receipt()
    }
    fn validator_stake(&self, account_id: &AccountId) -> Result<Option<Balance>> {
        self.0.validator_stake(account_id)
    }
    fn validator_total_stake(&self) -> Result<Balance> {
        self.0.validator_total_stake()
    }
    fn chain_id(&self) -> String {
        self.0.chain_id()
    }
    fn create_action_receipt(
        &mut self,
        receipt_indices: Vec<ReceiptIndex>,
        receiver_id: AccountId,
    ) -> Result<ReceiptIndex, VMLogicError> {
        self.0.create_action_receipt(receipt_indices, receiver_id)
    }
    fn create_promise_yield_receipt(
        &mut self,
        receiver_id: AccountId,
    ) -> Result<(ReceiptIndex, CryptoHash), VMLogicError> {
        self.0.create_promise_yield_receipt(receiver_id)
    }
    fn create_promise_yield_receipt_with_id(
        &mut self,
        receiver_id: AccountId,
        user_yield_id: YieldId,
    ) -> Result<Option<(ReceiptIndex, CryptoHash)>, VMLogicError> {
        self.0.create_promise_yield_receipt_with_id(receiver_id, user_yield_id)
    }
    fn submit_promise_resume_data(
        &mut self,
        data_id: CryptoHash,
        data: Vec<u8>,
    ) -> Result<bool, VMLogicError> {
        self.0.submit_promise_resume_data(data_id, data)
    }
    fn submit_promise_resume_data_with_yield_id(
        &mut self,
        user_yield_id: YieldId,
        data: Vec<u8>,
    ) -> Result<bool, VMLogicError> {
        self.0.submit_promise_resume_data_with_yield_id(user_yield_id, data)
    }
    fn append_action_create_account(&mut self, receipt_index: ReceiptIndex) {
        self.0.append_action_create_account(receipt_index)
    }
    fn append_action_deploy_contract(&mut self, receipt_index: ReceiptIndex, code: Vec<u8>) {
        self.0.append_action_deploy_contract(receipt_index, code)
    }
    fn append_action_deploy_global_contract(
        &mut self,
        receipt_index: ReceiptIndex,
        code: Vec<u8>,
        mode: GlobalContractDeployMode,
    ) {
        self.0.append_action_deploy_global_contract(receipt_index, code, mode)
    }
    fn append_action_use_global_contract(
        &mut self,
        receipt_index: ReceiptIndex,
        contract_id: GlobalContractIdentifier,
    ) {
        self.0.append_action_use_global_contract(receipt_index, contract_id)
    }
    fn append_action_deterministic_state_init(
        &mut self,
        receipt_index: ReceiptIndex,
        contract_id: GlobalContractIdentifier,
        amount: Balance,
    ) -> ActionIndex {
        let before = actions_of(&self.0.action_log, receipt_index).count() as u64;
        self.0.append_action_deterministic_state_init(receipt_index, contract_id, amount);
        before
    }
    fn set_deterministic_state_init_data_entry(
        &mut self,
        receipt_index: ReceiptIndex,
        action_index: ActionIndex,
        key: Vec<u8>,
        value: Vec<u8>,
    ) -> Result<(), VMLogicError> {
        let at = actions_of(&self.0.action_log, receipt_index).nth(action_index as usize);
        let at = at.ok_or(HostError::InvalidActionIndex { receipt_index, action_index })?;
        self.0.set_deterministic_state_init_data_entry(receipt_index, at as u64, key, value)
    }
    fn check_state_init(&self, state_init: &RawStateInit) -> Result<(), StateInitError> {
        self.0.check_state_init(state_init)
    }
    fn state_init_send_counts(
        &self,
        state_init: &RawStateInit,
        mode: DecodeMode,
    ) -> UniversalStateInitCounts {
        self.0.state_init_send_counts(state_init, mode)
    }
    fn append_action_universal_state_init(
        &mut self,
        receipt_index: ReceiptIndex,
        state_init: RawStateInit,
        amount: Balance,
    ) {
        self.0.append_action_universal_state_init(receipt_index, state_init, amount)
    }
    fn append_action_function_call_weight(
        &mut self,
        receipt_index: ReceiptIndex,
        method_name: Vec<u8>,
        args: Vec<u8>,
        attached_deposit: Balance,
        prepaid_gas: Gas,
        gas_weight: GasWeight,
    ) -> Result<(), VMLogicError> {
        self.0.append_action_function_call_weight(
            receipt_index,
            method_name,
            args,
            attached_deposit,
            prepaid_gas,
            gas_weight,
        )
    }
    fn append_action_transfer(&mut self, receipt_index: ReceiptIndex, deposit: Balance) {
        self.0.append_action_transfer(receipt_index, deposit)
    }
    fn append_action_transfer_to_gas_key(
        &mut self,
        receipt_index: ReceiptIndex,
        public_key: PublicKey,
        deposit: Balance,
    ) {
        self.0.append_action_transfer_to_gas_key(receipt_index, public_key, deposit)
    }
    fn append_action_add_gas_key_with_full_access(
        &mut self,
        receipt_index: ReceiptIndex,
        public_key: PublicKey,
        num_nonces: NonceIndex,
    ) {
        self.0.append_action_add_gas_key_with_full_access(receipt_index, public_key, num_nonces)
    }
    fn append_action_add_gas_key_with_function_call(
        &mut self,
        receipt_index: ReceiptIndex,
        public_key: PublicKey,
        num_nonces: NonceIndex,
        allowance: Option<Balance>,
        receiver_id: AccountId,
        method_names: Vec<Vec<u8>>,
    ) -> Result<(), VMLogicError> {
        self.0.append_action_add_gas_key_with_function_call(
            receipt_index,
            public_key,
            num_nonces,
            allowance,
            receiver_id,
            method_names,
        )
    }
    fn append_action_stake(
        &mut self,
        receipt_index: ReceiptIndex,
        stake: Balance,
        public_key: PublicKey,
    ) {
        self.0.append_action_stake(receipt_index, stake, public_key)
    }
    fn append_action_add_key_with_full_access(
        &mut self,
        receipt_index: ReceiptIndex,
        public_key: PublicKey,
        nonce: Nonce,
    ) {
        self.0.append_action_add_key_with_full_access(receipt_index, public_key, nonce)
    }
    fn append_action_add_key_with_function_call(
        &mut self,
        receipt_index: ReceiptIndex,
        public_key: PublicKey,
        nonce: Nonce,
        allowance: Option<Balance>,
        receiver_id: AccountId,
        method_names: Vec<Vec<u8>>,
    ) -> Result<(), VMLogicError> {
        self.0.append_action_add_key_with_function_call(
            receipt_index,
            public_key,
            nonce,
            allowance,
            receiver_id,
            method_names,
        )
    }
    fn append_action_delete_key(&mut self, receipt_index: ReceiptIndex, public_key: PublicKey) {
        self.0.append_action_delete_key(receipt_index, public_key)
    }
    fn append_action_delete_account(
        &mut self,
        receipt_index: ReceiptIndex,
        beneficiary_id: AccountId,
    ) {
        self.0.append_action_delete_account(receipt_index, beneficiary_id)
    }
    fn get_receipt_receiver(&self, receipt_index: ReceiptIndex) -> &AccountId {
        self.0.get_receipt_receiver(receipt_index)
    }
    fn set_refund_to(&mut self, receipt_index: ReceiptIndex, refund_to: AccountId) {
        self.0.set_refund_to(receipt_index, refund_to)
    }
    fn post_quantum_keys_enabled(&self) -> bool {
        self.0.post_quantum_keys_enabled()
    }
}
