//! Each line of the input is a call: its name and arguments, separated by single spaces. Each makes
//! one line of output: the results, texts and bytes in Rust's notation. "N*x" as bytes is N times x;
//! "-" is none, or nothing. "times N call…" is the last of N; "during PORT call…" makes the call while
//! a request over HTTP to /hello there is under way.

use near::storage::api as storage;
use std::io::Read;
use wasi::http::{outgoing_handler, types as http};

wit_bindgen::generate!({ path: "../../../api/wit", world: "outlayer-host", generate_all });

fn bytes(s: &str) -> Vec<u8> {
    match s.split_once('*') {
        Some((n, c)) => c.repeat(n.parse().unwrap()).into_bytes(),
        None if s == "-" => Vec::new(),
        None => s.as_bytes().to_vec(),
    }
}

fn text(s: &str) -> String {
    String::from_utf8(bytes(s)).unwrap()
}

fn show(v: &[u8]) -> String {
    if v.len() > 100 {
        format!("{} bytes", v.len())
    } else {
        format!("{:?}", String::from_utf8_lossy(v))
    }
}

fn value(r: (Vec<u8>, String)) -> String {
    format!("{} {:?}", show(&r.0), r.1)
}

fn call(a: &[&str]) -> String {
    let key = text(a.get(1).unwrap_or(&"-"));
    match a[0] {
        "set" => format!("{:?}", storage::set(&key, &bytes(a[2]))),
        "get" => value(storage::get(&key)),
        "has" => format!("{:?}", storage::has(&key)),
        "delete" => format!("{:?}", storage::delete(&key)),
        "list" => format!("{:?}", storage::list_keys(&key)),
        "absent" => format!("{:?}", storage::set_if_absent(&key, &bytes(a[2]))),
        "equals" => {
            let (done, now, error) = storage::set_if_equals(&key, &bytes(a[2]), &bytes(a[3]));
            format!("{done} {} {error:?}", show(&now))
        }
        "increment" => format!("{:?}", storage::increment(&key, a[2].parse().unwrap())),
        "decrement" => format!("{:?}", storage::decrement(&key, a[2].parse().unwrap())),
        "set-worker" => {
            let sealed = a.get(3).map(|s| s.parse().unwrap());
            format!("{:?}", storage::set_worker(&key, &bytes(a[2]), sealed))
        }
        "get-worker" => value(storage::get_worker(&key, a.get(2).copied())),
        "by-version" => value(storage::get_by_version(&key, a[2])),
        "clear" => format!("{:?}", storage::clear_all()),
        "clear-version" => format!("{:?}", storage::clear_version(a[1])),
        "times" => (0..a[1].parse().unwrap()).map(|_| call(&a[2..])).last().unwrap(),
        "during" => {
            let request = http::OutgoingRequest::new(http::Fields::new());
            request.set_scheme(Some(&http::Scheme::Http)).unwrap();
            request.set_authority(Some(&format!("127.0.0.1:{}", a[1]))).unwrap();
            request.set_path_with_query(Some("/hello")).unwrap();
            let answer = outgoing_handler::handle(request, None).unwrap();
            let result = call(&a[2..]);
            answer.subscribe().block();
            format!("{} {result}", answer.get().unwrap().unwrap().unwrap().status())
        }
        "sleep" => {
            std::thread::sleep(std::time::Duration::from_millis(a[1].parse().unwrap()));
            String::from("slept")
        }
        other => format!("no such call: {other}"),
    }
}

fn main() {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    for line in input.lines() {
        println!("{}", call(&line.split(' ').collect::<Vec<_>>()));
    }
}
