//! Asks the URL on stdin and says what came: needs the target wasm32-wasip2, whose programs may
//! send HTTP requests.

use std::io::Read;
use std::time::Duration;

fn main() {
    let mut url = String::new();
    std::io::stdin().read_to_string(&mut url).unwrap();
    match waki::Client::new().get(url.trim()).connect_timeout(Duration::from_secs(5)).send() {
        Ok(answer) => {
            let status = answer.status_code();
            print!("{status}, {} bytes", answer.body().map_or(0, |body| body.len()));
        }
        Err(e) => print!("no answer: {e}"),
    }
}
