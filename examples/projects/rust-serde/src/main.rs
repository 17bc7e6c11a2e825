use serde::{Deserialize, Serialize};
use std::io::Read;

#[derive(Deserialize)]
struct Question {
    text: String,
}

#[derive(Serialize)]
struct Answer {
    words: usize,
    longest: String,
}

fn main() {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    let question: Question = serde_json::from_str(&input).unwrap_or(Question { text: input });
    let longest = question.text.split_whitespace().max_by_key(|w| w.len()).unwrap_or("");
    let answer = Answer { words: question.text.split_whitespace().count(), longest: longest.into() };
    print!("{}", serde_json::to_string(&answer).unwrap());
}
