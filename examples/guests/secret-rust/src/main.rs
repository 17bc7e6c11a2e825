//! Shows that a secret has arrived without showing it: its SHA-256.
//!
//! Input on stdin:    {"name":"API_KEY"}
//! Output on stdout:  {"name":"API_KEY","bytes":12,"sha256":"…"}
//!
//! What a program writes to stdout or stderr is public: it goes through the chain. Never write a
//! secret there; a hash of one that has few possible values gives it away, too.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct Input {
    name: String,
}

#[derive(Serialize)]
struct Output {
    name: String,
    bytes: usize,
    sha256: String,
}

fn run() -> Result<Output, String> {
    let input: Input = serde_json::from_reader(std::io::stdin())
        .map_err(|e| format!("the input: {e}; give {{\"name\":\"API_KEY\"}}"))?;
    let value = std::env::var(&input.name)
        .map_err(|_| format!("there is no secret '{}'; set it with: outlayer secrets set", input.name))?;
    let hash = Sha256::digest(value.as_bytes());
    Ok(Output {
        name: input.name,
        bytes: value.len(),
        sha256: hash.iter().map(|b| format!("{b:02x}")).collect(),
    })
}

fn main() {
    match run() {
        Ok(output) => print!("{}", serde_json::to_string(&output).unwrap()),
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(1);
        }
    }
}
