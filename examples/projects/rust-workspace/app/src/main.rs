use std::io::Read;

fn main() {
    let mut line = String::new();
    std::io::stdin().read_to_string(&mut line).unwrap();
    print!("{}", shared::checksum(line.trim().as_bytes()));
}
