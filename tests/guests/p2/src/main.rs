use std::io::{Read, Write};
use std::time::{Duration, Instant};

#[inline(never)]
fn deepest(n: u32) -> u32 {
    if n > 5 {
        panic!("on purpose");
    }
    n + 1
}

#[inline(never)]
fn recurse(n: u64) -> u64 {
    let a = [n; 64];
    if std::hint::black_box(n) == u64::MAX {
        0
    } else {
        recurse(n + 1) + std::hint::black_box(a)[3]
    }
}

fn main() {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    let (what, rest) = input.split_once(' ').unwrap_or((&input, ""));
    match what {
        "echo" => print!("{rest}"),
        "env" => {
            for (k, v) in std::env::vars() {
                println!("{k}={v}");
            }
            assert_eq!(std::env::args().count(), 0);
        }
        "exit" => {
            eprintln!("giving up");
            std::process::exit(rest.parse().unwrap());
        }
        "panic" => println!("{}", deepest(rest.len() as u32 + 6)),
        "recurse" => println!("{}", recurse(1)),
        "loop" => {
            let mut n = 1u64;
            loop {
                n = std::hint::black_box(n.wrapping_mul(6364136223846793005).wrapping_add(1));
            }
        }
        "sleep" => {
            let start = Instant::now();
            std::thread::sleep(Duration::from_millis(rest.parse().unwrap()));
            println!("{}", start.elapsed().as_millis());
        }
        "stdout" => {
            let line = [b'x'; 1024];
            for _ in 0..rest.parse::<usize>().unwrap() {
                std::io::stdout().write_all(&line).unwrap();
            }
        }
        "stderr" => {
            let line = [b'e'; 1024];
            for _ in 0..rest.parse::<usize>().unwrap() {
                std::io::stderr().write_all(&line).unwrap();
            }
        }
        "grow" => {
            let mut all: Vec<Vec<u8>> = Vec::new();
            let mut got = 0;
            while got < rest.parse::<usize>().unwrap() {
                let mut v = Vec::new();
                if v.try_reserve_exact(1 << 20).is_err() {
                    break;
                }
                v.resize(1 << 20, 1);
                all.push(v);
                got += 1;
            }
            println!("{got}");
        }
        "file" => println!(
            "{} {} {}",
            std::fs::read("/etc/passwd").is_err(),
            std::fs::write("x", "y").is_err(),
            std::fs::read_dir(".").is_err()
        ),
        "random" => {
            use std::hash::{BuildHasher, Hasher};
            println!("{}", std::collections::hash_map::RandomState::new().build_hasher().finish());
        }
        _ => println!("hello"),
    }
}
