include!(concat!(env!("OUT_DIR"), "/primes.rs"));

fn main() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let n: u32 = line.trim().parse().unwrap_or(0);
    print!("{}", PRIMES.contains(&n));
}
