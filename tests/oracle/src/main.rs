//! The reference node's virtual machine, asked one call at a time.
//!
//!   outlayer-oracle serve          a case per line on stdin, what came of it per line on stdout
//!   outlayer-oracle generate N S   N modules made from seed S, one per line in hex
//!   outlayer-oracle ml-dsa N S     N signatures: key, message and signature in hex, one per line
//!
//! A case is JSON (see `Case`), an answer one line of words that the other side spells the same way
//! (tests/oracle/compare.c), so that comparing is comparing text.
mod answer;
mod chain;
mod generate;

use near_crypto::{KeyType, SecretKey, Signature};
use near_parameters::{vm::Config, RuntimeConfigStore, RuntimeFeesConfig};
use near_primitives_core::{
    account::AccountContract,
    code::ContractCode,
    config::ViewConfig,
    types::{Balance, Gas},
};
use near_vm_runner::logic::{
    mocks::mock_external::MockedExternal, types::PromiseResult, VMContext,
};
use serde::Deserialize;
use std::io::{BufRead, Write};
use std::sync::Arc;

#[derive(Deserialize)]
struct Case {
    wasm: String,
    method: String,
    #[serde(default)]
    input: String,
    gas: u64,
    /// Of the block, in nanoseconds.
    time: u64,
    balance: String,
    deposit: String,
    #[serde(default)]
    view: bool,
    /// Rows of storage there before the call, key and value in hex.
    #[serde(default)]
    rows: Vec<(String, String)>,
    /// Inputs of a callback: hex, or null for a failed one.
    #[serde(default)]
    results: Vec<Option<String>>,
    #[serde(default)]
    receivers: Vec<String>,
}

struct Machine {
    config: Arc<Config>,
    fees: Arc<RuntimeFeesConfig>,
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hex")
}

fn yocto(text: &str) -> Balance {
    Balance::from_yoctonear(text.parse().expect("an amount"))
}

fn context(case: &Case, code: &ContractCode) -> VMContext {
    let results = case.results.iter().map(|r| match r {
        Some(data) => PromiseResult::Successful(bytes(data).into()),
        None => PromiseResult::Failed,
    });
    let mut pk = vec![0; 33];
    pk[1..4].copy_from_slice(&[1, 2, 3]);
    VMContext {
        current_account_id: "alice.near".parse().unwrap(),
        signer_account_id: "bob.near".parse().unwrap(),
        signer_account_pk: pk,
        predecessor_account_id: "carol.near".parse().unwrap(),
        refund_to_account_id: "refund.near".parse().unwrap(),
        input: bytes(&case.input).into(),
        promise_results: results.collect::<Vec<_>>().into(),
        block_height: 10,
        block_timestamp: case.time,
        epoch_height: 1,
        account_balance: yocto(&case.balance),
        account_locked_balance: Balance::from_yoctonear(77),
        storage_usage: 1_000_000,
        account_contract: AccountContract::Local(*code.hash()),
        attached_deposit: yocto(&case.deposit),
        prepaid_gas: Gas::from_gas(case.gas),
        random_seed: vec![9; 32],
        view_config: case.view.then(|| ViewConfig { max_gas_burnt: Gas::from_gas(case.gas) }),
        output_data_receivers: case.receivers.iter().map(|r| r.parse().unwrap()).collect(),
    }
}

fn answer(machine: &Machine, line: &str) -> String {
    let case: Case = serde_json::from_str(line).expect("a case");
    let code = ContractCode::new(bytes(&case.wasm), None);
    let context = context(&case, &code);
    let mut chain = chain::Chain(MockedExternal::with_code(code));
    for (key, value) in &case.rows {
        chain.0.fake_trie.insert(bytes(key), bytes(value));
    }
    chain.0.validators.insert("validator.near".parse().unwrap(), Balance::from_yoctonear(12345));
    let counter = context.make_gas_counter(&machine.config);
    let prepared =
        near_vm_runner::prepare(&chain, machine.config.clone(), None, counter, &case.method);
    match near_vm_runner::run(prepared, &mut chain, &context, machine.fees.clone()) {
        Ok(outcome) => answer::outcome(&outcome, &chain.0),
        Err(e) => format!("machine {}", hex::encode(e.to_string())),
    }
}

fn ml_dsa(n: u64, seed: u64) {
    for i in 0..n {
        let secret = SecretKey::from_seed(KeyType::MLDSA65, &format!("{seed} {i}"));
        let message: Vec<u8> = (0..i * 37 % 300).map(|k| (k * 7 + i) as u8).collect();
        let (key, signature) = (secret.public_key(), secret.sign(&message));
        let Signature::MLDSA65(signature) = signature else { unreachable!() };
        let [key, message, signature] =
            [key.key_data(), &message, &signature.0[..]].map(hex::encode);
        println!("{key} {message} {signature}");
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |i: usize| args.get(i).and_then(|a| a.parse::<u64>().ok());
    match (args.get(1).map(String::as_str), number(2), number(3)) {
        (Some("generate"), Some(n), Some(seed)) => generate::modules(n, seed),
        (Some("ml-dsa"), Some(n), Some(seed)) => ml_dsa(n, seed),
        (Some("serve"), None, None) => {
            let all = RuntimeConfigStore::new(None);
            let runtime = all.get_config(88);
            let machine =
                Machine { config: runtime.wasm_config.clone(), fees: runtime.fees.clone() };
            let mut out = std::io::stdout().lock();
            for line in std::io::stdin().lock().lines() {
                writeln!(out, "{}", answer(&machine, &line.expect("a line"))).expect("stdout");
                out.flush().expect("stdout");
            }
        }
        _ => {
            eprintln!("usage: outlayer-oracle serve | generate COUNT SEED | ml-dsa COUNT SEED");
            std::process::exit(2);
        }
    }
}
