//! The weather at a place, from a public HTTP service: wasi:http through the crate `waki`.

use serde::{Deserialize, Serialize};
use std::time::Duration;

const SERVICE: &str = "https://api.open-meteo.com";

#[derive(Deserialize)]
struct Input {
    latitude: f64,
    longitude: f64,
    /// Another service that speaks the same, for tests.
    service: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    current_weather: Current,
}

#[derive(Deserialize)]
struct Current {
    temperature: f64,
    windspeed: f64,
}

#[derive(Serialize)]
struct Output {
    temperature_c: f64,
    wind_kmh: f64,
}

fn run() -> Result<Output, String> {
    let input: Input =
        serde_json::from_reader(std::io::stdin()).map_err(|e| format!("input: {e}"))?;
    let url = format!(
        "{}/v1/forecast?latitude={}&longitude={}&current_weather=true",
        input.service.as_deref().unwrap_or(SERVICE),
        input.latitude,
        input.longitude
    );
    let response = waki::Client::new()
        .get(&url)
        .connect_timeout(Duration::from_secs(10))
        .send()
        .map_err(|e| format!("the weather service cannot be asked: {e}"))?;
    if response.status_code() != 200 {
        return Err(format!("the weather service answered {}", response.status_code()));
    }
    let body = response.body().map_err(|e| format!("its answer: {e}"))?;
    let answer: Answer =
        serde_json::from_slice(&body).map_err(|e| format!("its answer: {e}"))?;
    Ok(Output {
        temperature_c: answer.current_weather.temperature,
        wind_kmh: answer.current_weather.windspeed,
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
