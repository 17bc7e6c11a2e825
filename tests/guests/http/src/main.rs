//! Lines of input, done one after the other:
//!     get URL          status, an answer's header "x-answer", length of the body, its first bytes
//!     post URL N       with a body of N bytes
//!     many N URL       N requests, how many had an answer
//!     header URL NAME VALUE
//!     parallel N URL   N requests at the same time, their statuses
//!     stream URL N     the body read in pieces of N bytes: how many bytes
//!     early URL        the answer is waited for before the request's body is finished
//!     claims URL N     the same with N as the body's Content-Length
use std::io::Read;
use std::time::Duration;
use waki::bindings::wasi::http::outgoing_handler;
use waki::bindings::wasi::http::types::{
    Fields, FutureIncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use waki::bindings::wasi::io::poll;
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
                Err(_) => println!("{status} cut off"),
                Ok(b) => println!(
                    "{status} {header} {} {}",
                    b.len(),
                    String::from_utf8_lossy(&b[..b.len().min(100)])
                ),
            }
        }
    }
}

fn send(url: &str, body: bool) -> (FutureIncomingResponse, Option<OutgoingBody>) {
    send_with(Fields::new(), url, body)
}

fn send_with(fields: Fields, url: &str, body: bool) -> (FutureIncomingResponse, Option<OutgoingBody>) {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let request = OutgoingRequest::new(fields);
    request.set_scheme(Some(&Scheme::Http)).unwrap();
    request.set_authority(Some(authority)).unwrap();
    request.set_path_with_query(Some(&format!("/{path}"))).unwrap();
    if body {
        request.set_method(&Method::Post).unwrap();
    }
    let body = body.then(|| request.body().unwrap());
    (outgoing_handler::handle(request, None).unwrap(), body)
}

fn status(answer: &FutureIncomingResponse) -> String {
    match answer.get().unwrap().unwrap() {
        Ok(r) => r.status().to_string(),
        Err(e) => format!("{e:?}"),
    }
}

/* All are asked before one is looked at; then whatever is ready is taken. */
fn parallel(n: usize, url: &str) {
    let answers: Vec<_> = (0..n).map(|_| send(url, false).0).collect();
    let mut open: Vec<usize> = (0..n).collect();
    let mut told = vec![String::new(); n];
    while !open.is_empty() {
        let pollables: Vec<_> = open.iter().map(|&i| answers[i].subscribe()).collect();
        let ready = poll::poll(&pollables.iter().collect::<Vec<_>>());
        for &at in ready.iter().rev() {
            let i = open.remove(at as usize);
            told[i] = status(&answers[i]);
        }
    }
    println!("{}", told.join(" "));
}

fn early(url: &str) {
    let (answer, body) = send(url, true);
    let body = body.unwrap();
    let stream = body.write().unwrap();
    stream.blocking_write_and_flush(b"ping").unwrap();
    answer.subscribe().block();
    let told = status(&answer);
    drop(stream);
    println!("{told} {}", OutgoingBody::finish(body, None).is_ok());
}

fn claims(url: &str, length: &str) {
    let fields = Fields::from_list(&[("content-length".into(), length.as_bytes().to_vec())]).unwrap();
    let (answer, _body) = send_with(fields, url, true);
    answer.subscribe().block();
    println!("{}", status(&answer));
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
            "parallel" => parallel(w[1].parse().unwrap(), w[2]),
            "early" => early(w[1]),
            "claims" => claims(w[1], w[2]),
            "stream" => match Client::new().get(w[1]).send() {
                Err(e) => println!("error {e}"),
                Ok(r) => {
                    let mut n = 0;
                    while let Ok(Some(piece)) = r.chunk(w[2].parse().unwrap()) {
                        n += piece.len();
                    }
                    println!("{n}");
                }
            },
            other => println!("what is {other}?"),
        }
    }
}
