//! Each line of the input is a call: its name and arguments, separated by tabs, in the order of the
//! interface. Each makes one line of output, a JSON array with the parts of the result. "N*x" as an
//! argument is N times x. "key" as signer-key is the variable SIGNER_KEY. "times N call…" is the last
//! of N; "fail" ends the program badly, "need call…" when the call fails.

use near::payment::api as payment;
use near::rpc::api as rpc;
use near::vrf::api as vrf;
use std::io::Read;

wit_bindgen::generate!({ path: "../../../api/wit", world: "outlayer-host", generate_all });

fn text(s: &str) -> String {
    match s.split_once('*') {
        Some((n, c)) if n.parse::<usize>().is_ok() => c.repeat(n.parse().unwrap()),
        _ if s == "key" => std::env::var("SIGNER_KEY").unwrap_or_default(),
        _ => String::from(s),
    }
}

fn json(parts: &[&str]) -> String {
    let mut out = String::from("[");
    for (i, part) in parts.iter().enumerate() {
        out.push_str(if i > 0 { ",\"" } else { "\"" });
        for c in part.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if (c as u32) < 32 => out.push_str(&format!("\\u{:04x}", c as u32)),
                c => out.push(c),
            }
        }
        out.push('"');
    }
    out + "]"
}

fn call(words: &[&str]) -> String {
    let all: Vec<String> = words.iter().skip(1).map(|s| text(s)).collect();
    let a = |i: usize| all.get(i).map(String::as_str).unwrap_or("");
    let (result, error) = match words[0] {
        "view" => rpc::view(a(0), a(1), a(2), a(3)),
        "view-account" => rpc::view_account(a(0), a(1)),
        "view-access-key" => rpc::view_access_key(a(0), a(1), a(2)),
        "view-access-key-list" => rpc::view_access_key_list(a(0), a(1)),
        "view-code" => rpc::view_code(a(0), a(1)),
        "view-state" => rpc::view_state(a(0), a(1), a(2)),
        "block" => rpc::block(a(0)),
        "chunk" => rpc::chunk(a(0)),
        "changes" => rpc::changes(a(0)),
        "send-tx" => rpc::send_tx(a(0), a(1)),
        "tx-status" => rpc::tx_status(a(0), a(1), a(2)),
        "receipt" => rpc::receipt(a(0)),
        "call" => rpc::call(a(0), a(1), a(2), a(3), a(4), a(5), a(6), a(7)),
        "transfer" => rpc::transfer(a(0), a(1), a(2), a(3), a(4)),
        "gas-price" => rpc::gas_price(a(0)),
        "status" => rpc::status(),
        "network-info" => rpc::network_info(),
        "validators" => rpc::validators(a(0)),
        "raw" => rpc::raw(a(0), a(1)),
        "generate" => {
            let (output, signature, alpha, error) = vrf::generate(a(0));
            return json(&[&output, &signature, &alpha, &error]);
        }
        "pubkey" => vrf::pubkey(),
        "refund-usd" => (String::new(), payment::refund_usd(a(0).parse().unwrap())),
        "env" => (std::env::var(a(0)).unwrap_or_default(), String::new()),
        "times" => return (0..a(0).parse().unwrap()).map(|_| call(&words[2..])).last().unwrap(),
        "need" => {
            let got = call(&words[1..]);
            if !got.ends_with(",\"\"]") {
                std::process::exit(1);
            }
            return got;
        }
        "fail" => std::process::exit(1),
        other => (String::new(), format!("no such call: {other}")),
    };
    json(&[&result, &error])
}

fn main() {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    for line in input.lines() {
        println!("{}", call(&line.split('\t').collect::<Vec<_>>()));
    }
}
