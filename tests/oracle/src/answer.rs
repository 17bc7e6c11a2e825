//! What came of a call, as words: the spelling that tests/oracle/compare.c has too.
use near_parameters::{ActionCosts, ExtCosts};
use near_vm_runner::logic::{
    errors::{CompilationError, FunctionCallError},
    mocks::mock_external::{MockAction, MockedExternal},
    types::{GlobalContractDeployMode, GlobalContractIdentifier, ReturnData},
    VMOutcome,
};
use std::fmt::Write;
use strum::IntoEnumIterator;

/// The text clients see in an outcome.
fn text(e: &FunctionCallError) -> String {
    match e {
        FunctionCallError::CompilationError(CompilationError::PrepareError(p)) => {
            format!("prepare:{p:?}")
        }
        FunctionCallError::CompilationError(c) => format!("compile:{c}"),
        FunctionCallError::MethodResolveError(m) => format!("method:{m:?}"),
        FunctionCallError::LinkError { msg } => format!("Link Error: {msg}"),
        other => other.to_string(),
    }
}

fn key(k: &impl near_primitives_core_borsh::Bytes) -> String {
    hex::encode(k.bytes())
}

/// Public keys as the bytes a contract passed.
mod near_primitives_core_borsh {
    pub trait Bytes {
        fn bytes(&self) -> Vec<u8>;
    }
    impl<T: borsh::BorshSerialize> Bytes for T {
        fn bytes(&self) -> Vec<u8> {
            borsh::to_vec(self).expect("borsh")
        }
    }
}

/// Receipts by their place in the mock's log, with the number they have among receipts.
struct Receipts(Vec<u64>);

impl Receipts {
    fn of(log: &[MockAction]) -> Self {
        let made = |a: &MockAction| {
            matches!(a, MockAction::CreateReceipt { .. } | MockAction::YieldCreate { .. })
        };
        Self((0..).zip(log).filter(|(_, a)| made(a)).map(|(i, _)| i).collect())
    }
    fn number(&self, at: u64) -> usize {
        self.0.iter().position(|x| *x == at).expect("a receipt")
    }
}

fn global(id: &GlobalContractIdentifier) -> String {
    match id {
        GlobalContractIdentifier::CodeHash(h) => format!("hash:{}", hex::encode(h)),
        GlobalContractIdentifier::AccountId(a) => format!("account:{a}"),
    }
}

fn names(list: &[Vec<u8>]) -> String {
    list.iter().map(hex::encode).collect::<Vec<_>>().join("+")
}

/// One entry of the log that belongs to a receipt: which one, and its words.
pub fn action(a: &MockAction) -> Option<(u64, String)> {
    use MockAction as M;
    Some(match a {
        M::CreateAccount { receipt_index: r } => (*r, "create".into()),
        M::DeployContract { receipt_index: r, code } => {
            (*r, format!("deploy:{}", hex::encode(code)))
        }
        M::DeployGlobalContract { receipt_index: r, code, mode } => {
            let by = matches!(mode, GlobalContractDeployMode::AccountId) as u8;
            (*r, format!("global:{}:{by}", hex::encode(code)))
        }
        M::UseGlobalContract { receipt_index: r, contract_id } => {
            (*r, format!("use:{}", global(contract_id)))
        }
        M::DeterministicStateInit { receipt_index: r, state_init, amount } => {
            let mut s = format!("init:{}:", amount.as_yoctonear());
            match state_init.code() {
                near_primitives_core::global_contract::GlobalContractIdentifier::CodeHash(h) => {
                    write!(s, "hash:{}", hex::encode(h)).unwrap()
                }
                near_primitives_core::global_contract::GlobalContractIdentifier::AccountId(a) => {
                    write!(s, "account:{a}").unwrap()
                }
            }
            for (k, v) in state_init.data() {
                write!(s, ":{}={}", hex::encode(k), hex::encode(v)).unwrap();
            }
            (*r, s)
        }
        M::UniversalStateInit { receipt_index: r, state_init, amount } => {
            (*r, format!("universal:{}:{}", hex::encode(state_init), amount.as_yoctonear()))
        }
        M::FunctionCallWeight {
            receipt_index: r,
            method_name,
            args,
            attached_deposit,
            prepaid_gas,
            gas_weight,
        } => (
            *r,
            format!(
                "call:{}:{}:{}:{}:{}",
                hex::encode(method_name),
                hex::encode(args),
                attached_deposit.as_yoctonear(),
                prepaid_gas.as_gas(),
                gas_weight.0
            ),
        ),
        M::Transfer { receipt_index: r, deposit } => {
            (*r, format!("transfer:{}", deposit.as_yoctonear()))
        }
        M::TransferToGasKey { receipt_index: r, public_key, deposit } => {
            (*r, format!("fund:{}:{}", key(public_key), deposit.as_yoctonear()))
        }
        M::Stake { receipt_index: r, stake, public_key } => {
            (*r, format!("stake:{}:{}", stake.as_yoctonear(), key(public_key)))
        }
        M::DeleteAccount { receipt_index: r, beneficiary_id } => {
            (*r, format!("delete:{beneficiary_id}"))
        }
        M::DeleteKey { receipt_index: r, public_key } => (*r, format!("unkey:{}", key(public_key))),
        M::AddKeyWithFullAccess { receipt_index: r, public_key, nonce } => {
            (*r, format!("key:{}:{nonce}", key(public_key)))
        }
        M::AddKeyWithFunctionCall {
            receipt_index: r,
            public_key,
            nonce,
            allowance,
            receiver_id,
            method_names,
        } => (
            *r,
            format!(
                "fckey:{}:{nonce}:{}:{receiver_id}:{}",
                key(public_key),
                allowance.map_or(0, |a| a.as_yoctonear()),
                names(method_names)
            ),
        ),
        M::AddGasKeyWithFullAccess { receipt_index: r, public_key, num_nonces } => {
            (*r, format!("gaskey:{}:{num_nonces}", key(public_key)))
        }
        M::AddGasKeyWithFunctionCall {
            receipt_index: r,
            public_key,
            num_nonces,
            allowance,
            receiver_id,
            method_names,
        } => (
            *r,
            format!(
                "gasfckey:{}:{num_nonces}:{}:{receiver_id}:{}",
                key(public_key),
                allowance.map_or(0, |a| a.as_yoctonear()),
                names(method_names)
            ),
        ),
        M::CreateReceipt { .. }
        | M::YieldCreate { .. }
        | M::YieldResume { .. }
        | M::SetRefundTo { .. } => return None,
    })
}

fn promises(log: &[MockAction], out: &mut String) {
    let receipts = Receipts::of(log);
    for at in &receipts.0 {
        match &log[*at as usize] {
            MockAction::CreateReceipt { receipt_indices, receiver_id } => {
                let deps: Vec<_> =
                    receipt_indices.iter().map(|d| receipts.number(*d).to_string()).collect();
                write!(out, " receipt={receiver_id}:[{}]", deps.join("+")).unwrap();
            }
            MockAction::YieldCreate { data_id, receiver_id, yield_id } => {
                let id = yield_id.map_or("-".into(), |y| hex::encode(borsh::to_vec(&y).unwrap()));
                write!(out, " yield={receiver_id}:{}:{id}", hex::encode(data_id)).unwrap();
            }
            _ => unreachable!(),
        }
        let refund = log.iter().rev().find_map(|a| match a {
            MockAction::SetRefundTo { receipt_index, refund_to } if receipt_index == at => {
                Some(refund_to)
            }
            _ => None,
        });
        if let Some(refund) = refund {
            write!(out, " refund={refund}").unwrap();
        }
        for a in log.iter().filter_map(action).filter(|(r, _)| r == at) {
            write!(out, " {}", a.1).unwrap();
        }
    }
    let known: Vec<_> = log
        .iter()
        .filter_map(|a| match a {
            MockAction::YieldCreate { data_id, .. } => Some(*data_id),
            _ => None,
        })
        .collect();
    for a in log {
        if let MockAction::YieldResume { data_id, data } = a {
            if known.contains(data_id) {
                write!(out, " resume={}:{}", hex::encode(data_id), hex::encode(data)).unwrap();
            }
        }
    }
}

pub fn outcome(o: &VMOutcome, chain: &MockedExternal) -> String {
    let mut s = format!(
        "burnt={} used={} compute={}",
        o.burnt_gas.as_gas(),
        o.used_gas.as_gas(),
        o.compute_usage
    );
    for cost in ActionCosts::iter() {
        let gas = o.profile.get_action_cost(cost).as_gas();
        if gas != 0 {
            write!(s, " {cost}={gas}").unwrap();
        }
    }
    for cost in ExtCosts::iter() {
        let gas = o.profile.get_ext_cost(cost).as_gas();
        if gas != 0 {
            write!(s, " {cost}={gas}").unwrap();
        }
    }
    write!(s, " wasm={}", o.profile.get_wasm_cost().as_gas()).unwrap();
    for log in &o.logs {
        write!(s, " log={}", hex::encode(log)).unwrap();
    }
    match &o.aborted {
        Some(e) => {
            write!(s, " error={}", hex::encode(text(e))).unwrap();
            return s;
        }
        None => write!(
            s,
            " balance={} subsidized={} storage={}",
            o.balance.as_yoctonear(),
            o.subsidized_amount.as_yoctonear(),
            o.storage_usage
        )
        .unwrap(),
    }
    match &o.return_data {
        ReturnData::None => {}
        ReturnData::Value(v) => write!(s, " value={}", hex::encode(v)).unwrap(),
        ReturnData::ReceiptIndex(i) => {
            write!(s, " returns={}", Receipts::of(&chain.action_log).number(*i)).unwrap()
        }
    }
    let mut rows: Vec<_> = chain.fake_trie.iter().collect();
    rows.sort();
    for (k, v) in rows {
        write!(s, " row={}:{}", hex::encode(k), hex::encode(v)).unwrap();
    }
    promises(&chain.action_log, &mut s);
    s
}
