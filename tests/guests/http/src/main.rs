//! Lines of input, done one after the other:
//!     get URL          status, an answer's header "x-answer", length of the body, its first bytes
//!     post URL N       with a body of N bytes
//!     many N URL       N requests, how many had an answer
//!     header URL NAME VALUE
use std::io::Read;
use std::time::Duration;
use waki::{Client, Response};

fn tell<E: std::fmt::Display>(r: Result<Response, E>) {
    match r {
        Err(e) => println!("error {e}"),
        Ok(r) => {
            let status = r.status_code();
            let header = r
                .header("x-answer")
                .map(|v| v.to_str().unwrap_or("?").to_string())
                .unwrap_or_default();
            match r.body() {
                Err(e) => println!("{status} body {e}"),
                Ok(b) => println!(
                    "{status} {header} {} {}",
                    b.len(),
                    String::from_utf8_lossy(&b[..b.len().min(100)])
                ),
            }
        }
    }
}

fn main() {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    for line in input.lines() {
        let w: Vec<&str> = line.split(' ').collect();
        match w[0] {
            "get" => tell(Client::new().get(w[1]).send()),
            "quick" => tell(
                Client::new().get(w[1]).connect_timeout(Duration::from_millis(300)).send(),
            ),
            "post" => {
                let body = vec![b'p'; w[2].parse().unwrap()];
                tell(Client::new().post(w[1]).body(body).send())
            }
            "header" => tell(Client::new().get(w[1]).header(&*String::from(w[2]).leak(), w[3]).send()),
            "many" => {
                let mut ok = 0;
                for _ in 0..w[1].parse::<u32>().unwrap() {
                    ok += Client::new().get(w[2]).send().is_ok() as u32;
                }
                println!("{ok}");
            }
            other => println!("what is {other}?"),
        }
    }
}
