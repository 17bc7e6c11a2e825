//! A program that OutLayer runs.
//!
//! Input on stdin:    {"name":"Alice"}
//! Output on stdout:  {"greeting":"hello Alice"}
//!
//! Ending with anything but 0 fails the request; whoever asked reads what was written to stderr.
//! The crate `outlayer` has the rest: who asked (`env`), what the project keeps (`storage`), random numbers that
//! anyone can check (`vrf`).

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Input {
    name: String,
}

#[derive(Serialize)]
struct Output {
    greeting: String,
}

fn run() -> Result<Output, String> {
    let input: Input = outlayer::env::input_json()
        .map_err(|e| format!("the input: {e}; give {{\"name\":\"Alice\"}}"))?
        .ok_or("the input is empty; give {\"name\":\"Alice\"}")?;
    Ok(Output { greeting: format!("hello {}", input.name) })
}

fn main() {
    match run().and_then(|o| outlayer::env::output_json(&o).map_err(|e| e.to_string())) {
        Ok(()) => (),
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(1);
        }
    }
}
