// Makes the table that the program holds.
use std::{env, fs, path::Path};

fn main() {
    let primes: Vec<u32> = (2..1000u32).filter(|n| (2..*n).all(|d| n % d != 0)).collect();
    let file = Path::new(&env::var("OUT_DIR").unwrap()).join("primes.rs");
    fs::write(file, format!("pub const PRIMES: [u32; {}] = {primes:?};\n", primes.len())).unwrap();
    println!("cargo:rerun-if-changed=build.rs");
}
