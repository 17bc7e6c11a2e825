//! A visit counter as people write it with the crate `outlayer`: per user, and of all.

use outlayer::{env, storage};

fn main() {
    let who = env::signer_account_id().unwrap_or_else(|| "nobody".into());
    let name = env::input_string().unwrap_or_default();
    let before = storage::has("visits");
    let visits = storage::increment("visits", 1).unwrap();
    if !name.is_empty() {
        storage::set("name", name.as_bytes()).unwrap();
    }
    let all: u64 = storage::get_worker("all")
        .unwrap()
        .map_or(0, |v| String::from_utf8(v).unwrap().parse().unwrap())
        + 1;
    storage::set_worker("all", all.to_string().as_bytes()).unwrap();
    let dropped = storage::delete("scratch");
    let keys = storage::list_keys("").unwrap().join(",");
    env::output_string(&format!(
        "{who} {before} {visits} {all} {dropped} {keys}"
    ));
}
