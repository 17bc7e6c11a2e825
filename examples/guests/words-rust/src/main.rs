//! words: a guest in Rust. Counts words, the way most guests look: JSON in, JSON out.
//!
//! Input on stdin:    {"text":"to be or not to be","top":2}
//! Output on stdout:  {"words":6,"distinct":4,"top":[{"word":"be","count":2},{"word":"to","count":2}]}
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Input {
    text: String,
    #[serde(default = "ten")]
    top: usize,
}

fn ten() -> usize {
    10
}

#[derive(Serialize)]
struct Counted {
    word: String,
    count: u64,
}

#[derive(Serialize)]
struct Output {
    words: u64,
    distinct: usize,
    top: Vec<Counted>,
}

fn count(input: &Input) -> Output {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for word in input.text.split(|c: char| !c.is_alphanumeric()) {
        if !word.is_empty() {
            *seen.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    let words = seen.values().sum();
    let distinct = seen.len();
    let mut top: Vec<Counted> =
        seen.into_iter().map(|(word, count)| Counted { word, count }).collect();
    // Most frequent first; the sort is stable, so equal ones stay in alphabetical order.
    top.sort_by(|a, b| b.count.cmp(&a.count));
    top.truncate(input.top);
    Output { words, distinct, top }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let input: Input = serde_json::from_str(&text)?;
    let output = serde_json::to_vec(&count(&input))?;
    io::stdout().write_all(&output)?;
    Ok(())
}
