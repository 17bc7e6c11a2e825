//! A counter that lives as long as its project: how often this account has asked, and who was here
//! before.
//!
//! Output on stdout:  {"account":"alice.near","visits":3,"before":"bob.near"}

use outlayer::{env, storage};

fn run() -> Result<String, storage::StorageError> {
    let account = env::signer_account_id().unwrap_or_default();
    // Each account has a storage of its own in the project: the same key, another counter. Two runs
    // at once never lose a visit.
    let visits = storage::increment("visits", 1)?;
    // What is the worker's is shared by all accounts; of two runs at once the later one stays.
    let before = storage::get_worker("last")?.map(|b| String::from_utf8_lossy(&b).into_owned());
    storage::set_worker("last", account.as_bytes())?;
    Ok(serde_json::json!({ "account": account, "visits": visits, "before": before }).to_string())
}

fn main() {
    match run() {
        Ok(answer) => env::output_string(&answer),
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(1);
        }
    }
}
