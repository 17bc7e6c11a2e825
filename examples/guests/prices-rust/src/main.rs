//! The price of something from several sources: the median of those that answer.
//!
//! Input on stdin:    {"sources":[{"url":"https://a.example/x","field":"price"},…],"least":2}
//! Output on stdout:  {"price":"3.17","sources":3,"spread_bp":12,"refused":["…: why"]}
//!
//! `field` is a path in the source's JSON ("data.rates.0.usd"). Fewer than `least` answers, or
//! answers more than `spread_bp` apart, are a failure: no price is better than a wrong one.

use serde::{Deserialize, Serialize};
use std::time::Duration;

const SOURCES_MAX: usize = 16;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Source {
    url: String,
    field: String,
}

#[derive(Deserialize)]
struct Input {
    sources: Vec<Source>,
    #[serde(default = "two")]
    least: usize,
    /// Hundredths of a percent between the lowest and the highest answer.
    #[serde(default = "ten_percent")]
    spread_bp: u32,
}

fn two() -> usize {
    2
}

fn ten_percent() -> u32 {
    1000
}

#[derive(Serialize)]
struct Output {
    price: String,
    sources: usize,
    spread_bp: u32,
    refused: Vec<String>,
}

/// The number at a path of a JSON value; numbers written as strings, as exchanges do, count.
fn number(mut v: &serde_json::Value, path: &str) -> Result<f64, String> {
    for name in path.split('.') {
        v = match name.parse::<usize>() {
            Ok(i) if v.is_array() => v.get(i),
            _ => v.get(name),
        }
        .ok_or_else(|| format!("has no '{path}'"))?;
    }
    v.as_f64()
        .or_else(|| v.as_str().and_then(|s| s.parse().ok()))
        .filter(|n| n.is_finite() && *n > 0.0)
        .ok_or_else(|| format!("has no price at '{path}'"))
}

fn ask(source: &Source) -> Result<f64, String> {
    let response = waki::Client::new()
        .get(&source.url)
        .connect_timeout(PATIENCE)
        .send()
        .map_err(|e| e.to_string())?;
    if response.status_code() != 200 {
        return Err(format!("answered {}", response.status_code()));
    }
    let body = response.body().map_err(|e| e.to_string())?;
    let json = serde_json::from_slice(&body).map_err(|_| "answered something else than JSON")?;
    number(&json, &source.field)
}

fn median(prices: &mut [f64]) -> f64 {
    prices.sort_by(f64::total_cmp);
    let mid = prices.len() / 2;
    if prices.len() % 2 == 1 { prices[mid] } else { (prices[mid - 1] + prices[mid]) / 2.0 }
}

fn run() -> Result<Output, String> {
    let input: Input =
        serde_json::from_reader(std::io::stdin()).map_err(|e| format!("the input: {e}"))?;
    if input.sources.is_empty() || input.sources.len() > SOURCES_MAX {
        return Err(format!("give 1 to {SOURCES_MAX} sources"));
    }
    let (mut prices, mut refused) = (Vec::new(), Vec::new());
    for source in &input.sources {
        match ask(source) {
            Ok(price) => prices.push(price),
            Err(why) => refused.push(format!("{}: {why}", source.url)),
        }
    }
    if prices.len() < input.least.max(1) {
        return Err(format!("{} of {} sources answered: {}", prices.len(), input.sources.len(), refused.join("; ")));
    }
    let price = median(&mut prices);
    let spread = (prices[prices.len() - 1] - prices[0]) / price * 10_000.0;
    if spread > f64::from(input.spread_bp) {
        return Err(format!("the sources are {spread:.0} bp apart; at most {} are wanted", input.spread_bp));
    }
    Ok(Output { price: price.to_string(), sources: prices.len(), spread_bp: spread.round() as u32, refused })
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
