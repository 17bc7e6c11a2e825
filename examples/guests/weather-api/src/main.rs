//! The weather in a city, or at a place, from a public HTTP service: wasi:http through the crate
//! `waki`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const FORECASTS: &str = "https://api.open-meteo.com";
const PLACES: &str = "https://geocoding-api.open-meteo.com";

#[derive(Deserialize)]
#[serde(untagged)]
enum Where {
    City { city: String },
    Point { latitude: f64, longitude: f64 },
}

#[derive(Deserialize)]
struct Input {
    #[serde(flatten)]
    place: Where,
    /// Another service that speaks the same, for tests.
    service: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    name: String,
    latitude: f64,
    longitude: f64,
}

#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    results: Vec<Found>,
}

#[derive(Deserialize)]
struct Forecast {
    current_weather: Current,
}

#[derive(Deserialize)]
struct Current {
    temperature: f64,
    windspeed: f64,
}

#[derive(Serialize)]
struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    temperature_c: f64,
    wind_kmh: f64,
}

fn ask<T: DeserializeOwned>(url: &str) -> Result<T, String> {
    let response = waki::Client::new()
        .get(url)
        .connect_timeout(Duration::from_secs(10))
        .send()
        .map_err(|e| format!("the weather service cannot be asked: {e}"))?;
    if response.status_code() != 200 {
        return Err(format!("the weather service answered {}", response.status_code()));
    }
    let body = response.body().map_err(|e| format!("its answer: {e}"))?;
    serde_json::from_slice(&body).map_err(|e| format!("its answer: {e}"))
}

/// As a part of a URL's query.
fn escaped(text: &str) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~".contains(b);
    text.bytes()
        .map(|b| if plain(&b) { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn run() -> Result<Output, String> {
    let input: Input = serde_json::from_reader(std::io::stdin())
        .map_err(|e| format!("input: {e}; give a \"city\", or \"latitude\" and \"longitude\""))?;
    let service = |usual| input.service.as_deref().unwrap_or(usual);
    let (city, latitude, longitude) = match &input.place {
        Where::Point { latitude, longitude } => (None, *latitude, *longitude),
        Where::City { city } => {
            let url = format!("{}/v1/search?name={}&count=1", service(PLACES), escaped(city));
            let first = ask::<Places>(&url)?.results.into_iter().next();
            let found = first.ok_or(format!("no place is called '{city}'"))?;
            (Some(found.name), found.latitude, found.longitude)
        }
    };
    let forecast: Forecast = ask(&format!(
        "{}/v1/forecast?latitude={latitude}&longitude={longitude}&current_weather=true",
        service(FORECASTS)
    ))?;
    Ok(Output {
        city,
        temperature_c: forecast.current_weather.temperature,
        wind_kmh: forecast.current_weather.windspeed,
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
