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
        // What no library does.
        "abuse" => match rest {
            "handles" => {
                let mut all = Vec::new();
                for _ in 0..5000 {
                    all.push(wasi::clocks::monotonic_clock::subscribe_duration(1));
                }
                println!("{}", all.len());
            }
            "reuse" => {
                for i in 0..20000u64 {
                    let p = wasi::clocks::monotonic_clock::subscribe_duration(i % 3);
                    p.block();
                }
                println!("done");
            }
            "write" => {
                let out = wasi::cli::stdout::get_stdout();
                let long = vec![b'x'; 65537];
                println!("{:?}", out.write(&long));
            }
            "huge-write" => {
                let out = wasi::cli::stdout::get_stdout();
                let long = vec![b'x'; 30 << 20];
                println!("{:?}", out.write(&long));
            }
            "random" => println!("{}", wasi::random::random::get_random_bytes(1 << 30).len()),
            "poll" => println!("{}", wasi::io::poll::poll(&[]).len()),
            "read" => {
                let i = wasi::cli::stdin::get_stdin();
                println!("{:?}", i.read(u64::MAX).is_err());
                println!("{:?}", i.skip(u64::MAX).is_err());
                println!("{:?}", i.blocking_read(0));
            }
            "fields" => {
                let f = wasi::http::types::Fields::new();
                let mut n = 0;
                while f.append("a", b"b").is_ok() {
                    n += 1;
                }
                println!("{n}");
                println!("{:?}", f.append("a b", b"b"));
                println!("{:?}", f.append("c", b"x\r\nHost: other"));
                println!("{:?}", wasi::http::types::Fields::new().append("Host", b"other"));
                println!(
                    "{:?}",
                    wasi::http::types::Fields::new().append("big", &vec![b'x'; 70000])
                );
            }
            "sockets" => {
                use wasi::sockets::{network, tcp_create_socket, udp_create_socket};
                let family = network::IpAddressFamily::Ipv4;
                println!("{:?}", tcp_create_socket::create_tcp_socket(family).is_err());
                println!("{:?}", udp_create_socket::create_udp_socket(family).is_err());
                let net = wasi::sockets::instance_network::instance_network();
                println!(
                    "{:?}",
                    wasi::sockets::ip_name_lookup::resolve_addresses(&net, "localhost").is_err()
                );
            }
            "spin" => loop {
                // Host calls only: they cost no fuel to speak of.
                std::hint::black_box(wasi::random::random::get_random_bytes(1 << 20));
            },
            _ => {}
        },
        _ => println!("hello"),
    }
}
