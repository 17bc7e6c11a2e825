//! The input is the seed; the output what the released library makes of the platform's answer.

use outlayer::{env, vrf};

fn main() {
    let seed = env::input_string().unwrap_or_default();
    match vrf::random(&seed) {
        Ok(v) => {
            let (bytes, ..) = vrf::random_bytes(&seed).unwrap();
            println!("{} {} {} {}", v.output_hex, v.signature_hex, v.alpha, vrf::public_key().unwrap());
            assert_eq!(v.output_hex, bytes.iter().map(|b| format!("{b:02x}")).collect::<String>());
        }
        Err(why) => println!("error: {why}"),
    }
}
