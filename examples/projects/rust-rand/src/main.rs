//! Picks one of the words on stdin.
use anyhow::{Context, Result};
use rand::seq::SliceRandom;
use std::io::Read;

fn main() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let word = words.choose(&mut rand::thread_rng()).context("there is no word to pick from")?;
    println!("{word}");
    Ok(())
}
